package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// A node is one YAML value with its place. Anchors, aliases and merge keys are
// resolved: nodes may be shared, so they are never changed after reading.
type node struct {
	kind kind
	file *file
	pos  pos
	// text is a scalar's value; for numbers and booleans as written.
	text    string
	style   style
	entries []entry // of a mapping, in order
	items   []*node // of a list
}

type entry struct{ key, value *node }

// pos is a place in a file: line and column count from 1, the column in
// characters.
type pos struct{ line, col int }

type kind uint8

const (
	null kind = iota
	text
	number
	boolean
	mapping
	list
	broken // could not be read and was reported
)

func (k kind) String() string {
	return [...]string{"nothing", "text", "a number", "true or false", "a mapping", "a list", "something unreadable"}[k]
}

// style is how a text is written, which decides where its characters are.
type style uint8

const (
	plain style = iota
	single
	double
	literal
	folded
)

// file is one file that nodes come from.
type file struct {
	name  string
	lines []string
}

// get returns the entry with the given key.
func (n *node) get(key string) (entry, bool) {
	for _, e := range n.entries {
		if e.key.text == key {
			return e, true
		}
	}
	return entry{}, false
}

// describe says what the node holds, for messages about a wrong type.
func (n *node) describe() string {
	switch n.kind {
	case text:
		return fmt.Sprintf("the text %q", shorten(n.text))
	case number, boolean:
		return fmt.Sprintf("%s %s", map[kind]string{number: "the number", boolean: "the boolean"}[n.kind], shorten(n.text))
	}
	return n.kind.String()
}

// shorten keeps messages on one line of bearable length.
func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "..."
	}
	return s
}

// A reader turns the syntax tree of one document into nodes.
type reader struct {
	file    *file
	out     *collector
	anchors map[string]*node
}

func (r *reader) at(t *token.Token) pos {
	if t == nil || t.Position == nil {
		return pos{1, 1}
	}
	return pos{max(t.Position.Line, 1), max(t.Position.Column, 1)}
}

func (r *reader) problem(n ast.Node, path, format string, args ...any) {
	p := r.at(n.GetToken())
	r.out.add(Problem{File: r.file.name, Line: p.line, Col: p.col, Path: path, Message: fmt.Sprintf(format, args...)})
}

// value reads any node. path names it in messages.
func (r *reader) value(n ast.Node, path string) *node {
	if n == nil {
		return &node{kind: null, file: r.file, pos: pos{1, 1}}
	}
	out := &node{file: r.file, pos: r.at(n.GetToken()), text: n.GetToken().Value}
	switch n := n.(type) {
	case *ast.NullNode:
		out.kind = null
	case *ast.BoolNode:
		out.kind = boolean
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.kind = number
	case *ast.StringNode:
		out.kind, out.text, out.style = text, n.Value, quoting(n.Token)
	case *ast.LiteralNode:
		out.kind, out.text, out.style = text, n.Value.Value, blockStyle(n.Start.Value)
	case *ast.SequenceNode:
		out.kind, out.items = list, r.items(n, path)
	case *ast.MappingNode:
		r.mapping(out, n.Values, path)
	case *ast.MappingValueNode:
		r.mapping(out, []*ast.MappingValueNode{n}, path)
	case *ast.AnchorNode:
		v := r.value(n.Value, path)
		r.anchors[n.Name.GetToken().Value] = v
		return v
	case *ast.AliasNode:
		return r.alias(n, path)
	case *ast.TagNode:
		return r.tagged(n, path)
	default:
		r.problem(n, path, "this form of YAML is not used here")
		out.kind = broken
	}
	return out
}

func quoting(t *token.Token) style {
	switch t.Type {
	case token.SingleQuoteType:
		return single
	case token.DoubleQuoteType:
		return double
	}
	return plain
}

func blockStyle(mark string) style {
	if strings.HasPrefix(mark, ">") {
		return folded
	}
	return literal
}

func (r *reader) items(n *ast.SequenceNode, path string) []*node {
	var out []*node
	for i, v := range n.Values {
		out = append(out, r.value(v, fmt.Sprintf("%s[%d]", path, i)))
	}
	return out
}

func (r *reader) alias(n *ast.AliasNode, path string) *node {
	name := n.Value.GetToken().Value
	if v, ok := r.anchors[name]; ok {
		return v
	}
	r.problem(n, path, "unknown anchor %q", name)
	return &node{kind: broken, file: r.file, pos: r.at(n.GetToken())}
}

// tagged reads a value with a type tag. Only !!str means something here: it
// makes a text of what follows.
func (r *reader) tagged(n *ast.TagNode, path string) *node {
	v := r.value(n.Value, path)
	if tag := n.GetToken().Value; tag != "!!str" {
		r.problem(n, path, "the tag %s is not used here", tag)
		return &node{kind: broken, file: r.file, pos: v.pos}
	}
	switch v.kind {
	case number, boolean:
		s := *v
		s.kind = text
		return &s
	}
	return v
}

// mapping reads entries. A key given here wins over a merged one, an earlier
// merge over a later one.
func (r *reader) mapping(out *node, values []*ast.MappingValueNode, path string) {
	out.kind = mapping
	first := map[string]*node{}
	var merged []entry
	for i, v := range values {
		if i == 0 && out.text != "{" {
			out.pos = r.at(v.Key.GetToken())
		}
		if v.Key.IsMergeKey() {
			merged = append(merged, r.merge(v, path)...)
			continue
		}
		if key, ok := r.key(v.Key, path); ok {
			if old, dup := first[key.text]; dup {
				r.problem(v.Key, join(path, key.text), "the key is given twice, first in line %d", old.pos.line)
				continue
			}
			first[key.text] = key
			out.entries = append(out.entries, entry{key, r.value(v.Value, join(path, key.text))})
		}
	}
	for _, e := range merged {
		if _, ok := first[e.key.text]; !ok {
			first[e.key.text] = e.key
			out.entries = append(out.entries, e)
		}
	}
}

// merge reads the value of a merge key: a mapping or a list of mappings.
func (r *reader) merge(v *ast.MappingValueNode, path string) []entry {
	from := r.value(v.Value, path)
	var out []entry
	for _, n := range slices.Concat([]*node{from}, from.items) {
		out = append(out, n.entries...)
	}
	if len(out) == 0 && from.kind != mapping && from.kind != broken {
		r.problem(v.Value, path, "<< needs a mapping to merge, not %s", from.describe())
	}
	return out
}

// key reads a mapping's key, which must be a scalar.
func (r *reader) key(k ast.MapKeyNode, path string) (*node, bool) {
	n := r.value(k, path)
	switch n.kind {
	case broken:
		return nil, false
	case mapping, list:
		r.problem(k, path, "a key must be a single word")
		return nil, false
	}
	return n, true
}
