package jiratest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pred tells whether an issue fulfils a condition.
type pred func(*issue) bool

// compiler turns a query's tree into a pred, under the world's read lock.
type compiler struct {
	s    *Server
	now  time.Time
	user *User
	zone *time.Location
	// lenient turns an unknown value into one that nothing has, as for
	// anonymous callers and validateQuery=none.
	lenient bool
	// timed is set when the meaning depends on the present time.
	timed bool
}

func none(*issue) bool { return false }

// compile builds the condition; neg negates it. Negation moves down to the
// clauses, so that NOT labels = x leaves out issues without labels, as
// labels != x does.
func (c *compiler) compile(n *node, neg bool) (pred, error) {
	if n.join == "" {
		return c.clause(n.clause, neg)
	}
	if n.join == "not" {
		return c.compile(n.nodes[0], !neg)
	}
	parts := make([]pred, len(n.nodes))
	for i, sub := range n.nodes {
		var err error
		if parts[i], err = c.compile(sub, neg); err != nil {
			return nil, err
		}
	}
	if (n.join == "and") != neg {
		return func(i *issue) bool {
			for _, p := range parts {
				if !p(i) {
					return false
				}
			}
			return true
		}, nil
	}
	return func(i *issue) bool {
		for _, p := range parts {
			if p(i) {
				return true
			}
		}
		return false
	}, nil
}

func negateOp(op string) string {
	switch op {
	case "=":
		return "!="
	case "!=":
		return "="
	case "~":
		return "!~"
	case "!~":
		return "~"
	case "in":
		return "not in"
	case "not in":
		return "in"
	case "is":
		return "is not"
	case "is not":
		return "is"
	case "<":
		return ">="
	case "<=":
		return ">"
	case ">":
		return "<="
	}
	return "<"
}

func (c *compiler) clause(cl clause, neg bool) (pred, error) {
	if neg {
		cl.op = negateOp(cl.op)
	}
	f, err := c.s.jqlField(cl.field)
	if err != nil {
		if c.lenient {
			return none, nil
		}
		return nil, err
	}
	if isEmptyOp(cl) {
		return emptyClause(f, cl)
	}
	switch f.kind {
	case kindKey:
		return c.keyClause(f, cl)
	case kindTime:
		return c.timeClause(f, cl)
	case kindText:
		return textClause(f, cl)
	case kindNumber:
		return numberClause(f, cl)
	case kindPriority:
		if strings.ContainsAny(cl.op, "<>") {
			return c.priorityRange(f, cl)
		}
	}
	return c.setClause(f, cl)
}

// isEmptyOp reports a comparison with EMPTY, also spelled = EMPTY.
func isEmptyOp(cl clause) bool {
	return cl.op == "is" || cl.op == "is not" ||
		len(cl.values) == 1 && !cl.list && cl.values[0].empty && (cl.op == "=" || cl.op == "!=")
}

func emptyClause(f jqlField, cl clause) (pred, error) {
	if len(cl.values) != 1 || !cl.values[0].empty || f.empty == nil {
		return nil, jqlErr(msgBadOp, cl.op, cl.field)
	}
	if cl.op == "is" || cl.op == "=" {
		return f.empty, nil
	}
	return func(i *issue) bool { return !f.empty(i) }, nil
}

// setClause handles = != in "not in" of fields that hold zero or more of a
// known set. A negated form leaves out issues without a value.
func (c *compiler) setClause(f jqlField, cl clause) (pred, error) {
	switch cl.op {
	case "=", "!=", "in", "not in":
	default:
		return nil, jqlErr(msgBadOp, cl.op, cl.field)
	}
	var want []string
	withEmpty := false
	for _, v := range cl.values {
		if v.empty {
			withEmpty = true
			continue
		}
		texts, err := c.resolve(f, cl.field, v)
		if err != nil {
			return nil, err
		}
		want = append(want, texts...)
	}
	if cl.op == "=" || cl.op == "in" {
		return func(i *issue) bool { return withEmpty && f.empty(i) || f.has(i, want) }, nil
	}
	return func(i *issue) bool { return !f.empty(i) && !f.has(i, want) }, nil
}

// resolve turns an operand into the texts that the field compares with, or
// refuses a value that the site does not know.
func (c *compiler) resolve(f jqlField, name string, v operand) ([]string, error) {
	if v.fn {
		return c.function(f, v)
	}
	if f.lookup == nil {
		return []string{v.text}, nil
	}
	got := f.lookup(c.s, v.text)
	if got == nil && !c.lenient {
		return nil, jqlErr(msgNoValue, v.text, name)
	}
	return got, nil
}

