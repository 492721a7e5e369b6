package config

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/linear"
	"github.com/lanekeeper/lanekeeper/internal/alert"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/signal"
)

// choices are the values that a type allows, or nil for any.
func choices(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[Mode]():
		return []string{"observe", "suggest", "enforce"}
	case reflect.TypeFor[Event]():
		return eventNames()
	case reflect.TypeFor[alert.Severity]():
		return severityNames()
	case reflect.TypeFor[issue.Priority]():
		return []string{"urgent", "high", "medium", "low", "none"}
	case reflect.TypeFor[issue.Kind]():
		return []string{"bug", "story", "task", "epic", "incident", "other"}
	case reflect.TypeFor[issue.Category]():
		return []string{"triage", "backlog", "unstarted", "started", "completed", "canceled"}
	case reflect.TypeFor[issue.LinkType]():
		return []string{"blocks", "blocked_by", "duplicates", "duplicated_by", "relates_to"}
	case reflect.TypeFor[jira.Flavor]():
		return []string{"cloud", "datacenter"}
	case reflect.TypeFor[linear.Dates]():
		return []string{"due", "sla", "none"}
	case reflect.TypeFor[signal.By]():
		return []string{"issue", "component", "customer"}
	}
	return nil
}

// chosen checks a text against the choices of its type.
func (d *decoder) chosen(n *node, p path, t reflect.Type) bool {
	allowed := choices(t)
	if allowed == nil {
		return true
	}
	for _, c := range allowed {
		if c == n.text {
			return true
		}
	}
	d.out.add(Problem{File: n.file.name, Line: n.pos.line, Col: n.pos.col, Path: p.text,
		Message: fmt.Sprintf("%q is not one of %s", shorten(n.text), quoteAll(allowed)), Suggestion: didYouMean(n.text, allowed)})
	return false
}

// wantText reports a node that is no text.
func (d *decoder) wantText(n *node, p path) bool {
	switch n.kind {
	case text:
		return true
	case number, boolean:
		d.wrong(n, p, "want text, got %s; put it in quotes: %q", n.describe(), shorten(n.text))
	default:
		d.wrong(n, p, "want text, got %s", n.describe())
	}
	return false
}

// textual decodes a type that reads itself from text.
func (d *decoder) textual(n *node, p path, t reflect.Type, v encoding.TextUnmarshaler) {
	if !d.wantText(n, p) || !d.chosen(n, p, t) {
		return
	}
	if err := v.UnmarshalText([]byte(n.text)); err != nil {
		d.wrong(n, p, "%s", err)
	}
}

// scalar decodes a text, number or truth value.
func (d *decoder) scalar(n *node, p path, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if d.wantText(n, p) && d.chosen(n, p, v.Type()) && d.formed(n, p) {
			v.SetString(n.text)
		}
	case reflect.Bool:
		if n.kind != boolean {
			d.wrong(n, p, "want true or false, got %s", n.describe())
			return
		}
		v.SetBool(strings.EqualFold(n.text, "true"))
	case reflect.Int:
		d.whole(n, p, v)
	case reflect.Float64:
		d.float(n, p, v)
	default:
		panic(fmt.Sprintf("config: %s has the type %s, which the decoder does not know", p.table, v.Type()))
	}
}

func (d *decoder) whole(n *node, p path, v reflect.Value) {
	i, err := strconv.Atoi(n.text)
	switch {
	case !numeric(n):
		d.wrong(n, p, "want a whole number, got %s", n.describe())
	case errors.Is(err, strconv.ErrRange):
		d.wrong(n, p, "%s is out of range", shorten(n.text))
	case err != nil:
		d.wrong(n, p, "want a whole number, got %s", shorten(n.text))
	case d.bounded(n, p, float64(i)):
		v.SetInt(int64(i))
	}
}

