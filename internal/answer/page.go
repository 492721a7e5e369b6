package answer

import (
	"fmt"
	"strconv"
	"strings"
)

// Page cuts one page of at most limit elements out of list. The cursor is ""
// for the first page or the next of the page before, which is "" on the last
// page. A limit of 0 takes all.
func Page[T any](list []T, cursor string, limit int) (page []T, next string, err error) {
	from, err := position(cursor)
	if err != nil {
		return nil, "", err
	}
	from = min(from, len(list))
	to := len(list)
	if limit > 0 && limit < to-from {
		to = from + limit
		next = "o" + strconv.Itoa(to)
	}
	return list[from:to:to], next, nil
}

// position reads what Page wrote. The letter says that the number is an offset,
// should cursors ever mean something else.
func position(cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	digits, ok := strings.CutPrefix(cursor, "o")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 0 {
		return 0, fmt.Errorf("cursor %q is not one of ours: pass the next of an earlier answer unchanged", cursor)
	}
	return n, nil
}
