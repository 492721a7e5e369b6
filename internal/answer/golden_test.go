package answer_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/pilot"
	"github.com/lanekeeper/lanekeeper/internal/report"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/sla"
	"github.com/lanekeeper/lanekeeper/state"
)

var (
	update = flag.Bool("update", false, "rewrite the golden files")
	now    = time.Date(2026, 6, 3, 12, 0, 0, 0, time.UTC)
)

const hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// Titles as trackers really hold them.
var ugly = []string{
	"Checkout fails for cards of one issuer",
	"👩‍👩‍👧‍👦 Login broken 🇩🇪 for families 漢字タイトル",
	"תשלום נכשל \u202Egnp.exe\u202C عند الدفع",
	"\x1b]0;owned\x07\x1b[31mred\x1b[0m title\r\nwith\tbreaks\u200b and \xff\xfe bytes",
	strings.Repeat("a very long title that goes on ", 12),
	"Z̸̢̛a̶l̴g̷o̵ e\u0301 ﷽",
}

func ptr[T any](v T) *T { return &v }

func style(color bool, width int) answer.Style {
	return answer.Style{Color: color, Width: width, Zone: time.FixedZone("CEST", 2*3600), Now: now}
}

// record is one issue with everything that can be said about it.
func record(n int, lane string, score float64) *state.Record {
	return &state.Record{
		Issue: issue.Issue{
			ID: "1000" + string(rune('0'+n)), Key: "PAY-" + string(rune('1'+n)), Source: "payments", Title: ugly[n%len(ugly)],
			URL: "https://acme.atlassian.net/browse/PAY-1", Kind: issue.Bug, Created: now.Add(-900 * time.Hour),
			Status: issue.Status{Name: "In Progress", Category: issue.Started}, Assignee: issue.Person{Name: "Ana Díaz"},
		},
		Memory: policy.Memory{Lane: lane, LaneSince: now.Add(-50 * time.Hour)},
		Decision: policy.Decision{
			At: now.Add(-5 * time.Minute), PolicyHash: hash, Lane: lane, Horizon: "current-sprint", Score: score, Effort: 3, Confidence: 0.8,
			Band: issue.High, Priority: issue.Urgent, SLA: "urgent-fix", Marks: map[string]string{"moscow": "must"},
			Pillars: []policy.Pillar{
				{Name: "business_value", Value: 90.123, Weight: 0.35},
				{Name: "customer_impact", Value: 95, Weight: 0.45, Defaulted: true, Missing: []string{"issue.votes"}},
				{Name: "technical_risk", Weight: 0.2, Unknown: true, Missing: []string{"issue.components"}},
			},
			Rules: []policy.RuleResult{{Lane: "hotfix", Result: policy.No}, {Lane: "stability", Result: policy.Yes}, {Lane: "unsorted"}},
			Holds: []policy.Hold{
				{What: "lane", Wanted: "strategic", Why: policy.HeldBySettle, Until: now.Add(2 * time.Hour)},
				{What: "band", Wanted: "high", Why: policy.HeldByMargin, Need: 65, Have: 61},
			},
			Inputs: []policy.Reading{{Path: "issue.kind", Value: "bug"}},
		},
		Overrides: []state.Override{
			{Field: issue.FieldPriority, Kind: state.ByPerson, Value: "medium", Wanted: "urgent", By: issue.Person{Name: "Ana Díaz"}, At: now.Add(-26 * time.Hour), Until: now.Add(12 * 24 * time.Hour)},
			{Field: issue.FieldDue, Kind: state.Adopted, Value: "2026-07-01", At: now.Add(-90 * 24 * time.Hour)},
		},
		Parked: &state.Parked{Since: now.Add(-time.Hour), Until: now.Add(10 * time.Minute), Tries: 3, Kind: "invalid", Error: "edit: invalid (HTTP 400): the priority is not in the scheme"},
		Gaps:   []issue.Field{issue.FieldAssignee}, Seen: now.Add(-time.Minute),
	}
}

