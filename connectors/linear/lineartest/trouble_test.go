package lineartest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

const cheap = `{ viewer { id } }`

func TestCredentials(t *testing.T) {
	o := newOffice(t, func(opt *Options) { opt.OAuthToken = "lin_oauth_x" })
	for _, c := range []struct {
		name, auth string
		status     int
		code       string
	}{
		{"the key", APIKey, 200, ""},
		{"a token", "Bearer lin_oauth_x", 200, ""},
		{"the key as Bearer", "Bearer " + APIKey, 400, "INPUT_ERROR"},
		{"a token without Bearer", "lin_oauth_x", 401, "AUTHENTICATION_ERROR"},
		{"a wrong key", "lin_api_wrong", 401, "AUTHENTICATION_ERROR"},
		{"nothing", "", 401, "AUTHENTICATION_ERROR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := send(t, o.Server, c.auth, cheap, nil)
			if err != nil || r.Status != c.status || r.code() != c.code {
				t.Errorf("got %d %s %v", r.Status, r.Raw, err)
			}
		})
	}
	o.RevokeKey()
	if r := ask(t, o.Server, cheap, nil); r.Status != 401 {
		t.Errorf("revoked: got %d", r.Status)
	}
	o.RestoreKey()
	must(t, o.Server, cheap, nil)
}

func TestFeaturesThatThePlanLacks(t *testing.T) {
	o := newOffice(t)
	o.SetPlan(Free)
	for name, q := range map[string]string{
		"customers":        `{ customers { nodes { id } } }`,
		"needs":            `{ customerNeeds { nodes { id } } }`,
		"needs of issues":  `{ issue(id: "ENG-1") { id needs { nodes { id } } } }`,
		"tiers":            `{ customerTiers { nodes { id } } }`,
		"SLA":              `{ slaConfigurations(teamId: "ENG") { id } }`,
		"one of two roots": `{ viewer { id } customers { nodes { id } } }`,
	} {
		if r := ask(t, o.Server, q, nil); r.Status != 200 || r.Data != nil || r.code() != "FEATURE_NOT_ACCESSIBLE" {
			t.Errorf("%s: got %d %s", name, r.Status, r.Raw)
		}
	}
	if r := ask(t, o.Server, `{ team(id: "ENG") { key triageResponsibility { id } } }`, nil); r.code() != "FEATURE_NOT_ACCESSIBLE" || r.at("team", "key") != "ENG" {
		t.Errorf("a field that may be null is null beside the others: got %d %s", r.Status, r.Raw)
	}
	if r := must(t, o.Server, `{ organization { customersEnabled } }`, nil); r.at("organization", "customersEnabled") != false {
		t.Errorf("got %s", r.Raw)
	}
}

func TestTheBudgetIsALeakyBucket(t *testing.T) {
	o := newOffice(t)
	o.SetLimits(Limits{Requests: 3600, Complexity: 1000, Query: 10000})
	o.SetRemaining(2, 1000)
	var last reply
	for range 2 {
		last = must(t, o.Server, cheap, nil)
	}
	if got := last.Header.Get("X-RateLimit-Requests-Remaining"); got != "0" {
		t.Errorf("remaining %s", got)
	}
	r := ask(t, o.Server, updateDoc, map[string]any{"id": "ENG-1", "in": map[string]any{"priority": 1}})
	if r.Status != 400 || r.code() != "RATELIMITED" || r.Errors[0].Extensions["type"] != "ratelimited" || r.Errors[0].Extensions["statusCode"] != 429.0 {
		t.Errorf("got %d %s", r.Status, r.Raw)
	}
	if i, _ := o.Issue("ENG-1"); i.Priority != 0 {
		t.Error("a refused write was done")
	}
	reset, _ := strconv.ParseInt(r.Header.Get("X-RateLimit-Requests-Reset"), 10, 64)
	if want := o.clock.now().Add(time.Hour).UnixMilli(); reset != want {
		t.Errorf("reset %d, want an hour ahead in ms: %d", reset, want)
	}
	o.clock.advance(time.Second) // one request at 3,600 an hour
	must(t, o.Server, cheap, nil)
	if r := ask(t, o.Server, cheap, nil); r.code() != "RATELIMITED" {
		t.Errorf("got %s", r.Raw)
	}
	o.SetRemaining(100, 0)
	if r := ask(t, o.Server, cheap, nil); r.code() != "RATELIMITED" || !strings.Contains(r.message(), "complexity") {
		t.Errorf("without points: got %s", r.Raw)
	}
	if c := o.Counters(); c.Requests != 6 || c.Limited != 3 || c.Mutations != 1 {
		t.Errorf("got %+v", c)
	}
}

