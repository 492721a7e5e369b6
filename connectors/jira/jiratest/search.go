package jiratest

import (
	"math"
	"slices"
	"sort"
	"strings"
	"time"
)

// maxOrder is the most fields of one ORDER BY on Cloud.
const maxOrder = 7

// found is a query's result: issues in order, and the order itself.
type found struct {
	issues []*issue
	less   func(a, b *issue) int
}

// search runs a query for the caller. A result is kept until the world
// changes, so that paging through it does not sort again for every page.
func (s *Server) search(c *call, jql string, lenient bool, reconcile []int64) (*found, error) {
	lag := s.traps().IndexLag
	key := cacheKey{jql, c.user == nil, lenient}
	if f := s.cache.get(key, s.world); f != nil && lag == 0 {
		return f, nil
	}
	q, err := parseJQL(jql)
	if err != nil {
		return nil, err
	}
	if s.cloud() && q.where == nil {
		return nil, jqlErr(msgUnbounded)
	}
	comp := &compiler{s: s, now: c.now, user: c.user, zone: s.accountZone(c.user), lenient: lenient || c.user == nil}
	match, err := comp.where(q)
	if err != nil {
		return nil, err
	}
	less, err := comp.order(q.order)
	if err != nil {
		return nil, err
	}
	f := &found{less: less}
	if c.user != nil {
		f.issues = s.scan(q, comp, match, c.now, lag)
		if lag > 0 {
			f.issues = s.reconcile(f.issues, match, reconcile)
		}
		f.sort()
	}
	if !comp.timed && lag == 0 {
		s.cache.put(key, s.world, f)
	}
	return f, nil
}

func (c *compiler) where(q *query) (pred, error) {
	if q.where == nil {
		return func(*issue) bool { return true }, nil
	}
	return c.compile(q.where, false)
}

// order builds the comparison of ORDER BY. The id is the last resort, so that
// every order is total.
func (c *compiler) order(fields []orderField) (func(a, b *issue) int, error) {
	if c.s.cloud() && len(fields) > maxOrder {
		return nil, jqlErr(msgTooManyOrder, maxOrder)
	}
	var cmps []func(a, b *issue) int
	for _, o := range fields {
		f, err := c.s.jqlField(o.field)
		if err != nil {
			if c.lenient {
				continue
			}
			return nil, err
		}
		if f.compare == nil {
			return nil, jqlErr(msgBadOrder, o.field)
		}
		cmpf := f.compare
		if o.desc {
			cmpf = func(a, b *issue) int { return -f.compare(a, b) }
		}
		cmps = append(cmps, cmpf)
	}
	return func(a, b *issue) int {
		for _, f := range cmps {
			if r := f(a, b); r != 0 {
				return r
			}
		}
		// Without an order the newest comes first, as in Jira's own lists.
		if len(cmps) == 0 {
			return int(max(min(b.id-a.id, 1), -1))
		}
		return int(max(min(a.id-b.id, 1), -1))
	}, nil
}

// sort orders the result unless the scan delivered it in order.
func (f *found) sort() {
	if !slices.IsSortedFunc(f.issues, f.less) {
		slices.SortFunc(f.issues, f.less)
	}
}

// scan collects the matching issues that search may show, by the shortest list
// that holds them all and in the asked order where a list has it.
func (s *Server) scan(q *query, comp *compiler, match pred, now time.Time, lag time.Duration) []*issue {
	var out []*issue
	take := func(i *issue) {
		if i != nil && s.indexed(i) && match(i) {
			out = append(out, i)
		}
	}
	if lag > 0 {
		seen := now.Add(-lag)
		for _, r := range s.recs {
			take(r.at(seen))
		}
		return out
	}
	for _, r := range s.candidates(comp.bounds(q.where), q.order) {
		take(r.cur)
	}
	return out
}

// candidates is the list to scan.
func (s *Server) candidates(b bounds, order []orderField) []*rec {
	byUpdated := len(order) > 0 && isUpdated(order[0].field)
	switch {
	case b.ids != nil:
		var out []*rec
		for _, id := range b.ids {
			if r := s.byID[id]; r != nil {
				out = append(out, r)
			}
		}
		return out
	case byUpdated || !b.updated.IsZero():
		at := sort.Search(len(s.byUpdated), func(i int) bool { return afterInUpdated(s.byUpdated[i], b.updated, math.MinInt64) })
		if byUpdated && order[0].desc {
			out := slices.Clone(s.byUpdated[at:])
			slices.Reverse(out)
			return out
		}
		return s.byUpdated[at:]
	}
	return s.recs
}

func isUpdated(field string) bool {
	return strings.EqualFold(field, "updated") || strings.EqualFold(field, "updateddate")
}

// reconcile replaces the lagging answers about the given issues by the truth.
func (s *Server) reconcile(list []*issue, match pred, ids []int64) []*issue {
	if len(ids) == 0 {
		return list
	}
	list = slices.DeleteFunc(list, func(i *issue) bool { return slices.Contains(ids, i.id) })
	for _, id := range ids {
		if r := s.byID[id]; r != nil && s.indexed(r.cur) && match(r.cur) {
			list = append(list, r.cur)
		}
	}
	return list
}

// bounds are what the conditions that all must hold say about the candidates.
type bounds struct {
	ids     []int64 // nil: any
	updated time.Time
}

// bounds reads ids and the lower end of updated off the top of a query.
func (c *compiler) bounds(n *node) bounds {
	var b bounds
	if n == nil {
		return b
	}
	clauses := []*node{n}
	if n.join == "and" {
		clauses = n.nodes
	}
	for _, n := range clauses {
		if n.join != "" {
			continue
		}
		c.narrow(&b, n.clause)
	}
	return b
}

func (c *compiler) narrow(b *bounds, cl clause) {
	f, err := c.s.jqlField(cl.field)
	if err != nil {
		return
	}
	switch {
	case f.kind == kindKey && (cl.op == "=" || cl.op == "in"):
		b.ids = []int64{}
		for _, v := range cl.values {
			if r := c.s.find(v.text); r != nil && !slices.Contains(b.ids, r.id) {
				b.ids = append(b.ids, r.id)
			}
		}
	case isUpdated(cl.field) && (cl.op == ">=" || cl.op == ">"):
		if t, _, err := c.instant(cl, cl.values[0]); err == nil && t.After(b.updated) {
			// The minute below covers the trap of coarse precision.
			b.updated = t.Add(-time.Minute)
		}
	}
}

// indexed reports whether search shows this version at all.
func (s *Server) indexed(i *issue) bool {
	return !i.deleted && !i.archived && i.proj.live() && !i.proj.Hidden
}

// browse reports whether the account may read the issue directly.
func (s *Server) browse(i *issue) bool {
	return !i.deleted && !i.proj.Hidden && i.proj.Status != "deleted"
}

func (s *Server) accountZone(u *User) *time.Location {
	if s.opt.AccountZone != nil {
		return s.opt.AccountZone
	}
	if u != nil && u.TimeZone != "" {
		if z, err := time.LoadLocation(u.TimeZone); err == nil {
			return z
		}
	}
	return time.UTC
}
