package lineartest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// page is one answer of a connection.
type page struct {
	nodes   []any
	cursor  func(i int) string
	hasNext bool
	hasPrev bool
	// broken replaces the end cursor where a fault says so.
	broken *string
}

type edge struct {
	cursor string
	node   any
}

func (p *page) end() string {
	if p.broken != nil {
		return *p.broken
	}
	if len(p.nodes) == 0 {
		return ""
	}
	return p.cursor(len(p.nodes) - 1)
}

func (p *page) start() string {
	if len(p.nodes) == 0 {
		return ""
	}
	return p.cursor(0)
}

// addPages gives every connection, edge and page info its fields.
func (a *api) addPages() {
	for name := range a.schema.Types {
		switch {
		case strings.HasSuffix(name, "Connection"):
			a.types[name] = fields{
				"nodes":    {list: func(_ *run, v any, _ args) ([]any, error) { return v.(*page).nodes, nil }},
				"edges":    many(func(_ *run, p *page) []edge { return p.edges() }),
				"pageInfo": ref(func(_ *run, p *page) *page { return p }),
			}
		case strings.HasSuffix(name, "Edge"):
			a.types[name] = fields{
				"cursor": text(func(e edge) string { return e.cursor }),
				"node":   {one: func(_ *run, v any, _ args) (any, error) { return v.(edge).node, nil }},
			}
		}
	}
	a.types["PageInfo"] = fields{
		"hasNextPage":     boolean(func(p *page) bool { return p.hasNext }),
		"hasPreviousPage": boolean(func(p *page) bool { return p.hasPrev }),
		"startCursor":     optional((*page).start),
		"endCursor": leafOf(func(b []byte, p *page) []byte {
			if p.broken != nil {
				return appendText(b, *p.broken)
			}
			return appendOptional(b, p.end())
		}),
	}
}

func (p *page) edges() []edge {
	out := make([]edge, len(p.nodes))
	for i, n := range p.nodes {
		out[i] = edge{p.cursor(i), n}
	}
	return out
}

// size is how many nodes are asked for, and whether from the end.
func (a args) size() (n int, last bool) {
	if n, ok := a.int("last"); ok {
		return n, true
	}
	if n, ok := a.int("first"); ok {
		return n, false
	}
	return 50, false
}

// keyed tells a small connection how to order and name its nodes.
type keyed[T any] struct {
	id      func(T) string
	created func(T) time.Time
	updated func(T) time.Time // nil: as created
}

// connect pages through a list in memory, newest first. Its cursors are the
// plain ids of the nodes.
func connect[T any](items []T, k keyed[T], a args) (*page, error) {
	by := k.created
	if a.text("orderBy") == "updatedAt" && k.updated != nil {
		by = k.updated
	}
	sorted := slices.Clone(items)
	slices.Reverse(sorted) // of the same time the later comes first
	slices.SortStableFunc(sorted, func(x, y T) int { return by(y).Compare(by(x)) })
	return cut(sorted, k.id, a)
}

// cut takes the part of an ordered list that the arguments ask for.
func cut[T any](items []T, id func(T) string, a args) (*page, error) {
	from, to := 0, len(items)
	if c := a.text("after"); c != "" {
		i := slices.IndexFunc(items, func(x T) bool { return id(x) == c })
		if i < 0 {
			return nil, badArgument(fmt.Sprintf("after: %q is not a cursor of this list", c))
		}
		from = i + 1
	}
	if c := a.text("before"); c != "" {
		i := slices.IndexFunc(items, func(x T) bool { return id(x) == c })
		if i < 0 {
			return nil, badArgument(fmt.Sprintf("before: %q is not a cursor of this list", c))
		}
		to = max(from, i)
	}
	if n, last := a.size(); last {
		from = max(from, to-n)
	} else {
		to = min(to, from+n)
	}
	part := items[from:to]
	return &page{
		nodes:   boxed(part),
		cursor:  func(i int) string { return id(part[i]) },
		hasNext: to < len(items), hasPrev: from > 0,
	}, nil
}

// encodeCursor names a place in an order of issues and the time it was given
// out.
func encodeCursor(p place, now time.Time) string {
	s := fmt.Sprintf("%d_%d_%d", p.at, p.seq, now.UnixMilli())
	return base64.RawURLEncoding.EncodeToString([]byte(s))
}

func (x *run) decodeCursor(c string) (*place, error) {
	refused := badArgument(fmt.Sprintf("%q is not a valid cursor", c))
	raw, err := base64.RawURLEncoding.DecodeString(c)
	parts := strings.Split(string(raw), "_")
	if err != nil || len(parts) != 3 {
		return nil, refused
	}
	var n [3]int64
	for i := range parts {
		if n[i], err = strconv.ParseInt(parts[i], 10, 64); err != nil {
			return nil, refused
		}
	}
	life := x.s.behavior.CursorLife
	if life > 0 && x.s.now().Sub(time.UnixMilli(n[2])) > life {
		return nil, badArgument("the cursor has expired")
	}
	return &place{n[0], n[1]}, nil
}
