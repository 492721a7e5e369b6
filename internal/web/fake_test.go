package web_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/metrics"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/policy"
)

// The moment of all tests, and titles as trackers really hold them.
var (
	now       = time.Date(2026, 6, 3, 12, 0, 0, 0, time.UTC)
	malicious = `<script>alert("x")</script> & "quotes" <img src=x onerror=alert(1)>`
	rtl       = "תשלום נכשל \u202Egnp.exe\u202C عند الدفع"
	emoji     = "👩‍👩‍👧‍👦 Login broken 🇩🇪 漢字タイトル \x1b[31mred\x1b[0m"
)

func ptr[T any](v T) *T { return &v }

// fake answers from fixed values and keeps what it was asked.
type fake struct {
	items     []answer.Item
	sources   answer.Sources
	overrides []answer.Holding
	asked     []string
	filter    web.IssueFilter
	log       web.DecisionFilter
	err       error // returned by everything
	hang      chan struct{}
}

func newFake() *fake {
	f := &fake{overrides: []answer.Holding{
		{Ref: "payments/PAY-1", ID: "10000", Title: `Checkout <script>alert("x")</script> fails`, Override: answer.Override{Field: issue.FieldLane, Kind: "person", From: "lane:hotfix",
			Value: "lane:feature", Wanted: "lane:hotfix", By: "Bob <b>Díaz", At: now.Add(-3 * time.Hour), Contested: []string{"feature", "hotfix"}, Approvers: []string{"lead@acme.example", "group:leads"}}},
		{Ref: "core/ENG-2", ID: "u2", Title: "Nobody knows who", Override: answer.Override{Field: issue.FieldLane, Kind: "person", Value: "lane:hotfix", Wanted: "lane:feature",
			At: now.Add(-26 * time.Hour), Contested: []string{"hotfix"}, Approvers: []string{"lead@acme.example"}, Unsure: true}},
		{Ref: "payments/PAY-2", ID: "10001", Override: answer.Override{Field: issue.FieldPriority, Kind: "operator", Value: "high"}},
	}, sources: answer.Sources{Sources: []answer.Source{
		{
			Source: "payments", Tracker: "jira", Mode: "enforce", Healthy: true, Watermark: now.Add(-3 * time.Minute),
			LastSuccess: now.Add(-time.Minute), LastSweep: now.Add(-9 * time.Hour), Staleness: ptr(60.0), Issues: 1412, Open: 340,
			Outstanding: 12, Parked: 2, Overridden: 7, Flaps: 3,
			Budget: []answer.Budget{{Budget: "requests", Remaining: 0.82}},
		},
		{
			Source: "core", Tracker: "linear", Mode: "observe", Watermark: now.Add(-3 * time.Hour), LastSuccess: now.Add(-3 * time.Hour),
			Reason: "the last good cycle was 3 h ago: search: auth (HTTP 401); make a new key under Settings, API",
			Error:  "search: auth (HTTP 401)", ErrorKind: "auth", Failures: 36, Staleness: ptr(10800.0), Issues: 510, Open: 96, Undecided: 4,
			Budget: []answer.Budget{{Budget: "complexity", Remaining: 0.4}},
		},
	}}}
	titles := []string{malicious, rtl, emoji, "Checkout fails for cards of one issuer", strings.Repeat("A very long title ", 20)}
	lanes := []string{"hotfix", "stability", "strategic", "feature", "unsorted"}
	for n := range 60 {
		f.items = append(f.items, answer.Item{
			Ref: fmt.Sprintf("payments/PAY-%d", n+1), ID: fmt.Sprint(10000 + n), Title: titles[n%len(titles)],
			Lane: lanes[n*len(lanes)/60], Score: answer.Round(95 - float64(n)*1.37), ValuePerEffort: answer.Round((95 - float64(n)) / 3),
			Priority: issue.Priority(4 - n/16), Horizon: "next-release", Since: now.Add(-time.Duration(n*7) * time.Hour), Confidence: 1,
		})
	}
	f.items[3].Overridden = []issue.Field{issue.FieldPriority}
	f.items[4].Parked = true
	f.items[5].Confidence = 0.55
	return f
}

