package answer

import (
	"io"
	"time"
)

// Replied is what became of a person's answer to a proposal.
type Replied struct {
	Ref    string    `json:"ref"`
	ID     string    `json:"id"`
	Verb   string    `json:"verb"` // accept or reject
	By     string    `json:"by"`
	Reason string    `json:"reason,omitempty"`
	Rule   string    `json:"rule"`           // the lane whose rule had proposed
	Plan   string    `json:"plan,omitempty"` // that an undo takes back
	Until  time.Time `json:"until,omitzero"` // of a rejection: when it may be proposed again
	// Changes are those that were accepted, with what became of them, or that were
	// rejected; Left those that are still proposed.
	Changes []Change `json:"changes"`
	Left    []Change `json:"left"`
}

// WriteText shows what was done and how to take it back.
func (r Replied) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.changes(r.Changes)
	d.blank()
	why := colon(r.Reason)
	if r.Verb == "reject" {
		d.line("%s: rejected by %s%s. The rule of lane %s does not propose it again before %s.", r.Ref, r.By, why, r.Rule, s.When(r.Until))
	} else {
		d.line("%s: accepted by %s, as the rule of lane %s proposed%s. %s.", r.Ref, r.By, r.Rule, why, tally(r.Changes))
		if r.Plan != "" {
			d.line("To take it back: lanekeeper undo --plan %s", r.Plan)
		}
	}
	if len(r.Left) > 0 {
		d.line("Still proposed: %s.", Count(len(r.Left), "change"))
	}
	return d.writeTo(w)
}

func (r Replied) normal() any {
	r.Changes, r.Left = some(r.Changes), some(r.Left)
	return r
}
