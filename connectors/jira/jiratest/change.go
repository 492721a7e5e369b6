package jiratest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// edit makes the next version of r: f changes a draft, the differences become
// a history entry by user (nil: nobody that Jira can name), and updated moves
// when there are any. It returns the present version.
func (s *Server) edit(r *rec, by *User, now time.Time, meta json.RawMessage, f func(*issue)) *issue {
	d := *r.cur
	d.custom = maps.Clone(d.custom)
	f(&d)
	if items := s.diff(r.cur, &d); len(items) > 0 {
		s.record(&d, by, now, meta, items)
	}
	if d.key != r.cur.key {
		s.oldKeys[r.cur.key] = r.id
	}
	s.put(&d, now)
	return &d
}

// record appends a history entry and moves updated, which has milliseconds.
func (s *Server) record(d *issue, by *User, now time.Time, meta json.RawMessage, items []Item) {
	c := &Change{ID: strconv.FormatInt(s.nextID(), 10), At: now, Items: items, Metadata: meta}
	if by != nil {
		c.Author = by.AccountID
	}
	d.history = append(d.history[:len(d.history):len(d.history)], c)
	d.updated = now
}

// diff lists what changed between two versions as Jira's history would.
func (s *Server) diff(a, b *issue) []Item {
	var out []Item
	plain := func(field, from, to string) {
		if from != to {
			out = append(out, Item{Field: field, FieldID: field, FieldType: "jira", FromString: from, ToString: to})
		}
	}
	add := func(field, id, from, fromS, to, toS string) {
		if from != to || fromS != toS {
			out = append(out, Item{field, id, "jira", from, fromS, to, toS})
		}
	}
	plain("summary", a.summary, b.summary)
	plain("description", a.description, b.description)
	add("issuetype", "issuetype", a.typ.ID, a.typ.Name, b.typ.ID, b.typ.Name)
	add("status", "status", a.status.ID, a.status.Name, b.status.ID, b.status.Name)
	add("resolution", "resolution", a.resolution, a.resolution, b.resolution, b.resolution)
	pa, na := prioNames(a.prio)
	pb, nb := prioNames(b.prio)
	add("priority", "priority", pa, na, pb, nb)
	plain("labels", strings.Join(a.labels, " "), strings.Join(b.labels, " "))
	ua, na := s.userNames(a.assignee)
	ub, nb := s.userNames(b.assignee)
	add("assignee", "assignee", ua, na, ub, nb)
	ua, na = s.userNames(a.reporter)
	ub, nb = s.userNames(b.reporter)
	add("reporter", "reporter", ua, na, ub, nb)
	add("duedate", "duedate", a.due, dayTime(a.due), b.due, dayTime(b.due))
	if a.parent != b.parent {
		add("IssueParentAssociation", "", idText(a.parent), s.keyOf(a.parent), idText(b.parent), s.keyOf(b.parent))
	}
	add("project", "project", a.proj.ID, a.proj.Name, b.proj.ID, b.proj.Name)
	if a.key != b.key {
		add("Key", "", "", a.key, "", b.key)
	}
	out = append(out, listItems("Component", "components", a.components, b.components)...)
	out = append(out, listItems("Fix Version", "fixVersions", a.versions, b.versions)...)
	out = append(out, s.linkItems(a, b)...)
	return append(out, s.customItems(a, b)...)
}

func prioNames(p *Priority) (id, name string) {
	if p == nil {
		return "", ""
	}
	return p.ID, p.Name
}

func (s *Server) userNames(u *User) (id, name string) {
	if u == nil {
		return "", ""
	}
	if s.cloud() {
		return u.AccountID, u.Name
	}
	return u.login(), u.Name
}

func (s *Server) keyOf(id int64) string {
	if r := s.byID[id]; r != nil {
		return r.cur.key
	}
	return ""
}

func idText(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// dayTime is how the history words a date.
func dayTime(d string) string {
	if d == "" {
		return ""
	}
	return d + " 00:00:00.0"
}

// listItems gives one item for each element that came or went.
func listItems(field, id string, a, b []string) []Item {
	var out []Item
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, Item{Field: field, FieldID: id, FieldType: "jira", From: x, FromString: x})
		}
	}
	for _, x := range b {
		if !slices.Contains(a, x) {
			out = append(out, Item{Field: field, FieldID: id, FieldType: "jira", To: x, ToString: x})
		}
	}
	return out
}

func (s *Server) linkItems(a, b *issue) []Item {
	var out []Item
	for _, l := range b.links {
		if !slices.Contains(a.links, l) {
			k := s.keyOf(l.other)
			out = append(out, Item{Field: "Link", FieldType: "jira", To: k, ToString: fmt.Sprintf("This issue %s %s", s.linkWord(l), k)})
		}
	}
	for _, l := range a.links {
		if !slices.Contains(b.links, l) {
			k := s.keyOf(l.other)
			out = append(out, Item{Field: "Link", FieldType: "jira", From: k, FromString: fmt.Sprintf("This issue %s %s", s.linkWord(l), k)})
		}
	}
	return out
}

func (s *Server) linkWord(l link) string {
	t := s.linkType(l.typ)
	if l.outward {
		return t.Outward
	}
	return t.Inward
}

// linkType returns the type of this name; a name that the site does not have
// stands for itself in both directions.
func (s *Server) linkType(name string) LinkType {
	for _, t := range s.linkTypes {
		if t.Name == name {
			return t
		}
	}
	return LinkType{ID: "0", Name: name, Inward: name, Outward: name}
}

func (s *Server) customItems(a, b *issue) []Item {
	var ids []string
	for id := range b.custom {
		ids = append(ids, id)
	}
	for id := range a.custom {
		if _, ok := b.custom[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var out []Item
	for _, id := range ids {
		from, to := strings.Join(valueTexts(a.custom[id]), ", "), strings.Join(valueTexts(b.custom[id]), ", ")
		if from == to {
			continue
		}
		name := id
		if f := s.fieldByID[id]; f != nil {
			name = f.Name
		}
		out = append(out, Item{Field: name, FieldID: id, FieldType: "custom", FromString: from, ToString: to})
	}
	return out
}
