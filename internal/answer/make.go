package answer

import (
	"maps"
	"math"
	"slices"

	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// Reasons are the sentences that the policy has for a decision. The zero value
// gives an explanation without them.
type Reasons struct {
	// Policy is what the policy of the decision's hash says about it.
	Policy policy.Explanation
	Flips  []policy.Flip
	// Current is the hash of the policy that runs now. Where the decision was
	// made by another, the explanation says that it is stale.
	Current string
}

// NewExplanation describes a record: its decision, and what people and the
// tracker make of it. What the record does not hold (cause, mode, written and
// outstanding changes) the caller sets afterwards.
func NewExplanation(r *state.Record, why Reasons) Explanation {
	d, i := &r.Decision, &r.Issue
	e := Explanation{
		Ref: i.Ref().String(), Lane: d.Lane, Score: Round(d.Score), ValuePerEffort: Round(d.ValuePerEffort()),
		Priority: d.Priority, Horizon: d.Horizon, Pillars: map[string]Pillar{}, Rules: []Rule{},
		Overrides: []Override{}, DecidedAt: instant(d.At), PolicyHash: d.PolicyHash,
		ID: i.ID, Title: i.Title, URL: i.URL, Open: i.Open(), Status: i.Status.Name, Undecided: d.Undecided,
		Why: why.Policy.LaneWhy, Since: r.Memory.LaneSince.UTC(), Effort: Round(d.Effort), Confidence: Round(d.Confidence),
		LowConfidence: d.LowConfidence, Band: d.Band, Marks: marksOf(d.Marks), Owner: d.Owner, Rota: d.Rota, OwnerSince: d.OwnerAt.UTC(),
		Holds: holdsOf(d.Holds), Flips: why.Flips, Inputs: inputsOf(d.Inputs), Mode: d.Mode, Gaps: r.Gaps,
		Seen: r.Seen.UTC(), Next: d.Next.UTC(),
		Pinned: pinOf(r.Pin), PostMortem: PostMortemOf(r),
		Because: Because{
			Score: why.Policy.Score, Effort: why.Policy.Effort, Priority: why.Policy.Band, Confidence: why.Policy.Confidence,
		},
	}
	for _, p := range d.Pillars {
		e.Pillars[p.Name] = Pillar{Value: pillarValue(p), Weight: Round(p.Weight), Defaulted: p.Defaulted, Missing: p.Missing}
	}
	for _, said := range why.Policy.Pillars {
		if p, ok := e.Pillars[said.Name]; ok {
			p.Because, p.Rubric = said.Because, said.Rubric
			e.Pillars[said.Name] = p
		}
	}
	for n, res := range d.Rules {
		rule := Rule{Name: res.Lane, Result: RuleResult(res.Result.String())}
		if said := why.Policy.Rules; n < len(said) && said[n].Name == res.Lane {
			rule.Because = said[n].Because
		}
		e.Rules = append(e.Rules, rule)
	}
	for _, o := range r.Overrides {
		e.Overrides = append(e.Overrides, overrideOf(o))
	}
	if d.SLA != "" {
		e.SLA = &SLA{Name: d.SLA}
	}
	if p := r.Parked; p != nil {
		e.Parked = &Park{p.Since.UTC(), p.Until.UTC(), p.Tries, p.Kind, p.Error}
	}
	if why.Current != "" && d.PolicyHash != "" && why.Current != d.PolicyHash {
		e.Stale = "the policy has changed since this decision; the next cycle decides anew"
	}
	return e
}

func overrideOf(o state.Override) Override {
	out := Override{
		Field: o.Field, Kind: string(o.Kind), Value: o.Value, Wanted: o.Wanted, By: personName(o.By),
		At: o.At.UTC(), Until: instant(o.Until), Reason: o.Reason, Lane: o.Lane, Contested: o.Contested, Unsure: o.Unsure,
		ApprovedBy: personName(o.ApprovedBy), ApprovedAt: o.ApprovedAt.UTC(), ApprovedHow: o.ApprovedHow,
	}
	if len(o.Contested) > 0 {
		out.From = o.From
	}
	return out
}

func pillarValue(p policy.Pillar) *float64 {
	if p.Unknown || math.IsNaN(p.Value) {
		return nil
	}
	v := Round(p.Value)
	return &v
}

// decidedBy is the lane whose rule took the issue.
func decidedBy(d *policy.Decision) string {
	for _, r := range d.Rules {
		if r.Result == policy.Yes || r.Result == policy.Stayed {
			return r.Lane
		}
	}
	return ""
}

func holdsOf(list []policy.Hold) []Hold {
	var out []Hold
	for _, h := range list {
		out = append(out, Hold{h.What, h.Wanted, string(h.Why), h.Until.UTC(), Round(h.Need), Round(h.Have), h.Detail})
	}
	return out
}

func inputsOf(list []policy.Reading) []Input {
	var out []Input
	for _, r := range list {
		out = append(out, Input(r))
	}
	return out
}

func marksOf(m map[string]string) []Mark {
	var out []Mark
	for _, k := range sortedKeys(m) {
		out = append(out, Mark{k, m[k]})
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
