package jira

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

const everything = issue.Inputs(1<<20 - 1)

// siteFields is a list of fields as a site may have it.
const siteFields = `[
	{"id":"summary","name":"Summary","schema":{"type":"string"}},
	{"id":"customfield_10016","name":"Story point estimate","schema":{"type":"number","custom":"com.pyxis.greenhopper.jira:jsw-story-points"},"scope":{"type":"PROJECT","project":{"id":"10001"}}},
	{"id":"customfield_10028","name":"Story Points","schema":{"type":"number","custom":"com.atlassian.jira.plugin.system.customfieldtypes:float"}},
	{"id":"customfield_10020","name":"Étape","schema":{"type":"array","custom":"com.pyxis.greenhopper.jira:gh-sprint"}},
	{"id":"customfield_10014","name":"Epic Link","schema":{"type":"any","custom":"com.pyxis.greenhopper.jira:gh-epic-link"}},
	{"id":"customfield_10002","name":"Organizations","schema":{"type":"array","custom":"com.atlassian.servicedesk:sd-customer-organizations"}},
	{"id":"customfield_10050","name":"Customer tier","schema":{"type":"option","custom":"com.atlassian.jira.plugin.system.customfieldtypes:select"}},
	{"id":"customfield_10060","name":"Time to resolution","schema":{"type":"sd-servicelevelagreement","custom":"com.atlassian.servicedesk:sd-sla-field"}},
	{"id":"customfield_10070","name":"Team","schema":{"type":"string"}},
	{"id":"customfield_10071","name":"team","schema":{"type":"option"},"scope":{"type":"PROJECT","project":{"id":"10002"}}}
]`