func entries() []state.Entry {
	return []state.Entry{
		{Plan: "p-7f3a09", Source: "payments", ID: "10000", Key: "PAY-1", Change: issue.Change{Field: issue.FieldLane, From: "lane:feature", To: "lane:stability", Reason: "lane stability: kind is bug"}, Status: state.EntryApplied, At: now.Add(-2 * time.Hour), Done: now.Add(-2*time.Hour + time.Second)},
		{Plan: "p-7f3a09", Source: "payments", ID: "10000", Key: "PAY-1", Change: issue.Change{Field: issue.FieldComment, To: "abcdef"}, Status: state.EntryFailed, At: now.Add(-2 * time.Hour), Done: now.Add(-2*time.Hour + time.Second), Error: "comment: forbidden (HTTP 403)"},
		{Plan: "p-8a0011", Source: "payments", ID: "10000", Key: "PAY-1", Change: issue.Change{Field: issue.FieldPriority, From: "high", To: "urgent", Reason: "score 88"}, Status: state.EntryPending, At: now.Add(-time.Minute)},
	}
}

func reasons() answer.Reasons {
	return answer.Reasons{
		Policy: policy.Explanation{
			LaneWhy: "Bugs that shake the ground.", Band: "urgent: score 88 is at least 85", Confidence: "80 % of the score rests on real inputs; not set: components",
			Pillars: []policy.PillarReason{
				{Name: "business_value", Because: "customer_tier is enterprise", Rubric: "a key account"},
				{Name: "customer_impact", Because: "votes not set → default 95"},
				{Name: "technical_risk", Because: "components not set, so it does not count"},
			},
			Rules: []policy.RuleReason{
				{Name: "hotfix", Because: "customer_impact 61 is below 80"},
				{Name: "stability", Because: "kind is bug"},
				{Name: "unsorted", Because: "stability comes first"},
			},
		},
		Flips:   []policy.Flip{{Input: "issue.votes", From: "9", To: "12", Sentence: "with 12 votes instead of 9 it would go to hotfix"}},
		Current: hash,
	}
}

func explained() answer.Explanation {
	e := answer.NewExplanation(record(0, "stability", 88.456), reasons())
	e.Cause, e.Mode = "updated in Jira", "enforce"
	for _, x := range entries()[:2] {
		e.Writes = append(e.Writes, answer.ChangeOf(x))
	}
	c := answer.ChangeOf(entries()[2])
	c.Status = answer.Parked
	e.Outstanding = []answer.Change{c}
	return e
}

// rights is an issue that people hold in every way.
func rights() *state.Record {
	r := record(0, "hotfix", 88)
	ana, lea := issue.Person{ID: "a1", Name: "Ana Díaz"}, issue.Person{ID: "l1", Name: "Lea Lead"}
	r.Pin = &state.Pin{By: ana, At: now.Add(-3 * time.Hour)}
	r.Overrides = append(r.Overrides,
		state.Override{Field: issue.FieldLane, Kind: state.ByPerson, Value: "lane:feature", Wanted: "lane:hotfix", By: ana, At: now.Add(-2 * time.Hour), Until: now.Add(13 * 24 * time.Hour),
			Lane: "hotfix", From: "lane:hotfix", Contested: []string{"hotfix"}},
		state.Override{Field: issue.FieldHorizon, Kind: state.Operator, Value: "horizon:roadmap", Wanted: "horizon:next-release", By: issue.Person{Name: "op"}, At: now.Add(-time.Hour),
			Until: now.Add(30 * 24 * time.Hour), Reason: "agreed with sales"},
		state.Override{Field: issue.FieldSLA, Kind: state.ByPerson, Value: "sla:none", By: ana, At: now.Add(-time.Hour), ApprovedBy: lea, ApprovedAt: now.Add(-time.Minute), ApprovedHow: "command by op"})
	return r
}

func approvers([]string) []string { return []string{"group:leads", "lead@acme.example"} }

func overrides() answer.Overrides {
	list := answer.HoldingsOf(rights(), approvers)
	return answer.Overrides{Overrides: list, Total: len(list)}
}

func contested() answer.Explanation {
	e := answer.NewExplanation(rights(), reasons())
	for n := range e.Overrides {
		if len(e.Overrides[n].Contested) > 0 {
			e.Overrides[n].Approvers = approvers(nil)
		}
	}
	return e
}

