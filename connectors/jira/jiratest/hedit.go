package jiratest

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// editRequest is the body of PUT issue.
type editRequest struct {
	Fields     map[string]json.RawMessage              `json:"fields"`
	Update     map[string][]map[string]json.RawMessage `json:"update"`
	Properties []struct {
		Key   string          `json:"key"`
		Value json.RawMessage `json:"value"`
	} `json:"properties"`
	HistoryMetadata json.RawMessage `json:"historyMetadata"`
	Transition      json.RawMessage `json:"transition"`
}

// issuePut edits one issue: all of it or, when one field is refused, nothing.
func (c *call) issuePut() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	var q editRequest
	if rep := c.decode(&q); rep != nil {
		return *rep
	}
	if rep := c.editFlags(r.cur.proj); rep != nil {
		return *rep
	}
	d := *r.cur
	d.custom = maps.Clone(d.custom)
	d.since = c.now
	if errs := c.applyEdit(&d, &q); len(errs) > 0 {
		return c.fieldErrors(errs)
	}
	for _, p := range q.Properties {
		if rep := c.checkProperty(p.Key, p.Value); rep != nil {
			return *rep
		}
		d.props = cloneProps(d.props)
		d.props[p.Key] = p.Value
	}
	v := c.s.edit(r, c.user, c.now, q.HistoryMetadata, func(i *issue) { *i = d })
	if c.q.Get("returnIssue") == "true" {
		w := c.writer()
		c.issue(w, v, issueOptions{fields: c.fieldSet(nil, "*all")})
		return ok(w)
	}
	return noContent()
}

// editFlags checks what the query asks of the edit.
func (c *call) editFlags(p *Project) *reply {
	if c.q.Get("notifyUsers") == "false" && p.NoAdmin {
		return ptr(c.message(403, msgNoNotify))
	}
	if c.q.Get("overrideScreenSecurity") == "true" || c.q.Get("overrideEditableFlag") == "true" {
		return ptr(c.message(403, msgNoEdit))
	}
	return nil
}

// applyEdit changes the draft and returns the refusals by field.
func (c *call) applyEdit(d *issue, q *editRequest) map[string]string {
	errs := map[string]string{}
	for _, id := range sortedKeys(q.Fields) {
		if _, both := q.Update[id]; both {
			errs[id] = c.s.text(msgBothPlaces, id)
			continue
		}
		if e := c.setField(d, id, "set", q.Fields[id]); e != "" {
			errs[id] = e
		}
	}
	for _, id := range sortedKeys(q.Update) {
		for _, op := range q.Update[id] {
			for _, verb := range sortedKeys(op) {
				if e := c.setField(d, id, verb, op[verb]); e != "" {
					errs[id] = e
				}
			}
		}
	}
	return errs
}

// editable reports whether the account may set the field on this issue.
func (c *call) editable(i *issue, id string) bool {
	if i.proj.ReadOnly || !i.proj.live() || id == "assignee" && i.proj.NoAssign {
		return false
	}
	if f := c.s.sys[id]; f != nil {
		if !f.editable {
			return false
		}
	} else if f := c.s.fieldByID[id]; f == nil || !f.in(i.proj.Key) {
		return false
	}
	screen := i.typ.Screen
	if t := i.proj.issueType(i.typ.ID); t != nil {
		screen = t.Screen
	}
	return screen == nil || slices.Contains(screen, id)
}

// setField applies one verb to one field of the draft and returns the refusal.
func (c *call) setField(d *issue, id, verb string, v json.RawMessage) string {
	if !c.editable(d, id) {
		return c.s.text(msgNotOnScreen, id)
	}
	switch id {
	case "labels":
		return c.setLabels(d, verb, v)
	case "components":
		return c.setNames(&d.components, d.proj.Components, id, verb, v)
	case "fixVersions":
		return c.setNames(&d.versions, d.proj.Versions, id, verb, v)
	}
	if verb != "set" {
		return c.s.text(msgBadOperation, verb, id)
	}
	switch id {
	case "summary":
		return c.setSummary(d, v)
	case "description":
		return c.setRich(&d.description, id, v)
	case "priority":
		return c.setPriority(d, v)
	case "duedate":
		return c.setDue(d, v)
	case "assignee":
		return c.setUser(&d.assignee, v)
	case "reporter":
		return c.setUser(&d.reporter, v)
	}
	if f := c.s.fieldByID[id]; f != nil {
		return c.setCustom(d, f, v)
	}
	return c.s.text(msgBadOperation, verb, id)
}

