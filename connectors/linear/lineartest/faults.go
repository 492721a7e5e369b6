package lineartest

import (
	"slices"
	"time"
)

// Kind is what goes wrong.
type Kind string

// The faults. Those with "After" in their name happen when the request has
// been carried out.
const (
	// Status answers Fault.Status with a plain text, nothing done.
	Status Kind = "status"
	// StatusAfter carries the request out and answers Fault.Status.
	StatusAfter Kind = "status after"
	// RateLimited answers Linear's refusal with Fault.Status, 400 where 0.
	RateLimited Kind = "rate limited"
	// HTML answers a page on 200.
	HTML Kind = "html"
	// Truncated cuts the answer in half.
	Truncated Kind = "truncated"
	// Endless answers JSON without an end, Fault.Size bytes of it.
	Endless Kind = "endless"
	// Drop closes the connection before anything is done.
	Drop Kind = "drop"
	// DropAfter carries the request out and closes the connection.
	DropAfter Kind = "drop after"
	// PartialData answers data and an error on 200.
	PartialData Kind = "partial data"
	// InternalError answers an internal error on 200, nothing done.
	InternalError Kind = "internal error"
	// EmptyCursor says that there is a next page and gives no cursor.
	EmptyCursor Kind = "empty cursor"
	// RepeatedCursor says that there is a next page and gives the cursor that
	// was sent, or on a first page that of its first node.
	RepeatedCursor Kind = "repeated cursor"
)

// Fault makes requests go wrong.
type Fault struct {
	Kind   Kind
	Status int // for Status, StatusAfter, RateLimited
	Size   int // for Endless; 0 is 64 MiB
	// Skip lets as many matching requests pass first.
	Skip int
	// Times is how often it happens; 0 is without a limit.
	Times int
	// Until ends it; zero is never.
	Until time.Time
	// Match picks requests; nil is all.
	Match func(*Request) bool
}

// OnField matches requests with a root field such as "issueUpdate".
func OnField(name string) func(*Request) bool {
	return func(r *Request) bool { return slices.Contains(r.Fields, name) }
}

// OnMutation matches mutations.
func OnMutation(r *Request) bool { return r.Mutation }

// OnQuery matches queries.
func OnQuery(r *Request) bool { return !r.Mutation }

// Inject adds a fault; the first that matches a request happens.
func (s *Server) Inject(f Fault) {
	s.lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults ends all faults.
func (s *Server) ClearFaults() {
	s.lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault picks what goes wrong with a request; the lock is held.
func (s *Server) fault(r *Request) *Fault {
	for i, f := range s.faults {
		if !f.Until.IsZero() && !s.now().Before(f.Until) || f.Match != nil && !f.Match(r) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		happens := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		return &happens
	}
	return nil
}

// Hooks let a test act at certain moments. They are called without the
// server's lock, so they may use all its methods.
type Hooks struct {
	// Before sees each request first; a fault that it returns happens.
	Before func(*Request) *Fault
	// BeforeMutation is called when a mutation has been let through and is
	// about to be carried out: the moment when people edit in between.
	BeforeMutation func(*Request)
	// After sees each request with its outcome before the answer is sent.
	After func(*Request)
}

// SetHooks replaces the hooks.
func (s *Server) SetHooks(h Hooks) {
	s.lock()
	defer s.mu.Unlock()
	s.hooks = h
}

// spoil breaks a page's end where the present fault says so: only that of a
// root connection.
func (x *run) spoil(p *page, a args) {
	if x.fault == nil || len(x.path) != 1 {
		return
	}
	cursor := ""
	switch x.fault.Kind {
	case RepeatedCursor:
		if cursor = a.text("after"); cursor == "" {
			cursor = p.start()
		}
	case EmptyCursor:
	default:
		return
	}
	p.hasNext, p.broken = true, &cursor
}
