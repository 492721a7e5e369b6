package lineartest

import "time"

// Request is one call as the server saw it.
type Request struct {
	N    int // 1 is the first call
	Time time.Time
	// Fields are the root fields in order, without aliases.
	Fields    []string
	Query     string
	Variables map[string]any
	// Mutation tells that the document is a mutation, whatever became of it.
	Mutation bool
	// Complexity is the list price; Charged is what the budget lost.
	Complexity int
	Charged    int
	Status     int
	// Codes are the error codes of the answer.
	Codes []string
	// Applied tells that the document was executed.
	Applied bool
	// Fault names the injected fault, "" where there was none.
	Fault string
}

// journal is what tests look at afterwards.
type journal struct {
	n          int
	requests   []Request
	mails      []Mail
	violations []string
}

// Counters sum the calls up.
type Counters struct {
	Requests   int
	Mutations  int
	Refused    int // answered with an error of any kind
	Limited    int // rate limited
	Complexity int // charged
}

// Requests lists all calls, oldest first.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.log.requests...)
}

// Mutations lists the calls that were mutations.
func (s *Server) Mutations() []Request {
	var out []Request
	for _, r := range s.Requests() {
		if r.Mutation {
			out = append(out, r)
		}
	}
	return out
}

// Mails lists the e-mails that Linear would have sent.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.log.mails...)
}

// Violations lists what broke Linear's whole schema: documents, variables and
// the formats of dates and ids. It stays empty without Options.Schema.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.log.violations...)
}

// Counters sums the calls since the last Forget.
func (s *Server) Counters() Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c Counters
	for i := range s.log.requests {
		c.add(&s.log.requests[i])
	}
	return c
}

func (c *Counters) add(r *Request) {
	c.Requests++
	c.Complexity += r.Charged
	if r.Mutation {
		c.Mutations++
	}
	if len(r.Codes) > 0 || r.Status >= 400 {
		c.Refused++
	}
	for _, code := range r.Codes {
		if code == "RATELIMITED" {
			c.Limited++
		}
	}
}

// Forget drops the recorded calls and mails, for long runs.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.requests, s.log.mails = nil, nil
}
