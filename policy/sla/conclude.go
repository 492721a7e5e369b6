package sla

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// pause notes that the clock stands still from now on, or goes on.
func (x *counter) pause(in string, at time.Time) {
	if in == x.paused {
		return
	}
	x.endPause(at)
	x.paused = in
	if in != "" {
		x.out.Pauses = append(x.out.Pauses, Pause{From: at, In: in})
	}
}

func (x *counter) endPause(at time.Time) {
	if x.paused == "" {
		return
	}
	p := &x.out.Pauses[len(x.out.Pauses)-1]
	p.To, p.Spent = at, x.c.cal.Between(p.From, at)
	if p.To.Equal(p.From) {
		x.out.Pauses = x.out.Pauses[:len(x.out.Pauses)-1]
	}
}

// conclude turns what was counted into a state.
func (x *counter) conclude() {
	o := x.out
	o.Remaining = max(0, o.Target-o.Elapsed)
	for _, share := range x.c.spec.WarnAt {
		if o.Target > 0 && o.Elapsed >= part(o.Target, share) {
			o.Warned = share
		}
	}
	done := x.closed || !x.answered.IsZero()
	if !x.answered.IsZero() {
		o.Ended = x.answered
	}
	if done || !x.span.end.IsZero() {
		x.endPause(x.stop)
	} else if n := len(o.Pauses); x.paused != "" {
		o.Pauses[n-1].Spent = x.c.cal.Between(o.Pauses[n-1].From, x.now)
		o.pausing, o.since = x.paused, o.Pauses[n-1].From
	}
	switch {
	case x.lost != nil:
		o.State, o.note = Unknown, "no target can be chosen: "+x.lost.Error()
	case o.Target == 0:
		o.State, o.note = NotStarted, "no target holds for the issue"
	case done && o.BreachedAt.IsZero():
		o.State, o.Due = Met, x.c.cal.Add(o.Ended, o.Remaining)
	case done:
		o.State, o.Due = Missed, o.BreachedAt
	case !x.span.end.IsZero():
		o.State, o.Ended, o.note = Left, x.span.end, x.span.why
	case !o.BreachedAt.IsZero():
		o.State, o.Due = Breached, o.BreachedAt
	case x.paused != "":
		o.State = Paused
	default:
		x.running()
	}
}

func (x *counter) running() {
	o := x.out
	o.State = OnTrack
	if o.Warned > 0 {
		o.State = Warning
	}
	o.Due = x.c.cal.Add(x.now, o.Remaining)
	o.Next = o.Due
	for _, share := range x.c.spec.WarnAt { // in ascending order
		if at := part(o.Target, share); at > o.Elapsed {
			o.Next = x.c.cal.Add(x.now, at-o.Elapsed)
			break
		}
	}
}

// part is a share of a target, rounded so that the same share is always the
// same instant.
func part(d time.Duration, share float64) time.Duration {
	return max(1, time.Duration(float64(d)*share))
}

// response finds the first act since start that counts as a response.
func (c *Clock) response(l *timeline, start time.Time) (at time.Time, what string) {
	reporter := l.subject.Issue.Reporter
	first := func(t time.Time, by issue.Actor, how string) {
		if t.Before(start) || !responds(by, reporter) || (!at.IsZero() && !t.Before(at)) {
			return
		}
		at, what = t, how+" by "+nameOf(by.Person)
	}
	if c.spec.CountsResponse(policy.RespondsComment) {
		for _, m := range l.subject.History.Comments {
			if m.Public {
				first(m.At, m.By, "commented")
			}
		}
	}
	if c.spec.CountsResponse(policy.RespondsStatus) {
		for _, e := range l.subject.History.Events {
			if e.Field == issue.FieldStatus {
				first(e.At, e.By, "moved to "+e.To)
			}
		}
	}
	return at, what
}

// responds reports whether an act of by is an answer to the reporter: that of a
// person who is somebody else. Automation does not answer.
func responds(by issue.Actor, reporter issue.Person) bool {
	return !by.Self && !by.Bot && !by.IsZero() && (by.ID == "" || by.ID != reporter.ID)
}

func nameOf(p issue.Person) string {
	switch {
	case p.Name != "":
		return p.Name
	case p.Email != "":
		return p.Email
	}
	return p.ID
}

// doubtResponse makes unknown what a response that was not read could change:
// an earlier one can only help, so what is met stays met.
func (c *Clock) doubtResponse(l *timeline, o *Reading) {
	why := ""
	switch cut := l.cutBefore; {
	case c.spec.CountsResponse(policy.RespondsComment) && !l.subject.History.CommentsRead:
		why = "respond cannot be told: comments could not be read"
	case c.spec.CountsResponse(policy.RespondsStatus) && cut.After(o.Start):
		why = "respond cannot be told: the tracker cut the history before " + dayText(cut)
	}
	switch o.State {
	case OnTrack, Warning, Breached, Paused, Missed:
		if why != "" {
			o.State, o.note, o.Due, o.Next = Unknown, why, time.Time{}, time.Time{}
			o.BreachedAt, o.FirstBreach, o.Ended = time.Time{}, time.Time{}, time.Time{}
		}
	}
}
