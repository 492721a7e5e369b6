package lineartest

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

//go:embed api.graphql
var apiSDL string

// api is what the server can answer: types with a resolver for each field.
type api struct {
	schema *ast.Schema
	rules  *rules.Rules
	types  map[string]map[string]resolver
}

func newAPI() *api {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "api.graphql", Input: apiSDL})
	if err != nil {
		panic(fmt.Sprintf("lineartest: api.graphql: %v", err)) // part of the program
	}
	a := &api{schema: schema, rules: rules.NewDefaultRules(), types: map[string]map[string]resolver{}}
	a.addRoots()
	a.addIssue()
	a.addHistory()
	a.addPeople()
	a.addPlans()
	a.addCustomers()
	a.addAround()
	a.addPages()
	return a
}

// fields are the resolvers of one type.
type fields map[string]resolver

// with returns the union.
func (f fields) with(more fields) fields {
	for k, r := range more {
		f[k] = r
	}
	return f
}

func (a *api) resolver(typ, field string) resolver {
	if field == "__typename" {
		return constant(`"` + typ + `"`)
	}
	if r, ok := a.types[typ][field]; ok {
		return r
	}
	return resolver{one: func(*run, any, args) (any, error) {
		return nil, badDocument(fmt.Sprintf("lineartest does not simulate %s.%s", typ, field))
	}}
}

func isConnection(t *ast.Type) bool { return strings.HasSuffix(t.NamedType, "Connection") }

// argsOf evaluates a field's arguments and checks what the service checks at
// run time: the page size and the formats of dates and ids.
func (a *api) argsOf(f *ast.Field, vars map[string]any) (args, error) {
	out := args{}
	for _, def := range f.Definition.Arguments {
		v, ok, err := argument(def, f.Arguments.ForName(def.Name), vars)
		if err != nil {
			return out, badArgument(fmt.Sprintf("%s: %v", def.Name, err))
		}
		if !ok || v == nil && !def.Type.NonNull {
			continue
		}
		if err := checkFormat(a.schema, def.Type, v, def.Name); err != nil {
			return out, badArgument(err.Error())
		}
		out[def.Name] = v
	}
	for _, name := range []string{"first", "last"} {
		if n, ok := out.int(name); ok && (n < 1 || n > 250) {
			return out, badArgument(name + " must not be less than 1 or greater than 250")
		}
	}
	return out, nil
}

func argument(def *ast.ArgumentDefinition, arg *ast.Argument, vars map[string]any) (any, bool, error) {
	if arg != nil && arg.Value.Kind == ast.Variable {
		if v, ok := vars[arg.Value.Raw]; ok {
			return v, true, nil
		}
		arg = nil
	}
	if arg != nil {
		v, err := arg.Value.Value(vars)
		return v, true, err
	}
	if def.DefaultValue != nil {
		v, err := def.DefaultValue.Value(nil)
		return v, true, err
	}
	return nil, false, nil
}

func (a args) text(name string) string {
	s, _ := a[name].(string)
	return s
}

func (a args) flag(name string) bool {
	b, _ := a[name].(bool)
	return b
}

func (a args) int(name string) (int, bool) {
	f, ok := toNumber(a[name])
	return int(f), ok
}

func (a args) object(name string) map[string]any {
	m, _ := a[name].(map[string]any)
	return m
}

// toNumber reads the forms that numbers take in variables and in literals.
func toNumber(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	}
	return 0, false
}

// toList reads a list, or one value where a list may stand.
func toList(v any) []any {
	switch l := v.(type) {
	case nil:
		return nil
	case []any:
		return l
	}
	return []any{v}
}

func toTexts(v any) []string {
	var out []string
	for _, e := range toList(v) {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
