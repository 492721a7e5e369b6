package jira_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest/openapi"
	"github.com/lanekeeper/lanekeeper/internal/shared"
)

// published is Atlassian's own description of Jira Cloud; nil where the file
// is missing, which TestRequestsAreChecked tells.
var published = sync.OnceValues(func() (*openapi.Validator, error) {
	path, found := shared.Find("spec/jira-cloud.openapi.json")
	if !found {
		return nil, nil
	}
	return openapi.Load(path)
})

// watch has every exchange with Jira Cloud checked against the description.
func watch(t *testing.T, s *jiratest.Server, flavor jira.Flavor) {
	t.Helper()
	v, err := published()
	if err != nil {
		t.Fatal(err)
	}
	if v == nil || flavor != jira.Cloud {
		return
	}
	s.Check(v.Check)
	t.Cleanup(func() {
		for _, v := range s.Violations() {
			t.Errorf("%s %s breaks the published schema: %s", v.Method, v.Path, v.Err)
		}
	})
}

func TestRequestsAreChecked(t *testing.T) {
	shared.File(t, "spec/jira-cloud.openapi.json") // without it nothing is checked
	v, err := published()
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequest("POST", "https://jira.example/rest/api/3/search/jql", nil)
	req.Header.Set("Content-Type", "application/json")
	x := jiratest.Exchange{Request: req, Template: "/search/jql", Status: 200, Response: []byte(`{}`), Header: http.Header{"Content-Type": {"application/json"}}}
	x.Body = []byte(`{"jql":"project = PAY","maxResult":50}`)
	if v.Check(x) == nil {
		t.Error("an unknown member of the body was taken")
	}
	x.Body = []byte(`{"jql":"project = PAY","maxResults":50}`)
	if err := v.Check(x); err != nil {
		t.Error(err)
	}
}