func ruled(verb string, n int) answer.Ruled {
	list := answer.HoldingsOf(rights(), approvers)
	r := answer.Ruled{Ref: "payments/PAY-1", ID: "10000", Verb: verb, Field: issue.FieldLane, By: "op"}
	switch n {
	case 0:
		r.Override = &list[len(list)-1].Override
	case 1:
		o := list[3].Override
		o.ApprovedBy = "Lea Lead"
		r.Override = &o
	case 2:
		r.Wanted, r.Pinned = "lane:hotfix", true
	case 3:
		r.Override = &list[4].Override
	}
	return r
}

func piloted() answer.Pilot {
	in := pilot.Input{Source: "payments", Project: "PAY", Baseline: now.AddDate(0, 0, -58), Since: now.AddDate(0, 0, -28), Now: now, Lanes: []string{"hotfix", "feature", "unsorted"}}
	for n := range 20 {
		id, day := fmt.Sprint(n), now.AddDate(0, 0, -10)
		in.Changes = append(in.Changes, pilot.Change{At: day, Issue: id, Field: issue.FieldLane})
		if n < 4 {
			in.Acts = append(in.Acts, pilot.Act{At: day.Add(time.Hour), Issue: id, Kind: pilot.Overrode, Field: issue.FieldLane})
		}
		in.Decisions = append(in.Decisions, pilot.Decision{At: now.AddDate(0, 0, -40+n), Issue: id, Lane: "feature"})
		in.Issues = append(in.Issues, pilot.Issue{ID: id, Lane: "feature", Created: now.AddDate(0, 0, -60), Closed: now.AddDate(0, 0, -30+10*(n%2)+n%3), Priority: issue.High})
	}
	return answer.Pilot{Report: pilot.Make(in)}
}

func replied(accept bool) answer.Replied {
	change := func(f issue.Field, from, to string, st answer.Status) answer.Change {
		return answer.NewChange("payments", "10000", "PAY-1", issue.Change{Field: f, From: from, To: to, Reason: "why"}, st)
	}
	if !accept {
		return answer.Replied{Ref: "payments/PAY-1", ID: "10000", Verb: "reject", By: "op", Reason: "not ours", Rule: "hotfix", Until: now.Add(14 * 24 * time.Hour),
			Changes: []answer.Change{change(issue.FieldLane, "", "lane:hotfix", answer.Kept)}}
	}
	return answer.Replied{Ref: "payments/PAY-1", ID: "10000", Verb: "accept", By: "Lea Lead", Rule: "hotfix", Plan: "p-7f3a09c1",
		Changes: []answer.Change{change(issue.FieldLane, "", "lane:hotfix", answer.Applied), change(issue.FieldPriority, "low", "high", answer.Failed)},
		Left:    []answer.Change{change(issue.FieldHorizon, "", "horizon:current-sprint", answer.Suggested)}}
}

func noRule() answer.Explanation {
	r := record(3, "unsorted", 12)
	r.Decision.Rules = []policy.RuleResult{{Lane: "hotfix", Result: policy.No}, {Lane: "unsorted", Result: policy.Yes}}
	r.Decision.Holds, r.Overrides, r.Parked, r.Gaps = nil, nil, nil, nil
	r.Decision.Confidence = 1
	return answer.NewExplanation(r, answer.Reasons{Policy: policy.Explanation{LaneWhy: "Nobody owns these."}, Current: "another"})
}

func undecided() answer.Explanation {
	r := record(1, "", 0)
	r.Decision = policy.Decision{At: now.Add(-time.Minute), PolicyHash: hash, Undecided: "lanes[0].when: no such key: severity"}
	r.Overrides, r.Parked, r.Gaps = nil, nil, nil
	return answer.NewExplanation(r, answer.Reasons{Current: hash})
}

func items() []answer.Item {
	var out []answer.Item
	for n := range ugly {
		out = append(out, answer.ItemOf(record(n, []string{"hotfix", "stability", "feature"}[n%3], 90-float64(n)*7.77)))
	}
	answer.Rank(out, []string{"hotfix", "stability", "feature"})
	return out
}

