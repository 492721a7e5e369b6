package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func ask(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:9275"
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

var asJSON = []string{"Content-Type", "application/json"}

func TestRoutes(t *testing.T) {
	for _, c := range []struct {
		name, method, target, body string
		header                     []string
		status                     int
		contains                   string
	}{
		{"overview", "GET", "/", "", nil, 200, "<h1>Overview</h1>"},
		{"list of issues", "GET", "/issues?lane=hotfix&q=checkout", "", nil, 200, "payments/PAY-4"},
		{"one issue", "GET", "/issues/payments/PAY-4", "", nil, 200, "A paying customer is hurt now"},
		{"a plan", "GET", "/plans/p-7f3a09", "", nil, 200, "1 more change"},
		{"stylesheet", "GET", "/style.css", "", nil, 200, "prefers-color-scheme"},
		{"a page that is not there", "GET", "/nothing", "", nil, 404, "there is no page /nothing here"},
		{"page of an issue that is not known", "GET", "/issues/payments/PAY-999", "", nil, 404, "look for it with lanekeeper issues"},
		{"page with a bad cursor", "GET", "/issues?cursor=x", "", nil, 400, "not one of ours"},
		{"a page cannot be posted to", "POST", "/issues", "", asJSON, 405, "use GET"},

		{"issues", "GET", "/api/v1/issues?limit=2", "", nil, 200, `"next": "o2"`},
		{"issue", "GET", "/api/v1/issues/payments/PAY-4", "", nil, 200, `"value_per_effort"`},
		{"history", "GET", "/api/v1/issues/payments/PAY-4/history?limit=1", "", nil, 200, `"truncated": true`},
		{"decisions", "GET", "/api/v1/decisions?move=down&since=2026-05-01&until=2026-06-01T00:00:00Z", "", nil, 200, `"decisions": []`},
		{"changes", "GET", "/api/v1/changes?since=7d", "", nil, 200, `"changes"`},
		{"plans", "GET", "/api/v1/plans?status=held", "", nil, 200, `"p-7f3a09"`},
		{"plan", "GET", "/api/v1/plans/p-7f3a09", "", nil, 200, `"changes"`},
		{"plan that is not known", "GET", "/api/v1/plans/p-0", "", nil, 404, "no plan p-0 is known"},
		{"slas", "GET", "/api/v1/slas", "", nil, 200, "urgent-fix"},
		{"lanes", "GET", "/api/v1/lanes", "", nil, 200, `"target"`},
		{"sources", "GET", "/api/v1/sources", "", nil, 200, `"staleness_seconds"`},
		{"what a cycle would change", "GET", "/api/v1/plan?source=core", "", nil, 200, `"changes": []`},
		{"HEAD goes with GET", "HEAD", "/api/v1/sources", "", nil, 200, ""},

		{"unknown issue", "GET", "/api/v1/issues/payments/PAY-999", "", nil, 404, "no issue payments/PAY-999 is known"},
		{"unknown place", "GET", "/api/v1/isues", "", nil, 404, "there is no /api/v1/isues here"},
		{"limit is no number", "GET", "/api/v1/issues?limit=many", "", nil, 400, "want a number from 1 to 1000"},
		{"limit of nothing", "GET", "/api/v1/issues?limit=0", "", nil, 400, "want a number from 1 to 1000"},
		{"limit too high", "GET", "/api/v1/issues?limit=1001", "", nil, 400, "want a number from 1 to 1000"},
		{"misspelt filter is refused, not ignored", "GET", "/api/v1/issues?lanes=x", "", nil, 400, `unknown parameter \"lanes\": known are lane`},
		{"bad cursor", "GET", "/api/v1/issues?cursor=7", "", nil, 400, "pass the next of an earlier answer unchanged"},
		{"bad time", "GET", "/api/v1/decisions?since=yesterday", "", nil, 400, "or an age such as 12h or 7d"},
		{"bad move", "GET", "/api/v1/decisions?move=sideways", "", nil, 400, "want up, down or new"},
		{"bad escape", "GET", "/api/v1/issues?q=%zz", "", nil, 400, "the query cannot be read"},
		{"wrong method", "DELETE", "/api/v1/issues", "", nil, 405, "use GET"},

		{"approve", "POST", "/api/v1/plans/p-1/approve", `{"by":"ana"}`, asJSON, 200, `"by": "ana"`},
		{"approve what is done", "POST", "/api/v1/plans/p-done/approve", ``, asJSON, 409, "only held plans"},
		{"pause", "POST", "/api/v1/pause", `{"by":"ana","reason":"freeze"}`, asJSON, 200, `"reason": "freeze"`},
		{"resume", "POST", "/api/v1/resume", "", []string{"Content-Type", "application/json; charset=utf-8"}, 200, `"paused": false`},
		{"undo", "POST", "/api/v1/undo", `{"ref":"payments/PAY-1"}`, asJSON, 200, "p-0000aa"},
		{"undo of two things", "POST", "/api/v1/undo", `{"ref":"a/B-1","plan":"p-1"}`, asJSON, 400, "exactly one of"},
		{"undo of nothing", "POST", "/api/v1/undo", `{}`, asJSON, 400, "exactly one of"},
		{"a form cannot operate", "POST", "/api/v1/pause", "by=x", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "application/json"},
		{"no content type", "POST", "/api/v1/pause", "{}", nil, 415, "application/json"},
		{"another site cannot operate", "POST", "/api/v1/pause", "{}", append(asJSON, "Sec-Fetch-Site", "cross-site"), 403, "other sites"},
		{"another origin cannot operate", "POST", "/-/reload", "", []string{"Origin", "https://evil.example"}, 403, "other sites"},
		{"our own origin can", "POST", "/api/v1/pause", "{}", append(asJSON, "Origin", "http://127.0.0.1:9275"), 200, `"paused": true`},
		{"by a name that could be anybody's", "POST", "/api/v1/pause", "{}", append(asJSON, "Host", "rebound.example"), 403, "localhost"},
		{"by a name, signed in", "POST", "/api/v1/pause", "{}", append(asJSON, "Host", "ops.example", "Authorization", "Basic YW5hOng="), 200, `"paused": true`},
		{"body too long", "POST", "/api/v1/pause", `{"reason":"` + strings.Repeat("x", 70_000) + `"}`, asJSON, 413, "longer than 65536"},
		{"body is not JSON", "POST", "/api/v1/pause", `{by`, asJSON, 400, "not the JSON that is expected"},
		{"unknown key in the body", "POST", "/api/v1/pause", `{"who":"ana"}`, asJSON, 400, "who"},
		{"two values in the body", "POST", "/api/v1/pause", `{} {}`, asJSON, 400, "goes on"},
		{"operation by GET", "GET", "/api/v1/pause", "", nil, 405, "use POST"},

		{"metrics", "GET", "/metrics", "", nil, 200, "lanekeeper_build_info"},
		{"healthy", "GET", "/-/healthy", "", nil, 200, "alive"},
		{"not ready while a source is stale", "GET", "/-/ready", "", nil, 503, `"core": "the last good cycle was 3 h ago`},
		{"reload", "POST", "/-/reload", "", nil, 200, `"reloaded": true`},
		{"reload by GET", "GET", "/-/reload", "", nil, 405, "use POST"},
		{"webhook without a handler", "POST", "/webhooks/payments", "{}", asJSON, 404, "webhooks are not configured"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := ask(server(t, newFake()), c.method, c.target, c.body, c.header...)
			if rec.Code != c.status {
				t.Errorf("status %d, want %d", rec.Code, c.status)
			}
			if !strings.Contains(rec.Body.String(), c.contains) {
				t.Errorf("answer lacks %q:\n%s", c.contains, rec.Body)
			}
			if c.status >= 400 && (strings.HasPrefix(c.target, "/api") || strings.HasPrefix(c.target, "/-/")) && rec.Code != 503 {
				var e struct{ Error string }
				if err := json.Unmarshal(rec.Body.Bytes(), &e); err != nil || e.Error == "" {
					t.Errorf("not a JSON error (%v): %s", err, rec.Body)
				}
			}
		})
	}
}

