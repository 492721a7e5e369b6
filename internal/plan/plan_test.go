package plan

import (
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"pgregory.net/rapid"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func TestDiff(t *testing.T) {
	const field = issue.FieldLane
	adopt := Policy{Adopt: map[issue.Field]bool{field: true}}
	override := func(value string, until time.Time, lane string) []Override {
		return []Override{{Field: field, Value: value, Until: until, Lane: lane}}
	}
	tests := []struct {
		name      string
		actual    []string
		applied   Applied
		freed     string // "": none
		overrides []Override
		policy    Policy
		unknown   issue.Inputs
		want      Outcome
		from      string
	}{
		{name: "the tracker agrees and nothing was written yet: nothing", actual: []string{"lane:hotfix"}, want: Agreed, from: "lane:hotfix"},
		{name: "the tracker agrees though we wrote something else: nothing", actual: []string{"lane:hotfix"},
			applied: Applied{field: "lane:feature"}, want: Agreed, from: "lane:hotfix"},
		{name: "our own value is outdated: change", actual: []string{"lane:feature"}, applied: Applied{field: "lane:feature"},
			want: Changed, from: "lane:feature"},
		{name: "a person replaced our label: override", actual: []string{"lane:strategic"}, applied: Applied{field: "lane:hotfix"},
			want: Taken, from: "lane:strategic"},
		{name: "a person removed our label: not added again", applied: Applied{field: "lane:hotfix"}, want: Taken},
		{name: "a person added a second label beside ours: override", actual: []string{"lane:feature", "lane:hotfix"},
			applied: Applied{field: "lane:hotfix"}, want: Taken, from: "lane:feature lane:hotfix"},
		{name: "a value whose override ended: change", actual: []string{"lane:own"}, applied: Applied{field: "lane:feature"}, freed: "lane:own",
			want: Changed, from: "lane:own"},
		{name: "another value than the one whose override ended: override", actual: []string{"lane:other"}, applied: Applied{field: "lane:feature"},
			freed: "lane:own", want: Taken, from: "lane:other"},
		{name: "a value whose override ended, also where it would be adopted at first sight: change", actual: []string{"lane:own"}, freed: "lane:own",
			policy: adopt, want: Changed, from: "lane:own"},
		{name: "first sight, claimed: change", actual: []string{"lane:feature"}, want: Changed, from: "lane:feature"},
		{name: "first sight, adopted: kept", actual: []string{"lane:feature"}, policy: adopt, want: Adopted, from: "lane:feature"},
		{name: "first sight, adopted but empty: set, for there is nobody's work to lose", policy: adopt, want: Changed},
		{name: "override without an end: kept", actual: []string{"lane:feature"}, applied: Applied{field: "lane:stability"},
			overrides: override("lane:feature", time.Time{}, "hotfix"), want: Kept, from: "lane:feature"},
		{name: "override that a person changed once more: kept", actual: []string{"lane:other"}, applied: Applied{field: "lane:stability"},
			overrides: override("lane:feature", time.Time{}, "hotfix"), want: Kept, from: "lane:other"},
		{name: "override until a moment ahead: kept", actual: []string{"lane:feature"}, applied: Applied{field: "lane:stability"},
			overrides: override("lane:feature", now.Add(time.Second), "hotfix"), want: Kept, from: "lane:feature"},
		{name: "override until now: released", actual: []string{"lane:feature"}, applied: Applied{field: "lane:stability"},
			overrides: override("lane:feature", now, "hotfix"), want: Released, from: "lane:feature"},
		{name: "override until now, and a person changed the value meanwhile: a new override", actual: []string{"lane:other"}, applied: Applied{field: "lane:stability"},
			overrides: override("lane:feature", now, "hotfix"), want: Taken, from: "lane:other"},
		{name: "a person put our value back: released", actual: []string{"lane:stability"}, applied: Applied{field: "lane:stability"},
			overrides: override("lane:feature", time.Time{}, "hotfix"), want: Released, from: "lane:stability"},
		{name: "policy moved the issue and policy may release: released", actual: []string{"lane:feature"}, applied: Applied{field: "lane:stability"},
			overrides: override("lane:feature", time.Time{}, "stability"), policy: Policy{ReleaseOnMove: true}, want: Released, from: "lane:feature"},
		{name: "policy moved the issue and a person changed the value meanwhile: a new override", actual: []string{"lane:other"}, applied: Applied{field: "lane:stability"},
			overrides: override("lane:feature", time.Time{}, "stability"), policy: Policy{ReleaseOnMove: true}, want: Taken, from: "lane:other"},
		{name: "policy moved the issue but may not release: kept", actual: []string{"lane:feature"}, applied: Applied{field: "lane:stability"},
			overrides: override("lane:feature", time.Time{}, "stability"), want: Kept, from: "lane:feature"},
		{name: "an undone value equals what was applied before: kept", actual: []string{"lane:stability"}, applied: Applied{field: "lane:stability"},
			overrides: override("lane:stability", now.Add(time.Hour), "hotfix"), want: Kept, from: "lane:stability"},
		{name: "a firm override whose value policy wants too: kept", actual: []string{"lane:hotfix"}, applied: Applied{field: "lane:hotfix"},
			overrides: []Override{{Field: field, Value: "lane:hotfix", Until: now.Add(time.Hour), Firm: true}}, want: Kept, from: "lane:hotfix"},
		{name: "a firm override is not released by a move", actual: []string{"lane:feature"}, applied: Applied{field: "lane:feature"}, policy: Policy{ReleaseOnMove: true},
			overrides: []Override{{Field: field, Value: "lane:feature", Until: now.Add(time.Hour), Lane: "stability", Firm: true}}, want: Kept, from: "lane:feature"},
		{name: "a firm override whose time is over: released", actual: []string{"lane:feature"}, applied: Applied{field: "lane:feature"},
			overrides: []Override{{Field: field, Value: "lane:feature", Until: now, Firm: true}}, want: Released, from: "lane:feature"},
		{name: "a firm override whose value a person changed to policy's: agreed", actual: []string{"lane:hotfix"}, applied: Applied{field: "lane:feature"},
			overrides: []Override{{Field: field, Value: "lane:feature", Until: now.Add(time.Hour), Firm: true}}, want: Agreed, from: "lane:hotfix"},
		{name: "a person's lane that a pin displaced: returned", applied: Applied{field: "lane:hotfix"},
			overrides: []Override{{Field: field, Value: "lane:feature", Displaced: true}}, want: Returned},
		{name: "a displaced lane in whose place a person put another: kept", actual: []string{"lane:other"}, applied: Applied{field: "lane:hotfix"},
			overrides: []Override{{Field: field, Value: "lane:feature", Displaced: true}}, want: Kept, from: "lane:other"},
		{name: "a displaced lane whose time is over: released", applied: Applied{field: "lane:hotfix"},
			overrides: []Override{{Field: field, Value: "lane:feature", Until: now, Displaced: true}}, want: Released},
		{name: "the pin beside our label is no second lane", actual: []string{"lane:feature", issue.PinLabel}, applied: Applied{field: "lane:feature"},
			want: Changed, from: "lane:feature"},
		{name: "labels failed to load: nothing is planned", unknown: issue.InputLabels, applied: Applied{field: "lane:feature"}, want: Unseen},
		{name: "a label that only starts alike is not ours", actual: []string{"lanes:x", "lane"}, want: Changed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := &issue.Issue{Labels: append([]string{"customer", "zz"}, tt.actual...), Unknown: tt.unknown}
			got := Diff(Input{Issue: i, Lane: "hotfix", Wants: []Want{{Field: field, Value: "lane:hotfix"}},
				Applied: tt.applied, Freed: freed(tt.freed), Overrides: tt.overrides, Policy: tt.policy, Now: now})
			if got[0].Outcome != tt.want || got[0].Actual != tt.from {
				t.Errorf("got outcome %d from %q, want %d from %q", got[0].Outcome, got[0].Actual, tt.want, tt.from)
			}
		})
	}
}

