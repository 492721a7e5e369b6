package policy

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

const timeLayout = time.RFC3339Nano

// shorten cuts a text to readingRunes and makes it one line of valid UTF-8.
func shorten(s string) string {
	const most = readingRunes * utf8.UTFMax
	cut := len(s) > most
	if cut {
		s = s[:most]
	}
	if !cut && plain(s) && utf8.RuneCountInString(s) <= readingRunes {
		return s
	}
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	n := 0
	for i := range s {
		if n == readingRunes {
			return s[:i] + shortened
		}
		n++
	}
	if cut {
		return s + shortened
	}
	return s
}

// plain reports whether s can be shown as it is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}

// joinUpTo joins until the text is long enough to be cut anyway.
func joinUpTo(list []string, runes int) string {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(s)
		if b.Len() > runes*utf8.UTFMax {
			break
		}
	}
	return b.String()
}

// stringsOf returns a list of texts.
func stringsOf(v ref.Val) ([]string, bool) {
	if v == nil {
		return nil, false
	}
	if l, ok := v.Value().([]string); ok {
		return l, true
	}
	l, ok := v.(traits.Lister)
	if !ok {
		return nil, false
	}
	var out []string
	for it := l.Iterator(); it.HasNext() == types.True; {
		s, ok := it.Next().(types.String)
		if !ok {
			return nil, false
		}
		out = append(out, string(s))
	}
	return out, true
}

// objectsText shows a list of links or customers by their names.
func objectsText(v ref.Val) string {
	l, ok := v.(traits.Lister)
	if !ok {
		return ""
	}
	var names []string
	for it := l.Iterator(); it.HasNext() == types.True; {
		o, ok := it.Next().(*object)
		if !ok {
			continue
		}
		switch v := o.v.(type) {
		case *issue.Link:
			names = append(names, string(v.Type)+" "+v.Key)
		case *issue.Customer:
			names = append(names, v.Name)
		}
	}
	return shorten(joinUpTo(names, readingRunes))
}

// toFloat converts any number; a duration counts in seconds.
func toFloat(v ref.Val) (float64, bool) {
	switch v := v.(type) {
	case types.Double:
		return float64(v), true
	case types.Int:
		return float64(v), true
	case types.Uint:
		return float64(v), true
	case types.Duration:
		return v.Seconds(), true
	}
	return 0, false
}

// tidy rounds to six decimals: far beyond what a score means, and coarse
// enough that the last bits of a logarithm, which differ between processors,
// cannot move a decision.
func tidy(v float64) float64 {
	const unit = 1e6
	if math.Abs(v) > math.MaxInt64/unit {
		return v // a number this large has no decimals
	}
	return math.Round(v*unit) / unit
}

// numberText prints a number for people: at most one decimal.
func numberText(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// durationText prints a duration for people in its two largest units.
func durationText(d time.Duration) string {
	if d < 0 {
		return "-" + durationText(-d)
	}
	d = d.Round(time.Second)
	const day = 24 * time.Hour
	units := []struct {
		size time.Duration
		name string
	}{{day, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	for i, u := range units {
		if d < u.size {
			continue
		}
		out := fmt.Sprintf("%d %s", d/u.size, u.name)
		if i+1 < len(units) {
			if rest := d % u.size / units[i+1].size; rest > 0 {
				out += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return out
	}
	return "0 s"
}
