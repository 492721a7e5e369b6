package jiratest

import (
	"errors"
	"strconv"
	"strings"
)

// parse is POST jql/parse: the structure of queries, or what is wrong.
func (c *call) parse() reply {
	var q struct {
		Queries []string `json:"queries"`
	}
	if rep := c.decode(&q); rep != nil {
		return *rep
	}
	mode := c.q.Get("validation")
	if mode != "strict" && mode != "warn" && mode != "none" {
		return c.message(400, msgBadValue, "validation")
	}
	w := c.writer()
	w.obj()
	w.key("queries")
	w.arr()
	for _, text := range q.Queries {
		c.parseOne(w, text, mode)
	}
	w.endArr()
	w.end()
	return ok(w)
}

func (c *call) parseOne(w *writer, text, mode string) {
	w.obj()
	w.kstr("query", text)
	defer w.end()
	q, err := parseJQL(text)
	if err == nil && mode != "none" {
		err = c.validate(q)
		if err != nil && mode == "warn" {
			w.key("warnings")
			w.strs([]string{c.wording(err)})
			err = nil
		}
	}
	if err != nil {
		w.key("errors")
		w.strs([]string{c.wording(err)})
		return
	}
	w.key("structure")
	w.obj()
	if q.where != nil {
		w.key("where")
		c.nodeObject(w, q.where)
	}
	if q.order != nil {
		c.orderObject(w, q.order)
	}
	w.end()
}

// validate compiles a query without running it.
func (c *call) validate(q *query) error {
	comp := &compiler{s: c.s, now: c.now, user: c.user, zone: c.s.accountZone(c.user), lenient: c.user == nil}
	if _, err := comp.where(q); err != nil {
		return err
	}
	_, err := comp.order(q.order)
	return err
}

func (c *call) wording(err error) string {
	if e, ok := errors.AsType[*jqlError](err); ok {
		return c.s.text(e.id, e.args...)
	}
	return err.Error()
}

func (c *call) nodeObject(w *writer, n *node) {
	w.obj()
	defer w.end()
	if n.join != "" {
		w.key("clauses")
		w.arr()
		for _, sub := range n.nodes {
			c.nodeObject(w, sub)
		}
		w.endArr()
		w.kstr("operator", n.join)
		return
	}
	fieldObject(w, n.clause.field)
	w.kstr("operator", n.clause.op)
	w.key("operand")
	if !n.clause.list {
		operandObject(w, n.clause.values[0])
		return
	}
	w.obj()
	w.key("values")
	w.arr()
	var encoded []string
	for _, v := range n.clause.values {
		operandObject(w, v)
		encoded = append(encoded, v.encoded())
	}
	w.endArr()
	w.kstr("encodedOperand", "("+strings.Join(encoded, ", ")+")")
	w.end()
}

func fieldObject(w *writer, name string) {
	w.key("field")
	w.obj()
	w.kstr("name", name)
	w.kstr("encodedName", name)
	w.end()
}

func (v operand) encoded() string {
	switch {
	case v.empty:
		return "EMPTY"
	case v.fn:
		return v.text + "(" + strings.Join(v.args, ", ") + ")"
	case v.quoted:
		return strconv.Quote(v.text)
	}
	return v.text
}

func operandObject(w *writer, v operand) {
	w.obj()
	switch {
	case v.empty:
		w.kstr("keyword", "empty")
		w.kstr("encodedOperand", "EMPTY")
	case v.fn:
		w.kstr("function", v.text)
		w.key("arguments")
		w.strs(v.args)
		w.kstr("encodedOperand", v.encoded())
	default:
		w.kstr("value", v.text)
		w.kstr("encodedValue", v.encoded())
	}
	w.end()
}

func (c *call) orderObject(w *writer, order []orderField) {
	w.key("orderBy")
	w.obj()
	w.key("fields")
	w.arr()
	for _, o := range order {
		w.obj()
		fieldObject(w, o.field)
		w.kstr("direction", map[bool]string{true: "desc", false: "asc"}[o.desc])
		w.end()
	}
	w.endArr()
	w.end()
}
