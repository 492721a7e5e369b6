package jiratest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSearchLagsBehindTheTruth(t *testing.T) {
	s, ck := site(t, Options{})
	s.Trap(func(t *Traps) { t.IndexLag = 10 * time.Second })
	if a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1", `{"update":{"labels":[{"add":"new"}]}}`); a.status != 204 {
		t.Fatal(a)
	}
	fresh := s.Create(Spec{Project: "PAY", Summary: "fresh"})
	if err := s.Delete("PAY-2"); err != nil {
		t.Fatal(err)
	}
	ck.add(9 * time.Second)
	find := func(q, more string) string {
		return strings.Join(keys(t, do(t, s, "POST", "/rest/api/3/search/jql", `{"jql":"`+q+`","fields":["labels"]`+more+`}`)), " ")
	}
	if got := find("labels = new", ""); got != "" {
		t.Errorf("the index knows the label already: %s", got)
	}
	if got := find("key in (PAY-1, "+fresh+")", ""); got != "PAY-1" {
		t.Errorf("the index knows the new issue already: %s", got)
	}
	if got := find("labels = new", `,"reconcileIssues":[10000]`); got != "PAY-1" {
		t.Errorf("reconciled: %s", got)
	}
	if got := find("project = PAY", `,"reconcileIssues":[10001]`); strings.Contains(got, "PAY-2") {
		t.Errorf("a reconciled issue that is gone: %s", got)
	}
	if a := do(t, s, "GET", "/rest/api/3/issue/PAY-1?fields=labels", ""); !strings.Contains(a.body, `"new"`) {
		t.Errorf("reading lags: %s", a.body)
	}
	if a := do(t, s, "GET", "/rest/api/3/issue/PAY-2", ""); a.status != 404 {
		t.Errorf("the deleted issue: %d", a.status)
	}
	ck.add(2 * time.Second)
	if got := find("labels = new", ""); got != "PAY-1" {
		t.Errorf("the index never learns: %s", got)
	}
}

// pages follows the tokens of a Cloud search for at most n pages.
func pages(t *testing.T, s *Server, q string, size, n int, between func(int)) (got [][]string, tokens []string) {
	t.Helper()
	token := ""
	for i := range n {
		body := map[string]any{"jql": q, "maxResults": size, "fields": []string{"summary"}}
		if token != "" {
			body["nextPageToken"] = token
		}
		b, _ := json.Marshal(body)
		a := do(t, s, "POST", "/rest/api/3/search/jql", string(b))
		got = append(got, keys(t, a))
		token, _ = a.json(t)["nextPageToken"].(string)
		tokens = append(tokens, token)
		if token == "" {
			break
		}
		if between != nil {
			between(i)
		}
	}
	return got, tokens
}

func TestPagingTraps(t *testing.T) {
	const q = "project = PAY ORDER BY updated ASC, key ASC"
	for _, c := range []struct {
		name string
		trap func(*Traps)
		size int
		want string
		last bool // whether the last page ended the search
	}{
		{"honest", func(*Traps) {}, 2, "[[PAY-1 PAY-2] [PAY-3 PAY-4] [PAY-5]]", true},
		{"fewer than asked", func(t *Traps) { t.PageCap = 1 }, 3, "[[PAY-1] [PAY-2] [PAY-3] [PAY-4] [PAY-5]]", true},
		{"the same token again", func(t *Traps) { t.RepeatToken = true }, 2, "[[PAY-1 PAY-2] [PAY-3 PAY-4] [PAY-3 PAY-4] [PAY-3 PAY-4] [PAY-3 PAY-4]]", false},
		{"an early end", func(t *Traps) { t.StopAfter = 4 }, 2, "[[PAY-1 PAY-2] [PAY-3 PAY-4]]", true},
		{"duplicates across pages", func(t *Traps) { t.Overlap = 1 }, 3, "[[PAY-1 PAY-2 PAY-3] [PAY-3 PAY-4 PAY-5]]", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := site(t, Options{})
			s.Trap(c.trap)
			got, tokens := pages(t, s, q, c.size, 5, nil)
			if fmt.Sprint(got) != c.want || (tokens[len(tokens)-1] == "") != c.last {
				t.Errorf("%v %q", got, tokens)
			}
		})
	}
}

