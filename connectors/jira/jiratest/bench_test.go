package jiratest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// big is a site of 100,000 generated issues.
func big(b *testing.B) *Server {
	b.Helper()
	ck := &clock{t: start}
	s := New(Options{Now: ck.now, KeepRequests: 100})
	s.Generate(1, 100_000, GenerateOptions{})
	return s
}

func benchSearch(b *testing.B, jql string, cold bool) {
	s := big(b)
	client := s.Client()
	body := fmt.Sprintf(`{"jql":%q,"maxResults":100,"fields":["summary","status","priority","labels","assignee","updated","duedate","project","issuetype"]}`, jql)
	for b.Loop() {
		if cold {
			s.Trap(func(*Traps) {})
		}
		r, err := http.NewRequestWithContext(b.Context(), "POST", "https://jira.example/rest/api/3/search/jql", strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth("a", "b")
		res, err := client.Do(r)
		if err != nil || res.StatusCode != 200 {
			b.Fatal(err, res)
		}
		res.Body.Close()
	}
}

func BenchmarkPageOfCachedResult(b *testing.B) {
	benchSearch(b, "project = PAY ORDER BY updated ASC, key ASC", false)
}

func BenchmarkUpdatedSince(b *testing.B) {
	benchSearch(b, "project in (PAY, WEB) AND updated >= -1h ORDER BY updated ASC, key ASC", true)
}

func BenchmarkOpenOfAProject(b *testing.B) {
	benchSearch(b, "project = PAY AND statusCategory != Done ORDER BY key ASC", true)
}

func BenchmarkEverythingByUpdated(b *testing.B) {
	benchSearch(b, "project in (PAY, WEB, MOB, HELP) ORDER BY updated ASC, key ASC", true)
}
