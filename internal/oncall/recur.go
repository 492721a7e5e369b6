package oncall

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	ical "github.com/arran4/golang-ical"
	"github.com/teambition/rrule-go"
)

const (
	// mostSteps bounds the occurrences of all events that are looked at, longestRule
	// and mostInterval a rule, so that no calendar costs more than a moment.
	mostSteps    = 200_000
	longestRule  = 512
	mostInterval = 1000
	firstYear    = 1970
	lastYear     = 2200
)

// span is the time of an event's first occurrence.
type span struct {
	start  time.Time // in the zone of the event
	zone   *time.Location
	allDay bool
	days   int           // from the first day to the last
	clock  time.Duration // the time of day at the end, or the length where exact
	exact  bool
}

// endOf is the end of an occurrence. It ends when the clock on the wall shows
// what it shows at the end of the first one: a hand-over at nine is at nine in
// the week in which clocks are set too. A DURATION in hours is exact.
func (s span) endOf(start time.Time) time.Time {
	if s.exact {
		return start.Add(s.clock)
	}
	y, m, d := start.In(s.zone).Date()
	return time.Date(y, m, d+s.days, 0, 0, int(s.clock/time.Second), 0, s.zone)
}

// span reads when an event is.
func (x *expansion) span(e *ical.VEvent) (span, error) {
	p := e.GetProperty(ical.ComponentPropertyDtStart)
	if p == nil {
		return span{}, errors.New("it has no DTSTART")
	}
	var s span
	var err error
	if s.start, s.allDay, err = x.moment(p, p.Value); err != nil {
		return s, err
	}
	s.zone = s.start.Location()
	end, length := e.GetProperty(ical.ComponentPropertyDtEnd), e.GetProperty(ical.ComponentPropertyDuration)
	switch {
	case end != nil:
		return x.until(s, end)
	case length != nil:
		return s.lasting(length.Value)
	case s.allDay:
		s.days = 1
	}
	return s, nil
}

// until takes the length from DTEND. Its zone may be another than the start's.
func (x *expansion) until(s span, p *ical.IANAProperty) (span, error) {
	end, _, err := x.moment(p, p.Value)
	if err != nil {
		return s, err
	}
	if end.Before(s.start) {
		return s, errors.New("it ends before it begins")
	}
	end = end.In(s.zone)
	s.days = int(noon(end).Sub(noon(s.start)).Round(24*time.Hour) / (24 * time.Hour))
	h, m, sec := end.Clock()
	s.clock = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second
	return s, nil
}

// noon is the middle of the day of a time, as if in UTC.
func noon(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
}

// lasting takes the length from DURATION: weeks and days are days of the
// calendar, hours and less are exact.
func (s span) lasting(text string) (span, error) {
	days, length, err := parseDuration(text)
	if err != nil {
		return s, err
	}
	if length == 0 {
		s.days = days
		h, m, sec := s.start.Clock()
		s.clock = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second
		return s, nil
	}
	s.exact, s.clock = true, s.start.AddDate(0, 0, days).Add(length).Sub(s.start)
	return s, nil
}

// parseDuration reads P1W, P1DT12H and the like.
func parseDuration(text string) (days int, length time.Duration, err error) {
	bad := fmt.Errorf("DURATION %q is not understood; want one such as P1D or PT12H", clip(text))
	rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.ToUpper(text), "+"), "P")
	if !ok || rest == "" {
		return 0, 0, bad
	}
	units := map[byte]time.Duration{'H': time.Hour, 'M': time.Minute, 'S': time.Second}
	inTime := false
	for rest != "" {
		if rest[0] == 'T' && !inTime {
			inTime, rest = true, rest[1:]
			continue
		}
		n := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if n <= 0 {
			return 0, 0, bad
		}
		count, err := strconv.Atoi(rest[:n])
		if err != nil || count > 100_000 {
			return 0, 0, bad
		}
		switch unit := rest[n]; {
		case !inTime && unit == 'W':
			days += 7 * count
		case !inTime && unit == 'D':
			days += count
		case inTime && units[unit] > 0:
			length += time.Duration(count) * units[unit]
		default:
			return 0, 0, bad
		}
		rest = rest[n+1:]
	}
	return days, length, nil
}

