// Package fastserver answers like the trackers of a large backlog, from pieces
// of pages made beforehand, so that a benchmark measures its client. It checks
// nothing: the strict simulators are jiratest and lineartest.
package fastserver

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options describe the backlog and the distance to it.
type Options struct {
	Issues  int           // open issues, all in one project or team
	Latency time.Duration // added to every request
	// Alike makes every issue a bug of the same priority without labels, so that
	// a policy changes all of them in the same way.
	Alike bool
}

// Project is the key of the only project and team.
const Project = "PAY"

// Server is both trackers over one backlog: Jira under /jira, as Cloud or, under
// /dc, as Data Center, and Linear under /graphql. GET /counts tells how often
// each operation was asked for and starts counting anew.
type Server struct {
	o    Options
	now  func() time.Time
	jira *jiraPages
	lin  *linearPages

	mu     sync.RWMutex
	counts map[string]int
	edits  map[int]*edit // by position in the backlog
	labels []label       // of Linear, made on demand
}

// edit is what was written to an issue.
type edit struct {
	labels   []string // names on Jira, ids on Linear
	priority int      // 1..4; 0: as it was
	updated  time.Time
}

// New makes a server.
func New(o Options) *Server {
	s := &Server{o: o, now: time.Now, counts: map[string]int{}, edits: map[int]*edit{}}
	s.jira, s.lin = newJiraPages(s), newLinearPages(s)
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/counts" {
		s.serveCounts(w)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if s.o.Latency > 0 {
		time.Sleep(s.o.Latency)
	}
	a := answer{ResponseWriter: w}
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/jira/rest/api/"):
		s.cloud(&a, r, path[len("/jira/rest/api/")+2:], body)
	case strings.HasPrefix(path, "/dc/rest/api/"):
		s.dataCenter(&a, r, path[len("/dc/rest/api/")+2:], body)
	case path == "/graphql":
		s.linear(&a, body)
	}
	if !a.done {
		http.Error(w, fmt.Sprintf("the fast server does not know %s %s", r.Method, r.URL.Path), http.StatusNotImplemented)
	}
}

// answer writes one answer.
type answer struct {
	http.ResponseWriter
	done bool
}

func (a *answer) raw(b []byte) {
	a.done = true
	a.Header().Set("Content-Type", "application/json")
	a.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = a.Write(b) // a client that left needs no answer
}

func (a *answer) json(format string, args ...any) { a.raw(fmt.Appendf(nil, format, args...)) }

func (s *Server) count(op string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[op]++
}

func (s *Server) serveCounts(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = json.NewEncoder(w).Encode(s.counts)
	s.counts = map[string]int{}
}

// edited returns what was written to an issue, nil for nothing.
func (s *Server) edited(n int) *edit {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.edits[n]
}

// write changes an issue. The old edit stays as it is: readers may hold it.
func (s *Server) write(n int, change func(*edit)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &edit{}
	if old := s.edits[n]; old != nil {
		*e = *old
	} else {
		e.labels = s.initialLabels(n)
	}
	change(e)
	e.updated = s.now().UTC().Truncate(time.Millisecond)
	s.edits[n] = e
}

// changedSince lists the issues that changed at or after t, in order.
func (s *Server) changedSince(t time.Time) []int {
	var out []int
	if !t.After(updatedAt(s.o.Issues - 1)) {
		for n := range s.o.Issues {
			if e := s.edited(n); e != nil && !e.updated.Before(t) || !updatedAt(n).Before(t) {
				out = append(out, n)
			}
		}
		return out
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for n := range s.o.Issues {
		if len(s.edits) == 0 {
			break
		}
		if e := s.edits[n]; e != nil && !e.updated.Before(t) {
			out = append(out, n)
		}
	}
	return out
}
