package policy

import (
	"fmt"
	"math"
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

// Names of functions that stand behind macros: the macro adds what the helper
// reads without being told. The sign keeps them out of people's reach.
const (
	fnHasLabel     = "@has_label"
	fnAge          = "@age"
	fnBusinessDays = "@business_days"
)

// newEnv makes the language of score expressions; scored adds what exists
// once the score is known.
func newEnv(c *catalog) (base, scored *cel.Env, err error) {
	base, err = cel.NewEnv(
		cel.CustomTypeProvider(c), cel.CustomTypeAdapter(types.DefaultTypeAdapter),
		cel.CrossTypeNumericComparisons(true), cel.EnableMacroCallTracking(), cel.EnableIdentifierEscapeSyntax(),
		cel.DefaultUTCTimeZone(true),
		cel.Variable("issue", issueType), cel.Variable("signal", signalsType),
		cel.Variable("now", cel.TimestampType), cel.Variable("lane", cel.StringType),
		cel.Macros(
			cel.GlobalMacro("has_label", 1, withIssueLabels),
			cel.GlobalMacro("age", 1, withNow(fnAge)),
			cel.GlobalMacro("business_days", 1, withNow(fnBusinessDays)),
		),
		cel.Lib(helperLib{}),
	)
	if err != nil {
		return nil, nil, fmt.Errorf("language of expressions: %w", err)
	}
	scored, err = base.Extend(cel.Variable("pillar", pillarsType),
		cel.Variable("score", cel.DoubleType), cel.Variable("effort", cel.DoubleType))
	if err != nil {
		return nil, nil, fmt.Errorf("language of rules: %w", err)
	}
	return base, scored, nil
}

func withIssueLabels(m cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
	return m.NewCall(fnHasLabel, m.NewSelect(m.NewIdent("issue"), "labels"), args[0]), nil
}

func withNow(function string) cel.MacroFactory {
	return func(m cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
		return m.NewCall(function, args[0], m.NewIdent("now")), nil
	}
}

// helperLib declares the helper functions.
type helperLib struct{}

// ProgramOptions implements cel.Library.
func (helperLib) ProgramOptions() []cel.ProgramOption { return nil }

// CompileOptions implements cel.Library.
func (helperLib) CompileOptions() []cel.EnvOption {
	str, ts, dur, dyn := cel.StringType, cel.TimestampType, cel.DurationType, cel.DynType
	return []cel.EnvOption{
		cel.Function("scale", lineOverloads("scale", scale)...),
		cel.Function("logscale", lineOverloads("logscale", logscale)...),
		cel.Function("decay", cel.Overload("decay_duration", []*cel.Type{dur, dur}, cel.DoubleType),
			cel.SingletonBinaryBinding(decayOf)),
		cel.Function("days",
			cel.Overload("days_int", []*cel.Type{cel.IntType}, dur),
			cel.Overload("days_double", []*cel.Type{cel.DoubleType}, dur),
			cel.SingletonUnaryBinding(daysOf)),
		cel.Function("any_word",
			cel.Overload("any_word_string_list", []*cel.Type{str, cel.ListType(str)}, cel.BoolType),
			cel.SingletonBinaryBinding(anyWordOf)),
		cel.Function("tier",
			cel.Overload("tier_dyn_map_dyn", []*cel.Type{dyn, cel.MapType(dyn, dyn), dyn}, cel.DoubleType,
				cel.OverloadIsNonStrict(), cel.FunctionBinding(tierOf))),
		cel.Function("or_else",
			cel.Overload("or_else_any", []*cel.Type{cel.TypeParamType("T"), cel.TypeParamType("T")}, cel.TypeParamType("T"),
				cel.OverloadIsNonStrict(), cel.BinaryBinding(orElse))),
		cel.Function(fnHasLabel,
			cel.Overload("has_label_string", []*cel.Type{cel.ListType(str), str}, cel.BoolType),
			cel.SingletonBinaryBinding(hasLabelOf)),
		cel.Function(fnAge,
			cel.Overload("age_timestamp", []*cel.Type{ts, ts}, dur), cel.SingletonBinaryBinding(ageOf)),
		cel.Function(fnBusinessDays,
			cel.Overload("business_days_timestamp", []*cel.Type{ts, ts}, cel.IntType), cel.SingletonBinaryBinding(businessDaysOf)),
	}
}

// lineOverloads declares f for every mix of whole and broken numbers, because
// people write both, and for durations.
func lineOverloads(name string, f func(x, low, high float64) float64) []cel.FunctionOpt {
	kinds := []*cel.Type{cel.IntType, cel.DoubleType}
	sets := [][]*cel.Type{{cel.DurationType, cel.DurationType, cel.DurationType}}
	for _, a := range kinds {
		for _, b := range kinds {
			for _, c := range kinds {
				sets = append(sets, []*cel.Type{a, b, c})
			}
		}
	}
	out := []cel.FunctionOpt{cel.SingletonFunctionBinding(func(args ...ref.Val) ref.Val {
		if len(args) != 3 {
			return types.NoSuchOverloadErr()
		}
		x, ok1 := toFloat(args[0])
		low, ok2 := toFloat(args[1])
		high, ok3 := toFloat(args[2])
		if !ok1 || !ok2 || !ok3 {
			return types.NewErr("%s takes three numbers or three durations", name)
		}
		return types.Double(f(x, low, high))
	})}
	for _, set := range sets {
		id := name
		for _, t := range set {
			id += "_" + t.String()
		}
		out = append(out, cel.Overload(id, set, cel.DoubleType))
	}
	return out
}

// The bindings below are called without a check of types at run time, because
// that would cost more than the work: each looks at its arguments itself. A
// custom field can hold anything.

func decayOf(a, b ref.Val) ref.Val {
	age, ok1 := a.(types.Duration)
	half, ok2 := b.(types.Duration)
	if !ok1 || !ok2 {
		return types.NewErr("decay takes two durations")
	}
	return types.Double(decay(age.Duration, half.Duration))
}

func ageOf(t, now ref.Val) ref.Val {
	from, ok1 := t.(types.Timestamp)
	to, ok2 := now.(types.Timestamp)
	if !ok1 || !ok2 {
		return types.NewErr("age takes a time")
	}
	return types.Duration{Duration: to.Sub(from.Time)}
}

func businessDaysOf(t, now ref.Val) ref.Val {
	from, ok1 := t.(types.Timestamp)
	to, ok2 := now.(types.Timestamp)
	if !ok1 || !ok2 {
		return types.NewErr("business_days takes a time")
	}
	return types.Int(businessDays(from.Time, to.Time))
}

func daysOf(v ref.Val) ref.Val {
	n, ok := toFloat(v)
	if !ok {
		return types.NewErr("days takes a number")
	}
	const day = float64(24 * time.Hour)
	if math.IsNaN(n) || math.Abs(n) > math.MaxInt64/day/2 {
		return types.NewErr("days: %v is too long", n)
	}
	return types.Duration{Duration: time.Duration(n * day)}
}

func anyWordOf(text, words ref.Val) ref.Val {
	s, ok1 := text.(types.String)
	list, ok2 := stringsOf(words)
	if !ok1 || !ok2 {
		return types.NewErr("any_word takes a text and a list of texts")
	}
	if len(list) > 0 && len(s) > wordWork/len(list) {
		return types.NewErr("any_word: %d words in a text of %d bytes are too many to look for", len(list), len(s))
	}
	return types.Bool(anyWord(string(s), list))
}

func hasLabelOf(labels, name ref.Val) ref.Val {
	list, ok1 := stringsOf(labels)
	s, ok2 := name.(types.String)
	if !ok1 || !ok2 {
		return types.NewErr("has_label takes a text")
	}
	return types.Bool(hasLabel(list, string(s)))
}

// tierOf is not strict: a value that is missing takes the default.
func tierOf(args ...ref.Val) ref.Val {
	for _, a := range args[1:] {
		if types.IsUnknownOrError(a) {
			return a
		}
	}
	value := args[0]
	var found ref.Val
	table, ok := args[1].(traits.Mapper)
	switch {
	case !ok:
		return types.NewErr("tier takes a table like {'pro': 60.0}")
	case isMissing(value):
		found = args[2]
	case types.IsUnknownOrError(value):
		return value
	default:
		found = tier(value, table, args[2])
	}
	n, ok := toFloat(found)
	if !ok {
		return types.NewErr("tier: %v is no number", found.Value())
	}
	return types.Double(n)
}

// orElse is not strict: a value that is missing takes the other.
func orElse(value, otherwise ref.Val) ref.Val {
	if isMissing(value) {
		return otherwise
	}
	return value
}

// isMissing reports whether an evaluation failed for want of an input only.
func isMissing(v ref.Val) bool {
	e, ok := v.(*types.Err)
	if !ok {
		return false
	}
	_, ok = e.Unwrap().(*missingError)
	return ok
}

// helperNames are the functions to suggest, in a fixed order.
func helperNames() []string {
	return []string{
		"age", "all", "any_word", "bool", "business_days", "contains", "days", "decay", "double", "duration",
		"endsWith", "exists", "exists_one", "filter", "getFullYear", "getHours", "has", "has_label", "int", "logscale",
		"map", "matches", "or_else", "scale", "size", "startsWith", "string", "tier", "timestamp",
	}
}

// macroArgs are the numbers of arguments of the helpers that are macros.
func macroArgs(name string) (int, bool) {
	switch strings.TrimPrefix(name, "@") {
	case "has_label", "age", "business_days", "has":
		return 1, true
	case "all", "exists", "exists_one", "filter", "map":
		return 2, true
	}
	return 0, false
}

// isArithmetic reports whether the operator wants numbers of one kind.
func isArithmetic(name string) bool {
	return slices.Contains([]string{operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo}, name)
}
