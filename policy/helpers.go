package policy

import (
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// scale maps low..high to 0..100 on a straight line, clamped. low may be
// greater than high, which turns the line round; where both are equal, x
// counts as all or nothing.
func scale(x, low, high float64) float64 {
	if low == high {
		if x >= low {
			return 100
		}
		return 0
	}
	return tidy(clamp((x - low) / (high - low) * 100))
}

// logscale maps low..high to 0..100 on a logarithmic line, clamped: each
// doubling counts alike. It is the line of log(1+x-low), so that low may be 0.
func logscale(x, low, high float64) float64 {
	if high <= low {
		return scale(x, low, high)
	}
	return tidy(clamp(math.Log1p(max(x-low, 0)) / math.Log1p(high-low) * 100))
}

// decay is 1 at age 0 and halves with every half-life: 2^(-age/half). An age
// before 0 counts as 0; a half-life of 0 or less decays at once.
func decay(age, half time.Duration) float64 {
	switch {
	case age <= 0:
		return 1
	case half <= 0:
		return 0
	}
	return tidy(math.Exp2(-age.Seconds() / half.Seconds()))
}

// clamp bounds to 0..100. NaN stays NaN.
func clamp(v float64) float64 { return math.Min(100, math.Max(0, v)) }

// businessDays counts the days from Monday to Friday between from and to: the
// whole and the begun days after the day of from, in UTC. It is 0 where to is
// not after from.
func businessDays(from, to time.Time) int64 {
	first, last := dayNumber(from), dayNumber(to)
	if last <= first {
		return 0
	}
	return workdaysBefore(last+1) - workdaysBefore(first+1)
}

// dayNumber numbers the days; day 0 is Monday 29 December 1969.
func dayNumber(t time.Time) int64 {
	const day = 24 * 60 * 60
	return floorDiv(t.Unix(), day) + 3 // 1 January 1970 was a Thursday
}

// workdaysBefore counts the workdays from day 0 up to the day before n.
func workdaysBefore(n int64) int64 {
	weeks := floorDiv(n, 7)
	return weeks*5 + min(n-weeks*7, 5)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// hasLabel ignores case, because trackers differ in how they treat it.
func hasLabel(labels []string, name string) bool {
	for _, l := range labels {
		if strings.EqualFold(l, name) {
			return true
		}
	}
	return false
}

// anyWord reports whether text holds one of the words, or runs of words, as
// whole words and without regard to case. A word is a run of letters, marks
// and digits.
func anyWord(text string, words []string) bool {
	for _, w := range words {
		if hasWord(text, w) {
			return true
		}
	}
	return false
}

// hasWord compares at the beginning of each word of text.
func hasWord(text, word string) bool {
	want := []rune(strings.TrimSpace(word))
	if len(want) == 0 {
		return false
	}
	inWord := isWordRune(want[len(want)-1])
	first := true // text begins like a new word
	for i, c := range text {
		if first || !isWordRune(c) {
			rest, ok := cutFold(text[i:], want)
			if ok && !(inWord && startsWord(rest)) {
				return true
			}
		}
		first = !isWordRune(c)
	}
	return false
}

func startsWord(s string) bool {
	c, size := utf8.DecodeRuneInString(s)
	return size > 0 && isWordRune(c)
}

// cutFold is strings.CutPrefix without regard to case, rune by rune.
func cutFold(s string, want []rune) (rest string, ok bool) {
	n := 0
	for i, c := range s {
		if n == len(want) {
			return s[i:], true
		}
		if c != want[n] && !foldEqual(c, want[n]) {
			return "", false
		}
		n++
	}
	return "", n == len(want)
}

// foldEqual walks the orbit of runes that differ only in case.
func foldEqual(a, b rune) bool {
	for c := unicode.SimpleFold(a); c != a; c = unicode.SimpleFold(c) {
		if c == b {
			return true
		}
	}
	return false
}

func isWordRune(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c) || c == '_'
}

// tier looks value up in table, without regard to case where it is a text. Of
// a list the highest tier counts. Without a value, or one that the table does
// not name, it is otherwise.
func tier(value ref.Val, table traits.Mapper, otherwise ref.Val) ref.Val {
	if list, ok := value.(traits.Lister); ok {
		return topTier(list, table, otherwise)
	}
	if v, ok := table.Find(value); ok {
		return v
	}
	text, ok := value.(types.String)
	if !ok {
		return otherwise
	}
	found, best := otherwise, types.String("")
	for it := table.Iterator(); it.HasNext() == types.True; {
		// A table may hold two keys that differ in case only; the first in order
		// wins, because the order of a map is not the same twice.
		k, ok := it.Next().(types.String)
		if ok && strings.EqualFold(string(k), string(text)) && (best == "" || k < best) {
			best, found = k, table.Get(k)
		}
	}
	return found
}

func topTier(list traits.Lister, table traits.Mapper, otherwise ref.Val) ref.Val {
	var best ref.Val
	top := math.Inf(-1)
	for it := list.Iterator(); it.HasNext() == types.True; {
		v := tier(it.Next(), table, nil)
		if n, ok := toFloat(v); ok && n > top {
			best, top = v, n
		}
	}
	if best == nil {
		return otherwise
	}
	return best
}