func lanes() answer.Lanes {
	return answer.NewLanes("", []policy.LaneSpec{
		{Name: "hotfix", Horizon: "current-sprint", Share: policy.ShareSpec{Max: ptr(0.3)}},
		{Name: "strategic", Horizon: "roadmap", Share: policy.ShareSpec{Min: ptr(0.2)}},
		{Name: "feature", Horizon: "next-release", Share: policy.ShareSpec{Min: ptr(0.1), Max: ptr(0.6)}},
		{Name: "unsorted", AlarmAbove: 5},
	}, state.Totals{Open: 100, Undecided: 2, Lanes: map[string]int{"hotfix": 31, "strategic": 19, "feature": 41, "unsorted": 6, "old": 1}}, hash)
}

func cycle() answer.Cycle {
	c := answer.Cycle{
		Mode: "enforce", PolicyHash: hash, Lanes: lanes().Lanes, LeastCertain: answer.LeastCertain(items(), 3),
		Sources: []answer.CycleSource{
			{Source: "payments", Issues: 340, Changed: 2, Parked: 1},
			{Source: "core", Issues: 96, Mode: "observe", Error: "search: auth (HTTP 401); make a new key"},
			{Source: "web", Issues: 80, Plan: "p-7f3a09", Held: "60 of 80 open issues is more than 10 %"},
		},
	}
	for _, e := range entries() {
		c.Changes = append(c.Changes, answer.ChangeOf(e))
	}
	c.Changes[2].Status = answer.Observed
	c.Changes = append(c.Changes, answer.NewChange("core", "u-1", "ENG-10", issue.Change{Field: issue.FieldDue, From: "2026-06-01", Reason: ugly[1]}, answer.Refused),
		answer.NewChange("core", "u-2", "ENG-9", issue.Change{Field: issue.FieldLane, To: "lane:unsorted", Reason: ugly[4]}, answer.Held))
	return c.Normal()
}

func dryRun() answer.Cycle {
	c := cycle()
	c.DryRun, c.Paused, c.Sources, c.Lanes, c.LeastCertain = true, true, c.Sources[:1], nil, nil
	for n := range c.Changes {
		c.Changes[n].Status, c.Changes[n].Error = answer.Planned, ""
	}
	return c
}

func logged() []state.Logged {
	d := record(0, "stability", 88.456).Decision
	before := d
	before.At, before.Lane, before.Score, before.Priority = now.Add(-3*time.Hour), "feature", 40, issue.Medium
	return []state.Logged{
		{Seq: 3, Source: "payments", ID: "10000", Key: "PAY-1", Cause: "first sight", Decision: before},
		{Seq: 9, Previous: 3, Source: "payments", ID: "10000", Key: "PAY-1", Cause: "updated in Jira", Before: state.Outcome{Lane: "feature", Priority: issue.Medium, Score: 40}, Decision: d},
	}
}

var laneOrder = []string{"hotfix", "stability", "feature"}

func history() answer.History {
	return answer.NewHistory(&record(0, "stability", 88).Issue, logged(), entries()[:2], laneOrder)
}

func sources() answer.Sources {
	return answer.Sources{Sources: []answer.Source{
		answer.NewSource(answer.SourceInput{
			Name: "payments", Tracker: "jira", Mode: "enforce", StaleAfter: time.Hour, Now: now,
			State:  state.SourceState{Watermark: now.Add(-3 * time.Minute), LastSuccess: now.Add(-time.Minute)},
			Totals: state.Totals{Open: 340, Parked: 2, Overrides: map[issue.Field]int{issue.FieldLane: 3, issue.FieldDue: 4}},
			Budget: []answer.Budget{{Budget: "requests", Remaining: 0.82}, {Budget: "complexity", Remaining: 0.4}},
		}),
		answer.NewSource(answer.SourceInput{
			Name: "core", Tracker: "linear", Mode: "observe", StaleAfter: time.Hour, Now: now,
			State: state.SourceState{Watermark: now, LastSuccess: now.Add(-3 * time.Hour), Failures: 36, LastError: "search: auth (HTTP 401)", ErrorKind: "auth"},
		}),
	}, Pause: &answer.Pause{Paused: true, At: now.Add(-time.Hour), By: "Ana", Reason: "release freeze"}}
}

