package jiratest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestJQL(t *testing.T) {
	s, _ := site(t, Options{})
	for key, f := range map[string]func(*Edit){
		"PAY-1": func(e *Edit) { e.Priority("Highest"); e.Field("customfield_10016", 3.0); e.Assignee("amy") },
		"PAY-2": func(e *Edit) { e.Labels(); e.Status("Done"); e.Field("customfield_10050", "enterprise") },
		"PAY-3": func(e *Edit) { e.AddLabel("lane:hotfix"); e.Components("API"); e.Due("2026-03-05"); e.Priority("") },
		"PAY-4": func(e *Edit) {
			e.Status("In Progress")
			e.Field("customfield_10020", []Sprint{{ID: 1, Name: "S 1", State: "active"}})
		},
	} {
		if err := s.Edit(key, "amy", f); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ jql, want string }{
		{"project = PAY", "PAY-1 PAY-2 PAY-3 PAY-4 PAY-5"},
		{"project = 'payments'", "PAY-1 PAY-2 PAY-3 PAY-4 PAY-5"},
		{"project != PAY", "HELP-1 WEB-1"},
		{"project in (WEB, HELP)", "HELP-1 WEB-1"},
		{"project not in (PAY, HELP)", "WEB-1"},
		{"key = PAY-1", "PAY-1"},
		{"issuekey in (PAY-1, 'web-1')", "PAY-1 WEB-1"},
		{"id in (10000, 10001)", "PAY-1 PAY-2"},
		{"id = 10000", "PAY-1"},
		{"key != PAY-1 AND project = PAY", "PAY-2 PAY-3 PAY-4 PAY-5"},
		{"key > PAY-3", "PAY-4 PAY-5"},
		{"key >= PAY-2 AND key < PAY-4", "PAY-2 PAY-3"},
		{"id > 10002", "PAY-4 PAY-5"},
		{"labels = money", "PAY-1 PAY-3 PAY-4 PAY-5"},
		{"labels = Money", ""},
		{"project = PAY AND labels != money", ""},
		{"project = PAY AND (labels != money OR labels is EMPTY)", "PAY-2"},
		{"project = PAY AND NOT labels = money", ""},
		{"project = PAY AND labels is not EMPTY", "PAY-1 PAY-3 PAY-4 PAY-5"},
		{"labels in ('lane:hotfix', other)", "PAY-3"},
		{"project = PAY AND labels = EMPTY", "PAY-2"},
		{"statusCategory = Done", "PAY-2"},
		{"statusCategory != Done AND project = PAY", "PAY-1 PAY-3 PAY-4 PAY-5"},
		{"statusCategory = 'In Progress'", "PAY-4"},
		{"status = 'In Progress' OR status = Done", "PAY-2 PAY-4"},
		{"resolution = Unresolved AND project = PAY", "PAY-1 PAY-3 PAY-4 PAY-5"},
		{"issuetype = Story", "WEB-1"},
		{"type not in (Bug, Task)", "WEB-1"},
		{"priority = Highest", "PAY-1"},
		{"priority = 1", "PAY-1"},
		{"priority > Medium", "PAY-1"},
		{"priority <= Medium AND project = PAY", "PAY-2 PAY-4 PAY-5"},
		{"priority is EMPTY", "PAY-3"},
		{"component = api", "PAY-3"},
		{"assignee = amy", "PAY-1"},
		{"assignee = 'amy@example.org'", "PAY-1"},
		{"assignee is EMPTY AND project = PAY", "PAY-2 PAY-3 PAY-4 PAY-5"},
		{"assignee != amy", ""},
		{"assignee = currentUser()", ""},
		{"reporter = bob", "WEB-1"},
		{"text ~ 'payment fails 3'", "PAY-4"},
		{"summary ~ page", "WEB-1"},
		{"summary !~ fails", "HELP-1 WEB-1"},
		{"cf[10050] = enterprise", "PAY-2"},
		{"'Customer tier' = Enterprise", "PAY-2"},
		{"cf[10016] >= 3", "PAY-1"},
		{"'Story Points' is not EMPTY", "PAY-1"},
		{"sprint in openSprints()", "PAY-4"},
		{"sprint = 'S 1'", "PAY-4"},
		{"due < '2026-03-06'", "PAY-3"},
		{"created < -8h AND project = PAY", "PAY-1 PAY-2"},
		{"created >= '-8h' AND project = PAY", "PAY-3 PAY-4 PAY-5"},
		{"created >= startOfDay() and project = PAY", "PAY-2 PAY-3 PAY-4 PAY-5"},
		{"updated >= now() AND project = PAY", "PAY-1 PAY-2 PAY-3 PAY-4"},
		{"(project = PAY OR project = WEB) AND priority = Medium AND NOT (status = Done OR issuetype = Bug)", "WEB-1"},
		{"project = PAY && labels = money || project = WEB", "PAY-1 PAY-3 PAY-4 PAY-5 WEB-1"},
		{"project = PAY AND NOT NOT key = PAY-1", "PAY-1"},
		{`summary ~ "Payment" AND labels = "mon\u0065y" AND key < PAY-2`, "PAY-1"},
		{"PROJECT IN (PAY) and KEY = PAY-1 Order By KEY desc", "PAY-1"},
	} {
		t.Run(c.jql, func(t *testing.T) {
			got := keys(t, do(t, s, "POST", "/rest/api/3/search/jql", jql(c.jql)))
			slices.Sort(got)
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

func TestJQLRefuses(t *testing.T) {
	s, _ := site(t, Options{})
	for _, c := range []struct{ jql, want string }{
		{"project = AND", "reserved JQL word"},
		{"assignee = amy@example.org", "reserved JQL character"},
		{"project PAY", "Expecting operator"},
		{"project = ", "Expecting either a value"},
		{"(project = PAY", "Expecting ')'"},
		{"project = PAY project = WEB", "Expecting either 'OR' or 'AND'"},
		{"project = 'PAY", "quoted string has not been completed"},
		{`summary ~ "a\qb"`, "illegal JQL escape"},
		{"summary = fails", "The operator '=' is not supported by the 'summary' field."},
		{"project ~ PAY", "not supported"},
		{"project in PAY", "non-list value"},
		{"updated >= '2026-03-01T10:00'", "Date value '2026-03-01T10:00' for field 'updated' is invalid"},
		{"updated >= '2026-03-01 10:00:30'", "is invalid"},
		{"updated >= '1772000000000'", "is invalid"},
		{"key = PAY-99", "An issue with key 'PAY-99' does not exist"},
		{"key = NOPE-1", "does not exist"},
		{"id > 99", "A value with ID '99' does not exist"},
		{"assignee = nobody", "does not exist for the field 'assignee'"},
		{"component = Nothing", "does not exist"},
		{"priority = Urgent", "does not exist"},
		{"issuetype = Novel", "does not exist"},
		{"statusCategory = Maybe", "does not exist"},
		{"project = PAY ORDER BY universe", "Field 'universe'"},
		{"project = PAY ORDER BY labels", "Not able to sort"},
		{"project = unknownFunction()", "Unable to find JQL function"},
		{strings.Repeat("(", 200) + "project = PAY" + strings.Repeat(")", 200), "nested"},
	} {
		t.Run(c.jql, func(t *testing.T) {
			a := do(t, s, "POST", "/rest/api/3/search/jql", jql(c.jql))
			if m, _ := a.json(t)["errorMessages"].([]any); a.status != 400 || len(m) != 1 || !strings.Contains(m[0].(string), c.want) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func TestJQLOrder(t *testing.T) {
	s, ck := site(t, Options{})
	ck.add(time.Minute)
	if err := s.Edit("PAY-1", "amy", func(e *Edit) { e.Priority("Highest") }); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ order, want string }{
		{"ORDER BY updated ASC, key ASC", "PAY-2 PAY-3 PAY-4 PAY-5 PAY-1"},
		{"ORDER BY updated DESC", "PAY-1 PAY-5 PAY-4 PAY-3 PAY-2"},
		{"ORDER BY key DESC", "PAY-5 PAY-4 PAY-3 PAY-2 PAY-1"},
		{"ORDER BY priority DESC, created DESC", "PAY-1 PAY-5 PAY-4 PAY-3 PAY-2"},
		{"ORDER BY priority, id", "PAY-2 PAY-3 PAY-4 PAY-5 PAY-1"},
		{"", "PAY-5 PAY-4 PAY-3 PAY-2 PAY-1"},
	} {
		if got := strings.Join(keys(t, do(t, s, "POST", "/rest/api/3/search/jql", jql("project = PAY "+c.order))), " "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.order, got, c.want)
		}
	}
}

func TestQuotedDatesAreReadInTheAccountsZone(t *testing.T) {
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	s, _ := site(t, Options{AccountZone: ny})
	// PAY-5 was created at 03:00 UTC, which is 22:00 the day before in New York.
	for _, c := range []struct{ jql, want string }{
		{"created >= '2026-03-02 03:00' AND project = PAY", ""},
		{"created >= '2026-03-01 22:00' AND project = PAY", "PAY-5"},
		{"created >= 1772420400000 AND project = PAY", "PAY-5"},
		{"created = '2026/03/01 22:00' AND project = PAY", "PAY-5"},
		{"created > '2026/03/01 22:00' AND project = PAY", ""},
		{"created <= '2026/03/01 22:00' AND created > '2026/03/01 20:30'", "PAY-4 PAY-5"},
	} {
		got := keys(t, do(t, s, "POST", "/rest/api/3/search/jql", jql(c.jql+" ORDER BY key")))
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %v, want %s", c.jql, got, c.want)
		}
	}
}

func TestParseEndpoint(t *testing.T) {
	s, _ := site(t, Options{})
	a := do(t, s, "POST", "/rest/api/3/jql/parse?validation=strict", `{"queries":["project = PAY AND labels in (x, 'b c') ORDER BY updated DESC, key","x","universe = 1"]}`)
	var out struct {
		Queries []struct {
			Query     string
			Errors    []string
			Structure struct {
				OrderBy struct {
					Fields []struct {
						Direction string
						Field     struct{ Name string }
					}
				}
				Where json.RawMessage
			}
		}
	}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil || len(out.Queries) != 3 {
		t.Fatalf("%v %s", err, a.body)
	}
	q := out.Queries[0]
	if f := q.Structure.OrderBy.Fields; len(f) != 2 || f[0].Direction != "desc" || f[1].Field.Name != "key" {
		t.Errorf("order: %+v", f)
	}
	if !strings.Contains(string(q.Structure.Where), `"encodedOperand":"(x, \"b c\")"`) {
		t.Errorf("where: %s", q.Structure.Where)
	}
	if len(out.Queries[1].Errors) != 1 || len(out.Queries[2].Errors) != 1 {
		t.Errorf("errors: %s", a.body)
	}
}

func FuzzJQL(f *testing.F) {
	for _, q := range []string{
		"project = PAY AND (labels in (a, 'b') OR NOT priority > High) ORDER BY updated DESC", "key >= PAY-1 AND id < 10003",
		`text ~ "a\u0041" && cf[10016] = 3 || due is EMPTY`, "updated >= -1d AND created in ('2026-01-01')", "a = b()", "((((", "\\", "'", "cf[", "!x = y",
		"priority < EMPTY", "votes in (1,2)", "sprint in openSprints()", "key in ()", "labels is not x", "due > EMPTY", "summary ~ EMPTY",
	} {
		f.Add(q)
	}
	ck := &clock{t: start}
	s := New(Options{Now: ck.now})
	s.Generate(1, 30, GenerateOptions{})
	c := &call{s: s, user: s.users[s.Account()], now: start}
	f.Fuzz(func(t *testing.T, q string) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		for _, lenient := range []bool{false, true} {
			found, err := s.search(c, q, lenient, nil)
			if (found == nil) == (err == nil) {
				t.Fatalf("%q: %v and %v", q, found, err)
			}
		}
	})
}
