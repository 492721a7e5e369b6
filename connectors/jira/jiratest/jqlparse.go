package jiratest

import "strings"

// The tree of a query. A node is exactly one of: a list of nodes joined by
// "and" or "or", a negated node, a clause.
type node struct {
	join   string // "and", "or", "not", or "" for a clause
	nodes  []*node
	clause clause
}

type clause struct {
	field  string
	op     string // = != ~ !~ < <= > >= in "not in" is "is not"
	values []operand
	list   bool
}

// operand is one value: quoted, a word, EMPTY, or a function call.
type operand struct {
	text   string
	quoted bool
	empty  bool
	fn     bool
	args   []string
}

type orderField struct {
	field string
	desc  bool
}

type query struct {
	where *node
	order []orderField
}

// maxDepth bounds the nesting of a query.
const maxDepth = 100

type parser struct {
	toks  []token
	at    int
	depth int
}

// parseJQL parses a query: a condition, an order, both or nothing.
func parseJQL(q string) (*query, error) {
	toks, err := lex(q)
	if err != nil {
		return nil, err
	}
	p := &parser{toks: toks}
	out := &query{}
	if !p.peek().is("order") && p.peek().kind != tokEnd {
		if out.where, err = p.or(); err != nil {
			return nil, err
		}
	}
	if p.peek().is("order") {
		if out.order, err = p.orderBy(); err != nil {
			return nil, err
		}
	}
	if t := p.peek(); t.kind != tokEnd {
		return nil, jqlErr(msgExpectEnd, t.text, t.pos+1)
	}
	return out, nil
}

func (p *parser) peek() token { return p.toks[p.at] }

func (p *parser) next() token {
	t := p.toks[p.at]
	if t.kind != tokEnd {
		p.at++
	}
	return t
}

func (p *parser) accept(kind tokenKind, text string) bool {
	if t := p.peek(); t.kind == kind && strings.EqualFold(t.text, text) {
		p.at++
		return true
	}
	return false
}

func (p *parser) or() (*node, error) {
	return p.joined("or", "||", "|", func() (*node, error) { return p.joined("and", "&&", "&", p.not) })
}

// joined parses one or more parts with the joining word between them.
func (p *parser) joined(word, sym, short string, part func() (*node, error)) (*node, error) {
	n, err := part()
	if err != nil {
		return nil, err
	}
	list := []*node{n}
	for p.accept(tokWord, word) || p.accept(tokOp, sym) || p.accept(tokOp, short) {
		if n, err = part(); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return &node{join: word, nodes: list}, nil
}

func (p *parser) not() (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, jqlErr(msgTooDeep)
	}
	defer func() { p.depth-- }()
	if p.accept(tokWord, "not") || p.accept(tokOp, "!") {
		n, err := p.not()
		if err != nil {
			return nil, err
		}
		return &node{join: "not", nodes: []*node{n}}, nil
	}
	if !p.accept(tokPunct, "(") {
		return p.parseClause()
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.accept(tokPunct, ")") {
		t := p.peek()
		return nil, jqlErr(msgExpectParen, t.text, t.pos+1)
	}
	return n, nil
}

func (p *parser) parseClause() (*node, error) {
	field, err := p.field()
	if err != nil {
		return nil, err
	}
	op, err := p.operator()
	if err != nil {
		return nil, err
	}
	c := clause{field: field, op: op}
	if op == "in" || op == "not in" {
		c.values, c.list, err = p.valueList()
	} else {
		var v operand
		v, err = p.value()
		c.values = []operand{v}
	}
	if err != nil {
		return nil, err
	}
	return &node{clause: c}, nil
}

// field reads a field name; cf[123] comes out as customfield_123.
func (p *parser) field() (string, error) {
	t := p.next()
	switch {
	case t.kind == tokText:
		return t.text, nil
	case t.is("cf"):
		if !p.accept(tokPunct, "[") {
			break
		}
		n := p.next()
		if !p.accept(tokPunct, "]") {
			break
		}
		return "customfield_" + n.text, nil
	case t.kind == tokWord && !isReserved(t.text):
		return t.text, nil
	}
	return "", jqlErr(msgExpectField, t.text, t.pos+1)
}

func (p *parser) operator() (string, error) {
	t := p.next()
	switch {
	case t.kind == tokOp && t.text != "!" && t.text[0] != '&' && t.text[0] != '|':
		return t.text, nil
	case t.is("in"):
		return "in", nil
	case t.is("not") && p.accept(tokWord, "in"):
		return "not in", nil
	case t.is("is"):
		if p.accept(tokWord, "not") {
			return "is not", nil
		}
		return "is", nil
	}
	return "", jqlErr(msgExpectOp, t.text, t.pos+1)
}

// valueList reads the operand of IN: a list in parentheses or a function.
func (p *parser) valueList() ([]operand, bool, error) {
	if !p.accept(tokPunct, "(") {
		v, err := p.value()
		if err == nil && !v.fn {
			err = jqlErr(msgNeedsList, v.text)
		}
		return []operand{v}, false, err
	}
	var out []operand
	for {
		v, err := p.value()
		if err != nil {
			return nil, false, err
		}
		out = append(out, v)
		if p.accept(tokPunct, ",") {
			continue
		}
		if p.accept(tokPunct, ")") {
			return out, true, nil
		}
		t := p.peek()
		return nil, false, jqlErr(msgExpectParen, t.text, t.pos+1)
	}
}

func (p *parser) value() (operand, error) {
	t := p.next()
	switch {
	case t.kind == tokText:
		return operand{text: t.text, quoted: true}, nil
	case t.is("empty") || t.is("null"):
		return operand{empty: true}, nil
	case t.kind == tokWord && p.accept(tokPunct, "("):
		args, err := p.args()
		return operand{text: strings.ToLower(t.text), fn: true, args: args}, err
	case t.kind == tokWord && isReserved(t.text):
		return operand{}, jqlErr(msgReservedWord, t.text, t.pos+1)
	case t.kind == tokWord:
		return operand{text: t.text}, nil
	}
	return operand{}, jqlErr(msgExpectValue, t.text, t.pos+1)
}

func (p *parser) args() ([]string, error) {
	var out []string
	for !p.accept(tokPunct, ")") {
		t := p.next()
		if t.kind != tokWord && t.kind != tokText {
			return nil, jqlErr(msgExpectParen, t.text, t.pos+1)
		}
		out = append(out, t.text)
		p.accept(tokPunct, ",")
	}
	return out, nil
}

func (p *parser) orderBy() ([]orderField, error) {
	p.next()
	if !p.accept(tokWord, "by") {
		t := p.peek()
		return nil, jqlErr(msgExpectBy, t.text, t.pos+1)
	}
	var out []orderField
	for {
		f, err := p.field()
		if err != nil {
			return nil, err
		}
		o := orderField{field: f}
		if p.accept(tokWord, "desc") {
			o.desc = true
		} else {
			p.accept(tokWord, "asc")
		}
		out = append(out, o)
		if !p.accept(tokPunct, ",") {
			return out, nil
		}
	}
}
