package statetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

func planCases() []testCase {
	return []testCase{
		{"plans come the newest first, per source", plans},
		{"a plan is replaced by its id", planAgain},
		{"entries go from pending to applied and keep their place", entries},
		{"entries are found by time and by issue", entriesBy},
		{"an id that is the beginning of another does not find its entries", entriesPrefix},
	}
}

// Change makes one change of a plan.
func Change(plan string, n int, id string, status state.EntryStatus) state.Entry {
	return state.Entry{
		Plan: plan, N: n, Source: "jira", ID: id, Key: "PAY-" + id,
		Change: issue.Change{Field: "lane", From: "lane:feature", To: "lane:hotfix", Reason: "customers are hurt"},
		Status: status, At: Epoch(), Lane: "hotfix", HadApplied: true, Applied: "lane:feature",
	}
}

func plans(t *testing.T, w world) {
	add := func(id, source string, after time.Duration) state.Plan {
		p := state.Plan{ID: id, Source: source, At: Epoch().Add(after), Mode: "enforce", PolicyHash: "aa11",
			Open: 9, Issues: 2, Changes: 3, Status: state.PlanHeld, Reason: "too many", By: "sam", ByAt: Epoch(), Undoes: "p-0", Accepted: true}
		w.commit(state.Batch{Source: source, Plan: &p})
		return p
	}
	b, a, c := add("p-b", "jira", hour), add("p-a", "jira", 2*hour), add("p-c", "linear", 3*hour)
	check := func(source string, limit int, want ...state.Plan) {
		t.Helper()
		if d := cmp.Diff(want, must[[]state.Plan](t)(w.Plans(source, limit))); d != "" {
			t.Error(d)
		}
	}
	check("jira", 0, a, b)
	check("jira", 1, a)
	check("", 0, c, a, b)
	check("", 2, c, a)
	check("nobody", 0)
	if d := cmp.Diff(b, must[state.Plan](t)(w.Plan("p-b"))); d != "" {
		t.Error(d)
	}
	for _, id := range []string{"p-z", ""} {
		if _, err := w.Plan(id); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("plan %q: %v", id, err)
		}
	}
}

func planAgain(t *testing.T, w world) {
	p := state.Plan{ID: "p-1", At: Epoch(), Status: state.PlanHeld}
	w.commit(state.Batch{Plan: &p})
	p.Status, p.At = state.PlanDone, Epoch().Add(hour)
	w.commit(state.Batch{Plan: &p})
	p.Source = "jira" // taken from the batch
	if d := cmp.Diff([]state.Plan{p}, must[[]state.Plan](t)(w.Plans("jira", 0))); d != "" {
		t.Error(d)
	}
}

func entries(t *testing.T, w world) {
	w.store(Record(1, "PAY-1", "hotfix"), Record(2, "PAY-2", "hotfix"))
	a, b, c := Change("p-1", 0, "1", state.EntryPending), Change("p-1", 1, "2", state.EntryPending), Change("p-2", 0, "1", state.EntryHeld)
	b.Source = "" // the batch's
	w.commit(state.Batch{Entries: []state.Entry{b, a, c}})
	b.Source = "jira"
	if d := cmp.Diff([]state.Entry{a, b}, must[[]state.Entry](t)(w.Pending("jira"))); d != "" {
		t.Error(d)
	}
	a.Status, a.Done = state.EntryApplied, Epoch().Add(hour)
	w.commit(state.Batch{Entries: []state.Entry{a}})
	if d := cmp.Diff([]state.Entry{b}, must[[]state.Entry](t)(w.Pending("jira"))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]state.Entry{a, b}, must[[]state.Entry](t)(w.Entries("p-1"))); d != "" {
		t.Error(d)
	}
	if got := must[[]state.Entry](t)(w.Entries("p")); len(got) != 0 {
		t.Errorf("of a plan whose name is a beginning: %v", places(got))
	}
}

func entriesBy(t *testing.T, w world) {
	old, held, now := Change("p-1", 0, "1", state.EntryApplied), Change("p-2", 0, "1", state.EntryHeld), Change("p-3", 4, "1", state.EntryFailed)
	old.At = Epoch().Add(-day)
	held.At = time.Time{}
	other := Change("p-3", 5, "2", state.EntryApplied)
	w.commit(state.Batch{Entries: []state.Entry{now, other, held, old}})
	if d := cmp.Diff([]string{"p-3/4", "p-3/5"}, places(must[[]state.Entry](t)(w.EntriesSince("jira", Epoch())))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"p-1/0", "p-3/4", "p-3/5"}, places(must[[]state.Entry](t)(w.EntriesSince("jira", Epoch().Add(-day))))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"p-2/0", "p-3/4", "p-1/0"}, places(must[[]state.Entry](t)(w.EntriesOf("jira", "1")))); d != "" {
		t.Error(d)
	}
	held.At, held.Status = Epoch().Add(hour), state.EntryApplied
	w.commit(state.Batch{Entries: []state.Entry{held}})
	if d := cmp.Diff([]string{"p-2/0"}, places(must[[]state.Entry](t)(w.EntriesSince("jira", Epoch().Add(hour))))); d != "" {
		t.Error(d)
	}
	if got := must[[]state.Entry](t)(w.EntriesOf("linear", "1")); len(got) != 0 {
		t.Errorf("of another source: %v", places(got))
	}
}

func entriesPrefix(t *testing.T, w world) {
	for n, id := range []string{"abc", "abcd", "ab"} {
		w.commit(state.Batch{Entries: []state.Entry{Change("p-1", n, id, state.EntryApplied)}})
	}
	if d := cmp.Diff([]string{"p-1/0"}, places(must[[]state.Entry](t)(w.EntriesOf("jira", "abc")))); d != "" {
		t.Error(d)
	}
}