func (d *decoder) float(n *node, p path, v reflect.Value) {
	f, err := strconv.ParseFloat(n.text, 64)
	switch {
	case !numeric(n) || (err != nil && !errors.Is(err, strconv.ErrRange)):
		d.wrong(n, p, "want a number, got %s", n.describe())
	case err != nil || math.IsInf(f, 0) || math.IsNaN(f):
		d.wrong(n, p, "%s is out of range", shorten(n.text))
	case d.bounded(n, p, f):
		v.SetFloat(f)
	}
}

// numeric also accepts unquoted numbers that the parser reads as text, such as
// 1e3.
func numeric(n *node) bool {
	return n.kind == number || n.kind == text && n.style == plain && n.text != "" && strings.Contains("+-.0123456789", n.text[:1])
}

// bounded checks a number against the bounds of the key table.
func (d *decoder) bounded(n *node, p path, f float64) bool {
	k := d.rules(p)
	switch {
	case k.least != nil && f < *k.least:
		d.wrong(n, p, "%s is too small; at least %g", n.text, *k.least)
	case k.above != nil && f <= *k.above:
		d.wrong(n, p, "%s is too small; must be above %g", n.text, *k.above)
	case k.most != nil && f > *k.most:
		d.wrong(n, p, "%s is too large; at most %g", n.text, *k.most)
	default:
		return true
	}
	return false
}

func (d *decoder) duration(n *node, p path, v reflect.Value) {
	if n.kind != text && n.kind != number {
		d.wrong(n, p, "want a duration such as 30m, 6h or 14d, got %s", n.describe())
		return
	}
	t, err := ParseDuration(n.text)
	switch k := d.rules(p); {
	case err != nil:
		d.wrong(n, p, "%s", err)
	case t < k.shortest:
		d.wrong(n, p, "%s is too short; at least %s", n.text, FormatDuration(k.shortest))
	default:
		v.SetInt(int64(t))
	}
}

// units of a duration. A day is 24 hours and a week 7 days: durations measure
// time that passes, not dates.
func unit(s string) (time.Duration, bool) {
	switch s {
	case "w":
		return 7 * 24 * time.Hour, true
	case "d":
		return 24 * time.Hour, true
	case "h":
		return time.Hour, true
	case "m":
		return time.Minute, true
	case "s":
		return time.Second, true
	case "ms":
		return time.Millisecond, true
	}
	return 0, false
}

// ParseDuration reads a duration of one or more numbers with a unit each, such
// as 30m, 6h30m, 14d or 2w. It is never negative. 0 needs no unit.
func ParseDuration(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	rest, total := s, time.Duration(0)
	for rest != "" {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789."))
		word := digits
		for word < len(rest) && rest[word] >= 'a' && rest[word] <= 'z' {
			word++
		}
		u, ok := unit(rest[digits:word])
		part, err := times(rest[:digits], u)
		switch {
		case !ok || errors.Is(err, strconv.ErrSyntax):
			return 0, notDuration(s)
		case err != nil || part > math.MaxInt64-total:
			return 0, fmt.Errorf("%q is too long; at most 290 years", shorten(s))
		}
		total += part
		rest = rest[word:]
	}
	if s == "" {
		return 0, notDuration(s)
	}
	return total, nil
}

func notDuration(s string) error {
	return fmt.Errorf("%q is not a duration; write numbers with units (w, d, h, m, s), such as 30m, 6h30m or 14d", shorten(s))
}

// times multiplies a unit; whole numbers exactly.
func times(number string, u time.Duration) (time.Duration, error) {
	if n, err := strconv.ParseInt(number, 10, 64); err == nil && u > 0 && n <= int64(math.MaxInt64/u) {
		return time.Duration(n) * u, nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err == nil && f*float64(u) >= math.MaxInt64 {
		err = strconv.ErrRange
	}
	return time.Duration(math.Round(f * float64(u))), err
}

// FormatDuration writes a duration as ParseDuration reads it, with the largest
// units that fit: 14d, 6h30m.
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	var b strings.Builder
	for _, u := range []string{"d", "h", "m", "s", "ms"} {
		size, _ := unit(u)
		if n := d / size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u)
			d -= n * size
		}
	}
	return b.String()
}
