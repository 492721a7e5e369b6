package oncall

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	ical "github.com/arran4/golang-ical"
)

const (
	// lookBack and lookAhead are how far beyond the life of a reading shifts are
	// kept: clocks differ, and people want to know until when somebody is on duty.
	lookBack  = time.Hour
	lookAhead = 14 * 24 * time.Hour
	// mostNested and mostShifts bound what a calendar may cost.
	mostNested = 8
	mostShifts = 2000
)

// window is the time of which shifts are wanted.
type window struct{ from, to time.Time }

func (w window) has(s shift) bool {
	return s.start.Before(w.to) && (s.end.IsZero() || s.end.After(w.from))
}

// parseCalendar reads the shifts of a calendar that touch a window. An event
// that cannot be read is an error: it might be the one that counts.
func parseCalendar(ctx context.Context, data []byte, c Calendar, w window) (shifts []shift, err error) {
	defer notPanic(&err)
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	if err := whole(data); err != nil {
		return nil, err
	}
	cal, err := ical.ParseCalendar(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("the calendar cannot be read: %w", err)
	}
	z, err := newZones(cal, c.Timezone)
	if err != nil {
		return nil, err
	}
	x := &expansion{zones: z, people: c.People, window: w}
	for _, group := range grouped(cal.Events()) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("the calendar takes too long to read: %w", err)
		}
		if err := x.series(group); err != nil {
			return nil, err
		}
	}
	return x.shifts, nil
}

// whole looks at what the parser does not: that the text is a calendar to its
// end, and that nothing in it is nested without end.
func whole(data []byte) error {
	begins := func(line []byte, word string) bool {
		return len(line) >= len(word) && strings.EqualFold(string(line[:len(word)]), word)
	}
	if !begins(data, "BEGIN:VCALENDAR") {
		return errors.New("this is no calendar: it does not begin with BEGIN:VCALENDAR")
	}
	depth, last := 0, []byte(nil)
	for line := range bytes.Lines(data) {
		last = bytes.TrimSpace(line)
		switch {
		case begins(line, "BEGIN:"):
			if depth++; depth > mostNested {
				return fmt.Errorf("the calendar nests more than %d parts", mostNested)
			}
		case begins(line, "END:"):
			depth--
		}
	}
	if !strings.EqualFold(string(last), "END:VCALENDAR") {
		return errors.New("the calendar is cut off: it does not end with END:VCALENDAR")
	}
	return nil
}

// group is an event with the changes of its single occurrences.
type group struct {
	base    []*ical.VEvent
	changes []*ical.VEvent
}

// grouped puts events of one UID together, in the order of the calendar.
func grouped(events []*ical.VEvent) []*group {
	var out []*group
	byUID := map[string]*group{}
	for _, e := range events {
		uid := value(&e.ComponentBase, ical.ComponentPropertyUniqueId)
		g := byUID[uid]
		if g == nil || uid == "" {
			g = &group{}
			out, byUID[uid] = append(out, g), g
		}
		if e.HasProperty(ical.ComponentPropertyRecurrenceId) {
			g.changes = append(g.changes, e)
		} else {
			g.base = append(g.base, e)
		}
	}
	return out
}

// expansion turns events into shifts.
type expansion struct {
	zones  *zones
	people map[string]string
	window window
	shifts []shift
	steps  int // occurrences looked at
}

// series adds the occurrences of an event, each change in the place of its own.
func (x *expansion) series(g *group) error {
	moved := skipped{}
	for _, e := range g.changes {
		if err := x.about(e, func() error { return x.change(e, moved) }); err != nil {
			return err
		}
	}
	for _, e := range g.base {
		if err := x.about(e, func() error { return x.event(e, moved) }); err != nil {
			return err
		}
	}
	return nil
}

// about names the event that an error is about.
func (x *expansion) about(e *ical.VEvent, do func() error) error {
	err := do()
	if err == nil {
		return nil
	}
	name := value(&e.ComponentBase, ical.ComponentPropertySummary)
	if name == "" {
		name = value(&e.ComponentBase, ical.ComponentPropertyUniqueId)
	}
	return fmt.Errorf("event %q: %w", clip(name), err)
}

// change adds an occurrence that is otherwise than its series.
func (x *expansion) change(e *ical.VEvent, moved skipped) error {
	p := e.GetProperty(ical.ComponentPropertyRecurrenceId)
	if len(p.ICalParameters["RANGE"]) > 0 {
		return errors.New("RECURRENCE-ID with RANGE is not understood; give the event a new series from that day on")
	}
	if err := x.skip(moved, p); err != nil {
		return err
	}
	span, err := x.span(e)
	if err != nil || cancelled(e) {
		return err
	}
	return x.add(e, span, span.start)
}

// event adds an event with all its occurrences.
func (x *expansion) event(e *ical.VEvent, moved skipped) error {
	span, err := x.span(e)
	if err != nil || cancelled(e) {
		return err
	}
	except := moved.clone()
	for _, p := range e.GetProperties(ical.ComponentPropertyExdate) {
		if err := x.skip(except, p); err != nil {
			return err
		}
	}
	return x.occurrences(e, span, func(start time.Time) error {
		if except.has(start, span.zone) {
			return nil
		}
		return x.add(e, span, start)
	})
}

func cancelled(e *ical.VEvent) bool {
	return strings.EqualFold(value(&e.ComponentBase, ical.ComponentPropertyStatus), "CANCELLED")
}

// add adds the occurrence that starts at a time, if it touches the window.
func (x *expansion) add(e *ical.VEvent, span span, start time.Time) error {
	s := shift{start: start.UTC(), end: span.endOf(start).UTC(), label: value(&e.ComponentBase, ical.ComponentPropertySummary)}
	if !s.end.After(s.start) || !x.window.has(s) {
		return nil
	}
	if len(x.shifts) == mostShifts {
		return fmt.Errorf("the calendar has more than %d shifts in two weeks", mostShifts)
	}
	s.who = person(&e.ComponentBase, x.people)
	x.shifts = append(x.shifts, s)
	return nil
}