func plans() answer.Plans {
	p := state.Plan{ID: "p-7f3a09", Source: "payments", At: now.Add(-time.Hour), Mode: "enforce", PolicyHash: hash, Open: 340, Issues: 120, Changes: 214, Status: state.PlanHeld, Reason: "120 of 340 open issues is more than 10 %"}
	done := p
	done.ID, done.Status, done.Reason, done.Undoes, done.By = "p-000001", state.PlanDone, "", "p-7f3a09", "Ana"
	return answer.Plans{Plans: []answer.Plan{answer.NewPlan(p, nil), answer.NewPlan(done, nil)}}
}

// policyReport is of a period in which people moved most hot fixes of one kind.
func policyReport() answer.PolicyReport {
	in := report.Input{Since: now.Add(-28 * 24 * time.Hour), Now: now, Cap: 0.25,
		Lanes: []report.Lane{{Name: "hotfix", When: "pillar.customer_impact >= 80.0"}, {Name: "feature", When: "true"}, {Name: "unsorted", When: "true"}},
		Bands: []report.Band{{Priority: issue.Urgent, Edge: 85}, {Priority: issue.High, Edge: 65}, {Priority: issue.Medium, Edge: 35}}}
	for n := range 40 {
		id, lane, kind, reporter, p := fmt.Sprint(n), "hotfix", "task", "Ana Díaz", issue.High
		switch {
		case n >= 20:
			lane, kind, reporter, p = "feature", "story", ugly[4], issue.Medium
		case n >= 14:
			kind = "bug"
		}
		in.Placed = append(in.Placed, report.Placing{At: now.Add(-20 * 24 * time.Hour), Issue: id, Lane: lane, Score: float64(80 + n%20), Band: p, Priority: p,
			Pillars: map[string]float64{"customer_impact": float64(80 + n%20)}, Inputs: []report.Value{{Path: "issue.kind", Text: kind}}, Policy: hash})
		in.Issues = append(in.Issues, report.Issue{ID: id, Ref: "payments/PAY-" + id, Title: ugly[n%len(ugly)], Open: true, Created: now.Add(-900 * time.Hour),
			Source: "payments", Team: "payments/PAY", Kind: kind, Reporter: reporter, Lane: lane, Wanted: p, Priority: p, Score: float64(80 + n%20), Value: 3})
		if n < 14 {
			in.Moved = append(in.Moved, report.Move{At: now.Add(-9 * 24 * time.Hour), Issue: id, Field: issue.FieldLane, From: "hotfix", To: "feature"})
		}
	}
	return answer.PolicyReport{Report: report.Make(in)}
}

func heldPlan() state.Plan {
	return state.Plan{ID: "p-7f3a09", Source: "payments", At: now.Add(-time.Hour), HeldAt: now.Add(-24 * time.Hour), Mode: "enforce", PolicyHash: hash,
		Open: 340, Issues: 120, Changes: 214, Status: state.PlanHeld, Reason: "of plan p-000001 only hotfix was approved", RestOf: "p-000001",
		Summary: &state.Summary{
			Lanes:  map[string]int{"hotfix": 20, "feature": 100},
			Fields: []state.FieldChange{{Field: issue.FieldLane, From: "lane:feature", To: "lane:hotfix", Count: 20}, {Field: issue.FieldAssignee, To: "…", Count: 9}},
			Others: 3,
			Largest: []state.LargeMove{{ID: "1", Key: "PAY-1", Steps: 3, Lanes: 2, Score: 88.456, Changes: []issue.Change{
				{Field: issue.FieldLane, From: "lane:feature", To: "lane:hotfix", Reason: "A paying customer is hurt now."},
				{Field: issue.FieldPriority, From: "low", To: "urgent", Reason: "score 88 is in the band urgent"}}}},
		}}
}

