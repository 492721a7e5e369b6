package statetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

func logCases() []testCase {
	return []testCase{
		{"each logged decision knows what it replaced and the one before it", logLinks},
		{"a record without news keeps its place in the log and its own decision", logNoNews},
		{"the logged decision may differ from the record's", logOther},
		{"two updates of one issue in a batch are both logged", logTwice},
		{"log between takes the beginning and leaves the end", logBetween},
		{"a clock that stepped back loses nothing", logClock},
	}
}

func logLinks(t *testing.T, w world) {
	r := Record(1, "PAY-1", "feature")
	w.log(r)
	w.log(Record(2, "PAY-2", "feature"))
	if r.LoggedAs != 1 {
		t.Errorf("the caller's record was logged as %d", r.LoggedAs)
	}
	r.Decision = policy.Decision{At: Epoch().Add(hour), PolicyHash: "aa11", Lane: "hotfix", Priority: issue.Urgent, Score: 90}
	w.log(r)
	got := must[[]state.Logged](t)(w.Log("jira", "1", 0))
	want := []state.Logged{
		{Seq: 3, Previous: 1, Source: "jira", ID: "1", Key: "PAY-1", Cause: "updated in Jira",
			Before: state.Outcome{Lane: "feature", Priority: issue.High, Score: 71.25}, Decision: r.Decision},
		{Seq: 1, Source: "jira", ID: "1", Key: "PAY-1", Cause: "updated in Jira", Decision: Record(1, "PAY-1", "feature").Decision},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := must[[]state.Logged](t)(w.Log("jira", "1", 1)); len(got) != 1 || got[0].Seq != 3 {
		t.Errorf("limited: %v", seqs(got))
	}
	if got := must[state.Logged](t)(w.LogEntry(1)); !cmp.Equal(got, want[1]) {
		t.Error(cmp.Diff(want[1], got))
	}
	for _, seq := range []uint64{0, 4} {
		if _, err := w.LogEntry(seq); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("entry %d: %v", seq, err)
		}
	}
	if got := must[[]state.Logged](t)(w.Log("jira", "9", 0)); len(got) != 0 {
		t.Errorf("of an unknown issue: %v", got)
	}
}

func logNoNews(t *testing.T, w world) {
	r := Record(1, "PAY-1", "feature")
	w.log(r)
	r.Decision.At, r.Decision.Score = Epoch().Add(hour), 72
	r.LoggedAs = 99 // the store knows better
	w.store(r)
	if r.LoggedAs != 1 {
		t.Errorf("logged as %d", r.LoggedAs)
	}
	got := must[[]*state.Record](t)(w.Records("jira", []string{"1"}))[0]
	if d := cmp.Diff(r, got); d != "" {
		t.Error(d)
	}
	r.Decision = Record(1, "PAY-1", "feature").Decision
	w.store(r)
	got = must[[]*state.Record](t)(w.Records("jira", []string{"1"}))[0]
	if d := cmp.Diff(r, got); d != "" {
		t.Error(d)
	}
}

func logOther(t *testing.T, w world) {
	r := Record(1, "PAY-1", "feature")
	other := policy.Decision{At: Epoch(), PolicyHash: "aa11", Undecided: "no reason"}
	w.commit(state.Batch{Updates: []state.Update{{Record: r, Decision: &other}}})
	if got := must[state.Logged](t)(w.LogEntry(1)); !cmp.Equal(got.Decision, other) {
		t.Error(cmp.Diff(other, got.Decision))
	}
	got := must[[]*state.Record](t)(w.Records("jira", []string{"1"}))[0]
	if d := cmp.Diff(r, got); d != "" {
		t.Error(d)
	}
}

func logTwice(t *testing.T, w world) {
	a, b := Record(1, "PAY-1", "feature"), Record(1, "WEB-1", "hotfix")
	w.log(a, b)
	got := must[[]state.Logged](t)(w.Log("jira", "1", 0))
	if d := cmp.Diff([]uint64{2, 1}, seqs(got)); d != "" {
		t.Fatal(d)
	}
	if got[0].Before.Lane != "feature" || got[0].Key != "WEB-1" {
		t.Errorf("second = %+v", got[0])
	}
	if tot := must[state.Totals](t)(w.Totals("jira")); tot.Issues != 1 || tot.Lanes["hotfix"] != 1 {
		t.Errorf("totals = %+v", tot)
	}
	if r, err := w.Find("jira", "PAY-1"); err != nil || r.Issue.Key != "WEB-1" {
		t.Errorf("%v, %v", r, err)
	}
}

// logAt logs a decision of issue id at a time after the epoch.
func (w world) logAt(source string, id int, after time.Duration) {
	w.Helper()
	r := Record(id, "PAY-1", "feature")
	r.Decision.At = Epoch().Add(after)
	w.commit(state.Batch{Source: source, Updates: []state.Update{Logged(r)}, Now: r.Decision.At})
}

func (w world) between(from, to time.Duration, source string) []uint64 {
	w.Helper()
	var list []state.Logged
	err := w.LogBetween(Epoch().Add(from), Epoch().Add(to), source, func(l state.Logged) bool { list = append(list, l); return true })
	if err != nil {
		w.Fatal(err)
	}
	return seqs(list)
}

func logBetween(t *testing.T, w world) {
	for n := range 6 {
		w.logAt([]string{"jira", "linear"}[n%2], 1, time.Duration(n)*9*hour)
	}
	for _, c := range []struct {
		from, to time.Duration
		source   string
		want     []uint64
	}{
		{-day, 3 * day, "", []uint64{1, 2, 3, 4, 5, 6}},
		{-day, 3 * day, "linear", []uint64{2, 4, 6}},
		{9 * hour, 36 * hour, "", []uint64{2, 3, 4}},
		{10 * hour, 10 * hour, "", nil},
		{4 * day, 9 * day, "", nil},
	} {
		if d := cmp.Diff(c.want, w.between(c.from, c.to, c.source)); d != "" {
			t.Errorf("from %v to %v of %q: %s", c.from, c.to, c.source, d)
		}
	}
	seen := 0
	err := w.LogBetween(Epoch(), Epoch().Add(9*day), "", func(state.Logged) bool { seen++; return seen < 2 })
	if err != nil || seen != 2 {
		t.Errorf("seen = %d, err = %v", seen, err)
	}
}

func logClock(t *testing.T, w world) {
	w.logAt("jira", 1, 0)
	w.logAt("jira", 2, 400*day) // a clock far in the future
	w.logAt("jira", 3, 2*hour)
	w.logAt("jira", 4, -3*day)
	if d := cmp.Diff([]uint64{1, 3}, w.between(0, day, "")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]uint64{1, 3, 4}, w.between(-5*day, day, "")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]uint64{2}, w.between(399*day, 401*day, "")); d != "" {
		t.Error(d)
	}
}
