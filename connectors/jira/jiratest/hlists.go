package jiratest

import (
	"slices"
	"strconv"
	"strings"
)

// fieldList is GET field: system and custom fields in one list.
func (c *call) fieldList() reply {
	w := c.writer()
	w.arr()
	for _, id := range c.s.sysIDs {
		f := c.s.sys[id]
		w.obj()
		w.kstr("id", id)
		c.fieldKey(w, id)
		w.kstr("name", f.name)
		w.kbool("custom", false)
		w.kbool("orderable", f.editable)
		w.kbool("navigable", f.navigable)
		w.kbool("searchable", len(f.clauses) > 0)
		w.key("clauseNames")
		w.strs(f.clauses)
		schema(w, f.typ, f.items, id, "", 0)
		w.end()
	}
	if c.user != nil {
		for _, f := range c.s.fields {
			c.fieldDetails(w, f)
		}
	}
	w.endArr()
	return ok(w)
}

func (c *call) fieldKey(w *writer, id string) {
	if c.s.cloud() {
		w.kstr("key", id)
	}
}

func (c *call) fieldDetails(w *writer, f *Field) {
	typ, items := f.valueType()
	w.obj()
	w.kstr("id", f.ID)
	c.fieldKey(w, f.ID)
	w.kstr("name", f.Name)
	w.kbool("custom", true)
	w.kbool("orderable", true)
	w.kbool("navigable", true)
	w.kbool("searchable", true)
	w.key("clauseNames")
	w.strs([]string{"cf[" + strconv.Itoa(f.num()) + "]", f.Name})
	if f.Scoped && len(f.Projects) > 0 {
		if p := c.s.project(f.Projects[0]); p != nil {
			w.key("scope")
			w.obj()
			w.kstr("type", "PROJECT")
			w.key("project")
			w.obj()
			w.kstr("id", p.ID)
			w.end()
			w.end()
		}
	}
	schema(w, typ, items, "", f.Custom, f.num())
	w.end()
}

// fieldSearch pages the fields.
func (c *call) fieldSearch() reply {
	start, size := c.page(50, 50)
	query := strings.ToLower(c.q.Get("query"))
	ids := c.q["id"]
	type row struct{ id, name, typ, items, custom string }
	var rows []row
	kinds := splitList(c.q["type"])
	for _, id := range c.s.sysIDs {
		f := c.s.sys[id]
		if len(kinds) == 0 || slices.Contains(kinds, "system") {
			rows = append(rows, row{id, f.name, f.typ, f.items, ""})
		}
	}
	for _, f := range c.s.fields {
		typ, items := f.valueType()
		if len(kinds) == 0 || slices.Contains(kinds, "custom") {
			rows = append(rows, row{f.ID, f.Name, typ, items, f.Custom})
		}
	}
	rows = slices.DeleteFunc(rows, func(r row) bool {
		return len(ids) > 0 && !slices.Contains(ids, r.id) || !strings.Contains(strings.ToLower(r.name), query)
	})
	from, to := slicePage(len(rows), start, size)
	w := c.writer()
	w.obj()
	c.pageHead(w, start, size, len(rows))
	w.key("values")
	w.arr()
	for _, r := range rows[from:to] {
		w.obj()
		w.kstr("id", r.id)
		w.kstr("name", r.name)
		if r.custom != "" {
			schema(w, r.typ, r.items, "", r.custom, atoi(strings.TrimPrefix(r.id, "customfield_")))
		} else {
			schema(w, r.typ, r.items, r.id, "", 0)
		}
		w.end()
	}
	w.endArr()
	w.end()
	return ok(w)
}

// projectStatus is live, archived or deleted.
func projectStatus(p *Project) string {
	if p.Status == "" {
		return "live"
	}
	return p.Status
}

func (c *call) projectObject(w *writer, p *Project, expand string) {
	w.obj()
	w.kstr("expand", "description,lead,issueTypes,url,projectKeys,permissions,insight")
	w.kstr("self", c.s.self("project/"+p.ID))
	w.kstr("id", p.ID)
	w.kstr("key", p.Key)
	w.kstr("name", p.Name)
	w.kstr("projectTypeKey", p.typeKey())
	if c.s.cloud() {
		w.kbool("simplified", p.TeamManaged)
		w.kstr("style", map[bool]string{true: "next-gen", false: "classic"}[p.TeamManaged])
		w.kbool("isPrivate", false)
	}
	w.kbool("archived", p.Status == "archived")
	if p.Status == "deleted" {
		w.kbool("deleted", true)
	}
	if strings.Contains(expand, "projectKeys") {
		w.key("projectKeys")
		w.strs(append([]string{p.Key}, p.OldKeys...))
	}
	if strings.Contains(expand, "issueTypes") {
		w.key("issueTypes")
		w.arr()
		for i := range p.Types {
			c.issueType(w, &p.Types[i])
		}
		w.endArr()
	}
	w.end()
}

