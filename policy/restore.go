package policy

import (
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// restore makes a run in which every input has the value that d recorded. What
// was not recorded in full comes from i.
func (p *Policy) restore(d *Decision, i *issue.Issue) *run {
	if i == nil {
		i = &issue.Issue{}
	}
	r := p.begin(Input{Issue: i, Now: d.At, Memory: Memory{Lane: presentLane(d)}})
	for _, k := range p.readings {
		if text, ok := d.byPath(p.cells[k].path); ok {
			r.restore(k, text)
		}
	}
	for _, v := range d.Pillars {
		for k := range p.pillars {
			if p.pillars[k].name == v.Name {
				p.pillars[k].publish(r, v)
			}
		}
	}
	r.score, r.effort = types.Double(d.Score), types.Double(d.Effort)
	return r
}

func (r *run) restore(k int, text string) {
	now := r.slot(k)
	if r.reading(k) == text {
		return
	}
	if text == noValue || text == staleValue {
		// An estimate without a value still reads as 0.
		if now.v == nil || now.v.Type() != types.DoubleType || r.cells[k].kind != fieldCell {
			now.v = nil
		} else {
			now.v = types.Double(0)
		}
		now.state = absent
		return
	}
	if v := parseReading(r.cells[k], now.v, text); v != nil {
		r.set(k, v)
	}
}

// parseReading reads what valueText wrote; nil where the text is not the whole
// value. A custom field has the type that it has now, else the one that the
// text looks like.
func parseReading(c cell, now ref.Val, text string) ref.Val {
	if strings.HasSuffix(text, shortened) {
		return nil
	}
	kind := c.typ.Kind()
	if kind == types.DynKind && now != nil {
		kind = now.Type().(*types.Type).Kind()
	}
	switch kind {
	case types.StringKind:
		return types.String(text)
	case types.DoubleKind, types.DynKind:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return types.Double(f)
		}
		if kind == types.DynKind {
			return types.String(text)
		}
	case types.IntKind:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return types.Int(n)
		}
	case types.BoolKind:
		return types.Bool(text == "true")
	case types.TimestampKind:
		if t, err := time.Parse(timeLayout, text); err == nil {
			return types.Timestamp{Time: t}
		}
	case types.ListKind:
		return parseList(c, text)
	}
	return nil
}

// parseList reads a list of texts; links and customers are not recorded whole.
func parseList(c cell, text string) ref.Val {
	if params := c.typ.Parameters(); len(params) == 1 && params[0].Kind() == types.StructKind {
		return nil
	}
	if text == "" {
		return stringList(nil)
	}
	return stringList(strings.Split(text, ", "))
}
