package policy

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// A cell is one input of a policy: a field, a custom field, a signal or a
// pillar. A run loads each at most once, whatever the number of rules that
// read it.
type cell struct {
	path    string // as in expressions: issue.votes
	typ     *cel.Type
	kind    cellKind
	input   issue.Inputs
	load    func(r *run) (ref.Val, bool)
	missing error // what reading it without a value fails with
	field   *types.FieldType
}

type cellKind uint8

const (
	fieldCell cellKind = iota
	customCell
	signalCell
	pillarCell
)

// missingError is the failure of an expression that needed a value which is
// not there. It is no mistake of the policy.
type missingError struct{ path string }

func (e *missingError) Error() string { return e.path + " has no value" }

// catalog knows the names that expressions may use, and gives each one that is
// used its cell. It is the type provider of the CEL environment. After
// compilation it only answers for cells that exist.
type catalog struct {
	*types.Registry
	fields  map[string]field
	members map[string][]member // by type name
	custom  []string            // declared custom fields; nil: any name will do
	signals []string            // declared signals; nil: any name will do
	pillars []string
	cells   []cell
	index   map[string]int
	frozen  bool
}

func newCatalog(opts CompileOptions, pillars []string) (*catalog, error) {
	reg, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("type registry: %w", err)
	}
	c := &catalog{
		Registry: reg, fields: map[string]field{}, index: map[string]int{},
		members: map[string][]member{
			linkType.TypeName():     linkMembers(),
			customerType.TypeName(): customerMembers(),
		},
		custom: opts.Fields, signals: opts.Signals, pillars: pillars,
	}
	for _, f := range issueFields() {
		c.fields[f.name] = f
	}
	return c, nil
}

