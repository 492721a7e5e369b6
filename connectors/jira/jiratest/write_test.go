package jiratest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const adfHello = `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"one"},{"type":"hardBreak"},{"type":"text","text":"two"}]},{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"item"}]}]}]}]}`

func TestEditIsAllOrNothingAndOneHistoryEntry(t *testing.T) {
	s, ck := site(t, Options{})
	ck.add(time.Minute)
	a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1", `{"update":{"labels":[{"add":"lane:x"}]},"fields":{"priority":{"id":"99"}}}`)
	if i, _ := s.Issue("PAY-1"); a.status != 400 || i.HasLabel("lane:x") || len(i.History) != 0 {
		t.Errorf("refused in part: %d %v", a.status, i.Labels)
	}
	body := `{"update":{"labels":[{"add":"lane:x"},{"remove":"money"}]},"fields":{"priority":{"id":"1"},"duedate":"2026-04-01","assignee":{"accountId":"amy"}},` +
		`"properties":[{"key":"lk","value":{"a":1}}],"historyMetadata":{"type":"lanekeeper"}}`
	if a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1", body); a.status != 204 {
		t.Fatal(a)
	}
	i, _ := s.Issue("PAY-1")
	if i.Priority != "Highest" || i.Due != "2026-04-01" || i.Assignee != "amy" || fmt.Sprint(i.Labels) != "[lane:x]" || string(i.Properties["lk"]) != `{"a":1}` {
		t.Errorf("%+v", i)
	}
	if !i.Updated.Equal(ck.now()) || len(i.History) != 1 || len(i.History[0].Items) != 4 || i.History[0].Author != s.Account() || string(i.History[0].Metadata) != `{"type":"lanekeeper"}` {
		t.Errorf("history: %+v", i.History)
	}
	ck.add(time.Minute)
	if a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1", `{"update":{"labels":[{"add":"lane:x"}]},"fields":{"priority":{"id":"1"}}}`); a.status != 204 {
		t.Fatal(a)
	}
	if j, _ := s.Issue("PAY-1"); len(j.History) != 1 || !j.Updated.Equal(i.Updated) {
		t.Error("an edit that changes nothing left a trace")
	}
	a = do(t, s, "PUT", "/rest/api/3/issue/PAY-1?returnIssue=true", `{"fields":{"duedate":null,"assignee":null}}`)
	if i, _ := s.Issue("PAY-1"); a.status != 200 || i.Due != "" || i.Assignee != "" || !strings.Contains(a.body, `"duedate":null`) {
		t.Errorf("clearing: %d %+v", a.status, i)
	}
}

func TestAssigneeHasItsOwnOperation(t *testing.T) {
	s, _ := site(t, Options{})
	for _, c := range []struct {
		body string
		code int
		want string
	}{{`{"accountId":"amy"}`, 204, "amy"}, {`{"accountId":"nobody"}`, 400, "amy"}, {`{"accountId":null}`, 204, ""}} {
		if a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1/assignee", c.body); a.status != c.code {
			t.Errorf("%s: %d", c.body, a.status)
		}
		if i, _ := s.Issue("PAY-1"); i.Assignee != c.want {
			t.Errorf("%s: %s", c.body, i.Assignee)
		}
	}
}

