package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// A decoder fills Go values from nodes by their yaml tags, applies the
// defaults of the key table, and notes where each value came from, so that
// later checks can point at it.
type decoder struct {
	out     *collector
	keys    map[string]key
	at      map[string]entry // by path
	secrets secrets
	count   int
}

// path names a value twice: as people see it, sources[0].jira.url, and as the
// key table has it, sources[].jira.url.
type path struct{ text, table string }

func (p path) key(k string) path { return path{join(p.text, k), join(p.table, k)} }
func (p path) index(i int) path  { return path{fmt.Sprintf("%s[%d]", p.text, i), p.table + "[]"} }
func (p path) member(k string) path {
	return path{join(p.text, k), p.table + ".*"}
}

// problem reports something wrong with the value at a path, or with the
// nearest thing around it that is in the file.
func (d *decoder) problem(path, suggestion, format string, args ...any) {
	d.out.add(d.place(path, suggestion, fmt.Sprintf(format, args...)))
}

func (d *decoder) warn(path, format string, args ...any) {
	d.out.warn(d.place(path, "", fmt.Sprintf(format, args...)))
}

func (d *decoder) place(path, suggestion, message string) Problem {
	e := d.entry(path)
	at, n := e.value.pos, e.value
	if n.kind == null && e.key != nil {
		at, n = e.key.pos, e.key
	}
	return Problem{File: n.file.name, Line: at.line, Col: at.col, Path: path, Message: message, Suggestion: suggestion}
}

// entry finds the value at a path, or the nearest one around it.
func (d *decoder) entry(path string) entry {
	for {
		if e, ok := d.at[path]; ok {
			return e
		}
		path = parent(path)
	}
}

// parent cuts the last step off a path.
func parent(path string) string {
	if strings.HasSuffix(path, `"]`) {
		return path[:max(strings.LastIndex(path, `["`), 0)]
	}
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// wrong reports a problem of one node.
func (d *decoder) wrong(n *node, p path, format string, args ...any) {
	d.out.add(Problem{File: n.file.name, Line: n.pos.line, Col: n.pos.col, Path: p.text, Message: fmt.Sprintf(format, args...), unread: true})
}

// value decodes n into v.
func (d *decoder) value(n *node, p path, v reflect.Value) {
	if n.kind == broken {
		return
	}
	if d.count++; d.count > maxNodes {
		if d.count == maxNodes+1 {
			d.wrong(n, p, "the file grows to more than %d values as its aliases are followed", maxNodes)
		}
		return
	}
	if t, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.textual(n, p, v.Type(), t)
		return
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d.duration(n, p, v)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, p, v.Elem())
	case reflect.Struct:
		d.structure(n, p, v)
	case reflect.Map:
		d.mapping(n, p, v)
	case reflect.Slice:
		d.list(n, p, v)
	case reflect.Interface:
		if x := d.free(n, p); x != nil {
			v.Set(reflect.ValueOf(x))
		}
	default:
		d.scalar(n, p, v)
	}
}

// structure decodes a mapping into a struct.
func (d *decoder) structure(n *node, p path, v reflect.Value) {
	if n.kind != mapping {
		d.wrong(n, p, "want a mapping, got %s", n.describe())
		return
	}
	fields := fieldsOf(v.Type())
	known, given := names(fields), map[string]*node{}
	for _, e := range n.entries {
		if !slices.Contains(known, e.key.text) {
			d.unknown(e.key, p, known)
			continue
		}
		d.at[p.key(e.key.text).text] = e
		if e.value.kind != null {
			given[e.key.text] = e.value
		}
	}
	for _, f := range fields {
		d.field(n, p, v, f, given)
	}
}

// unknown reports a key that nothing reads.
func (d *decoder) unknown(k *node, p path, known []string) {
	s := didYouMean(k.text, known)
	message := "unknown key"
	switch {
	case slices.Contains(known, k.text+"_env"):
		message, s = "a secret is not written into this file", fmt.Sprintf("use %s_file or %s_env", k.text, k.text)
	case s == "":
		message += "; known here: " + strings.Join(known, ", ")
	}
	d.out.add(Problem{File: k.file.name, Line: k.pos.line, Col: k.pos.col, Path: p.key(k.text).text, Message: message, Suggestion: s})
}

