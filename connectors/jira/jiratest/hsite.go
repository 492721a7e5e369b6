package jiratest

import (
	"slices"
	"strconv"
	"strings"
)

// serverInfo tells flavor, version and the site's clock, to anyone.
func (c *call) serverInfo() reply {
	version, kind := "1001.0.0-SNAPSHOT", "Cloud"
	if !c.s.cloud() {
		version, kind = c.s.opt.Version, "Server"
	}
	w := c.writer()
	w.obj()
	w.kstr("baseUrl", c.s.opt.URL+c.s.opt.BasePath)
	w.kstr("version", version)
	w.key("versionNumbers")
	w.arr()
	head, _, _ := strings.Cut(version, "-")
	for p := range strings.SplitSeq(head, ".") {
		w.int(int64(atoi(p)))
	}
	w.endArr()
	w.kstr("deploymentType", kind)
	w.kint("buildNumber", 100289)
	w.kstr("buildDate", "2026-09-01T00:00:00.000+0000")
	w.kstr("serverTime", c.now.In(c.s.zone()).Format(platformTime))
	if c.s.cloud() {
		w.kstr("serverTimeZone", c.s.zone().String())
	}
	w.kstr("scmInfo", "0000000000000000000000000000000000000000")
	w.kstr("serverTitle", "Jira")
	w.end()
	return ok(w)
}

func (c *call) myself() reply {
	w := c.writer()
	c.userRef(w, c.user)
	return ok(w)
}

func (c *call) tenantInfo() reply {
	return reply{status: 200, body: []byte(`{"cloudId":"11111111-2222-4333-8444-555555555555"}`)}
}

// permissions are the keys that the simulator knows, with what decides.
func (c *call) granted(key string, p *Project) bool {
	if c.user == nil {
		return false
	}
	switch key {
	case "BULK_CHANGE":
		return !c.user.NoBulkChange
	case "ADMINISTER":
		return false
	}
	if p == nil {
		return false
	}
	if p.Hidden || p.Status == "deleted" {
		return false
	}
	switch key {
	case "BROWSE_PROJECTS":
		return true
	case "EDIT_ISSUES":
		return !p.ReadOnly
	case "ASSIGN_ISSUES", "ASSIGNABLE_USER":
		return !p.NoAssign
	case "ADD_COMMENTS", "EDIT_OWN_COMMENTS", "DELETE_OWN_COMMENTS":
		return !p.NoComment
	case "ADMINISTER_PROJECTS":
		return !p.NoAdmin
	}
	return false
}

const permissionKeys = " BROWSE_PROJECTS EDIT_ISSUES ASSIGN_ISSUES ASSIGNABLE_USER ADD_COMMENTS EDIT_OWN_COMMENTS DELETE_OWN_COMMENTS" +
	" ADMINISTER_PROJECTS BULK_CHANGE ADMINISTER CREATE_ISSUES RESOLVE_ISSUES SCHEDULE_ISSUES VIEW_VOTERS_AND_WATCHERS "

// myPermissions answers for the asked keys, in a project where one is named.
func (c *call) myPermissions() reply {
	asked := splitList(c.q["permissions"])
	if len(asked) == 0 {
		if c.s.cloud() {
			return c.message(400, msgBadValue, "permissions")
		}
		asked = strings.Fields(permissionKeys)
	}
	var p *Project
	switch {
	case c.q.Get("projectKey") != "":
		p = c.s.project(c.q.Get("projectKey"))
	case c.q.Get("projectId") != "":
		p = c.s.project(c.q.Get("projectId"))
	case c.q.Get("issueKey") != "" || c.q.Get("issueId") != "":
		if r := c.s.find(c.q.Get("issueKey") + c.q.Get("issueId")); r != nil {
			p = r.cur.proj
		}
	}
	if p == nil && (c.q.Get("projectKey") != "" || c.q.Get("issueKey") != "") || p != nil && p.Hidden {
		return c.message(404, msgNoProject, c.q.Get("projectKey"))
	}
	w := c.writer()
	w.obj()
	w.key("permissions")
	w.obj()
	for i, key := range asked {
		if !strings.Contains(permissionKeys, " "+key+" ") {
			return c.fail(400, "Unrecognized permission keys: ["+key+"]")
		}
		w.key(key)
		w.obj()
		w.kstr("id", strconv.Itoa(i+1))
		w.kstr("key", key)
		w.kstr("name", key)
		w.kstr("type", "PROJECT")
		w.kstr("description", "")
		w.kbool("havePermission", c.anywhere(key, p))
		w.end()
	}
	w.end()
	w.end()
	return ok(w)
}

// anywhere is the answer without a project: true if it holds in any.
func (c *call) anywhere(key string, p *Project) bool {
	if p != nil || c.granted(key, nil) {
		return c.granted(key, p)
	}
	return slices.ContainsFunc(c.s.projects, func(p *Project) bool { return c.granted(key, p) })
}

type permissionRequest struct {
	AccountID          string   `json:"accountId"`
	GlobalPermissions  []string `json:"globalPermissions"`
	ProjectPermissions []struct {
		Issues      []int64  `json:"issues"`
		Projects    []int64  `json:"projects"`
		Permissions []string `json:"permissions"`
	} `json:"projectPermissions"`
}