func TestComments(t *testing.T) {
	s, ck := site(t, Options{})
	base := "/rest/api/3/issue/HELP-1/comment"
	m := do(t, s, "POST", base, `{"body":`+adfHello+`,"properties":[{"key":"sd.public.comment","value":{"internal":true}},{"key":"marker","value":"u-1"}]}`).json(t)
	id, _ := m["id"].(string)
	if m["jsdPublic"] != false {
		t.Errorf("not internal: %v", m)
	}
	i, _ := s.Issue("HELP-1")
	if c := i.Comments[0]; c.Body != "one\ntwo\n\n- item" || !c.Internal || string(c.Properties["marker"]) != `"u-1"` {
		t.Errorf("%+v", c)
	}
	if a := do(t, s, "GET", base+"?expand=properties", ""); !strings.Contains(a.body, `{"key":"marker","value":"u-1"}`) || !strings.Contains(a.body, `"total":1`) {
		t.Errorf("list: %s", a.body)
	}
	ck.add(time.Minute)
	if a := do(t, s, "PUT", base+"/"+id+"?notifyUsers=false", `{"body":`+strings.Replace(adfHello, "one", "uno", 1)+`}`); a.status != 200 {
		t.Errorf("update: %d %s", a.status, a.body)
	}
	i, _ = s.Issue("HELP-1")
	if c := i.Comments[0]; !strings.HasPrefix(c.Body, "uno") || !c.Internal || !c.Updated.After(c.Created) || !i.Updated.Equal(c.Updated) {
		t.Errorf("updated: %+v", c)
	}
	if a := do(t, s, "GET", "/rest/api/2/issue/HELP-1/comment/"+id, ""); !strings.Contains(a.body, `"body":"uno\ntwo`) {
		t.Errorf("as wiki text: %s", a.body)
	}
	props := "/rest/api/3/comment/" + id + "/properties"
	for _, c := range []struct {
		method, path, body string
		code               int
	}{
		{"PUT", props + "/n", "1", 201}, {"PUT", props + "/n", "2", 200}, {"GET", props + "/n", "", 200}, {"GET", props, "", 200},
		{"DELETE", props + "/n", "", 204}, {"DELETE", props + "/n", "", 404}, {"DELETE", base + "/" + id, "", 204}, {"GET", base + "/" + id, "", 404},
		{"GET", props, "", 404},
	} {
		if a := do(t, s, c.method, c.path, c.body); a.status != c.code {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, a.status, c.code)
		}
	}
	foreign, err := s.Comment("HELP-1", "amy", "mine")
	if err != nil {
		t.Fatal(err)
	}
	if a := do(t, s, "DELETE", base+"/"+foreign, ""); a.status != 400 {
		t.Errorf("deleting a person's comment: %d", a.status)
	}
}

func TestSearchShowsTwentyCommentsInline(t *testing.T) {
	s, _ := site(t, Options{})
	for range 25 {
		if _, err := s.Comment("PAY-1", "amy", "again"); err != nil {
			t.Fatal(err)
		}
	}
	a := do(t, s, "POST", "/rest/api/3/search/jql", `{"jql":"key = PAY-1","fields":["comment"]}`)
	if n := strings.Count(a.body, `"author"`); n != 20 || !strings.Contains(a.body, `"total":25`) {
		t.Errorf("%d comments", n)
	}
}

func TestIssueProperties(t *testing.T) {
	s, _ := site(t, Options{})
	base := "/rest/api/3/issue/PAY-1/properties"
	before, _ := s.Issue("PAY-1")
	for _, c := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"PUT", base + "/k", `{"v":1}`, 201, ""}, {"PUT", base + "/k", `{"v":2}`, 200, ""},
		{"GET", base + "/k", "", 200, `{"key":"k","value":{"v":2}}`}, {"GET", base, "", 200, `"key":"k"`},
		{"GET", "/rest/api/3/issue/PAY-1?properties=k&fields=id", "", 200, `"properties":{"k":{"v":2}}`},
		{"DELETE", base + "/k", "", 204, ""}, {"DELETE", base + "/k", "", 404, ""},
	} {
		if a := do(t, s, c.method, c.path, c.body); a.status != c.code || !strings.Contains(a.body, c.want) {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.body)
		}
	}
	if after, _ := s.Issue("PAY-1"); !after.Updated.Equal(before.Updated) {
		t.Error("a property moved updated")
	}
}

