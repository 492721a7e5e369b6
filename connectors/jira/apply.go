package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

const (
	// gapLife is how long a refused field is remembered: screens get mended.
	gapLife = 24 * time.Hour
	// stamp marks our own changes in Jira's history, and is the key of the
	// comment property that holds our marker.
	stamp = "lanekeeper"
)

// gap is a field that cannot be written on issues of one type in a project.
type gap struct{ project, kind, field string }

// patch is an edit in Jira's terms.
type patch struct {
	edit     issue.Edit
	add      []string // labels
	remove   []string
	priority string            // id
	due      *string           // "" clears
	assignee *string           // "" clears
	refused  []issue.Field     // not sent
	fields   map[string]string // Jira's field to ours, of what is sent
	unsure   bool              // an earlier try may have arrived
}

func (p *patch) empty() bool { return len(p.fields) == 0 }

// Apply sends the edits: many alike ones as bulk edits on Cloud, each of the
// others as one PUT. It stops at a refused credential.
func (c *Client) Apply(ctx context.Context, edits []issue.Edit, done func(issue.Result)) error {
	if err := c.ensure(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	report := func(r issue.Result) {
		mu.Lock()
		defer mu.Unlock()
		if connectors.KindOf(r.Err) == connectors.Auth {
			cancel(r.Err) // refused before anything was written
			return
		}
		done(r)
	}
	var patches []*patch
	for _, e := range edits {
		if ctx.Err() != nil {
			break
		}
		p, err := c.patch(ctx, e)
		if err != nil {
			report(issue.Result{ID: e.ID, Err: err})
			continue
		}
		patches = append(patches, p)
	}
	rest := c.applyBulk(ctx, patches, report)
	c.applyEach(ctx, rest, report)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// applyEach sends edits on their own, in parallel; those of one issue follow
// one another.
func (c *Client) applyEach(ctx context.Context, patches []*patch, report func(issue.Result)) {
	byIssue := map[string][]*patch{}
	var order []string
	for _, p := range patches {
		if byIssue[p.edit.ID] == nil {
			order = append(order, p.edit.ID)
		}
		byIssue[p.edit.ID] = append(byIssue[p.edit.ID], p)
	}
	slots := make(chan struct{}, c.writing())
	var work sync.WaitGroup
	defer work.Wait()
	for _, id := range order {
		if ctx.Err() != nil {
			return
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		work.Go(func() {
			defer func() { <-slots }()
			for _, p := range byIssue[id] {
				if ctx.Err() == nil {
					report(c.applyOne(ctx, p))
				}
			}
		})
	}
}

// patch translates an edit. What cannot be written is put among the refused.
func (c *Client) patch(ctx context.Context, e issue.Edit) (*patch, error) {
	if err := checkID(opEdit, e.ID); err != nil {
		return nil, err
	}
	p := &patch{edit: e, fields: map[string]string{}}
	for _, ch := range e.Changes {
		name := jiraField(ch.Field)
		if c.hasGap(e, name) {
			p.refused = append(p.refused, ch.Field)
			continue
		}
		if err := c.add(ctx, p, ch, name); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func jiraField(f issue.Field) string {
	switch {
	case f == issue.FieldDue:
		return "duedate"
	case f.IsLabel():
		return "labels"
	}
	return string(f)
}

func (c *Client) add(ctx context.Context, p *patch, ch issue.Change, name string) error {
	switch {
	case ch.Field == issue.FieldComment:
		return nil // sent apart
	case ch.Field.IsLabel():
		add, remove := ch.Labels()
		for _, l := range slices.Concat(add, remove) {
			if !ch.Field.Owns(l) || strings.ContainsFunc(l, unicode.IsSpace) {
				return &connectors.Error{Kind: connectors.Invalid, Op: opEdit, Detail: fmt.Sprintf("%q is not a label of ours", connectors.Excerpt(l))}
			}
		}
		p.add, p.remove = append(p.add, add...), append(p.remove, remove...)
	case ch.Field == issue.FieldPriority:
		id, err := ch.ToRaw, error(nil)
		if id == "" {
			id, err = c.priorityID(ctx, p.edit, ch.To)
		}
		if err != nil {
			return err
		}
		if id == "" {
			p.refused = append(p.refused, ch.Field)
			return nil
		}
		p.priority = id
	case ch.Field == issue.FieldDue:
		if _, ok := dayOf(ch.To); !ok || len(ch.To) > 10 {
			return &connectors.Error{Kind: connectors.Invalid, Op: opEdit, Detail: fmt.Sprintf("%q is not a date", connectors.Excerpt(ch.To))}
		}
		p.due = &ch.To
	case ch.Field == issue.FieldAssignee:
		who, err := c.assigneeID(ctx, ch.To)
		if err != nil {
			return err
		}
		p.assignee = &who
	default:
		return &connectors.Error{Kind: connectors.Invalid, Op: opEdit, Detail: "field " + string(ch.Field) + " is never written"}
	}
	p.fields[name] = string(ch.Field)
	return nil
}

// priorityID is the id that stands for one of our names in the issue's
// project, "" where none does.
func (c *Client) priorityID(ctx context.Context, e issue.Edit, to string) (string, error) {
	rank, err := issue.ParsePriority(to)
	if err != nil {
		return "", nil // a priority cannot be taken away from an issue
	}
	l, err := c.priorities(ctx, e.Project, e.ID)
	if err != nil {
		return "", err
	}
	return l.ids[rank], nil
}

func (c *Client) assigneeID(ctx context.Context, who string) (string, error) {
	if !strings.Contains(who, "@") {
		return who, nil
	}
	p, err := c.Person(ctx, who)
	return p.ID, err
}

// applyOne writes one edit: the fields in one PUT, then the comment.
func (c *Client) applyOne(ctx context.Context, p *patch) issue.Result {
	r := issue.Result{ID: p.edit.ID}
	var why error // the fields that p.refused names are refused
	if !p.empty() {
		r.Updated, r.Err = c.put(ctx, p)
		if e, ok := errors.AsType[*connectors.Error](r.Err); ok && e.Kind == connectors.Invalid && c.drop(ctx, p, e) {
			r.Updated, r.Err, why = time.Time{}, nil, e
			p.unsure = p.unsure || errors.Is(e, connectors.ErrUnsure)
			if !p.empty() {
				r.Updated, r.Err = c.put(ctx, p)
			}
		}
	}
	if r.Err == nil && p.edit.Comment != nil {
		r.CommentID, r.CommentTaken, r.Err = c.comment(ctx, p.edit)
	}
	if r.Err != nil {
		r.Err = p.failure(unanswered(opEdit, r.Err))
		return r // without Refused, which would say that the rest was written
	}
	r.Refused, r.Err = p.refused, why
	return r
}

// failure is the error of a patch, of which an earlier try may have arrived.
func (p *patch) failure(err error) error {
	if p.unsure {
		return connectors.Unsure(err)
	}
	return err
}

// unanswered gives an interrupted write its kind: it may have happened.
func unanswered(op string, err error) error {
	if err != nil && connectors.KindOf(err) == "" {
		return &connectors.Error{Kind: connectors.Network, Op: op, Err: err}
	}
	return err
}

// put sends the patch. Labels are added and removed one by one, never set, so
// that those of people stay. A PUT of values may be sent again.
func (c *Client) put(ctx context.Context, p *patch) (time.Time, error) {
	quiet := c.set.NotifyUsers != nil && !*c.set.NotifyUsers && !c.isLoud()
	var answer struct {
		Fields struct {
			Updated timestamp `json:"updated"`
		} `json:"fields"`
	}
	k := call{op: opEdit, again: true, method: http.MethodPut, path: "issue/" + p.edit.ID, body: c.editBody(p), query: url.Values{}, into: &answer}
	if c.flavor() == Cloud {
		k.query.Set("returnIssue", "true")
	}
	if quiet {
		k.query.Set("notifyUsers", "false")
	}
	_, err := c.do(ctx, k)
	if quiet && connectors.KindOf(err) == connectors.Forbidden {
		k.query.Del("notifyUsers")
		if _, err = c.do(ctx, k); connectors.KindOf(err) != connectors.Forbidden { // else it was not about mail
			c.turnLoud()
		}
	}
	return answer.Fields.Updated.Time, err
}

func (c *Client) turnLoud() {
	c.mu.Lock()
	c.loud = true
	c.mu.Unlock()
	c.log.Warn("Jira refuses edits without mail: from now on watchers are notified", "fix", "make the account an administrator of the project")
}

func (c *Client) isLoud() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.loud
}

// editBody is the body of a PUT.
func (c *Client) editBody(p *patch) map[string]any {
	body := map[string]any{"historyMetadata": map[string]any{
		"type": stamp, "generator": map[string]any{"id": stamp, "type": "application"},
	}}
	var verbs []map[string]string
	for _, l := range p.add {
		verbs = append(verbs, map[string]string{"add": l})
	}
	for _, l := range p.remove {
		verbs = append(verbs, map[string]string{"remove": l})
	}
	if verbs != nil {
		body["update"] = map[string]any{"labels": verbs}
	}
	fields := map[string]any{}
	if p.priority != "" {
		fields["priority"] = map[string]string{"id": p.priority}
	}
	if p.due != nil {
		fields["duedate"] = orNull(*p.due, *p.due)
	}
	if p.assignee != nil {
		who := "accountId"
		if c.flavor() == DataCenter {
			who = "name"
		}
		fields["assignee"] = orNull(*p.assignee, map[string]string{who: *p.assignee})
	}
	if len(fields) > 0 {
		body["fields"] = fields
	}
	return body
}

func orNull(s string, v any) any {
	if s == "" {
		return nil
	}
	return v
}

// drop takes the fields that a refusal names out of the patch and remembers
// those that are not on the issue's edit screen at all. It reports whether
// anything was dropped: else the refusal is not about fields.
func (c *Client) drop(ctx context.Context, p *patch, refusal *connectors.Error) bool {
	var names []string
	for name := range refusal.Fields {
		if _, sent := p.fields[name]; sent {
			names = append(names, name)
		}
	}
	if names == nil {
		return false
	}
	slices.Sort(names)
	meta, err := c.editMeta(ctx, p.edit.ID)
	for _, name := range names {
		if _, editable := meta[name]; err == nil && !editable {
			c.remember(p.edit, name, refusal.Fields[name])
		}
		p.without(name)
		if name == "priority" {
			c.forgetPriorities(p.edit.Project)
		}
	}
	return true
}

// without takes one of Jira's fields out of the patch.
func (p *patch) without(name string) {
	for _, ch := range p.edit.Changes {
		if jiraField(ch.Field) == name {
			p.refused = append(p.refused, ch.Field)
		}
	}
	delete(p.fields, name)
	switch name {
	case "labels":
		p.add, p.remove = nil, nil
	case "priority":
		p.priority = ""
	case "duedate":
		p.due = nil
	case "assignee":
		p.assignee = nil
	}
}

func (c *Client) hasGap(e issue.Edit, name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Before(c.gaps[gap{e.Project, e.Kind, name}])
}

func (c *Client) remember(e issue.Edit, name, why string) {
	c.mu.Lock()
	c.gaps[gap{e.Project, e.Kind, name}] = c.now().Add(gapLife)
	c.mu.Unlock()
	c.log.Warn("Jira does not let us write a field", "project", e.Project, "kind", e.Kind, "field", name, "answer", why,
		"fix", "put the field on the edit screen of this issue type and give the account the permission")
}
