package jiratest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

type fieldKind uint8

const (
	kindSet fieldKind = iota
	kindUser
	kindKey
	kindTime
	kindText
	kindNumber
	kindPriority
)

// jqlField is how a field takes part in conditions and orders.
type jqlField struct {
	kind   fieldKind
	sprint bool
	empty  pred
	has    func(*issue, []string) bool
	// lookup turns a value into the texts that has compares; nil: not known.
	lookup func(*Server, string) []string
	time   func(*issue) time.Time
	match  func(*issue, []string) bool
	number func(*issue) (float64, bool)
	// compare orders two issues; nil: cannot be sorted by.
	compare func(a, b *issue) int
}

// one is a field with at most one value.
func one(get func(*issue) string, lookup func(*Server, string) []string) jqlField {
	return jqlField{
		empty:   func(i *issue) bool { return get(i) == "" },
		has:     func(i *issue, want []string) bool { return slices.Contains(want, get(i)) },
		lookup:  lookup,
		compare: func(a, b *issue) int { return cmp.Compare(get(a), get(b)) },
	}
}

// many is a field with any number of values.
func many(get func(*issue) []string, lookup func(*Server, string) []string, fold bool) jqlField {
	return jqlField{
		empty: func(i *issue) bool { return len(get(i)) == 0 },
		has: func(i *issue, want []string) bool {
			for _, have := range get(i) {
				for _, w := range want {
					if have == w || fold && strings.EqualFold(have, w) {
						return true
					}
				}
			}
			return false
		},
		lookup: lookup,
	}
}

func instantField(get func(*issue) time.Time) jqlField {
	return jqlField{
		kind: kindTime, time: get,
		empty:   func(i *issue) bool { return get(i).IsZero() },
		compare: func(a, b *issue) int { return get(a).Compare(get(b)) },
	}
}

func textField(get func(*issue) string) jqlField {
	return jqlField{
		kind:  kindText,
		empty: func(i *issue) bool { return get(i) == "" },
		match: func(i *issue, words []string) bool {
			t := strings.ToLower(get(i))
			for _, w := range words {
				if !strings.Contains(t, strings.Trim(w, "*")) {
					return false
				}
			}
			return true
		},
		compare: func(a, b *issue) int { return cmp.Compare(get(a), get(b)) },
	}
}

func countField(get func(*issue) int) jqlField {
	return jqlField{
		kind:    kindNumber,
		empty:   func(*issue) bool { return false },
		number:  func(i *issue) (float64, bool) { return float64(get(i)), true },
		compare: func(a, b *issue) int { return cmp.Compare(get(a), get(b)) },
	}
}

func userField(get func(*issue) *User) jqlField {
	f := one(func(i *issue) string {
		if u := get(i); u != nil {
			return u.AccountID
		}
		return ""
	}, func(s *Server, v string) []string {
		if u := s.user(v); u != nil {
			return []string{u.AccountID}
		}
		return nil
	})
	f.kind = kindUser
	return f
}

// byKey is the order of keys: project, then number.
func byKey(a, b *issue) int {
	if c := cmp.Compare(a.proj.Key, b.proj.Key); c != 0 {
		return c
	}
	return cmp.Compare(a.num, b.num)
}

// systemField returns a field that every site has.
func (s *Server) systemField(name string) (jqlField, bool) {
	switch strings.ToLower(name) {
	case "project":
		return one(func(i *issue) string { return i.proj.ID }, (*Server).lookupProject), true
	case "key", "issuekey", "id", "issue":
		return jqlField{kind: kindKey, compare: byKey}, true
	case "updated", "updateddate":
		return instantField(func(i *issue) time.Time { return i.updated }), true
	case "created", "createddate":
		return instantField(func(i *issue) time.Time { return i.created }), true
	case "resolved", "resolutiondate":
		return instantField(func(i *issue) time.Time { return i.resolved }), true
	case "due", "duedate":
		return instantField(dueTime), true
	case "statuscategory":
		return one(func(i *issue) string { return i.status.Category }, lookupCategory), true
	case "status":
		return one(func(i *issue) string { return i.status.ID }, (*Server).lookupStatus), true
	case "issuetype", "type":
		return one(func(i *issue) string { return i.typ.Name }, (*Server).lookupType), true
	case "priority":
		return s.priorityField(), true
	case "labels":
		return many(func(i *issue) []string { return i.labels }, nil, false), true
	case "component":
		return many(func(i *issue) []string { return i.components }, (*Server).lookupComponent, true), true
	case "fixversion":
		return many(func(i *issue) []string { return i.versions }, nil, true), true
	case "assignee":
		return userField(func(i *issue) *User { return i.assignee }), true
	case "reporter":
		return userField(func(i *issue) *User { return i.reporter }), true
	case "resolution":
		return one(func(i *issue) string { return i.resolution }, lookupResolution), true
	case "parent":
		return one(func(i *issue) string { return idText(i.parent) }, (*Server).lookupIssue), true
	case "summary":
		return textField(func(i *issue) string { return i.summary }), true
	case "description":
		return textField(func(i *issue) string { return i.description }), true
	case "text":
		return textField(func(i *issue) string { return i.summary + "\n" + i.description }), true
	case "votes":
		return countField(func(i *issue) int { return i.votes }), true
	case "watchers":
		return countField(func(i *issue) int { return i.watches }), true
	case "rank":
		return jqlField{compare: func(a, b *issue) int { return cmp.Compare(a.id, b.id) }}, true
	}
	return jqlField{}, false
}