func TestBulkEdit(t *testing.T) {
	s, ck := site(t, Options{BulkTime: time.Minute})
	s.Trap(func(t *Traps) { t.BulkFail = map[string]string{"PAY-2": "locked"} })
	body := `{"selectedIssueIdsOrKeys":["PAY-1","PAY-2","10002","PAY-99","WEB-1"],"selectedActions":["labels","priority","duedate"],"sendBulkNotification":false,` +
		`"editedFieldsInput":{"labelsFields":[{"fieldId":"labels","bulkEditMultiSelectFieldOption":"ADD","labels":[{"name":"lane:x"}]}],"priority":{"priorityId":"1"},` +
		`"datePickerFields":[{"fieldId":"duedate","date":{"formattedDate":"1/Apr/26"}}]}}`
	a := do(t, s, "POST", "/rest/api/3/bulk/issues/fields", body)
	if a.status != 201 {
		t.Fatal(a)
	}
	id := a.json(t)["taskId"].(string)
	if m := do(t, s, "GET", "/rest/api/3/bulk/queue/"+id, "").json(t); m["status"] != "RUNNING" {
		t.Errorf("at once: %v", m)
	}
	if i, _ := s.Issue("PAY-1"); i.HasLabel("lane:x") {
		t.Error("changed before its time")
	}
	ck.add(time.Minute)
	m := do(t, s, "GET", "/rest/api/3/bulk/queue/"+id, "").json(t)
	failed, _ := m["failedAccessibleIssues"].(map[string]any)
	if m["status"] != "COMPLETE" || m["invalidOrInaccessibleIssueCount"] != 1.0 || len(failed) != 2 || fmt.Sprint(failed["10001"]) != "[locked]" || len(m["processedAccessibleIssues"].([]any)) != 2 {
		t.Errorf("%v", m)
	}
	for key, want := range map[string]bool{"PAY-1": true, "PAY-2": false, "PAY-3": true, "WEB-1": false} {
		i, _ := s.Issue(key)
		if i.HasLabel("lane:x") != want || want && (i.Priority != "Highest" || i.Due != "2026-04-01") {
			t.Errorf("%s: %+v", key, i)
		}
	}
	s.Trap(func(t *Traps) { t.BulkStuck = true })
	for range bulkTasks {
		if a := do(t, s, "POST", "/rest/api/3/bulk/issues/fields", body); a.status != 201 {
			t.Fatal(a)
		}
	}
	if a := do(t, s, "POST", "/rest/api/3/bulk/issues/fields", body); a.status != 400 || !strings.Contains(a.body, "too many bulk operations") {
		t.Errorf("a sixth: %d %s", a.status, a.body)
	}
}

func TestBulkEditNeedsItsPermission(t *testing.T) {
	s, _ := site(t, Options{Account: User{AccountID: "bot", NoBulkChange: true}})
	body := `{"selectedIssueIdsOrKeys":["PAY-1"],"selectedActions":["labels"],"editedFieldsInput":{"labelsFields":[]}}`
	if a := do(t, s, "GET", "/rest/api/3/bulk/issues/fields?issueIdsOrKeys=PAY-1", ""); a.status != 403 {
		t.Errorf("listing: %d", a.status)
	}
	if a := do(t, s, "POST", "/rest/api/3/bulk/issues/fields", body); a.status != 403 {
		t.Errorf("submitting: %d", a.status)
	}
}