// moment reads one value of a property as a time in its zone, and whether it is
// a day.
func (x *expansion) moment(p *ical.IANAProperty, text string) (at time.Time, day bool, err error) {
	text = strings.TrimSpace(text)
	zone := x.zones.here
	if id := p.ICalParameters["TZID"]; len(id) > 0 {
		if zone, err = x.zones.find(id[0]); err != nil {
			return at, false, err
		}
	}
	switch {
	case len(text) == len("20060102"):
		at, err = time.ParseInLocation("20060102", text, zone)
		day = true
	case strings.HasSuffix(text, "Z"):
		at, err = time.ParseInLocation("20060102T150405Z", text, time.UTC)
	default:
		at, err = time.ParseInLocation("20060102T150405", text, zone)
	}
	if err != nil || at.Year() < firstYear || at.Year() > lastYear {
		return at, false, fmt.Errorf("%s %q is not a time; want one such as 20261121T090000Z", p.IANAToken, clip(text))
	}
	return at, day, nil
}

// occurrences calls do with the start of each occurrence up to the end of the
// window, and with the dates that are given beside the rules.
func (x *expansion) occurrences(e *ical.VEvent, s span, do func(time.Time) error) error {
	rules := e.GetProperties(ical.ComponentPropertyRrule)
	for _, p := range rules {
		if err := x.rule(p.Value, s, do); err != nil {
			return err
		}
	}
	if len(rules) == 0 {
		if err := do(s.start); err != nil {
			return err
		}
	}
	for _, p := range e.GetProperties(ical.ComponentPropertyRdate) {
		for _, text := range strings.Split(p.Value, ",") {
			if strings.Contains(text, "/") {
				return errors.New("RDATE with a period is not understood; add an event of its own")
			}
			at, _, err := x.moment(p, text)
			if err != nil {
				return err
			}
			if err := do(at.In(s.zone)); err != nil {
				return err
			}
		}
	}
	return nil
}

// rule repeats an event. Times are those of the clock on the wall.
func (x *expansion) rule(text string, s span, do func(time.Time) error) (err error) {
	defer notPanic(&err)
	if len(text) > longestRule {
		return fmt.Errorf("its RRULE is longer than %d letters", longestRule)
	}
	o, err := rrule.StrToROptionInLocation(text, s.zone)
	if err != nil {
		return fmt.Errorf("RRULE %q is not understood: %w", clip(text), err)
	}
	switch {
	case o.Freq == rrule.MINUTELY || o.Freq == rrule.SECONDLY:
		return errors.New("it repeats more often than every hour, which is no shift")
	case o.Freq == rrule.HOURLY && len(o.Byhour) > 0:
		return errors.New("RRULE with FREQ=HOURLY and BYHOUR is not understood; write FREQ=DAILY with BYHOUR")
	case len(o.Byeaster) > 0:
		return errors.New("RRULE with BYEASTER is no part of the format")
	case o.Interval > mostInterval:
		return fmt.Errorf("its RRULE has an INTERVAL above %d", mostInterval)
	}
	o.Dtstart = s.start
	r, err := rrule.NewRRule(*o)
	if err != nil {
		return fmt.Errorf("RRULE %q is not understood: %w", clip(text), err)
	}
	next := r.Iterator()
	for at, ok := next(); ok && at.Before(x.window.to); at, ok = next() {
		if x.steps++; x.steps > mostSteps {
			return fmt.Errorf("the calendar repeats its events more than %d times; drop what is over", mostSteps)
		}
		if err := do(at); err != nil {
			return err
		}
	}
	return nil
}

// notPanic turns a panic of a library, which some broken calendars may provoke,
// into an error.
func notPanic(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("it cannot be read: %v", v)
	}
}

// skipped are occurrences that do not take place: instants, and days where only
// a day is named.
type skipped map[string]bool

func (k skipped) clone() skipped {
	if out := maps.Clone(k); out != nil {
		return out
	}
	return skipped{}
}

func (k skipped) has(start time.Time, zone *time.Location) bool {
	return len(k) > 0 && (k[instant(start)] || k[start.In(zone).Format(time.DateOnly)])
}

func instant(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// skip notes the values of EXDATE or RECURRENCE-ID.
func (x *expansion) skip(k skipped, p *ical.IANAProperty) error {
	for _, text := range strings.Split(p.Value, ",") {
		at, day, err := x.moment(p, text)
		switch {
		case err != nil:
			return err
		case day:
			k[at.Format(time.DateOnly)] = true
		default:
			k[instant(at)] = true
		}
	}
	return nil
}
