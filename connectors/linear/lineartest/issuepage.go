package lineartest

import (
	"iter"
	"slices"
	"time"
)

// hints are bounds read off a filter so that a page need not look at every
// issue. They only ever widen: the filter itself still decides.
type hints struct {
	ids     []string
	numbers []float64
	teams   []string // keys
	created bounds
	updated bounds
}

// bounds are inclusive instants; zero is open.
type bounds struct{ from, to time.Time }

func hintsOf(m map[string]any, now time.Time) hints {
	var h hints
	h.ids = oneOf(m["id"])
	if team, ok := m["team"].(map[string]any); ok {
		h.teams = oneOf(team["key"])
	}
	if n, ok := m["number"].(map[string]any); ok {
		for _, v := range append(toList(n["in"]), toList(n["eq"])...) {
			if f, ok := toNumber(v); ok {
				h.numbers = append(h.numbers, f)
			}
		}
	}
	h.created, h.updated = boundsOf(m["createdAt"], now), boundsOf(m["updatedAt"], now)
	return h
}

// oneOf reads the values that an eq or in allows.
func oneOf(v any) []string {
	m, _ := v.(map[string]any)
	if s, ok := m["eq"].(string); ok {
		return []string{s}
	}
	return toTexts(m["in"])
}

func boundsOf(v any, now time.Time) bounds {
	m, _ := v.(map[string]any)
	pick := func(names ...string) time.Time {
		for _, n := range names {
			if s, ok := m[n].(string); ok {
				t, _ := parseMoment(s, now)
				return t
			}
		}
		return time.Time{}
	}
	return bounds{from: pick("gte", "gt", "eq"), to: pick("lte", "lt", "eq")}
}

// issuePage answers a list of issues, newest first, of one team or of all.
func (x *run) issuePage(a args, of *Team) (any, error) {
	f := a.object("filter")
	h := hintsOf(f, x.s.now())
	field := a.text("orderBy")
	s := scan{x: x, match: issueFilter().compile(x, f), archived: a.flag("includeArchived"), order: x.orderFor(h, of, field)}
	s.want, s.back = a.size()
	if err := s.position(a); err != nil {
		return nil, err
	}
	if of != nil {
		match := s.match
		s.match = func(r *record) bool { return r.TeamID == of.ID && match(r) }
	}
	if h.ids != nil || h.numbers != nil && len(h.teams) > 0 {
		s.order = x.few(h, field)
	} else {
		s.limit(h, field)
	}
	if h.ids == nil {
		s.late = x.s.lagging()
	}
	p := s.page()
	x.spoil(p, a)
	return p, nil
}

func (x *run) orderFor(h hints, of *Team, field string) *order {
	w := &x.s.world
	if of != nil {
		return w.ordersOf(of.ID).in(field)
	}
	if len(h.teams) == 1 {
		if t := w.team(h.teams[0]); t != nil {
			return w.ordersOf(t.ID).in(field)
		}
	}
	return w.order.in(field)
}

// few orders the issues that a filter names by id or number.
func (x *run) few(h hints, field string) *order {
	o := newOrders()
	seen := map[*record]bool{}
	add := func(r *record) {
		if r != nil && !seen[r] {
			seen[r] = true
			o.add(r)
		}
	}
	for _, id := range h.ids {
		add(x.issue(id))
	}
	if h.ids == nil {
		for _, key := range h.teams {
			for _, n := range h.numbers {
				add(x.s.world.byIdentifier[key+"-"+string(appendNumber(nil, n))])
			}
		}
	}
	return o.in(field)
}

// scan walks an order of issues and keeps a page of those that match.
type scan struct {
	x        *run
	match    test[*record]
	order    *order
	late     map[*record]*record
	archived bool
	want     int
	back     bool // last instead of first
	after    *place
	before   *place
	oldest   int64 // places before this cannot match
	newest   int64 // nor those after this; 0 is open
}

func (s *scan) position(a args) error {
	var err error
	if c := a.text("after"); c != "" {
		s.after, err = s.x.decodeCursor(c)
	}
	if c := a.text("before"); c != "" && err == nil {
		s.before, err = s.x.decodeCursor(c)
	}
	return err
}

// limit uses the filter's bounds on the field that the order goes by.
func (s *scan) limit(h hints, field string) {
	b := h.created
	if field == "updatedAt" {
		b = h.updated
	}
	if !b.from.IsZero() {
		s.oldest = b.from.UnixMilli()
	}
	if !b.to.IsZero() {
		s.newest = b.to.UnixMilli()
	}
}

// page collects the matches and looks one further for hasNextPage.
func (s *scan) page() *page {
	var got []slot
	more := false
	for sl := range s.candidates() {
		if len(got) == s.want {
			more = true
			break
		}
		got = append(got, sl)
	}
	p := &page{hasNext: more, hasPrev: s.after != nil}
	if s.back {
		slices.Reverse(got)
		p.hasNext, p.hasPrev = s.before != nil, more
	}
	p.nodes = make([]any, len(got))
	for i, sl := range got {
		p.nodes[i] = sl.r
	}
	now := s.x.s.now()
	p.cursor = func(i int) string { return encodeCursor(got[i].place, now) }
	return p
}

// candidates yields matching slots, newest first, or oldest first for last.
func (s *scan) candidates() iter.Seq[slot] {
	return func(yield func(slot) bool) {
		for sl := range s.merged() {
			if s.within(sl.place) && (s.archived || !sl.r.Gone()) && s.match(sl.r) && !yield(sl) {
				return
			}
		}
	}
}

func (s *scan) within(p place) bool {
	return (s.after == nil || p.compare(*s.after) < 0) && (s.before == nil || p.compare(*s.before) > 0)
}

// merged walks the order, with issues whose change has not reached the lists
// at their old place.
func (s *scan) merged() iter.Seq[slot] {
	if len(s.late) == 0 {
		return s.walk(s.order)
	}
	var lagged []slot
	for _, old := range s.late {
		if old != nil {
			lagged = append(lagged, slot{placeOf(s.order.by, old), old})
		}
	}
	both := &order{by: s.order.by}
	for _, sl := range s.order.slots {
		if _, late := s.late[sl.r]; !late {
			both.slots = append(both.slots, sl)
		}
	}
	both.slots, both.loose = append(both.slots, lagged...), true
	return s.walk(both)
}

// walk goes through the slots between the bounds.
func (s *scan) walk(o *order) iter.Seq[slot] {
	o.tidy()
	lo, hi := 0, len(o.slots)
	if s.oldest > 0 {
		lo, _ = o.search(place{at: s.oldest})
	}
	if s.newest > 0 {
		hi, _ = o.search(place{at: s.newest + 1})
	}
	if s.after != nil {
		i, _ := o.search(*s.after)
		hi = min(hi, i)
	}
	return func(yield func(slot) bool) {
		if s.back {
			for i := lo; i < hi; i++ {
				if !yield(o.slots[i]) {
					return
				}
			}
			return
		}
		for i := hi - 1; i >= lo; i-- {
			if !yield(o.slots[i]) {
				return
			}
		}
	}
}
