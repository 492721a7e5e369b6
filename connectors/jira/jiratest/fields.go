package jiratest

import (
	"slices"
	"strconv"
	"strings"
)

// sysField is a field that every site has.
type sysField struct {
	name, typ, items string
	clauses          []string
	// navigable ones are answered by default, editable ones can be on a screen.
	navigable, editable bool
	write               func(c *call, w *writer, i *issue)
}

// systemFields lists the fields of every site, with their ids in a fixed order.
func systemFields() (map[string]*sysField, []string) {
	m := map[string]*sysField{}
	var ids []string
	add := func(id string, f sysField) {
		m[id] = &f
		ids = append(ids, id)
	}
	add("summary", sysField{"Summary", "string", "", []string{"summary"}, true, true, func(_ *call, w *writer, i *issue) { w.str(i.summary) }})
	add("issuetype", sysField{"Issue Type", "issuetype", "", []string{"issuetype", "type"}, true, true, func(c *call, w *writer, i *issue) { c.issueType(w, i.typ) }})
	add("project", sysField{"Project", "project", "", []string{"project"}, true, false, func(c *call, w *writer, i *issue) { c.projectRef(w, i.proj) }})
	add("status", sysField{"Status", "status", "", []string{"status"}, true, false, func(c *call, w *writer, i *issue) { c.status(w, i.status) }})
	add("priority", sysField{"Priority", "priority", "", []string{"priority"}, true, true, func(c *call, w *writer, i *issue) { c.priority(w, i.prio) }})
	add("labels", sysField{"Labels", "array", "string", []string{"labels"}, true, true, func(_ *call, w *writer, i *issue) { w.strs(i.labels) }})
	add("components", sysField{"Components", "array", "component", []string{"component"}, true, true, func(c *call, w *writer, i *issue) { c.named(w, "component", i.components) }})
	add("fixVersions", sysField{"Fix versions", "array", "version", []string{"fixVersion"}, true, true, func(c *call, w *writer, i *issue) { c.named(w, "version", i.versions) }})
	add("assignee", sysField{"Assignee", "user", "", []string{"assignee"}, true, true, func(c *call, w *writer, i *issue) { c.userRef(w, i.assignee) }})
	add("reporter", sysField{"Reporter", "user", "", []string{"reporter"}, true, true, func(c *call, w *writer, i *issue) { c.userRef(w, i.reporter) }})
	add("creator", sysField{"Creator", "user", "", []string{"creator"}, true, false, func(c *call, w *writer, i *issue) { c.userRef(w, i.reporter) }})
	add("created", sysField{"Created", "datetime", "", []string{"created", "createdDate"}, true, false, func(c *call, w *writer, i *issue) { c.time(w, i.created) }})
	add("updated", sysField{"Updated", "datetime", "", []string{"updated", "updatedDate"}, true, false, func(c *call, w *writer, i *issue) { c.time(w, i.updated) }})
	add("resolutiondate", sysField{"Resolved", "datetime", "", []string{"resolutiondate", "resolved"}, true, false, func(c *call, w *writer, i *issue) { c.time(w, i.resolved) }})
	add("resolution", sysField{"Resolution", "resolution", "", []string{"resolution"}, true, true, (*call).resolution})
	add("duedate", sysField{"Due date", "date", "", []string{"due", "duedate"}, true, true, func(_ *call, w *writer, i *issue) { w.strOrNull(i.due) }})
	add("description", sysField{"Description", "string", "", []string{"description"}, true, true, func(c *call, w *writer, i *issue) { c.rich(w, i.description) }})
	add("votes", sysField{"Votes", "votes", "", []string{"votes"}, true, false, (*call).votesField})
	add("watches", sysField{"Watchers", "watches", "", []string{"watchers"}, true, false, (*call).watchesField})
	add("issuelinks", sysField{"Linked Issues", "array", "issuelinks", nil, true, true, (*call).links})
	add("parent", sysField{"Parent", "issuelink", "", []string{"parent"}, true, true, (*call).parent})
	add("statuscategorychangedate", sysField{"Status Category Changed", "datetime", "", []string{"statusCategoryChangedDate"}, true, false, (*call).statusSince})
	add("comment", sysField{"Comment", "comments-page", "", []string{"comment"}, false, true, (*call).commentField})
	return m, ids
}

