package linear

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// maxCommentPages bounds how many comments of one issue are read: 1,000. One
// that has more counts as not read.
const maxCommentPages = 20

// Comments reads who commented on the issues and when, oldest first. Linear has
// no comments that a reporter in the workspace may not see. An id without an
// entry could not be read.
func (c *Client) Comments(ctx context.Context, ids []string) (map[string][]issue.Comment, error) {
	viewer, err := c.workspace(ctx)
	if err != nil {
		return nil, err
	}
	good, _ := splitIDs(ids)
	r := &remarks{c: c, self: viewer.ID, out: make(map[string][]issue.Comment, len(good))}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(c.s.Concurrency)
	for part := range slices.Chunk(good, c.docs.comments.size.get()) {
		g.Go(func() error { return r.read(gctx, part) })
	}
	return r.out, g.Wait()
}

type remarks struct {
	c    *Client
	self string

	mu  sync.Mutex
	out map[string][]issue.Comment
}

// read takes the comments of a few issues. What cannot be read is left out.
func (r *remarks) read(ctx context.Context, ids []string) error {
	l := list{op: "comments", doc: r.c.docs.comments, filter: byIDs(ids), first: len(ids)}
	for p, err := range pages[issueComments](ctx, r.c, l) {
		if err != nil {
			return r.skip(ctx, err, len(ids))
		}
		for k := range p.nodes {
			if err := r.one(ctx, &p.nodes[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *remarks) skip(ctx context.Context, err error, n int) error {
	if fatal(ctx, err) {
		return err
	}
	r.c.log.Warn("comments could not be read", "issues", n, "err", err)
	return nil
}

// one follows the comments of an issue to their end and stores them.
func (r *remarks) one(ctx context.Context, n *issueComments) error {
	l := list{op: "comments", doc: r.c.docs.more, filter: byIDs([]string{n.ID}), first: 1}
	of := func(n *moreComments) connection[remarkNode] { return n.Comments }
	nodes, complete, err := follow(ctx, r.c, l, n.Comments, maxCommentPages, of, r.skip)
	switch {
	case nodes == nil || err != nil:
		return err
	case !complete:
		r.c.log.Warn("an issue has too many comments to read", "id", n.ID)
		return nil
	}
	out := make([]issue.Comment, 0, len(nodes))
	for k := range nodes {
		out = append(out, r.comment(&nodes[k]))
	}
	slices.SortStableFunc(out, func(a, b issue.Comment) int { return a.At.Compare(b.At) })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out[n.ID] = out
	return nil
}

func (r *remarks) comment(n *remarkNode) issue.Comment {
	out := issue.Comment{At: n.CreatedAt.UTC(), Public: true}
	switch {
	case n.User != nil:
		out.By = issue.Actor{Person: issue.Person{ID: n.User.ID, Name: n.User.Name, Email: n.User.Email}, Self: n.User.ID == r.self}
	case n.BotActor != nil:
		out.By = issue.Actor{Person: issue.Person{ID: n.BotActor.ID, Name: n.BotActor.Name}, Bot: true}
	}
	return out
}

type statesQuery struct {
	Root connection[groupNode] `json:"workflowStates" graphql:"workflowStates(first: 250, filter: $filter)"`
}

// Statuses are the names of the workflow states of the configured teams.
func (c *Client) Statuses(ctx context.Context) ([]string, error) {
	var q statesQuery
	vars := map[string]any{"filter": WorkflowStateFilter{"team": object{"key": object{"in": c.s.Teams}}}}
	if _, err := c.query(ctx, call{op: "states", doc: &q, vars: vars, price: statesPrice, decode: into(&q)}); err != nil {
		return nil, err
	}
	var out []string
	for _, n := range q.Root.Nodes {
		out = append(out, n.Name)
	}
	return out, nil
}

var statesPrice = price[statesQuery]()
