package linear

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shurcooL/graphql"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

type commentPayload struct {
	Success bool   `json:"success"`
	Comment idNode `json:"comment"`
}

type commentCreate struct {
	Root commentPayload `json:"commentCreate" graphql:"commentCreate(input: $input)"`
}

type commentUpdate struct {
	Root commentPayload `json:"commentUpdate" graphql:"commentUpdate(id: $id, input: $input)"`
}

type commentsQuery struct {
	Root connection[commentNode] `json:"comments" graphql:"comments(first: 1, filter: $filter, includeArchived: true)"`
}

type commentNode struct {
	ID         string    `json:"id"`
	ArchivedAt time.Time `json:"archivedAt"`
	Issue      *idNode   `json:"issue"`
}

const commentPoints = 5

// errDeleted is returned for a comment of ours that is not there any more. Only
// its author edits a comment in Linear, but others may delete it.
var errDeleted = errors.New("our comment was deleted")

// comment keeps our one comment on an issue. It is posted under an id that was
// chosen and stored before, so that posting again finds it instead of adding a
// second one; our account does not follow the issue for it.
func (c *Client) comment(ctx context.Context, e issue.Edit) (string, error) {
	body := markdown(e.Comment.Body)
	if e.Comment.ID != "" {
		return e.Comment.ID, c.updateComment(ctx, e.Comment.ID, body)
	}
	id := e.Comment.Marker
	if uuid.Validate(id) != nil {
		return "", &connectors.Error{Kind: connectors.Invalid, Op: "commentCreate", Detail: "the marker of the comment is not a UUID"}
	}
	var m commentCreate
	in := CommentCreateInput{ID: id, IssueID: e.ID, Body: body, Unsubscribe: true}
	_, err := c.mutate(ctx, call{op: "commentCreate", doc: &m, vars: map[string]any{"input": in}, price: commentPoints, decode: into(&m)})
	if connectors.KindOf(err) == connectors.Invalid {
		there, lookup := c.findComment(ctx, id, e.ID)
		if lookup != nil {
			return "", lookup
		}
		if there {
			return id, c.updateComment(ctx, id, body)
		}
	}
	return id, confirmed("commentCreate", m.Root, id, err)
}

func (c *Client) updateComment(ctx context.Context, id, body string) error {
	var m commentUpdate
	vars := map[string]any{"id": graphql.String(id), "input": CommentUpdateInput{Body: body, Unsubscribe: true}}
	_, err := c.mutate(ctx, call{op: "commentUpdate", doc: &m, vars: vars, price: commentPoints, decode: into(&m)})
	if connectors.KindOf(err) == connectors.Invalid {
		if there, lookup := c.findComment(ctx, id, ""); lookup == nil && !there {
			return errDeleted
		}
	}
	return confirmed("commentUpdate", m.Root, id, err)
}

// findComment reports whether the comment exists, on the given issue where one
// is given.
func (c *Client) findComment(ctx context.Context, id, onIssue string) (bool, error) {
	var q commentsQuery
	vars := map[string]any{"filter": CommentFilter{"id": object{"eq": id}}}
	if _, err := c.query(ctx, call{op: "comments", doc: &q, vars: vars, price: commentPoints, decode: into(&q)}); err != nil {
		return false, err
	}
	for _, n := range q.Root.Nodes {
		if n.ID == id && n.ArchivedAt.IsZero() && (onIssue == "" || n.Issue != nil && n.Issue.ID == onIssue) {
			return true, nil
		}
	}
	return false, nil
}

func confirmed(op string, p commentPayload, id string, err error) error {
	if err == nil && (!p.Success || p.Comment.ID != id) {
		return &connectors.Error{Kind: connectors.Contract, Op: op, Detail: "Linear did not confirm the comment"}
	}
	return err
}

// Characters that would format text, and addresses of Linear's own pages,
// which would become mentions and notify people.
var (
	formatting = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`, "~", `\~`, "|", `\|`)
	ownPages   = regexp.MustCompile(`(?i)https?://linear\.app/\S*`)
	mentions   = regexp.MustCompile(`(^|\s)@`)
	lineStart  = regexp.MustCompile(`^(#|\+|\d+[.)]|=|-)`)
)

// markdown renders paragraphs and list items as they are, without letting any
// of their text act as markup, mention or fold.
func markdown(body string) string {
	lines := strings.Split(body, "\n")
	for k, line := range lines {
		item := ""
		if rest, ok := strings.CutPrefix(line, "- "); ok {
			item, line = "- ", rest
		}
		line = ownPages.ReplaceAllStringFunc(line, func(u string) string { return u[strings.Index(u, "//")+2:] })
		line = formatting.Replace(line)
		line = mentions.ReplaceAllString(line, "${1}\\@")
		lines[k] = item + lineStart.ReplaceAllString(line, `\$1`)
	}
	return strings.Join(lines, "\n")
}
