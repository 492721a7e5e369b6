package backtest

import (
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// proposal is a priority that policy gives and the tracker does not have.
type proposal struct {
	open  bool
	value issue.Priority
	since time.Time
}

// propose opens, keeps or ends a proposal after a decision.
func (k *track) propose(i *issue.Issue, now time.Time) {
	want := k.last.Priority
	switch {
	case k.last.Undecided != "" || k.last.LowConfidence || i.Unknown.Has(issue.InputPriority) || want == i.Priority:
		k.drop()
	case !k.wish.open || k.wish.value != want:
		k.drop()
		k.wish = proposal{true, want, now}
		k.agreement.Proposals++
	}
}

// drop ends a proposal that policy took back.
func (k *track) drop() {
	if k.wish.open {
		k.agreement.Dropped++
	}
	k.wish.open = false
}

// people compares what people did with what policy had proposed.
func (k *track) people(events []issue.Event, before issue.Priority) {
	for _, e := range events {
		switch {
		case e.By.ID == unlogged:
		case e.Field == issue.FieldPriority && k.wish.open:
			k.judge(e, before)
		case e.Field == issue.FieldLabels && k.decided:
			if lane, ok := strings.CutPrefix(e.To, issue.FieldLane.Prefix()); ok {
				k.agreement.LaneLabels++
				if lane == k.lane {
					k.agreement.SameLane++
				}
			}
		}
	}
}

func (k *track) judge(e issue.Event, before issue.Priority) {
	to, err := issue.ParsePriority(e.To)
	if e.To != "" && err != nil {
		return // a priority of which nothing is known agrees with nothing
	}
	a := &k.agreement
	switch {
	case to == k.wish.value:
		a.Same++
		k.leads = append(k.leads, e.At.Sub(k.wish.since))
	case (to > before) == (k.wish.value > before):
		a.Toward++
	default:
		a.Against++
	}
	k.wish.open = false
}

// finish counts a proposal that nobody acted on.
func (k *track) finish() {
	if k.wish.open {
		k.agreement.Open++
	}
}

// median of the leads in hours.
func (r *run) median() float64 {
	if len(r.leads) == 0 {
		return 0
	}
	slices.Sort(r.leads)
	return r.leads[len(r.leads)/2].Round(time.Minute).Hours()
}
