package jiratest

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Request is one request that the site received.
type Request struct {
	Method string
	Path   string
	Query  string
	// Op names the operation, Template its path; "" where nothing matches.
	Op, Template string
	Body         string
	Header       http.Header
	At           time.Time
	// Mutation marks the operations that change something; searches by POST
	// are none.
	Mutation bool
	// Status is what was answered; 0 while in progress or when aborted.
	Status int
}

// Violation is a request or an answer outside the published schema.
type Violation struct {
	Op, Method, Path string
	Err              string
}

// Exchange is what a checker sees of one request.
type Exchange struct {
	Request  *http.Request
	Body     []byte
	Status   int
	Header   http.Header
	Response []byte
	Template string // path template under the version, such as /issue/{id}
}

type requestLog struct {
	mu         sync.Mutex
	list       []*Request
	ops        map[string]int
	violations []Violation
	check      func(Exchange) error
}

func (l *requestLog) add(r *Request, keep int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ops == nil {
		l.ops = map[string]int{}
	}
	l.ops[r.Op]++
	if len(l.list) >= keep {
		l.list = slices.Delete(l.list, 0, keep/2)
	}
	l.list = append(l.list, r)
}

func (l *requestLog) done(r *Request, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Status = status
}

// Requests returns the requests so far, oldest first.
func (s *Server) Requests() []Request { return s.log.filter(func(*Request) bool { return true }) }

// Mutations returns the requests that change something, oldest first.
func (s *Server) Mutations() []Request {
	return s.log.filter(func(r *Request) bool { return r.Mutation })
}

// RequestsOf returns the requests of one operation, oldest first.
func (s *Server) RequestsOf(op string) []Request {
	return s.log.filter(func(r *Request) bool { return r.Op == op })
}

func (l *requestLog) filter(want func(*Request) bool) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Request
	for _, r := range l.list {
		if want(r) {
			out = append(out, *r)
		}
	}
	return out
}

// Counts returns the number of requests by operation since the last Reset.
func (s *Server) Counts() map[string]int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return maps.Clone(s.log.ops)
}

// Reset forgets the requests, counters and violations so far.
func (s *Server) Reset() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.list, s.log.ops, s.log.violations = nil, nil, nil
}

// Check has every later exchange with the platform API looked at; an error
// becomes a Violation. Package jiratest/openapi has the published schema.
func (s *Server) Check(f func(Exchange) error) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.check = f
}

// Violations returns what Check found so far.
func (s *Server) Violations() []Violation {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.violations)
}

// checked runs the checker on one exchange.
func (s *Server) checked(op string, x Exchange) {
	s.log.mu.Lock()
	check := s.log.check
	s.log.mu.Unlock()
	if check == nil {
		return
	}
	if err := check(x); err != nil {
		s.log.mu.Lock()
		defer s.log.mu.Unlock()
		s.log.violations = append(s.log.violations, Violation{op, x.Request.Method, x.Request.URL.Path, err.Error()})
	}
}
