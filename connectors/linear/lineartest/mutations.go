package lineartest

import (
	"fmt"
	"time"
)

// payload is the answer of a mutation.
type payload struct {
	node  any
	nodes []any
	sync  int
}

func mutations() fields {
	return fields{
		"issueUpdate":         root(issueUpdate),
		"issueBatchUpdate":    root(issueBatchUpdate),
		"issueLabelCreate":    root(issueLabelCreate),
		"commentCreate":       root(commentCreate),
		"commentUpdate":       root(commentUpdate),
		"attachmentCreate":    root(attachmentCreate),
		"issueRelationCreate": root(issueRelationCreate),
	}
}

// addPayloads gives every payload success, lastSyncId and what was written.
func (a *api) addPayloads() {
	for typ, field := range map[string]string{
		"IssuePayload": "issue", "IssueLabelPayload": "issueLabel", "CommentPayload": "comment",
		"AttachmentPayload": "attachment", "IssueRelationPayload": "issueRelation", "IssueBatchPayload": "",
	} {
		f := fields{
			"success":    constant("true"),
			"lastSyncId": number(func(p *payload) float64 { return float64(p.sync) }),
		}
		if field == "" {
			f["issues"] = resolver{list: func(_ *run, v any, _ args) ([]any, error) { return v.(*payload).nodes, nil }}
		} else {
			f[field] = resolver{one: func(_ *run, v any, _ args) (any, error) { return v.(*payload).node, nil }}
		}
		a.types[typ] = f
	}
}

func (x *run) done(node any) (any, error) { return &payload{node: node, sync: x.s.sync}, nil }

// issueUpdate checks the whole input before it changes anything.
func issueUpdate(x *run, a args) (any, error) {
	r := x.s.world.find(a.text("id"))
	if r == nil {
		return nil, notFound("Issue")
	}
	in := update{x: x, in: a.object("input")}
	if err := in.check(r); err != nil {
		return nil, err
	}
	x.s.change(r, x.s.world.viewer.ID, func(i *Issue) { in.apply(i) })
	return x.done(r)
}

// issueBatchUpdate gives up to 50 issues the same input.
func issueBatchUpdate(x *run, a args) (any, error) {
	ids := toTexts(a["ids"])
	if len(ids) == 0 || len(ids) > 50 {
		return nil, badArgument("ids must contain no more than 50 elements and at least one")
	}
	var good []*record
	for _, id := range ids {
		r := x.issue(id)
		err := error(notFound("Issue"))
		if r != nil {
			err = (&update{x: x, in: a.object("input")}).check(r)
		}
		if err == nil {
			good = append(good, r)
		} else if !x.s.behavior.BatchPartial {
			return nil, err
		}
	}
	out := &payload{}
	for _, r := range good {
		x.s.change(r, x.s.world.viewer.ID, func(i *Issue) { (&update{x: x, in: a.object("input")}).apply(i) })
		out.nodes = append(out.nodes, r)
	}
	out.sync = x.s.sync
	return out, nil
}

// commentCreate adds a comment, under the caller's id where one is given.
func commentCreate(x *run, a args) (any, error) {
	in := args(a.object("input"))
	id := in.text("id")
	if id != "" && !isUUID4(id) {
		return nil, badArgument("id must be a UUID version 4")
	}
	if id != "" && x.s.world.comments.byID[id] != nil {
		return nil, alreadyExists("Comment", id)
	}
	r := x.s.world.find(in.text("issueId"))
	if r == nil {
		return nil, notFound("Issue")
	}
	if in.text("body") == "" {
		return nil, badArgument("body must not be empty")
	}
	if p := in.text("parentId"); p != "" && x.s.world.comments.byID[p] == nil {
		return nil, notFound("Comment")
	}
	c := x.s.comment(r, Comment{
		ID: id, UserID: x.s.world.viewer.ID, ParentID: in.text("parentId"), Body: x.s.markdown(in.text("body")),
		CreatedAt: in.time("createdAt"),
	})
	if !in.flag("doNotSubscribeToIssue") {
		x.s.subscribe(r, x.s.world.viewer.ID)
	}
	return x.done(c)
}

func (s *Server) subscribe(r *record, user string) {
	for _, u := range r.Subscribers {
		if u == user {
			return
		}
	}
	r.Subscribers = append(r.Subscribers, user)
}

func alreadyExists(kind, id string) *apiError {
	return invalid(fmt.Sprintf("Entity %s with id %s already exists.", kind, id), "")
}

func commentUpdate(x *run, a args) (any, error) {
	c := x.s.world.comments.byID[a.text("id")]
	if c == nil {
		return nil, notFound("Comment")
	}
	if c.UserID != x.s.world.viewer.ID && !x.s.world.viewer.Admin {
		return nil, forbidden("Only the author can edit a comment.")
	}
	if body, ok := a.object("input")["body"].(string); ok {
		c.Body, c.UpdatedAt, c.EditedAt = x.s.markdown(body), x.s.now(), x.s.now()
		x.s.sync++
		if r := x.issue(c.IssueID); r != nil {
			x.s.touchIf(x.s.behavior.CommentsTouch, r)
		}
	}
	return x.done(c)
}

func attachmentCreate(x *run, a args) (any, error) {
	in := args(a.object("input"))
	r := x.s.world.find(in.text("issueId"))
	if r == nil {
		return nil, notFound("Issue")
	}
	if id := in.text("id"); id != "" && x.s.world.attachments.byID[id] != nil {
		return nil, alreadyExists("Attachment", id)
	}
	return x.done(x.s.attach(r, Attachment{
		ID: in.text("id"), CreatorID: x.s.world.viewer.ID, Title: in.text("title"), Subtitle: in.text("subtitle"),
		URL: in.text("url"), Metadata: in.object("metadata"),
	}))
}

func issueRelationCreate(x *run, a args) (any, error) {
	in := args(a.object("input"))
	from, to := x.s.world.find(in.text("issueId")), x.s.world.find(in.text("relatedIssueId"))
	if from == nil || to == nil {
		return nil, notFound("Issue")
	}
	if from == to {
		return nil, invalid("Cannot relate an issue to itself", "")
	}
	rel := x.s.relate(from, to, Relation{ID: in.text("id"), Type: in.text("type")}, x.s.world.viewer.ID)
	return x.done(rel)
}

// time reads a DateTime that has passed the format check.
func (a args) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339, a.text(name))
	if err != nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