// FindStructType implements types.Provider.
func (c *catalog) FindStructType(name string) (*types.Type, bool) {
	switch name {
	case issueType.TypeName(), fieldsType.TypeName(), pillarsType.TypeName(), signalsType.TypeName(),
		linkType.TypeName(), customerType.TypeName():
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return c.Registry.FindStructType(name)
}

// FindStructFieldType implements types.Provider.
func (c *catalog) FindStructFieldType(typ, name string) (*types.FieldType, bool) {
	switch typ {
	case issueType.TypeName():
		if name == "fields" {
			return &types.FieldType{
				Type:    fieldsType,
				IsSet:   func(any) bool { return true },
				GetFrom: func(target any) (any, error) { return target, nil },
			}, true
		}
		return c.fieldType("issue."+name, func() (cell, bool) { return c.issueCell(name) })
	case fieldsType.TypeName():
		return c.fieldType("issue.fields."+name, func() (cell, bool) { return c.customCell(name) })
	case signalsType.TypeName():
		return c.fieldType("signal."+name, func() (cell, bool) { return c.signalCell(name) })
	case pillarsType.TypeName():
		return c.fieldType("pillar."+name, func() (cell, bool) {
			return cell{typ: cel.DoubleType, kind: pillarCell}, slices.Contains(c.pillars, name)
		})
	}
	for _, m := range c.members[typ] {
		if m.name == name {
			return m.fieldType(), true
		}
	}
	if _, ours := c.members[typ]; ours {
		return nil, false
	}
	return c.Registry.FindStructFieldType(typ, name)
}

func (c *catalog) issueCell(name string) (cell, bool) {
	f, ok := c.fields[name]
	load := f.load
	return cell{
		typ: f.typ, kind: fieldCell, input: f.input,
		load: func(r *run) (ref.Val, bool) { return load(r.issue) },
	}, ok
}

func (c *catalog) customCell(name string) (cell, bool) {
	return cell{
		typ: cel.DynType, kind: customCell, input: issue.InputCustom,
		load: func(r *run) (ref.Val, bool) {
			v := customValue(r.issue.Fields[name])
			return v, v != nil
		},
	}, c.custom == nil || slices.Contains(c.custom, name)
}

func (c *catalog) signalCell(name string) (cell, bool) {
	return cell{
		typ: cel.DoubleType, kind: signalCell,
		load: func(r *run) (ref.Val, bool) {
			if r.signals == nil {
				return nil, false
			}
			v, fresh := r.signals.Signal(name, r.issue)
			if fresh == Stale {
				r.stale = append(r.stale, "signal."+name)
			}
			return types.Double(v), fresh == Fresh && !math.IsNaN(v)
		},
	}, c.signals == nil || slices.Contains(c.signals, name)
}

// fieldType returns the accessors of the cell of that path, which it makes at
// first use.
func (c *catalog) fieldType(path string, create func() (cell, bool)) (*types.FieldType, bool) {
	if i, ok := c.index[path]; ok {
		return c.cells[i].field, true
	}
	if c.frozen {
		return nil, false
	}
	made, ok := create()
	if !ok {
		return nil, false
	}
	i := len(c.cells)
	made.path = path
	made.missing = &missingError{path}
	made.field = &types.FieldType{
		Type:    made.typ,
		IsSet:   func(target any) bool { return target.(*run).has(i) },
		GetFrom: func(target any) (any, error) { return target.(*run).get(i) },
	}
	c.cells = append(c.cells, made)
	c.index[path] = i
	return made.field, true
}

func (m member) fieldType() *types.FieldType {
	return &types.FieldType{
		Type:    m.typ,
		IsSet:   func(v any) bool { return isSet(m.get(v)) },
		GetFrom: func(v any) (any, error) { return m.get(v), nil },
	}
}

// slot is a cell of one run.
type slot struct {
	v     ref.Val
	state slotState
	read  bool
}

type slotState uint8

const (
	unloaded slotState = iota
	loaded
	absent
)

// run is the evaluation of one issue. It is the activation of every
// expression and is used again after.
type run struct {
	cells   []cell
	slots   []slot
	issue   *issue.Issue
	signals Signals
	now     ref.Val
	lane    ref.Val
	score   ref.Val
	effort  ref.Val
	// miss are the cells without a value that the present expression read.
	miss     []int
	stale    []string // signals that are too old
	readLane bool
}

// ResolveName implements cel.Activation.
func (r *run) ResolveName(name string) (any, bool) {
	switch name {
	case "issue", "pillar", "signal":
		return r, true
	case "now":
		return r.now, true
	case "score":
		return r.score, r.score != nil
	case "effort":
		return r.effort, r.effort != nil
	case "lane":
		r.readLane = true
		return r.lane, true
	}
	return nil, false
}

// Parent implements cel.Activation.
func (r *run) Parent() cel.Activation { return nil }

func (r *run) slot(i int) *slot {
	s := &r.slots[i]
	s.read = true
	if s.state == unloaded {
		s.state = absent
		if load := r.cells[i].load; load != nil {
			var ok bool
			if s.v, ok = load(r); ok {
				s.state = loaded
			}
		}
	}
	return s
}

func (r *run) get(i int) (any, error) {
	s := r.slot(i)
	if s.state == absent {
		if !slices.Contains(r.miss, i) {
			r.miss = append(r.miss, i)
		}
		if s.v == nil || r.cells[i].kind == signalCell {
			return nil, r.cells[i].missing
		}
	}
	return s.v, nil
}

func (r *run) has(i int) bool {
	s := r.slot(i)
	return s.state == loaded && isSet(s.v)
}

// set gives a cell its value ahead of its loading; nil makes it missing.
func (r *run) set(i int, v ref.Val) {
	r.slots[i] = slot{v: v, state: loaded}
	if v == nil {
		r.slots[i].state = absent
	}
}

// reading is the value of a cell as decisions record it.
func (r *run) reading(i int) string {
	s := r.slots[i]
	switch {
	case s.state == absent && slices.Contains(r.stale, r.cells[i].path):
		return staleValue
	case s.state == absent:
		return noValue
	}
	return valueText(s.v)
}

// What a recorded reading says where there was no value.
const (
	noValue    = "(not set)"
	staleValue = "(too old)"
	// shortened ends a text that was cut.
	shortened = "…"
	// readingRunes bounds a recorded text, so that a decision stays small.
	readingRunes = 80
)

func valueText(v ref.Val) string {
	switch v := v.(type) {
	case types.String:
		return shorten(string(v))
	case types.Int:
		return strconv.FormatInt(int64(v), 10)
	case types.Double:
		return strconv.FormatFloat(float64(v), 'g', -1, 64)
	case types.Bool:
		return strconv.FormatBool(bool(v))
	case types.Timestamp:
		return v.Time.Format(timeLayout)
	case types.Duration:
		return durationText(v.Duration)
	}
	if l, ok := stringsOf(v); ok {
		return shorten(joinUpTo(l, readingRunes))
	}
	return objectsText(v)
}
