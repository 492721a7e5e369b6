package jiratest

import (
	"slices"
	"strconv"
	"time"
)

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
