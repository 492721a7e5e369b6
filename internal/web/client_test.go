package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/pilot"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

// direct hands requests to a handler without a network.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	d.ServeHTTP(rec, r)
	res := rec.Result()
	res.Request = r
	return res, nil
}

func client(t *testing.T, h http.Handler) *web.Client {
	t.Helper()
	c, err := web.NewClient(web.ClientOptions{Address: ":9275", Transport: direct{h}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientAsksWhatTheServerUnderstands(t *testing.T) {
	f := newFake()
	c := client(t, server(t, f))
	ctx := t.Context()
	ref := issue.Ref{Source: "payments", Key: "PAY-4"}
	for _, call := range []struct {
		name, asked string
		do          func() error
	}{
		{"explain", "explain payments/PAY-4", func() error { _, err := c.Explain(ctx, ref); return err }},
		{"explain of a key alone", "explain /PAY-4", func() error { _, err := c.Explain(ctx, issue.Ref{Key: "PAY-4"}); return err }},
		{"history", "history payments/PAY-4 7", func() error { _, err := c.History(ctx, ref, 7); return err }},
		{"history without a limit", "history payments/PAY-4 1000", func() error { _, err := c.History(ctx, ref, 0); return err }},
		{"post-mortems", "post-mortems", func() error { _, err := c.PostMortems(ctx, web.IssueFilter{}); return err }},
		{"slas", "slas", func() error { _, err := c.SLAs(ctx, web.IssueFilter{}); return err }},
		{"decisions", "decisions", func() error { _, err := c.Decisions(ctx, web.DecisionFilter{Since: now}); return err }},
		{"changes", "changes", func() error { _, err := c.Changes(ctx, web.ChangeFilter{Limit: 3}); return err }},
		{"plans", "plans", func() error { _, err := c.Plans(ctx, web.PlanFilter{Status: "held"}); return err }},
		{"plan", "plan", func() error { _, err := c.Plan(ctx, "p-7f3a09"); return err }},
		{"sources", "sources", func() error { _, err := c.Sources(ctx); return err }},
		{"lanes", "lanes core", func() error { _, err := c.Lanes(ctx, "core"); return err }},
		{"plan now", "plan now core", func() error { _, err := c.PlanNow(ctx, "core"); return err }},
		{"approve", "approve p-1 ana", func() error { _, err := c.Approve(ctx, web.ApproveRequest{Plan: "p-1", By: "ana"}); return err }},
		{"approve a part", "approve core hotfix stability ana", func() error {
			_, err := c.Approve(ctx, web.ApproveRequest{Source: "core", Lanes: []string{"hotfix", "stability"}, By: "ana"})
			return err
		}},
		{"report", "report payments/PAY true", func() error {
			_, err := c.Report(ctx, web.ReportFilter{Since: now, Team: "payments/PAY", Anonymous: true})
			return err
		}},
		{"pause", "pause ana freeze", func() error { _, err := c.Pause(ctx, "ana", "freeze"); return err }},
		{"resume", "resume ana", func() error { _, err := c.Resume(ctx, "ana"); return err }},
		{"undo", "undo p-1  ana", func() error { _, err := c.Undo(ctx, web.UndoRequest{Plan: "p-1", By: "ana"}); return err }},
		{"overrides", "overrides core hotfix lane ana true", func() error {
			_, err := c.Overrides(ctx, web.OverrideFilter{Source: "core", Lane: "hotfix", Field: "lane", By: "ana", Contested: true, Limit: 2})
			return err
		}},
		{"approve a move", "approve payments/PAY-4  as lead@acme.example by ana via command for 0s: ok", func() error {
			_, err := c.Rule(ctx, web.RulingRequest{Ref: ref, Verb: "approve", As: "lead@acme.example", By: "ana", Via: "command", Reason: "ok"})
			return err
		}},
		{"reject a move", "reject /PAY-4  as ana by ana via API for 0s: ", func() error {
			_, err := c.Rule(ctx, web.RulingRequest{Ref: issue.Ref{Key: "PAY-4"}, Verb: "reject", By: "ana"})
			return err
		}},
		{"release", "release payments/PAY-4 lane as  by ana via API for 0s: ", func() error {
			_, err := c.Rule(ctx, web.RulingRequest{Ref: ref, Verb: "release", Field: "lane", By: "ana"})
			return err
		}},
		{"hold", "hold payments/PAY-4 due as  by ana via API for 720h0m0s: why", func() error {
			_, err := c.Rule(ctx, web.RulingRequest{Ref: ref, Verb: "hold", Field: "due", By: "ana", Hold: 720 * time.Hour, Reason: "why"})
			return err
		}},
		{"accept", "accept payments/PAY-4 [lane due] abc as lead by ana via command for 0s: ok", func() error {
			_, err := c.Reply(ctx, web.ReplyRequest{Ref: ref, Accept: true, Fields: []string{"lane", "due"}, Proposal: "abc", As: "lead", By: "ana", Via: "command", Reason: "ok"})
			return err
		}},
		{"reject", "reject /PAY-4 []  as  by ana via API for 720h0m0s: why", func() error {
			_, err := c.Reply(ctx, web.ReplyRequest{Ref: issue.Ref{Key: "PAY-4"}, By: "ana", Hold: 720 * time.Hour, Reason: "why"})
			return err
		}},
		{"pilot", "pilot core/ENG 720h0m0s 5 map[overrides:0.15 sla:0.9] map[lead_time:1.2]", func() error {
			_, err := c.Pilot(ctx, web.PilotFilter{Source: "core", Project: "ENG", Baseline: 720 * time.Hour,
				Limits: pilot.Limits{Least: 5, Targets: map[string]float64{"overrides": .15, "sla": .9}, Stops: map[string]float64{"lead_time": 1.2}}})
			return err
		}},
		{"reload", "reload", func() error { _, err := c.Reload(ctx); return err }},
	} {
		if err := call.do(); err != nil {
			t.Errorf("%s: %v", call.name, err)
			continue
		}
		if got := f.asked[len(f.asked)-1]; got != call.asked {
			t.Errorf("%s: the server was asked %q, want %q", call.name, got, call.asked)
		}
	}
	if !f.log.Since.Equal(now) {
		t.Errorf("time did not survive: %v", f.log.Since)
	}
	if p, err := c.Pause(ctx, "ana", "freeze"); err != nil || !p.Paused || p.By != "ana" {
		t.Errorf("the answer did not survive: %+v, %v", p, err)
	}
}

func TestClientFollowsPagesUpToTheLimit(t *testing.T) {
	f := newFake()
	for len(f.items) < 2345 {
		f.items = append(f.items, f.items[0])
	}
	c := client(t, server(t, f))
	for limit, want := range map[int]int{0: 2345, 1: 1, 1000: 1000, 1500: 1500, 5000: 2345} {
		list, err := c.Issues(t.Context(), web.IssueFilter{Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Issues) != want || list.Total != 2345 || (list.Next == "") != (want == 2345) {
			t.Errorf("limit %d: %d of %d issues, next %q", limit, len(list.Issues), list.Total, list.Next)
		}
	}
}

func TestClientNeverPagesForEver(t *testing.T) {
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"issues":[{"ref":"a/B-1"}],"total":9,"next":"o1"}`))
	}))
	if _, err := c.Issues(t.Context(), web.IssueFilter{}); err == nil || !strings.Contains(err.Error(), "do not end") {
		t.Errorf("got %v", err)
	}
}

func TestErrorsKeepTheirKindOverTheWire(t *testing.T) {
	f := newFake()
	c := client(t, server(t, f))
	_, unknown := c.Explain(t.Context(), issue.Ref{Source: "payments", Key: "NO-1"})
	_, done := c.Approve(t.Context(), web.ApproveRequest{Plan: "p-done", By: "ana"})
	_, unnamed := c.Explain(t.Context(), issue.Ref{})
	_, two := c.Undo(t.Context(), web.UndoRequest{Plan: "p", Ref: "r"})
	for _, x := range []struct {
		err  error
		kind web.Kind
		text string
	}{
		{unknown, web.NotFound, "look for it with lanekeeper issues"},
		{done, web.Conflict, "only held plans"},
		{unnamed, web.Invalid, "source/KEY"},
		{two, web.Invalid, "exactly one"},
	} {
		if web.KindOf(x.err) != x.kind || !strings.Contains(x.err.Error(), x.text) {
			t.Errorf("got %s %v, want %s with %q", web.KindOf(x.err), x.err, x.kind, x.text)
		}
	}
	if r, err := c.Ready(t.Context()); err != nil || r.Ready || r.Reasons["core"] == "" {
		t.Errorf("readiness that says no is an answer: %+v, %v", r, err)
	}
}

func TestAnswersThatAreNotOurs(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"html":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>proxy login</html>")) },
		"gateway": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
		},
		"denied": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
	} {
		_, err := client(t, h).Sources(t.Context())
		if err == nil || !strings.Contains(err.Error(), "127.0.0.1:9275") {
			t.Errorf("%s: got %v, want an error that names the daemon", name, err)
		}
		if denied := web.KindOf(err) == web.Denied; denied != (name == "denied") {
			t.Errorf("%s: kind %s", name, web.KindOf(err))
		}
	}
}

func TestClientSignsInAndNeverPrintsThePassword(t *testing.T) {
	var name, password string
	c, err := web.NewClient(web.ClientOptions{
		Address: "https://lanes.example", User: "ana", Password: connectors.NewSecret("hunter2"),
		Transport: direct{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			name, password, _ = r.BasicAuth()
			w.WriteHeader(http.StatusForbidden)
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Sources(t.Context())
	if name != "ana" || password != "hunter2" {
		t.Errorf("signed in as %q %q", name, password)
	}
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for address, host := range map[string]string{
		":9275": "127.0.0.1:9275", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "127.0.0.1:80", "[::1]:80": "[::1]:80",
		"lanes:9275": "lanes:9275", "http://lanes:1": "lanes:1", "nonsense": "", "": "",
	} {
		var got string
		c, err := web.NewClient(web.ClientOptions{Address: address, Transport: direct{http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) { got = r.URL.Host; _, _ = w.Write([]byte("{}")) })}})
		if err == nil {
			_, err = c.Sources(context.Background())
		}
		if got != host || (err != nil) != (host == "") {
			t.Errorf("%q: asked %q (%v), want %q", address, got, err, host)
		}
	}
}
