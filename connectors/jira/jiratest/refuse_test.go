package jiratest

import (
	"net/http"
	"strings"
	"testing"
)

func TestRefusals(t *testing.T) {
	long := strings.Repeat("x", 256)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string // part of the answer
	}{
		{"search: an unknown member", "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","field":[]}`, 400, "Unrecognized field"},
		{"search: maxResults 0", "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","maxResults":0}`, 400, "maxResults"},
		{"search: maxResults 5001", "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","maxResults":5001}`, 400, "maxResults"},
		{"search: empty JQL", "POST", "/rest/api/3/search/jql", `{"jql":""}`, 400, "Unbounded JQL queries"},
		{"search: an order alone", "POST", "/rest/api/3/search/jql", `{"jql":"ORDER BY key"}`, 400, "Unbounded JQL queries"},
		{"search: eight order fields", "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY ORDER BY key,id,created,updated,votes,summary,status,priority"}`, 400, "ORDER BY"},
		{"search: an unknown project", "POST", "/rest/api/3/search/jql", `{"jql":"project = NOPE"}`, 400, "The value 'NOPE' does not exist for the field 'project'."},
		{"search: an unknown field", "POST", "/rest/api/3/search/jql", `{"jql":"universe = 42"}`, 400, "Field 'universe' does not exist"},
		{"search: an unknown status", "POST", "/rest/api/3/search/jql", `{"jql":"status = Nowhere"}`, 400, "does not exist for the field 'status'"},
		{"search: a mangled token", "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","nextPageToken":"abc"}`, 400, "token"},
		{"search: six properties", "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","properties":["a","b","c","d","e","f"]}`, 400, "properties"},
		{"search: reconcile by key", "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","reconcileIssues":["PAY-1"]}`, 400, ""},
		{"search: no body", "POST", "/rest/api/3/search/jql", "", 415, "Unsupported Media Type"},
		{"search: the removed one", "GET", "/rest/api/3/search?jql=project%3DPAY", "", 410, "/rest/api/3/search/jql"},
		{"search: the removed one in version 2", "POST", "/rest/api/2/search", `{"jql":"project = PAY"}`, 410, "/rest/api/3/search/jql"},
		{"bulkfetch: nothing asked", "POST", "/rest/api/3/issue/bulkfetch", `{"issueIdsOrKeys":[]}`, 400, ""},
		{"bulkfetch: 101 issues", "POST", "/rest/api/3/issue/bulkfetch", `{"issueIdsOrKeys":["1"` + strings.Repeat(`,"1"`, 100) + `]}`, 400, "100"},
		{"changelogs: eleven fields", "POST", "/rest/api/3/changelog/bulkfetch", `{"issueIdsOrKeys":["PAY-1"],"fieldIds":["1","2","3","4","5","6","7","8","9","10","11"]}`, 400, "fieldIds"},
		{"issue: missing", "GET", "/rest/api/3/issue/PAY-999", "", 404, "do not have permission"},
		{"edit: a field in both places", "PUT", "/rest/api/3/issue/PAY-1", `{"update":{"labels":[{"add":"a"}]},"fields":{"labels":["b"]}}`, 400, `"labels":"Field 'labels' cannot appear in both`},
		{"edit: an unknown member", "PUT", "/rest/api/3/issue/PAY-1", `{"feilds":{}}`, 400, "Unrecognized field"},
		{"edit: a priority that nobody has", "PUT", "/rest/api/3/issue/PAY-1", `{"fields":{"priority":{"id":"99"}}}`, 400, `"priority":"The priority selected is invalid."`},
		{"edit: a priority outside the scheme", "PUT", "/rest/api/3/issue/WEB-1", `{"fields":{"priority":{"id":"1"}}}`, 400, `"priority":"The priority selected is invalid."`},
		{"edit: a label with a space", "PUT", "/rest/api/3/issue/PAY-1", `{"update":{"labels":[{"add":"x y"}]}}`, 400, `"labels":"The label 'x y' contains spaces which is invalid."`},
		{"edit: a label of 256 letters", "PUT", "/rest/api/3/issue/PAY-1", `{"update":{"labels":[{"add":"` + long + `"}]}}`, 400, `"labels"`},
		{"edit: a date with a time", "PUT", "/rest/api/3/issue/PAY-1", `{"fields":{"duedate":"2026-04-01T00:00:00Z"}}`, 400, `"duedate"`},
		{"edit: an unknown field", "PUT", "/rest/api/3/issue/PAY-1", `{"fields":{"customfield_1":1}}`, 400, `"customfield_1":"Field 'customfield_1' cannot be set. It is not on the appropriate screen, or unknown."`},
		{"edit: a field of another project", "PUT", "/rest/api/3/issue/PAY-1", `{"fields":{"customfield_10060":1}}`, 400, "appropriate screen"},
		{"edit: status", "PUT", "/rest/api/3/issue/PAY-1", `{"fields":{"status":{"id":"3"}}}`, 400, "appropriate screen"},
		{"edit: add to a priority", "PUT", "/rest/api/3/issue/PAY-1", `{"update":{"priority":[{"add":{"id":"1"}}]}}`, 400, `"priority"`},
		{"edit: an inactive assignee", "PUT", "/rest/api/3/issue/PAY-1", `{"fields":{"assignee":{"accountId":"old"}}}`, 400, `"assignee"`},
		{"edit: a stranger as assignee", "PUT", "/rest/api/3/issue/PAY-1", `{"fields":{"assignee":{"accountId":"nobody"}}}`, 400, `"assignee"`},
		{"edit: wiki text as description in v3", "PUT", "/rest/api/3/issue/PAY-1", `{"fields":{"description":"text"}}`, 400, "Atlassian Document"},
		{"edit: a document as description in v2", "PUT", "/rest/api/2/issue/PAY-1", `{"fields":{"description":{"type":"doc","version":1,"content":[]}}}`, 400, "must be a string"},
		{"edit: the override flag", "PUT", "/rest/api/3/issue/PAY-1?overrideScreenSecurity=true", `{"fields":{}}`, 403, ""},
		{"edit: no JSON", "PUT", "/rest/api/3/issue/PAY-1", `{"fields":`, 400, "parsing JSON"},
		{"comment: text in v3", "POST", "/rest/api/3/issue/PAY-1/comment", `{"body":"hello"}`, 400, "Comment body is not valid"},
		{"comment: a document in v2", "POST", "/rest/api/2/issue/PAY-1/comment", `{"body":{"type":"doc","version":1,"content":[]}}`, 400, "not valid"},
		{"comment: a raw newline", "POST", "/rest/api/3/issue/PAY-1/comment", `{"body":{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"a\nb"}]}]}}`, 400, "not valid"},
		{"comment: an empty text node", "POST", "/rest/api/3/issue/PAY-1/comment", `{"body":{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":""}]}]}}`, 400, "not valid"},
		{"comment: a text at the top", "POST", "/rest/api/3/issue/PAY-1/comment", `{"body":{"type":"doc","version":1,"content":[{"type":"text","text":"a"}]}}`, 400, "not valid"},
		{"comment: no version", "POST", "/rest/api/3/issue/PAY-1/comment", `{"body":{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]}]}}`, 400, "not valid"},
		{"comment: nothing", "POST", "/rest/api/2/issue/PAY-1/comment", `{"body":"  "}`, 400, "empty"},
		{"property: too long", "PUT", "/rest/api/3/issue/PAY-1/properties/k", `"` + strings.Repeat("x", 32768) + `"`, 400, "32768"},
		{"property: missing", "GET", "/rest/api/3/issue/PAY-1/properties/k", "", 404, "'k'"},
		{"bulk: 1001 issues", "POST", "/rest/api/3/bulk/issues/fields", `{"selectedIssueIdsOrKeys":["1"` + strings.Repeat(`,"1"`, 1000) + `],"selectedActions":["labels"],"editedFieldsInput":{}}`, 400, `{"errors":[{"message":`},
		{"bulk: actions and input differ", "POST", "/rest/api/3/bulk/issues/fields", `{"selectedIssueIdsOrKeys":["PAY-1"],"selectedActions":["labels"],"editedFieldsInput":{"priority":{"priorityId":"1"}}}`, 400, `{"errors":[{"message":`},
		{"bulk: an ISO date", "POST", "/rest/api/3/bulk/issues/fields", `{"selectedIssueIdsOrKeys":["PAY-1"],"selectedActions":["duedate"],"editedFieldsInput":{"datePickerFields":[{"fieldId":"duedate","date":{"formattedDate":"2026-04-01"}}]}}`, 400, "date"},
		{"permissions: none named", "GET", "/rest/api/3/mypermissions", "", 400, ""},
		{"assignable: nobody named", "GET", "/rest/api/3/user/assignable/search?project=PAY", "", 400, ""},
		{"project: unknown", "GET", "/rest/api/3/project/NOPE", "", 404, "NOPE"},
		{"parse: no mode", "POST", "/rest/api/3/jql/parse", `{"queries":["a"]}`, 400, ""},
		{"a path that is none", "GET", "/rest/api/3/nothing", "", 404, `"status-code":404`},
		{"a method that is none", "DELETE", "/rest/api/3/myself", "", 405, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := site(t, Options{})
			before := s.Issues()
			a := do(t, s, c.method, c.path, c.body)
			if a.status != c.status || !strings.Contains(a.body, c.want) {
				t.Errorf("%d %.300s", a.status, a.body)
			}
			for i, is := range s.Issues() {
				if len(is.History) != len(before[i].History) || len(is.Comments) != len(before[i].Comments) {
					t.Errorf("%s changed all the same", is.Key)
				}
			}
		})
	}
}

