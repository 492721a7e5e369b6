package jira

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// remark is a comment as far as it matters who may see it.
type remark struct {
	Author  *user     `json:"author"`
	Created timestamp `json:"created"`
	// JSDPublic is only there on a service project.
	JSDPublic  *bool          `json:"jsdPublic"`
	Visibility jsontext.Value `json:"visibility"`
	Properties []struct {
		Key   string `json:"key"`
		Value struct {
			Internal bool `json:"internal"`
		} `json:"value"`
	} `json:"properties"`
}

// public reports whether the reporter sees the comment: it is neither internal
// nor for a role or group alone.
func (r *remark) public() bool {
	if r.JSDPublic != nil && !*r.JSDPublic {
		return false
	}
	for _, p := range r.Properties {
		if p.Key == "sd.public.comment" && p.Value.Internal {
			return false
		}
	}
	return len(r.Visibility) == 0 || r.Visibility.Kind() == 'n'
}

// Comments reads who commented on the issues and when, oldest first, one call
// for each issue and 100 comments. An id without an entry could not be read.
func (c *Client) Comments(ctx context.Context, ids []string) (map[string][]issue.Comment, error) {
	if err := c.ensure(ctx); err != nil {
		return nil, err
	}
	ids, _ = usableIDs(opComments, ids)
	read := func(ctx context.Context, n int) ([]issue.Comment, error) {
		list, err := c.remarks(ctx, ids[n])
		switch connectors.KindOf(err) {
		case connectors.NotFound, connectors.Forbidden, connectors.Contract:
			return nil, nil // this one cannot be read; the others can
		}
		return list, err
	}
	out := map[string][]issue.Comment{}
	n := 0
	for list, err := range ordered(ctx, len(ids), c.reading(), read) {
		if err != nil {
			return nil, err
		}
		if list != nil {
			out[ids[n]] = list
		}
		n++
	}
	return out, nil
}

// remarks reads the comments of one issue; the list is not nil.
func (c *Client) remarks(ctx context.Context, id string) ([]issue.Comment, error) {
	out, self := []issue.Comment{}, c.self()
	for range pageBudget {
		var page struct {
			Total    int      `json:"total"`
			Comments []remark `json:"comments"`
		}
		query := url.Values{"maxResults": {"100"}, "startAt": {strconv.Itoa(len(out))}}
		if c.flavor() == DataCenter {
			query.Set("expand", "properties") // where it does not say jsdPublic
		}
		_, err := c.do(ctx, call{op: opComments, again: true, method: http.MethodGet, path: "issue/" + id + "/comment", query: query, into: &page})
		if err != nil {
			return nil, err
		}
		if page.Comments == nil {
			return nil, &connectors.Error{Kind: connectors.Contract, Op: opComments, Detail: "the answer has no list of comments"}
		}
		for _, r := range page.Comments {
			out = append(out, issue.Comment{At: r.Created.UTC(), By: actor(func(u *user) bool { return self.is(u) }, r.Author), Public: r.public()})
		}
		if len(page.Comments) == 0 || len(out) >= page.Total {
			slices.SortStableFunc(out, func(a, b issue.Comment) int { return a.At.Compare(b.At) })
			return out, nil
		}
	}
	return nil, &connectors.Error{Kind: connectors.Contract, Op: opComments, Detail: "the comments have no end"}
}

// Statuses are the names of all statuses of the site.
func (c *Client) Statuses(ctx context.Context) ([]string, error) {
	if err := c.ensure(ctx); err != nil {
		return nil, err
	}
	var list []struct {
		Name string `json:"name"`
	}
	if _, err := c.do(ctx, call{op: opStatuses, again: true, method: http.MethodGet, path: "status", into: &list}); err != nil {
		return nil, err
	}
	var out []string
	for _, s := range list {
		out = append(out, s.Name)
	}
	return out, nil
}
