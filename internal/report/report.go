// Package report judges a policy by what people did to its decisions: which
// rules they overrule, which thresholds would have agreed with them, whether
// priorities inflate, and whether some group always wins or loses. It is pure:
// plain values and a moment in, proposals out. It changes nothing.
package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Input is what happened in a period, and what is open now.
type Input struct {
	Since, Now time.Time
	Lanes      []Lane    // of the policy in force, in its order
	Bands      []Band    // from the highest
	Placed     []Placing // decisions that put an issue into a lane, by time
	Moved      []Move    // what people did to a lane or a priority, by time
	Answered   []Reply   // what people said to proposals
	Issues     []Issue   // all that are known, open or not
	// Cap is the share of open issues that may be urgent or high; 0 is none.
	Cap float64
}

// Lane is a rule of the policy.
type Lane struct{ Name, When, Stay string }

// Band is a range of the score, from its lower edge.
type Band struct {
	Priority issue.Priority
	Edge     float64
}

// Placing is a decision that put an issue into a lane, or kept it there when
// it was decided anew.
type Placing struct {
	At       time.Time
	Issue    string // its identity: source and id
	Lane     string
	Stayed   bool // by the rule's stay alone
	Band     issue.Priority
	Priority issue.Priority
	Before   issue.Priority // what the decision replaced; None for a first one
	Score    float64
	Inputs   []Value
	Pillars  map[string]float64
	Policy   string // hash
}

// Value is one input as the policy read it.
type Value struct{ Path, Text string }

// Move is a person's change of what lanekeeper wrote, or the end of it.
type Move struct {
	At       time.Time
	Issue    string
	Field    issue.Field // lane or priority
	From, To string      // lane names and priorities, "" for none
	Ended    bool
}

// Reply is a person's answer to what a rule proposed for one field of an issue.
type Reply struct {
	At       time.Time
	Issue    string
	Rule     string // the lane
	Accepted bool
}

// Issue is one issue as it is known now.
type Issue struct {
	ID       string // as in Placing
	Ref      string
	Title    string
	Open     bool
	Created  time.Time
	Closed   time.Time // zero where it is open or the time is not known
	Source   string
	Team     string // source/PROJECT
	Kind     string
	Reporter string // as it is to be shown, "" for none
	Lane     string // of the newest decision
	Wanted   issue.Priority
	Priority issue.Priority // in the tracker
	Score    float64
	Value    float64 // per effort
}

// Report is the answer of policy report.
type Report struct {
	Since     time.Time  `json:"since"`
	Until     time.Time  `json:"until"`
	Rules     []Rule     `json:"rules"`
	Proposals []Proposal `json:"proposals"`
	Inflation Inflation  `json:"inflation"`
	Bias      Bias       `json:"bias"`
	Policies  []Version  `json:"policies"`
	// Hint says what to do with a proposal before it becomes policy.
	Hint string `json:"hint,omitempty"`
}

// Version is a policy that was in force.
type Version struct {
	Hash      string    `json:"policy_hash"`
	First     time.Time `json:"first"` // decision of the period
	Last      time.Time `json:"last"`
	Decisions int       `json:"decisions"`
}

// backtest is what a person does before a proposal becomes policy.
const backtest = "These are proposals and nothing was changed: put one into a copy of the policy and back-test it with lanekeeper backtest first."

// Make writes the report.
func Make(in Input) Report {
	r := Report{Since: in.Since.UTC(), Until: in.Now.UTC()}
	cases := casesOf(&in)
	r.Rules = rules(&in, cases)
	r.Proposals = append(laneProposals(&in, cases), bandProposals(&in)...)
	r.Inflation = inflation(&in)
	r.Bias = bias(&in)
	r.Policies = versions(in.Placed)
	if r.Proposals == nil {
		r.Proposals = []Proposal{}
	}
	if len(r.Proposals) > 0 {
		r.Hint = backtest
	}
	return r
}

// versions are the policies that decided, by their first decision.
func versions(placed []Placing) []Version {
	out := []Version{}
	at := map[string]int{}
	for _, p := range placed {
		n, ok := at[p.Policy]
		if !ok {
			n = len(out)
			at[p.Policy] = n
			out = append(out, Version{Hash: p.Policy, First: p.At.UTC()})
		}
		out[n].Last = p.At.UTC()
		out[n].Decisions++
	}
	slices.SortStableFunc(out, func(a, b Version) int { return a.First.Compare(b.First) })
	return out
}

// aCase is one issue that a rule put into its lane, with what people made of
// it.
type aCase struct {
	Placing
	moved bool
	to    string // the lane that the first person to move it chose
}

// casesOf has one case for each issue and lane that a rule put it into; the
// newest decision before a person moved it counts, or else the newest.
func casesOf(in *Input) map[string][]aCase {
	type key struct{ lane, issue string }
	last := map[key]int{} // in list
	var list []aCase
	moves := slices.DeleteFunc(slices.Clone(in.Moved), func(m Move) bool { return m.Ended || m.Field != issue.FieldLane })
	apply := func(m Move) {
		if n, ok := last[key{m.From, m.Issue}]; ok && !list[n].moved {
			list[n].moved, list[n].to = true, m.To
		}
	}
	for _, p := range in.Placed {
		for len(moves) > 0 && !moves[0].At.After(p.At) {
			apply(moves[0])
			moves = moves[1:]
		}
		k := key{p.Lane, p.Issue}
		switch n, ok := last[k]; {
		case !ok:
			last[k] = len(list)
			list = append(list, aCase{Placing: p})
		case !list[n].moved:
			list[n].Placing = p
		}
	}
	for _, m := range moves {
		apply(m)
	}
	out := map[string][]aCase{}
	for _, c := range list {
		out[c.Lane] = append(out[c.Lane], c)
	}
	return out
}

// parts are the values of a list that an input names, or the one it is.
func (v Value) parts() []string {
	switch v.Path {
	case "issue.title", "issue.description":
		return nil // no two are alike
	case "issue.labels", "issue.components":
		return strings.Split(v.Text, ", ")
	}
	return []string{v.Text}
}

// share is a part of a whole, 0 of nothing.
func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// top cuts a list.
func top[T any](list []T, n int) []T { return list[:min(n, len(list))] }

func byCount(m map[string]int) []Count {
	out := []Count{}
	for k, n := range m {
		out = append(out, Count{k, n})
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Issues, a.Issues), cmp.Compare(a.Name, b.Name)) })
	return out
}

// Count is a number of issues with a name.
type Count struct {
	Name   string `json:"name"`
	Issues int    `json:"issues"`
}
