package jiratest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// timeClause handles dates. A quoted date has the precision of a minute in the
// account's zone, an unquoted number is epoch milliseconds.
func (c *compiler) timeClause(f jqlField, cl clause) (pred, error) {
	if strings.Contains("= != < <= > >=", cl.op) && len(cl.values) == 1 && !cl.list {
		from, width, err := c.instant(cl, cl.values[0])
		if err != nil {
			if c.lenient {
				return none, nil
			}
			return nil, err
		}
		return timePred(f, cl.op, from, width, c.s.traps().MinutePrecision), nil
	}
	if cl.op != "in" && cl.op != "not in" {
		return nil, jqlErr(msgBadOp, cl.op, cl.field)
	}
	var parts []pred
	for _, v := range cl.values {
		from, width, err := c.instant(cl, v)
		if err != nil {
			return nil, err
		}
		parts = append(parts, timePred(f, "=", from, width, false))
	}
	want := cl.op == "in"
	return func(i *issue) bool {
		hit := slices.ContainsFunc(parts, func(p pred) bool { return p(i) })
		return !f.time(i).IsZero() && hit == want
	}, nil
}

// timePred compares with the span that an operand names: an instant, or the
// minute or day of a text.
func timePred(f jqlField, op string, from time.Time, width time.Duration, coarse bool) pred {
	if coarse {
		from = from.Truncate(time.Minute)
	}
	return func(i *issue) bool {
		t := f.time(i)
		if t.IsZero() {
			return false
		}
		if coarse {
			t = t.Truncate(time.Minute)
		}
		switch op {
		case "=":
			return !t.Before(from) && (t.Before(from.Add(width)) || t.Equal(from))
		case "!=":
			return t.Before(from) || !t.Before(from.Add(width)) && !t.Equal(from)
		}
		return compareOp(op, t.Compare(from))
	}
}

// instant resolves a date operand. width is the span that "=" matches.
func (c *compiler) instant(cl clause, v operand) (time.Time, time.Duration, error) {
	if v.fn {
		return c.timeFunction(v)
	}
	if v.empty {
		return time.Time{}, 0, jqlErr(msgBadOp, cl.op, cl.field)
	}
	if !v.quoted {
		if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
			return time.UnixMilli(n), time.Millisecond, nil
		}
	}
	if d, ok := parsePeriod(v.text); ok {
		c.timed = true
		return c.now.Add(d), time.Minute, nil
	}
	for _, layout := range []string{"2006/01/02 15:04", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, v.text, c.zone); err == nil {
			return t, time.Minute, nil
		}
	}
	for _, layout := range []string{"2006/01/02", "2006-01-02", "2006/1/2", "2006-1-2"} {
		if t, err := time.ParseInLocation(layout, v.text, c.zone); err == nil {
			return t, 24 * time.Hour, nil
		}
	}
	return time.Time{}, 0, jqlErr(msgBadDate, v.text, cl.field)
}

func (c *compiler) timeFunction(v operand) (time.Time, time.Duration, error) {
	c.timed = true
	y, m, d := c.now.In(c.zone).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, c.zone)
	var off time.Duration
	if len(v.args) == 1 {
		var ok bool
		if off, ok = parsePeriod(v.args[0]); !ok {
			return time.Time{}, 0, jqlErr(msgBadFunction, v.text, v.args[0])
		}
	}
	switch v.text {
	case "now":
		return c.now, time.Minute, nil
	case "startofday":
		return day.Add(off), time.Minute, nil
	case "endofday":
		return day.AddDate(0, 0, 1).Add(off - time.Millisecond), time.Minute, nil
	}
	return time.Time{}, 0, jqlErr(msgBadFunction, v.text, strings.Join(v.args, ", "))
}

// parsePeriod reads -5d, 4w 2d, -90 (minutes).
func parsePeriod(s string) (time.Duration, bool) {
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	if s == "" {
		return 0, false
	}
	var total time.Duration
	for _, part := range strings.Fields(s) {
		unit := time.Minute
		switch part[len(part)-1] {
		case 'w':
			unit = 7 * 24 * time.Hour
		case 'd':
			unit = 24 * time.Hour
		case 'h':
			unit = time.Hour
		case 'm':
		default:
			part += "m"
		}
		n, err := strconv.ParseInt(part[:len(part)-1], 10, 32)
		if err != nil || n < 0 {
			return 0, false
		}
		total += time.Duration(n) * unit
	}
	if neg {
		total = -total
	}
	return total, true
}
