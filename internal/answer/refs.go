package answer

import (
	"cmp"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// CompareRefs orders source/KEY texts the way people count: PAY-9 before
// PAY-10. Texts that differ never compare equal.
func CompareRefs(a, b string) int {
	x, y := issue.ParseRef(a), issue.ParseRef(b)
	return cmp.Or(strings.Compare(x.Source, y.Source), compareKeys(x.Key, y.Key), strings.Compare(a, b))
}

// compareKeys compares project and then number; the longer number is the
// greater, so that no number is too long.
func compareKeys(a, b string) int {
	ap, an := splitKey(a)
	bp, bn := splitKey(b)
	return cmp.Or(strings.Compare(ap, bp), cmp.Compare(len(an), len(bn)), strings.Compare(an, bn))
}

// splitKey cuts trailing digits off a key, without their leading zeros.
func splitKey(key string) (prefix, number string) {
	prefix = strings.TrimRight(key, "0123456789")
	return prefix, strings.TrimLeft(key[len(prefix):], "0")
}
