package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// An expr is one compiled expression.
type expr struct {
	path string // in the policy, such as lanes[2].when
	ast  *cel.Ast
	env  *cel.Env
	prog cel.Program
	// fixed is the value of an expression that reads nothing.
	fixed ref.Val
	// cells that the expression names, in ascending order.
	cells    []int
	readsNow bool
	// traced evaluates every part and keeps its value. It is made when somebody
	// asks for a reason.
	traced func() (cel.Program, error)
}

// costLimit bounds the work of an expression with several loops, which may be
// nested, or with a search inside one; the work of others grows no faster than
// the issue and the expression are long. Counting costs more than evaluating, so
// only those are counted. The limit is some tens of milliseconds of work.
const costLimit = 100_000

// want is the type that an expression must have.
type want uint8

const (
	wantBool want = iota
	wantNumber
)

// compiler turns texts into expressions and gathers what is wrong with them.
type compiler struct {
	rotas        []string // declared rotas; nil: any name will do
	catalog      *catalog
	base, scored *cel.Env
	problems     []Problem
}

func (c *compiler) report(p Problem) { c.problems = append(c.problems, p) }

// compile returns nil after it reported a problem.
func (c *compiler) compile(path, text string, env *cel.Env, w want) *expr {
	if strings.TrimSpace(text) == "" {
		c.report(Problem{Path: path, Message: "the expression is missing"})
		return nil
	}
	parsed, iss := env.Parse(text)
	if iss.Err() != nil {
		c.reportIssues(path, iss, nil)
		return nil
	}
	if found := c.lint(path, parsed, env); len(found) > 0 {
		c.problems = append(c.problems, found...)
		return nil
	}
	checked, iss := env.Check(parsed)
	if iss.Err() != nil {
		c.reportIssues(path, iss, parsed)
		return nil
	}
	if !c.checkType(path, checked, w) {
		return nil
	}
	e, err := c.plan(path, checked, env)
	if err != nil {
		c.report(Problem{Path: path, Line: 1, Col: 1, Message: err.Error()})
		return nil
	}
	return e
}

func (c *compiler) checkType(path string, a *cel.Ast, w want) bool {
	t := a.OutputType()
	p := Problem{Path: path, Line: 1, Col: 1}
	switch w {
	case wantBool:
		if t.IsExactType(cel.BoolType) {
			return true
		}
		p.Message = fmt.Sprintf("must be true or false, but is %s", typeName(t))
		p.Suggestion = "compare it with something, such as == or >="
	case wantNumber:
		if t.IsExactType(cel.DoubleType) || t.IsExactType(cel.IntType) || t.Kind() == types.DynKind {
			return true
		}
		p.Message = fmt.Sprintf("must be a number, but is %s", typeName(t))
		switch t.Kind() {
		case types.BoolKind:
			p.Suggestion = "write … ? 100.0 : 0.0"
		case types.DurationKind:
			p.Suggestion = "use scale(…, days(1), days(30)) or decay(…, days(30))"
		}
	}
	c.report(p)
	return false
}

func typeName(t *cel.Type) string {
	switch t.Kind() {
	case types.BoolKind:
		return "true or false"
	case types.StringKind:
		return "a text"
	case types.IntKind, types.DoubleKind, types.UintKind:
		return "a number"
	case types.TimestampKind:
		return "a time"
	case types.DurationKind:
		return "a duration"
	case types.ListKind:
		return "a list"
	case types.MapKind:
		return "a table"
	case types.DynKind:
		return "a custom field of any type"
	}
	return cel.FormatCELType(t)
}

