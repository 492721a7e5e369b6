package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

const day = 24 * 60 // minutes

// Span is working time in minutes from the midnight of the day on which it
// begins. Over midnight To is more than 1,440.
type Span struct{ From, To int }

// Week holds the spans of each day, by time.Weekday.
type Week [7][]Span

// DayNames are the days as they are written, by time.Weekday.
func DayNames() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// ParseDays reads "mon", "mon-fri", "sat-mon" and lists of them with commas.
func ParseDays(s string) ([]time.Weekday, error) {
	var out []time.Weekday
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(strings.ToLower(strings.TrimSpace(part)), "-")
		if !isRange {
			last = first
		}
		from := slices.Index(DayNames(), strings.TrimSpace(first))
		to := slices.Index(DayNames(), strings.TrimSpace(last))
		if from < 0 || to < 0 {
			return nil, fmt.Errorf("%q are no days: want mon, mon-fri or mon,wed", s)
		}
		for d := from; ; d = (d + 1) % 7 {
			out = append(out, time.Weekday(d))
			if d == to {
				break
			}
		}
	}
	return out, nil
}

// ParseHours reads "09:00-18:00", over midnight "22:00-06:00", and lists of
// such spans with commas.
func ParseHours(s string) ([]Span, error) {
	var out []Span
	for part := range strings.SplitSeq(s, ",") {
		from, to, ok := strings.Cut(strings.TrimSpace(part), "-")
		a, okA := parseClock(from)
		b, okB := parseClock(to)
		switch {
		case !ok || !okA || !okB || a == day:
			return nil, fmt.Errorf("%q are no hours: want 09:00-18:00, or 22:00-06:00 over midnight", part)
		case a == b:
			return nil, fmt.Errorf("%q ends when it begins; the whole day is 00:00-24:00", part)
		case b < a:
			b += day
		}
		out = append(out, Span{a, b})
	}
	if overlap(out) {
		return nil, fmt.Errorf("%q overlap", s)
	}
	return out, nil
}

// parseClock returns minutes from midnight; 24:00 is the end of the day.
func parseClock(s string) (int, bool) {
	s = strings.TrimSpace(s)
	if s == "24:00" {
		return day, true
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, false
	}
	return t.Hour()*60 + t.Minute(), true
}

func overlap(spans []Span) bool {
	spans = slices.SortedFunc(slices.Values(spans), func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	for i := 1; i < len(spans); i++ {
		if spans[i].From < spans[i-1].To {
			return true
		}
	}
	return false
}

// Open reports whether any day has working time.
func (w *Week) Open() bool {
	return slices.ContainsFunc(w[:], func(s []Span) bool { return len(s) > 0 })
}

// Overlap returns the first day, from Sunday, on which two spans cover the same
// minute. A span over midnight reaches into the next day.
func (w *Week) Overlap() (time.Weekday, bool) {
	for d := range w {
		all := slices.Clone(w[d])
		for _, s := range w[(d+6)%7] {
			if s.To > day {
				all = append(all, Span{0, s.To - day})
			}
		}
		if overlap(all) {
			return time.Weekday(d), true
		}
	}
	return 0, false
}

// String shows the hours, days that are alike together: "mon-fri 09:00-18:00".
func (w *Week) String() string {
	var out []string
	for d := range 7 {
		first := (d + 1) % 7 // people's weeks begin on Monday
		if len(w[first]) == 0 || (d > 0 && slices.Equal(w[first], w[(first+6)%7])) {
			continue
		}
		last := d
		for last < 6 && slices.Equal(w[(last+2)%7], w[first]) {
			last++
		}
		days := DayNames()[first]
		if last > d {
			days += "-" + DayNames()[(last+1)%7]
		}
		out = append(out, days+" "+spansText(w[first]))
	}
	return strings.Join(out, ", ")
}

func spansText(spans []Span) string {
	var out []string
	for _, s := range spans {
		to := s.To
		if to > day {
			to -= day
		}
		out = append(out, fmt.Sprintf("%02d:%02d-%02d:%02d", s.From/60, s.From%60, to/60, to%60))
	}
	return strings.Join(out, ",")
}
