package jiratest

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// When says on which side of the request's effect a fault strikes.
type When int

// Before nothing has happened yet; After a write has been applied.
const (
	Before When = iota
	After
)

// Fault breaks one answer. The zero value breaks nothing.
type Fault struct {
	// Delay passes before the answer, by Options.Pause.
	Delay time.Duration
	// Abort drops the connection. With When After the write has happened.
	Abort bool
	// Status replaces the answer when it is not 0.
	Status int
	Header http.Header
	// Type is the content type of Body; default application/json.
	Type string
	Body string
	// Truncate cuts the answer after so many bytes and drops the connection.
	Truncate int
	// Cut cuts the answer after so many bytes and ends it regularly.
	Cut int
	// Endless goes on with white space after the answer, up to so many bytes.
	Endless int
	// Drip writes so many bytes at a time, with DripPause between.
	Drip      int
	DripPause time.Duration
}

// scripted is a fault that waits for its requests.
type scripted struct {
	op       string
	fault    Fault
	when     When
	left     int
	from, to time.Time
}

type script struct {
	mu   sync.Mutex
	list []*scripted
}

// FailNext breaks the next n requests of the operation (see Request.Op; "" is
// any) before they have an effect.
func (s *Server) FailNext(op string, n int, f Fault) {
	s.script.add(&scripted{op: op, fault: f, left: n})
}

// FailAfter breaks the next n requests of the operation after their effect: a
// write happens and its answer is lost.
func (s *Server) FailAfter(op string, n int, f Fault) {
	s.script.add(&scripted{op: op, fault: f, when: After, left: n})
}

// Outage breaks every request of the operation ("" is any) from one moment of
// the site's clock until before another.
func (s *Server) Outage(op string, from, to time.Time, f Fault) {
	s.script.add(&scripted{op: op, fault: f, from: from, to: to})
}

// ClearFaults forgets all scripted faults.
func (s *Server) ClearFaults() {
	s.script.mu.Lock()
	defer s.script.mu.Unlock()
	s.script.list = nil
}

func (sc *script) add(f *scripted) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.list = append(sc.list, f)
}

// take returns the fault that is due, if any.
func (sc *script) take(op string, when When, now time.Time) *Fault {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	for _, f := range sc.list {
		if f.when != when || f.op != "" && f.op != op {
			continue
		}
		if !f.to.IsZero() {
			if !now.Before(f.from) && now.Before(f.to) {
				return &f.fault
			}
			continue
		}
		if f.left > 0 {
			f.left--
			return &f.fault
		}
	}
	return nil
}

// The answers of a site in trouble, with the headers that the real ones have.

// ServerError is a 5xx with the proxy's HTML page.
func ServerError(status int) Fault {
	return Fault{Status: status, Type: "text/html;charset=UTF-8", Body: htmlError}
}

// LoginPage is an HTML page on 200, as single sign-on proxies answer.
func LoginPage() Fault {
	return Fault{Status: 200, Type: "text/html;charset=UTF-8", Body: htmlLogin}
}

// The reasons of Cloud's 429 answers.
const (
	ReasonGlobal   = "jira-quota-global-based"
	ReasonTenant   = "jira-quota-tenant-based"
	ReasonBurst    = "jira-burst-based"
	ReasonPerIssue = "jira-per-issue-on-write"
)

// TooMany is Cloud's 429. reset is the time of X-RateLimit-Reset; a wait below
// zero leaves Retry-After out.
func TooMany(reason string, wait time.Duration, reset time.Time) Fault {
	h := http.Header{}
	if wait >= 0 {
		h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
	if reason != "" {
		h.Set("RateLimit-Reason", reason)
	}
	h.Set("X-RateLimit-Limit", "100")
	h.Set("X-RateLimit-Remaining", "0")
	if !reset.IsZero() {
		h.Set("X-RateLimit-Reset", reset.UTC().Format("2006-01-02T15:04Z"))
	}
	return Fault{Status: 429, Header: h, Body: `{"errorMessages":["Rate limit exceeded."],"errors":{}}`}
}

const htmlError = `<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body><h1>We're having trouble</h1><p>The upstream did not answer.</p></body></html>`

const htmlLogin = `<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action="/login" method="post"><input name="username"></form></body></html>`