func (f *fake) ask(format string, args ...any) error {
	f.asked = append(f.asked, fmt.Sprintf(format, args...))
	if f.hang != nil {
		<-f.hang
	}
	return f.err
}

func (f *fake) Issues(_ context.Context, w web.IssueFilter) (answer.Issues, error) {
	f.filter = w
	var hits []answer.Item
	for _, i := range f.items {
		source := issue.ParseRef(i.Ref).Source
		if (w.Lane == "" || w.Lane == i.Lane) && (w.Source == "" || w.Source == source) &&
			strings.Contains(strings.ToLower(i.Ref+i.Title), strings.ToLower(w.Text)) {
			hits = append(hits, i)
		}
	}
	page, next, err := answer.Page(hits, w.Cursor, w.Limit)
	if err != nil {
		return answer.Issues{}, web.Errorf(web.Invalid, "%w", err)
	}
	return answer.Issues{Issues: page, Total: len(hits), Next: next}, f.ask("issues")
}

func (f *fake) Explain(_ context.Context, ref issue.Ref) (answer.Explanation, error) {
	if err := f.ask("explain %s", ref); err != nil {
		return answer.Explanation{}, err
	}
	for _, i := range f.items {
		if i.Ref == ref.String() || ref.Source == "" && strings.HasSuffix(i.Ref, "/"+ref.Key) {
			return explanation(i), nil
		}
	}
	return answer.Explanation{}, web.Errorf(web.NotFound, "no issue %s is known: look for it with lanekeeper issues, or wait for the next pull", ref)
}

// explanation has every section.
func explanation(i answer.Item) answer.Explanation {
	waiting := answer.Change{Ref: i.Ref, Field: issue.FieldDue, Op: issue.Set, To: "2026-06-05", Status: answer.Paused}
	return answer.Explanation{
		Ref: i.Ref, ID: i.ID, Title: i.Title, URL: "https://acme.atlassian.net/browse/PAY-1", Lane: i.Lane, Score: i.Score,
		ValuePerEffort: i.ValuePerEffort, Priority: i.Priority, Band: i.Priority, Horizon: "current-sprint", Open: true, Status: "In Progress",
		Pillars: map[string]answer.Pillar{
			"business_value":  {Value: ptr(90.0), Weight: 0.35, Because: "customer_tier is enterprise"},
			"customer_impact": {Value: ptr(95.0), Weight: 0.45, Because: "12 votes, severity is critical"},
			"technical_risk":  {Weight: 0.2, Because: "components not set, so it does not count", Missing: []string{"issue.components"}},
		},
		Rules: []answer.Rule{
			{Name: "hotfix", Result: answer.Matched, Because: "kind is bug and customer_impact 95 ≥ 80"},
			{Name: "stability", Result: answer.NotTried, Because: "hotfix comes first"},
			{Name: "unsorted", Result: answer.NotTried, Because: "hotfix comes first"},
		},
		Overrides: []answer.Override{{
			Field: issue.FieldPriority, Kind: "person", Value: "medium", Wanted: "urgent", By: "Ana <b>Díaz</b>",
			At: now.Add(-26 * time.Hour), Until: ptr(now.Add(12 * 24 * time.Hour)),
		}, {
			Field: issue.FieldLane, Kind: "person", Value: "lane:feature", Wanted: "lane:hotfix", By: "Ana Díaz", At: now.Add(-2 * time.Hour),
			Contested: []string{"hotfix"}, Approvers: []string{"lead@acme.example"},
		}},
		Pinned:    &answer.Pin{By: "Ana Díaz", At: now.Add(-time.Hour)},
		DecidedAt: ptr(now.Add(-5 * time.Minute)), PolicyHash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		Why: "A paying customer is hurt now.", Cause: "updated in Jira", Since: now.Add(-50 * time.Hour), Effort: 3, Confidence: 0.8,
		Holds: []answer.Hold{{What: "band", Wanted: "high", Why: "margin", Need: 65, Have: 61}},
		Flips: []policy.Flip{{Sentence: "with customer_impact 64 instead of 95 it would go to stability"}},
		Mode:  "enforce", Inputs: []answer.Input{{Path: "issue.kind", Value: "bug"}, {Path: "issue.votes", Value: "12"}},
		Writes:      []answer.Change{change(i.Ref, "lane:stability", "lane:hotfix", answer.Applied)},
		Outstanding: []answer.Change{waiting},
		Seen:        now.Add(-time.Minute),
	}
}