func testCatalog(t testing.TB, fields map[string]string, in issue.Inputs) *catalog {
	t.Helper()
	var list []field
	if err := json.Unmarshal([]byte(siteFields), &list); err != nil {
		t.Fatal(err)
	}
	s := Settings{Projects: []string{"PAY"}, Fields: fields, Kinds: map[string]issue.Kind{"Störung": issue.Incident}}
	cat, err := s.catalog(list, in|issue.InputManaged, "payments", &site{baseURL: "https://acme.example"})
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func decodePage(t testing.TB, cat *catalog, page string) (*issueList, error) {
	t.Helper()
	p := searchPage{Issues: issueList{d: cat.decoder}}
	err := json.Unmarshal([]byte(page), &p, decoding)
	return &p.Issues, err
}

// one decodes a single issue with the given fields.
func one(t *testing.T, cat *catalog, fields string) issue.Issue {
	t.Helper()
	l, err := decodePage(t, cat, `{"issues":[{"id":"10001","key":"PAY-1","fields":{"summary":"Title",`+fields+`}}]}`)
	if err != nil || len(l.issues) != 1 {
		t.Fatalf("%v %v", err, l)
	}
	return l.issues[0]
}

func TestDecodeWholeIssue(t *testing.T) {
	cat := testCatalog(t, map[string]string{"tier": "Customer tier", "resolution": "customfield_10060"}, everything)
	got := one(t, cat, `"summary":"Déjà \ud83d\ude80","project":{"id":"1","key":"PAY"},
		"issuetype":{"id":"1","name":"Bug","subtask":false,"hierarchyLevel":0},
		"status":{"name":"En cours","statusCategory":{"id":4,"key":"indeterminate"}},
		"priority":{"id":"2","name":"Haute"},"labels":["b","a","b"],"duedate":"2026-06-30",
		"assignee":{"accountId":"5b","displayName":"Ann","emailAddress":"ann@acme.example"},"reporter":null,
		"created":"2026-01-02T03:04:05.678+0200","updated":"2026-01-03T00:00:00.000+0000","resolutiondate":null,
		"description":{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"one"},{"type":"hardBreak"},{"type":"mention","attrs":{"text":"@bob"}}]},{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"two"}]}]}]}]},
		"components":[{"name":"api"},{"name":"db"}],"fixVersions":[{"id":"7","name":"1.0","released":true},{"id":"8","name":"2.0","released":false,"releaseDate":"2026-09-01"}],
		"votes":{"votes":3},"watches":{"watchCount":5},"comment":{"comments":[],"total":42},"parent":{"id":"9","key":"PAY-9"},
		"issuelinks":[{"type":{"name":"Blocks"},"outwardIssue":{"key":"PAY-2","fields":{"status":{"statusCategory":{"key":"new"}}}}},
			{"type":{"name":"Duplicate"},"inwardIssue":{"key":"PAY-3","fields":{"status":{"statusCategory":{"key":"done"}}}}},
			{"type":{"name":"Blocks"}}],
		"customfield_10016":null,"customfield_10028":5,
		"customfield_10020":[{"id":1,"name":"S1","state":"closed"},{"id":2,"name":"S2","state":"active","endDate":"2026-02-01T10:00:00.000Z"},{"id":3,"name":"S3","state":"future"}],
		"customfield_10002":[{"id":"1","name":"Globex"}],
		"customfield_10050":{"value":"enterprise","child":{"value":"gold"}},
		"customfield_10060":{"name":"x","ongoingCycle":{"paused":false,"breachTime":{"epochMillis":1767225600000}}},
		"customfield_99999":{"ignored":[1,2,3]}`)
	want := issue.Issue{
		ID: "10001", Key: "PAY-1", Source: "payments", Project: "PAY", URL: "https://acme.example/browse/PAY-1",
		Kind: issue.Bug, RawKind: "Bug", Title: "Déjà 🚀", Description: "one\n@bob\n- two",
		Status: issue.Status{Name: "En cours", Category: issue.Started}, RawPriority: issue.Named{ID: "2", Name: "Haute"},
		Labels: []string{"a", "b"}, Components: []string{"api", "db"},
		Assignee: issue.Person{ID: "5b", Name: "Ann", Email: "ann@acme.example"},
		Created:  time.Date(2026, 1, 2, 1, 4, 5, 678e6, time.UTC), Updated: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC), Due: "2026-06-30",
		Estimate: 5, Parent: "PAY-9", Votes: 3, Watchers: 5, Comments: 42,
		Links:     []issue.Link{{Type: issue.Blocks, Key: "PAY-2", Open: true}, {Type: issue.Duplicated, Key: "PAY-3"}},
		Sprint:    issue.Iteration{ID: "2", Name: "S2", Active: true, Ends: time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC)},
		Milestone: issue.Iteration{ID: "8", Name: "2.0", Active: true, Ends: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)},
		Customers: []issue.Customer{{Name: "Globex"}},
		Fields:    map[string]issue.Value{"tier": {Text: "enterprise / gold"}, "resolution": {Text: "2026-01-01T00:00:00Z"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAbsentNullAndWrongAreDifferent(t *testing.T) {
	cat := testCatalog(t, nil, 0)
	const rest = `"issuetype":{"name":"Bug"},"status":{"name":"x","statusCategory":{"key":"new"}},"priority":null,"labels":null,"assignee":null,`
	tests := []struct {
		name    string
		fields  string
		unknown issue.Inputs
	}{
		{"null is no value", rest + `"duedate":null`, 0},
		{"absent is unknown", rest + `"summary":"x"`, issue.InputDue},
		{"another shape is unknown", rest + `"duedate":{"x":1}`, issue.InputDue},
		{"a date that is none is unknown", rest + `"duedate":"next week"`, issue.InputDue},
		{"an issue without fields that count is unknown throughout", `"summary":"x"`, issue.InputManaged},
		{"a status of no known category is unknown", strings.Replace(rest, `"new"`, `"blocked"`, 1) + `"duedate":null`, issue.InputStatus},
		{"a priority without an id is unknown", strings.Replace(rest, `"priority":null`, `"priority":{"name":"High"}`, 1) + `"duedate":null`, issue.InputPriority},
		{"an assignee without an id is unknown, not nobody", strings.Replace(rest, `"assignee":null`, `"assignee":{"displayName":"Former user"}`, 1) + `"duedate":null`, issue.InputAssignee},
		{"labels of another shape are unknown", strings.Replace(rest, `"labels":null`, `"labels":"a b"`, 1) + `"duedate":null`, issue.InputLabels},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := one(t, cat, tt.fields).Unknown; got != tt.unknown {
				t.Errorf("unknown %v, want %v", got, tt.unknown)
			}
		})
	}
}

