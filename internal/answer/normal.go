package answer

// normaler fills in what JSON must not show as null.
type normaler interface{ normal() any }

func (c Cycle) normal() any { return c.Normal() }

func (l Issues) normal() any    { l.Issues = some(l.Issues); return l }
func (l SLAs) normal() any      { l.SLAs = some(l.SLAs); return l }
func (l Decisions) normal() any { l.Decisions = some(l.Decisions); return l }
func (l Plans) normal() any     { l.Plans = some(l.Plans); return l }
func (l Changes) normal() any   { l.Changes = some(l.Changes); return l }
func (l Sources) normal() any   { l.Sources = some(l.Sources); return l }
func (l Lanes) normal() any     { l.Lanes = some(l.Lanes); return l }
func (h History) normal() any   { h.Events = some(h.Events); return h }
func (c Check) normal() any     { c.Findings = some(c.Findings); return c }

func (u Undo) normal() any {
	u.Plans, u.Changes = some(u.Plans), some(u.Changes)
	return u
}

func (v Verification) normal() any { v.Problems = some(v.Problems); return v }