func (c *compiler) function(f jqlField, v operand) ([]string, error) {
	switch {
	case v.text == "currentuser" && f.kind == kindUser:
		if c.user == nil {
			return nil, nil
		}
		return []string{c.user.AccountID}, nil
	case v.text == "opensprints" && f.sprint:
		return []string{"\x00open"}, nil
	}
	return nil, jqlErr(msgBadFunction, v.text, strings.Join(v.args, ", "))
}

func (c *compiler) priorityRange(f jqlField, cl clause) (pred, error) {
	v := cl.values[0]
	p := c.s.priority(v.text)
	if p == nil {
		if c.lenient {
			return none, nil
		}
		return nil, jqlErr(msgNoValue, v.text, cl.field)
	}
	rank := c.s.rank(p)
	return func(i *issue) bool {
		// The first priority is the greatest.
		return i.prio != nil && compareOp(cl.op, rank-c.s.rank(i.prio))
	}, nil
}

// compareOp applies a relation to the sign of a comparison.
func compareOp(op string, sign int) bool {
	switch op {
	case "=":
		return sign == 0
	case "!=":
		return sign != 0
	case "<":
		return sign < 0
	case "<=":
		return sign <= 0
	case ">":
		return sign > 0
	}
	return sign >= 0
}

// keyClause handles key, issuekey, issue and id, which are one field. A range
// is a range of numbers within the project of its operand.
func (c *compiler) keyClause(f jqlField, cl clause) (pred, error) {
	ids := map[int64]bool{}
	for _, v := range cl.values {
		if strings.ContainsAny(cl.op, "<>") {
			return c.keyRange(cl, v)
		}
		r, err := c.issue(cl, v)
		if err != nil {
			return nil, err
		}
		if r != nil {
			ids[r.id] = true
		}
	}
	switch cl.op {
	case "=", "in":
		return func(i *issue) bool { return ids[i.id] }, nil
	case "!=", "not in":
		return func(i *issue) bool { return !ids[i.id] }, nil
	}
	return nil, jqlErr(msgBadOp, cl.op, cl.field)
}

func (c *compiler) issue(cl clause, v operand) (*rec, error) {
	r := c.s.find(v.text)
	if r != nil && (c.user == nil || !c.s.browse(r.cur)) {
		r = nil
	}
	if r != nil || c.lenient {
		return r, nil
	}
	if _, err := strconv.ParseInt(v.text, 10, 64); err == nil {
		return nil, jqlErr(msgNoIssueID, v.text, cl.field)
	}
	return nil, jqlErr(msgNoIssueKey, v.text, cl.field)
}

func (c *compiler) keyRange(cl clause, v operand) (pred, error) {
	var p *Project
	num := 0
	if r := c.s.find(v.text); r != nil {
		p, num = r.cur.proj, r.cur.num
	} else if prefix, n, ok := strings.Cut(v.text, "-"); ok && !c.s.traps().StrictKeyRange {
		p = c.s.project(strings.ToUpper(prefix))
		num, _ = strconv.Atoi(n)
	}
	if p == nil {
		if c.lenient {
			return none, nil
		}
		_, err := c.issue(cl, v)
		if err == nil {
			err = jqlErr(msgNoIssueKey, v.text, cl.field)
		}
		return nil, err
	}
	return func(i *issue) bool { return i.proj == p && compareOp(cl.op, cmp.Compare(i.num, num)) }, nil
}

func textClause(f jqlField, cl clause) (pred, error) {
	if cl.op != "~" && cl.op != "!~" || len(cl.values) != 1 {
		return nil, jqlErr(msgBadOp, cl.op, cl.field)
	}
	words := strings.Fields(strings.ToLower(strings.Trim(cl.values[0].text, `"`)))
	want := cl.op == "~"
	return func(i *issue) bool { return f.match(i, words) == want }, nil
}

func numberClause(f jqlField, cl clause) (pred, error) {
	var want []float64
	for _, v := range cl.values {
		n, err := strconv.ParseFloat(v.text, 64)
		if err != nil {
			return nil, jqlErr(msgNoValue, v.text, cl.field)
		}
		want = append(want, n)
	}
	switch cl.op {
	case "in", "not in":
		return func(i *issue) bool {
			n, ok := f.number(i)
			return ok && slices.Contains(want, n) == (cl.op == "in")
		}, nil
	case "~", "!~":
		return nil, jqlErr(msgBadOp, cl.op, cl.field)
	}
	return func(i *issue) bool {
		n, ok := f.number(i)
		return ok && compareOp(cl.op, cmp.Compare(n, want[0]))
	}, nil
}