// clockOf reads a clock: an answer within an hour and a fix within eight, from
// a number of hours ago on.
func clockOf(r *state.Record, ago time.Duration, status string) *answer.SLA {
	p, problems := policy.Compile(policy.Spec{
		Score: policy.ScoreSpec{Pillars: map[string]policy.PillarSpec{"all": {Weight: 1, Expr: "50.0"}}, Effort: policy.EffortSpec{Expr: "1.0"}},
		Lanes: []policy.LaneSpec{{Name: "hotfix", When: "issue.kind == 'bug'", Horizon: "current-sprint", SLA: "urgent-fix"}, {Name: "rest", When: "true", Horizon: "roadmap"}},
		SLAs: map[string]policy.SLASpec{"urgent-fix": {
			Starts: policy.StartsCreated, WarnAt: []float64{0.5, 0.75}, Pauses: policy.PauseSpec{Statuses: []string{"Waiting"}},
			Targets: []policy.TargetSpec{{Respond: time.Hour, Resolve: 8 * time.Hour}},
		}},
	})
	if policy.Failed(problems) {
		panic(problems)
	}
	clock, err := sla.New(p, "urgent-fix")
	if err != nil {
		panic(err)
	}
	r.Issue.Created = now.Add(-ago)
	ann := issue.Actor{Person: issue.Person{ID: "ann", Name: "Ann Example"}}
	h := issue.History{Complete: true, CommentsRead: true, Comments: []issue.Comment{{At: now.Add(-ago + 20*time.Minute), By: ann, Public: true}}}
	if status != "" {
		r.Issue.Status.Name = status
		h.Events = []issue.Event{{At: now.Add(-time.Hour), By: ann, Field: issue.FieldStatus, From: "Open", To: status, ToCategory: issue.Started}}
	}
	return answer.NewSLA(clock.At(sla.Subject{Issue: &r.Issue, History: &h, Lanes: []sla.Episode{{Lane: "hotfix", From: r.Issue.Created}}}, now))
}

func heldTo(n int, title string, ago time.Duration, status string) answer.HeldTo {
	r := &state.Record{
		Issue:  issue.Issue{ID: fmt.Sprint(n), Source: "payments", Key: fmt.Sprintf("PAY-%d", n), Title: title, Status: issue.Status{Name: "Open", Category: issue.Unstarted}},
		Memory: policy.Memory{Lane: "hotfix", LaneSince: now.Add(-ago)}, Decision: policy.Decision{Priority: issue.Urgent, Lane: "hotfix"},
	}
	return answer.HeldToOf(r, clockOf(r, ago, status))
}

func slas() answer.SLAs {
	list := []answer.HeldTo{
		heldTo(3, "Search is slow", 90*time.Minute, ""), heldTo(1, "Checkout fails", 9*time.Hour, ""),
		heldTo(4, "Mails arrive twice", 3*time.Hour, "Waiting"), heldTo(2, "Refund is lost", 6*time.Hour+30*time.Minute, ""),
	}
	answer.MostUrgent(list)
	return answer.SLAs{SLAs: list, Total: 4}
}

func explainedSLA() answer.Explanation {
	e := explained()
	r := &state.Record{Issue: issue.Issue{ID: "1", Source: "payments", Key: "PAY-1", Status: issue.Status{Name: "Open", Category: issue.Unstarted}}}
	e.SLA = clockOf(r, 6*time.Hour+30*time.Minute, "")
	return e
}

func undone() []answer.Change {
	list := cycle().Changes[:2]
	list[0].Status, list[1].Status = answer.Applied, answer.Superseded
	return list
}

