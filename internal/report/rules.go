package report

import (
	"cmp"
	"math"
	"slices"
	"time"
)

const (
	// fewest is how many issues people must have moved before anything is said
	// about what they have in common.
	fewest = 3
	// telling is by how much more frequent a value must be among the issues that
	// people moved than among those that they left.
	telling = 1.5
	// valuesShown bounds the values that are named for a rule.
	valuesShown = 3
)

// Rule is how people took one lane's decisions.
type Rule struct {
	Lane   string  `json:"lane"`
	Placed int     `json:"placed"` // issues that the rule put there in the period
	Moved  int     `json:"moved"`  // of these, moved elsewhere by a person
	Rate   float64 `json:"rate"`   // moved / placed
	To     []Count `json:"to"`     // where to; "" is no lane at all
	// Accepted and Rejected count the issues of which people answered a proposal of
	// this rule in suggest mode. One of which they answered in part counts in both.
	Accepted int `json:"accepted"`
	Rejected int `json:"rejected"`
	// Shared are the values that tell the moved issues from the others.
	Shared []Shared `json:"shared"`
	// Silent tells that the rule took no issue in the period and has none now.
	Silent bool `json:"silent"`
}

// Shared is an input's value that is more frequent among the moved issues.
type Shared struct {
	Input string `json:"input"`
	Value string `json:"value"`
	Moved int    `json:"moved"` // issues with it among the moved ones
	Kept  int    `json:"kept"`  // and among the others
	// Lift is how much more frequent it is among the moved ones: the ratio of the
	// two shares, with half an issue added to each side so that none is 0.
	Lift float64 `json:"lift"`
}

func rules(in *Input, cases map[string][]aCase) []Rule {
	now := map[string]int{}
	for _, i := range in.Issues {
		if i.Open {
			now[i.Lane]++
		}
	}
	accepted, rejected := answered(in.Answered)
	out := []Rule{}
	for _, l := range in.Lanes {
		r := Rule{Lane: l.Name, Placed: len(cases[l.Name]), Accepted: accepted[l.Name], Rejected: rejected[l.Name],
			Silent: len(cases[l.Name]) == 0 && now[l.Name] == 0}
		to := map[string]int{}
		for _, c := range cases[l.Name] {
			if c.moved {
				r.Moved++
				to[c.to]++
			}
		}
		r.Rate, r.To, r.Shared = round(share(r.Moved, r.Placed)), byCount(to), shared(cases[l.Name], r.Moved)
		out = append(out, r)
	}
	return out
}

// answered counts by rule the issues of which people took and of which they
// declined a proposal.
func answered(list []Reply) (accepted, rejected map[string]int) {
	accepted, rejected = map[string]int{}, map[string]int{}
	seen := map[Reply]bool{}
	for _, r := range list {
		r.At = time.Time{}
		switch {
		case seen[r]:
		case r.Accepted:
			accepted[r.Rule]++
		default:
			rejected[r.Rule]++
		}
		seen[r] = true
	}
	return accepted, rejected
}

// shared finds the values that most of the moved issues have and few others.
func shared(cases []aCase, moved int) []Shared {
	out := []Shared{}
	if moved < fewest {
		return out
	}
	counts := map[Value]*Shared{}
	for _, c := range cases {
		for _, in := range c.Inputs {
			for _, part := range in.parts() {
				if part == "" {
					continue
				}
				v := Value{in.Path, part}
				s := counts[v]
				if s == nil {
					s = &Shared{Input: v.Path, Value: v.Text}
					counts[v] = s
				}
				if c.moved {
					s.Moved++
				} else {
					s.Kept++
				}
			}
		}
	}
	kept := len(cases) - moved
	for _, s := range counts {
		s.Lift = round(((float64(s.Moved) + .5) / (float64(moved) + 1)) / ((float64(s.Kept) + .5) / (float64(kept) + 1)))
		if s.Moved >= fewest && 2*s.Moved > moved && s.Lift >= telling {
			out = append(out, *s)
		}
	}
	slices.SortFunc(out, func(a, b Shared) int {
		return cmp.Or(cmp.Compare(b.Lift, a.Lift), cmp.Compare(b.Moved, a.Moved), cmp.Compare(a.Input, b.Input), cmp.Compare(a.Value, b.Value))
	})
	return top(out, valuesShown)
}

// round keeps two decimals, so that the report is stable to read.
func round(x float64) float64 { return math.Round(x*100) / 100 }
