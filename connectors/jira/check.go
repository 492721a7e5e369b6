package jira

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// check collects findings.
type check struct {
	c    *Client
	list []connectors.Finding
}

func (k *check) ok(what, format string, args ...any) {
	k.list = append(k.list, connectors.Finding{Level: connectors.OK, What: what, Text: fmt.Sprintf(format, args...)})
}

func (k *check) warn(what, fix, format string, args ...any) {
	k.list = append(k.list, connectors.Finding{Level: connectors.Warning, What: what, Text: fmt.Sprintf(format, args...), Fix: fix})
}

// fail records an error with its own hint, or with fix where it has none.
func (k *check) fail(what, fix string, err error) {
	f := connectors.Finding{Level: connectors.Failed, What: what, Text: err.Error(), Fix: fix}
	if e, ok := asError(err); ok && e.Hint != "" {
		bare := *e
		bare.Hint = ""
		f.Text, f.Fix = bare.Error(), e.Hint
	}
	k.list = append(k.list, f)
}

// Check looks at everything that the source needs: the site, the account, the
// projects and their permissions, the fields, the priorities, the edit screens
// and the JQL. It writes nothing. An error means that it could not go on; the
// findings so far are returned with it.
func (c *Client) Check(ctx context.Context) ([]connectors.Finding, error) {
	k := &check{c: c}
	s, err := c.readSite(ctx)
	if err != nil {
		k.fail("site", "check url", err)
		return k.list, nil
	}
	if !k.site(s) {
		return k.list, nil
	}
	if err := c.readAccount(ctx); err != nil {
		k.fail("account", "check auth", err)
		return k.list, nil
	}
	k.ok("account", "signed in as %s", connectors.Excerpt(c.self().name))
	k.fields(ctx)
	k.jql(ctx)
	for _, p := range c.set.Projects {
		k.project(ctx, p)
	}
	k.bulk(ctx)
	return k.list, ctx.Err()
}

func (k *check) site(s *site) bool {
	if f := k.c.set.Flavor; f != "" && f != s.flavor {
		k.fail("site", "remove flavor or correct it", fmt.Errorf("the configuration says %s, the server says %s", f, s.flavor))
		return false
	}
	k.ok("site", "Jira %s %s, %s", map[Flavor]string{Cloud: "Cloud", DataCenter: "Data Center"}[s.flavor], connectors.Excerpt(s.version), s.baseURL)
	return true
}

func (k *check) fields(ctx context.Context) {
	k.c.mu.Lock()
	k.c.catalog = nil // look anew
	k.c.mu.Unlock()
	cat, err := k.c.fields(ctx)
	if err != nil {
		k.fail("fields", "check fields", err)
		return
	}
	for _, name := range sortedKeys(cat.custom) {
		k.ok("field "+name, "reads %s", strings.Join(cat.custom[name], ", "))
	}
	k.ok("fields", "asks for %d fields of an issue", len(cat.request))
}

// jql parses the configured restriction. It must not sort: JQL takes one ORDER
// BY, and paging needs its own.
func (k *check) jql(ctx context.Context) {
	jql := strings.TrimSpace(k.c.set.JQL)
	if jql == "" {
		return
	}
	if k.c.flavor() == DataCenter {
		k.dcJQL(ctx)
		return
	}
	var answer struct {
		Queries []struct {
			Structure struct {
				OrderBy jsontext.Value `json:"orderBy"`
			} `json:"structure"`
			Errors []string `json:"errors"`
		} `json:"queries"`
	}
	_, err := k.c.do(ctx, call{op: opParse, again: true, method: http.MethodPost, path: "jql/parse", query: url.Values{"validation": {"strict"}},
		body: map[string]any{"queries": []string{jql}}, into: &answer})
	switch {
	case err != nil:
		k.fail("jql", "check jql", err)
	case len(answer.Queries) != 1:
		k.fail("jql", "check jql", &connectors.Error{Kind: connectors.Contract, Op: opParse, Detail: "the server did not parse the query"})
	case len(answer.Queries[0].Errors) > 0:
		k.fail("jql", "correct jql", &connectors.Error{Kind: connectors.Invalid, Op: opParse, Detail: connectors.Excerpt(strings.Join(answer.Queries[0].Errors, " "))})
	case answer.Queries[0].Structure.OrderBy.Kind() == '{':
		k.fail("jql", "remove ORDER BY from jql", &connectors.Error{Kind: connectors.Invalid, Op: opParse, Detail: "jql must not sort"})
	default:
		k.ok("jql", "understood")
	}
}

