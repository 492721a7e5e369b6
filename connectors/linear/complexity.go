package linear

import (
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Limits of Linear's API (developer documentation, "Rate limiting" and
// "Pagination").
const (
	maxPoints = 10_000 // of one query
	maxFirst  = 250    // of one page
	// maxLookup bounds the ids in one filter, to keep documents small.
	maxLookup = 100
	// pageInfoPoints prices the pageInfo of a root list.
	pageInfoPoints = 1.2
)

var firstArgument = regexp.MustCompile(`\bfirst: ?([0-9]+)`)

// points is Linear's price of a value of type t inside a query, by the formula
// of its documentation: a property 0.1, an object 1, and a list of nodes
// multiplies its children by first, or by 50 where first is absent. The price
// does not depend on the data.
func points(t reflect.Type) float64 {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return points(t.Elem())
	case reflect.Struct:
		if reflect.PointerTo(t).Implements(unmarshaler) {
			return 0.1
		}
		return 1 + children(t, 0)
	}
	return 0.1
}

// price is what a document with fixed page sizes costs.
func price[Q any]() int { return int(math.Ceil(children(reflect.TypeFor[Q](), 0))) }

// children prices the fields of an object. A list object itself is free; its
// nodes count first times.
func children(t reflect.Type, first float64) float64 {
	sum := 0.0
	for f := range t.Fields() {
		switch list, ok := listOf(f.Type); {
		case ok:
			sum += children(list, firstOf(f.Tag.Get("graphql")))
		case f.Name == "Nodes" && first > 0:
			sum += first * points(f.Type)
		default:
			sum += points(f.Type)
		}
	}
	return sum
}

// listOf tells a connection from other objects.
func listOf(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() != reflect.Struct {
		return nil, false
	}
	f, ok := t.FieldByName("Nodes")
	return t, ok && f.Type.Kind() == reflect.Slice
}

func firstOf(tag string) float64 {
	if m := firstArgument.FindStringSubmatch(tag); m != nil {
		n, _ := strconv.Atoi(m[1])
		return float64(n)
	}
	if strings.Contains(tag, "first: $") {
		return maxFirst
	}
	return 50
}

// price is what a page of n nodes costs, rounded up as Linear does.
func (d *document) price(n int) int {
	return int(math.Ceil(float64(n)*d.node + pageInfoPoints))
}

// fit is the largest page within a number of points.
func (d *document) fit(budget int) int {
	return max(1, min(maxFirst, int((float64(budget)-pageInfoPoints)/d.node)))
}

// sizer adapts the page size of one document. Pages start at half of what one
// query may cost, are halved when the server refuses, and creep up while it
// does not: the server's own price may differ from the formula.
type sizer struct {
	mu        sync.Mutex
	now, most int
	good      int // full pages since the last change
}

const creepAfter = 8

func (s *sizer) get() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// shrink halves the size after a page of tried nodes was refused and reports
// whether a smaller one can be tried.
func (s *sizer) shrink(tried int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if tried <= 1 {
		return false
	}
	s.most = max(1, min(s.most, tried*9/10))
	s.now, s.good = min(s.now, max(1, tried/2)), 0
	return true
}

func (s *sizer) grow(got int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if got < s.now {
		return
	}
	if s.good++; s.good >= creepAfter {
		s.now, s.good = min(s.most, s.now+max(1, s.now/10)), 0
	}
}
