package jiratest

import (
	"net/http"
	"net/url"
	"strings"
)

// route is one operation of the site.
type route struct {
	op, method string
	// template is the path under /rest/api/{version}, or the whole path.
	template string
	parts    []string
	handle   func(*call) reply
	// anon lets strangers call it; write marks mutations; issueWrite those
	// that the per-issue limits count; platform those of /rest/api.
	anon, write, issueWrite, platform bool
	cloud, dc                         bool
}

type router struct{ routes []*route }

type routeFlag uint8

const (
	anon routeFlag = 1 << iota
	write
	onIssue
	onlyCloud
	onlyDC
)

func (rt *router) add(op, method, template string, flags routeFlag, h func(*call) reply) {
	rt.routes = append(rt.routes, &route{
		op: op, method: method, template: template, parts: strings.Split(strings.Trim(template, "/"), "/"), handle: h,
		anon: flags&anon != 0, write: flags&write != 0, issueWrite: flags&onIssue != 0,
		platform: !strings.HasPrefix(template, "/rest/") && !strings.HasPrefix(template, "/_edge"),
		cloud:    flags&onlyDC == 0, dc: flags&onlyCloud == 0,
	})
}

func newRouter() *router {
	rt := &router{}
	rt.site()
	rt.issues()
	rt.lists()
	return rt
}

func (rt *router) site() {
	rt.add("serverInfo", "GET", "/serverInfo", anon, (*call).serverInfo)
	rt.add("myself", "GET", "/myself", 0, (*call).myself)
	rt.add("tenantInfo", "GET", "/_edge/tenant_info", anon|onlyCloud, (*call).tenantInfo)
	rt.add("myPermissions", "GET", "/mypermissions", anon, (*call).myPermissions)
	rt.add("checkPermissions", "POST", "/permissions/check", anon|onlyCloud, (*call).checkPermissions)
	rt.add("users", "GET", "/user/bulk", onlyCloud, (*call).usersBulk)
	rt.add("assignable", "GET", "/user/assignable/search", 0, (*call).assignable)
	rt.add("userSearch", "GET", "/user/search", 0, (*call).userSearch)
	rt.add("user", "GET", "/user", 0, (*call).userGet)
	rt.add("groupMembers", "GET", "/group/member", 0, (*call).groupMembers)
	rt.add("task", "GET", "/task/{id}", 0, (*call).taskGet)
}

func (rt *router) issues() {
	rt.add("searchOld", "GET", "/search", anon, (*call).oldSearch)
	rt.add("searchOld", "POST", "/search", anon, (*call).oldSearch)
	rt.add("search", "GET", "/search/jql", anon|onlyCloud, (*call).searchJQL)
	rt.add("search", "POST", "/search/jql", anon|onlyCloud, (*call).searchJQL)
	rt.add("count", "POST", "/search/approximate-count", anon|onlyCloud, (*call).count)
	rt.add("parse", "POST", "/jql/parse", anon|onlyCloud, (*call).parse)
	rt.add("bulkfetch", "POST", "/issue/bulkfetch", anon|onlyCloud, (*call).bulkFetch)
	rt.add("changelogs", "POST", "/changelog/bulkfetch", anon|onlyCloud, (*call).changelogBulk)
	rt.add("issue", "GET", "/issue/{id}", anon, (*call).issueGet)
	rt.add("edit", "PUT", "/issue/{id}", anon|write|onIssue, (*call).issuePut)
	rt.add("assign", "PUT", "/issue/{id}/assignee", write|onIssue, (*call).assign)
	rt.add("editmeta", "GET", "/issue/{id}/editmeta", anon, (*call).editMeta)
	rt.add("changelog", "GET", "/issue/{id}/changelog", anon, (*call).changelog)
	rt.add("changelogList", "POST", "/issue/{id}/changelog/list", anon|onlyCloud, (*call).changelogList)
	rt.add("comments", "GET", "/issue/{id}/comment", anon, (*call).comments)
	rt.add("comment", "POST", "/issue/{id}/comment", anon|write|onIssue, (*call).commentPost)
	rt.add("commentGet", "GET", "/issue/{id}/comment/{cid}", anon, (*call).commentGet)
	rt.add("commentPut", "PUT", "/issue/{id}/comment/{cid}", anon|write|onIssue, (*call).commentPut)
	rt.add("commentDelete", "DELETE", "/issue/{id}/comment/{cid}", anon|write|onIssue, (*call).commentDelete)
	rt.add("commentProperties", "GET", "/comment/{cid}/properties", anon, (*call).commentProps)
	rt.add("commentProperty", "GET", "/comment/{cid}/properties/{key}", anon, (*call).commentProp)
	rt.add("commentPropertyPut", "PUT", "/comment/{cid}/properties/{key}", anon|write, (*call).commentPropPut)
	rt.add("commentPropertyDelete", "DELETE", "/comment/{cid}/properties/{key}", anon|write, (*call).commentPropDelete)
	rt.add("properties", "GET", "/issue/{id}/properties", anon, (*call).issueProps)
	rt.add("property", "GET", "/issue/{id}/properties/{key}", anon, (*call).issueProp)
	rt.add("propertyPut", "PUT", "/issue/{id}/properties/{key}", anon|write|onIssue, (*call).issuePropPut)
	rt.add("propertyDelete", "DELETE", "/issue/{id}/properties/{key}", anon|write|onIssue, (*call).issuePropDelete)
	rt.add("watchers", "GET", "/issue/{id}/watchers", anon, (*call).watchers)
	rt.add("votes", "GET", "/issue/{id}/votes", anon, (*call).votes)
	rt.add("remoteLinks", "GET", "/issue/{id}/remotelink", anon, (*call).remoteLinks)
	rt.add("bulkFields", "GET", "/bulk/issues/fields", onlyCloud, (*call).bulkFields)
	rt.add("bulkEdit", "POST", "/bulk/issues/fields", write|onlyCloud, (*call).bulkEdit)
	rt.add("bulkTask", "GET", "/bulk/queue/{id}", onlyCloud, (*call).bulkTask)
	rt.add("sla", "GET", "/rest/servicedeskapi/request/{id}/sla", 0, (*call).deskSLA)
}

