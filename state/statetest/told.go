package statetest

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

func toldCases() []testCase {
	return []testCase{
		{"an introduction is remembered for its person, lane and source alone", told},
		{"introductions are bounded: old ones give way", toldBounded},
		{"a contested move is counted by lane until it is not", contested},
		{"a post-mortem is counted by lane from the close until it is done", postMortems},
	}
}

func told(t *testing.T, w world) {
	ann := state.Introduction{Person: "ann", Lane: "hotfix"}
	known := func(source string, i state.Introduction) bool { return must[bool](t)(w.Introduced(source, i)) }
	if known("jira", ann) {
		t.Error("known before she was told")
	}
	w.commit(state.Batch{Introduced: []state.Introduction{ann, {Person: "bob", Lane: "feature"}}})
	for _, c := range []struct {
		source string
		i      state.Introduction
		want   bool
	}{
		{"jira", ann, true},
		{"jira", state.Introduction{Person: "bob", Lane: "feature"}, true},
		{"jira", state.Introduction{Person: "ann", Lane: "feature"}, false},
		{"jira", state.Introduction{Person: "annhotfix"}, false},
		{"linear", ann, false},
	} {
		if got := known(c.source, c.i); got != c.want {
			t.Errorf("%s %+v: known = %v", c.source, c.i, got)
		}
	}
}

func toldBounded(t *testing.T, w world) {
	const people = 100_000
	list := make([]state.Introduction, people)
	for n := range list {
		list[n] = state.Introduction{Person: strconv.Itoa(n), Lane: "hotfix"}
	}
	w.commit(state.Batch{Introduced: list})
	remembered := 0
	for _, i := range list {
		if must[bool](t)(w.Introduced("jira", i)) {
			remembered++
		}
	}
	if remembered > 1<<16 || remembered < people/3 {
		t.Errorf("%d of %d are remembered", remembered, people)
	}
	if last := list[people-1]; !must[bool](t)(w.Introduced("jira", last)) {
		t.Error("the newest was forgotten")
	}
}

func contested(t *testing.T, w world) {
	r := Record(1, "PAY-1", "hotfix")
	r.Overrides = []state.Override{{Field: issue.FieldLane, Kind: state.ByPerson, Contested: []string{"feature", "hotfix"}}}
	w.store(r)
	if d := cmp.Diff(map[string]int{"feature": 1, "hotfix": 1}, must[state.Totals](t)(w.Totals("jira")).Contested); d != "" {
		t.Error(d)
	}
	r.Overrides[0].Contested = []string{"hotfix"}
	w.store(r)
	if d := cmp.Diff(map[string]int{"hotfix": 1}, must[state.Totals](t)(w.Totals("jira")).Contested); d != "" {
		t.Error(d)
	}
	r.Overrides[0].Contested = nil
	w.store(r)
	if got := must[state.Totals](t)(w.Totals("jira")).Contested; got != nil {
		t.Errorf("contested = %v", got)
	}
}

func postMortems(t *testing.T, w world) {
	r := Record(1, "PAY-1", "feature")
	r.PostMortem = &state.PostMortem{Lane: "hotfix"}
	count := func(what string, want map[string]int) {
		t.Helper()
		w.store(r)
		if d := cmp.Diff(want, must[state.Totals](t)(w.Totals("jira")).PostMortems); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
	count("open", nil)
	r.Issue.Status.Category, r.PostMortem.Closed, r.PostMortem.Why = issue.Completed, r.Seen, "an issue of the lane hotfix was completed"
	count("closed", map[string]int{"hotfix": 1})
	r.Issue.Gone = true
	count("gone", nil)
	r.Issue.Gone = false
	count("seen again", map[string]int{"hotfix": 1})
	r.PostMortem.Done, r.PostMortem.By = r.Seen, issue.Person{ID: "ann"}
	count("done", nil)
	got := must[[]*state.Record](t)(w.Records("jira", []string{r.Issue.ID}))
	if d := cmp.Diff(r.PostMortem, got[0].PostMortem); d != "" {
		t.Error(d)
	}
}
