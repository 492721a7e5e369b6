package policy

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Flip is the smallest change of one input, all others as they are, that
// would move the issue to another lane or priority.
type Flip struct {
	Input    string         `json:"input"` // path, such as issue.votes
	From     string         `json:"from"`
	To       string         `json:"to"`
	Lane     string         `json:"lane"`
	Priority issue.Priority `json:"priority"`
	// Sentence is for people: with 12 votes instead of 9 it would go to hotfix.
	Sentence string `json:"sentence"`

	moves bool    // to another lane
	far   float64 // how great the change is, to order by
}

// The bounds of the search. A flip that takes more than most trials, or a
// number above farthest, is none that anybody would look for.
const (
	mostTrials = 800
	farthest   = 1e6
	mostFlips  = 8
)

// Flips searches what would change the decision: changes of lane first, and of
// each kind the smallest change first. in must be the input of d.
func (p *Policy) Flips(in Input, d Decision) []Flip {
	if d.Undecided != "" || in.Issue == nil {
		return nil
	}
	s := &search{policy: p, in: in, lane: d.Lane, priority: d.Priority, left: mostTrials}
	s.base = p.begin(in)
	defer p.end(s.base)
	constants := p.constants()
	for _, i := range p.readings {
		s.cell(i, constants[i])
	}
	slices.SortStableFunc(s.found, func(a, b Flip) int {
		return cmp.Or(-compareBool(a.moves, b.moves), cmp.Compare(a.far, b.far), cmp.Compare(a.Input, b.Input))
	})
	return s.found[:min(len(s.found), mostFlips)]
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

type search struct {
	policy   *Policy
	in       Input
	base     *run // holds the inputs as they are
	lane     string
	priority issue.Priority
	left     int // trials
	found    []Flip
}

// outcome of one trial.
type outcome struct {
	lane     string
	priority issue.Priority
}

// try decides with one input changed.
func (s *search) try(i int, v ref.Val) (o outcome, flips bool) {
	if s.left == 0 {
		return o, false
	}
	s.left--
	r := s.policy.begin(s.in)
	defer s.policy.end(r)
	r.set(i, v)
	d, _ := s.policy.decide(r, s.in)
	if d.Undecided != "" {
		return o, false
	}
	o = outcome{d.Lane, d.Priority}
	return o, o != outcome{s.lane, s.priority}
}

func (s *search) cell(i int, constants []ref.Val) {
	c := s.policy.cells[i]
	now := s.base.slot(i)
	present := now.v
	if now.state == absent {
		present = nil
	}
	switch {
	case c.path == "issue.labels":
		s.labels(i, present, constants)
	case c.typ.Kind() == types.BoolKind:
		s.constant(i, present, types.Bool(present != types.True))
	case isNumber(c, present):
		s.number(i, present)
	default:
		for _, v := range constants {
			s.constant(i, present, v)
		}
	}
}

func isNumber(c cell, present ref.Val) bool {
	switch c.typ.Kind() {
	case types.IntKind, types.DoubleKind:
		return present != nil || c.kind == fieldCell
	}
	_, ok := present.(types.Double)
	return ok
}

// constant tries one value that an expression names.
func (s *search) constant(i int, present, v ref.Val) {
	if present != nil && present.Equal(v) == types.True {
		return
	}
	if o, ok := s.try(i, v); ok {
		s.add(i, present, v, o, 1, "")
	}
}

func (s *search) labels(i int, present ref.Val, constants []ref.Val) {
	labels, _ := stringsOf(present)
	for _, c := range constants {
		name, ok := c.(types.String)
		if !ok {
			continue
		}
		var changed []string
		words := "with the label " + string(name)
		if hasLabel(labels, string(name)) {
			words = "without the label " + string(name)
			for _, l := range labels {
				if !strings.EqualFold(l, string(name)) {
					changed = append(changed, l)
				}
			}
		} else {
			changed = sortedCopy(append(slices.Clone(labels), string(name)))
		}
		v := stringList(changed)
		if o, ok := s.try(i, v); ok {
			s.add(i, present, v, o, 1, words)
		}
	}
}

// number looks upwards and downwards for the nearest value that flips anything
// and, where that is the priority, for the nearest that moves the lane: first
// in growing steps, then by halving what lies between.
func (s *search) number(i int, present ref.Val) {
	n := numberSearch{search: s, cell: i, present: present, whole: s.policy.cells[i].typ.Kind() == types.IntKind}
	if present != nil {
		n.from, _ = toFloat(present)
	}
	n.towards(1)
	n.towards(-1)
}

type numberSearch struct {
	*search
	cell    int
	present ref.Val
	whole   bool
	from    float64
}

func (n *numberSearch) towards(direction float64) {
	low := math.Min(n.from, 0) // only a signal is ever negative
	last, any := n.from, false
	for step := 1.0; ; step *= 2 {
		v := math.Max(n.from+direction*step, low)
		if v == last || v > farthest {
			return
		}
		o, flips := n.try(n.cell, numberAs(n.whole, v))
		if flips && !any {
			any = true
			n.halve(last, v, o, func(outcome) bool { return true })
			if found := n.found[len(n.found)-1]; found.moves {
				return
			}
		}
		if flips && o.lane != n.lane {
			n.halve(last, v, o, func(o outcome) bool { return o.lane != n.lane })
			return
		}
		last = v
	}
}

// halve narrows to the value nearest to same that flips as asked, to a whole
// number or to a hundredth.
func (n *numberSearch) halve(same, flips float64, o outcome, asked func(outcome) bool) {
	unit := 0.01
	if n.whole {
		unit = 1
	}
	a, b := math.Round(same/unit), math.Round(flips/unit)
	for math.Abs(b-a) > 1 && n.left > 0 {
		mid := math.Trunc((a + b) / 2)
		if got, ok := n.try(n.cell, numberAs(n.whole, mid*unit)); ok && asked(got) {
			b, o = mid, got
		} else {
			a = mid
		}
	}
	v := tidy(b * unit)
	far := math.Abs(v-n.from) / math.Max(1, math.Abs(n.from))
	n.add(n.cell, n.present, numberAs(n.whole, v), o, far, "")
}

func numberAs(whole bool, v float64) ref.Val {
	if whole {
		return types.Int(v)
	}
	return types.Double(v)
}

func (s *search) add(i int, from, to ref.Val, o outcome, far float64, words string) {
	f := Flip{
		Input: s.policy.cells[i].path, From: noValue, To: valueText(to),
		Lane: o.lane, Priority: o.priority, moves: o.lane != s.lane, far: far,
	}
	if from != nil {
		f.From = valueText(from)
	}
	if words == "" {
		words = s.change(i, from, f)
	}
	switch {
	case f.moves && o.priority != s.priority:
		f.Sentence = fmt.Sprintf("%s it would go to %s, with priority %s", words, o.lane, o.priority)
	case f.moves:
		f.Sentence = fmt.Sprintf("%s it would go to %s", words, o.lane)
	default:
		f.Sentence = fmt.Sprintf("%s its priority would be %s", words, o.priority)
	}
	s.found = append(s.found, f)
}

// change words what would be different: 12 votes instead of 9.
func (s *search) change(i int, from ref.Val, f Flip) string {
	name := shortName(f.Input)
	_, isInt := from.(types.Int)
	switch {
	case from == nil:
		return fmt.Sprintf("with %s %s", name, f.To)
	case isInt && !strings.HasSuffix(name, "_count"):
		return fmt.Sprintf("with %s %s instead of %s", f.To, name, f.From)
	case s.policy.cells[i].typ.Kind() == types.BoolKind:
		return fmt.Sprintf("if %s were %s", name, f.To)
	}
	return fmt.Sprintf("with %s %s instead of %s", name, f.To, f.From)
}

// constants are the values that expressions compare each cell with, in the
// order in which they are written.
func (p *Policy) constants() map[int][]ref.Val {
	k := &constants{policy: p, found: map[int][]ref.Val{}}
	for _, e := range p.exprs() {
		ast.PreOrderVisit(e.ast.NativeRep().Expr(), ast.NewExprVisitor(k.visit))
	}
	return k.found
}

type constants struct {
	policy *Policy
	found  map[int][]ref.Val
}

func (k *constants) visit(x ast.Expr) {
	if x.Kind() != ast.CallKind {
		return
	}
	args := x.AsCall().Args()
	switch x.AsCall().FunctionName() {
	case operators.Equals, operators.NotEquals, operators.In, fnHasLabel, "tier":
		k.add(args[0], args[1])
		k.add(args[1], args[0])
	}
}

// add notes the literals of one side for the cell on the other.
func (k *constants) add(cellSide, literals ast.Expr) {
	path := selectPath(cellSide)
	i := slices.IndexFunc(k.policy.cells, func(c cell) bool { return path != "" && c.path == path })
	if i < 0 {
		return
	}
	for _, v := range literalsOf(literals) {
		if !slices.ContainsFunc(k.found[i], func(o ref.Val) bool { return o.Equal(v) == types.True }) {
			k.found[i] = append(k.found[i], v)
		}
	}
}

// literalsOf are the literals of a value, a list, or the keys of a table.
func literalsOf(x ast.Expr) []ref.Val {
	var parts []ast.Expr
	switch x.Kind() {
	case ast.LiteralKind:
		parts = []ast.Expr{x}
	case ast.ListKind:
		parts = x.AsList().Elements()
	case ast.MapKind:
		for _, e := range x.AsMap().Entries() {
			parts = append(parts, e.AsMapEntry().Key())
		}
	}
	var out []ref.Val
	for _, p := range parts {
		if p.Kind() == ast.LiteralKind {
			out = append(out, p.AsLiteral())
		}
	}
	return out
}