func TestOneBadIssueDoesNotCostTheOthers(t *testing.T) {
	cat := testCatalog(t, nil, 0)
	l, err := decodePage(t, cat, `{"issues":[
		{"id":"1","key":"PAY-1","fields":{"summary":"x"}}, 7, null, "x", {"key":"PAY-2","fields":{}}, {"id":"abc","key":"PAY-3","fields":{}},
		{"id":"4","key":"PAY-4"}, {"id":"5","key":"PAY-5","fields":null}, {"id":6,"key":"PAY-6","fields":{"summary":"x"}}, {"id":8,"key":"PAY-8","fields":{"summary":7}},
		{"id":9,"key":"PAY-9","fields":{"summary":null}}, {"id":10,"key":"PAY-10","fields":{}}, {"id":"7","key":"PAY-7","fields":{"summary":"é\ud800"}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	var good, bad []string
	for _, i := range l.issues {
		good = append(good, i.Key)
	}
	for _, b := range l.bad {
		bad = append(bad, b.Key)
	}
	if diff := cmp.Diff([]string{"PAY-1", "PAY-6", "PAY-7"}, good); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"", "", "", "PAY-2", "PAY-3", "PAY-4", "PAY-5", "PAY-8", "PAY-9", "PAY-10"}, bad); diff != "" {
		t.Error(diff)
	}
}

func TestTruncatedPageIsAnError(t *testing.T) {
	if _, err := decodePage(t, testCatalog(t, nil, 0), `{"issues":[{"id":"1","key":"PAY-1","fields":{}},{"id"`); err == nil {
		t.Error("a cut page was taken")
	}
}

func TestInvalidUTF8AndDuplicateNamesAreRead(t *testing.T) {
	got := one(t, testCatalog(t, nil, 0), "\"summary\":\"a\xffb\",\"summary\":\"c\xffd\"")
	if got.Title != "c\ufffdd" {
		t.Errorf("%q", got.Title)
	}
}

func TestIssueOutsideTheProjectsIsGone(t *testing.T) {
	l, _ := decodePage(t, testCatalog(t, nil, 0), `{"issues":[{"id":"1","key":"WEB-1","fields":{"summary":"x","project":{"key":"WEB"}}}]}`)
	if !l.issues[0].Gone {
		t.Error("a moved issue is still ours")
	}
}

func TestKinds(t *testing.T) {
	cat := testCatalog(t, nil, 0)
	for in, want := range map[string]issue.Kind{
		`{"name":"Bug"}`:                              issue.Bug,
		`{"name":"störung"}`:                          issue.Incident,
		`{"name":"Aufgabe","subtask":true}`:           issue.Task,
		`{"name":"Thema","hierarchyLevel":1}`:         issue.Epic,
		`{"name":"Irgendwas","hierarchyLevel":0}`:     issue.Other,
		`{"name":"New Feature"}`:                      issue.Story,
		`{"name":"Unteraufgabe","hierarchyLevel":-1}`: issue.Task,
	} {
		if got := one(t, cat, `"issuetype":`+in).Kind; got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestParseTime(t *testing.T) {
	want := time.Date(2014, 1, 6, 6, 22, 58, 0, time.UTC)
	for _, s := range []string{"2014-01-06T06:22:58.000+0000", "2014-01-06T06:22:58+0000", "2014-01-06T06:22:58Z", "2014-01-06T06:22:58.000Z",
		"2014-01-06T08:22:58.000+02:00", "2014-01-06T01:22:58-0500", "1388989378", "1388989378000"} {
		if got, err := parseTime(s); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"soon", "NaN", "1e300", "2014-13-01T00:00:00Z"} {
		if _, err := parseTime(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}

func TestDataCenterSprintText(t *testing.T) {
	got := one(t, testCatalog(t, nil, issue.InputSprint), `"customfield_10020":["com.atlassian.greenhopper.service.sprint.Sprint@1f[id=41,rapidViewId=1,state=CLOSED,name=Old,startDate=<null>]",
		"com.atlassian.greenhopper.service.sprint.Sprint@2a[id=42,rapidViewId=1,state=ACTIVE,name=Q1, part [b]=x,goal=a,b,endDate=2026-02-01T10:00:00.000Z,completeDate=<null>,sequence=42]"]`)
	want := issue.Iteration{ID: "42", Name: "Q1, part [b]=x", Active: true, Ends: time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, got.Sprint); diff != "" {
		t.Error(diff)
	}
}

func TestEpicLinkIsTheParentWhereThereIsNone(t *testing.T) {
	cat := testCatalog(t, nil, issue.InputParent)
	for _, fields := range []string{`"parent":{"key":"PAY-9"},"customfield_10014":"PAY-8"`, `"customfield_10014":"PAY-8","parent":{"key":"PAY-9"}`} {
		if got := one(t, cat, fields).Parent; got != "PAY-9" {
			t.Errorf("%s: %s", fields, got)
		}
	}
	if got := one(t, cat, `"customfield_10014":"PAY-8"`).Parent; got != "PAY-8" {
		t.Error(got)
	}
}

func TestCustomValues(t *testing.T) {
	num := func(f float64) *float64 { return &f }
	for in, want := range map[string]issue.Value{
		`3.5`:                   {Number: num(3.5)},
		`"text"`:                {Text: "text"},
		`true`:                  {Text: "true"},
		`{"value":"v"}`:         {Text: "v"},
		`{"name":"n","id":"1"}`: {Text: "n"},
		`{"displayName":"Ann"}`: {Text: "Ann"},
		`["a",{"value":"b"},7]`: {List: []string{"a", "b", "7"}},
		`{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"hi"}]}]}`: {Text: "hi"},
		`{"ongoingCycle":{"paused":true}}`: {Text: "paused"},
	} {
		got, ok, err := customValue([]byte(in))
		if diff := cmp.Diff(want, got); err != nil || !ok || diff != "" {
			t.Errorf("%s: %v %v %s", in, ok, err, diff)
		}
	}
	for _, in := range []string{`null`, `[]`, `""`, `{}`, `{"completedCycles":[]}`} {
		if _, ok, err := customValue([]byte(in)); ok || err != nil {
			t.Errorf("%s is a value (%v)", in, err)
		}
	}
}

func TestConfiguredFieldsThatMeanMore(t *testing.T) {
	cat := testCatalog(t, map[string]string{"customer": "customfield_10050", "story_points": "customfield_10070"}, 0)
	got := one(t, cat, `"customfield_10050":{"value":"Globex"},"customfield_10070":"3"`)
	if diff := cmp.Diff([]issue.Customer{{Name: "Globex"}}, got.Customers); diff != "" || got.Estimate != 3 || got.Fields["customer"].Text != "Globex" {
		t.Errorf("%s %v", diff, got.Estimate)
	}
}

func TestFieldResolution(t *testing.T) {
	cat := testCatalog(t, map[string]string{"tier": "customer TIER", "pts": customStoryPoints, "f": "customfield_10070"}, 0)
	want := map[string][]string{"tier": {"customfield_10050"}, "pts": {"customfield_10016"}, "f": {"customfield_10070"}}
	if diff := cmp.Diff(want, cat.custom); diff != "" {
		t.Error(diff)
	}
	var list []field
	json.Unmarshal([]byte(siteFields), &list)
	_, err := Settings{Fields: map[string]string{"team": "Team", "sev": "Severity", "tier": "tier"}}.catalog(list, 0, "", &site{})
	for _, part := range []string{`fields.sev: no field "Severity" is shown to the account`, `2 fields are named "Team": customfield_10070 (Team), customfield_10071 (team, project 10002)`,
		`no field "tier" is shown to the account; similar: customfield_10050 (Customer tier)`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v\nlacks %s", err, part)
		}
	}
}

func TestOnlyNeededFieldsAreAskedFor(t *testing.T) {
	got := testCatalog(t, nil, 0).request
	want := []string{"project", "summary", "created", "updated", "resolutiondate", "issuetype", "status", "priority", "labels", "duedate", "assignee"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecodePage(f *testing.F) {
	f.Add(`{"issues":[{"id":"1","key":"PAY-1","fields":{"labels":["a"],"duedate":"2026-01-01"}}],"nextPageToken":"x"}`)
	f.Add(`{"issues":[{"id":"1","key":"PAY-1","fields":{"customfield_10020":["x[id=1,name=,]"],"description":{"type":"doc","content":[{}]}}}]}`)
	f.Add(`{"issues":null}`)
	f.Add(`[[[{`)
	cat := testCatalog(f, map[string]string{"tier": "Customer tier"}, everything)
	f.Fuzz(func(t *testing.T, page string) {
		l, err := decodePage(t, cat, page)
		if err != nil {
			return
		}
		for _, i := range l.issues {
			if i.ID == "" || i.Key == "" {
				t.Errorf("an issue without identity: %+v", i)
			}
		}
	})
}

// FuzzBadIssue puts any JSON value beside a good issue: the good one is read.
func FuzzBadIssue(f *testing.F) {
	f.Add(`{"id":"1","key":"PAY-1","fields":{"status":[],"labels":{}}}`)
	f.Add(`{"fields":{"fields":{}}}`)
	f.Add(`1e999`)
	cat := testCatalog(f, map[string]string{"tier": "Customer tier"}, everything)
	f.Fuzz(func(t *testing.T, bad string) {
		var any any
		if json.Unmarshal([]byte(bad), &any, decoding) != nil {
			return
		}
		l, err := decodePage(t, cat, `{"issues":[`+bad+`,{"id":"77","key":"PAY-77","fields":{"summary":"good"}}]}`)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(l.issues); n == 0 || l.issues[n-1].Title != "good" || n+len(l.bad) != 2 {
			t.Errorf("the good issue was lost: %d good, %d bad", n, len(l.bad))
		}
	})
}

func FuzzReadErrorBody(f *testing.F) {
	f.Add([]byte(`{"errorMessages":["a"],"errors":{"labels":"b"}}`))
	f.Add([]byte(`{"errors":[{"message":"c"}]}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		detail, _ := readErrorBody(body)
		if len([]rune(detail)) > 202 || strings.ContainsAny(detail, "\n\r\x00\x1b") {
			t.Errorf("%q", detail)
		}
	})
}

// benchPage is a page of n issues of about 4 KB, three quarters of which is
// what the policy does not read.
func benchPage(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"issues":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"expand":"x","id":"%d","self":"https://acme.example/rest/api/3/issue/%d","key":"PAY-%d","fields":{"summary":"Something is broken in number %d","project":{"self":"https://acme.example/rest/api/3/project/10000","id":"10000","key":"PAY","name":"Payments"},"issuetype":{"self":"https://acme.example/rest/api/3/issuetype/1","id":"1","name":"Bug","subtask":false,"hierarchyLevel":0},"status":{"self":"https://acme.example","name":"In Progress","id":"3","statusCategory":{"id":4,"key":"indeterminate","colorName":"yellow","name":"In Progress"}},"priority":{"self":"https://acme.example","name":"High","id":"2"},"labels":["backend","lane:feature"],"duedate":null,"assignee":{"accountId":"5b10a2844c20165700ede21g","displayName":"Ann Example","active":true},"created":"2026-01-02T03:04:05.678+0000","updated":"2026-01-03T03:04:05.678+0000","resolutiondate":null,"customfield_1":%q}}`,
			10000+i, i, i, i, strings.Repeat("x", 2800))
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func BenchmarkDecodePage(b *testing.B) {
	const issues = 100
	page := benchPage(issues)
	cat := testCatalog(b, nil, 0)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		p := searchPage{Issues: issueList{d: cat.decoder}}
		if err := json.Unmarshal(page, &p, decoding); err != nil || len(p.Issues.issues) != issues {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/issues, "µs/issue")
}

func TestErrorBodies(t *testing.T) {
	tests := []struct {
		body, detail string
		fields       map[string]string
	}{
		{`{"errorMessages":["a","b"],"errors":{"labels":"not on screen"},"status":400}`, "a b", map[string]string{"labels": "not on screen"}},
		{`{"errors":[{"message":"bulk says"}]}`, "bulk says", nil},
		{`{"title":"Unsupported","detail":"no body","instance":"x"}`, "Unsupported no body", nil},
		{`{"message":"null for uri","status-code":404}`, "null for uri", nil},
		{"<!DOCTYPE html><html>private</html>", "the answer is an HTML page", nil},
		{"", "", nil},
		{"plain\x1b text", "plain text", nil},
	}
	for _, tt := range tests {
		detail, fields := readErrorBody([]byte(tt.body))
		if diff := cmp.Diff(tt.fields, fields); detail != tt.detail || diff != "" {
			t.Errorf("%s: %q %s", tt.body, detail, diff)
		}
	}
}

func FuzzReadLog(f *testing.F) {
	f.Add(`[{"author":{"accountId":"a"},"created":1700000000,"items":[{"field":"labels","fromString":"a","toString":"a b"}]}]`)
	f.Add(`[{"author":null,"created":"2026-01-02T03:04:05.678+0200","items":[{"fieldId":"status","to":"3"},{"fieldId":"duedate","to":null}]}]`)
	f.Add(`null`)
	c := &Client{account: account{id: "a"}}
	f.Fuzz(func(t *testing.T, s string) {
		log, err := readLog([]byte(s))
		if err != nil {
			return
		}
		events := c.events(log)
		for n := 1; n < len(events); n++ {
			if events[n].At.Before(events[n-1].At) {
				t.Fatal("not oldest first")
			}
		}
		for _, e := range events {
			if e.Field == issue.FieldLabels && (e.From == "") == (e.To == "") {
				t.Fatalf("a label event is neither added nor removed: %+v", e)
			}
		}
	})
}