func (c *compiler) plan(path string, checked *cel.Ast, env *cel.Env) (*expr, error) {
	e := &expr{path: path, ast: checked, env: env}
	e.survey(c.catalog)
	folded, err := foldConstants(env, checked)
	if err != nil {
		return nil, err
	}
	if root := folded.NativeRep().Expr(); root.Kind() == ast.LiteralKind {
		e.fixed = root.AsLiteral()
	}
	opts := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if counted(checked.NativeRep().Expr()) {
		opts = append(opts, cel.CostTracking(searchCosts{}), cel.CostLimit(costLimit))
	} else {
		opts = append(opts, cel.CustomDecoratorV2(prepare)) // its forms are not counted
	}
	if e.prog, err = env.Program(folded, opts...); err != nil {
		return nil, errors.New(cleanMessage(err.Error()))
	}
	e.traced = sync.OnceValues(func() (cel.Program, error) {
		return env.Program(checked, cel.EvalOptions(cel.OptExhaustiveEval|cel.OptTrackState),
			cel.CostTracking(searchCosts{}), cel.CostLimit(costLimit))
	})
	return e, nil
}

// foldConstants computes the parts that read nothing.
func foldConstants(env *cel.Env, a *cel.Ast) (*cel.Ast, error) {
	folder, err := cel.NewConstantFoldingOptimizer()
	if err != nil {
		return nil, fmt.Errorf("constant folding: %w", err)
	}
	opt, err := cel.NewStaticOptimizer(folder)
	if err != nil {
		return nil, fmt.Errorf("constant folding: %w", err)
	}
	out, iss := opt.Optimize(env, a)
	if iss.Err() != nil {
		// What cannot be folded may still run: the unfolded form decides.
		return a, nil
	}
	return out, nil
}

// survey notes what the expression reads.
func (e *expr) survey(c *catalog) {
	visit := func(x ast.Expr) {
		switch x.Kind() {
		case ast.IdentKind:
			e.readsNow = e.readsNow || x.AsIdent() == "now"
		case ast.SelectKind:
			if i, ok := c.index[selectPath(x)]; ok && !slices.Contains(e.cells, i) {
				e.cells = append(e.cells, i)
			}
		}
	}
	ast.PreOrderVisit(e.ast.NativeRep().Expr(), ast.NewExprVisitor(visit))
	slices.Sort(e.cells)
}

// selectPath renders issue.fields.x and the like, "" for anything else.
func selectPath(x ast.Expr) string {
	switch x.Kind() {
	case ast.IdentKind:
		return x.AsIdent()
	case ast.SelectKind:
		s := x.AsSelect()
		if p := selectPath(s.Operand()); p != "" {
			return p + "." + s.FieldName()
		}
	}
	return ""
}

// eval returns the value; missing tells that it failed for want of an input.
// The run notes which inputs had none, also where the expression coped.
func (e *expr) eval(r *run) (v ref.Val, missing bool, err error) {
	r.miss = r.miss[:0]
	if e.fixed != nil {
		return e.fixed, false, nil
	}
	v, _, err = e.prog.Eval(r)
	if err == nil {
		return v, false, nil
	}
	if _, ok := errors.AsType[*missingError](err); ok {
		return nil, true, nil
	}
	return nil, false, &evalError{e.path, err}
}

// evalError is an expression that failed on one issue.
type evalError struct {
	path string
	err  error
}

func (e *evalError) Error() string { return e.path + ": " + cleanMessage(e.err.Error()) }
func (e *evalError) Unwrap() error { return e.err }

// number evaluates an expression that wants a number.
func (e *expr) number(r *run) (n float64, missing bool, err error) {
	v, missing, err := e.eval(r)
	if missing || err != nil {
		return 0, missing, err
	}
	n, ok := toFloat(v)
	if !ok {
		return 0, false, &evalError{e.path, fmt.Errorf("the result %q is no number", valueText(v))}
	}
	return n, false, nil
}

// truth evaluates a condition. One that wants an input which is missing does
// not hold.
func (e *expr) truth(r *run) (bool, error) {
	v, missing, err := e.eval(r)
	if missing || err != nil {
		return false, err
	}
	b, ok := v.(types.Bool)
	if !ok {
		return false, &evalError{e.path, errors.New("the result is neither true nor false")}
	}
	return bool(b), nil
}

// missing lists the inputs without a value that the last evaluation read.
func (r *run) missing() []string {
	if len(r.miss) == 0 {
		return nil
	}
	out := make([]string, len(r.miss))
	for k, i := range r.miss {
		out[k] = r.cells[i].path
	}
	slices.Sort(out)
	return out
}