func change(ref, from, to string, st answer.Status) answer.Change {
	return answer.Change{
		Ref: ref, ID: "10000", Field: issue.FieldLane, Op: issue.Replace, From: from, To: to, Status: st, Plan: "p-7f3a09",
		Reason: "lane hotfix: kind is bug and customer_impact 95 ≥ 80", At: now.Add(-2 * time.Hour), Title: malicious,
	}
}

func (f *fake) History(_ context.Context, ref issue.Ref, limit int) (answer.History, error) {
	c := change(ref.String(), "lane:stability", "lane:hotfix", answer.Applied)
	return answer.History{Ref: ref.String(), ID: "10000", Title: malicious, Truncated: limit < 2, Events: []answer.Event{
		{At: c.At, Change: &c},
		{At: c.At.Add(-time.Minute), Decision: &answer.Moved{
			Seq: 7, Ref: ref.String(), At: c.At.Add(-time.Minute), Cause: "updated in Jira", PolicyHash: "9f86d081884c7d65", Rule: "hotfix",
			From: answer.Outcome{Lane: "stability", Priority: issue.High, Score: 61}, To: answer.Outcome{Lane: "hotfix", Priority: issue.Urgent, Score: 87.5},
			Move: answer.MovedUp, Confidence: 0.8, Actor: answer.Actor,
		}},
	}}, f.ask("history %s %d", ref, limit)
}

func (f *fake) PostMortems(context.Context, web.IssueFilter) (answer.PostMortems, error) {
	return answer.PostMortems{PostMortems: []answer.PostMortem{{Ref: "payments/PAY-3", Lane: "hotfix", Why: "an issue of the lane hotfix was completed", Asked: true}}, Total: 1}, f.ask("post-mortems")
}

func (f *fake) SLAs(context.Context, web.IssueFilter) (answer.SLAs, error) {
	return answer.SLAs{SLAs: []answer.HeldTo{{Ref: "payments/PAY-1", SLA: "urgent-fix", Title: "Checkout fails", State: "warning"}}, Total: 1}, f.ask("slas")
}

func (f *fake) Decisions(_ context.Context, w web.DecisionFilter) (answer.Decisions, error) {
	f.log = w
	return answer.Decisions{Decisions: []answer.Moved{}}, f.ask("decisions")
}

func heldPlan() answer.Plan {
	return answer.Plan{
		ID: "p-7f3a09", Source: "payments", At: now.Add(-10 * time.Minute), Mode: "enforce", PolicyHash: "9f86d081884c7d65", Open: 340,
		Issues: 120, Size: 214, Status: "held", Reason: "120 of 340 open issues is more than 10 %",
	}
}

func (f *fake) Plans(context.Context, web.PlanFilter) (answer.Plans, error) {
	return answer.Plans{Plans: []answer.Plan{heldPlan()}}, f.ask("plans")
}

