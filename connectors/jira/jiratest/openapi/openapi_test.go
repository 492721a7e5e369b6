package openapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/internal/shared"
)

func validated(t *testing.T) *jiratest.Server {
	t.Helper()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := jiratest.New(jiratest.Options{Now: func() time.Time { return now }})
	s.Generate(1, 60, jiratest.GenerateOptions{})
	if err := ValidateAgainst(s, shared.File(t, "spec/jira-cloud.openapi.json")); err != nil {
		t.Fatal(err)
	}
	return s
}

func send(t *testing.T, s *jiratest.Server, method, path, body string) int {
	t.Helper()
	var r *http.Request
	var err error
	if body == "" {
		r, err = http.NewRequestWithContext(t.Context(), method, "https://jira.example"+path, nil)
	} else {
		r, err = http.NewRequestWithContext(t.Context(), method, "https://jira.example"+path, strings.NewReader(body))
		if err == nil {
			r.Header.Set("Content-Type", "application/json")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("bot@example.org", "secret")
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func TestRequestsWithinTheDocument(t *testing.T) {
	s := validated(t)
	key := s.Keys()[0]
	comment, err := s.Comment(key, s.Account(), "hello")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/rest/api/3/serverInfo", ""},
		{"GET", "/rest/api/3/myself", ""},
		{"GET", "/rest/api/3/mypermissions?permissions=EDIT_ISSUES&projectKey=PAY", ""},
		{"POST", "/rest/api/3/permissions/check", `{"projectPermissions":[{"permissions":["EDIT_ISSUES"],"projects":[10000],"issues":[10000]}],"globalPermissions":["BULK_CHANGE"]}`},
		{"GET", "/rest/api/3/field", ""},
		{"GET", "/rest/api/3/field/search?type=custom", ""},
		{"GET", "/rest/api/3/project/search?expand=projectKeys&status=live", ""},
		{"GET", "/rest/api/3/priority", ""},
		{"GET", "/rest/api/3/priority/search?projectId=10000", ""},
		{"GET", "/rest/api/3/status", ""},
		{"GET", "/rest/api/3/issueLinkType", ""},
		{"GET", "/rest/api/3/label", ""},
		{"POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","fields":["*all"],"maxResults":50,"expand":"names,changelog","reconcileIssues":[10000]}`},
		{"GET", "/rest/api/3/search/jql?jql=project%20%3D%20PAY&fields=summary", ""},
		{"POST", "/rest/api/2/search/jql", `{"jql":"project = PAY","fields":["description"]}`},
		{"POST", "/rest/api/3/search/approximate-count", `{"jql":"project = PAY"}`},
		{"POST", "/rest/api/3/jql/parse?validation=strict", `{"queries":["project = PAY AND labels in (a, b) ORDER BY updated","x"]}`},
		{"POST", "/rest/api/3/issue/bulkfetch", `{"issueIdsOrKeys":["10000","10001","10002"],"fields":["*all"],"expand":["changelog"]}`},
		{"GET", "/rest/api/3/issue/" + key + "?fields=*all&expand=changelog", ""},
		{"PUT", "/rest/api/3/issue/" + key + "?notifyUsers=false", `{"update":{"labels":[{"add":"lane:hotfix"}]},"fields":{"priority":{"id":"1"}},"properties":[{"key":"k","value":{"a":1}}],"historyMetadata":{"type":"lanekeeper"}}`},
		{"PUT", "/rest/api/3/issue/" + key + "/assignee", `{"accountId":null}`},
		{"GET", "/rest/api/3/issue/" + key + "/editmeta", ""},
		{"GET", "/rest/api/3/issue/" + key + "/changelog", ""},
		{"POST", "/rest/api/3/changelog/bulkfetch", `{"issueIdsOrKeys":["10000"],"fieldIds":["labels","priority"]}`},
		{"GET", "/rest/api/3/issue/" + key + "/comment", ""},
		{"POST", "/rest/api/3/issue/" + key + "/comment", `{"body":{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"x"}]}]},"properties":[{"key":"m","value":1}]}`},
		{"GET", "/rest/api/3/comment/" + comment + "/properties", ""},
		{"PUT", "/rest/api/3/comment/" + comment + "/properties/m", `{"a":1}`},
		{"GET", "/rest/api/3/comment/" + comment + "/properties/m", ""},
		{"PUT", "/rest/api/3/issue/" + key + "/properties/k2", `{"a":1}`},
		{"GET", "/rest/api/3/issue/" + key + "/properties", ""},
		{"GET", "/rest/api/3/issue/" + key + "/properties/k2", ""},
		{"GET", "/rest/api/3/issue/" + key + "/watchers", ""},
		{"GET", "/rest/api/3/issue/" + key + "/votes", ""},
		{"GET", "/rest/api/3/bulk/issues/fields?issueIdsOrKeys=" + key, ""},
		{"POST", "/rest/api/3/bulk/issues/fields", `{"selectedIssueIdsOrKeys":["10000"],"selectedActions":["labels"],"editedFieldsInput":{"labelsFields":[{"fieldId":"labels","bulkEditMultiSelectFieldOption":"ADD","labels":[{"name":"a"}]}]},"sendBulkNotification":false}`},
		{"GET", "/rest/api/3/user/bulk?accountId=" + s.Account(), ""},
	} {
		if status := send(t, s, c.method, c.path, c.body); status >= 300 {
			t.Errorf("%s %s: %d", c.method, c.path, status)
		}
	}
	for _, r := range s.RequestsOf("bulkEdit") {
		if r.Status != 201 {
			t.Errorf("bulk edit: %d", r.Status)
		}
	}
	for _, v := range s.Violations() {
		t.Errorf("%s %s: %s", v.Method, v.Path, v.Err)
	}
}

func TestRequestsOutsideTheDocument(t *testing.T) {
	for _, c := range []struct{ name, method, path, body string }{
		{"a misspelt member", "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","feilds":["summary"]}`},
		{"a wrong type", "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","maxResults":"50"}`},
		{"a missing required member", "POST", "/rest/api/3/issue/bulkfetch", `{"fields":["summary"]}`},
		{"a misspelt query parameter", "GET", "/rest/api/3/search/jql?jql=project%3DPAY&maxresults=5", ""},
		{"keys where reconcileIssues wants numbers", "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","reconcileIssues":["PAY-1"]}`},
		{"a removed operation", "GET", "/rest/api/3/search?jql=project%3DPAY", ""},
		{"no selected actions", "POST", "/rest/api/3/bulk/issues/fields", `{"selectedIssueIdsOrKeys":["10000"],"editedFieldsInput":{}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := validated(t)
			send(t, s, c.method, c.path, c.body)
			if len(s.Violations()) == 0 {
				t.Error("no violation")
			}
		})
	}
}

func TestPathsBesideTheDocumentAreNoViolation(t *testing.T) {
	s := validated(t)
	send(t, s, "GET", "/rest/api/3/project/PAY", "")
	send(t, s, "GET", "/rest/servicedeskapi/request/10000/sla", "")
	send(t, s, "GET", "/rest/api/3/user/search?query=ada", "")
	if v := s.Violations(); len(v) > 0 {
		t.Errorf("%v", v)
	}
}
