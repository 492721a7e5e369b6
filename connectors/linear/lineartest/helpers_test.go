package lineartest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/shared"
)

// clock is a settable time for tests.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// reply is an answer as a client sees it.
type reply struct {
	Status int
	Header http.Header
	Raw    []byte
	Data   map[string]any `json:"data"`
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
}

func (r reply) code() string {
	if len(r.Errors) == 0 {
		return ""
	}
	c, _ := r.Errors[0].Extensions["code"].(string)
	return c
}

func (r reply) message() string {
	if len(r.Errors) == 0 {
		return ""
	}
	return r.Errors[0].Message
}

// at walks through data by keys and indexes.
func (r reply) at(path ...any) any {
	var v any = r.Data
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func send(t *testing.T, s *Server, auth, query string, vars map[string]any) (reply, error) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", auth)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.Client().Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{Status: resp.StatusCode, Header: resp.Header, Raw: raw}
	_ = json.Unmarshal(raw, &r) // some answers are not JSON on purpose
	return r, nil
}

func ask(t *testing.T, s *Server, query string, vars map[string]any) reply {
	t.Helper()
	r, err := send(t, s, APIKey, query, vars)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// must asks and expects data without errors.
func must(t *testing.T, s *Server, query string, vars map[string]any) reply {
	t.Helper()
	r := ask(t, s, query, vars)
	if r.Status != http.StatusOK || len(r.Errors) > 0 {
		t.Fatalf("%s\nstatus %d: %s", query, r.Status, r.Raw)
	}
	return r
}

var fullSchema = sync.OnceValues(func() (*Schema, error) {
	path, _ := shared.Find("spec/linear.graphql")
	sdl, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ParseSchema(sdl)
})

// schema is Linear's whole schema, or nil where it is missing.
func schema(t testing.TB) *Schema {
	t.Helper()
	s, err := fullSchema()
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return s
}

// office is a small workspace: teams ENG and OPS, a few people, labels, issues.
type office struct {
	*Server
	clock    *clock
	eng, ops Team
	ann, bob User
	lane     map[string]string // ids of the children of the group lane; "" is the group
	one      Issue             // old enough for history
}

func newOffice(t testing.TB, change ...func(*Options)) *office {
	t.Helper()
	c := newClock()
	opt := Options{Now: c.now, Seed: 1, Schema: schema(t)}
	for _, f := range change {
		f(&opt)
	}
	o := &office{Server: New(opt), clock: c}
	o.eng = o.AddTeam(Team{Key: "ENG", Name: "Engineering", Timezone: "Europe/Berlin"})
	o.ops = o.AddTeam(Team{Key: "OPS"})
	o.ann = o.AddUser(User{Name: "Ann"})
	o.bob = o.AddUser(User{Name: "Bob"})
	o.lane = o.AddGroup("lane", "hotfix", "feature")
	o.one = o.create(t, Issue{TeamID: o.eng.ID, Title: "One", AssigneeID: o.ann.ID, CreatorID: o.bob.ID})
	c.advance(time.Hour)
	return o
}

func (o *office) create(t testing.TB, i Issue) Issue {
	t.Helper()
	out, err := o.Server.Create(i)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
