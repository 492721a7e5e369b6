package backtest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// comparing sets the first policy against the second.
type comparing struct {
	days       []Differing
	issueDays  int
	issues     int
	same       int
	lanes      map[[2]string]int
	priorities map[[2]string]int
	found      []Difference
}

func newComparing(days []span) *comparing {
	c := &comparing{days: make([]Differing, len(days)), lanes: map[[2]string]int{}, priorities: map[[2]string]int{}, found: []Difference{}}
	for n, d := range days {
		c.days[n].Date = d.date
	}
	return c
}

// today compares the last decisions of an issue that is open.
func (c *comparing) today(t *timeline, tracks []track, differed int) {
	if differed > 0 {
		c.issues++
	}
	if isOpen(&t.at) && tracks[0].decided {
		c.add(&t.at, decided{tracks[1].policy, &tracks[1].last}, decided{tracks[0].policy, &tracks[0].last}, differed)
	}
}

// decided is a decision and the policy that made it.
type decided struct {
	policy *policy.Policy
	*policy.Decision
}

func (c *comparing) add(i *issue.Issue, current, fresh decided, days int) {
	c.lanes[[2]string{current.Lane, fresh.Lane}]++
	c.priorities[[2]string{current.priority(), fresh.priority()}]++
	if current.Lane == fresh.Lane && current.Priority == fresh.Priority && (current.Undecided == "") == (fresh.Undecided == "") {
		c.same++
		return
	}
	c.found = append(c.found, Difference{Ref: i.Ref().String(), Title: i.Title, Current: current.outcome(i), New: fresh.outcome(i), Days: days})
}

func (d decided) priority() string {
	if d.Undecided != "" {
		return ""
	}
	return d.Priority.String()
}

func (d decided) outcome(i *issue.Issue) Outcome {
	return Outcome{Lane: d.Lane, Priority: d.Priority, Score: d.Score, Undecided: d.Undecided, Because: Because(d.policy, d.Decision, i)}
}

// Because is why a decision came out as it did, in one sentence without a full
// stop: the rule that took the issue and its score.
func Because(p *policy.Policy, d *policy.Decision, i *issue.Issue) string {
	if d.Undecided != "" {
		return d.Undecided
	}
	e := p.Explain(*d, i)
	for n, r := range d.Rules {
		if r.Result == policy.Yes || r.Result == policy.Stayed {
			return fmt.Sprintf("%s: %s; score %.0f", r.Lane, e.Rules[n].Because, d.Score)
		}
	}
	return e.Score
}

func (c *comparing) result(fresh, current string) *Comparison {
	slices.SortFunc(c.found, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(b.Days, a.Days), cmp.Compare(a.Ref, b.Ref))
	})
	return &Comparison{
		New: fresh, Current: current, Same: c.same, Today: c.found, Matrix: cells(c.lanes), Priorities: cells(c.priorities),
		DifferingDays: c.days, IssueDays: c.issueDays, Issues: c.issues,
	}
}

func cells(m map[[2]string]int) []Cell {
	out := make([]Cell, 0, len(m))
	for k, n := range m {
		out = append(out, Cell{k[0], k[1], n})
	}
	slices.SortFunc(out, func(a, b Cell) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return out
}

// Diff decides the present open issues by two policies, each with the memory
// that the present decision left, and tells what would differ now.
func Diff(pasts []Past, now time.Time, signals policy.Signals, fresh, current Candidate) *Comparison {
	c := newComparing(nil)
	slices.SortFunc(pasts, comparePasts)
	for n := range pasts {
		i := &pasts[n].Issue
		if !isOpen(i) {
			continue
		}
		by := func(set *policy.Set) decided {
			p := set.For(i.Source, i.Project)
			d, _ := p.Decide(policy.Input{Issue: i, Now: now, Memory: pasts[n].Memory, Signals: signals})
			return decided{p, &d}
		}
		a, b := by(current.Set), by(fresh.Set)
		c.add(i, a, b, 0)
	}
	return c.result(fresh.Name, current.Name)
}