func (c *call) setSummary(d *issue, v json.RawMessage) string {
	var t string
	switch {
	case json.Unmarshal(v, &t) != nil || strings.TrimSpace(t) == "":
		return c.s.text(msgSummary)
	case strings.ContainsAny(t, "\n\r"):
		return "The summary is invalid because it contains newline characters."
	case len([]rune(t)) > 255:
		return "Summary must be less than 255 characters."
	}
	d.summary = t
	return ""
}

// richMax is the longest rich text that Jira takes.
const richMax = 32767

func (c *call) setRich(to *string, id string, v json.RawMessage) string {
	if string(v) == "null" {
		*to = ""
		return ""
	}
	t, err := c.richText(v)
	if err != nil {
		return "Operation value must be " + map[bool]string{true: "an Atlassian Document (see the Atlassian Document Format)", false: "a string"}[c.v3]
	}
	if len(t) > richMax {
		return c.s.text(msgTooLong, richMax)
	}
	*to = t
	return ""
}

// richText reads a rich text in the form of the API version.
func (c *call) richText(v json.RawMessage) (string, error) {
	if c.v3 {
		return parseADF(v)
	}
	var t string
	err := json.Unmarshal(v, &t)
	return t, err
}

func (c *call) setPriority(d *issue, v json.RawMessage) string {
	if string(v) == "null" {
		d.prio = nil
		return ""
	}
	var ref struct{ ID, Name string }
	if json.Unmarshal(v, &ref) != nil || ref.ID == "" && ref.Name == "" {
		return c.s.text(msgBadValue, "priority")
	}
	for _, p := range c.s.scheme(d.proj) {
		if p.ID == ref.ID || ref.ID == "" && p.Name == ref.Name {
			d.prio = p
			return ""
		}
	}
	return c.s.text(msgBadPriority)
}

func (c *call) setDue(d *issue, v json.RawMessage) string {
	var t *string
	if json.Unmarshal(v, &t) != nil {
		return c.s.text(msgBadDay, string(v))
	}
	if t == nil || *t == "" {
		d.due = ""
		return ""
	}
	if !day(*t) {
		return c.s.text(msgBadDay, *t)
	}
	d.due = *t
	return ""
}

// setUser sets a person given as the flavor names people.
func (c *call) setUser(to **User, v json.RawMessage) string {
	u, clear, text := c.userValue(v)
	if text == "" && (u != nil || clear) {
		*to = u
	}
	return text
}

func (c *call) userValue(v json.RawMessage) (u *User, clear bool, text string) {
	if string(v) == "null" {
		return nil, true, ""
	}
	var ref struct {
		AccountID *string `json:"accountId"`
		ID        *string `json:"id"`
		Name      *string `json:"name"`
	}
	if json.Unmarshal(v, &ref) != nil {
		return nil, false, c.s.text(msgBadValue, "assignee")
	}
	given := ref.Name
	if c.s.cloud() {
		if given = ref.AccountID; given == nil {
			given = ref.ID
		}
	}
	switch {
	case given == nil || *given == "":
		return nil, true, ""
	case *given == "-1":
		return nil, true, "" // the projects here have no default assignee
	}
	return c.assignableUser(*given)
}

func (c *call) assignableUser(id string) (*User, bool, string) {
	var u *User
	for _, cand := range c.s.userOrder {
		if c.s.cloud() && cand.AccountID == id || !c.s.cloud() && cand.login() == id {
			u = cand
		}
	}
	if u == nil {
		return nil, false, c.s.text(msgBadUser, id)
	}
	if u.Inactive {
		return nil, false, c.s.text(msgNotAssignable, u.Name)
	}
	return u, false, ""
}