func TestFaults(t *testing.T) {
	write := func(o *office) (reply, error) {
		return send(t, o.Server, APIKey, updateDoc, map[string]any{"id": "ENG-1", "in": map[string]any{"priority": 1}})
	}
	for _, c := range []struct {
		fault   Fault
		status  int
		body    string // contained
		lost    bool
		applied bool
	}{
		{Fault{Kind: Status, Status: 503}, 503, "Service Unavailable", false, false},
		{Fault{Kind: StatusAfter, Status: 504}, 504, "Gateway", false, true},
		{Fault{Kind: RateLimited}, 400, `"RATELIMITED"`, false, false},
		{Fault{Kind: RateLimited, Status: 429}, 429, `"RATELIMITED"`, false, false},
		{Fault{Kind: RateLimited, Status: 200}, 200, `"RATELIMITED"`, false, false},
		{Fault{Kind: HTML}, 200, "<!doctype html>", false, false},
		{Fault{Kind: Truncated}, 200, `{"data":`, false, true},
		{Fault{Kind: Endless, Size: 1 << 20}, 200, "0123456789abcdef", false, true},
		{Fault{Kind: Drop}, 0, "", true, false},
		{Fault{Kind: DropAfter}, 0, "", true, true},
		{Fault{Kind: PartialData}, 200, `"success":true`, false, true},
		{Fault{Kind: InternalError}, 200, "internal error", false, false},
	} {
		t.Run(string(c.fault.Kind)+" "+strconv.Itoa(c.fault.Status), func(t *testing.T) {
			o := newOffice(t)
			c.fault.Times = 1
			o.Inject(c.fault)
			r, err := write(o)
			if (err != nil) != c.lost || c.lost && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("got error %v", err)
			}
			if r.Status != c.status || !strings.Contains(string(r.Raw), c.body) {
				t.Errorf("got %d %.300s", r.Status, r.Raw)
			}
			if i, _ := o.Issue("ENG-1"); (i.Priority == 1) != c.applied {
				t.Errorf("applied: %v, want %v", i.Priority == 1, c.applied)
			}
			if r, err := write(o); err != nil || r.Status != 200 || len(r.Errors) > 0 {
				t.Errorf("once only: got %d %s %v", r.Status, r.Raw, err)
			}
			if log := o.Requests(); log[0].Fault != string(c.fault.Kind) || log[0].Applied != c.applied || log[1].Fault != "" {
				t.Errorf("got %+v", log)
			}
		})
	}
}

