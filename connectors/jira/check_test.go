package jira_test

import (
	"strings"
	"testing"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func findings(t *testing.T, c *jira.Client) []string {
	t.Helper()
	list, err := c.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range list {
		if f.Level != connectors.OK && f.Fix == "" {
			t.Errorf("%s %q: nothing says what to do", f.What, f.Text)
		}
		out = append(out, strings.Join([]string{string(f.Level), f.What, f.Text, f.Fix}, " | "))
	}
	return out
}

func TestCheckOfAGoodSiteFindsNothing(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		s := site(t, flavor, 2)
		s.EditProject("WEB", func(p *jiratest.Project) { p.Priorities = nil })
		s.Create(jiratest.Spec{Project: "WEB"})
		c := client(t, s, func(set *jira.Settings, _ *jira.Options) {
			set.JQL = "issuetype != Epic"
			set.Fields = map[string]string{"tier": "Customer tier"}
		})
		got := findings(t, c)
		if has(got, "failed") || has(got, "warning") {
			t.Errorf("%s", strings.Join(got, "\n"))
		}
		for _, want := range []string{"ok | site | Jira", "ok | account | signed in as lanekeeper", "ok | field tier | reads customfield_10050", "urgent is Highest, high is High, medium is Medium, low is Low"} {
			if !has(got, want) {
				t.Errorf("lacks %q:\n%s", want, strings.Join(got, "\n"))
			}
		}
		if len(s.Mutations()) != 0 {
			t.Error("check wrote something")
		}
	})
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	tests := []struct {
		name   string
		site   func(*jiratest.Server)
		set    func(*jira.Settings)
		want   string
		flavor jira.Flavor // both when empty
	}{
		{"a dead token", func(s *jiratest.Server) { s.RevokeToken() }, nil, "failed | ", ""},
		{"an unknown project", nil, func(s *jira.Settings) { s.Projects = []string{"PAY", "NOPE"} }, "failed | project NOPE | ", ""},
		{"a project that we cannot see", func(s *jiratest.Server) { s.EditProject("PAY", func(p *jiratest.Project) { p.Hidden = true }) }, nil, "failed | project PAY | ", ""},
		{"a project that we cannot edit", func(s *jiratest.Server) { s.EditProject("PAY", func(p *jiratest.Project) { p.ReadOnly = true }) }, nil, "the permission Edit Issues is missing", ""},
		{"labels not on the screen", func(s *jiratest.Server) {
			s.EditProject("PAY", func(p *jiratest.Project) {
				for n := range p.Types {
					p.Types[n].Screen = []string{"summary", "priority", "duedate", "assignee"}
				}
			})
		}, nil, "the field labels cannot be edited", ""},
		{"an unknown field", nil, func(s *jira.Settings) { s.Fields = map[string]string{"sev": "Severity"} }, "failed | fields | ", ""},
		{"a query that sorts", nil, func(s *jira.Settings) { s.JQL = "issuetype = Bug ORDER BY created" }, "failed | jql | ", ""},
		{"a query that is none", nil, func(s *jira.Settings) { s.JQL = "issuetype = = Bug" }, "failed | jql | ", ""},
		{"a priority that the project has not", nil, func(s *jira.Settings) {
			s.Priorities = map[issue.Priority]string{issue.Urgent: "P0", issue.High: "High", issue.Medium: "Medium", issue.Low: "Low"}
		}, "nothing stands for urgent: it is never written | set priorities.urgent to one of: Highest, High", ""},
		{"no bulk edits", func(s *jiratest.Server) {
			s.AddUser(jiratest.User{AccountID: s.Account(), Name: "bot", NoBulkChange: true})
		}, nil, "warning | bulk edits", jira.Cloud},
		{"another flavor", nil, func(s *jira.Settings) { s.Flavor = jira.DataCenter }, "the server says cloud", jira.Cloud},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			both(t, func(t *testing.T, flavor jira.Flavor) {
				if tt.flavor != "" && tt.flavor != flavor {
					return
				}
				s := site(t, flavor, 1)
				if tt.site != nil {
					tt.site(s)
				}
				c := client(t, s, func(set *jira.Settings, _ *jira.Options) {
					if tt.set != nil {
						tt.set(set)
					}
				})
				if got := findings(t, c); !has(got, tt.want) {
					t.Errorf("lacks %q:\n%s", tt.want, strings.Join(got, "\n"))
				}
			})
		})
	}
}