// setLabels adds, removes or replaces labels.
func (c *call) setLabels(d *issue, verb string, v json.RawMessage) string {
	if verb == "set" {
		var list []string
		if json.Unmarshal(v, &list) != nil {
			return c.s.text(msgBadValue, "labels")
		}
		for _, l := range list {
			if e := c.badLabel(l); e != "" {
				return e
			}
		}
		d.labels = sortedSet(list)
		return ""
	}
	var l string
	if json.Unmarshal(v, &l) != nil {
		return c.s.text(msgBadValue, "labels")
	}
	if e := c.badLabel(l); e != "" {
		return e
	}
	switch verb {
	case "add":
		d.labels = sortedSet(append(slices.Clone(d.labels), l))
	case "remove":
		d.labels = slices.DeleteFunc(slices.Clone(d.labels), func(x string) bool { return x == l })
	default:
		return c.s.text(msgBadOperation, verb, "labels")
	}
	return ""
}

func (c *call) badLabel(l string) string {
	switch {
	case strings.IndexFunc(l, unicode.IsSpace) >= 0:
		return c.s.text(msgLabelSpace, l)
	case l == "" || len([]rune(l)) > 255:
		return c.s.text(msgBadLabel, l)
	}
	return ""
}

// setNames changes a list of components or versions.
func (c *call) setNames(to *[]string, known []string, id, verb string, v json.RawMessage) string {
	type ref struct{ ID, Name string }
	var list []ref
	if verb == "set" {
		if json.Unmarshal(v, &list) != nil {
			return c.s.text(msgBadValue, id)
		}
	} else {
		var one ref
		if json.Unmarshal(v, &one) != nil {
			return c.s.text(msgBadValue, id)
		}
		list = []ref{one}
	}
	var names []string
	for _, r := range list {
		i := slices.IndexFunc(known, func(n string) bool { return n == r.Name || nameID(n) == r.ID })
		if i < 0 {
			return c.s.text(msgNoValue, r.Name+r.ID, id)
		}
		names = append(names, known[i])
	}
	switch verb {
	case "set":
		*to = names
	case "add":
		*to = sortedSet(append(slices.Clone(*to), names...))
	case "remove":
		*to = slices.DeleteFunc(slices.Clone(*to), func(x string) bool { return slices.Contains(names, x) })
	default:
		return c.s.text(msgBadOperation, verb, id)
	}
	return ""
}

// setCustom sets a custom field of a simple type.
func (c *call) setCustom(d *issue, f *Field, v json.RawMessage) string {
	if d.custom == nil {
		d.custom = map[string]any{}
	}
	if string(v) == "null" {
		delete(d.custom, f.ID)
		return ""
	}
	typ, _ := f.valueType()
	var val any
	if json.Unmarshal(v, &val) != nil {
		return c.s.text(msgBadValue, f.ID)
	}
	switch x := val.(type) {
	case float64:
		if typ == "number" {
			d.custom[f.ID] = x
			return ""
		}
	case string:
		if typ == "string" && f.Custom != CustomTextArea || typ == "date" && day(x) || typ == "any" {
			d.custom[f.ID] = x
			return ""
		}
	case map[string]any:
		if t, isText := x["value"].(string); isText && typ == "option" && slices.Contains(f.Options, t) {
			d.custom[f.ID] = t
			return ""
		}
	}
	return c.s.text(msgBadValue, f.Name+" ("+strconv.Quote(string(v))+")")
}

// assign sets the assignee, which asks for another permission than editing.
func (c *call) assign() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	if r.cur.proj.NoAssign || !r.cur.proj.live() {
		return c.message(403, msgNoEdit)
	}
	if !json.Valid(c.body) || string(c.body) == "null" {
		return c.message(400, msgBadValue, "assignee")
	}
	u, _, text := c.userValue(c.body)
	if text != "" {
		return c.fieldErrors(map[string]string{"assignee": text})
	}
	c.s.edit(r, c.user, c.now, nil, func(i *issue) { i.assignee = u })
	return noContent()
}
