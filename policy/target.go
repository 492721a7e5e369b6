package policy

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/common/ast"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// NoTarget is what Target returns where no condition holds.
const NoTarget = -1

// Target returns the index of the first target of an SLA whose condition holds
// for the issue in in, with in.Memory.Lane as the present lane. An expression
// that fails, or a field that failed to load, is an error: no target is chosen
// from what is not known.
func (p *Policy) Target(sla string, in Input) (int, error) {
	conditions, ok := p.slas[sla]
	if !ok {
		return NoTarget, fmt.Errorf("there is no SLA %q", sla)
	}
	if !slices.ContainsFunc(conditions, func(e *expr) bool { return e != nil }) {
		return 0, nil
	}
	needs := issue.Inputs(0)
	scored := p.scored[sla]
	for _, e := range conditions {
		needs |= p.inputsOf(e)
	}
	if scored {
		needs = p.needs
	}
	if lost := in.Issue.Unknown & needs; lost != 0 {
		return NoTarget, &unknownError{lost}
	}
	r := p.begin(in)
	defer p.end(r)
	if scored {
		var d Decision
		if err := p.score(r, &d); err != nil {
			return NoTarget, err
		}
		if err := p.effortOf(r, &d); err != nil {
			return NoTarget, err
		}
	}
	for i, e := range conditions {
		if e == nil {
			return i, nil
		}
		if yes, err := e.truth(r); err != nil || yes {
			return i, err
		}
	}
	return NoTarget, nil
}

func (p *Policy) inputsOf(e *expr) (in issue.Inputs) {
	if e == nil {
		return 0
	}
	for _, i := range e.cells {
		in |= p.cells[i].input
	}
	return in
}

// readsScore reports whether the expression needs the score to be computed.
func (e *expr) readsScore() bool {
	if e == nil {
		return false
	}
	found := false
	visit := func(x ast.Expr) {
		if x.Kind() == ast.IdentKind {
			found = found || slices.Contains([]string{"pillar", "score", "effort"}, x.AsIdent())
		}
	}
	ast.PreOrderVisit(e.ast.NativeRep().Expr(), ast.NewExprVisitor(visit))
	return found
}

// SLALanes are the lanes whose issues are held to the SLA, in order.
func (p *Policy) SLALanes(sla string) []string {
	var out []string
	for _, l := range p.spec.Lanes {
		if l.SLA == sla {
			out = append(out, l.Name)
		}
	}
	return out
}

// ClockNeeds are the issue fields that the clocks of SLAs read beside Needs and
// the managed ones: whether a response counts depends on who reported.
func (p *Policy) ClockNeeds() issue.Inputs {
	for _, s := range p.spec.SLAs {
		if s.responds() {
			return issue.InputReporter
		}
	}
	return 0
}

func (s SLASpec) responds() bool {
	return slices.ContainsFunc(s.Targets, func(t TargetSpec) bool { return t.Respond > 0 })
}

// ReadsComments reports whether an SLA's respond target can be met by a comment,
// so that the comments of issues are to be read.
func (p *Policy) ReadsComments() bool {
	for _, s := range p.spec.SLAs {
		if s.responds() && s.CountsResponse(RespondsComment) {
			return true
		}
	}
	return false
}

// CountsResponse reports whether that kind of act (RespondsComment,
// RespondsStatus) is a response; both are where the SLA does not say.
func (s SLASpec) CountsResponse(kind string) bool {
	return len(s.Responds) == 0 || slices.Contains(s.Responds, kind)
}