func TestIssuesThatMoveWhileAClientPagesAreNotPassedOver(t *testing.T) {
	s, ck := site(t, Options{})
	got, _ := pages(t, s, "project = PAY ORDER BY updated ASC, key ASC", 2, 9, func(i int) {
		ck.add(time.Second)
		if err := s.Edit([]string{"PAY-1", "PAY-3", "PAY-5"}[min(i, 2)], "amy", func(e *Edit) { e.AddLabel(fmt.Sprint("l", i)) }); err != nil {
			t.Fatal(err)
		}
	})
	flat := slices.Concat(got...)
	for i := range 5 {
		if !slices.Contains(flat, fmt.Sprintf("PAY-%d", i+1)) {
			t.Errorf("PAY-%d was passed over: %v", i+1, got)
		}
	}
}

func TestATokenIsForItsQueryAndForSevenDays(t *testing.T) {
	s, ck := site(t, Options{})
	_, tokens := pages(t, s, "project = PAY", 2, 1, nil)
	other := `{"jql":"project in (PAY)","nextPageToken":"` + tokens[0] + `"}`
	if a := do(t, s, "POST", "/rest/api/3/search/jql", other); a.status != 400 {
		t.Errorf("another query: %d", a.status)
	}
	ck.add(tokenLife + time.Second)
	same := `{"jql":"project = PAY","nextPageToken":"` + tokens[0] + `"}`
	if a := do(t, s, "POST", "/rest/api/3/search/jql", same); a.status != 400 {
		t.Errorf("after seven days: %d", a.status)
	}
}

func TestPagesWithFieldsAreSmall(t *testing.T) {
	s, _ := site(t, Options{})
	s.Generate(1, 300, GenerateOptions{})
	if n := len(keys(t, do(t, s, "POST", "/rest/api/3/search/jql", `{"jql":"created >= 0","maxResults":5000,"fields":["summary"]}`))); n != 100 {
		t.Errorf("with fields: %d", n)
	}
	a := do(t, s, "POST", "/rest/api/3/search/jql", `{"jql":"created >= 0","maxResults":5000}`)
	if n := len(keys(t, a)); n != 307 || strings.Contains(a.body, "fields") {
		t.Errorf("ids only: %d", n)
	}
}

func TestDeadToken(t *testing.T) {
	s, _ := site(t, Options{Token: "secret", Account: User{AccountID: "bot", Email: "bot@example.org"}})
	if a := do(t, s, "GET", "/rest/api/3/myself", ""); a.status != 200 || a.header.Get("X-AAccountId") != "bot" {
		t.Fatalf("before: %d", a.status)
	}
	s.RevokeToken()
	a := do(t, s, "POST", "/rest/api/3/search/jql", jql("project = PAY"))
	if got := keys(t, a); len(got) != 0 || a.header.Get("X-Seraph-LoginReason") != "AUTHENTICATED_FAILED" || a.header.Get("X-AAccountId") != "" {
		t.Errorf("search: %v %v", got, a.header)
	}
	if got := keys(t, do(t, s, "POST", "/rest/api/3/search/jql", jql("project = UNKNOWN"))); len(got) != 0 {
		t.Error("a stranger's unknown project is an error")
	}
	if a := do(t, s, "POST", "/rest/api/3/issue/bulkfetch", `{"issueIdsOrKeys":["PAY-1"]}`); a.status != 200 || len(keys(t, a)) != 0 {
		t.Errorf("bulkfetch: %d", a.status)
	}
	if a := do(t, s, "GET", "/rest/api/3/myself", ""); a.status != 401 || a.header.Get("X-Seraph-LoginReason") != "AUTHENTICATED_FAILED" {
		t.Errorf("myself: %d", a.status)
	}
	if a := do(t, s, "GET", "/rest/api/3/serverInfo", ""); a.status != 200 {
		t.Errorf("serverInfo: %d", a.status)
	}
	if a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1", `{"fields":{"summary":"x"}}`); a.status != 404 {
		t.Errorf("edit: %d", a.status)
	}
	s.RestoreToken()
	if a := do(t, s, "GET", "/rest/api/3/myself", ""); a.status != 200 {
		t.Errorf("after: %d", a.status)
	}
	bad := send(t, s, "GET", "/rest/api/3/myself", "", func(r *http.Request) { r.SetBasicAuth("eve@example.org", "secret") })
	if bad.status != 401 {
		t.Errorf("another's address: %d", bad.status)
	}
}

