package jiratest

import (
	"slices"
	"strconv"
	"strings"
	"time"
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

// time writes a time of the platform API in the site's zone.
func (c *call) time(w *writer, t time.Time) {
	form := platformTime
	zone := c.s.zone()
	if c.s.traps().OddTimes {
		c.times++
		form = oddTimes[c.times%len(oddTimes)]
		zone = time.FixedZone("", []int{0, -12600, 20700, 3600, 0}[c.times%5])
	}
	w.time(t.In(zone), form)
}

// rich writes a rich text: a document tree in v3, wiki text in v2.
func (c *call) rich(w *writer, text string) {
	switch {
	case text == "":
		w.null()
	case c.v3:
		document(w, text)
	default:
		w.str(text)
	}
}

func (c *call) issueType(w *writer, t *IssueType) {
	w.obj()
	w.kstr("self", c.s.self("issuetype/"+t.ID))
	w.kstr("id", t.ID)
	w.kstr("description", "")
	w.kstr("name", t.Name)
	w.kbool("subtask", t.Subtask)
	if c.s.cloud() {
		level := 0
		switch {
		case t.Subtask:
			level = -1
		case t.Epic:
			level = 1
		}
		w.kint("hierarchyLevel", level)
	}
	w.end()
}

func (c *call) projectRef(w *writer, p *Project) {
	w.obj()
	w.kstr("self", c.s.self("project/"+p.ID))
	w.kstr("id", p.ID)
	w.kstr("key", p.Key)
	w.kstr("name", p.Name)
	w.kstr("projectTypeKey", p.typeKey())
	if c.s.cloud() {
		w.kbool("simplified", p.TeamManaged)
	}
	w.end()
}

var categories = map[string]struct {
	id          int
	color, name string
}{
	ToDo:       {2, "blue-gray", "To Do"},
	InProgress: {4, "yellow", "In Progress"},
	Done:       {3, "green", "Done"},
}

func (c *call) status(w *writer, st *Status) {
	cat := categories[st.Category]
	w.obj()
	w.kstr("self", c.s.self("status/"+st.ID))
	w.kstr("description", "")
	w.kstr("name", st.Name)
	w.kstr("id", st.ID)
	w.key("statusCategory")
	w.obj()
	w.kstr("self", c.s.self("statuscategory/"+strconv.Itoa(cat.id)))
	w.kint("id", cat.id)
	w.kstr("key", st.Category)
	w.kstr("colorName", cat.color)
	w.kstr("name", cat.name)
	w.end()
	w.end()
}

func (c *call) priority(w *writer, p *Priority) {
	if p == nil {
		w.null()
		return
	}
	w.obj()
	w.kstr("self", c.s.self("priority/"+p.ID))
	w.kstr("name", p.Name)
	w.kstr("id", p.ID)
	w.end()
}

func (c *call) named(w *writer, kind string, list []string) {
	w.arr()
	for _, n := range list {
		w.obj()
		w.kstr("name", n)
		w.kstr("id", nameID(n))
		w.kstr("self", c.s.self(kind+"/"+nameID(n)))
		w.end()
	}
	w.endArr()
}

// nameID is a stable number for a thing that the world knows by its name only.
func nameID(name string) string {
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return strconv.Itoa(10000 + int(h%80000))
}

func (c *call) userRef(w *writer, u *User) {
	if u == nil {
		w.null()
		return
	}
	w.obj()
	if c.s.cloud() {
		w.kstr("self", c.s.self("user?accountId="+u.AccountID))
		w.kstr("accountId", u.AccountID)
	} else {
		w.kstr("self", c.s.self("user?username="+u.login()))
		w.kstr("name", u.login())
		w.kstr("key", u.AccountID)
	}
	if u.Email != "" && !u.HideEmail {
		w.kstr("emailAddress", u.Email)
	}
	w.kstr("displayName", u.Name)
	w.kbool("active", !u.Inactive)
	zone := u.TimeZone
	if zone == "" {
		zone = "UTC"
	}
	w.kstr("timeZone", zone)
	if c.s.cloud() {
		w.kstr("accountType", "atlassian")
	}
	w.end()
}

func (c *call) resolution(w *writer, i *issue) {
	if i.resolution == "" {
		w.null()
		return
	}
	w.obj()
	w.kstr("self", c.s.self("resolution/"+nameID(i.resolution)))
	w.kstr("id", nameID(i.resolution))
	w.kstr("description", "")
	w.kstr("name", i.resolution)
	w.end()
}

func (c *call) votesField(w *writer, i *issue) {
	w.obj()
	w.kstr("self", c.s.self("issue/"+i.key+"/votes"))
	w.kint("votes", i.votes)
	w.kbool("hasVoted", false)
	w.end()
}

func (c *call) watchesField(w *writer, i *issue) {
	w.obj()
	w.kstr("self", c.s.self("issue/"+i.key+"/watchers"))
	w.kint("watchCount", i.watches)
	w.kbool("isWatching", false)
	w.end()
}

// links writes the issue links whose other end the account may see.
func (c *call) links(w *writer, i *issue) {
	w.arr()
	for _, l := range i.links {
		other := c.s.byID[l.other]
		if other == nil || !c.s.browse(other.cur) {
			continue
		}
		t := c.s.linkType(l.typ)
		w.obj()
		w.kstr("id", idText(l.id))
		w.kstr("self", c.s.self("issueLink/"+idText(l.id)))
		w.key("type")
		c.linkTypeObject(w, t)
		if l.outward {
			w.key("outwardIssue")
		} else {
			w.key("inwardIssue")
		}
		c.shortIssue(w, other.cur)
		w.end()
	}
	w.endArr()
}

func (c *call) linkTypeObject(w *writer, t LinkType) {
	w.obj()
	w.kstr("id", t.ID)
	w.kstr("name", t.Name)
	w.kstr("inward", t.Inward)
	w.kstr("outward", t.Outward)
	w.kstr("self", c.s.self("issueLinkType/"+t.ID))
	w.end()
}

// shortIssue is how an issue appears inside another one.
func (c *call) shortIssue(w *writer, i *issue) {
	w.obj()
	w.kstr("id", idText(i.id))
	w.kstr("key", i.key)
	w.kstr("self", c.s.self("issue/"+idText(i.id)))
	w.key("fields")
	w.obj()
	w.kstr("summary", i.summary)
	w.key("status")
	c.status(w, i.status)
	w.key("priority")
	c.priority(w, i.prio)
	w.key("issuetype")
	c.issueType(w, i.typ)
	w.end()
	w.end()
}

func (c *call) parent(w *writer, i *issue) {
	p := c.s.byID[i.parent]
	if p == nil || !c.s.browse(p.cur) {
		w.null()
		return
	}
	c.shortIssue(w, p.cur)
}

func (c *call) statusSince(w *writer, i *issue) {
	at := i.created
	for _, h := range slices.Backward(i.history) {
		if slices.ContainsFunc(h.Items, func(it Item) bool { return it.FieldID == "status" }) {
			at = h.At
			break
		}
	}
	c.time(w, at)
}
