package jiratest

import (
	"os"
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/shared"
)

// realIssues opens the public data set beside the repository.
func realIssues(t testing.TB) *os.File {
	t.Helper()
	f, err := os.Open(shared.File(t, "data/jira-duraspace.ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestLoadsRealIssues(t *testing.T) {
	for _, flavor := range []string{Cloud, DataCenter} {
		t.Run(flavor, func(t *testing.T) {
			s := New(Options{Flavor: flavor, Now: (&clock{t: start}).now})
			n, err := s.LoadNDJSON(realIssues(t))
			if err != nil || n != 3036 {
				t.Fatalf("loaded %d: %v", n, err)
			}
			open, entries, comments, points, prio := 0, 0, 0, 0, 0
			for _, i := range s.Issues() {
				if i.Open() {
					open++
				}
				entries += len(i.History)
				comments += len(i.Comments)
				if _, has := i.Custom["customfield_10023"]; has {
					points++
				}
				for _, h := range i.History {
					for _, it := range h.Items {
						if it.FieldID == "priority" {
							prio++
						}
					}
				}
			}
			if open != 666 || entries != 15140 || comments != 5990 || points != 580 || prio != 377 {
				t.Errorf("open %d, entries %d, comments %d, story points %d, priority changes %d", open, entries, comments, points, prio)
			}
			if flavor == Cloud {
				if n := len(readWhole(t, s)); n != 3036 {
					t.Errorf("%d issues could be read", n)
				}
			}
			key := s.Create(Spec{Project: "FCREPO", Type: "Bug", Summary: "made here"})
			if err := s.Transition(key, "", "Done"); err != nil {
				t.Error(err)
			}
			if i, _ := s.Issue(key); i.Open() {
				t.Errorf("%s is still open: %s", key, i.Status)
			}
			path, body := "/rest/api/3/search/approximate-count", `{"jql":"project = FCREPO AND statusCategory != Done"}`
			if flavor == DataCenter {
				path, body = "/rest/api/2/search", `{"jql":"project = FCREPO AND statusCategory != Done","maxResults":0}`
			}
			m := do(t, s, "POST", path, body).json(t)
			if m["count"] != 307.0 && m["total"] != 307.0 {
				t.Errorf("open issues of FCREPO: %v", m)
			}
		})
	}
}

// readWhole pages through every issue with every field and the history.
func readWhole(t *testing.T, s *Server) map[string]bool {
	t.Helper()
	token, seen := "", map[string]bool{}
	for range 100 {
		body := `{"jql":"created >= 0 ORDER BY key ASC","maxResults":100,"fields":["*all"],"expand":"changelog"`
		if token != "" {
			body += `,"nextPageToken":"` + token + `"`
		}
		a := do(t, s, "POST", "/rest/api/3/search/jql", body+"}")
		for _, k := range keys(t, a) {
			seen[k] = true
		}
		if token, _ = a.json(t)["nextPageToken"].(string); token == "" {
			break
		}
	}
	return seen
}

func TestGenerateIsTheSameForASeed(t *testing.T) {
	world := func(seed int64) string {
		s := New(Options{Now: (&clock{t: start}).now})
		s.Generate(seed, 200, GenerateOptions{})
		return do(t, s, "POST", "/rest/api/3/search/jql", `{"jql":"created >= 0 ORDER BY key","maxResults":100,"fields":["*all"],"expand":"changelog"}`).body
	}
	if first, second := world(7), world(7); first != second {
		t.Error("the same seed gave two worlds")
	}
	if world(7) == world(8) {
		t.Error("two seeds gave one world")
	}
}