// jqlField finds a field by the name or alias that JQL knows.
func (s *Server) jqlField(name string) (jqlField, error) {
	if f, ok := s.systemField(name); ok {
		return f, nil
	}
	for _, f := range s.fields {
		if f.ID == name || strings.EqualFold(f.Name, name) || f.Custom == CustomSprint && strings.EqualFold(name, "sprint") {
			return customField(f), nil
		}
	}
	return jqlField{}, jqlErr(msgNoField, name)
}

func customField(f *Field) jqlField {
	get := func(i *issue) []string { return valueTexts(i.custom[f.ID]) }
	switch typ, _ := f.valueType(); typ {
	case "number":
		return numberField(f.ID)
	case "date", "datetime":
		return instantField(func(i *issue) time.Time { return customTime(i.custom[f.ID]) })
	}
	out := many(get, nil, true)
	out.compare = func(a, b *issue) int { return slices.Compare(get(a), get(b)) }
	if f.Custom == CustomSprint {
		out.sprint = true
		plain := out.has
		out.has = func(i *issue, want []string) bool {
			return slices.Contains(want, "\x00open") && inOpenSprint(i.custom[f.ID]) || plain(i, want)
		}
	}
	return out
}

func inOpenSprint(v any) bool {
	list, _ := v.([]Sprint)
	return slices.ContainsFunc(list, func(sp Sprint) bool { return sp.State == "active" })
}

func numberField(id string) jqlField {
	get := func(i *issue) (float64, bool) {
		texts := valueTexts(i.custom[id])
		if len(texts) == 0 {
			return 0, false
		}
		n, err := strconv.ParseFloat(texts[0], 64)
		return n, err == nil
	}
	return jqlField{
		kind: kindNumber, number: get,
		empty: func(i *issue) bool { _, ok := get(i); return !ok },
		compare: func(a, b *issue) int {
			x, _ := get(a)
			y, _ := get(b)
			return cmp.Compare(x, y)
		},
	}
}

func customTime(v any) time.Time {
	switch v := v.(type) {
	case time.Time:
		return v
	case string:
		t, _ := time.Parse(time.DateOnly, v)
		return t
	}
	return time.Time{}
}

func dueTime(i *issue) time.Time {
	t, _ := time.Parse(time.DateOnly, i.due)
	return t
}

// rank is the place of a priority in the site's list; 0 is the most urgent.
func (s *Server) rank(p *Priority) int { return slices.Index(s.priorities, p) }

func (s *Server) priorityField() jqlField {
	f := one(func(i *issue) string {
		if i.prio == nil {
			return ""
		}
		return i.prio.ID
	}, func(s *Server, v string) []string {
		if p := s.priority(v); p != nil {
			return []string{p.ID}
		}
		return nil
	})
	f.kind = kindPriority
	rank := func(i *issue) int {
		if i.prio == nil {
			return -len(s.priorities)
		}
		return -s.rank(i.prio)
	}
	f.compare = func(a, b *issue) int { return cmp.Compare(rank(a), rank(b)) }
	return f
}

func (s *Server) lookupProject(v string) []string {
	p := s.project(v)
	if p == nil {
		p = s.project(strings.ToUpper(v))
	}
	for _, q := range s.projects {
		if p == nil && strings.EqualFold(q.Name, v) {
			p = q
		}
	}
	if p == nil || p.Hidden || p.Status == "deleted" {
		return nil
	}
	return []string{p.ID}
}

func (s *Server) lookupStatus(v string) []string {
	var out []string
	for _, st := range s.statuses {
		if st.ID == v || strings.EqualFold(st.Name, v) {
			out = append(out, st.ID)
		}
	}
	return out
}

func lookupCategory(_ *Server, v string) []string {
	switch strings.ToLower(v) {
	case "to do", "new", "2":
		return []string{ToDo}
	case "in progress", "indeterminate", "4":
		return []string{InProgress}
	case "done", "complete", "3":
		return []string{Done}
	}
	return nil
}

func lookupResolution(_ *Server, v string) []string {
	if strings.EqualFold(v, "unresolved") {
		return []string{""}
	}
	return []string{v}
}

func (s *Server) lookupType(v string) []string {
	for _, p := range s.projects {
		if t := p.issueType(v); t != nil {
			return []string{t.Name}
		}
	}
	return nil
}

func (s *Server) lookupComponent(v string) []string {
	for _, p := range s.projects {
		for _, c := range p.Components {
			if strings.EqualFold(c, v) {
				return []string{c}
			}
		}
	}
	return nil
}

func (s *Server) lookupIssue(v string) []string {
	if r := s.find(v); r != nil {
		return []string{idText(r.id)}
	}
	return nil
}
