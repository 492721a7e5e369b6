package policy

import (
	"fmt"
	"math"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// trace is an evaluation that kept the value of every part, and words it.
type trace struct {
	run   *run
	ast   *ast.AST
	state interpreter.EvalState
}

// follow evaluates the expression once more, slowly.
func (e *expr) follow(r *run) *trace {
	t := &trace{run: r, ast: e.ast.NativeRep(), state: interpreter.NewEvalState()}
	prog, err := e.traced()
	if err != nil {
		return t
	}
	r.miss = r.miss[:0]
	// An error is a part's value too; the words come from the state.
	if _, det, _ := prog.Eval(r); det != nil && det.State() != nil {
		t.state = det.State()
	}
	return t
}

// why words the parts of a condition that made it come out as it did.
func (e *expr) why(r *run) string {
	t := e.follow(r)
	return strings.Join(unique(t.reasons(t.ast.Expr())), "; ")
}

// facts are the values that the expression rests on.
func (e *expr) facts(r *run) []string {
	t := e.follow(r)
	return unique(t.facts(t.ast.Expr()))
}

// sum words how a number came about: of a sum what each part gives.
func (e *expr) sum(r *run, value float64) string {
	t := e.follow(r)
	parts := addends(t.ast.Expr(), nil)
	result := numberText(value)
	if len(parts) == 1 {
		facts := unique(t.facts(parts[0]))
		if len(facts) == 0 {
			return "always " + result
		}
		return strings.Join(facts, ", ") + " → " + result
	}
	var words []string
	base := 0.0
	for _, x := range parts {
		n, ok := toFloat(t.value(x))
		facts := unique(t.facts(x))
		switch {
		case !ok || n == 0:
		case len(facts) == 0:
			base += n
		default:
			words = append(words, fmt.Sprintf("%s: %s", strings.Join(facts, ", "), signed(n)))
		}
	}
	if base != 0 {
		words = append(words, "base: "+signed(base))
	}
	if len(words) == 0 {
		return "nothing speaks for more → " + result
	}
	return strings.Join(words, "; ") + " → " + result
}

func signed(n float64) string {
	if n < 0 {
		return numberText(n)
	}
	return "+" + numberText(n)
}

// addends takes a sum apart.
func addends(x ast.Expr, into []ast.Expr) []ast.Expr {
	if x.Kind() == ast.CallKind && x.AsCall().FunctionName() == operators.Add {
		for _, a := range x.AsCall().Args() {
			into = addends(a, into)
		}
		return into
	}
	return append(into, x)
}

// value is nil for a part that was not reached.
func (t *trace) value(x ast.Expr) ref.Val {
	if x.Kind() == ast.LiteralKind {
		return x.AsLiteral()
	}
	v, _ := t.state.Value(x.ID())
	return v
}

func (t *trace) truth(x ast.Expr) bool { return t.value(x) == types.True }

func (t *trace) isBool(x ast.Expr) bool {
	typ := t.ast.GetType(x.ID())
	return typ != nil && typ.Kind() == types.BoolKind
}

// reasons words a condition: of an "and" that failed the parts that failed, of
// an "or" that held the first part that held, else all parts.
func (t *trace) reasons(x ast.Expr) []string {
	switch x.Kind() {
	case ast.LiteralKind:
		if x.AsLiteral() == types.True {
			return []string{"it takes every issue"}
		}
		return []string{"it never holds"}
	case ast.CallKind:
		return t.callReasons(x)
	case ast.SelectKind:
		return t.selectFact(x)
	case ast.ComprehensionKind:
		return []string{fmt.Sprintf("%s is %s", t.source(x), t.shown(t.value(x)))}
	}
	return t.facts(x)
}

func (t *trace) callReasons(x ast.Expr) []string {
	call := x.AsCall()
	args := call.Args()
	switch call.FunctionName() {
	case operators.LogicalAnd:
		return t.both(x, func(a ast.Expr) bool { return !t.truth(a) }, false)
	case operators.LogicalOr:
		return t.both(x, t.truth, true)
	case operators.LogicalNot:
		return t.reasons(args[0])
	case operators.Conditional:
		return append(t.reasons(args[0]), t.reasons(args[t.branch(args[0])])...)
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals,
		operators.Greater, operators.GreaterEquals:
		return t.comparison(x)
	case operators.In:
		return t.membership(x)
	case fnHasLabel:
		return []string{choose(t.truth(x), "it has the label "+t.words(args[1]), "it has no label "+t.words(args[1]))}
	case "any_word":
		return t.wordReason(x)
	}
	if lost := t.lost(args...); lost != nil {
		return lost
	}
	return []string{fmt.Sprintf("%s is %s", t.source(x), t.shown(t.value(x)))}
}

// both words an "and" or an "or". The parts that decide are those of which
// one is enough; where there is none, all parts together decide.
func (t *trace) both(x ast.Expr, decides func(ast.Expr) bool, firstOnly bool) []string {
	parts := operands(x, x.AsCall().FunctionName(), nil)
	var out []string
	for _, p := range parts {
		if decides(p) {
			out = append(out, t.reasons(p)...)
			if firstOnly {
				return out
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, p := range parts {
		out = append(out, t.reasons(p)...)
	}
	return out
}

func operands(x ast.Expr, op string, into []ast.Expr) []ast.Expr {
	if x.Kind() == ast.CallKind && x.AsCall().FunctionName() == op {
		for _, a := range x.AsCall().Args() {
			into = operands(a, op, into)
		}
		return into
	}
	return append(into, x)
}

// branch is the argument of ?: that counted.
func (t *trace) branch(cond ast.Expr) int {
	if t.truth(cond) {
		return 1
	}
	return 2
}

// lost names the inputs for want of which parts have no value.
func (t *trace) lost(parts ...ast.Expr) []string {
	for _, x := range parts {
		if v := t.value(x); v != nil && isMissing(v) {
			return t.facts(x)
		}
	}
	return nil
}

func (t *trace) comparison(x ast.Expr) []string {
	args := x.AsCall().Args()
	if lost := t.lost(args...); lost != nil {
		return lost
	}
	op, left, right := x.AsCall().FunctionName(), args[0], args[1]
	if left.Kind() == ast.LiteralKind && right.Kind() != ast.LiteralKind {
		left, right, op = right, left, mirrored(op)
	}
	if t.run.isAbsent(selectPath(left)) {
		return []string{t.name(left) + " is not set"}
	}
	bound := t.words(right)
	if len(t.facts(right)) > 0 {
		bound = fmt.Sprintf("%s (%s)", t.name(right), bound)
	}
	is := fmt.Sprintf("%s is %s", t.name(left), t.exact(left, right))
	if words := relation(op, t.truth(x)); words != "" {
		is += ", " + words + " " + bound
	}
	return []string{is}
}

func mirrored(op string) string {
	switch op {
	case operators.Less:
		return operators.Greater
	case operators.LessEquals:
		return operators.GreaterEquals
	case operators.Greater:
		return operators.Less
	case operators.GreaterEquals:
		return operators.LessEquals
	}
	return op
}

// relation words how a value stands to what the rule asks.
func relation(op string, holds bool) string {
	switch op {
	case operators.Equals:
		return choose(holds, "", "not")
	case operators.NotEquals:
		return choose(holds, "not", "")
	case operators.Less:
		return choose(holds, "below", "needs less than")
	case operators.LessEquals:
		return choose(holds, "at most", "needs at most")
	case operators.Greater:
		return choose(holds, "above", "needs more than")
	}
	return choose(holds, "at least", "needs at least")
}

// exact shows a number with as many decimals as it takes to see on which side
// of the other it is.
func (t *trace) exact(x, other ast.Expr) string {
	a, okA := toFloat(t.value(x))
	b, okB := toFloat(t.value(other))
	if _, isDuration := t.value(x).(types.Duration); okA && okB && !isDuration && a != b && math.Abs(a-b) < 0.1 {
		return fmt.Sprintf("%g", tidy(a))
	}
	return t.words(x)
}

// membership words "a in b".
func (t *trace) membership(x ast.Expr) []string {
	args := x.AsCall().Args()
	if lost := t.lost(args...); lost != nil {
		return lost
	}
	if args[0].Kind() == ast.LiteralKind {
		return []string{fmt.Sprintf("%s %s %s", t.name(args[1]), choose(t.truth(x), "has", "has no"), t.words(args[0]))}
	}
	is := fmt.Sprintf("%s is %s", t.name(args[0]), t.words(args[0]))
	if !t.truth(x) {
		is += ", not one of " + t.words(args[1])
	}
	return []string{is}
}

func (t *trace) wordReason(x ast.Expr) []string {
	args := x.AsCall().Args()
	if lost := t.lost(args...); lost != nil {
		return lost
	}
	words, _ := stringsOf(t.value(args[1]))
	content, _ := t.value(args[0]).(types.String)
	for _, w := range words {
		if anyWord(string(content), []string{w}) {
			return []string{fmt.Sprintf("%s contains %q", t.name(args[0]), w)}
		}
	}
	return []string{fmt.Sprintf("%s contains none of %s", t.name(args[0]), shorten(joinUpTo(words, readingRunes)))}
}
