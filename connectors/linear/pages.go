package linear

import (
	"context"
	"fmt"
	"iter"

	"github.com/shurcooL/graphql"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// maxPages ends a list that never ends: four million issues.
const maxPages = 16_000

// pager walks one list. The end is the server's word and nothing else; a
// cursor that is missing or comes back is an error, never the end.
type pager struct {
	cursor string
	seen   map[string]bool
}

func (p *pager) next(op string, info pageInfo) (done bool, err error) {
	if !info.HasNextPage {
		return true, nil
	}
	wrong := ""
	switch {
	case info.EndCursor == "":
		wrong = "more pages are announced without a cursor"
	case p.seen[info.EndCursor]:
		wrong = "a page cursor came back a second time"
	case len(p.seen) >= maxPages:
		wrong = fmt.Sprintf("the list did not end within %d pages", maxPages)
	}
	if wrong != "" {
		return false, &connectors.Error{Kind: connectors.Contract, Op: op, Detail: wrong}
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.seen[info.EndCursor] = true
	p.cursor = info.EndCursor
	return false, nil
}

// list is one root list to read.
type list struct {
	op     string
	doc    *document
	filter IssueFilter
	first  int            // page size; 0 is what fits
	more   map[string]any // further variables
}

// readPage reads one page, smaller and smaller while the server finds the
// query too complex. That refusal has no code of its own, so every refused
// read of several nodes is tried with fewer.
func readPage[N any](ctx context.Context, c *Client, l list, cursor string) (page[N], *callInfo, error) {
	for {
		size := l.doc.size.get()
		if l.first > 0 {
			size = min(size, l.first)
		}
		vars := map[string]any{"first": graphql.Int(size), "after": after(cursor), "filter": l.filter}
		for k, v := range l.more {
			vars[k] = v
		}
		var p page[N]
		info, err := c.query(ctx, call{op: l.op, doc: l.doc.query, vars: vars, price: l.doc.price(size), decode: p.decode})
		if connectors.KindOf(err) == connectors.Invalid && l.doc.size.shrink(size) {
			c.log.Debug("page refused, trying a smaller one", "op", l.op, "size", size, "err", err)
			continue
		}
		if err == nil {
			l.doc.size.grow(len(p.nodes))
		}
		return p, info, err
	}
}

// pages reads a list to its end.
func pages[N any](ctx context.Context, c *Client, l list) iter.Seq2[page[N], error] {
	return pagesAfter[N](ctx, c, l, pager{})
}

// pagesAfter goes on where turn stands.
func pagesAfter[N any](ctx context.Context, c *Client, l list, turn pager) iter.Seq2[page[N], error] {
	return func(yield func(page[N], error) bool) {
		for {
			p, _, err := readPage[N](ctx, c, l, turn.cursor)
			if err != nil {
				yield(p, err)
				return
			}
			if !yield(p, nil) {
				return
			}
			done, err := turn.next(l.op, p.info)
			if err != nil {
				yield(page[N]{}, err)
			}
			if done || err != nil {
				return
			}
		}
	}
}

// follow reads a list inside one issue behind its first page, with l asking for
// the issue by id and of taking the next page out of it. It ends after most
// further pages; whole tells that it reached the end. No nodes, not even none,
// mean that the list was not read: the first page was refused, the issue is gone,
// or skip let an error pass.
func follow[N, T any](ctx context.Context, c *Client, l list, at connection[T], most int, of func(*N) connection[T],
	skip func(context.Context, error, int) error) (nodes []T, whole bool, err error) {
	nodes = at.Nodes
	var turn pager
	for nodes != nil && at.PageInfo.HasNextPage {
		if len(turn.seen) >= most {
			return nodes, false, nil
		}
		if _, err := turn.next(l.op, at.PageInfo); err != nil {
			return nil, false, err
		}
		l.more = map[string]any{"older": graphql.String(turn.cursor)}
		p, _, err := readPage[N](ctx, c, l, "")
		if err != nil {
			return nil, false, skip(ctx, err, 1)
		}
		if len(p.nodes) == 0 {
			return nil, false, nil // gone meanwhile
		}
		at = of(&p.nodes[0])
		nodes = append(nodes, at.Nodes...)
	}
	return nodes, true, nil
}