func TestFaultsHaveAScope(t *testing.T) {
	o := newOffice(t)
	o.Inject(Fault{Kind: Status, Status: 500, Match: OnField("issues"), Skip: 1, Until: o.clock.now().Add(time.Minute)})
	var got []int
	for _, q := range []string{cheap, `{ issues { nodes { id } } }`, `{ issues { nodes { id } } }`, cheap} {
		got = append(got, ask(t, o.Server, q, nil).Status)
	}
	o.clock.advance(time.Minute)
	got = append(got, ask(t, o.Server, `{ issues { nodes { id } } }`, nil).Status)
	want := []int{200, 200, 500, 200, 200}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestBrokenCursors(t *testing.T) {
	o := newOffice(t)
	o.create(t, Issue{TeamID: "ENG"})
	doc := `query($a: String) { issues(first: 1, after: $a) { nodes { labels(first: 1) { pageInfo { hasNextPage } } } pageInfo { hasNextPage endCursor } } }`
	o.Inject(Fault{Kind: EmptyCursor, Times: 1})
	r := must(t, o.Server, doc, nil)
	if r.at("issues", "pageInfo", "hasNextPage") != true || r.at("issues", "pageInfo", "endCursor") != "" ||
		r.at("issues", "nodes", 0, "labels", "pageInfo", "hasNextPage") != false {
		t.Errorf("got %s", r.Raw)
	}
	good := must(t, o.Server, doc, nil).at("issues", "pageInfo", "endCursor")
	o.Inject(Fault{Kind: RepeatedCursor, Times: 1})
	if r := must(t, o.Server, doc, map[string]any{"a": good}); r.at("issues", "pageInfo", "endCursor") != good {
		t.Errorf("got %s", r.Raw)
	}
}

func TestFilteredListsLagBehindLookups(t *testing.T) {
	o := newOffice(t)
	o.Behave(func(b *Behavior) { b.Lag = 10 * time.Second })
	if _, err := o.Edit("ENG-1", o.ann.ID, func(i *Issue) { i.Priority = 1 }); err != nil {
		t.Fatal(err)
	}
	o.create(t, Issue{TeamID: "ENG"})
	list := func() string {
		return identifiers(must(t, o.Server, `{ issues(filter: {priority: {eq: 1}}) { nodes { identifier } } }`, nil).at("issues", "nodes"))
	}
	every := func() string {
		return identifiers(must(t, o.Server, `{ issues(orderBy: updatedAt) { nodes { identifier } } }`, nil).at("issues", "nodes"))
	}
	if list() != "" || every() != "ENG-1" {
		t.Errorf("too early: %q %q", list(), every())
	}
	r := must(t, o.Server, `query($id: ID!) { issue(id: "ENG-1") { priority } issues(filter: {id: {in: [$id]}}) { nodes { priority } } }`, map[string]any{"id": o.one.ID})
	if r.at("issue", "priority") != 1.0 || r.at("issues", "nodes", 0, "priority") != 1.0 {
		t.Errorf("look-ups lag: %s", r.Raw)
	}
	o.clock.advance(10 * time.Second)
	if list() != "ENG-1" || every() != "ENG-2 ENG-1" {
		t.Errorf("too late: %q %q", list(), every())
	}
}

func TestPeopleEditBetweenReadAndWrite(t *testing.T) {
	o := newOffice(t)
	o.SetHooks(Hooks{BeforeMutation: func(*Request) {
		if _, err := o.Edit("ENG-1", o.bob.ID, func(i *Issue) { i.LabelIDs = []string{o.lane["feature"]} }); err != nil {
			t.Error(err)
		}
	}})
	r := update1(t, o, map[string]any{"addedLabelIds": []any{o.lane["hotfix"]}})
	if r.message() != "labelIds not exclusive child labels" {
		t.Errorf("got %s", r.Raw)
	}
}

func TestHooksSeeEachRequestAndMayBreakIt(t *testing.T) {
	o := newOffice(t)
	var before, after []string
	o.SetHooks(Hooks{
		Before: func(r *Request) *Fault {
			before = append(before, strings.Join(r.Fields, "+"))
			if r.N == 2 {
				return &Fault{Kind: Status, Status: 502}
			}
			return nil
		},
		After: func(r *Request) { after = append(after, strconv.Itoa(r.Status)) },
	})
	for range 3 {
		ask(t, o.Server, `{ viewer { id } organization { id } }`, nil)
	}
	if strings.Join(before, " ") != "viewer+organization viewer+organization viewer+organization" || strings.Join(after, " ") != "200 502 200" {
		t.Errorf("before %v, after %v", before, after)
	}
}

func TestNullFieldsAndClockSkew(t *testing.T) {
	o := newOffice(t)
	o.Behave(func(b *Behavior) {
		b.NullFields, b.DateSkew = []string{"Issue.assignee", "Issue.title"}, -time.Hour
	})
	r := must(t, o.Server, `{ issue(id: "ENG-1") { title assignee { id } identifier } }`, nil)
	if r.at("issue", "title") != nil || r.at("issue", "assignee") != nil || r.at("issue", "identifier") != "ENG-1" {
		t.Errorf("got %s", r.Raw)
	}
	if date, err := http.ParseTime(r.Header.Get("Date")); err != nil || !date.Equal(o.clock.now().Add(-time.Hour)) {
		t.Errorf("got %v %v", date, err)
	}
}

func TestOverARealListener(t *testing.T) {
	o := newOffice(t)
	srv := httptest.NewServer(o)
	defer srv.Close()
	o.Inject(Fault{Kind: DropAfter, Times: 1})
	for _, lost := range []bool{true, false} {
		req, _ := http.NewRequest(http.MethodPost, srv.URL+"/graphql", strings.NewReader(`{"query":"mutation { issueUpdate(id: \"ENG-1\", input: {priority: 1}) { success } }"}`))
		req.Header.Set("Authorization", APIKey)
		req.GetBody = nil // no silent retry
		resp, err := http.DefaultClient.Do(req)
		if (err != nil) != lost {
			t.Fatalf("lost %v: got %v", lost, err)
		}
		if err == nil {
			_ = resp.Body.Close()
		}
	}
	if i, _ := o.Issue("ENG-1"); i.Priority != 1 || len(o.Mutations()) != 2 {
		t.Errorf("priority %d after %d mutations", i.Priority, len(o.Mutations()))
	}
}

func TestOtherPathsAndBodies(t *testing.T) {
	o := newOffice(t)
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{http.MethodGet, "/graphql", "", 404},
		{http.MethodPost, "/rest", "{}", 404},
		{http.MethodPost, "/graphql", "not JSON", 400},
		{http.MethodPost, "/graphql", "null", 400},
	} {
		w := httptest.NewRecorder()
		req := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		req.Header.Set("Authorization", APIKey)
		o.ServeHTTP(w, req)
		if w.Code != c.want {
			t.Errorf("%s %s %q: got %d, want %d", c.method, c.path, c.body, w.Code, c.want)
		}
	}
}
