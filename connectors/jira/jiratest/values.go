package jiratest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Values of custom fields are one of these Go types, whatever the field:
// string (text, one option, a date, an account id), float64, []string (options
// or labels), []Sprint, SLA, time.Time, or json.RawMessage, which is sent as it
// is. A missing entry is null in answers.

// Sprint is one value of a sprint field.
type Sprint struct {
	ID         int
	Name       string
	State      string // future, active, closed
	Start, End time.Time
}

// SLA is the value of a service desk's SLA field.
type SLA struct {
	Name     string
	Goal     time.Duration
	Started  time.Time
	Breach   time.Time
	Stopped  time.Time // zero: the cycle is running
	Paused   bool
	Breached bool
}

// valueTexts are the texts that JQL compares a custom value with.
func valueTexts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return []string{v}
	case float64:
		return []string{strconv.FormatFloat(v, 'g', -1, 64)}
	case []string:
		return v
	case []Sprint:
		var out []string
		for _, sp := range v {
			out = append(out, sp.Name)
		}
		return out
	case SLA:
		return []string{v.Name}
	case time.Time:
		return []string{v.UTC().Format(time.RFC3339)}
	case json.RawMessage:
		return rawTexts(v)
	}
	return []string{fmt.Sprint(v)}
}

// rawTexts digs the texts out of a value that came as JSON.
func rawTexts(b json.RawMessage) []string {
	var v any
	if json.Unmarshal(b, &v) != nil {
		return nil
	}
	return anyTexts(v)
}

func anyTexts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case float64:
		return []string{strconv.FormatFloat(v, 'g', -1, 64)}
	case bool:
		return []string{strconv.FormatBool(v)}
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, anyTexts(e)...)
		}
		return out
	case map[string]any:
		for _, k := range []string{"value", "name", "displayName"} {
			if t, ok := v[k].(string); ok {
				return []string{t}
			}
		}
	}
	return nil
}

// checkValue reports whether v is a type that the simulator can hold.
func checkValue(v any) error {
	switch v.(type) {
	case nil, string, float64, []string, []Sprint, SLA, time.Time, json.RawMessage:
		return nil
	}
	return fmt.Errorf("jiratest: a custom value of type %T", v)
}

// custom writes the value of a custom field in the form of its type.
func (c *call) custom(w *writer, f *Field, v any) {
	switch v := v.(type) {
	case nil:
		w.null()
	case json.RawMessage:
		w.raw(v)
	case float64:
		w.num(v)
	case string:
		c.customText(w, f, v)
	case []string:
		c.customList(w, f, v)
	case []Sprint:
		c.sprints(w, v)
	case SLA:
		c.slaField(w, v)
	case time.Time:
		c.time(w, v)
	}
}

func (c *call) customText(w *writer, f *Field, v string) {
	switch f.Custom {
	case CustomSelect:
		c.option(w, f, v)
	case CustomUser:
		c.userRef(w, c.s.user(v))
	case CustomTextArea:
		c.rich(w, v)
	default:
		w.str(v)
	}
}

func (c *call) customList(w *writer, f *Field, list []string) {
	if f.Custom == CustomLabels {
		w.strs(list)
		return
	}
	w.arr()
	for i, v := range list {
		if f.Custom != CustomOrganization {
			c.option(w, f, v)
			continue
		}
		w.obj()
		w.kstr("id", strconv.Itoa(i+1))
		w.kstr("name", v)
		w.end()
	}
	w.endArr()
}

func (c *call) option(w *writer, f *Field, v string) {
	id := 10100
	for i, o := range f.Options {
		if o == v {
			id = 10100 + i
		}
	}
	w.obj()
	w.kstr("self", c.s.self("customFieldOption/"+strconv.Itoa(id)))
	w.kstr("value", v)
	w.kstr("id", strconv.Itoa(id))
	w.end()
}

func (c *call) sprints(w *writer, list []Sprint) {
	w.arr()
	for _, sp := range list {
		if c.s.cloud() {
			c.sprintObject(w, sp)
		} else {
			w.str(sprintText(sp))
		}
	}
	w.endArr()
}

func (c *call) sprintObject(w *writer, sp Sprint) {
	w.obj()
	w.kint("id", sp.ID)
	w.kstr("name", sp.Name)
	w.kstr("state", sp.State)
	w.kint("boardId", 1)
	w.kstr("goal", "")
	if !sp.Start.IsZero() {
		w.key("startDate")
		w.time(sp.Start.UTC(), "2006-01-02T15:04:05.000Z")
		w.key("endDate")
		w.time(sp.End.UTC(), "2006-01-02T15:04:05.000Z")
	}
	w.end()
}

// sprintText is the form on Data Center: the text of a Java object, whose name
// may hold commas and brackets (facts §13).
func sprintText(sp Sprint) string {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return "<null>"
		}
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return fmt.Sprintf("com.atlassian.greenhopper.service.sprint.Sprint@%x[id=%d,rapidViewId=1,state=%s,name=%s,startDate=%s,endDate=%s,completeDate=<null>,sequence=%d,goal=]",
		0x1f00+sp.ID, sp.ID, strings.ToUpper(sp.State), sp.Name, stamp(sp.Start), stamp(sp.End), sp.ID)
}

// slaField writes an SLA as the custom field holds it.
func (c *call) slaField(w *writer, v SLA) {
	w.obj()
	w.kstr("id", "1")
	w.kstr("name", v.Name)
	c.slaCycles(w, v)
	w.end()
}

func (c *call) slaCycles(w *writer, v SLA) {
	w.key("completedCycles")
	w.arr()
	if !v.Stopped.IsZero() {
		w.obj()
		c.slaDate(w, "startTime", v.Started)
		c.slaDate(w, "stopTime", v.Stopped)
		c.slaDate(w, "breachTime", v.Breach)
		w.kbool("breached", v.Breached || v.Stopped.After(v.Breach))
		slaDuration(w, "goalDuration", v.Goal)
		slaDuration(w, "elapsedTime", v.Stopped.Sub(v.Started))
		slaDuration(w, "remainingTime", v.Goal-v.Stopped.Sub(v.Started))
		w.end()
	}
	w.endArr()
	if !v.Stopped.IsZero() {
		return
	}
	w.key("ongoingCycle")
	w.obj()
	c.slaDate(w, "startTime", v.Started)
	c.slaDate(w, "breachTime", v.Breach)
	w.kbool("breached", v.Breached || c.now.After(v.Breach))
	w.kbool("paused", v.Paused)
	w.kbool("withinCalendarHours", true)
	slaDuration(w, "goalDuration", v.Goal)
	slaDuration(w, "elapsedTime", c.now.Sub(v.Started))
	slaDuration(w, "remainingTime", v.Breach.Sub(c.now))
	w.end()
}

// slaDate writes a Service Management date: neither text nor number.
func (c *call) slaDate(w *writer, key string, t time.Time) {
	w.key(key)
	w.obj()
	w.kstr("iso8601", t.In(c.s.zone()).Format("2006-01-02T15:04:05-0700"))
	w.kstr("jira", t.In(c.s.zone()).Format(platformTime))
	w.kstr("friendly", t.In(c.s.zone()).Format("02/Jan/06 3:04 PM"))
	w.key("epochMillis")
	w.int(t.UnixMilli())
	w.end()
}

func slaDuration(w *writer, key string, d time.Duration) {
	w.key(key)
	w.obj()
	w.key("millis")
	w.int(d.Milliseconds())
	w.kstr("friendly", d.Round(time.Minute).String())
	w.end()
}