func TestLimits(t *testing.T) {
	edit := `{"update":{"labels":[{"add":"a"}]}}`
	t.Run("an issue takes 20 writes in 2 seconds and 100 in 30", func(t *testing.T) {
		s, ck := site(t, Options{})
		for n := range 20 {
			if a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1", edit); a.status != 204 {
				t.Fatalf("write %d: %d", n, a.status)
			}
		}
		a := do(t, s, "PUT", "/rest/api/3/issue/10000", edit)
		if a.status != 429 || a.header.Get("RateLimit-Reason") != ReasonPerIssue || a.header.Get("Retry-After") != "2" {
			t.Errorf("the 21st: %d %v", a.status, a.header)
		}
		if a := do(t, s, "PUT", "/rest/api/3/issue/PAY-2", edit); a.status != 204 {
			t.Errorf("another issue: %d", a.status)
		}
		for range 4 {
			ck.add(2 * time.Second)
			for range 20 {
				do(t, s, "PUT", "/rest/api/3/issue/PAY-1", edit)
			}
		}
		ck.add(2 * time.Second)
		if a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1", edit); a.status != 429 || a.header.Get("Retry-After") != "20" {
			t.Errorf("the 101st: %d %v", a.status, a.header)
		}
		ck.add(20 * time.Second)
		if a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1", edit); a.status != 204 {
			t.Errorf("after the wait: %d", a.status)
		}
	})
	t.Run("a burst is held per operation", func(t *testing.T) {
		s, ck := site(t, Options{Limits: Limits{Burst: true}})
		for range 100 {
			do(t, s, "GET", "/rest/api/3/myself", "")
		}
		if a := do(t, s, "GET", "/rest/api/3/myself", ""); a.status != 429 || a.header.Get("RateLimit-Reason") != ReasonBurst {
			t.Errorf("the 101st: %d", a.status)
		}
		if a := do(t, s, "GET", "/rest/api/3/field", ""); a.status != 200 {
			t.Errorf("another operation: %d", a.status)
		}
		ck.add(time.Second)
		if a := do(t, s, "GET", "/rest/api/3/myself", ""); a.status != 200 {
			t.Errorf("a second later: %d", a.status)
		}
	})
	t.Run("points run out until the full hour", func(t *testing.T) {
		s, ck := site(t, Options{Limits: Limits{Quota: 10}})
		a := do(t, s, "POST", "/rest/api/3/search/jql", jql("project = PAY")) // 1 and 5 issues
		if a.header.Get("X-RateLimit-Limit") != "10" {
			t.Errorf("%v", a.header)
		}
		for range 4 {
			a = do(t, s, "GET", "/rest/api/3/myself", "")
		}
		if a.header.Get("X-RateLimit-NearLimit") != "true" {
			t.Errorf("no warning: %v", a.header)
		}
		ck.add(10 * time.Minute)
		a = do(t, s, "GET", "/rest/api/3/myself", "")
		if a.status != 429 || a.header.Get("Retry-After") != "3000" || a.header.Get("RateLimit-Reason") != ReasonGlobal || a.header.Get("X-RateLimit-Reset") != "2026-03-02T10:00Z" {
			t.Errorf("%d %v", a.status, a.header)
		}
		ck.add(50 * time.Minute)
		if a := do(t, s, "GET", "/rest/api/3/myself", ""); a.status != 200 {
			t.Errorf("in the next hour: %d", a.status)
		}
	})
	t.Run("Data Center tells its bucket on every answer", func(t *testing.T) {
		s, ck := site(t, Options{Flavor: DataCenter, Limits: Limits{Bucket: 3, Fill: 2, Interval: time.Minute}})
		var a answer
		for range 3 {
			a = do(t, s, "GET", "/rest/api/2/myself", "")
		}
		if a.header.Get("X-RateLimit-Remaining") != "0" || a.header.Get("Retry-After") != "0" || a.header.Get("X-RateLimit-FillRate") != "2" || a.header.Get("X-RateLimit-Interval-Seconds") != "60" {
			t.Errorf("%v", a.header)
		}
		if a := do(t, s, "GET", "/rest/api/2/myself", ""); a.status != 429 || a.header.Get("Retry-After") != "60" {
			t.Errorf("empty: %d %v", a.status, a.header)
		}
		ck.add(time.Minute)
		if a := do(t, s, "GET", "/rest/api/2/myself", ""); a.status != 200 {
			t.Errorf("a minute later: %d", a.status)
		}
	})
}

