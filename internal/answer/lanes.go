package answer

import (
	"fmt"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// Lanes is how the open issues are spread over the lanes, in the policy's
// order.
type Lanes struct {
	Lanes []Lane `json:"lanes"`
	Open  int    `json:"open"` // open issues in all
	// Undecided counts open issues without an outcome.
	Undecided  int        `json:"undecided"`
	PolicyHash string     `json:"policy_hash,omitempty"`
	Marks      []MarkLoad `json:"marks,omitempty"`
}

// Lane is one lane's present load.
type Lane struct {
	// Source is set where the counts are of one source alone.
	Source  string  `json:"source,omitempty"`
	Lane    string  `json:"lane"`
	Why     string  `json:"why,omitempty"`
	Horizon string  `json:"horizon,omitempty"`
	SLA     string  `json:"sla,omitempty"`
	Mode    string  `json:"mode,omitempty"` // the lane's own, "" for the source's
	Count   int     `json:"count"`
	Share   float64 `json:"share"` // of the open issues, 0..1
	// Estimate sums the estimates of the lane's issues in the team's unit.
	Estimate float64     `json:"estimate,omitempty"`
	Target   ShareTarget `json:"target"`
	// AlarmAbove is the count above which the lane is reported; 0 is never.
	AlarmAbove int `json:"alarm_above,omitempty"`
	// Alarm says in words what is out of bounds, "" for nothing.
	Alarm string `json:"alarm,omitempty"`
}

// ShareTarget bounds a lane's share; null is no bound.
type ShareTarget struct {
	Min *float64 `json:"min"`
	Max *float64 `json:"max"`
}

// NewLanes spreads the totals of one source, or the sum of several, over the
// policy's lanes. Lanes that hold issues and are no longer in the policy come
// last, by name.
func NewLanes(source string, spec []policy.LaneSpec, t state.Totals, hash string) Lanes {
	out := Lanes{Lanes: []Lane{}, Open: t.Open, Undecided: t.Undecided, PolicyHash: hash}
	known := map[string]bool{}
	for _, l := range spec {
		known[l.Name] = true
		out.Lanes = append(out.Lanes, newLane(source, l, t))
	}
	for _, name := range sortedKeys(t.Lanes) {
		if !known[name] && t.Lanes[name] > 0 {
			l := newLane(source, policy.LaneSpec{Name: name}, t)
			l.Alarm = "no longer in the policy"
			out.Lanes = append(out.Lanes, l)
		}
	}
	return out
}

func newLane(source string, spec policy.LaneSpec, t state.Totals) Lane {
	l := Lane{
		Source: source, Lane: spec.Name, Why: spec.Why, Horizon: spec.Horizon, SLA: spec.SLA, Mode: spec.Mode,
		Count: t.Lanes[spec.Name], Estimate: Round(t.Estimates[spec.Name]),
		Target: ShareTarget{Min: spec.Share.Min, Max: spec.Share.Max}, AlarmAbove: spec.AlarmAbove,
	}
	if t.Open > 0 {
		l.Share = float64(l.Count) / float64(t.Open)
	}
	l.Alarm = l.alarm(t.Open)
	l.Share = round4(l.Share)
	return l
}

// alarm compares the exact share with its bounds. Without open issues no share
// is too small.
func (l Lane) alarm(open int) string {
	switch {
	case l.AlarmAbove > 0 && l.Count > l.AlarmAbove:
		return fmt.Sprintf("%d issues, more than %d", l.Count, l.AlarmAbove)
	case open == 0:
		return ""
	case l.Target.Max != nil && l.Share > *l.Target.Max:
		return fmt.Sprintf("share above %s", Percent(*l.Target.Max))
	case l.Target.Min != nil && l.Share < *l.Target.Min:
		return fmt.Sprintf("share below %s", Percent(*l.Target.Min))
	}
	return ""
}

// SumTotals adds up the totals of several sources.
func SumTotals(list ...state.Totals) state.Totals {
	sum := state.Totals{
		Lanes: map[string]int{}, Overrides: map[issue.Field]int{}, Marks: map[string]int{}, Estimates: map[string]float64{},
	}
	for _, t := range list {
		sum.Issues += t.Issues
		sum.Open += t.Open
		sum.Outstanding += t.Outstanding
		sum.Parked += t.Parked
		sum.Undecided += t.Undecided
		for l, n := range t.Lanes {
			sum.Lanes[l] += n
		}
		for f, n := range t.Overrides {
			sum.Overrides[f] += n
		}
		for m, n := range t.Marks {
			sum.Marks[m] += n
		}
		for l, e := range t.Estimates {
			sum.Estimates[l] += e
		}
	}
	return sum
}
