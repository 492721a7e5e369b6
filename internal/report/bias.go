package report

import (
	"cmp"
	"math"
	"slices"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

const (
	// least is the size that a group, and all others together, must have.
	least = 10
	// beyond is how many standard errors away from 0 the log-odds ratio must be.
	// 3 leaves about 3 of 1,000 comparisons to chance.
	beyond = 3.0
	// biasShown bounds the list.
	biasShown = 20
)

// Bias lists groups that win or lose more often than the others. It says where
// to look, not that anything is wrong: a rule that reads the kind of an issue
// treats kinds differently by design.
type Bias struct {
	// Rule says in words when a group is listed.
	Rule     string    `json:"rule"`
	Compared int       `json:"compared"` // pairs of group and outcome that were large enough
	Findings []Finding `json:"findings"`
}

// Finding is one group that differs, with its counts.
type Finding struct {
	By      string `json:"by"` // kind, reporter, team or source
	Group   string `json:"group"`
	Outcome string `json:"outcome"` // a lane, or urgent or high
	In      int    `json:"in"`      // issues of the group with the outcome
	Of      int    `json:"of"`      // issues of the group
	OtherIn int    `json:"other_in"`
	OtherOf int    `json:"other_of"`
	// Odds is the odds ratio with half an issue added to each count (Haldane and
	// Anscombe), so that none is 0; above 1 the group has the outcome more often.
	Odds float64 `json:"odds_ratio"`
	// Z is the log-odds ratio in standard errors (Woolf).
	Z      float64 `json:"z"`
	Always bool    `json:"always,omitempty"` // every issue of the group has the outcome
	Never  bool    `json:"never,omitempty"`  // none has
}

// biasRule is the rule in words.
const biasRule = "a group of at least 10 issues, beside at least 10 others, whose log-odds ratio is 3 or more standard errors from 0"

// bias compares every group of open issues with all others, for each outcome.
// For counts a of a+b in the group and c of c+d outside of it the log-odds ratio
// is ln((a+½)(d+½) / ((b+½)(c+½))), and its standard error the root of the sum of
// 1/(count+½) over the four.
func bias(in *Input) Bias {
	out := Bias{Rule: biasRule, Findings: []Finding{}}
	outcomes := outcomesOf(in)
	for _, by := range []struct {
		name string
		of   func(*Issue) string
	}{
		{"kind", func(i *Issue) string { return i.Kind }}, {"reporter", func(i *Issue) string { return i.Reporter }},
		{"team", func(i *Issue) string { return i.Team }}, {"source", func(i *Issue) string { return i.Source }},
	} {
		for _, o := range outcomes {
			size, with := map[string]int{}, map[string]int{}
			total, hits := 0, 0
			for n := range in.Issues {
				i := &in.Issues[n]
				g := by.of(i)
				if !i.Open || i.Lane == "" || g == "" {
					continue
				}
				size[g]++
				total++
				if o.has(i) {
					with[g]++
					hits++
				}
			}
			for g, n := range size {
				if n < least || total-n < least {
					continue
				}
				out.Compared++
				f := Finding{By: by.name, Group: g, Outcome: o.name, In: with[g], Of: n, OtherIn: hits - with[g], OtherOf: total - n}
				if f.measure(); math.Abs(f.Z) >= beyond {
					out.Findings = append(out.Findings, f)
				}
			}
		}
	}
	slices.SortFunc(out.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Z), math.Abs(a.Z)), cmp.Compare(a.By, b.By), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Outcome, b.Outcome))
	})
	out.Findings = top(out.Findings, biasShown)
	return out
}

func (f *Finding) measure() {
	a, b := float64(f.In)+.5, float64(f.Of-f.In)+.5
	c, d := float64(f.OtherIn)+.5, float64(f.OtherOf-f.OtherIn)+.5
	log := math.Log(a * d / (b * c))
	f.Odds, f.Z = math.Round(math.Exp(log)*1e4)/1e4, round(log/math.Sqrt(1/a+1/b+1/c+1/d))
	f.Always, f.Never = f.In == f.Of, f.In == 0
}

type outcome struct {
	name string
	has  func(*Issue) bool
}

func outcomesOf(in *Input) []outcome {
	var out []outcome
	for _, l := range in.Lanes {
		out = append(out, outcome{l.Name, func(i *Issue) bool { return i.Lane == l.Name }})
	}
	return append(out, outcome{"urgent or high", func(i *Issue) bool { return i.Priority >= issue.High }})
}