func TestIdentity(t *testing.T) {
	s, ck := site(t, Options{})
	ck.add(time.Minute)
	key, err := s.Move("PAY-1", "WEB", "amy")
	if err != nil || key != "WEB-2" {
		t.Fatal(key, err)
	}
	for _, id := range []string{"PAY-1", "WEB-2", "10000", "web-2"} {
		if m := do(t, s, "GET", "/rest/api/3/issue/"+id, "").json(t); m["key"] != "WEB-2" || m["id"] != "10000" {
			t.Errorf("%s: %v", id, m["key"])
		}
	}
	if got := keys(t, do(t, s, "POST", "/rest/api/3/issue/bulkfetch", `{"issueIdsOrKeys":["PAY-1","10000"],"fields":["summary"]}`)); fmt.Sprint(got) != "[WEB-2]" {
		t.Errorf("bulkfetch: %v", got)
	}
	if !s.RenameKey("PAY", "MONEY") {
		t.Fatal("no project")
	}
	if m := do(t, s, "GET", "/rest/api/3/issue/PAY-2", "").json(t); m["key"] != "MONEY-2" {
		t.Errorf("after the rename: %v", m["key"])
	}
	a := do(t, s, "GET", "/rest/api/3/project/search?expand=projectKeys", "")
	if !strings.Contains(a.body, `"projectKeys":["MONEY","PAY"]`) {
		t.Errorf("%s", a.body)
	}
	if err := s.Archive("MONEY-3"); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, do(t, s, "POST", "/rest/api/3/search/jql", jql("key = MONEY-3"))); len(got) != 0 {
		t.Errorf("archived in search: %v", got)
	}
	if a := do(t, s, "GET", "/rest/api/3/issue/MONEY-3", ""); a.status != 200 {
		t.Errorf("archived by key: %d", a.status)
	}
}

func TestAnAdminRenamesAField(t *testing.T) {
	s, _ := site(t, Options{})
	s.RenameField("customfield_10050", "Kundenklasse")
	if a := do(t, s, "GET", "/rest/api/3/field", ""); strings.Contains(a.body, "Customer tier") || !strings.Contains(a.body, `"name":"Kundenklasse"`) {
		t.Error("the old name is still there")
	}
	if a := do(t, s, "POST", "/rest/api/3/search/jql", jql("'Customer tier' = pro")); a.status != 400 {
		t.Errorf("JQL by the old name: %d", a.status)
	}
	if a := do(t, s, "POST", "/rest/api/3/search/jql", jql("cf[10050] = pro")); a.status != 200 {
		t.Errorf("JQL by the number: %d", a.status)
	}
}

func TestServiceDeskSLA(t *testing.T) {
	s, _ := site(t, Options{})
	if err := s.Edit("HELP-1", "", func(e *Edit) {
		e.Field("customfield_10060", SLA{Name: "Time to resolution", Goal: 4 * time.Hour, Started: start.Add(-5 * time.Hour), Breach: start.Add(-time.Hour)})
	}); err != nil {
		t.Fatal(err)
	}
	a := do(t, s, "GET", "/rest/servicedeskapi/request/HELP-1/sla", "")
	if !strings.Contains(a.body, `"breached":true`) || !strings.Contains(a.body, `"remainingTime":{"millis":-3600000`) || !strings.Contains(a.body, `"breachTime":{"iso8601":"2026-03-02T08:00:00+0000"`) {
		t.Errorf("%s", a.body)
	}
	if a := do(t, s, "GET", "/rest/servicedeskapi/request/PAY-1/sla", ""); a.status != 404 {
		t.Errorf("an issue that is no request: %d", a.status)
	}
	if a := do(t, s, "GET", "/rest/api/3/issue/HELP-1?fields=customfield_10060", ""); !strings.Contains(a.body, `"ongoingCycle":{"startTime"`) {
		t.Errorf("the field: %s", a.body)
	}
}