func TestCaptcha(t *testing.T) {
	s, _ := site(t, Options{})
	s.Trap(func(t *Traps) { t.Captcha = true })
	a := do(t, s, "GET", "/rest/api/3/myself", "")
	if a.status != 403 || a.header.Get("X-Seraph-LoginReason") != "AUTHENTICATION_DENIED" ||
		!strings.HasPrefix(a.header.Get("X-Authentication-Denied-Reason"), "CAPTCHA_CHALLENGE; login-url=") {
		t.Errorf("%d %v", a.status, a.header)
	}
}

func TestTextsFollowTheLanguage(t *testing.T) {
	s, _ := site(t, Options{Language: "de"})
	a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1", `{"update":{"labels":[{"add":"x y"}]}}`)
	if a.status != 400 || !strings.Contains(a.body, `"labels":"Das Stichwort 'x y' enthält Leerzeichen.`) {
		t.Errorf("%s", a.body)
	}
	a = do(t, s, "POST", "/rest/api/3/search/jql", jql("project = NOPE"))
	if !strings.Contains(a.body, "existiert nicht für das Feld") {
		t.Errorf("%s", a.body)
	}
}

func TestFaults(t *testing.T) {
	edit := `{"update":{"labels":[{"add":"lane:hotfix"}]}}`
	t.Run("connection lost before a write: nothing happened", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.FailNext("edit", 1, Fault{Abort: true})
		a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1", edit)
		if i, _ := s.Issue("PAY-1"); a.err == nil || i.HasLabel("lane:hotfix") {
			t.Errorf("%v %v", a.err, i.Labels)
		}
	})
	t.Run("connection lost after a write: it happened", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.FailAfter("edit", 1, Fault{Abort: true})
		a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1", edit)
		if i, _ := s.Issue("PAY-1"); a.err == nil || !i.HasLabel("lane:hotfix") {
			t.Errorf("%v %v", a.err, i.Labels)
		}
		if a := do(t, s, "PUT", "/rest/api/3/issue/PAY-1", edit); a.status != 204 {
			t.Errorf("the next one: %d", a.status)
		}
	})
	t.Run("5xx for a period", func(t *testing.T) {
		s, ck := site(t, Options{})
		s.Outage("", start.Add(time.Minute), start.Add(time.Hour), ServerError(503))
		for _, c := range []struct {
			after time.Duration
			code  int
		}{{0, 200}, {time.Minute, 503}, {58 * time.Minute, 503}, {time.Minute, 200}} {
			ck.add(c.after)
			if a := do(t, s, "GET", "/rest/api/3/myself", ""); a.status != c.code {
				t.Errorf("at %v: %d", ck.now(), a.status)
			}
		}
	})
	t.Run("HTML on 200", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.FailNext("search", 1, LoginPage())
		a := do(t, s, "POST", "/rest/api/3/search/jql", jql("project = PAY"))
		if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || !strings.Contains(a.body, "<html>") {
			t.Errorf("%d %v", a.status, a.header)
		}
	})
	t.Run("truncated JSON with a dropped connection", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.FailNext("search", 1, Fault{Truncate: 40})
		a := do(t, s, "POST", "/rest/api/3/search/jql", jql("project = PAY"))
		if !errors.Is(a.err, io.ErrUnexpectedEOF) || len(a.body) != 40 {
			t.Errorf("%v %q", a.err, a.body)
		}
	})
	t.Run("truncated JSON that ends regularly", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.FailNext("search", 1, Fault{Cut: 40})
		a := do(t, s, "POST", "/rest/api/3/search/jql", jql("project = PAY"))
		if a.err != nil || json.Valid([]byte(a.body)) || len(a.body) != 40 {
			t.Errorf("%v %q", a.err, a.body)
		}
	})
	t.Run("endless body", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.FailNext("myself", 1, Fault{Endless: 1 << 20})
		if a := do(t, s, "GET", "/rest/api/3/myself", ""); len(a.body) < 1<<20 {
			t.Errorf("%d bytes", len(a.body))
		}
	})
	t.Run("slow drip", func(t *testing.T) {
		var waited time.Duration
		s, _ := site(t, Options{Pause: func(_ *http.Request, d time.Duration) error { waited += d; return nil }})
		s.FailNext("myself", 1, Fault{Drip: 10, DripPause: time.Second, Delay: time.Minute})
		a := do(t, s, "GET", "/rest/api/3/myself", "")
		if want := time.Minute + time.Duration((len(a.body)+9)/10)*time.Second; waited != want {
			t.Errorf("waited %v, want %v", waited, want)
		}
	})
	t.Run("a hook decides", func(t *testing.T) {
		s, _ := site(t, Options{Fault: func(r *http.Request, op string, when When) *Fault {
			if op == "myself" && when == After {
				return &Fault{Status: 502, Body: "bad gateway", Type: "text/plain"}
			}
			return nil
		}})
		if a := do(t, s, "GET", "/rest/api/3/myself", ""); a.status != 502 || a.body != "bad gateway" {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("429 as Cloud says it", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.FailNext("search", 1, TooMany(ReasonTenant, 90*time.Second, start.Add(90*time.Second)))
		a := do(t, s, "POST", "/rest/api/3/search/jql", jql("project = PAY"))
		if a.status != 429 || a.header.Get("Retry-After") != "90" || a.header.Get("RateLimit-Reason") != ReasonTenant || a.header.Get("X-RateLimit-Reset") != "2026-03-02T09:01Z" {
			t.Errorf("%d %v", a.status, a.header)
		}
		s.FailNext("search", 1, TooMany("", -1, time.Time{}))
		a = do(t, s, "POST", "/rest/api/3/search/jql", jql("project = PAY"))
		if a.status != 429 || a.header.Get("Retry-After") != "" || a.header.Get("RateLimit-Reason") != "" {
			t.Errorf("without headers: %d %v", a.status, a.header)
		}
	})
}

func TestOddValues(t *testing.T) {
	read := func(t *testing.T, s *Server) answer {
		t.Helper()
		return do(t, s, "POST", "/rest/api/3/issue/bulkfetch", `{"issueIdsOrKeys":["PAY-1","PAY-2"],"fields":["*all"]}`)
	}
	issues := func(t *testing.T, a answer) []map[string]any {
		t.Helper()
		var m struct {
			Issues []struct{ Fields map[string]any }
		}
		if err := json.Unmarshal([]byte(a.body), &m); err != nil {
			t.Fatalf("%v %.200s", err, a.body)
		}
		var out []map[string]any
		for _, i := range m.Issues {
			out = append(out, i.Fields)
		}
		return out
	}
	t.Run("absent and null", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.Trap(func(t *Traps) { t.AbsentFields, t.NullFields = []string{"labels"}, []string{"priority"} })
		f := issues(t, read(t, s))[0]
		if _, has := f["labels"]; has {
			t.Error("labels are there")
		}
		if p, has := f["priority"]; !has || p != nil {
			t.Errorf("priority: %v", p)
		}
	})
	t.Run("one undecodable issue", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.Trap(func(t *Traps) { t.Undecodable = []string{"PAY-1"} })
		f := issues(t, read(t, s))
		if _, number := f[0]["labels"].(float64); !number || f[1]["summary"] == nil {
			t.Errorf("%v", f)
		}
	})
	t.Run("times in several forms name the same instants", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.Trap(func(t *Traps) { t.OddTimes = true })
		forms := map[int]bool{}
		for range 4 {
			for i, f := range issues(t, read(t, s)) {
				text := f["created"].(string)
				forms[len(text)] = true
				snap, _ := s.Issue(fmt.Sprintf("PAY-%d", i+1))
				ok := false
				for _, form := range oddTimes {
					if at, err := time.Parse(form, text); err == nil && at.Equal(snap.Created) {
						ok = true
					}
				}
				if !ok {
					t.Errorf("%s is not %v", text, snap.Created)
				}
			}
		}
		if len(forms) < 2 {
			t.Errorf("one form only: %v", forms)
		}
	})
	t.Run("wild text", func(t *testing.T) {
		s, _ := site(t, Options{})
		wild := "emoji 🚒 \u202bעברית\u202c \x00\x07\x1b[31m bad \xff\xfe end \u2028"
		many := make([]string, 10_000)
		for i := range many {
			many[i] = fmt.Sprintf("l%05d", i)
		}
		s.Create(Spec{Key: "PAY-90", Project: "PAY", Summary: wild, Description: strings.Repeat("x", 1<<20), Labels: many})
		get := func() answer {
			return do(t, s, "GET", "/rest/api/3/issue/PAY-90?fields=summary,description,labels", "")
		}
		f := get().json(t)["fields"].(map[string]any)
		if want := strings.NewReplacer("\xff", "\ufffd", "\xfe", "\ufffd").Replace(wild); f["summary"] != want || len(f["labels"].([]any)) != 10_000 {
			t.Errorf("%q", f["summary"])
		}
		s.Trap(func(t *Traps) { t.InvalidUTF8 = true })
		if a := get(); !strings.Contains(a.body, "bad \xff\xfe end") {
			t.Error("the broken bytes were repaired")
		}
	})
	t.Run("changelog times as numbers", func(t *testing.T) {
		s, _ := site(t, Options{})
		if err := s.Edit("PAY-1", "amy", func(e *Edit) { e.AddLabel("a") }); err != nil {
			t.Fatal(err)
		}
		for epoch, want := range map[int]string{0: `"created":"2026-03-02T09:00:00.000+0000"`, 1: `"created":1772442000,`, 2: `"created":1772442000000,`} {
			s.Trap(func(t *Traps) { t.EpochChangelog = epoch })
			if a := do(t, s, "POST", "/rest/api/3/changelog/bulkfetch", `{"issueIdsOrKeys":["PAY-1"]}`); !strings.Contains(a.body, want) {
				t.Errorf("%d: %s", epoch, a.body)
			}
		}
	})
	t.Run("issues that fail to load", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.Trap(func(t *Traps) { t.IssueErrors = []string{"PAY-1"} })
		a := do(t, s, "POST", "/rest/api/3/issue/bulkfetch", `{"issueIdsOrKeys":["PAY-1","PAY-2","PAY-77"],"fields":["summary"]}`)
		if got := fmt.Sprint(keys(t, a)); got != "[PAY-2]" || !strings.Contains(a.body, `"issueErrors":[{"id":"10000"`) || strings.Contains(a.body, "PAY-77") {
			t.Errorf("%s", a.body)
		}
	})
	t.Run("a clock that is wrong", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.Trap(func(t *Traps) { t.ClockSkew = time.Hour })
		a := do(t, s, "GET", "/rest/api/3/serverInfo", "")
		if a.header.Get("Date") != "Mon, 02 Mar 2026 10:00:00 GMT" || !strings.Contains(a.body, `"serverTime":"2026-03-02T10:00:00.000+0000"`) {
			t.Errorf("%v %s", a.header, a.body)
		}
	})
	t.Run("coarse comparison of instants", func(t *testing.T) {
		s, _ := site(t, Options{})
		s.Create(Spec{Key: "PAY-91", Project: "PAY", Updated: start.Add(30 * time.Second), Created: start})
		at := start.Add(45 * time.Second).UnixMilli()
		q := jql(fmt.Sprintf("updated >= %d", at))
		if got := keys(t, do(t, s, "POST", "/rest/api/3/search/jql", q)); len(got) != 0 {
			t.Errorf("exact: %v", got)
		}
		s.Trap(func(t *Traps) { t.MinutePrecision = true })
		if got := keys(t, do(t, s, "POST", "/rest/api/3/search/jql", q)); len(got) != 1 {
			t.Errorf("coarse: %v", got)
		}
	})
	t.Run("a key range from an issue that is gone", func(t *testing.T) {
		s, _ := site(t, Options{})
		if err := s.Delete("PAY-2"); err != nil {
			t.Fatal(err)
		}
		if got := keys(t, do(t, s, "POST", "/rest/api/3/search/jql", jql("key > PAY-2"))); len(got) != 3 {
			t.Errorf("%v", got)
		}
		s.Trap(func(t *Traps) { t.StrictKeyRange = true })
		if a := do(t, s, "POST", "/rest/api/3/search/jql", jql("key > PAY-2")); a.status != 400 {
			t.Errorf("strict: %d", a.status)
		}
	})
}
