package sla

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// Replay decides the issue anew at each of its changes until a moment, as far as
// the history tells them, and returns the lanes that it would have been in. It
// takes the place of decisions that were never made: those of another policy, or
// from before lanekeeper. Lanes that time alone would have changed in between
// are seen at the next change. Where no lane could ever be decided, undecided
// says why.
func (c *Clock) Replay(s Subject, until time.Time) (out []Episode, undecided string) {
	s.Lanes = nil
	l := newTimeline(c, s)
	var memory policy.Memory
	for n := range l.moments {
		m := &l.moments[n]
		if m.at.After(until) {
			break
		}
		if m.closed && n > 0 {
			continue // a closed issue stays where it is
		}
		i := l.issueAt(m)
		if m.closed { // born closed: it had a lane all the same
			i.Status.Category = issue.Unstarted
		}
		d, next := c.policy.Decide(policy.Input{Issue: &i, Now: m.at, Memory: memory, Signals: s.Signals})
		memory = next
		if d.Undecided != "" {
			undecided = d.Undecided
			continue
		}
		if d.LowConfidence || (len(out) > 0 && out[len(out)-1].Lane == d.Lane) {
			continue
		}
		out = append(out, Episode{Lane: d.Lane, From: m.at})
	}
	if len(out) > 0 {
		undecided = ""
	}
	return out, undecided
}
