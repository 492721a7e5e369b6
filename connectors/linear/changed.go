package linear

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Changed streams the issues of our teams that changed at or after since:
// closed, archived and trashed ones too, and those that something beside them
// changed. An idle one costs two requests, three with customers.
//
// The list is newest first over data that moves: an issue that is edited while
// we read jumps to pages that we have behind us. So the pages carry the
// server's time from before the first of them, and the next pull begins there.
func (c *Client) Changed(ctx context.Context, since time.Time) iter.Seq2[issue.Page, error] {
	return func(yield func(issue.Page, error) bool) {
		p := changedPull{c: c, since: since, seen: map[string]time.Time{}, yield: yield}
		if err := p.run(ctx); err != nil {
			yield(issue.Page{}, err)
		}
	}
}

type changedPull struct {
	c     *Client
	since time.Time
	seen  map[string]time.Time
	began time.Time // server time
	yield func(issue.Page, error) bool
}

func (p *changedPull) run(ctx context.Context) error {
	if err := p.c.open(ctx); err != nil {
		return err
	}
	more, err := p.issues(ctx)
	if err != nil || !more {
		return err
	}
	ids, err := p.c.touchedSince(ctx, p.since)
	if err != nil {
		return err
	}
	return p.again(ctx, ids)
}

// issues reads the list itself. It returns false when the consumer stopped.
func (p *changedPull) issues(ctx context.Context) (bool, error) {
	filter := IssueFilter{
		"team":      object{"key": object{"in": p.c.s.Teams}},
		"updatedAt": object{"gte": instant(p.since)},
	}
	var turn pager
	for {
		raw, info, err := p.c.issuePage(ctx, "changed", func(d *documents) *document { return d.changed }, filter, turn.cursor, 0)
		if err != nil {
			return false, err
		}
		if p.began.IsZero() {
			p.began = p.start(info, raw.nodes)
		}
		raw.nodes = slices.DeleteFunc(raw.nodes, p.repeated)
		done, err := turn.next("changed", raw.info)
		if err != nil {
			return false, err
		}
		issues, bad, err := p.c.convert(ctx, raw)
		if err != nil {
			return false, err
		}
		if !p.yield(issue.Page{Issues: issues, Bad: bad, ServerTime: p.began}, nil) {
			return false, nil
		}
		if done {
			return true, nil
		}
	}
}

// start is the server's time before the first page. Where the server tells no
// time the newest change that it showed does.
func (p *changedPull) start(info *callInfo, nodes []issueNode) time.Time {
	if t := info.serverTime(); !t.IsZero() {
		return t
	}
	if len(nodes) > 0 {
		return nodes[0].UpdatedAt.UTC()
	}
	return p.since
}

// repeated drops an issue that moving pages show a second time unchanged.
func (p *changedPull) repeated(n issueNode) bool {
	at, seen := p.seen[n.ID]
	p.seen[n.ID] = n.UpdatedAt
	return seen && n.ID != "" && at.Equal(n.UpdatedAt)
}

// again reads issues that did not change themselves.
func (p *changedPull) again(ctx context.Context, ids []string) error {
	ids = slices.DeleteFunc(ids, func(id string) bool {
		_, seen := p.seen[id]
		return seen
	})
	for part := range slices.Chunk(ids, maxLookup) {
		found, err := p.c.Fetch(ctx, part)
		if err != nil {
			return err
		}
		page := issue.Page{Issues: found.Found, Bad: found.Bad, ServerTime: p.began}
		page.Issues = slices.DeleteFunc(page.Issues, func(i issue.Issue) bool { return !p.c.inScope(i.Project) })
		if !p.yield(page, nil) {
			return nil
		}
	}
	return nil
}
