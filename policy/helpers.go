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
// whole words and without regard to case. A word is a run of letters, marks,
// digits and underscores.
func anyWord(text string, words []string) bool { return newWordSet(words).in(text) }

// wordSet is a list of words made ready to be looked for.
type wordSet struct {
	words [][]rune  // folded
	ascii [128]bool // the first letters of words, as far as they are ASCII
	other bool      // some word begins otherwise
}

func newWordSet(list []string) *wordSet {
	s := &wordSet{}
	for _, w := range list {
		word := []rune(strings.TrimSpace(w))
		if len(word) == 0 {
			continue
		}
		for i := range word {
			word[i] = fold(word[i])
		}
		s.words = append(s.words, word)
		if word[0] < utf8.RuneSelf {
			s.ascii[word[0]] = true
		} else {
			s.other = true
		}
	}
	return s
}

// in compares at the beginning of each word of text, and at each sign.
func (s *wordSet) in(text string) bool {
	first := true // text begins like a new word
	for i, c := range text {
		inWord := isWordRune(c)
		if first || !inWord {
			if f := fold(c); f < utf8.RuneSelf && s.ascii[f] || f >= utf8.RuneSelf && s.other {
				if s.at(text[i:]) {
					return true
				}
			}
		}
		first = !inWord
	}
	return false
}

// at reports whether text begins with one of the words and does not go on with
// the same word.
func (s *wordSet) at(text string) bool {
	for _, w := range s.words {
		rest, ok := cutFold(text, w)
		if ok && !(isWordRune(w[len(w)-1]) && startsWord(rest)) {
			return true
		}
	}
	return false
}

func startsWord(s string) bool {
	c, size := utf8.DecodeRuneInString(s)
	return size > 0 && isWordRune(c)
}

// cutFold is strings.CutPrefix of a folded word without regard to case.
func cutFold(s string, word []rune) (rest string, ok bool) {
	n := 0
	for i, c := range s {
		if n == len(word) {
			return s[i:], true
		}
		if fold(c) != word[n] {
			return "", false
		}
		n++
	}
	return "", n == len(word)
}

// fold returns one rune for all that differ only in case: the lower case of an
// ASCII letter, else the least of the orbit.
func fold(c rune) rune {
	if c >= utf8.RuneSelf {
		least := c
		for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		c = least
	}
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func isWordRune(c rune) bool {
	if c < utf8.RuneSelf {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
	}
	return unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c)
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