func (f *fake) Plan(_ context.Context, id string) (answer.Plan, error) {
	if id != heldPlan().ID {
		return answer.Plan{}, web.Errorf(web.NotFound, "no plan %s is known: list them with lanekeeper plans", id)
	}
	p := heldPlan()
	for n := range 501 {
		p.Changes = append(p.Changes, change(fmt.Sprintf("payments/PAY-%d", n+1), "lane:stability", "lane:hotfix", answer.Held))
	}
	p.Expires = now.Add(6 * 24 * time.Hour)
	p.Summary = &answer.Summary{
		Lanes:   []answer.LaneCount{{Lane: "hotfix", Issues: 501}},
		Fields:  []answer.FieldCount{{Field: issue.FieldLane, From: "lane:stability", To: "lane:hotfix", Changes: 501}},
		Largest: []answer.LargeMove{{Ref: "payments/PAY-1", PrioritySteps: 3, LanesMoved: 1, Score: 88.46, Changes: p.Changes[:1]}},
	}
	p.Present = &answer.Present{AsHeld: 490, Already: 7, Gone: 4}
	return p, f.ask("plan")
}

func (f *fake) Changes(context.Context, web.ChangeFilter) (answer.Changes, error) {
	return answer.Changes{Changes: []answer.Change{
		change("payments/PAY-1", "lane:stability", "lane:hotfix", answer.Applied),
		change("payments/PAY-2", "", "lane:feature", answer.Failed),
	}}, f.ask("changes")
}

func (f *fake) Sources(context.Context) (answer.Sources, error) { return f.sources, f.ask("sources") }

func (f *fake) Lanes(_ context.Context, source string) (answer.Lanes, error) {
	lane := func(name, why string, n int, lo, hi *float64, alarm string) answer.Lane {
		return answer.Lane{Lane: name, Why: why, Count: n, Share: float64(n) / 60, Target: answer.ShareTarget{Min: lo, Max: hi}, Alarm: alarm, Horizon: "next-release"}
	}
	return answer.Lanes{Open: 60, PolicyHash: "9f86d081884c7d65", Lanes: []answer.Lane{
		lane("hotfix", "A paying customer is hurt now.", 20, nil, ptr(0.3), "share above 30 %"),
		lane("stability", "", 12, nil, ptr(0.3), ""),
		lane("strategic", "", 12, ptr(0.2), nil, ""),
		lane("feature", "", 16, nil, nil, ""),
		lane("unsorted", "No rule matched.", 0, nil, nil, ""),
	}}, f.ask("lanes %s", source)
}

func (f *fake) Ready(context.Context) (answer.Readiness, error) {
	return answer.NewReadiness(f.sources.Sources), f.ask("ready")
}

func (f *fake) Report(_ context.Context, r web.ReportFilter) (answer.PolicyReport, error) {
	return answer.PolicyReport{}, f.ask("report %s%s %v", r.Source, r.Team, r.Anonymous)
}

func (f *fake) Pilot(_ context.Context, p web.PilotFilter) (answer.Pilot, error) {
	return answer.Pilot{}, f.ask("pilot %s/%s %s %d %v %v", p.Source, p.Project, p.Baseline, p.Limits.Least, p.Limits.Targets, p.Limits.Stops)
}

func (f *fake) PlanNow(_ context.Context, source string) (answer.Cycle, error) {
	return answer.Cycle{Mode: "enforce", Sources: []answer.CycleSource{}, Changes: []answer.Change{}}, f.ask("plan now %s", source)
}

func (f *fake) Approve(_ context.Context, r web.ApproveRequest) (answer.Plan, error) {
	if r.Plan == "p-done" {
		return answer.Plan{}, web.Errorf(web.Conflict, "plan p-done is done: only held plans can be approved")
	}
	return answer.Plan{ID: r.Plan, Status: "approved", By: r.By}, f.ask("approve %s%s %s%s", r.Plan, r.Source, strings.Join(append(slices.Clone(r.Lanes), ""), " "), r.By)
}

func (f *fake) Pause(_ context.Context, by, reason string) (answer.Pause, error) {
	return answer.Pause{Paused: true, By: by, Reason: reason, At: now}, f.ask("pause %s %s", by, reason)
}

func (f *fake) Resume(_ context.Context, by string) (answer.Pause, error) {
	return answer.Pause{}, f.ask("resume %s", by)
}

