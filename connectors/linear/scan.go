package linear

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// A scan reads all open issues of the teams in ranges of issue numbers. A
// number never changes while its issue stays in the team, so ranges can be read
// in parallel and an interrupted scan goes on at the next number. A range of as
// many numbers as a page holds fits on one page; where few issues are open,
// ranges widen.
type scan[N, R any] struct {
	c    *Client
	read func(ctx context.Context, f IssueFilter, cursor string) (page[N], error)
	turn func(ctx context.Context, p page[N]) (R, error)
	size func() int
	tops []top

	mu    sync.Mutex
	width int
}

// top is the greatest number of a team that is known; the last range of the
// team is open above it, for issues that arrive meanwhile.
type top struct {
	team   string
	number int
}

// span is the numbers lo <= n < hi of a team; hi 0 is no bound.
type span struct {
	team   string
	lo, hi int
}

func (s span) filter() IssueFilter {
	n := object{"gte": s.lo}
	if s.hi > 0 {
		n["lt"] = s.hi
	}
	return openIn(s.team, object{"number": n})
}

// step is one page of a scan.
type step[R any] struct {
	rows R
	span span
	done bool // the last page of its span
}

type spanAnswer[R any] struct {
	span span
	rows R
	info pageInfo
	err  error
}

// run streams the pages in the order of teams and numbers. It works ahead of
// the consumer by as many pages as requests may be under way and two that are
// being decoded or wait for their turn.
func (s *scan[N, R]) run(ctx context.Context, from span) iter.Seq2[step[R], error] {
	return func(yield func(step[R], error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		queue := make(chan chan spanAnswer[R], s.c.s.Concurrency+1)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		wg.Go(func() { s.dispatch(ctx, from, queue, &wg) })
		for answer := range queue {
			if !s.deliver(ctx, <-answer, yield) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(step[R]{}, err)
		}
	}
}

// dispatch starts the request of each span when there is room for it.
func (s *scan[N, R]) dispatch(ctx context.Context, from span, queue chan<- chan spanAnswer[R], wg *sync.WaitGroup) {
	defer close(queue)
	for at, ok := from, true; ok; {
		at.hi = s.bound(at)
		answer := make(chan spanAnswer[R], 1)
		select {
		case queue <- answer:
		case <-ctx.Done():
			return
		}
		now := at
		wg.Go(func() { answer <- s.fetch(ctx, now, "") })
		at, ok = s.after(at)
	}
}

// bound chooses the upper end of a span.
func (s *scan[N, R]) bound(at span) int {
	k := s.index(at.team)
	if at.lo > s.tops[k].number {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.width == 0 {
		s.width = s.size()
	}
	return min(at.lo+s.width, s.tops[k].number+1)
}

func (s *scan[N, R]) index(team string) int {
	return slices.IndexFunc(s.tops, func(t top) bool { return t.team == team })
}

// after is where the next span begins.
func (s *scan[N, R]) after(at span) (span, bool) {
	if at.hi > 0 {
		return span{team: at.team, lo: at.hi}, true
	}
	if k := s.index(at.team) + 1; k < len(s.tops) {
		return span{team: s.tops[k].team, lo: 1}, true
	}
	return span{}, false
}

func (s *scan[N, R]) fetch(ctx context.Context, at span, cursor string) spanAnswer[R] {
	out := spanAnswer[R]{span: at}
	p, err := s.read(ctx, at.filter(), cursor)
	if err != nil {
		out.err = err
		return out
	}
	s.adapt(at, len(p.nodes), p.info.HasNextPage)
	out.info = p.info
	out.rows, out.err = s.turn(ctx, p)
	return out
}

// adapt sets the width of coming spans by how full this one was.
func (s *scan[N, R]) adapt(at span, got int, more bool) {
	if at.hi == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	size, width := s.size(), at.hi-at.lo
	want := width / 2
	if !more {
		want = width * size * 9 / 10 / max(got, 1)
	}
	s.width = max(size, min(want, 4*max(width, size)))
}

// deliver yields the pages of one span. A span with more open issues than fit
// on a page goes on by cursor.
func (s *scan[N, R]) deliver(ctx context.Context, a spanAnswer[R], yield func(step[R], error) bool) bool {
	var turn pager
	for {
		if a.err != nil {
			yield(step[R]{}, a.err)
			return false
		}
		done, err := turn.next("scan", a.info)
		if err != nil {
			yield(step[R]{}, err)
			return false
		}
		if !yield(step[R]{rows: a.rows, span: a.span, done: done}, nil) {
			return false
		}
		if done {
			return true
		}
		a = s.fetch(ctx, a.span, turn.cursor)
	}
}

// topsOf asks each team for its greatest number. The time is that of the first
// answer: no change after it can be missed by a later pull from there.
func (c *Client) topsOf(ctx context.Context) (tops []top, began time.Time, err error) {
	for _, team := range c.s.Teams {
		n, at, err := c.newest(ctx, team)
		if err != nil {
			return nil, began, err
		}
		if len(tops) == 0 {
			began = at
		}
		tops = append(tops, top{team: team, number: n})
	}
	return tops, began, nil
}

// All streams every open issue by team and number, in parallel within the
// budget. The total is an estimate from how full the numbers were so far.
func (c *Client) All(ctx context.Context, cursor string) iter.Seq2[issue.Page, error] {
	return func(yield func(issue.Page, error) bool) {
		if err := c.open(ctx); err != nil {
			yield(issue.Page{}, err)
			return
		}
		tops, began, err := c.topsOf(ctx)
		if err != nil {
			yield(issue.Page{}, err)
			return
		}
		docs, err := c.documents(ctx)
		if err != nil {
			yield(issue.Page{}, err)
			return
		}
		s := &scan[issueNode, issue.Page]{c: c, tops: tops, turn: c.scanned, size: docs.scan.size.get}
		s.read = func(ctx context.Context, f IssueFilter, cursor string) (page[issueNode], error) {
			p, _, err := c.issuePage(ctx, "scan", func(d *documents) *document { return d.scan }, f, cursor, 0)
			return p, err
		}
		from, seen := c.resume(cursor)
		for st, err := range s.run(ctx, from) {
			if err != nil {
				yield(issue.Page{}, err)
				return
			}
			p := st.rows
			seen += len(p.Issues)
			p.ServerTime, p.Cursor, p.Total = began, mark(s, st, seen), s.estimate(st.span, seen)
			if !yield(p, nil) {
				return
			}
		}
	}
}

// scanned converts a page and orders it by number.
func (c *Client) scanned(ctx context.Context, p page[issueNode]) (issue.Page, error) {
	slices.SortFunc(p.nodes, func(a, b issueNode) int { return cmp.Compare(a.Number, b.Number) })
	issues, bad, err := c.convert(ctx, p)
	return issue.Page{Issues: issues, Bad: bad}, err
}

// mark is the cursor after a page: the start of the next span, or of the same
// one while it has more pages.
func mark[N, R any](s *scan[N, R], st step[R], seen int) string {
	next := st.span
	if st.done {
		var ok bool
		if next, ok = s.after(st.span); !ok {
			next = span{team: st.span.team, lo: s.tops[len(s.tops)-1].number + 1}
		}
	}
	return fmt.Sprintf("%s:%d:%d", next.team, next.lo, seen)
}

// resume reads a cursor. One that does not belong to these settings starts
// anew, which loses nothing.
func (c *Client) resume(cursor string) (from span, seen int) {
	anew := span{team: c.s.Teams[0], lo: 1}
	parts := strings.Split(cursor, ":")
	if len(parts) != 3 || !c.inScope(parts[0]) {
		return anew, 0
	}
	lo, err := strconv.Atoi(parts[1])
	seen, err2 := strconv.Atoi(parts[2])
	if errors.Join(err, err2) != nil || lo < 1 || seen < 0 {
		return anew, 0
	}
	return span{team: parts[0], lo: lo}, seen
}

// estimate extrapolates the number of open issues from the share of the
// numbers that is read.
func (s *scan[N, R]) estimate(at span, seen int) int {
	total, covered, reached := 0, 0, false
	for _, t := range s.tops {
		total += t.number
		switch {
		case t.team == at.team:
			reached = true
			covered += min(max(at.hi-1, 0), t.number)
			if at.hi == 0 {
				covered += t.number
			}
		case !reached:
			covered += t.number
		}
	}
	if covered <= 0 {
		return 0
	}
	return max(seen, int(int64(seen)*int64(total)/int64(covered)))
}

// IDs lists the ids of all open issues in scope.
func (c *Client) IDs(ctx context.Context) ([]string, error) {
	if err := c.sweepTeams(ctx); err != nil {
		return nil, err
	}
	tops, _, err := c.topsOf(ctx)
	if err != nil {
		return nil, err
	}
	doc := c.docs.ids
	s := &scan[scanNode, []string]{c: c, tops: tops, size: doc.size.get}
	s.read = func(ctx context.Context, f IssueFilter, cursor string) (page[scanNode], error) {
		p, _, err := readPage[scanNode](ctx, c, list{op: "sweep", doc: doc, filter: f}, cursor)
		return p, err
	}
	s.turn = idsOf
	var out []string
	for st, err := range s.run(ctx, span{team: c.s.Teams[0], lo: 1}) {
		if err != nil {
			return nil, err
		}
		out = append(out, st.rows...)
	}
	if err := c.emptied(ctx, tops); err != nil {
		return nil, err
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func idsOf(_ context.Context, p page[scanNode]) ([]string, error) {
	if len(p.bad) > 0 {
		return nil, &connectors.Error{Kind: connectors.Contract, Op: "sweep", Err: p.bad[0].Err}
	}
	out := make([]string, len(p.nodes))
	for k, n := range p.nodes {
		out[k] = n.ID
	}
	return out, nil
}

// emptied tells a team without issues from one that we may no longer read: a
// team counts its issues whether we see them or not. A team of which a closed
// issue is seen is readable, however few are open.
func (c *Client) emptied(ctx context.Context, tops []top) error {
	if !slices.ContainsFunc(tops, func(t top) bool { return t.number == 0 }) {
		return nil
	}
	_, teams, err := c.readWorkspace(ctx)
	if err != nil {
		return err
	}
	hidden := c.invisible(teams)
	for _, t := range teams {
		if t.IssueCount > 0 && slices.Contains(tops, top{team: t.Key}) {
			hidden = append(hidden, t.Key)
		}
	}
	if len(hidden) > 0 {
		return &connectors.Error{Kind: connectors.Forbidden, Op: "sweep", Detail: "no issue of team " + strings.Join(hidden, ", ") + " is visible although there are some",
			Hint: "the key lost a permission or was narrowed; nothing is concluded from this answer"}
	}
	return nil
}