func TestEveryAnswerForbidsScriptsAndFrames(t *testing.T) {
	h := server(t, newFake())
	for _, target := range []string{"/", "/issues", "/issues/payments/PAY-1", "/plans/p-7f3a09", "/x", "/api/v1/sources", "/metrics"} {
		rec := ask(h, "GET", target, "")
		csp := rec.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
			t.Errorf("%s: policy %q", target, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
			if got := rec.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", target, name, got, want)
			}
		}
		body := rec.Body.String()
		if strings.Contains(body, "<script") || strings.Contains(body, "<img") || strings.Contains(body, "style=") {
			t.Errorf("%s has script, image or inline style", target)
		}
		for _, bad := range []string{"\u202e", "\x1b"} {
			if !strings.HasPrefix(target, "/api") && strings.Contains(body, bad) {
				t.Errorf("%s shows %q unneutralised", target, bad)
			}
		}
	}
}

func TestAnInternalErrorIsNotShown(t *testing.T) {
	f := newFake()
	f.err = errors.New("bolt: secret path /var/lib/x.db")
	h := server(t, f)
	for _, target := range []string{"/", "/api/v1/lanes", "/-/ready"} {
		rec := ask(h, "GET", target, "")
		if rec.Code != 500 || strings.Contains(rec.Body.String(), "/var/lib") || !strings.Contains(rec.Body.String(), "the log tells") {
			t.Errorf("%s: %d %s", target, rec.Code, rec.Body)
		}
	}
}

