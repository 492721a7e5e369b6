package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Use tells what one part of a policy reads.
type Use struct {
	// Part is "effort", "lanes", or a pillar's name.
	Part string
	// Share is the pillar's share of the score, 0..1; 0 for other parts.
	Share   float64
	Inputs  issue.Inputs
	Fields  []string // custom fields, sorted
	Signals []string // sorted
}

// Uses lists what each part reads: the pillars by name, the effort, the rules
// of the lanes together.
func (p *Policy) Uses() []Use {
	out := make([]Use, 0, len(p.pillars)+2)
	for k := range p.pillars {
		x := &p.pillars[k]
		out = append(out, p.use(x.name, tidy(x.weight/p.weight), x.expr))
	}
	rules := make([]*expr, 0, 2*len(p.lanes))
	for k := range p.lanes {
		rules = append(rules, p.lanes[k].when)
		if p.lanes[k].stay != nil {
			rules = append(rules, p.lanes[k].stay)
		}
	}
	return append(out, p.use("effort", 0, p.effort.expr), p.use("lanes", 0, rules...))
}

func (p *Policy) use(part string, share float64, exprs ...*expr) Use {
	u := Use{Part: part, Share: share}
	for _, e := range exprs {
		for _, i := range e.cells {
			c := p.cells[i]
			u.Inputs |= c.input
			switch c.kind {
			case customCell:
				u.Fields = append(u.Fields, strings.TrimPrefix(c.path, "issue.fields."))
			case signalCell:
				u.Signals = append(u.Signals, strings.TrimPrefix(c.path, "signal."))
			}
		}
	}
	slices.Sort(u.Fields)
	slices.Sort(u.Signals)
	u.Fields, u.Signals = slices.Compact(u.Fields), slices.Compact(u.Signals)
	return u
}

// Changed lists the inputs that read otherwise in a later decision, in words;
// the passing of time alone is none.
func Changed(before, after *Decision) []string {
	was := make(map[string]string, len(before.Inputs))
	for _, r := range before.Inputs {
		was[r.Path] = r.Value
	}
	var out []string
	for _, r := range after.Inputs {
		if old := was[r.Path]; old != r.Value && r.Path != "now" {
			out = append(out, fmt.Sprintf("%s: %s instead of %s", strings.TrimPrefix(r.Path, "issue."), orNone(r.Value), orNone(old)))
		}
	}
	return out
}

func orNone(v string) string {
	if v == "" {
		return "none"
	}
	return v
}
