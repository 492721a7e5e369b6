package backtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// byLabel is a policy whose lane and priority follow labels and priorities
// alone, so that each test sees what it moved.
func byLabel(t *testing.T, lanes ...policy.LaneSpec) Candidate {
	t.Helper()
	if lanes == nil {
		lanes = []policy.LaneSpec{
			{Name: "hotfix", When: "has_label('fire')", Horizon: policy.CurrentSprint, Share: policy.ShareSpec{Max: new(float64)}},
			{Name: "rest", When: "true", Horizon: policy.NextRelease},
		}
	}
	set, problems := policy.CompileSet(policy.Spec{
		Score:    policy.ScoreSpec{Pillars: map[string]policy.PillarSpec{"value": {Weight: 1, Expr: "has_label('fire') ? 90.0 : 40.0"}}, Effort: policy.EffortSpec{Expr: "1.0"}},
		Priority: policy.PrioritySpec{Bands: map[issue.Priority]float64{issue.Urgent: 80, issue.Medium: 30}},
		Lanes:    lanes, Settle: time.Hour,
	}, nil)
	if policy.Failed(problems) {
		t.Fatal(problems)
	}
	return Candidate{Name: "by label", Set: set}
}

func day(n int) time.Time { return born.AddDate(0, 0, n) }

func label(at time.Time, l string) issue.Event {
	return issue.Event{At: at, Field: issue.FieldLabels, To: l, By: issue.Actor{Person: issue.Person{ID: "u1"}}}
}

func unlabel(at time.Time, l string) issue.Event {
	return issue.Event{At: at, Field: issue.FieldLabels, From: l, By: issue.Actor{Person: issue.Person{ID: "u1"}}}
}

func priority(at time.Time, from, to issue.Priority) issue.Event {
	return issue.Event{At: at, Field: issue.FieldPriority, From: from.String(), To: to.String(), By: issue.Actor{Person: issue.Person{ID: "u1"}}}
}

func status(at time.Time, from, to string) issue.Event {
	return issue.Event{At: at, Field: issue.FieldStatus, From: from, To: to, ToCategory: statuses[to]}
}

// one is an issue that events lead to.
func one(key string, events ...issue.Event) Past {
	i := issue.Issue{ID: key, Key: key, Source: "s", Project: "P", Title: "Title of " + key, Created: born, Updated: born, Priority: issue.Medium, Status: issue.Status{Name: "Open", Category: issue.Unstarted}}
	n := learn(nil)
	for _, e := range events {
		redo(n, &i, e)
		i.Updated = e.At
	}
	return Past{Issue: i, History: &issue.History{Events: events, Complete: true}}
}