// dcJQL tries the query, inside the brackets in which it is used: an ORDER BY
// is an error there.
func (k *check) dcJQL(ctx context.Context) {
	var page idPage
	_, err := k.c.do(ctx, call{op: opSearch, again: true, method: http.MethodPost, path: "search", into: &page,
		body: map[string]any{"jql": k.c.set.scope(), "fields": []string{"summary"}, "maxResults": 1}})
	if err != nil {
		k.fail("jql", "correct jql; it must have no ORDER BY", err)
		return
	}
	k.ok("jql", "understood")
}

func (k *check) project(ctx context.Context, p string) {
	what := "project " + p
	if err := k.c.mayBrowse(ctx, p); err != nil {
		k.fail(what, "try again; if it stays, look at the tracker's own log", err)
		return
	}
	have, err := k.c.granted(ctx, p, "EDIT_ISSUES", "ASSIGN_ISSUES", "ADD_COMMENTS")
	if err != nil {
		k.fail(what, "try again; if it stays, look at the tracker's own log", err)
		return
	}
	for _, need := range []struct{ id, name, without string }{
		{"EDIT_ISSUES", "Edit Issues", "nothing can be written"},
		{"ASSIGN_ISSUES", "Assign Issues", "owners cannot be assigned"},
		{"ADD_COMMENTS", "Add Comments", "no comments can be written"},
	} {
		if !have[need.id] {
			k.warn(what, "give the account the permission "+need.name, "the permission %s is missing: %s", need.name, need.without)
		}
	}
	if kind, err := k.c.projectType(ctx, p); err != nil {
		k.warn(what, "make the project visible to the account", "its type is not known, so that no comments are written: %v", err)
	} else {
		k.ok(what, "readable, type %s", connectors.Excerpt(kind))
	}
	k.screen(ctx, p)
}

// screen looks at what may be edited on one issue of the project.
func (k *check) screen(ctx context.Context, p string) {
	what := "project " + p
	sample, err := k.sample(ctx, p)
	if err != nil {
		k.fail(what, "check jql", err)
		return
	}
	if sample == "" {
		k.warn(what, "run the check again when there is an issue", "it has no open issue in scope: edit screen and priorities were not looked at")
		return
	}
	meta, err := k.c.editMeta(ctx, sample)
	if err != nil {
		k.fail(what, "try again; if it stays, look at the tracker's own log", err)
		return
	}
	for _, f := range []string{"labels", "priority", "duedate", "assignee"} {
		if _, ok := meta[f]; !ok {
			k.warn(what, "put it on the edit screen and give the account the permission to set it", "the field %s cannot be edited on issue %s", f, sample)
		}
	}
	k.priorities(ctx, p, sample)
}

func (k *check) sample(ctx context.Context, p string) (string, error) {
	var page idPage
	jql := k.c.set.scope(p) + openOnly + " ORDER BY key DESC"
	var err error
	if k.c.flavor() == DataCenter {
		err = dcSearch(ctx, k.c, jql, []string{"summary"}, 1, &page)
	} else {
		_, err = k.c.do(ctx, call{op: opSearch, again: true, method: http.MethodPost, path: "search/jql", into: &page,
			body: query{JQL: jql, Fields: []string{"id"}, Size: 1}})
	}
	if err != nil || len(page.Issues) == 0 {
		return "", err
	}
	return page.Issues[0].id, nil
}

func (k *check) priorities(ctx context.Context, p, sample string) {
	what := "priorities of " + p
	k.c.forgetPriorities(p)
	l, err := k.c.priorities(ctx, p, sample)
	if err != nil {
		k.fail(what, "try again; if it stays, look at the tracker's own log", err)
		return
	}
	names := map[string]string{}
	var all, mapped []string
	for _, it := range l.items {
		names[it.ID] = connectors.Excerpt(it.Name)
		all = append(all, names[it.ID])
	}
	for r := issue.Urgent; r >= issue.Low; r-- {
		id, ok := l.ids[r]
		if !ok {
			k.warn(what, "set priorities."+r.String()+" to one of: "+strings.Join(all, ", "), "nothing stands for %s: it is never written", r)
			continue
		}
		mapped = append(mapped, r.String()+" is "+names[id])
	}
	k.ok(what, "%s", strings.Join(mapped, ", "))
}

func (k *check) bulk(ctx context.Context) {
	if k.c.flavor() != Cloud {
		return
	}
	have, err := k.c.granted(ctx, "", "BULK_CHANGE")
	switch {
	case err != nil:
		k.fail("bulk edits", "give the account the global permission Make bulk changes", err)
	case !have["BULK_CHANGE"]:
		k.warn("bulk edits", "give the account the global permission Make bulk changes", "not permitted: every issue is edited on its own")
	default:
		k.ok("bulk edits", "permitted")
	}
}