func TestFiltersReachTheReader(t *testing.T) {
	f := newFake()
	h := server(t, f)
	ask(h, "GET", "/api/v1/issues?lane=hotfix&source=core&sla=urgent-fix&q=%20pay%20&limit=7&cursor=o3", "")
	if want := (web.IssueFilter{Lane: "hotfix", Source: "core", SLA: "urgent-fix", Text: "pay", Limit: 7, Cursor: "o3"}); f.filter != want {
		t.Errorf("got %+v, want %+v", f.filter, want)
	}
	ask(h, "GET", "/api/v1/decisions?lane=hotfix&move=down&since=2026-05-01&until=2d", "")
	want := web.DecisionFilter{
		Lane: "hotfix", Move: answer.MovedDown, Since: time.Date(2026, 4, 30, 22, 0, 0, 0, time.UTC),
		Until: now.Add(-48 * time.Hour), Limit: 100,
	}
	if !f.log.Since.Equal(want.Since) {
		t.Errorf("a day begins in the zone of the configuration: got %v, want %v", f.log.Since, want.Since)
	}
	f.log.Since = want.Since
	if f.log != want {
		t.Errorf("got %+v, want %+v", f.log, want)
	}
}

func TestTheSignedInNameGoesBeforeTheClaimedOne(t *testing.T) {
	f := newFake()
	r := httptest.NewRequest("POST", "/api/v1/resume", strings.NewReader(`{"by":"mallory"}`))
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth("ana", "x")
	server(t, f).ServeHTTP(httptest.NewRecorder(), r)
	if f.asked[len(f.asked)-1] != "resume ana" {
		t.Errorf("asked %q", f.asked)
	}
}

func TestReadyWhenEverySourceIsHealthy(t *testing.T) {
	f := newFake()
	f.sources.Sources = f.sources.Sources[:1]
	if rec := ask(server(t, f), "GET", "/-/ready", ""); rec.Code != 200 || !strings.Contains(rec.Body.String(), `"ready": true`) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// calls takes what is signed "good", and remembers it.
type calls struct{ got []string }

func (c *calls) Receive(_ context.Context, source string, h http.Header, body []byte) error {
	if h.Get("Signature") != "good" {
		return web.Errorf(web.Denied, "the call is not signed")
	}
	c.got = append(c.got, source+" "+string(body))
	return nil
}

func TestWebhooks(t *testing.T) {
	o, c := options(newFake()), &calls{}
	o.Webhooks = c
	h, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	const body = `{ "raw":  1 }`
	for _, tt := range []struct {
		name, method, body string
		header             []string
		status             int
	}{
		{"from another site, and taken with exactly 200", "POST", body, []string{"Signature", "good", "Origin", "https://tracker.example", "Host", "keeper.acme.example"}, 200},
		{"not signed", "POST", body, nil, 403},
		{"longer than any issue", "POST", strings.Repeat("x", 26<<20), []string{"Signature", "good"}, 413},
		{"nobody reads webhooks", "GET", "", nil, 405},
	} {
		if rec := ask(h, tt.method, "/webhooks/payments", tt.body, tt.header...); rec.Code != tt.status {
			t.Errorf("%s: %d %s", tt.name, rec.Code, rec.Body)
		}
	}
	if len(c.got) != 1 || c.got[0] != "payments "+body { // byte for byte, for the signature is over it
		t.Errorf("%q", c.got)
	}
}

func TestServerWithoutOptionalPartsSaysSo(t *testing.T) {
	o := options(newFake())
	o.Planner, o.Operator, o.Reload, o.Metrics = nil, nil, nil, nil
	h, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for target, status := range map[string]int{"GET /api/v1/plan": 503, "POST /api/v1/pause": 503, "POST /-/reload": 404, "GET /metrics": 404} {
		method, path, _ := strings.Cut(target, " ")
		if rec := ask(h, method, path, "{}", asJSON...); rec.Code != status {
			t.Errorf("%s: %d, want %d", target, rec.Code, status)
		}
	}
}