func TestDataCenter(t *testing.T) {
	s, _ := site(t, Options{Flavor: DataCenter, BasePath: "/jira", ViewsMax: 3, Token: "secret"})
	s.AddUser(User{AccountID: "JIRAUSER1", Username: "fred", Name: "Fred F"})
	if err := s.Edit("PAY-1", "JIRAUSER1", func(e *Edit) {
		e.AddLabel("a")
		e.Field("customfield_10020", []Sprint{{ID: 7, Name: "S [1], b", State: "active", Start: start, End: start}})
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"GET", "/jira/rest/api/2/serverInfo", "", 200, `"deploymentType":"Server"`},
		{"GET", "/jira/rest/api/3/serverInfo", "", 404, ""},
		{"GET", "/rest/api/2/serverInfo", "", 404, ""},
		{"POST", "/jira/rest/api/2/search/jql", jql("project = PAY"), 404, ""},
		{"GET", "/jira/rest/api/2/myself", "", 200, `"name":"lanekeeper-bot","key":"lanekeeper-bot"`},
		{"GET", "/jira/rest/api/2/issue/PAY-1/changelog", "", 404, ""},
		{"GET", "/jira/rest/api/2/issue/PAY-1?expand=changelog", "", 200, `"author":{"self":"https://jira.example/jira/rest/api/2/user?username=fred","name":"fred","key":"JIRAUSER1"`},
		{"GET", "/jira/rest/api/2/issue/PAY-1?fields=customfield_10020", "", 200, `["com.atlassian.greenhopper.service.sprint.Sprint@1f07[id=7,rapidViewId=1,state=ACTIVE,name=S [1], b,startDate=`},
		{"GET", "/jira/rest/api/2/search?jql=project%3DPAY&maxResults=100&fields=summary", "", 200, `"startAt":0,"maxResults":3,"total":5`},
		{"GET", "/jira/rest/api/2/search", "", 200, `"total":7`},
		{"GET", "/jira/rest/api/2/search?jql=project%3DNOPE", "", 400, "does not exist"},
		{"GET", "/jira/rest/api/2/search?jql=project%3DNOPE&validateQuery=none", "", 200, `"total":0`},
		{"PUT", "/jira/rest/api/2/issue/PAY-1/assignee", `{"name":"fred"}`, 204, ""},
		{"PUT", "/jira/rest/api/2/issue/PAY-1", `{"fields":{"assignee":{"name":"nobody"}}}`, 400, "nobody"},
		{"POST", "/jira/rest/api/2/issue/PAY-1/comment", `{"body":"h2. Hello"}`, 201, `"body":"h2. Hello"`},
		{"GET", "/jira/rest/api/2/user?username=fred", "", 200, `"key":"JIRAUSER1"`},
		{"GET", "/jira/rest/api/2/user/assignable/search?project=PAY&username=fre", "", 200, "JIRAUSER1"},
		{"GET", "/jira/rest/api/2/user/bulk?accountId=fred", "", 404, ""},
		{"POST", "/jira/rest/api/2/bulk/issues/fields", `{}`, 404, ""},
	} {
		if a := do(t, s, c.method, c.path, c.body); a.status != c.code || !strings.Contains(a.body, c.want) {
			t.Errorf("%s %s: %d %.400s", c.method, c.path, a.status, a.body)
		}
	}
	if a := send(t, s, "GET", "/jira/rest/api/2/myself", "", func(r *http.Request) { r.SetBasicAuth("fred", "secret") }); a.status != 401 {
		t.Errorf("a personal access token as a password: %d", a.status)
	}
	s.Trap(func(t *Traps) { t.SearchWindow = true })
	if a := do(t, s, "GET", "/jira/rest/api/2/search?jql=project%3DPAY&startAt=10000", ""); a.status != 500 || !strings.Contains(a.body, "Search limit exceeded") {
		t.Errorf("beyond the wall: %d %s", a.status, a.body)
	}
	newer := New(Options{Flavor: DataCenter, Version: "11.0.0"})
	newer.AddProject(Project{Key: "A"})
	newer.Create(Spec{Project: "A"})
	if a := do(t, newer, "GET", "/rest/api/2/issue/A-1/changelog", ""); a.status != 200 {
		t.Errorf("version 11: %d", a.status)
	}
}