// field decodes one field of a struct: from its key, or from its default.
func (d *decoder) field(n *node, p path, v reflect.Value, f field, given map[string]*node) {
	target := v.FieldByIndex(f.index)
	if f.secret {
		d.secret(n, p, f.name, given, target.Addr().Interface().(*connectors.Secret))
		return
	}
	at, raw := p.key(f.name), target.Type() == reflect.TypeFor[*node]()
	if d.at[at.text].value != nil && d.at[at.text].value.kind == broken {
		return
	}
	k := d.rules(at)
	switch value := given[f.name]; {
	case value != nil && raw:
		target.Set(reflect.ValueOf(value))
	case value != nil:
		d.value(value, at, target)
	case k.required:
		d.missing(n, at)
	case k.def != "":
		d.value(d.defaultNode(n, k.def), at, target)
	case target.Kind() == reflect.Struct && !textual(target.Type()):
		d.structure(&node{kind: mapping, file: n.file, pos: d.entryPos(at, n)}, at, target)
	}
}

// missing reports a required key that is absent or empty.
func (d *decoder) missing(n *node, p path) {
	message := "required key is missing"
	if _, ok := d.at[p.text]; ok {
		message = "needs a value"
		d.problem(p.text, "", "%s", message)
		return
	}
	d.wrong(n, p, "%s", message)
}

func (d *decoder) entryPos(p path, n *node) pos {
	if e, ok := d.at[p.text]; ok {
		return e.key.pos
	}
	return n.pos
}

// rules are what the key table says of a path. The policy checks itself and
// has defaults of its own.
func (d *decoder) rules(p path) key {
	if strings.HasPrefix(p.table, "policy.") {
		return key{}
	}
	return d.keys[p.table]
}

// defaultNode is a default's text as it would stand in the file.
func (d *decoder) defaultNode(near *node, def string) *node {
	n := read("default", []byte(def), d.out)
	n.file, n.pos = near.file, near.pos
	return n
}

// free decodes a value whose type is left open: text, a number, true or false,
// or a list of these.
func (d *decoder) free(n *node, p path) any {
	switch n.kind {
	case text:
		return n.text
	case boolean:
		return strings.EqualFold(n.text, "true")
	case number:
		var f float64
		d.float(n, p, reflect.ValueOf(&f).Elem())
		return f
	case list:
		out := []any{}
		for i, item := range n.items {
			out = append(out, d.free(item, p.index(i)))
		}
		return out
	}
	d.wrong(n, p, "want text, a number or a list, got %s", n.describe())
	return nil
}

// mapping decodes a mapping into a Go map.
func (d *decoder) mapping(n *node, p path, v reflect.Value) {
	if n.kind != mapping {
		d.wrong(n, p, "want a mapping, got %s", n.describe())
		return
	}
	t := v.Type()
	v.Set(reflect.MakeMap(t))
	for _, e := range n.entries {
		at := p.member(e.key.text)
		d.at[at.text] = e
		k, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		if !d.mapKey(e.key, at, k) {
			continue
		}
		if e.value.kind == null {
			d.problem(at.text, "", "needs a value")
			continue
		}
		d.value(e.value, at, value)
		v.SetMapIndex(k, value)
	}
}

// mapKey decodes a key of a Go map.
func (d *decoder) mapKey(n *node, p path, k reflect.Value) bool {
	before := len(d.out.problems)
	switch _, isText := k.Addr().Interface().(encoding.TextUnmarshaler); {
	case isText || k.Kind() == reflect.Int:
		d.value(n, p, k)
	default:
		k.SetString(n.text)
	}
	return len(d.out.problems) == before
}

// list decodes a list into a slice.
func (d *decoder) list(n *node, p path, v reflect.Value) {
	switch n.kind {
	case list:
	case text, number:
		d.wrong(n, p, "want a list, got %s; write [%s]", n.describe(), shorten(n.text))
		return
	default:
		d.wrong(n, p, "want a list, got %s", n.describe())
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	for i, item := range n.items {
		at := p.index(i)
		d.at[at.text] = entry{value: item}
		if item.kind == null {
			d.wrong(item, at, "needs a value")
			continue
		}
		d.value(item, at, v.Index(i))
	}
}

// field is one key of a struct.
type field struct {
	name   string
	index  []int
	secret bool // read from name_file or name_env
}

// fieldsOf lists the keys of a struct type in the order of its fields.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			for _, in := range fieldsOf(f.Type) {
				in.index = append([]int{i}, in.index...)
				out = append(out, in)
			}
		case name != "" && name != "-":
			out = append(out, field{name: name, index: []int{i}, secret: option == "secret"})
		}
	}
	return out
}

// names lists what the keys of the fields are called in the file.
func names(fields []field) []string {
	var out []string
	for _, f := range fields {
		if f.secret {
			out = append(out, f.name+"_file", f.name+"_env")
			continue
		}
		out = append(out, f.name)
	}
	return out
}

// textual reports whether a type is written as text.
func textual(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func quoteAll(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
