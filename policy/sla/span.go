package sla

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// stay is a time with something: in a lane, with a label.
type stay struct {
	from, to time.Time // to is zero where it lasts
}

// stays are the times at which the issue was so.
func (l *timeline) stays(so func(moment) bool) []stay {
	var out []stay
	on := false
	for _, m := range l.moments {
		switch now := so(m); {
		case now && !on:
			out = append(out, stay{from: m.at})
			on = true
		case !now && on:
			out[len(out)-1].to = m.at
			on = false
		}
	}
	return joined(out)
}

// joined puts stays together where one begins as another ends, and drops those
// that have no length.
func joined(list []stay) []stay {
	var out []stay
	for _, s := range list {
		if n := len(out); n > 0 && out[n-1].to.Equal(s.from) {
			out[n-1].to = s.to
			continue
		}
		out = append(out, s)
	}
	return slices.DeleteFunc(out, func(s stay) bool { return s.to.Equal(s.from) })
}

func labelStays(l *timeline, label string) []stay {
	return l.stays(func(m moment) bool {
		return label != "" && slices.ContainsFunc(m.labels, func(s string) bool { return strings.EqualFold(s, label) })
	})
}

// laneStays are the times in a lane that names the SLA: by lanekeeper's own
// decisions, and before the first of them by the lane label in the tracker's
// history, so that an SLA that is new holds for what lies behind it.
func (c *Clock) laneStays(l *timeline) []stay {
	byLabel := l.stays(func(m moment) bool { return slices.Contains(c.lanes, laneLabel(m)) })
	log := l.subject.Lanes
	if len(log) == 0 {
		return byLabel
	}
	var out []stay
	for _, s := range byLabel {
		if !s.from.Before(log[0].From) {
			break
		}
		if s.to.IsZero() || s.to.After(log[0].From) {
			s.to = log[0].From
		}
		out = append(out, s)
	}
	for n, e := range log {
		if !slices.Contains(c.lanes, e.Lane) {
			continue
		}
		s := stay{from: e.From}
		if n+1 < len(log) {
			s.to = log[n+1].From
		}
		out = append(out, s)
	}
	return joined(out)
}

func laneLabel(m moment) string {
	for _, s := range m.labels {
		if name, ok := strings.CutPrefix(s, issue.FieldLane.Prefix()); ok && s != issue.PinLabel {
			return name
		}
	}
	return ""
}

// laneAt is the lane at t, as laneStays reads it.
func (l *timeline) laneAt(t time.Time, m moment) string {
	lane := ""
	for n, e := range l.subject.Lanes {
		switch {
		case !e.From.After(t):
			lane = e.Lane
		case n == 0:
			return laneLabel(m)
		}
	}
	if len(l.subject.Lanes) == 0 {
		return laneLabel(m)
	}
	return lane
}

// latestStay is the last that began by t.
func latestStay(list []stay, t time.Time) (stay, bool) {
	for _, s := range slices.Backward(list) {
		if !s.from.After(t) {
			return s, true
		}
	}
	return stay{}, false
}

// span is the present run of a clock.
type span struct {
	start time.Time // zero: there is none
	end   time.Time // zero: it goes on
	why   string    // there is none, or it ended
}

// spanAt finds the run of the clock that counts at t.
func (c *Clock) spanAt(l *timeline, t time.Time) span {
	var on stay
	ok := true
	switch c.spec.Starts {
	case policy.StartsEnteredLane:
		if on, ok = latestStay(l.inLane, t); !ok {
			return span{why: "the issue has not entered a lane with this SLA"}
		}
	case policy.StartsLabel:
		if on, ok = latestStay(l.labelled, t); !ok {
			return span{why: fmt.Sprintf("the issue has not had the label %s", c.spec.Label)}
		}
	default:
		on = stay{from: l.subject.Issue.Created}
	}
	out := span{start: on.from}
	leave := func(at time.Time, why string) {
		if !at.IsZero() && !at.After(t) && (out.end.IsZero() || at.Before(out.end)) {
			out.end, out.why = at, why
		}
	}
	switch c.spec.Starts {
	case policy.StartsEnteredLane:
		leave(on.to, "the issue left the lane")
	case policy.StartsLabel:
		leave(on.to, fmt.Sprintf("the label %s was taken away", c.spec.Label))
	}
	if c.spec.Starts != policy.StartsEnteredLane && len(c.lanes) > 0 {
		lane, ok := latestStay(l.inLane, t)
		if !ok || (!lane.to.IsZero() && !lane.to.After(out.start)) {
			return span{why: "the issue is in no lane with this SLA"}
		}
		leave(lane.to, "the issue left the lane")
	}
	if i := l.subject.Issue; i.Gone {
		at := l.subject.GoneAt
		if at.IsZero() {
			at = i.Updated
		}
		leave(latest(at, out.start), "the issue is no longer visible in the tracker")
	}
	return out
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
