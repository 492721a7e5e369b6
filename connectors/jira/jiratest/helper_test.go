package jiratest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is the tests' own time.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// site is a small world: PAY (software), WEB (software), HELP (service desk).
func site(t *testing.T, opt Options) (*Server, *clock) {
	t.Helper()
	ck := &clock{t: start}
	if opt.Now == nil {
		opt.Now = ck.now
	}
	s := New(opt)
	s.AddUser(User{AccountID: "amy", Name: "Amy Pond", Email: "amy@example.org"})
	s.AddUser(User{AccountID: "bob", Name: "Bob Hide", Email: "bob@example.org", HideEmail: true})
	s.AddUser(User{AccountID: "old", Name: "Old Timer", Inactive: true})
	s.AddProject(Project{Key: "PAY", Name: "Payments", Components: []string{"API", "UI"}, Versions: []string{"1.0"}})
	s.AddProject(Project{Key: "WEB", Name: "Website", Priorities: []string{"2", "3"}})
	s.AddProject(Project{Key: "HELP", Name: "Help", Type: "service_desk"})
	s.AddField(Field{ID: "customfield_10016", Name: "Story Points", Custom: CustomNumber})
	s.AddField(Field{ID: "customfield_10020", Name: "Sprint", Custom: CustomSprint})
	s.AddField(Field{ID: "customfield_10050", Name: "Customer tier", Custom: CustomSelect, Options: []string{"enterprise", "pro"}})
	s.AddField(Field{ID: "customfield_10060", Name: "Time to resolution", Custom: CustomSLA, Projects: []string{"HELP"}})
	for i := range 5 {
		s.Create(Spec{Project: "PAY", Type: "Bug", Summary: fmt.Sprintf("Payment fails %d", i), Reporter: "amy",
			Created: start.Add(-time.Duration(10-i) * time.Hour), Labels: []string{"money"}})
	}
	s.Create(Spec{Project: "WEB", Type: "Story", Summary: "New page", Reporter: "bob", Created: start.Add(-time.Hour), Priority: "3"})
	s.Create(Spec{Project: "HELP", Type: "Task", Summary: "Cannot log in", Created: start.Add(-2 * time.Hour)})
	return s, ck
}

// answer is what a test looks at.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("answer %d is no object: %v\n%.300s", a.status, err, a.body)
	}
	return m
}

// do sends a request as the bot; an empty body sends none.
func do(t *testing.T, s *Server, method, path, body string) answer {
	t.Helper()
	return send(t, s, method, path, body, func(r *http.Request) {
		if s.cloud() {
			r.SetBasicAuth("bot@example.org", "secret")
		} else {
			r.Header.Set("Authorization", "Bearer secret")
		}
	})
}

func send(t *testing.T, s *Server, method, path, body string, prep func(*http.Request)) answer {
	t.Helper()
	var rd io.Reader
	if body != "" {
		rd = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "https://jira.example"+path, rd)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if prep != nil {
		prep(r)
	}
	res, err := s.Client().Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(b), err}
}

// keys are the issue keys of a search answer.
func keys(t *testing.T, a answer) []string {
	t.Helper()
	var m struct{ Issues []struct{ Key string } }
	if err := json.Unmarshal([]byte(a.body), &m); err != nil || a.status != 200 {
		t.Fatalf("search: %d %v %.300s", a.status, err, a.body)
	}
	var out []string
	for _, i := range m.Issues {
		out = append(out, i.Key)
	}
	return out
}

func jql(q string) string {
	b, _ := json.Marshal(map[string]any{"jql": q, "fields": []string{"summary"}})
	return string(b)
}