// checkPermissions answers the granted subset and ignores unknown ids.
func (c *call) checkPermissions() reply {
	var q permissionRequest
	if rep := c.decode(&q); rep != nil {
		return *rep
	}
	w := c.writer()
	w.obj()
	w.key("projectPermissions")
	w.arr()
	for _, pp := range q.ProjectPermissions {
		if len(pp.Projects) > 1000 || len(pp.Issues) > 1000 {
			return c.message(400, msgTooMany, "projects or issues", 1000)
		}
		for _, key := range pp.Permissions {
			c.grants(w, key, pp.Projects, pp.Issues)
		}
	}
	w.endArr()
	w.key("globalPermissions")
	w.arr()
	for _, key := range q.GlobalPermissions {
		if c.granted(key, nil) {
			w.str(key)
		}
	}
	w.endArr()
	w.end()
	return ok(w)
}

func (c *call) grants(w *writer, key string, projects, issues []int64) {
	w.obj()
	w.kstr("permission", key)
	w.key("projects")
	w.arr()
	for _, id := range projects {
		if p := c.s.project(strconv.FormatInt(id, 10)); p != nil && c.granted(key, p) {
			w.int(id)
		}
	}
	w.endArr()
	w.key("issues")
	w.arr()
	for _, id := range issues {
		if r := c.s.byID[id]; r != nil && c.s.browse(r.cur) && c.granted(key, r.cur.proj) {
			w.int(id)
		}
	}
	w.endArr()
	w.end()
}

// userGet reads one person.
func (c *call) userGet() reply {
	id := c.q.Get("accountId")
	if !c.s.cloud() {
		id = c.q.Get("username") + c.q.Get("key")
	}
	if id == "" {
		return c.message(400, msgBadValue, "accountId")
	}
	u := c.s.users[id]
	if u == nil && !c.s.cloud() {
		u = c.s.user(id)
	}
	if u == nil {
		return c.message(404, msgBadUser, id)
	}
	w := c.writer()
	c.userRef(w, u)
	return ok(w)
}

// userSearch finds people by the start of name or address.
func (c *call) userSearch() reply {
	query := c.q.Get("query")
	if !c.s.cloud() {
		query = c.q.Get("username")
	}
	if query == "" && c.q.Get("accountId") == "" {
		return c.message(400, msgBadValue, "query")
	}
	return c.people(func(u *User) bool { return c.matchUser(u, query) })
}

// matchUser compares as the user picker does. A hidden address still matches
// in full on Cloud.
func (c *call) matchUser(u *User, query string) bool {
	if id := c.q.Get("accountId"); id != "" && c.s.cloud() {
		return u.AccountID == id
	}
	q := strings.ToLower(query)
	mail := strings.ToLower(u.Email)
	if mail == q && q != "" || !u.HideEmail && strings.HasPrefix(mail, q) {
		return true
	}
	for word := range strings.FieldsSeq(strings.ToLower(u.Name)) {
		if strings.HasPrefix(word, q) {
			return true
		}
	}
	return strings.HasPrefix(strings.ToLower(u.Name), q) || !c.s.cloud() && strings.HasPrefix(strings.ToLower(u.login()), q)
}

// people pages the matching users.
func (c *call) people(match func(*User) bool) reply {
	start, size := c.page(50, 1000)
	var list []*User
	for _, u := range c.s.userOrder {
		if match(u) {
			list = append(list, u)
		}
	}
	from, to := slicePage(len(list), start, size)
	w := c.writer()
	w.arr()
	for _, u := range list[from:to] {
		c.userRef(w, u)
	}
	w.endArr()
	return ok(w)
}

// assignable finds who may be assigned in a project or on an issue.
func (c *call) assignable() reply {
	var p *Project
	if key := c.q.Get("project"); key != "" {
		p = c.s.project(key)
	} else if r := c.s.find(c.q.Get("issueKey") + c.q.Get("issueId")); r != nil {
		p = r.cur.proj
	}
	if p == nil || p.Hidden {
		return c.message(404, msgNoProject, c.q.Get("project"))
	}
	query := c.q.Get("query") + c.q.Get("username")
	if query == "" && c.q.Get("accountId") == "" && c.s.cloud() {
		return c.message(400, msgBadValue, "query")
	}
	return c.people(func(u *User) bool { return !u.Inactive && c.matchUser(u, query) })
}

// usersBulk reads people by account id.
func (c *call) usersBulk() reply {
	ids := c.q["accountId"]
	if len(ids) == 0 {
		return c.message(400, msgBadValue, "accountId")
	}
	if len(ids) > 200 {
		return c.message(400, msgTooMany, "accountId", 200)
	}
	start, size := c.page(10, 200)
	var list []*User
	for _, id := range ids {
		if u := c.s.users[id]; u != nil {
			list = append(list, u)
		}
	}
	from, to := slicePage(len(list), start, size)
	w := c.writer()
	w.obj()
	w.kstr("self", c.s.self("user/bulk"))
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
