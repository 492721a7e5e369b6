package alert

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Quiet are hours of the week in which a channel is left in peace. The zero
// Quiet has none. Hours are those of the clock on the wall: they begin and end
// at the same hour in summer and winter.
type Quiet struct {
	zone  *time.Location
	spans []span
}

// span begins on a day at a minute and ends at a minute of that day, or of the
// next one where that is above 24 hours.
type span struct {
	day      time.Weekday
	from, to int
}

const dayMinutes = 24 * 60

// weekdays are the names of the days, in the order of time.Weekday.
func weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// ParseQuiet reads hours by days, such as "mon-fri": "20:00-07:30" and
// "sat,sun": "00:00-24:00". Hours that end before they begin end on the next
// day. A week without an hour that is not quiet is an error: nothing would ever
// be told.
func ParseQuiet(zone *time.Location, hours map[string]string) (Quiet, error) {
	q := Quiet{zone: zone}
	if q.zone == nil {
		q.zone = time.UTC
	}
	for names, text := range hours {
		days, err := parseDays(names)
		if err != nil {
			return q, err
		}
		for part := range strings.SplitSeq(text, ",") {
			from, to, err := parseHours(strings.TrimSpace(part))
			if err != nil {
				return q, err
			}
			for _, d := range days {
				q.spans = append(q.spans, span{d, from, to})
			}
		}
	}
	if q.always() {
		return q, errors.New("the whole week is quiet: nothing would ever be sent; take the channel out instead")
	}
	return q, nil
}

func parseDays(text string) ([]time.Weekday, error) {
	var out []time.Weekday
	for part := range strings.SplitSeq(strings.ToLower(text), ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		from, to := slices.Index(weekdays(), first), slices.Index(weekdays(), last)
		if !isRange {
			to = from
		}
		if from < 0 || to < 0 {
			return nil, fmt.Errorf("%q are no days: want mon, mon-fri or sat,sun", text)
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

func parseHours(text string) (from, to int, err error) {
	first, last, ok := strings.Cut(text, "-")
	from, err1 := parseClock(first)
	to, err2 := parseClock(last)
	if !ok || err1 != nil || err2 != nil || from == to || from == dayMinutes {
		return 0, 0, fmt.Errorf("%q are no hours: want 20:00-07:30", text)
	}
	if to < from {
		to += dayMinutes
	}
	return from, to, nil
}

func parseClock(s string) (int, error) {
	h, m, ok := strings.Cut(strings.TrimSpace(s), ":")
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	n := hour*60 + minute
	if !ok || len(m) != 2 || err1 != nil || err2 != nil || hour < 0 || minute < 0 || minute > 59 || n > dayMinutes {
		return 0, fmt.Errorf("%q is no time of day", s)
	}
	return n, nil
}

// always tells whether the spans cover every minute of the week.
func (q Quiet) always() bool {
	var quiet [7 * dayMinutes]bool
	left := len(quiet)
	for _, s := range q.spans {
		for m := s.from; m < s.to; m++ {
			at := (int(s.day)*dayMinutes + m) % len(quiet)
			if !quiet[at] {
				quiet[at] = true
				left--
			}
		}
	}
	return left == 0
}

// Until returns when the quiet hours that t lies in end, and false where t lies
// in none.
func (q Quiet) Until(t time.Time) (time.Time, bool) {
	end, quiet := t, false
	for again := true; again; { // hours that follow one another are one
		again = false
		for _, s := range q.spans {
			if to, in := s.holds(end, q.zone); in && to.After(end) {
				end, quiet, again = to, true, true
			}
		}
	}
	return end, quiet
}

// holds returns the end of the span around t. One that began on the day before
// may still last.
func (s span) holds(t time.Time, zone *time.Location) (end time.Time, in bool) {
	local := t.In(zone)
	for _, back := range []int{0, 1} {
		y, m, d := local.AddDate(0, 0, -back).Date()
		if time.Date(y, m, d, 12, 0, 0, 0, zone).Weekday() != s.day {
			continue
		}
		from := time.Date(y, m, d, 0, s.from, 0, 0, zone)
		end := time.Date(y, m, d, 0, s.to, 0, 0, zone)
		if !t.Before(from) && t.Before(end) {
			return end, true
		}
	}
	return t, false
}