func views() map[string]answer.Texter {
	var log answer.Decisions
	for _, l := range logged() {
		log.Decisions = append(log.Decisions, answer.MovedOf(l, laneOrder))
	}
	one := plans().Plans[0]
	one.Changes = cycle().Changes
	judged := answer.NewPlan(heldPlan(), nil)
	judged.Expires = now.Add(6 * 24 * time.Hour)
	judged.Changes = cycle().Changes[:2]
	judged.Present = &answer.Present{AsHeld: 180, Already: 3, Gone: 1, Overridden: 2, Changed: 4, Unlisted: 24}
	return map[string]answer.Texter{
		"explain": explained(), "explain-no-rule": noRule(), "explain-undecided": undecided(),
		"explain-new": answer.NewExplanation(&state.Record{Issue: issue.Issue{Key: "PAY-9", Source: "payments"}}, answer.Reasons{}),
		"once":        cycle(), "plan-now": dryRun(), "once-nothing": answer.Cycle{Sources: []answer.CycleSource{{Source: "payments", Issues: 1}}},
		"issues": answer.Issues{Issues: items(), Total: 40}, "issues-none": answer.Issues{},
		"history": history(), "decisions": log, "lanes": lanes(), "sources": sources(), "plans": plans(), "plan": one, "plan-held": judged,
		"slas": slas(), "explain-sla": explainedSLA(), "pause": *sources().Pause, "resume": answer.Pause{},
		"undo": answer.Undo{Plans: []string{"p-1"}, Changes: undone()}, "undo-nothing": answer.Undo{},
		"changes": answer.Changes{Changes: cycle().Changes[:1]}, "reload": answer.Reload{Reloaded: true, PolicyHash: hash},
		"check": answer.NewCheck([]answer.Finding{
			{Level: answer.LevelOK, What: "configuration", Text: "lanekeeper.yaml"},
			{Source: "payments", Level: answer.LevelWarning, What: "project PAY", Text: "3 issue types without a priority field", Fix: "add priority to their screens, or leave the types out with jql"},
			{Source: "payments", Level: answer.LevelFailed, What: "field customer_tier", Text: "no field is called Customer tier"},
		}),
		"policy-test": answer.NewPolicyTests([]answer.PolicyTest{
			{Name: "an enterprise bug is a hot fix"}, {Name: "an epic is strategic", Problems: []string{"lane: want strategic, got feature"}},
		}),
		"backtest": backtested(), "policy-diff": policyDiff(), "try": tried(),
		"state":        answer.StateStats{Path: "lanekeeper.db", Schema: 1, SizeBytes: 3 << 20, FreeBytes: 900, Decisions: 12, Plans: 1, Entries: 7, Damaged: 1, Sources: []answer.SourceStats{{Source: "payments", Issues: 1412, Open: 340, Outstanding: 2, Parked: 1}}},
		"audit-verify": answer.AuditCheck{OK: true, At: now, Decisions: 12, Acts: 1, Writes: 30, Gaps: 1, First: 7, Last: 40, Problems: []answer.AuditProblem{}},
		"audit-changed": answer.AuditCheck{Filtered: true, At: now, Decisions: 2, Problems: []answer.AuditProblem{
			{Line: 3, Text: "entry 7: its hash does not fit its stored bytes: one of them was changed"}, {Text: "its last line is missing: the end of the file was cut off"}}, More: 4},
		"policy-report": policyReport(), "policy-report-empty": answer.PolicyReport{Report: report.Make(report.Input{Since: now.Add(-24 * time.Hour), Now: now})},
		"overrides":         overrides(),
		"overrides-none":    answer.Overrides{},
		"explain-contested": contested(),
		"pilot":             piloted(),
		"accepted":          replied(true), "declined": replied(false),
		"approved": ruled("approve", 0), "approved-half": ruled("approve", 1), "rejected": ruled("reject", 2), "held-back": ruled("hold", 3),
		"alerts": alerts(), "alerts-none": answer.Alerts{}, "alert-test": answer.AlertTest{Channel: "oncall", Sent: true, Took: 0.31},
		"verify": answer.Verification{Problems: []string{"record 7: does not decode"}, More: 2, Records: 9},
	}
}

func TestEveryViewAsText(t *testing.T) {
	for name, v := range views() {
		for suffix, s := range map[string]answer.Style{"plain": style(false, 100), "color": style(true, 100), "narrow": style(false, 60)} {
			if suffix == "narrow" && name != "explain" && name != "issues" && name != "once" {
				continue
			}
			t.Run(name+"-"+suffix, func(t *testing.T) {
				var b bytes.Buffer
				if err := v.WriteText(&b, s); err != nil {
					t.Fatal(err)
				}
				golden(t, name+"-"+suffix+".txt", b.String())
			})
		}
	}
}

func TestEveryViewAsJSON(t *testing.T) {
	for name, v := range views() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := answer.WriteJSON(&b, v); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", b.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make it with go test ./internal/answer -update", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs; look at the change and run go test ./internal/answer -update (-want +got):\n%s", name, d)
	}
}