func TestActualOfEveryField(t *testing.T) {
	i := &issue.Issue{Priority: issue.High, Due: "2026-01-02", Assignee: issue.Person{ID: "u1", Email: "a@example.org"}}
	for f, want := range map[issue.Field]string{issue.FieldPriority: "high", issue.FieldDue: "2026-01-02", issue.FieldAssignee: "u1", issue.FieldLane: ""} {
		if got := Actual(i, f); got != want {
			t.Errorf("%s: got %q, want %q", f, got, want)
		}
	}
	if got := Actual(&issue.Issue{}, issue.FieldPriority); got != "" {
		t.Errorf("no priority: got %q, want nothing", got)
	}
}

// Writing the planned changes makes the plan empty, whatever was there, and
// leaves every label that is not managed alone.
func TestWrittenPlanIsEmpty(t *testing.T) {
	label := rapid.SampledFrom([]string{"lane:a", "lane:b", "lane:c", issue.PinLabel, "horizon:x", "customer", "lanes:x", "bug"})
	rapid.Check(t, func(t *rapid.T) {
		i := &issue.Issue{Labels: rapid.SliceOfDistinct(label, rapid.ID).Draw(t, "labels"), Priority: issue.Priority(rapid.IntRange(0, 4).Draw(t, "priority"))}
		other := unmanaged(i.Labels)
		in := Input{Issue: i, Lane: "a", Now: now, Applied: Applied{}, Wants: []Want{
			{Field: issue.FieldLane, Value: rapid.SampledFrom([]string{"lane:a", "lane:b", ""}).Draw(t, "lane")},
			{Field: issue.FieldPriority, Value: rapid.SampledFrom([]string{"low", "urgent"}).Draw(t, "wanted")},
		}}
		for _, v := range Diff(in) {
			if v.Outcome == Changed {
				Write(i, v.Change())
				in.Applied[v.Field] = v.Value
			}
		}
		for _, v := range Diff(in) {
			if v.Outcome != Agreed {
				t.Fatalf("%s: outcome %d after writing, want agreed", v.Field, v.Outcome)
			}
		}
		if got := unmanaged(i.Labels); got != other {
			t.Fatalf("unmanaged labels went from %q to %q", other, got)
		}
	})
}

func unmanaged(labels []string) string {
	n := map[string]bool{}
	for _, l := range labels {
		if !issue.FieldLane.Owns(l) || l == issue.PinLabel {
			n[l] = true
		}
	}
	var s string
	for _, l := range []string{"horizon:x", "customer", "lanes:x", "bug", issue.PinLabel} {
		if n[l] {
			s += l + " "
		}
	}
	return s
}

func freed(value string) map[issue.Field]string {
	if value == "" {
		return nil
	}
	return map[issue.Field]string{issue.FieldLane: value}
}