func TestEmbeddedChangelog(t *testing.T) {
	for _, c := range []struct {
		flavor, path string
		n            int
		newest       bool
	}{
		{Cloud, "/rest/api/3/search/jql?jql=key%3DPAY-1&fields=summary&expand=changelog", 40, true},
		{DataCenter, "/rest/api/2/search?jql=key%3DPAY-1&fields=summary&expand=changelog", 50, false},
	} {
		s, ck := site(t, Options{Flavor: c.flavor})
		for i := range 50 {
			ck.add(time.Second)
			if err := s.Edit("PAY-1", "amy", func(e *Edit) { e.Summary(fmt.Sprintf("title %02d", i)) }); err != nil {
				t.Fatal(err)
			}
		}
		a := do(t, s, "GET", c.path, "")
		first := strings.Index(a.body, `"toString":"title 49"`)
		last := strings.Index(a.body, `"toString":"title 20"`)
		if n := strings.Count(a.body, `"toString"`); n != c.n || !strings.Contains(a.body, `"total":50`) || (first < last) != c.newest {
			t.Errorf("%s: %d entries, newest first %v", c.flavor, n, first < last)
		}
	}
}

func TestChangelogPages(t *testing.T) {
	s, ck := site(t, Options{})
	for i := range 5 {
		for _, k := range []string{"PAY-1", "PAY-2"} {
			ck.add(time.Second)
			if err := s.Edit(k, "", func(e *Edit) { e.AddLabel(fmt.Sprint("l", i)); e.Due("2026-03-1" + fmt.Sprint(i)) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	var got []string
	token := ""
	for range 10 {
		body := `{"issueIdsOrKeys":["PAY-2","10000"],"fieldIds":["labels"],"maxResults":3`
		if token != "" {
			body += `,"nextPageToken":"` + token + `"`
		}
		m := do(t, s, "POST", "/rest/api/3/changelog/bulkfetch", body+"}").json(t)
		for _, l := range m["issueChangeLogs"].([]any) {
			l := l.(map[string]any)
			for _, h := range l["changeHistories"].([]any) {
				h := h.(map[string]any)
				if _, named := h["author"]; named || len(h["items"].([]any)) != 1 {
					t.Errorf("%v", h)
				}
				got = append(got, l["issueId"].(string))
			}
		}
		if token, _ = m["nextPageToken"].(string); token == "" {
			break
		}
	}
	if fmt.Sprint(got) != "[10000 10000 10000 10000 10000 10001 10001 10001 10001 10001]" {
		t.Errorf("%v", got)
	}
	m := do(t, s, "GET", "/rest/api/3/issue/PAY-1/changelog?startAt=3&maxResults=2", "").json(t)
	if len(m["values"].([]any)) != 2 || m["total"] != 5.0 || m["isLast"] != true {
		t.Errorf("%v", m)
	}
}

func TestObservation(t *testing.T) {
	s, _ := site(t, Options{})
	do(t, s, "POST", "/rest/api/3/search/jql", jql("project = PAY"))
	do(t, s, "PUT", "/rest/api/3/issue/PAY-1", `{"fields":{"summary":"x"}}`)
	do(t, s, "GET", "/rest/api/3/nowhere", "")
	if m := s.Mutations(); len(m) != 1 || m[0].Op != "edit" || m[0].Template != "/issue/{id}" || m[0].Body != `{"fields":{"summary":"x"}}` || m[0].Status != 204 || !m[0].At.Equal(start) {
		t.Errorf("%+v", m)
	}
	if c := s.Counts(); c["search"] != 1 || c["edit"] != 1 || c[""] != 1 || len(s.Requests()) != 3 {
		t.Errorf("%v", c)
	}
	s.Reset()
	if len(s.Requests()) != 0 || len(s.Counts()) != 0 {
		t.Error("not forgotten")
	}
}

func TestTickIsPlausibleAndRepeatable(t *testing.T) {
	run := func() (string, *Server) {
		s, ck := site(t, Options{})
		s.Generate(3, 100, GenerateOptions{})
		if err := s.Edit("PAY-1", "amy", func(e *Edit) { e.Labels("lane:hotfix") }); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 2))
		var log strings.Builder
		for range 500 {
			ck.add(time.Minute)
			fmt.Fprintln(&log, s.Tick(r))
		}
		return log.String(), s
	}
	a, s := run()
	b, _ := run()
	if a != b {
		t.Error("two runs differ")
	}
	for _, kind := range []string{"create", "priority", "label", "unlabel", "comment", "close", "reopen", "vote", "due", "assign", "edit"} {
		if !strings.Contains(a, "{"+kind+" ") {
			t.Errorf("never: %s", kind)
		}
	}
	if i, _ := s.Issue("PAY-1"); !i.HasLabel("lane:hotfix") {
		t.Error("a person took a tool's label away")
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("people left %d requests", n)
	}
	New(Options{}).Tick(rand.New(rand.NewPCG(1, 1)))
}

func TestGeneratedBacklogIsRich(t *testing.T) {
	ck := &clock{t: start}
	s := New(Options{Now: ck.now})
	s.Generate(1, 1000, GenerateOptions{})
	seen := map[string]int{}
	last := time.Time{}
	for _, i := range s.Issues() {
		seen["type "+i.Type]++
		seen["project "+i.Project]++
		if i.Open() {
			seen["open"]++
		}
		for f := range i.Custom {
			seen[f]++
		}
		for _, h := range i.History {
			if h.At.After(ck.now()) || h.At.Before(i.Created) || i.Updated.Before(h.At) {
				t.Fatalf("%s: an entry at %v", i.Key, h.At)
			}
		}
		if i.Created.Before(last) {
			t.Fatalf("%s is older than the issue before", i.Key)
		}
		last = i.Created
		for name, has := range map[string]bool{"votes": i.Votes > 0, "due": i.Due != "", "parent": i.Parent != "", "labels": len(i.Labels) > 0, "comments": len(i.Comments) > 0, "history": len(i.History) > 0, "assignee": i.Assignee != ""} {
			if has {
				seen[name]++
			}
		}
	}
	for _, what := range []string{"type Bug", "type Story", "type Task", "type Epic", "project PAY", "project HELP", FieldTier, FieldSeverity, FieldStoryPoints, FieldEstimate, FieldSprint, FieldSLA, "votes", "due", "parent", "labels", "comments", "history", "assignee"} {
		if seen[what] < 10 {
			t.Errorf("%s: %d of 1000", what, seen[what])
		}
	}
	if seen["open"] < 250 || seen["open"] > 500 {
		t.Errorf("open: %d", seen["open"])
	}
}

func TestConcurrentUse(t *testing.T) {
	s, _ := site(t, Options{Limits: Limits{NoPerIssue: true, Burst: true, Quota: 1 << 30}})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for n := range 40 {
				switch (g + n) % 6 {
				case 0:
					do(t, s, "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY ORDER BY updated","fields":["*all"],"expand":"changelog"}`)
				case 1:
					do(t, s, "PUT", "/rest/api/3/issue/PAY-1", fmt.Sprintf(`{"update":{"labels":[{"add":"l%d"}]}}`, n))
				case 2:
					s.Tick(r)
				case 3:
					do(t, s, "POST", "/rest/api/3/issue/bulkfetch", `{"issueIdsOrKeys":["PAY-1","PAY-2"]}`)
				case 4:
					s.Trap(func(t *Traps) { t.IndexLag = time.Duration(n%2) * time.Second })
				default:
					s.Issues()
					s.Requests()
				}
			}
		})
	}
	wg.Wait()
	i, _ := s.Issue("PAY-1")
	if !slices.IsSortedFunc(i.History, func(a, b Change) int { return a.At.Compare(b.At) }) {
		t.Error("the history is out of order")
	}
}
