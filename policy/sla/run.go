package sla

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// run counts one target's time up to now.
func (c *Clock) run(l *timeline, k Kind, now time.Time) *Reading {
	out := &Reading{Kind: k}
	if why := c.unreadable(l.subject, k); why != "" {
		out.State, out.note = Unknown, why
		return out
	}
	if created := l.subject.Issue.Created; created.After(now) {
		out.State, out.note = NotStarted, "the issue was created in the future: the clock starts then"
		if s := c.spanAt(l, created); !s.start.IsZero() {
			out.Next = created
		}
		return out
	}
	s := c.spanAt(l, now)
	if s.start.IsZero() {
		out.State, out.note = NotStarted, s.why
		return out
	}
	out.Start = s.start
	x := &counter{c: c, l: l, span: s, out: out, now: now, stop: now}
	if !s.end.IsZero() {
		x.stop = s.end
	}
	if k == Respond {
		x.answered, out.note = c.response(l, s.start)
		if !x.answered.IsZero() && !x.answered.After(x.stop) {
			x.stop = x.answered
		} else {
			x.answered, out.note = time.Time{}, ""
		}
	}
	x.count()
	x.conclude()
	if k == Respond {
		c.doubtResponse(l, out)
	}
	return out
}

// unreadable names what is missing for the clock to be read at all.
func (c *Clock) unreadable(s Subject, k Kind) string {
	labels := len(c.spec.Pauses.Labels) > 0 || c.spec.Starts == policy.StartsLabel
	switch {
	case s.History == nil:
		return "the history could not be read"
	case s.Issue.Created.IsZero():
		return "the tracker does not tell when the issue was created"
	case s.Issue.Unknown.Has(issue.InputStatus):
		return "the status could not be read"
	case labels && s.Issue.Unknown.Has(issue.InputLabels):
		return "the labels could not be read"
	case k == Respond && s.Issue.Unknown.Has(issue.InputReporter):
		return "respond cannot be told: the reporter could not be read"
	}
	return ""
}

// counter goes through the moments of one run of the clock.
type counter struct {
	c    *Clock
	l    *timeline
	span span
	out  *Reading
	now  time.Time
	stop time.Time // now, or where the run ended before

	answered time.Time // the response; zero: none by now
	closed   bool
	paused   string
	chosen   bool  // a target was looked for
	lost     error // why there is none to choose
}

func (x *counter) count() {
	for n := max(x.l.last(x.span.start), 0); n < len(x.l.moments); n++ {
		m := &x.l.moments[n]
		from, to := latest(m.at, x.span.start), x.stop
		if from.After(x.stop) {
			break
		}
		if n+1 < len(x.l.moments) && x.l.moments[n+1].at.Before(to) {
			to = x.l.moments[n+1].at
		}
		if from.Equal(x.answered) {
			break // whatever else happened then, the response came in time for it
		}
		x.moment(n, m, from, latest(to, from))
	}
	if x.usedUp() && !x.closed && x.answered.IsZero() && x.span.end.IsZero() {
		x.breach(x.now)
	}
}

// moment counts the time from one moment to the next.
func (x *counter) moment(n int, m *moment, from, to time.Time) {
	if m.closed {
		if !x.closed {
			x.endPause(from)
			x.out.Ended = from
		}
		if !x.chosen { // closed from the beginning: it has a target all the same
			x.retarget(n, m, from)
		}
		x.closed, x.paused = true, ""
		return
	}
	x.closed, x.out.Ended = false, time.Time{}
	x.retarget(n, m, from)
	x.pause(m.paused, from)
	if x.paused != "" {
		return
	}
	spent := x.c.cal.Between(from, to)
	if left := x.out.Target - x.out.Elapsed; x.out.Target > 0 && left > 0 && spent >= left {
		// What happens at the very instant may still meet the target: the next
		// moment tells.
		if due := x.c.cal.Add(from, left); due.Before(to) {
			x.breach(due)
		}
	}
	x.out.Elapsed += spent
}

func (x *counter) usedUp() bool { return x.out.Target > 0 && x.out.Elapsed >= x.out.Target }

// breach notes that the target is used up.
func (x *counter) breach(at time.Time) {
	if !x.out.BreachedAt.IsZero() {
		return
	}
	x.out.BreachedAt = at
	if x.out.FirstBreach.IsZero() {
		x.out.FirstBreach = at
	}
}

// retarget lets what has elapsed count against the target that holds now.
func (x *counter) retarget(n int, m *moment, at time.Time) {
	index, err := x.c.targetAt(x.l, n, m, at)
	x.lost, x.chosen = err, true
	if err != nil {
		return
	}
	target := time.Duration(0)
	if index != policy.NoTarget {
		target = duration(x.c.spec.Targets[index], x.out.Kind)
	}
	x.out.Target = target
	if x.usedUp() {
		x.breach(at)
	} else {
		x.out.BreachedAt = time.Time{}
	}
}
