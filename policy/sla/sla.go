// Package sla runs the clocks of service level agreements. A clock is a pure
// function of the SLA, the issue with its history, and a moment: what it says
// does not depend on when or how often it was asked, nor on whether lanekeeper
// ran in between.
//
// # How it counts
//
// The clock starts at a moment (creation, entry into the lane, a label), stands
// still while the issue is in a status or has a label that pauses it, stops when
// the issue is closed and goes on, with what has elapsed, when it is opened
// again. Time is the working time of the calendar. The target is the first whose
// condition holds for the issue as it was; when another begins to hold, the time
// that has elapsed counts against the new one. What the history does not tell
// (custom fields, signals) is taken as it is now.
//
// An issue that leaves the lane or loses the label ends the clock; one that
// comes back starts a new one. A clock that starts at creation counts from there
// whatever the lane was, and applies while the issue is in it.
//
// # What is not known
//
// What cannot be told is unknown and named, never guessed. Where the history has
// gaps and the clock runs all the same, it errs towards running, so that a breach
// is never told late, and Result.Doubts says so.
package sla

import (
	"fmt"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/calendar"
)

// Clock is one SLA of a policy. It is safe for concurrent use.
type Clock struct {
	name   string
	spec   policy.SLASpec
	cal    *calendar.Calendar
	lanes  []string // that name the SLA; none: it holds for every issue
	policy *policy.Policy
}

// New prepares the SLA of that name of a compiled policy.
func New(p *policy.Policy, name string) (*Clock, error) {
	spec, ok := p.Spec().SLAs[name]
	if !ok {
		return nil, fmt.Errorf("there is no SLA %q", name)
	}
	c := &Clock{name: name, spec: spec, lanes: p.SLALanes(name), policy: p}
	if spec.Calendar != nil {
		var err error
		if c.cal, err = newCalendar(*spec.Calendar); err != nil {
			return nil, fmt.Errorf("calendar of SLA %s: %w", name, err)
		}
	}
	return c, nil
}

func newCalendar(s policy.CalendarSpec) (*calendar.Calendar, error) {
	zone, err := time.LoadLocation(s.Timezone)
	if err != nil {
		return nil, fmt.Errorf("time zone: %w", err)
	}
	var week calendar.Week
	for days, hours := range s.Hours {
		list, err := calendar.ParseDays(days)
		if err != nil {
			return nil, err
		}
		spans, err := calendar.ParseHours(hours)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			week[d] = append(week[d], spans...)
		}
	}
	off := calendar.Days{Calendars: s.HolidayCalendars}
	for _, h := range s.Holidays {
		off.Dates = append(off.Dates, string(h))
	}
	return calendar.New(zone, week, off), nil
}

// Name is the SLA's name in the policy.
func (c *Clock) Name() string { return c.name }

// Calendar is the working time that the clock counts; nil: all hours.
func (c *Clock) Calendar() *calendar.Calendar { return c.cal }

// Subject is one issue with all that its clocks read.
type Subject struct {
	Issue *issue.Issue
	// History is the tracker's; nil: it could not be read.
	History *issue.History
	// Lanes are the lanes that lanekeeper decided, oldest first and without
	// gaps. Before the first of them the lane labels in the history tell; where
	// there is none, those alone. A closed issue stays in its lane.
	Lanes []Episode
	// GoneAt is when the issue was found gone, where Issue.Gone is set.
	GoneAt time.Time
	// Signals are those of now; nil: none.
	Signals policy.Signals
}

// Episode is a stay in one lane.
type Episode struct {
	Lane string
	From time.Time
}

// State is how a target stands.
type State string

// The states. NotStarted is also that of an issue for which no target holds.
const (
	NotStarted State = "not_started"
	OnTrack    State = "on_track"
	Warning    State = "warning"
	Breached   State = "breached" // time is over and the issue still open
	Paused     State = "paused"
	Met        State = "met"    // done in time
	Missed     State = "missed" // done too late
	Left       State = "left"   // the SLA does not hold any more
	Unknown    State = "unknown"
)

// Running reports whether time alone can change the state.
func (s State) Running() bool { return s == OnTrack || s == Warning }

