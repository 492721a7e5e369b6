package jira

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// personLife is how long a found account is trusted: user search has a limit
// of its own that the whole site shares.
const personLife = 24 * time.Hour

type cachedPerson struct {
	issue.Person
	until time.Time
}

// Person resolves an e-mail address, an account id (Cloud) or a user name
// (Data Center) to an account that issues of the first project can be assigned
// to.
func (c *Client) Person(ctx context.Context, who string) (issue.Person, error) {
	if err := c.ensure(ctx); err != nil {
		return issue.Person{}, err
	}
	c.mu.Lock()
	hit, ok := c.people[who]
	c.mu.Unlock()
	if ok && c.now().Before(hit.until) {
		return hit.Person, nil
	}
	list, err := c.assignable(ctx, who)
	if err != nil {
		return issue.Person{}, err
	}
	u, err := choose(who, list, c.set.Projects[0])
	if err != nil {
		return issue.Person{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.people[who] = cachedPerson{u.person(), c.now().Add(personLife)}
	return u.person(), nil
}

func (c *Client) assignable(ctx context.Context, who string) ([]user, error) {
	q := url.Values{"project": {c.set.Projects[0]}, "maxResults": {"50"}}
	switch {
	case c.flavor() == DataCenter:
		q.Set("username", who)
	case strings.Contains(who, "@"):
		q.Set("query", who)
	default:
		q.Set("accountId", who)
	}
	var list []user
	_, err := c.do(ctx, call{op: opUsers, again: true, method: http.MethodGet, path: "user/assignable/search", query: q, into: &list})
	return list, err
}

// choose takes the exact match, or the only one where the address is hidden.
func choose(who string, list []user, project string) (*user, error) {
	var names []string
	for n := range list {
		u := &list[n]
		if u.AccountID == who || u.Name == who || strings.EqualFold(u.EmailAddress, who) {
			return u, nil
		}
		names = append(names, fmt.Sprintf("%s (%s)", connectors.Excerpt(u.DisplayName), u.id()))
	}
	if len(list) == 1 && list[0].EmailAddress == "" && strings.Contains(who, "@") {
		return &list[0], nil
	}
	e := &connectors.Error{Kind: connectors.NotFound, Op: opUsers,
		Detail: fmt.Sprintf("no account %q can be assigned in %s", connectors.Excerpt(who), project),
		Hint:   "check the address and the permission Assignable User, or give the account id"}
	if len(names) > 0 {
		e.Detail = fmt.Sprintf("%q is not exactly one account: %s", connectors.Excerpt(who), strings.Join(names[:min(len(names), 5)], ", "))
		e.Hint = "give the account id"
	}
	return nil, e
}

// granted asks which of the named permissions we have in a project.
func (c *Client) granted(ctx context.Context, project string, names ...string) (map[string]bool, error) {
	var answer struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	q := url.Values{"permissions": {strings.Join(names, ",")}}
	if project != "" {
		q.Set("projectKey", project)
	}
	_, err := c.do(ctx, call{op: opPermissions, again: true, method: http.MethodGet, path: "mypermissions", query: q, into: &answer})
	out := map[string]bool{}
	for _, n := range names {
		out[n] = answer.Permissions[n].Have
	}
	return out, err
}

// mayBrowse returns an error where we cannot see the project.
func (c *Client) mayBrowse(ctx context.Context, project string) error {
	have, err := c.granted(ctx, project, "BROWSE_PROJECTS")
	lost := &connectors.Error{Kind: connectors.Forbidden, Op: opPermissions,
		Detail: "project " + project + " does not exist or the account cannot browse it",
		Hint:   "check the key, and give the account the permission Browse Projects"}
	switch k := connectors.KindOf(err); {
	case k == connectors.NotFound, k == connectors.Invalid, k == connectors.Forbidden:
		lost.Err = err
		return lost
	case err != nil:
		return err
	case !have["BROWSE_PROJECTS"]:
		return lost
	}
	return nil
}

// projectTypeLife is how long a project is taken for one without customers: it
// may become a service desk, and customers would read our comments.
const projectTypeLife = 10 * time.Minute

// cachedType is a project's type and when the server said so.
type cachedType struct {
	kind  string
	asked time.Time
}

// projectType is "software", "business", "service_desk"…
func (c *Client) projectType(ctx context.Context, key string) (string, error) {
	c.mu.Lock()
	known := c.types[key]
	c.mu.Unlock()
	if known.kind == "service_desk" || known.kind != "" && c.now().Sub(known.asked) < projectTypeLife {
		return known.kind, nil
	}
	if !projectKey.MatchString(key) {
		return "", &connectors.Error{Kind: connectors.Invalid, Op: opProjects, Detail: fmt.Sprintf("%q is not a project key", connectors.Excerpt(key))}
	}
	type project struct {
		Key  string `json:"key"`
		Type string `json:"projectTypeKey"`
	}
	var found struct {
		Values []project `json:"values"`
		project
	}
	k := call{op: opProjects, again: true, method: http.MethodGet, path: "project/search", query: url.Values{"keys": {key}}, into: &found}
	if c.flavor() == DataCenter {
		k.path, k.query = "project/"+key, nil
	}
	if _, err := c.do(ctx, k); err != nil {
		return "", err
	}
	for _, p := range append(found.Values, found.project) {
		if p.Key == key && p.Type != "" {
			c.mu.Lock()
			c.types[key] = cachedType{p.Type, c.now()}
			c.mu.Unlock()
			return p.Type, nil
		}
	}
	return "", &connectors.Error{Kind: connectors.NotFound, Op: opProjects, Detail: "the type of project " + key + " is not known"}
}