func TestFrontDoor(t *testing.T) {
	s, _ := site(t, Options{})
	a := send(t, s, "POST", "/rest/api/3/search/jql", jql("project = PAY"), func(r *http.Request) {
		r.Header.Set("Content-Type", "text/plain")
		r.SetBasicAuth("bot", "x")
	})
	if a.status != 415 || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("wrong content type: %d %s", a.status, a.header)
	}
	if a := do(t, s, "GET", "/rest/api/3/myself", "{}"); a.status != 400 {
		t.Errorf("GET with a body: %d", a.status)
	}
	if a := send(t, s, "GET", "/rest/api/3/myself", "", nil); a.status != 401 || a.header.Get("WWW-Authenticate") == "" {
		t.Errorf("a stranger at myself: %d", a.status)
	}
}

func TestPermissionsAndScreens(t *testing.T) {
	label := `{"update":{"labels":[{"add":"lane:x"}]}}`
	for _, c := range []struct {
		name string
		prep func(*Project)
		do   [3]string
		code int
		want string
	}{
		{"read only: the text of a missing screen field", func(p *Project) { p.ReadOnly = true }, [3]string{"PUT", "/issue/PAY-1", label}, 400, "appropriate screen"},
		{"labels not on the screen of bugs", func(p *Project) { p.issueType("Bug").Screen = []string{"summary", "priority"} }, [3]string{"PUT", "/issue/PAY-1", label}, 400, "Field 'labels' cannot be set"},
		{"hidden: the issue is missing", func(p *Project) { p.Hidden = true }, [3]string{"GET", "/issue/PAY-1", ""}, 404, "permission to see"},
		{"hidden: the project is unknown to JQL", func(p *Project) { p.Hidden = true }, [3]string{"POST", "/search/jql", jql("project = PAY")}, 400, "'PAY' does not exist"},
		{"trashed: the issue is missing", func(p *Project) { p.Status = "deleted" }, [3]string{"GET", "/issue/PAY-1", ""}, 404, ""},
		{"archived: the issue can be read", func(p *Project) { p.Status = "archived" }, [3]string{"GET", "/issue/PAY-1", ""}, 200, "PAY-1"},
		{"archived: the issue cannot be edited", func(p *Project) { p.Status = "archived" }, [3]string{"PUT", "/issue/PAY-1", label}, 400, ""},
		{"no assigning", func(p *Project) { p.NoAssign = true }, [3]string{"PUT", "/issue/PAY-1/assignee", `{"accountId":"amy"}`}, 403, ""},
		{"no commenting", func(p *Project) { p.NoComment = true }, [3]string{"POST", "/issue/PAY-1/comment", `{"body":{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]}]}}`}, 400, ""},
		{"no admin: silence is refused", func(p *Project) { p.NoAdmin = true }, [3]string{"PUT", "/issue/PAY-1?notifyUsers=false", label}, 403, "discard the user notification"},
		{"admin: silence is granted", func(*Project) {}, [3]string{"PUT", "/issue/PAY-1?notifyUsers=false", label}, 204, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := site(t, Options{})
			s.EditProject("PAY", c.prep)
			a := do(t, s, c.do[0], "/rest/api/3"+c.do[1], c.do[2])
			if a.status != c.code || !strings.Contains(a.body, c.want) {
				t.Errorf("%d %.300s", a.status, a.body)
			}
		})
	}
}

func TestEditMetaListsWhatCanBeSet(t *testing.T) {
	s, _ := site(t, Options{})
	s.EditProject("PAY", func(p *Project) { p.issueType("Bug").Screen = []string{"summary", "priority"} })
	fields := do(t, s, "GET", "/rest/api/3/issue/PAY-1/editmeta", "").json(t)["fields"].(map[string]any)
	if len(fields) != 2 || fields["priority"] == nil {
		t.Errorf("PAY: %v", fields)
	}
	meta := do(t, s, "GET", "/rest/api/3/issue/WEB-1/editmeta", "").json(t)["fields"].(map[string]any)
	allowed := meta["priority"].(map[string]any)["allowedValues"].([]any)
	if len(allowed) != 2 {
		t.Errorf("WEB has two priorities: %v", allowed)
	}
}
