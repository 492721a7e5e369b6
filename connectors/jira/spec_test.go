package jira_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
)

// published finds operations in Atlassian's own description of Jira Cloud.
var published = sync.OnceValues(func() (routers.Router, error) {
	dir := os.Getenv("LANEKEEPER_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	b, err := os.ReadFile(filepath.Join(dir, "spec", "jira-cloud.openapi.json"))
	if err != nil {
		return nil, nil // looked at by TestRequestsAreChecked
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil
	// Null clears a field, as the text of the operation says; the schema of "any
	// value" does not.
	doc.Components.Schemas["IssueUpdateDetails"].Value.Properties["fields"].Value.AdditionalProperties.Schema.Value.Nullable = true
	return gorillamux.NewRouter(doc)
})

// watch has every request to Jira Cloud checked against the description.
func watch(t *testing.T, s *jiratest.Server, flavor jira.Flavor) {
	t.Helper()
	router, err := published()
	if err != nil {
		t.Fatal(err)
	}
	if router == nil || flavor != jira.Cloud {
		return
	}
	s.Check(func(x jiratest.Exchange) error { return checkRequest(router, x) })
	t.Cleanup(func() {
		for _, v := range s.Violations() {
			t.Errorf("%s %s breaks the published schema: %s", v.Method, v.Path, v.Err)
		}
	})
}

// checkRequest validates path, query and body. Answers are the simulator's
// matter.
func checkRequest(router routers.Router, x jiratest.Exchange) error {
	req := x.Request.Clone(context.Background())
	req.URL = &url.URL{Scheme: "https", Host: "jira.example", Path: strings.Replace(x.Request.URL.Path, "/rest/api/2/", "/rest/api/3/", 1), RawQuery: x.Request.URL.RawQuery}
	req.Body = io.NopCloser(bytes.NewReader(x.Body))
	route, params, err := router.FindRoute(req)
	if err != nil {
		return err
	}
	for name := range req.URL.Query() {
		if p := route.Operation.Parameters.GetByInAndName("query", name); p == nil {
			return fmt.Errorf("the operation has no parameter %s", name)
		}
	}
	return openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
}

func TestRequestsAreChecked(t *testing.T) {
	router, err := published()
	if err != nil {
		t.Fatal(err)
	}
	if router == nil {
		t.Skip("requests are not checked: the published description is not beside the repository (set LANEKEEPER_SHARED)")
	}
	req, _ := http.NewRequest("POST", "https://jira.example/rest/api/3/search/jql", nil)
	req.Header.Set("Content-Type", "application/json")
	if checkRequest(router, jiratest.Exchange{Request: req, Body: []byte(`{"jql":"project = PAY","maxResult":50}`)}) == nil {
		t.Error("an unknown member of the body was taken")
	}
	if err := checkRequest(router, jiratest.Exchange{Request: req, Body: []byte(`{"jql":"project = PAY","maxResults":50}`)}); err != nil {
		t.Error(err)
	}
}
