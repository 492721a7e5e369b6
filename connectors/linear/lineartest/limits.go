package lineartest

import (
	"net/http"
	"strconv"
	"time"
)

// Limits are the budgets of one user: leaky buckets that refill evenly.
type Limits struct {
	Requests   int // an hour
	Complexity int // points an hour
	// Query is the most that one document may cost by the published formula.
	Query int
}

// DefaultLimits are those of a personal API key as last published; the
// complexity of one query is 10,000.
func DefaultLimits() Limits { return Limits{Requests: 2500, Complexity: 3_000_000, Query: 10_000} }

// bucket holds what is left of one budget.
type bucket struct {
	limit float64
	left  float64
	at    time.Time
}

func newBucket(limit int, now time.Time) bucket {
	return bucket{limit: float64(limit), left: float64(limit), at: now}
}

func (b *bucket) refill(now time.Time) {
	if d := now.Sub(b.at); d > 0 {
		b.left = min(b.limit, b.left+d.Hours()*b.limit)
		b.at = now
	}
}

func (b *bucket) take(n float64) bool {
	if b.left < n {
		return false
	}
	b.left -= n
	return true
}

func (b *bucket) header(h http.Header, kind string, now time.Time) {
	p := "X-RateLimit-" + kind + "-"
	h.Set(p+"Limit", strconv.Itoa(int(b.limit)))
	h.Set(p+"Remaining", strconv.Itoa(int(b.left)))
	// Always an hour ahead, as measured on the real service.
	h.Set(p+"Reset", strconv.FormatInt(now.Add(time.Hour).UnixMilli(), 10))
}

// meter is the account of the one user that the server knows.
type meter struct {
	limits     Limits
	requests   bucket
	complexity bucket
}

func newMeter(l Limits, now time.Time) meter {
	return meter{l, newBucket(l.Requests, now), newBucket(l.Complexity, now)}
}

func (m *meter) refill(now time.Time) {
	m.requests.refill(now)
	m.complexity.refill(now)
}

func (m *meter) headers(h http.Header, charged int, now time.Time) {
	m.requests.header(h, "Requests", now)
	m.complexity.header(h, "Complexity", now)
	h.Set("X-Complexity", strconv.Itoa(charged))
}

func (s *Server) limits() Limits {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.meter.limits
}

// SetLimits replaces the budgets and fills them.
func (s *Server) SetLimits(l Limits) {
	s.lock()
	defer s.mu.Unlock()
	s.meter = newMeter(l, s.now())
}

// SetRemaining sets what is left of both budgets at this moment.
func (s *Server) SetRemaining(requests, complexity int) {
	s.lock()
	defer s.mu.Unlock()
	s.meter.refill(s.now())
	s.meter.requests.left, s.meter.complexity.left = float64(requests), float64(complexity)
}
