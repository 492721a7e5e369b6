// Package backtest replays a policy over the past: it rebuilds each issue day
// by day from its history, decides as the daemon would have decided, and counts
// what came of it. It is pure: no clock, no network, and the same input gives
// the same report.
//
// An issue's state at a moment is its present state with the later changes
// undone. History tells of status, priority, labels, due date, assignee, type
// and title; everything else is held at its present value, and the report says
// how much of the score rests on that. What lanekeeper itself wrote is left
// out, so that a policy is not judged by the work of another.
//
// An issue is decided when it is made, at each of its changes and, where time alone may have
// changed the outcome, at the end of each day. Memory (margins, stay, settle)
// goes from one decision to the next, from first sight on the first day.
package backtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// Past is one issue as it is now, and what happened to it.
type Past struct {
	Issue issue.Issue
	// History is nil where it could not be read.
	History *issue.History
	// Memory is what the present decision left behind, for Diff; a replay
	// starts without.
	Memory policy.Memory
}

// Candidate is one policy to replay.
type Candidate struct {
	Name string
	Set  *policy.Set
}

// Options say what to replay.
type Options struct {
	// Since and Until bound the period; the days are those of Zone. Until is the
	// moment of the present state.
	Since, Until time.Time
	Zone         *time.Location // nil is UTC
	// Hot is the lane of hot fixes; "" is the lane named hotfix, else the first.
	Hot string
	// Capacity is how many hot fixes a day the team can take; 0 is not known.
	Capacity int
	// Managed are the label prefixes that lanekeeper owns, without the colon;
	// labels of theirs are no input.
	Managed []string
	// Told are the inputs whose past the histories hold.
	Told issue.Inputs
	// MostMoves is how many moves a result names, the newest; 0 is 1,000. The
	// rest is counted.
	MostMoves int
	// Step is told after every issue; nil tells nobody.
	Step func(done, total int)
}

// Told is what both trackers' histories hold.
const Told = issue.InputStatus | issue.InputPriority | issue.InputLabels | issue.InputDue | issue.InputAssignee | issue.InputStarted

// maxDays bounds the period: ten years.
const maxDays = 3660

// returnsWithin is the time in which a return to a lane counts as a flap,
// unless settle is longer.
const returnsWithin = 7 * 24 * time.Hour

// Run replays the candidates over the issues; the second, where there is one,
// is what the first is compared with. The order of pasts does not matter; it
// is changed.
func Run(pasts []Past, o Options, candidates ...Candidate) (*Report, error) {
	days, err := daysOf(&o)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(pasts, comparePasts)
	r := newReplay(days, o, candidates)
	names := learn(pasts)
	for n := range pasts {
		r.issue(names, &pasts[n])
		if o.Step != nil {
			o.Step(n+1, len(pasts))
		}
	}
	return r.report(names), nil
}

func comparePasts(a, b Past) int {
	return strings.Compare(a.Issue.Source+"\x00"+a.Issue.ID, b.Issue.Source+"\x00"+b.Issue.ID)
}

// span is one day: it ends just before to.
type span struct {
	date issue.Date
	to   time.Time
}

// daysOf cuts the period at the midnights of the zone. The last day ends with
// the present.
func daysOf(o *Options) ([]span, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.MostMoves <= 0 {
		o.MostMoves = 1000
	}
	if !o.Since.Before(o.Until) {
		return nil, fmt.Errorf("the period is empty: it begins at %s and ends at %s", o.Since.Format(time.RFC3339), o.Until.Format(time.RFC3339))
	}
	var out []span
	y, m, d := o.Since.In(o.Zone).Date()
	o.Since = time.Date(y, m, d, 0, 0, 0, 0, o.Zone)
	for n := 0; ; n++ {
		if n > maxDays {
			return nil, fmt.Errorf("the period is longer than %d days", maxDays)
		}
		from := time.Date(y, m, d+n, 0, 0, 0, 0, o.Zone)
		to := time.Date(y, m, d+n+1, 0, 0, 0, 0, o.Zone)
		if to.After(o.Until) {
			to = o.Until
		}
		out = append(out, span{issue.Date(time.Date(y, m, d+n, 12, 0, 0, 0, time.UTC).Format(time.DateOnly)), to})
		if from.After(o.Until) || !to.Before(o.Until) {
			return out, nil
		}
	}
}