// Kind tells the two targets of an SLA apart.
type Kind string

// The kinds of targets.
const (
	Respond Kind = "respond"
	Resolve Kind = "resolve"
)

// Result is how an issue stands with an SLA at a moment.
type Result struct {
	SLA string
	// Respond and Resolve are nil where the SLA has no such target at all.
	Respond, Resolve *Reading
	// Doubts name what in the history was odd, and what was made of it.
	Doubts []string
	// Ahead is the first thing that the history dates after the moment, for the
	// tracker's clock is ahead of ours: it counts from then on. Zero: there is none.
	Ahead time.Time
}

// Next is when time alone changes a state next, or may; zero: never.
func (r Result) Next() time.Time {
	next := r.Ahead
	for _, x := range []*Reading{r.Respond, r.Resolve} {
		if x != nil && !x.Next.IsZero() && (next.IsZero() || x.Next.Before(next)) {
			next = x.Next
		}
	}
	return next
}

// Reading is how one target stands. Durations are working time.
type Reading struct {
	Kind  Kind
	State State
	// Start is when the clock started; it tells this run of it from others.
	Start  time.Time
	Target time.Duration
	// Due is when the target is, or was, used up; zero while paused and where
	// the calendar never gets there.
	Due       time.Time
	Elapsed   time.Duration
	Remaining time.Duration // never negative
	// Warned is the greatest share in warn_at that has elapsed; 0: none.
	Warned float64
	// BreachedAt is when the present target was used up, while the issue was
	// open; zero: it was not.
	BreachedAt time.Time
	// FirstBreach is when any target that held at the time was first used up: a
	// target that became longer does not take that back.
	FirstBreach time.Time
	// Ended is when the clock came to its end: met, missed or left.
	Ended time.Time
	// Next is when time alone changes State or Warned; zero: never.
	Next   time.Time
	Pauses []Pause
	// Why tells all this in words.
	Why string

	note    string    // what the words begin with: a reason, or who responded
	pausing string    // what pauses the clock now
	since   time.Time // when that began
}

// Pause is one stretch in which the clock stood still.
type Pause struct {
	From  time.Time
	To    time.Time // zero: it still does
	In    string    // the status, or label, that pauses
	Spent time.Duration
}

// Mark is what a caller remembers of a reading that it acted on. A reading whose
// mark is equal has nothing new, also after a restart.
type Mark struct {
	Start  int64   `cbor:"1,keyasint,omitempty"` // the run of the clock, in ns since 1970
	State  State   `cbor:"2,keyasint,omitempty"`
	Warned float64 `cbor:"3,keyasint,omitempty"`
}

// Mark sums up the reading.
func (o *Reading) Mark() Mark {
	m := Mark{State: o.State, Warned: o.Warned}
	if !o.Start.IsZero() {
		m.Start = o.Start.UnixNano()
	}
	return m
}

// At tells how the issue stands at now. What is dated after now does not count,
// and the result says when it does.
func (c *Clock) At(s Subject, now time.Time) Result {
	r := Result{SLA: c.name}
	var resolve, respond bool
	for _, t := range c.spec.Targets {
		resolve, respond = resolve || t.Resolve > 0, respond || t.Respond > 0
	}
	l := newTimeline(c, s)
	if respond {
		r.Respond = c.read(l, Respond, now)
	}
	if resolve {
		r.Resolve = c.read(l, Resolve, now)
	}
	r.Doubts = slices.Compact(slices.Sorted(slices.Values(l.doubts)))
	r.Ahead = l.ahead(now)
	return r
}

// ahead is the first moment, or comment, after now.
func (l *timeline) ahead(now time.Time) (first time.Time) {
	if n := l.last(now) + 1; n < len(l.moments) {
		first = l.moments[n].at
	}
	if l.subject.History == nil {
		return first
	}
	for _, m := range l.subject.History.Comments {
		if m.At.After(now) && (first.IsZero() || m.At.Before(first)) {
			first = m.At
		}
	}
	return first
}

// read runs one target's clock and puts it into words.
func (c *Clock) read(l *timeline, k Kind, now time.Time) *Reading {
	out := c.run(l, k, now)
	out.Why = c.why(out, now)
	return out
}