// projectSearch pages the projects that the account may browse.
func (c *call) projectSearch() reply {
	start, size := c.page(50, 100)
	keys, ids := c.q["keys"], c.q["id"]
	statuses := splitList(c.q["status"])
	if len(statuses) == 0 {
		statuses = []string{"live"}
	}
	types := splitList(c.q["typeKey"])
	query := strings.ToLower(c.q.Get("query"))
	var list []*Project
	for _, p := range c.s.projects {
		switch {
		case c.user == nil || p.Hidden || !slices.Contains(statuses, projectStatus(p)),
			len(keys) > 0 && !slices.Contains(keys, p.Key),
			len(ids) > 0 && !slices.Contains(ids, p.ID),
			len(types) > 0 && !slices.Contains(types, p.typeKey()),
			!strings.Contains(strings.ToLower(p.Key+" "+p.Name), query),
			c.q.Get("action") == "edit" && p.NoAdmin:
			continue
		}
		list = append(list, p)
	}
	from, to := slicePage(len(list), start, size)
	w := c.writer()
	w.obj()
	w.kstr("self", c.s.self("project/search"))
	c.pageHead(w, start, size, len(list))
	w.key("values")
	w.arr()
	for _, p := range list[from:to] {
		c.projectObject(w, p, c.q.Get("expand"))
	}
	w.endArr()
	w.end()
	return ok(w)
}

// projectList is the flat list of Data Center, still served by Cloud.
func (c *call) projectList() reply {
	w := c.writer()
	w.arr()
	for _, p := range c.s.projects {
		if c.user != nil && !p.Hidden && p.live() {
			c.projectObject(w, p, c.q.Get("expand"))
		}
	}
	w.endArr()
	return ok(w)
}

func (c *call) projectGet() reply {
	p := c.s.project(c.args[0])
	if p == nil || c.user == nil || p.Hidden || p.Status == "deleted" {
		return c.message(404, msgNoProject, c.args[0])
	}
	w := c.writer()
	c.projectObject(w, p, "issueTypes,"+c.q.Get("expand"))
	return ok(w)
}

func (c *call) priorityList() reply {
	w := c.writer()
	w.arr()
	for _, p := range c.s.priorities {
		c.priority(w, p)
	}
	w.endArr()
	return ok(w)
}

func (c *call) priorityGet() reply {
	for _, p := range c.s.priorities {
		if p.ID == c.args[0] {
			w := c.writer()
			c.priority(w, p)
			return ok(w)
		}
	}
	return c.fail(404, "The priority was not found.")
}

func (c *call) prioritySearch() reply {
	list := c.s.priorities
	if id := c.q.Get("projectId"); id != "" {
		p := c.s.project(id)
		if p == nil {
			return c.message(400, msgNoProject, id)
		}
		list = c.s.scheme(p)
	}
	start, size := c.page(50, 50)
	from, to := slicePage(len(list), start, size)
	w := c.writer()
	w.obj()
	c.pageHead(w, start, size, len(list))
	w.key("values")
	w.arr()
	for _, p := range list[from:to] {
		c.priority(w, p)
	}
	w.endArr()
	w.end()
	return ok(w)
}

func (c *call) statusList() reply {
	w := c.writer()
	w.arr()
	for _, st := range c.s.statuses {
		c.status(w, st)
	}
	w.endArr()
	return ok(w)
}

func (c *call) statusGet() reply {
	st := c.s.status(c.args[0])
	if st == nil {
		return c.fail(404, "The status was not found.")
	}
	w := c.writer()
	c.status(w, st)
	return ok(w)
}

func (c *call) linkTypeList() reply {
	w := c.writer()
	w.obj()
	w.key("issueLinkTypes")
	w.arr()
	for _, t := range c.s.linkTypes {
		c.linkTypeObject(w, t)
	}
	w.endArr()
	w.end()
	return ok(w)
}

// labelList pages every label in use.
func (c *call) labelList() reply {
	set := map[string]bool{}
	for _, r := range c.s.recs {
		if c.user != nil && c.s.indexed(r.cur) {
			for _, l := range r.cur.labels {
				set[l] = true
			}
		}
	}
	list := sortedKeys(set)
	start, size := c.page(1000, 1000)
	from, to := slicePage(len(list), start, size)
	w := c.writer()
	w.obj()
	c.pageHead(w, start, size, len(list))
	w.key("values")
	w.strs(list[from:to])
	w.end()
	return ok(w)
}
