package lineartest

import (
	"encoding/json"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// resolver produces one field. Exactly one of the functions is set.
type resolver struct {
	leaf func(x *run, v any, b []byte) []byte
	one  func(x *run, v any, a args) (any, error) // untyped nil is null
	list func(x *run, v any, a args) ([]any, error)
}

// args are a field's arguments after variables and defaults.
type args map[string]any

// step is one field of the plan that a document was compiled to: fragments,
// directives, variables and aliases are gone.
type step struct {
	key     string // response key, quoted, with colon
	name    string
	coord   string // such as "Issue.title"
	nonNull bool
	inner   bool // of a list: elements cannot be null
	multi   bool // a connection
	res     resolver
	args    args
	err     error // an argument that is refused when the field is reached
	sub     []step
}

// compiler turns the selections of one operation into steps.
type compiler struct {
	api  *api
	vars map[string]any
}

func (c *compiler) steps(sel ast.SelectionSet, parent string) []step {
	out := make([]step, 0, len(sel))
	return c.collect(out, sel, parent)
}

func (c *compiler) collect(out []step, sel ast.SelectionSet, parent string) []step {
	for _, s := range sel {
		switch s := s.(type) {
		case *ast.Field:
			if c.included(s.Directives) {
				out = c.merge(out, s, parent)
			}
		case *ast.InlineFragment:
			if c.included(s.Directives) && c.applies(s.TypeCondition, parent) {
				out = c.collect(out, s.SelectionSet, parent)
			}
		case *ast.FragmentSpread:
			if c.included(s.Directives) && c.applies(s.Definition.TypeCondition, parent) {
				out = c.collect(out, s.Definition.SelectionSet, parent)
			}
		}
	}
	return out
}

// applies decides a type condition: all fields have concrete types here.
func (c *compiler) applies(cond, parent string) bool {
	if cond == "" || cond == parent {
		return true
	}
	for _, i := range c.api.schema.Types[parent].Interfaces {
		if i == cond {
			return true
		}
	}
	return false
}

func (c *compiler) included(ds ast.DirectiveList) bool {
	for _, d := range ds {
		on, _ := d.ArgumentMap(c.vars)["if"].(bool)
		if d.Name == "skip" && on || d.Name == "include" && !on {
			return false
		}
	}
	return true
}

// merge adds a field, or its selections to the step of the same key: the
// validator has made sure that both mean the same field.
func (c *compiler) merge(out []step, f *ast.Field, parent string) []step {
	key := quoteKey(f.Alias)
	for i := range out {
		if out[i].key == key {
			out[i].sub = c.collect(out[i].sub, f.SelectionSet, f.Definition.Type.Name())
			return out
		}
	}
	t := f.Definition.Type
	s := step{key: key, name: f.Name, coord: parent + "." + f.Name, nonNull: t.NonNull}
	s.inner = t.Elem != nil && t.Elem.NonNull
	s.multi = isConnection(t)
	s.args, s.err = c.api.argsOf(f, c.vars)
	s.res = c.api.resolver(parent, f.Name)
	if len(f.SelectionSet) > 0 {
		s.sub = c.steps(f.SelectionSet, t.Name())
	}
	return append(out, s)
}

func quoteKey(s string) string { return strconv.Quote(s) + ":" }

// run executes one operation under the server's lock.
type run struct {
	s     *Server
	fault *Fault
	nulls map[string]bool
	path  []any
	errs  []*apiError
	cost  int // tenths of a point, of what the answer holds
}

// execute writes the data of an operation; a null root that must not be null
// makes all of it null.
func (x *run) execute(steps []step) []byte {
	b, ok := x.object(make([]byte, 0, 4096), nil, steps)
	if !ok {
		return []byte("null")
	}
	return b
}

func (x *run) object(b []byte, v any, steps []step) ([]byte, bool) {
	b = append(b, '{')
	whole := true
	for i := range steps {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, steps[i].key...)
		var ok bool
		b, ok = x.field(b, v, &steps[i])
		if !ok && v != nil {
			return b, false
		}
		whole = whole && ok // at the root, later mutations still run
	}
	return append(b, '}'), whole
}

func (x *run) field(b []byte, v any, s *step) ([]byte, bool) {
	if x.nulls[s.coord] {
		return append(b, "null"...), true
	}
	if s.res.leaf != nil {
		x.cost++
		return s.res.leaf(x, v, b), true
	}
	x.path = append(x.path, s.key[1:len(s.key)-2])
	mark := len(b)
	b, ok := x.compound(b, v, s)
	x.path = x.path[:len(x.path)-1]
	if ok {
		return b, true
	}
	return append(b[:mark], "null"...), !s.nonNull
}

func (x *run) compound(b []byte, v any, s *step) ([]byte, bool) {
	if s.err != nil {
		return b, x.fail(s.err)
	}
	if s.res.list != nil {
		items, err := s.res.list(x, v, s.args)
		if err != nil {
			return b, x.fail(err)
		}
		return x.array(b, items, s)
	}
	o, err := s.res.one(x, v, s.args)
	if err != nil {
		return b, x.fail(err)
	}
	if o == nil {
		return append(b, "null"...), !s.nonNull
	}
	if !s.multi {
		x.cost += 10
	}
	return x.object(b, o, s.sub)
}

func (x *run) array(b []byte, items []any, s *step) ([]byte, bool) {
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		mark := len(b)
		x.path = append(x.path, i)
		x.cost += 10
		var ok bool
		b, ok = x.object(b, item, s.sub)
		x.path = x.path[:len(x.path)-1]
		if ok {
			continue
		}
		if s.inner {
			return b, false
		}
		b = append(b[:mark], "null"...)
	}
	return append(b, ']'), true
}

// fail records an error at the present path. It returns false.
func (x *run) fail(err error) bool {
	e := asAPIError(err)
	e.Path = append([]any(nil), x.path...)
	x.errs = append(x.errs, e)
	return false
}

func appendJSON(b []byte, v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, out...)
}
