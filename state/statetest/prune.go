package statetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

func pruneCases() []testCase {
	return []testCase{
		{"retention keeps the newest decision of an open issue", pruneLog},
		{"a closed issue keeps its decision when its log goes", pruneClosed},
		{"records go when they are gone for longer than the retention", pruneGone},
		{"held and pending changes stay, finished ones go", prunePlans},
		{"a policy stays while anything refers to it", prunePolicies},
		{"pruning many in several transactions, twice", pruneMany},
		{"pruning an empty store removes nothing", pruneEmpty},
	}
}

const keep = 30 * day

func (w world) prune(after time.Duration) int {
	w.Helper()
	return must[int](w.T)(w.Prune(Epoch().Add(after), keep))
}

func pruneLog(t *testing.T, w world) {
	for n := range 3 {
		w.logAt("jira", 1, time.Duration(n)*day)
		w.logAt("jira", 2, time.Duration(n)*day)
	}
	w.logAt("jira", 2, 50*day)
	if n := w.prune(60 * day); n != 5 {
		t.Errorf("removed %d", n)
	}
	if d := cmp.Diff([]uint64{5}, seqs(must[[]state.Logged](t)(w.Log("jira", "1", 0)))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]uint64{7}, seqs(must[[]state.Logged](t)(w.Log("jira", "2", 0)))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]uint64{5, 7}, w.between(-day, 99*day, "")); d != "" {
		t.Error(d)
	}
	if n := w.prune(60 * day); n != 0 {
		t.Errorf("the second time removed %d", n)
	}
	w.logAt("jira", 1, 61*day)
	if d := cmp.Diff([]uint64{8, 5}, seqs(must[[]state.Logged](t)(w.Log("jira", "1", 0)))); d != "" {
		t.Error(d)
	}
}

func pruneClosed(t *testing.T, w world) {
	r := Record(1, "PAY-1", "hotfix")
	r.Issue.Status.Category = issue.Completed
	w.log(r)
	if n := w.prune(60 * day); n != 1 {
		t.Errorf("removed %d", n)
	}
	got := must[[]*state.Record](t)(w.Records("jira", []string{"1"}))[0]
	r.LoggedAs = 0
	if d := cmp.Diff(r, got); d != "" {
		t.Error(d)
	}
	if got := must[[]state.Logged](t)(w.Log("jira", "1", 0)); len(got) != 0 {
		t.Errorf("log = %v", seqs(got))
	}
	w.log(r)
	if got := must[[]state.Logged](t)(w.Log("jira", "1", 0)); len(got) != 1 || got[0].Seq != 2 || got[0].Before.Lane != "hotfix" {
		t.Errorf("log = %+v", got)
	}
}

func pruneGone(t *testing.T, w world) {
	gone := func(id int, after time.Duration) *state.Record {
		r := Record(id, fmt.Sprintf("PAY-%d", id), "hotfix")
		r.Issue.Gone, r.Seen, r.Outstanding, r.Due = true, Epoch().Add(after), 1, Epoch()
		return r
	}
	moved := gone(3, 0)
	w.store(gone(1, 0), gone(2, 50*day), Record(3, "OLD-3", "hotfix"), moved, gone(4, 0), Record(5, "PAY-5", "hotfix"))
	w.commit(state.Batch{Entries: []state.Entry{Change("p-1", 0, "4", state.EntryPending)}})
	if n := w.prune(60 * day); n != 2 {
		t.Errorf("removed %d", n)
	}
	got := must[[]*state.Record](t)(w.Records("jira", []string{"1", "2", "3", "4", "5"}))
	if d := cmp.Diff([]string{"-", "2", "-", "4", "5"}, ids(got)); d != "" {
		t.Error(d)
	}
	for _, key := range []string{"PAY-1", "PAY-3", "OLD-3"} {
		if _, err := w.Find("", key); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("%s: %v", key, err)
		}
	}
	if d := cmp.Diff([]string{"2", "4"}, ids(must[[]*state.Record](t)(w.Work("jira", "", 0)))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"2", "4"}, must[[]string](t)(w.DueBefore("jira", Epoch().Add(day), 0))); d != "" {
		t.Error(d)
	}
}

