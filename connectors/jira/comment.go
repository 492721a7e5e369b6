package jira

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// comment posts or updates the one marked comment and returns its id. It looks
// for the marker before it posts, and a post is never repeated blindly: after a
// lost answer the next attempt finds it. A comment that a person deleted or
// edited is left alone, which taken says.
func (c *Client) comment(ctx context.Context, e issue.Edit) (id, taken string, err error) {
	body, err := c.commentBody(ctx, e)
	if err != nil {
		return "", "", err
	}
	if id := e.Comment.ID; id != "" {
		taken, err := c.updateComment(ctx, e, id, body)
		if connectors.KindOf(err) != connectors.NotFound {
			return id, taken, err
		}
	}
	id, err = c.findComment(ctx, e)
	switch {
	case err != nil:
		return "", "", err
	case id != "":
		taken, err = c.updateComment(ctx, e, id, body)
		return id, taken, err
	case e.Comment.ID != "":
		return "", "a person deleted it", nil
	}
	var made struct {
		ID string `json:"id"`
	}
	_, err = c.do(ctx, call{op: opComment, method: http.MethodPost, path: "issue/" + e.ID + "/comment", body: body, into: &made})
	return made.ID, "", err
}

// updateComment changes the text of our comment, unless somebody else did.
func (c *Client) updateComment(ctx context.Context, e issue.Edit, id string, body map[string]any) (taken string, err error) {
	if err := checkID(opComment, id); err != nil {
		return "", err
	}
	path := "issue/" + e.ID + "/comment/" + id
	var now struct {
		Author       *user `json:"author"`
		UpdateAuthor *user `json:"updateAuthor"`
	}
	if _, err := c.do(ctx, call{op: opComment, again: true, method: http.MethodGet, path: path, into: &now}); err != nil {
		return "", err
	}
	if by := now.UpdateAuthor; by != nil && !c.self().is(by) && (now.Author == nil || by.id() != now.Author.id()) {
		return "a person edited it", nil
	}
	k := call{op: opComment, again: true, method: http.MethodPut, path: path, body: body, query: url.Values{}}
	if c.flavor() == Cloud {
		k.query.Set("notifyUsers", "false")
	}
	_, err = c.do(ctx, k)
	return "", err
}

// commentBody renders the comment. On a service project the customer reads what
// is not marked as internal; where the type of the project is not known, nothing
// is posted.
func (c *Client) commentBody(ctx context.Context, e issue.Edit) (map[string]any, error) {
	kind, err := c.projectType(ctx, e.Project)
	if err != nil {
		if x, ok := asError(err); ok && x.Hint == "" {
			x.Hint = "no comment is written, since customers might read it"
		}
		return nil, err
	}
	properties := []map[string]any{{"key": stamp, "value": map[string]string{"marker": e.Comment.Marker}}}
	if kind == "service_desk" {
		properties = append(properties, map[string]any{"key": "sd.public.comment", "value": map[string]bool{"internal": true}})
	}
	body := map[string]any{"properties": properties}
	if c.flavor() == Cloud {
		body["body"] = document(e.Comment.Body)
	} else {
		body["body"] = wiki(e.Comment.Body) + anchor(e.Comment.Marker)
	}
	return body, nil
}

// anchor carries the marker inside the text on Data Center, where not every
// version has comment properties. It is not shown.
func anchor(marker string) string { return "{anchor:" + stamp + "-" + marker + "}" }

// findComment looks for our marker among our own comments, newest first.
func (c *Client) findComment(ctx context.Context, e issue.Edit) (string, error) {
	self := c.self()
	for at := 0; ; {
		var page struct {
			Total    int `json:"total"`
			Comments []struct {
				ID     string         `json:"id"`
				Author *user          `json:"author"`
				Body   jsontext.Value `json:"body"`
			} `json:"comments"`
		}
		_, err := c.do(ctx, call{op: opComments, again: true, method: http.MethodGet, path: "issue/" + e.ID + "/comment", into: &page,
			query: url.Values{"orderBy": {"-created"}, "maxResults": {"100"}, "startAt": {strconv.Itoa(at)}}})
		if err != nil {
			return "", err
		}
		for _, m := range page.Comments {
			if !self.is(m.Author) {
				continue
			}
			ours, err := c.marked(ctx, m.ID, m.Body, e.Comment.Marker)
			if err != nil || ours {
				return m.ID, err
			}
		}
		at += len(page.Comments)
		if len(page.Comments) == 0 || at >= page.Total {
			return "", nil
		}
	}
}

func (c *Client) marked(ctx context.Context, id string, body jsontext.Value, marker string) (bool, error) {
	if c.flavor() == DataCenter {
		s, _ := text(body)
		return strings.Contains(s, anchor(marker)), nil
	}
	if err := checkID(opComment, id); err != nil {
		return false, err
	}
	var p struct {
		Value struct {
			Marker string `json:"marker"`
		} `json:"value"`
	}
	_, err := c.do(ctx, call{op: opComment, again: true, method: http.MethodGet, path: fmt.Sprintf("comment/%s/properties/%s", id, stamp), into: &p})
	if connectors.KindOf(err) == connectors.NotFound {
		return false, nil
	}
	return p.Value.Marker == marker, err
}
