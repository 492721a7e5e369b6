package linear

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// issuePage reads one page of issues with the document that pick chooses. When
// the page is refused for its customers it is asked for without them.
func (c *Client) issuePage(ctx context.Context, op string, pick func(*documents) *document, filter IssueFilter, cursor string, first int) (page[issueNode], *callInfo, error) {
	docs, err := c.documents(ctx)
	if err != nil {
		return page[issueNode]{}, nil, err
	}
	l := list{op: op, doc: pick(docs), filter: filter, first: first}
	p, info, err := readPage[issueNode](ctx, c, l, cursor)
	if off(err) && docs == c.docs && c.in.Has(issue.InputCustomers) {
		c.customersRefused(ctx, err)
		l.doc = pick(c.plain)
		return readPage[issueNode](ctx, c, l, cursor)
	}
	return p, info, err
}

// convert turns a page into issues: it learns labels that are new, completes
// nested lists that were cut, and sets aside what cannot be read.
func (c *Client) convert(ctx context.Context, p page[issueNode]) ([]issue.Issue, []issue.Bad, error) {
	if err := c.learn(ctx, c.strange(p.nodes)); err != nil {
		return nil, nil, err
	}
	if err := c.complete(ctx, p.nodes); err != nil {
		return nil, nil, err
	}
	viewer, err := c.workspace(ctx)
	if err != nil {
		return nil, nil, err
	}
	_, refused, err := c.customersOn(ctx)
	if err != nil {
		return nil, nil, err
	}
	v := converter{c: c, self: viewer.ID, labels: c.labels.all()}
	if refused {
		v.unknown = issue.InputCustomers
	}
	out, bad := make([]issue.Issue, 0, len(p.nodes)), p.bad
	for k := range p.nodes {
		n := &p.nodes[k]
		i, err := v.issue(n)
		if err != nil {
			bad = append(bad, issue.Bad{ID: n.ID, Key: n.Identifier, Err: err})
			continue
		}
		out = append(out, i)
	}
	return out, bad, nil
}

// strange lists the label ids that the book does not hold.
func (c *Client) strange(nodes []issueNode) (ids []string) {
	known := c.labels.all()
	for k := range nodes {
		for _, id := range nodes[k].LabelIDs {
			if known[id] == nil && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// complete reads issues whose nested lists were cut again, with the longest
// lists that Linear gives. What is longer still stays cut, and so unknown.
func (c *Client) complete(ctx context.Context, nodes []issueNode) error {
	at := map[string]int{}
	var ids []string
	for k := range nodes {
		if truncated(&nodes[k]) != 0 {
			at[nodes[k].ID] = k
			ids = append(ids, nodes[k].ID)
		}
	}
	for len(ids) > 0 {
		docs, err := c.documents(ctx)
		if err != nil {
			return err
		}
		n := min(len(ids), docs.wide.size.get())
		part := ids[:n]
		ids = ids[n:]
		p, _, err := c.issuePage(ctx, "complete", func(d *documents) *document { return d.wide }, byIDs(part), "", n)
		if err != nil {
			if fatal(ctx, err) {
				return err
			}
			c.log.Warn("nested lists could not be completed; the fields are unknown", "issues", len(part), "err", err)
			continue
		}
		for _, full := range p.nodes {
			if k, ok := at[full.ID]; ok {
				nodes[k] = full
			}
		}
	}
	return nil
}

func byIDs(ids []string) IssueFilter { return IssueFilter{"id": object{"in": ids}} }

// fatal reports whether nothing more can be done with this source now.
func fatal(ctx context.Context, err error) bool {
	k := connectors.KindOf(err)
	return err != nil && (ctx.Err() != nil || k == connectors.Auth || k == connectors.RateLimited)
}

// Fetch implements reading by id. Archived and trashed issues and issues of
// other teams come back as gone; an id that Linear does not know at all is
// listed as such.
func (c *Client) Fetch(ctx context.Context, ids []string) (issue.Lookup, error) {
	if err := c.open(ctx); err != nil {
		return issue.Lookup{}, err
	}
	good, out := splitIDs(ids)
	parts := slices.Collect(slices.Chunk(good, maxLookup))
	answers := make([]issue.Lookup, len(parts))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(c.s.Concurrency)
	for k, part := range parts {
		g.Go(func() (err error) {
			answers[k], err = c.lookup(gctx, part)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return issue.Lookup{}, err
	}
	for _, a := range answers {
		out.Found, out.Gone, out.Bad = append(out.Found, a.Found...), append(out.Gone, a.Gone...), append(out.Bad, a.Bad...)
	}
	return out, nil
}

// splitIDs sets aside what is not an id of Linear's: one of those in a filter
// would fail the others.
func splitIDs(ids []string) (good []string, out issue.Lookup) {
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		if err := uuid.Validate(id); err != nil {
			out.Bad = append(out.Bad, issue.Bad{ID: id, Err: fmt.Errorf("not an id of a Linear issue: %w", err)})
			continue
		}
		good = append(good, id)
	}
	return good, out
}

// lookup reads at most maxLookup issues. One that does not come back although
// the answer is complete is gone.
func (c *Client) lookup(ctx context.Context, ids []string) (issue.Lookup, error) {
	left := make(map[string]bool, len(ids))
	for _, id := range ids {
		left[id] = true
	}
	var out issue.Lookup
	nameless := false
	var turn pager
	for {
		p, _, err := c.issuePage(ctx, "fetch", func(d *documents) *document { return d.byID }, byIDs(ids), turn.cursor, len(ids))
		if err != nil {
			return c.lookupFailed(ctx, ids, err)
		}
		found, bad, err := c.convert(ctx, p)
		if err != nil {
			return issue.Lookup{}, err
		}
		for _, i := range found {
			if left[i.ID] {
				out.Found = append(out.Found, i)
			}
			delete(left, i.ID)
		}
		for _, b := range bad {
			delete(left, b.ID)
			nameless = nameless || b.ID == ""
			out.Bad = append(out.Bad, b)
		}
		done, err := turn.next("fetch", p.info)
		if err != nil {
			return issue.Lookup{}, err
		}
		if done {
			break
		}
	}
	for _, id := range ids {
		switch {
		case left[id] && nameless:
			out.Bad = append(out.Bad, issue.Bad{ID: id, Err: errIncomplete})
		case left[id]:
			out.Gone = append(out.Gone, id)
		}
	}
	return out, nil
}

// lookupFailed: trouble with some ids says nothing about them; a dead
// credential or an ended context ends the whole read.
func (c *Client) lookupFailed(ctx context.Context, ids []string, err error) (issue.Lookup, error) {
	if fatal(ctx, err) {
		return issue.Lookup{}, err
	}
	var out issue.Lookup
	for _, id := range ids {
		out.Bad = append(out.Bad, issue.Bad{ID: id, Err: err})
	}
	return out, nil
}