func (f *fake) Undo(_ context.Context, u web.UndoRequest) (answer.Undo, error) {
	return answer.Undo{Plans: []string{"p-0000aa"}, Changes: []answer.Change{}}, f.ask("undo %s %s %s", u.Plan, u.Ref, u.By)
}

func (f *fake) Overrides(_ context.Context, o web.OverrideFilter) (answer.Overrides, error) {
	list := slices.DeleteFunc(slices.Clone(f.overrides), func(h answer.Holding) bool { return o.Contested && len(h.Contested) == 0 })
	page, next, err := answer.Page(list, o.Cursor, o.Limit)
	if err != nil {
		return answer.Overrides{}, web.Errorf(web.Invalid, "%w", err)
	}
	return answer.Overrides{Overrides: page, Total: len(list), Next: next}, f.ask("overrides %s %s %s %s %v", o.Source, o.Lane, o.Field, o.By, o.Contested)
}

func (f *fake) Rule(_ context.Context, u web.RulingRequest) (answer.Ruled, error) {
	if u.As == "mallory" {
		return answer.Ruled{}, web.Errorf(web.Denied, "mallory may not decide")
	}
	return answer.Ruled{Ref: u.Ref.String(), Verb: u.Verb}, f.ask("%s %s %s as %s by %s via %s for %s: %s", u.Verb, u.Ref, u.Field, u.As, u.By, u.Via, u.Hold, u.Reason)
}

func (f *fake) Reply(_ context.Context, q web.ReplyRequest) (answer.Replied, error) {
	if q.As == "mallory" {
		return answer.Replied{}, web.Errorf(web.Denied, "mallory may not decide")
	}
	return answer.Replied{Ref: q.Ref.String(), Verb: q.Verb()}, f.ask("%s %s %v %s as %s by %s via %s for %s: %s", q.Verb(), q.Ref, q.Fields, q.Proposal, q.As, q.By, q.Via, q.Hold, q.Reason)
}

func (f *fake) Alerts(_ context.Context, q web.AlertFilter) (answer.Alerts, error) {
	all := answer.Alerts{Total: 3, Alerts: []answer.Alert{}, Channels: []answer.AlertChannel{{Channel: "oncall", Healthy: true}}}
	from := len(q.Cursor)
	for n := from; n < 3 && (q.Limit == 0 || n < from+q.Limit); n++ {
		all.Alerts = append(all.Alerts, answer.Alert{Event: "guard", Subject: fmt.Sprint("p-", n), Channels: []answer.AlertDelivery{}})
	}
	if n := from + len(all.Alerts); n < 3 {
		all.Next = strings.Repeat("x", n)
	}
	return all, f.ask("alerts %s %s", q.Channel, q.Since.UTC().Format(time.RFC3339))
}

func (f *fake) TestAlert(_ context.Context, channel, by string) (answer.AlertTest, error) {
	return answer.AlertTest{Channel: channel, Sent: true}, f.ask("test alert %s %s", channel, by)
}

// options are a whole server around a fake.
func options(f *fake) web.Options {
	reg := prometheus.NewRegistry()
	metrics.New(reg, metrics.Build{Version: "test"})
	berlin := time.FixedZone("CEST", 2*3600)
	return web.Options{
		Issues: f, Log: f, Overview: f, Health: f, Planner: f, Operator: f, Rights: f, Alerts: f,
		Reload:  func(context.Context) (answer.Reload, error) { return answer.Reload{Reloaded: true}, f.ask("reload") },
		Metrics: promhttp.HandlerFor(reg, promhttp.HandlerOpts{}),
		Logger:  slog.New(slog.DiscardHandler), Now: func() time.Time { return now }, Zone: berlin, Version: "1.2.3",
	}
}

func server(t *testing.T, f *fake) http.Handler {
	t.Helper()
	h, err := web.New(options(f))
	if err != nil {
		t.Fatal(err)
	}
	return h
}
