package jira_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// site makes a small world: PAY and WEB, which are configured, HELP (a service
// desk) and OTHER, which are not, with n open issues in PAY.
func site(t *testing.T, flavor jira.Flavor, n int) *jiratest.Server {
	t.Helper()
	s := jiratest.New(jiratest.Options{Flavor: string(flavor), Token: "good"})
	s.AddUser(jiratest.User{AccountID: "amy", Name: "Amy", Email: "amy@acme.example"})
	s.AddProject(jiratest.Project{Key: "PAY"})
	s.AddProject(jiratest.Project{Key: "WEB", Priorities: []string{"2", "3", "4"}})
	s.AddProject(jiratest.Project{Key: "HELP", Type: "service_desk"})
	s.AddProject(jiratest.Project{Key: "OTHER"})
	s.AddField(jiratest.Field{ID: "customfield_10050", Name: "Customer tier", Custom: jiratest.CustomSelect})
	for i := range n {
		s.Create(jiratest.Spec{Project: "PAY", Type: "Bug", Summary: fmt.Sprintf("Broken %d", i+1), Created: time.Now().Add(-time.Hour), Labels: []string{"money"}})
	}
	watch(t, s, flavor)
	return s
}

func settings(flavor jira.Flavor) jira.Settings {
	set := jira.Settings{URL: "https://jira.example", Projects: []string{"PAY", "WEB"}, Auth: jira.Auth{Email: "bot@acme.example", Token: connectors.NewSecret("good")}}
	if flavor == jira.DataCenter {
		set.Auth.Email = ""
	}
	return set
}

func client(t *testing.T, s *jiratest.Server, change ...func(*jira.Settings, *jira.Options)) *jira.Client {
	t.Helper()
	set := settings(jira.Flavor(s.Flavor()))
	o := jira.Options{Source: "payments", Base: s.Transport()}
	for _, f := range change {
		f(&set, &o)
	}
	c, err := jira.New(set, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// collect reads a whole pull.
func collect(t *testing.T, seq iter.Seq2[issue.Page, error]) ([]issue.Issue, []issue.Page, error) {
	t.Helper()
	var all []issue.Issue
	var pages []issue.Page
	for p, err := range seq {
		if err != nil {
			return all, pages, err
		}
		all, pages = append(all, p.Issues...), append(pages, p)
	}
	return all, pages, nil
}

func keys(list []issue.Issue) []string {
	var out []string
	for i := range list {
		out = append(out, list[i].Key)
	}
	return out
}

// both runs a test for each flavor.
func both(t *testing.T, f func(*testing.T, jira.Flavor)) {
	for _, flavor := range []jira.Flavor{jira.Cloud, jira.DataCenter} {
		t.Run(string(flavor), func(t *testing.T) { f(t, flavor) })
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func snapshot(t *testing.T, s *jiratest.Server, key string) jiratest.Snapshot {
	t.Helper()
	i, ok := s.Issue(key)
	if !ok {
		t.Fatalf("no issue %s", key)
	}
	return i
}

// fetch reads one issue.
func fetch(t *testing.T, c *jira.Client, s *jiratest.Server, key string) issue.Issue {
	t.Helper()
	l, err := c.Fetch(t.Context(), []string{snapshot(t, s, key).ID})
	if err != nil || len(l.Found) != 1 {
		t.Fatalf("%v %+v", err, l)
	}
	return l.Found[0]
}

// edit builds an edit of the issue as it is now.
func edit(t *testing.T, c *jira.Client, s *jiratest.Server, key string, changes ...issue.Change) issue.Edit {
	t.Helper()
	i := fetch(t, c, s, key)
	return issue.Edit{ID: i.ID, Key: i.Key, Project: i.Project, Kind: i.RawKind, Changes: changes}
}

func apply(ctx context.Context, c *jira.Client, edits ...issue.Edit) (map[string]issue.Result, error) {
	out := map[string]issue.Result{}
	err := c.Apply(ctx, edits, func(r issue.Result) {
		if _, twice := out[r.ID]; twice {
			panic("reported twice")
		}
		out[r.ID] = r
	})
	return out, err
}

func kind(t *testing.T, err error, want connectors.Kind) {
	t.Helper()
	if connectors.KindOf(err) != want || err == nil {
		t.Errorf("error %v, want one of kind %s", err, want)
	}
}

func has(list []string, part string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, part) })
}

func bodies(list []jiratest.Request) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.Method+" "+r.Path+"?"+r.Query+" "+r.Body)
	}
	return out
}