// fieldSet is a parsed list of asked fields: ids in answer order.
type fieldSet struct{ ids []string }

// fieldSet resolves names such as *all, *navigable, -comment and ids. Unknown
// ones are ignored, as Jira does.
func (c *call) fieldSet(asked []string, def string) fieldSet {
	var flat []string
	for _, a := range asked {
		for p := range strings.SplitSeq(a, ",") {
			if p = strings.TrimSpace(p); p != "" {
				flat = append(flat, p)
			}
		}
	}
	if len(flat) == 0 {
		flat = []string{def}
	}
	if !slices.ContainsFunc(flat, func(f string) bool { return f[0] != '-' }) {
		flat = append([]string{def}, flat...)
	}
	var out fieldSet
	for _, f := range flat {
		c.addFields(&out, f)
	}
	return out
}

func (c *call) addFields(set *fieldSet, f string) {
	add := func(id string) {
		if !slices.Contains(set.ids, id) {
			set.ids = append(set.ids, id)
		}
	}
	switch {
	case f == "*all" || f == "*navigable":
		for _, id := range c.s.sysIDs {
			if f == "*all" || c.s.sys[id].navigable {
				add(id)
			}
		}
		for _, cf := range c.s.fields {
			add(cf.ID)
		}
	case f[0] == '-':
		set.ids = slices.DeleteFunc(set.ids, func(id string) bool { return id == f[1:] })
	case c.s.sys[f] != nil || c.s.fieldByID[f] != nil:
		add(f)
	}
}

// issueOptions say what belongs to an issue in an answer.
type issueOptions struct {
	fields     fieldSet
	properties []string
	changelog  bool
	// embedMax bounds the changelog inside an issue on Cloud.
	embedMax int
}

// issue writes one issue.
func (c *call) issue(w *writer, i *issue, o issueOptions) {
	w.obj()
	w.kstr("expand", "operations,versionedRepresentations,editmeta,changelog,renderedFields")
	id := strconv.FormatInt(i.id, 10)
	w.kstr("id", id)
	w.kstr("self", c.s.self("issue/"+id))
	w.kstr("key", i.key)
	if len(o.fields.ids) > 0 {
		w.key("fields")
		w.obj()
		c.issueFields(w, i, o.fields)
		w.end()
	}
	if o.properties != nil {
		w.key("properties")
		w.obj()
		for _, p := range o.properties {
			if v, ok := i.props[p]; ok {
				w.key(p)
				w.raw(v)
			}
		}
		w.end()
	}
	if o.changelog {
		w.key("changelog")
		c.embeddedChangelog(w, i, o.embedMax)
	}
	w.end()
}

func (c *call) issueFields(w *writer, i *issue, set fieldSet) {
	t := c.s.traps()
	if len(t.Undecodable) > 0 && slices.Contains(t.Undecodable, i.key) {
		c.brokenFields(w)
		return
	}
	for _, id := range set.ids {
		switch {
		case slices.Contains(t.AbsentFields, id):
			continue
		case slices.Contains(t.NullFields, id):
			w.key(id)
			w.null()
			continue
		}
		c.field(w, i, id)
	}
}

func (c *call) field(w *writer, i *issue, id string) {
	if f := c.s.sys[id]; f != nil {
		if id == "parent" && i.parent == 0 {
			return // Jira leaves it out
		}
		w.key(id)
		f.write(c, w, i)
		return
	}
	f := c.s.fieldByID[id]
	if f == nil || !f.in(i.proj.Key) {
		return
	}
	w.key(id)
	c.custom(w, f, i.custom[id])
}

// brokenFields are fields of types that nobody promised.
func (c *call) brokenFields(w *writer) {
	w.kstr("summary", "broken")
	w.kint("labels", 7)
	w.kstr("priority", "High")
	w.key("status")
	w.arr()
	w.endArr()
	w.kbool("updated", true)
	w.key("project")
	w.strs([]string{"nope"})
}
