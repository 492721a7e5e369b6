package jiratest

import "strings"

// groupMembers pages the people of a group. Inactive ones are left out unless
// they are asked for.
func (c *call) groupMembers() reply {
	name := c.q.Get("groupname")
	switch {
	case c.user == nil:
		return reply{status: 401}
	case name == "":
		return c.message(400, msgBadValue, "groupname")
	}
	ids, known := c.s.groups[name]
	if !known {
		return c.message(404, msgNoGroup, name)
	}
	for _, p := range []string{"startAt", "maxResults"} {
		if v := c.q.Get(p); v != "" && strings.Trim(v, "0123456789") != "" {
			return c.message(400, msgBadValue, p)
		}
	}
	var list []*User
	for _, id := range ids {
		if u := c.s.users[id]; u != nil && (!u.Inactive || c.q.Get("includeInactiveUsers") == "true") {
			list = append(list, u)
		}
	}
	start, size := c.page(50, 50)
	from, to := slicePage(len(list), start, size)
	w := c.writer()
	w.obj()
	w.kstr("self", c.s.self("group/member?groupname="+name))
	c.pageHead(w, start, size, len(list))
	w.key("values")
	w.arr()
	for _, u := range list[from:to] {
		c.userRef(w, u)
	}
	w.endArr()
	w.end()
	return ok(w)
}
