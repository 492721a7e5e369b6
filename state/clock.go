package state

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Clock is what the SLA clock of an issue is computed from, and what came of it
// so far. How the clock stands is never stored: it is computed, for any moment.
type Clock struct {
	// SLA is the one of the lane that the issue is in; "" since it left.
	SLA string
	// Lanes are those that lanekeeper decided, oldest first and without gaps.
	Lanes []Stay
	// History is the tracker's, as far as the clock reads it.
	History issue.History
	// Read is when the issue was last updated as the history was read; zero: it
	// was never read. Kept says what of it was kept.
	Read time.Time
	Kept string
	// Gone is when the issue was found gone.
	Gone time.Time
	// Results are the runs of clocks that ran out or ended, oldest first.
	Results []ClockResult
}

// Stay is a stay in one lane, until the next begins.
type Stay struct {
	Lane string
	From time.Time
}

// ClockResult is what came of one run of a clock. It is told apart from others
// by SLA, kind and start.
type ClockResult struct {
	SLA   string
	Kind  string // respond or resolve
	Lane  string
	Start time.Time
	// Breached is when the target was used up; zero: it was not.
	Breached time.Time
	// Ended is when the target was reached, in time or late; zero: it was not.
	Ended time.Time
}

// At is the moment that the result counts for: the breach, else the end.
func (r ClockResult) At() time.Time {
	if !r.Breached.IsZero() {
		return r.Breached
	}
	return r.Ended
}

// Same tells whether two results are of one run.
func (r ClockResult) Same(o ClockResult) bool {
	return r.SLA == o.SLA && r.Kind == o.Kind && r.Start.Equal(o.Start)
}