func prunePlans(t *testing.T, w world) {
	w.store(Record(1, "PAY-1", "hotfix"))
	all := []state.EntryStatus{state.EntryHeld, state.EntryPending, state.EntryApplied, state.EntryFailed, state.EntrySuperseded, state.EntryUndone}
	var list []state.Entry
	for n, s := range all {
		list = append(list, Change("p-1", n, "1", s))
	}
	late := Change("p-2", 0, "1", state.EntryApplied)
	late.Done = Epoch().Add(40 * day)
	never := Change("p-3", 0, "1", state.EntrySuperseded)
	never.At = time.Time{}
	w.commit(state.Batch{Entries: append(list, late, never), Plan: &state.Plan{ID: "p-1", At: Epoch(), Status: state.PlanDone}})
	w.commit(state.Batch{Plan: &state.Plan{ID: "p-2", At: Epoch(), Status: state.PlanDone}})
	w.commit(state.Batch{Plan: &state.Plan{ID: "p-3", At: Epoch(), Status: state.PlanReplaced}})
	w.commit(state.Batch{Plan: &state.Plan{ID: "p-4", At: Epoch(), Status: state.PlanHeld}})
	if n := w.prune(60 * day); n != 6 {
		t.Errorf("removed %d", n)
	}
	if d := cmp.Diff([]string{"p-2/0", "p-1/1", "p-1/0"}, places(must[[]state.Entry](t)(w.EntriesOf("jira", "1")))); d != "" {
		t.Error(d)
	}
	var left []string
	for _, p := range must[[]state.Plan](t)(w.Plans("jira", 0)) {
		left = append(left, p.ID)
	}
	if d := cmp.Diff([]string{"p-4", "p-2", "p-1"}, left); d != "" {
		t.Error(d)
	}
}

func prunePolicies(t *testing.T, w world) {
	texts := map[string][]byte{}
	for _, h := range []string{"aa11", "bb22", "cc33", "dd44", "ee55", "ff66"} {
		texts[h] = []byte("text of " + h)
	}
	w.commit(state.Batch{Policies: texts})
	w.logAt("jira", 1, 0) // aa11, of an open issue
	closed := Record(2, "PAY-2", "hotfix")
	closed.Issue.Status.Category, closed.Decision.PolicyHash = issue.Canceled, "bb22"
	w.log(closed)
	w.commit(state.Batch{Plan: &state.Plan{ID: "p-1", At: Epoch(), Status: state.PlanHeld, PolicyHash: "cc33"}})
	w.commit(state.Batch{State: &state.SourceState{Policy: "dd44"}})
	w.commit(state.Batch{Policies: map[string][]byte{"ee55": nil}, Now: Epoch().Add(40 * day)})
	if n := w.prune(60 * day); n != 2 { // ff66 and the closed issue's log entry
		t.Errorf("removed %d", n)
	}
	for h := range texts {
		_, err := w.Policy(h)
		if gone := errors.Is(err, state.ErrNotFound); gone != (h == "ff66") {
			t.Errorf("%s: %v", h, err)
		}
	}
}

func pruneMany(t *testing.T, w world) {
	const issues = 2500
	for round := range 3 {
		var b state.Batch
		for n := range issues {
			r := Record(n+1, fmt.Sprintf("PAY-%d", n+1), "hotfix")
			r.Decision.At = Epoch().Add(time.Duration(round) * 20 * day)
			r.Decision.Score = float64(round)
			if n%5 != 0 {
				r.Issue.Status.Category = issue.Completed
			}
			b.Updates = append(b.Updates, Logged(r))
		}
		w.commit(b)
	}
	if n := w.prune(35 * day); n != issues {
		t.Errorf("at first removed %d", n)
	}
	if n := w.prune(90 * day); n != 2*issues-issues/5 {
		t.Errorf("then removed %d", n)
	}
	if got := w.between(-day, 99*day, ""); len(got) != issues/5 || got[0] != 2*issues+1 {
		t.Errorf("%d are left", len(got))
	}
	open, closed := Record(1, "PAY-1", "x"), Record(2, "PAY-2", "x")
	w.log(open, closed)
	if open.LoggedAs != 3*issues+1 || closed.LoggedAs != 3*issues+2 {
		t.Errorf("numbers were used again: %d, %d", open.LoggedAs, closed.LoggedAs)
	}
}

func pruneEmpty(t *testing.T, w world) {
	if n := w.prune(60 * day); n != 0 {
		t.Errorf("removed %d", n)
	}
	if w.Size() < 0 {
		t.Error("negative size")
	}
}
