package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/types"
)

// lint finds names that do not exist, before the type checker does, because it
// knows what to suggest.
func (c *compiler) lint(path string, parsed *cel.Ast, env *cel.Env) []Problem {
	l := &linter{catalog: c.catalog, path: path, ast: parsed.NativeRep(), local: map[string]bool{}}
	for _, v := range env.Variables() {
		l.variables = append(l.variables, v.Name())
	}
	slices.Sort(l.variables)
	l.functions = env.Functions
	ast.PreOrderVisit(l.ast.Expr(), ast.NewExprVisitor(l.bind))
	ast.PreOrderVisit(l.ast.Expr(), ast.NewExprVisitor(l.visit))
	return l.found
}

type linter struct {
	catalog   *catalog
	path      string
	ast       *ast.AST
	variables []string
	functions func() map[string]*decls.FunctionDecl
	local     map[string]bool // variables of loops
	inner     map[int64]bool  // operands of a selection, which are judged there
	found     []Problem
}

func (l *linter) add(id int64, message, suggestion string) {
	at := l.ast.SourceInfo().GetStartLocation(id)
	l.found = append(l.found, Problem{
		Path: l.path, Line: at.Line(), Col: at.Column() + 1, Message: message, Suggestion: suggestion,
	})
}

func (l *linter) bind(x ast.Expr) {
	if x.Kind() == ast.ComprehensionKind {
		f := x.AsComprehension()
		l.local[f.IterVar()], l.local[f.IterVar2()], l.local[f.AccuVar()] = true, true, true
	}
}

func (l *linter) visit(x ast.Expr) {
	switch x.Kind() {
	case ast.IdentKind:
		l.ident(x)
	case ast.SelectKind:
		l.selection(x)
	case ast.CallKind:
		l.call(x)
	}
}

func (l *linter) ident(x ast.Expr) {
	name := x.AsIdent()
	if l.local[name] || l.inner[x.ID()] {
		return
	}
	if !slices.Contains(l.variables, name) {
		l.unknownName(x.ID(), name)
		return
	}
	switch name {
	case "issue", "pillar", "signal":
		l.add(x.ID(), fmt.Sprintf("%q cannot be used as a whole", name), fmt.Sprintf("name one of its fields: %s.…", name))
	}
}

func (l *linter) unknownName(id int64, name string) {
	suggestion := didYouMean(name, l.variables)
	_, isField := l.catalog.fields[name]
	switch {
	case isField:
		suggestion = fmt.Sprintf("did you mean %q?", "issue."+name)
	case slices.Contains([]string{"pillar", "score", "effort"}, name):
		suggestion = "pillars, score and effort are known in the rules of lanes only"
	case suggestion == "":
		suggestion = "texts are written in quotes: '" + name + "'"
	}
	l.add(id, fmt.Sprintf("unknown name %q", name), suggestion)
}

func (l *linter) selection(x ast.Expr) {
	s := x.AsSelect()
	operand := selectPath(s.Operand())
	root, _, _ := strings.Cut(operand, ".")
	if l.local[root] {
		return
	}
	name := s.FieldName()
	switch operand {
	case "issue", "pillar", "signal":
		l.skip(s.Operand())
		if slices.Contains(l.variables, operand) {
			l.member(x.ID(), operand, name)
		} else {
			l.unknownName(s.Operand().ID(), operand)
		}
	case "issue.fields":
		l.member(x.ID(), operand, name)
	}
}

// member judges one field of a variable.
func (l *linter) member(id int64, operand, name string) {
	c := l.catalog
	var known []string
	switch operand {
	case "issue":
		known = append(slices.Sorted(maps.Keys(c.fields)), "fields")
	case "issue.fields":
		known = c.custom
	case "signal":
		known = c.signals
	case "pillar":
		known = c.pillars
	}
	open := (operand == "issue.fields" || operand == "signal") && known == nil
	if open || slices.Contains(known, name) {
		return
	}
	suggestion := didYouMean(name, known)
	switch {
	case operand == "issue" && suggestion == "" && slices.Contains(c.custom, name):
		suggestion = fmt.Sprintf("did you mean %q?", "issue.fields."+name)
	case suggestion == "" && len(known) == 0:
		suggestion = map[string]string{
			"issue.fields": "declare it under fields: of the source", "signal": "declare it under signals:",
		}[operand]
	case suggestion == "" && operand != "issue":
		suggestion = "there are " + quoteList(known)
	}
	l.add(id, fmt.Sprintf("%s has no field %q", operand, name), suggestion)
}

func (l *linter) skip(x ast.Expr) {
	if l.inner == nil {
		l.inner = map[int64]bool{}
	}
	l.inner[x.ID()] = true
}

func (l *linter) call(x ast.Expr) {
	name := x.AsCall().FunctionName()
	if _, ok := l.functions()[name]; ok {
		return
	}
	if n, ok := macroArgs(name); ok {
		l.add(x.ID(), fmt.Sprintf("%s takes %d argument(s)", name, n), "")
		return
	}
	l.add(x.ID(), fmt.Sprintf("unknown function %q", name), didYouMean(name, helperNames()))
}

// reportIssues turns what CEL found into problems.
func (c *compiler) reportIssues(path string, iss *cel.Issues, parsed *cel.Ast) {
	for _, e := range iss.Errors() {
		p := Problem{Path: path, Message: cleanMessage(e.Message)}
		if e.Location != nil && e.Location.Line() > 0 {
			p.Line, p.Col = e.Location.Line(), e.Location.Column()+1
		}
		if parsed != nil {
			p.Suggestion = suggestNumber(parsed.NativeRep(), e.ExprID)
		}
		c.report(p)
	}
}

// suggestNumber helps where whole and broken numbers are mixed, which CEL does
// not convert by itself.
func suggestNumber(a *ast.AST, id int64) (suggestion string) {
	ast.PreOrderVisit(a.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.ID() != id || x.Kind() != ast.CallKind || !isArithmetic(x.AsCall().FunctionName()) {
			return
		}
		for _, arg := range x.AsCall().Args() {
			if arg.Kind() != ast.LiteralKind {
				continue
			}
			switch n := arg.AsLiteral().(type) {
			case types.Int:
				suggestion = fmt.Sprintf("write %d.0 in place of %d, or wrap a whole number in double(…)", n, n)
			case types.Double:
				suggestion = "wrap the other side in double(…)"
			}
		}
	}))
	return suggestion
}

// cleanMessage takes the inner names out of a message of the CEL library.
func cleanMessage(s string) string {
	for _, fn := range []string{fnHasLabel, fnAge, fnBusinessDays} {
		s = strings.ReplaceAll(s, fn, fn[1:])
	}
	s = strings.ReplaceAll(s, "lanekeeper.", "")
	return strings.Join(strings.Fields(s), " ")
}