func (rt *router) lists() {
	rt.add("fields", "GET", "/field", anon, (*call).fieldList)
	rt.add("fieldSearch", "GET", "/field/search", anon|onlyCloud, (*call).fieldSearch)
	rt.add("projectSearch", "GET", "/project/search", anon|onlyCloud, (*call).projectSearch)
	rt.add("projects", "GET", "/project", anon, (*call).projectList)
	rt.add("project", "GET", "/project/{id}", anon, (*call).projectGet)
	rt.add("priorities", "GET", "/priority", anon, (*call).priorityList)
	rt.add("prioritySearch", "GET", "/priority/search", anon|onlyCloud, (*call).prioritySearch)
	rt.add("priority", "GET", "/priority/{id}", anon, (*call).priorityGet)
	rt.add("statuses", "GET", "/status", anon, (*call).statusList)
	rt.add("status", "GET", "/status/{id}", anon, (*call).statusGet)
	rt.add("linkTypes", "GET", "/issueLinkType", anon, (*call).linkTypeList)
	rt.add("labels", "GET", "/label", anon|onlyCloud, (*call).labelList)
}

// match finds the operation, or the refusal of a path that is none.
func (c *call) match() *reply {
	path, within := strings.CutPrefix(c.r.URL.EscapedPath(), c.s.opt.BasePath)
	if !within {
		return c.nowhere()
	}
	rest, platform := strings.CutPrefix(path, "/rest/api/")
	if platform {
		version, tail, _ := strings.Cut(rest, "/")
		if !c.version(version) {
			return c.nowhere()
		}
		path = tail
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	known := false
	for _, rt := range c.s.routes.routes {
		if rt.platform != platform || !rt.available(c.s) || !c.matches(rt, parts) {
			continue
		}
		known = true
		if rt.method == c.r.Method {
			c.route = rt
			return nil
		}
	}
	if known {
		return &reply{status: http.StatusMethodNotAllowed}
	}
	return c.nowhere()
}

func (rt *route) available(s *Server) bool {
	if s.cloud() {
		return rt.cloud
	}
	return rt.dc
}

// version accepts the API versions of the flavor: Data Center has no 3.
func (c *call) version(v string) bool {
	switch v {
	case "2":
		return true
	case "3":
		c.v3 = true
		return c.s.cloud()
	case "latest":
		c.v3 = c.s.cloud()
		return true
	}
	return false
}

func (c *call) matches(rt *route, parts []string) bool {
	if len(parts) != len(rt.parts) {
		return false
	}
	var args []string
	for i, p := range rt.parts {
		if p[0] != '{' {
			if p != parts[i] {
				return false
			}
			continue
		}
		a, err := url.PathUnescape(parts[i])
		if err != nil {
			return false
		}
		args = append(args, a)
	}
	c.args = args
	return true
}

// nowhere is the answer to a path that does not exist.
func (c *call) nowhere() *reply {
	w := c.writer()
	w.obj()
	w.kstr("message", "null for uri: "+c.s.opt.URL+c.r.URL.Path)
	w.kint("status-code", 404)
	w.end()
	return &reply{status: 404, body: w.b}
}
