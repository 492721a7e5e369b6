package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// facts words the values that a part rests on, of a choice only the branch
// that was taken.
func (t *trace) facts(x ast.Expr) []string {
	switch x.Kind() {
	case ast.SelectKind:
		return t.selectFact(x)
	case ast.IdentKind:
		if name := x.AsIdent(); name != "now" {
			return []string{fmt.Sprintf("%s is %s", name, t.shown(t.value(x)))}
		}
	case ast.ListKind:
		return t.all(x.AsList().Elements())
	case ast.ComprehensionKind:
		return []string{fmt.Sprintf("%s is %s", t.source(x), t.shown(t.value(x)))}
	case ast.CallKind:
		return t.callFacts(x)
	}
	return nil
}

func (t *trace) callFacts(x ast.Expr) []string {
	call := x.AsCall()
	args := call.Args()
	switch name := call.FunctionName(); {
	case name == operators.Conditional:
		if taken := t.facts(args[t.branch(args[0])]); len(taken) > 0 {
			return taken // it tells enough of the condition
		}
		return t.reasons(args[0])
	case name == fnAge && t.lost(args...) == nil:
		return []string{fmt.Sprintf("%s %s ago", t.name(args[0]), t.shown(t.value(x)))}
	case name == fnBusinessDays && t.lost(args...) == nil:
		return []string{fmt.Sprintf("%s %s business days ago", t.name(args[0]), t.shown(t.value(x)))}
	case name == "or_else" && t.lost(args[0]) == nil:
		return t.facts(args[0])
	case t.isBool(x):
		return t.reasons(x)
	}
	if call.IsMemberFunction() {
		args = append([]ast.Expr{call.Target()}, args...)
	}
	return t.all(args)
}

func (t *trace) all(parts []ast.Expr) []string {
	var out []string
	for _, p := range parts {
		out = append(out, t.facts(p)...)
	}
	return out
}

func (t *trace) selectFact(x ast.Expr) []string {
	name := t.name(x)
	if x.AsSelect().IsTestOnly() {
		operand := shortName(selectPath(x.AsSelect().Operand()) + "." + x.AsSelect().FieldName())
		return []string{operand + choose(t.truth(x), " is set", " is not set")}
	}
	v := t.value(x)
	if v == nil || isMissing(v) || t.run.isAbsent(selectPath(x)) {
		return []string{name + " is not set"}
	}
	if types.IsError(v) {
		return []string{fmt.Sprintf("%s failed: %v", name, v)}
	}
	return []string{fmt.Sprintf("%s is %s", name, t.shown(v))}
}

// name is what people call a part.
func (t *trace) name(x ast.Expr) string {
	if p := selectPath(x); p != "" {
		return shortName(p)
	}
	return t.source(x)
}

// source is the part as it was written.
func (t *trace) source(x ast.Expr) string {
	s, err := cel.ExprToString(x, t.ast.SourceInfo())
	if err != nil {
		return "a part"
	}
	s = strings.ReplaceAll(s, "issue.fields.", "")
	return shorten(strings.ReplaceAll(s, "issue.", ""))
}

func (t *trace) words(x ast.Expr) string { return t.shown(t.value(x)) }

// isAbsent reports whether the input of that path has only a stand-in.
func (r *run) isAbsent(path string) bool {
	i := slices.IndexFunc(r.cells, func(c cell) bool { return c.path == path })
	return i >= 0 && r.slots[i].state == absent
}

// shown prints a value for people.
func (t *trace) shown(v ref.Val) string {
	switch v := v.(type) {
	case nil:
		return "not known"
	case types.Double:
		return numberText(float64(v))
	case types.Timestamp:
		if v.Equal(types.Timestamp{Time: v.Truncate(24 * time.Hour)}) == types.True {
			return v.Format("2 January 2006")
		}
		return v.Format("2 January 2006 15:04 MST")
	case types.Duration:
		return durationText(v.Duration)
	case types.String:
		if v == "" {
			return "empty"
		}
	case *types.Err:
		return "not known"
	case traits.Lister:
		if v.Size() == types.IntZero {
			return "empty"
		}
		return t.shownList(v)
	}
	return valueText(v)
}

func (t *trace) shownList(l traits.Lister) string {
	var parts []string
	for it := l.Iterator(); it.HasNext() == types.True; {
		v := it.Next()
		if _, ok := v.(*object); ok {
			return valueText(l)
		}
		parts = append(parts, t.shown(v))
	}
	return shorten(joinUpTo(parts, readingRunes))
}

func choose(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// unique drops repetitions and keeps the order.
func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
