package backtest

import (
	"cmp"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// run is one policy's part of a replay.
type run struct {
	Candidate
	most      int
	since     time.Time
	hot       string
	days      []Day
	moves     []Move
	moved     int
	decisions int
	held      int
	agreement Agreement
	leads     []time.Duration
}

func newRun(c Candidate, r *replay) *run {
	out := &run{Candidate: c, most: r.o.MostMoves, since: r.o.Since, hot: hotLane(c.Set, r.o.Hot), days: make([]Day, len(r.days))}
	for n, d := range r.days {
		out.days[n] = Day{Date: d.date, Lanes: map[string]int{}, Priorities: map[issue.Priority]int{}}
	}
	return out
}

// hotLane is the lane of hot fixes.
func hotLane(set *policy.Set, chosen string) string {
	lanes := laneNames(set)
	if chosen != "" {
		return chosen
	}
	if slices.Contains(lanes, "hotfix") || len(lanes) == 0 {
		return "hotfix"
	}
	return lanes[0]
}

// laneNames are the lanes of all policies of a set, the base's first.
func laneNames(set *policy.Set) []string {
	var out []string
	for _, p := range set.Policies() {
		for _, l := range p.Lanes() {
			if !slices.Contains(out, l.Name) {
				out = append(out, l.Name)
			}
		}
	}
	return out
}

// keep holds the newest moves; twice as many are the most in memory.
func (r *run) keep(m Move) {
	r.moved++
	if r.moves = append(r.moves, m); len(r.moves) >= 2*r.most {
		r.trim()
	}
}

func (r *run) trim() {
	slices.SortFunc(r.moves, func(a, b Move) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.To, b.To))
	})
	r.moves = r.moves[:min(len(r.moves), r.most)]
}

func (r *replay) report(names *names) *Report {
	out := &Report{
		Since: r.o.Since.UTC(), Until: r.o.Until.UTC(), Timezone: r.o.Zone.String(), Days: len(r.days), Coverage: r.coverage, Actual: r.actual,
	}
	if list := names.unknownStatuses(); list != nil {
		out.Coverage.UnknownStatuses = list
	}
	for _, run := range r.runs {
		out.Policies = append(out.Policies, run.result(r))
	}
	if r.compare != nil {
		out.Compare = r.compare.result(r.runs[0].Name, r.runs[1].Name)
	}
	return out
}

func (r *run) result(all *replay) Result {
	r.trim()
	out := Result{
		Name: r.Name, PolicyHash: r.Set.Hash(), Lanes: laneNames(r.Set), Days: r.days, Decisions: r.decisions,
		Moves: r.moves, MoreMoves: r.moved - len(r.moves), HeldReturns: r.held, Agreement: r.agreement, OutOfShare: map[string]int{},
		Hot: Hot{Lane: r.hot, Capacity: all.o.Capacity},
	}
	if out.Moves == nil {
		out.Moves = []Move{}
	}
	out.Agreement.LeadHours = r.median()
	out.Held, out.HeldShare = heldParts(r.Set, all.o.Told)
	lanes := r.Set.Policies()[0].Lanes()
	for n := range r.days {
		d := &r.days[n]
		out.Flaps += d.Flaps
		out.Hot.add(d)
		for _, l := range lanes {
			if outOfShare(l, d) {
				out.OutOfShare[l.Name]++
			}
		}
	}
	out.Hot.PerDay = float64(out.Hot.Total) / float64(len(r.days))
	first, last := 0, len(r.days)-1
	out.Inflation = Inflation{
		First: raised(r.days[first].Priorities), Last: raised(r.days[last].Priorities),
		ActualFirst: raised(all.actual[first].Priorities), ActualLast: raised(all.actual[last].Priorities),
	}
	return out
}

func (h *Hot) add(d *Day) {
	h.Total += d.Hot
	if d.Hot > h.Most {
		h.Most, h.MostOn = d.Hot, d.Date
	}
	if h.Capacity > 0 && d.Hot > h.Capacity {
		h.DaysOver++
	}
}

func outOfShare(l policy.LaneSpec, d *Day) bool {
	if d.Open == 0 {
		return false
	}
	share := float64(d.Lanes[l.Name]) / float64(d.Open)
	return l.Share.Max != nil && share > *l.Share.Max || l.Share.Min != nil && share < *l.Share.Min
}

// raised is the share of urgent and high.
func raised(m map[issue.Priority]int) float64 {
	n := 0
	for _, c := range m {
		n += c
	}
	if n == 0 {
		return 0
	}
	return float64(m[issue.Urgent]+m[issue.High]) / float64(n)
}

// heldParts lists what the base policy reads and history does not tell, and
// the share of the score that reads any of it.
func heldParts(set *policy.Set, told issue.Inputs) (out []Held, share float64) {
	out = []Held{}
	for _, u := range set.Policies()[0].Uses() {
		inputs := (u.Inputs &^ (told | issue.InputCustom)).Names()
		for _, f := range u.Fields {
			inputs = append(inputs, "fields."+f)
		}
		if len(inputs)+len(u.Signals) == 0 {
			continue
		}
		if inputs == nil {
			inputs = []string{}
		}
		h := Held{Part: u.Part, Share: u.Share, Inputs: inputs, Signals: u.Signals}
		if h.Signals == nil {
			h.Signals = []string{}
		}
		out = append(out, h)
		share += u.Share
	}
	return out, min(share, 1)
}