func replayed(t *testing.T, o Options, pasts []Past, c ...Candidate) *Report {
	t.Helper()
	if o.Until.IsZero() {
		o.Since, o.Until = born, day(10)
	}
	o.Managed, o.Told = managed, Told
	r, err := Run(pasts, o, c...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAMoveHasItsDayAndItsCauseAndAReturnIsAFlap(t *testing.T) {
	p := one("P-1", label(day(2), "fire"), unlabel(day(4), "fire"), label(day(6), "fire"))
	got := replayed(t, Options{}, []Past{p}, byLabel(t)).Policies[0]
	want := []Move{
		{Ref: "s/P-1", At: day(6), From: "rest", To: "hotfix", Cause: "labels: fire instead of none", Flap: true},
		{Ref: "s/P-1", At: day(4), From: "hotfix", To: "rest", Cause: "labels: none instead of fire", Flap: true},
		{Ref: "s/P-1", At: day(2), From: "rest", To: "hotfix", Cause: "labels: fire instead of none"},
	}
	if diff := cmp.Diff(want, got.Moves); diff != "" {
		t.Error(diff)
	}
	if got.Flaps != 2 || got.HeldReturns != 0 {
		t.Errorf("%d flaps, %d held", got.Flaps, got.HeldReturns)
	}
	var lanes []string
	for _, d := range got.Days {
		lanes = append(lanes, map[bool]string{true: "h", false: "r"}[d.Lanes["hotfix"] == 1])
	}
	if got := strings.Join(lanes, ""); got != "rrhhrrhhhhh" {
		t.Error("lanes by day:", got)
	}
}

func TestSettleHoldsAReturnAndMemoryGoesFromDayToDay(t *testing.T) {
	p := one("P-1", label(day(2), "fire"), unlabel(day(2).Add(time.Minute), "fire"))
	got := replayed(t, Options{}, []Past{p}, byLabel(t)).Policies[0]
	if got.HeldReturns < 1 || got.Days[1].Lanes["rest"] != 1 || got.Days[2].Lanes["rest"] != 1 || len(got.Moves) != 2 {
		t.Errorf("held %d, days %v, moves %v", got.HeldReturns, got.Days[:4], got.Moves)
	}
}

func TestHotFixesAreCountedAgainstCapacity(t *testing.T) {
	var pasts []Past
	for _, k := range []string{"P-1", "P-2", "P-3"} {
		pasts = append(pasts, one(k, label(day(3), "fire")))
	}
	pasts = append(pasts, one("P-4", label(day(5), "fire")))
	got := replayed(t, Options{Capacity: 2}, pasts, byLabel(t)).Policies[0]
	want := Hot{Lane: "hotfix", Capacity: 2, Total: 4, PerDay: 4.0 / 11, Most: 3, MostOn: "2026-03-05", DaysOver: 1}
	if diff := cmp.Diff(want, got.Hot); diff != "" {
		t.Error(diff)
	}
	if got.OutOfShare["hotfix"] != 8 {
		t.Errorf("out of share on %d days", got.OutOfShare["hotfix"])
	}
	if got.Inflation.First != 0 || got.Inflation.Last != 1 || got.Inflation.ActualLast != 0 {
		t.Errorf("%+v", got.Inflation)
	}
}

func TestPeopleWhoLaterDoTheSameAgree(t *testing.T) {
	pasts := []Past{
		one("P-1", label(day(2), "fire"), priority(day(3), issue.Medium, issue.Urgent)), // the same
		one("P-2", label(day(2), "fire"), priority(day(3), issue.Medium, issue.High)),   // that way
		one("P-3", label(day(2), "fire"), priority(day(3), issue.Medium, issue.Low)),    // against
		one("P-4", label(day(2), "fire")),
		one("P-5", label(day(2), "fire"), label(day(3), "lane:hotfix"), unlabel(day(4), "lane:hotfix"), label(day(4), "lane:rest")),
		one("P-6", label(day(2), "fire"), unlabel(day(5), "fire")), // policy takes it back
	}
	got := replayed(t, Options{}, pasts, byLabel(t)).Policies[0].Agreement
	// P-2 and P-3 are proposed again: people chose otherwise, policy still wants urgent.
	want := Agreement{Proposals: 8, Same: 1, Toward: 1, Against: 1, Open: 4, Dropped: 1, LeadHours: 24, LaneLabels: 2, SameLane: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatLanekeeperWroteIsLeftOut(t *testing.T) {
	own := func(e issue.Event) issue.Event { e.By.Self = true; return e }
	p := one("P-1", own(label(day(1), "lane:hotfix")), own(priority(day(1), issue.Medium, issue.Urgent)), label(day(5), "fire"))
	r := replayed(t, Options{}, []Past{p}, byLabel(t))
	if r.Coverage.OwnChanges != 2 || r.Coverage.Broken != 0 {
		t.Errorf("%+v", r.Coverage)
	}
	if r.Actual[3].Priorities[issue.Medium] != 1 || r.Policies[0].Agreement.Same != 0 || r.Policies[0].Agreement.LaneLabels != 0 {
		t.Errorf("our own change counts as people's: %+v %+v", r.Actual[3], r.Policies[0].Agreement)
	}
	if r.Policies[0].Days[3].Lanes["rest"] != 1 || r.Policies[0].Days[9].Lanes["hotfix"] != 1 {
		t.Error("a managed label is an input")
	}
}

func TestIssuesAreThereFromCreationToResolution(t *testing.T) {
	late := one("P-1")
	late.Issue.Created = day(4)
	closed := one("P-2", status(day(3), "Open", "Done"), status(day(6), "Done", "Open"), status(day(8), "Open", "Done"))
	bare := one("P-3")
	bare.History, bare.Issue.Status, bare.Issue.Resolved = nil, issue.Status{Name: "Done", Category: issue.Completed}, day(2)
	lost := bare
	lost.Issue.ID, lost.Issue.Key, lost.Issue.Resolved = "P-4", "P-4", time.Time{}
	r := replayed(t, Options{}, []Past{late, closed, bare, lost}, byLabel(t))
	var open []int
	for _, a := range r.Actual {
		open = append(open, a.Open)
	}
	// P-2: days 0-2 and 6-7; P-3: 0-1; P-1 from 4 on.
	if want := []int{2, 2, 1, 0, 1, 1, 2, 2, 1, 1, 1}; !slices.Equal(open, want) {
		t.Errorf("open by day %v, want %v", open, want)
	}
	if c := r.Coverage; c.Issues != 3 || c.Left != 1 || c.NoHistory != 1 {
		t.Errorf("%+v", c)
	}
}

func TestAStatusThatNobodyKnowsCountsAsOpenAndIsNamed(t *testing.T) {
	p := one("P-1", status(day(5), "Mystery", "Done"))
	lanes := []policy.LaneSpec{{Name: "hotfix", When: "issue.status == 'Open'", Horizon: policy.NextRelease}, {Name: "rest", When: "true", Horizon: policy.NextRelease}}
	r := replayed(t, Options{}, []Past{p}, byLabel(t, lanes...))
	if !slices.Equal(r.Coverage.UnknownStatuses, []string{"Mystery"}) {
		t.Errorf("%q", r.Coverage.UnknownStatuses)
	}
	if d := r.Policies[0].Days[2]; d.Open != 1 || d.Undecided != 1 {
		t.Errorf("a policy that reads the status decides without it: %+v", d)
	}
}

func TestAHistoryThatDoesNotLeadToThePresentIsCountedAndThePresentHolds(t *testing.T) {
	p := one("P-1", priority(day(2), issue.Low, issue.High))
	p.Issue.Priority, p.Issue.Updated, p.Issue.Labels = issue.Urgent, day(7), []string{"fire"}
	r := replayed(t, Options{}, []Past{p}, byLabel(t))
	if r.Coverage.Broken != 1 {
		t.Errorf("%+v", r.Coverage)
	}
	var got []issue.Priority
	for _, a := range r.Actual {
		for q := range a.Priorities {
			got = append(got, q)
		}
	}
	want := []issue.Priority{1, 1, 3, 3, 3, 3, 3, 4, 4, 4, 4}
	if !slices.Equal(got, want) {
		t.Errorf("priorities by day %v, want %v", got, want)
	}
	if r.Policies[0].Days[10].Lanes["hotfix"] != 1 {
		t.Error("the last day is not the present")
	}
	if a := r.Policies[0].Agreement; a.Same != 0 {
		t.Error("a change that nobody logged counts as a person's")
	}
}

func TestTwoPoliciesAreComparedByIssueWithBothReasons(t *testing.T) {
	other := byLabel(t, policy.LaneSpec{Name: "rest", When: "true", Horizon: policy.NextRelease})
	other.Name = "other"
	pasts := []Past{one("P-1", label(day(8), "fire")), one("P-2")}
	c := replayed(t, Options{}, pasts, other, byLabel(t)).Compare
	want := []Difference{{
		Ref: "s/P-1", Title: "Title of P-1", Days: 3,
		Current: Outcome{Lane: "hotfix", Priority: issue.Urgent, Score: 90, Because: "hotfix: it has the label fire; score 90"},
		New:     Outcome{Lane: "rest", Priority: issue.Urgent, Score: 90, Because: "rest: it takes every issue; score 90"},
	}}
	if diff := cmp.Diff(want, c.Today); diff != "" {
		t.Error(diff)
	}
	if c.Same != 1 || c.IssueDays != 3 || c.Issues != 1 {
		t.Errorf("%+v", c)
	}
	if diff := cmp.Diff([]Cell{{"hotfix", "rest", 1}, {"rest", "rest", 1}}, c.Matrix); diff != "" {
		t.Error(diff)
	}
}

func TestMovesAreBoundedAndTheRestIsCounted(t *testing.T) {
	var pasts []Past
	for n := range 50 {
		pasts = append(pasts, one("P-"+string(rune('a'+n%26))+strings.Repeat("x", n/26), label(day(n%9), "fire"), unlabel(day(n%9).Add(12*time.Hour), "fire")))
	}
	few := replayed(t, Options{MostMoves: 7}, slices.Clone(pasts), byLabel(t)).Policies[0]
	all := replayed(t, Options{}, pasts, byLabel(t)).Policies[0]
	if len(few.Moves) != 7 || len(few.Moves)+few.MoreMoves != len(all.Moves) || all.MoreMoves != 0 {
		t.Errorf("%d and %d more of %d", len(few.Moves), few.MoreMoves, len(all.Moves))
	}
	if diff := cmp.Diff(all.Moves[:7], few.Moves); diff != "" {
		t.Error(diff)
	}
}

func TestDaysAreThoseOfTheZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	// A summer time begins on 29 March 2026: that day has 23 hours.
	o := Options{Since: time.Date(2026, 3, 27, 12, 0, 0, 0, berlin), Until: time.Date(2026, 3, 31, 8, 0, 0, 0, berlin), Zone: berlin}
	days, err := daysOf(&o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range days {
		got = append(got, string(d.date)+" "+d.to.UTC().Format("02T15"))
	}
	want := []string{"2026-03-27 27T23", "2026-03-28 28T23", "2026-03-29 29T22", "2026-03-30 30T22", "2026-03-31 31T06"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for _, o := range []Options{{Since: born, Until: born}, {Since: born.AddDate(-20, 0, 0), Until: born}} {
		if _, err := daysOf(&o); err == nil {
			t.Error("an impossible period passes")
		}
	}
}
