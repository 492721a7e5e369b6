package backtest

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanekeeper/lanekeeper/internal/exportfile"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/shared"
	"github.com/lanekeeper/lanekeeper/policy"
)

var (
	born    = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	managed = []string{"lane", "horizon", "sla"}
)

// words are what random events speak of. Every status, type and person occurs
// in the issues, so that all of them are known.
var words = map[issue.Field][]string{
	issue.FieldStatus: {"Open", "Doing", "Done"}, issue.FieldPriority: {"", "low", "medium", "high", "urgent"}, issue.FieldDue: {"", "2026-04-01", "2026-05-01"},
	issue.FieldAssignee: {"", "u1", "u2"}, issue.FieldTitle: {"a", "b", ""}, issue.FieldKind: {"Bug", "Story"}, issue.FieldLabels: {"x", "y", "z"},
}

var statuses = map[string]issue.Category{"Open": issue.Unstarted, "Doing": issue.Started, "Done": issue.Completed}

func vocabulary() []Past {
	var out []Past
	for _, s := range words[issue.FieldStatus] {
		out = append(out, Past{Issue: issue.Issue{Status: issue.Status{Name: s, Category: statuses[s]}, Assignee: issue.Person{ID: "u1", Name: "One"}, Reporter: issue.Person{ID: "u2", Name: "Two"}}})
	}
	for _, k := range []struct {
		raw  string
		kind issue.Kind
	}{{"Bug", issue.Bug}, {"Story", issue.Story}} {
		out = append(out, Past{Issue: issue.Issue{RawKind: k.raw, Kind: k.kind}})
	}
	return out
}

func TestUndoingAndRedoingGivesTheSameIssue(t *testing.T) {
	n := learn(vocabulary())
	rapid.Check(t, func(t *rapid.T) {
		first := issue.Issue{ID: "1", Created: born, Status: issue.Status{Name: "Open", Category: issue.Unstarted}, RawKind: "Bug", Kind: issue.Bug, Title: "a"}
		now, at := bare(&first), born
		var events []issue.Event
		fields := []issue.Field{issue.FieldStatus, issue.FieldPriority, issue.FieldDue, issue.FieldAssignee, issue.FieldTitle, issue.FieldKind, issue.FieldLabels}
		for range rapid.IntRange(0, 20).Draw(t, "events") {
			f := rapid.SampledFrom(fields).Draw(t, "field")
			to := rapid.SampledFrom(words[f]).Draw(t, "to")
			at = at.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "hours")) * time.Hour)
			e := issue.Event{At: at, Field: f, From: valueOf(&now, f), To: to, ToCategory: statuses[to]}
			if f == issue.FieldLabels {
				e.From, e.ToCategory = "", ""
				if slices.Contains(now.Labels, to) {
					e.From, e.To = to, ""
				}
			}
			redo(n, &now, e)
			events = append(events, e)
		}
		now.Updated = at
		tl, f := newTimeline(n, &Past{Issue: now, History: &issue.History{Events: events, Complete: true}}, managed)
		if f.broken {
			t.Fatal("an orderly history counts as broken")
		}
		if diff := cmp.Diff(facts(first), facts(tl.at)); diff != "" {
			t.Fatal("undone:", diff)
		}
		tl.take(n, at, managed)
		if diff := cmp.Diff(facts(now), facts(tl.at)); diff != "" {
			t.Fatal("redone:", diff)
		}
	})
}

func valueOf(i *issue.Issue, f issue.Field) string {
	switch f {
	case issue.FieldStatus:
		return i.Status.Name
	case issue.FieldPriority:
		return priorityText(i)
	case issue.FieldDue:
		return string(i.Due)
	case issue.FieldAssignee:
		return i.Assignee.ID
	case issue.FieldTitle:
		return i.Title
	}
	return i.RawKind
}

// facts are what a replay rebuilds.
func facts(i issue.Issue) issue.Issue {
	return issue.Issue{Status: i.Status, Priority: i.Priority, Due: i.Due, Assignee: i.Assignee, Title: i.Title, RawKind: i.RawKind, Kind: i.Kind, Labels: append([]string{}, i.Labels...), Unknown: i.Unknown}
}

func realPasts(t *testing.T) []Past {
	f, err := os.Open(shared.File(t, "data/jira-duraspace.ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := exportfile.Read(f, exportfile.Options{Inputs: needsOfDefault(), Empty: ^issue.Inputs(0)})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]Past, len(c.Issues))
	for n, i := range c.Issues {
		out[n] = Past{Issue: i, History: c.Histories[i.ID]}
	}
	return out
}

func TestRealIssuesBeginWithTheFirstValuesOfTheirHistories(t *testing.T) {
	pasts := realPasts(t)
	names, checked := learn(pasts), 0
	for n := range pasts {
		p := &pasts[n]
		tl, _ := newTimeline(names, p, managed)
		seen := map[issue.Field]bool{}
		for _, e := range p.History.Events {
			if e.Field == issue.FieldLabels || seen[e.Field] {
				continue
			}
			seen[e.Field] = true
			checked++
			if got := valueOf(&tl.at, e.Field); got != e.From {
				t.Errorf("%s: %s begins as %q, the history says %q", p.Issue.Key, e.Field, got, e.From)
			}
		}
	}
	if checked < 5000 {
		t.Errorf("only %d first values", checked)
	}
}

func TestTheLastMomentOfARealReplayIsThePresent(t *testing.T) {
	pasts := realPasts(t)
	names := learn(pasts)
	set, _ := policy.CompileSet(policy.Default(), nil)
	now := time.Date(2015, 2, 1, 0, 0, 0, 0, time.UTC)
	open := 0
	for n := range pasts {
		p := &pasts[n]
		tl, _ := newTimeline(names, p, managed)
		tl.take(names, now, managed)
		if diff := cmp.Diff(p.Issue, *tl.moment(now)); diff != "" {
			t.Fatalf("%s: %s", p.Issue.Key, diff)
		}
		if !isOpen(&p.Issue) {
			continue
		}
		open++
		want, _ := set.Decide(policy.Input{Issue: &p.Issue, Now: now})
		got, _ := set.Decide(policy.Input{Issue: tl.moment(now), Now: now})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: %s", p.Issue.Key, diff)
		}
	}
	if open != 666 {
		t.Errorf("%d open", open)
	}
}

func needsOfDefault() issue.Inputs {
	set, _ := policy.CompileSet(policy.Default(), nil)
	return set.Needs()
}
