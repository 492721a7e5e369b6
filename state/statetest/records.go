package statetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

func recordCases() []testCase {
	return []testCase{
		{"an unknown source is empty, not an error", unknownSource},
		{"records come back in the order asked, nil where unknown", recordsInOrder},
		{"a stored record does not share memory with the caller's", noSharing},
		{"each visits in the order of ids: numbers by value, then UUIDs, then texts", eachOrder},
		{"each stops when the visitor says so, and the visitor may write", eachStops},
		{"find takes any case of letters and answers not found", find},
		{"a moved issue is found by its old keys", findMoved},
		{"a key that two sources have is ambiguous without a source", findAmbiguous},
		{"a present key counts more than another issue's former one", findPresent},
		{"work lists what is outstanding after an id", work},
		{"due lists the earliest first and forgets what changed", due},
		{"totals follow every change", totals},
		{"the state of a source is kept beside its records", sourceState},
		{"a bad batch is refused as a whole", badBatches},
		{"the pause switch stays", pause},
		{"a policy text stays as it was first stored", policies},
		{"texts of every kind survive", wildTexts},
		{"what SLA clocks are computed from comes back, and goes with the last word", clocks},
	}
}

func unknownSource(t *testing.T, w world) {
	if st := must[state.SourceState](t)(w.Source("nobody")); !cmp.Equal(st, state.SourceState{}) {
		t.Errorf("state = %+v", st)
	}
	if got := must[[]*state.Record](t)(w.Records("nobody", []string{"1"})); len(got) != 1 || got[0] != nil {
		t.Errorf("records = %v", got)
	}
	if got := must[state.Totals](t)(w.Totals("nobody")); !cmp.Equal(got, state.Totals{}) {
		t.Errorf("totals = %+v", got)
	}
	if got := must[[]*state.Record](t)(w.Work("nobody", "", 0)); len(got) != 0 {
		t.Errorf("work = %v", got)
	}
	if got := must[[]string](t)(w.Sources()); len(got) != 0 {
		t.Errorf("sources = %v", got)
	}
	if err := w.Each("nobody", func(*state.Record) bool { t.Error("visited"); return true }); err != nil {
		t.Error(err)
	}
}

func recordsInOrder(t *testing.T, w world) {
	w.store(Record(1, "PAY-1", "hotfix"), Record(2, "PAY-2", "feature"))
	got := must[[]*state.Record](t)(w.Records("jira", []string{"2", "9", "1", "2"}))
	if d := cmp.Diff([]string{"2", "-", "1", "2"}, ids(got)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(Record(1, "PAY-1", "hotfix"), got[2]); d != "" {
		t.Error(d)
	}
}

func noSharing(t *testing.T, w world) {
	r := Record(1, "PAY-1", "hotfix")
	r.Applied = map[issue.Field]string{"lane": "lane:hotfix"}
	w.log(r)
	r.Applied["lane"], r.Decision.Marks["moscow"], r.Issue.Title = "changed", "changed", "changed"
	got := must[[]*state.Record](t)(w.Records("jira", []string{"1"}))[0]
	got.Decision.Marks["moscow"] = "changed too"
	got = must[[]*state.Record](t)(w.Records("jira", []string{"1"}))[0]
	if got.Applied["lane"] != "lane:hotfix" || got.Decision.Marks["moscow"] != "must" || got.Issue.Title != "Checkout fails" {
		t.Errorf("stored record changed: %+v", got)
	}
}

func eachOrder(t *testing.T, w world) {
	want := []string{"2", "10", "300", "10000", "4294967296",
		"0a0b0c0d-0000-4000-8000-000000000001", "ffffffff-0000-4000-8000-000000000001", "007", "FFFFFFFF-0000-4000-8000-000000000001", "abc"}
	for n, id := range []int{4, 9, 0, 2, 7, 1, 8, 3, 5, 6} {
		r := Record(n, fmt.Sprintf("PAY-%d", n), "hotfix")
		r.Issue.ID = want[id]
		w.store(r)
	}
	var got []*state.Record
	if err := w.Each("jira", func(r *state.Record) bool { got = append(got, r); return true }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, ids(got)); d != "" {
		t.Error(d)
	}
}

func eachStops(t *testing.T, w world) {
	var all []*state.Record
	for n := range 1100 {
		all = append(all, Record(n+1, fmt.Sprintf("PAY-%d", n+1), "hotfix"))
	}
	w.store(all...)
	seen := 0
	err := w.Each("jira", func(r *state.Record) bool {
		seen++
		r.Absent = 7
		w.store(r)
		return seen < 600
	})
	if err != nil || seen != 600 {
		t.Errorf("seen = %d, err = %v", seen, err)
	}
	if got := must[[]*state.Record](t)(w.Records("jira", []string{"600", "601"})); got[0].Absent != 7 || got[1].Absent != 0 {
		t.Errorf("absent = %d, %d", got[0].Absent, got[1].Absent)
	}
}

func find(t *testing.T, w world) {
	w.store(Record(1, "PAY-12", "hotfix"))
	for _, key := range []string{"PAY-12", "pay-12", "Pay-12"} {
		for _, source := range []string{"jira", ""} {
			if r, err := w.Find(source, key); err != nil || r.Issue.ID != "1" {
				t.Errorf("find %q %q: %v, %v", source, key, r, err)
			}
		}
	}
	for _, ref := range [][2]string{{"jira", "PAY-1"}, {"", "PAY-121"}, {"linear", "PAY-12"}, {"", ""}, {"jira", strings.Repeat("x", 5000)}} {
		if r, err := w.Find(ref[0], ref[1]); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("find %.20q: %v, %v", ref, r, err)
		}
	}
}

func findMoved(t *testing.T, w world) {
	for _, key := range []string{"PAY-12", "WEB-3", "CORE-8", "CORE-8"} {
		w.store(Record(1, key, "hotfix"))
	}
	for _, key := range []string{"pay-12", "WEB-3", "core-8"} {
		if r, err := w.Find("", key); err != nil || r.Issue.Key != "CORE-8" {
			t.Errorf("find %s: %v, %v", key, r, err)
		}
	}
	w.store(Record(2, "PAY-12", "hotfix"))
	if r, err := w.Find("", "PAY-12"); err != nil || r.Issue.ID != "2" {
		t.Errorf("the key was given anew: %v, %v", r, err)
	}
	w.store(Record(1, "WEB-3", "hotfix"))
	if r, err := w.Find("", "core-8"); err != nil || r.Issue.Key != "WEB-3" {
		t.Errorf("moved back: %v, %v", r, err)
	}
}

func findAmbiguous(t *testing.T, w world) {
	w.commit(state.Batch{Source: "jira", Updates: []state.Update{{Record: Record(1, "PAY-12", "hotfix")}}})
	w.commit(state.Batch{Source: "cloud", Updates: []state.Update{{Record: Record(5, "pay-12", "hotfix")}}})
	_, err := w.Find("", "PAY-12")
	amb, ok := errors.AsType[*state.AmbiguousError](err)
	if !ok || !cmp.Equal(amb.Sources, []string{"cloud", "jira"}) {
		t.Fatalf("err = %v", err)
	}
	if want := "PAY-12 is in several sources: say cloud/PAY-12 or jira/PAY-12"; err.Error() != want {
		t.Errorf("err = %v", err)
	}
	if r, err := w.Find("cloud", "PAY-12"); err != nil || r.Issue.ID != "5" {
		t.Errorf("%v, %v", r, err)
	}
}

func findPresent(t *testing.T, w world) {
	w.commit(state.Batch{Source: "a", Updates: []state.Update{{Record: Record(1, "PAY-12", "hotfix")}}})
	w.commit(state.Batch{Source: "a", Updates: []state.Update{{Record: Record(1, "WEB-1", "hotfix")}}})
	w.commit(state.Batch{Source: "b", Updates: []state.Update{{Record: Record(9, "PAY-12", "hotfix")}}})
	if r, err := w.Find("", "pay-12"); err != nil || r.Issue.ID != "9" {
		t.Errorf("%v, %v", r, err)
	}
}

func work(t *testing.T, w world) {
	for n := range 6 {
		r := Record(n+8, fmt.Sprintf("PAY-%d", n), "hotfix")
		r.Outstanding = n % 2
		w.store(r)
	}
	check := func(after string, n int, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, ids(must[[]*state.Record](t)(w.Work("jira", after, n)))); d != "" {
			t.Error(d)
		}
	}
	check("", 0, "9", "11", "13")
	check("", 2, "9", "11")
	check("9", 1, "11")
	check("10", 0, "11", "13")
	check("13", 0)
	w.store(Record(11, "PAY-3", "hotfix"))
	check("", 0, "9", "13")
}

func due(t *testing.T, w world) {
	at := func(hours int) time.Time { return Epoch().Add(time.Duration(hours) * hour) }
	for n, h := range []int{5, 1, 3} {
		r := Record(n+1, fmt.Sprintf("PAY-%d", n), "hotfix")
		r.Due = at(h)
		w.store(r)
	}
	w.store(Record(4, "PAY-4", "hotfix"))
	check := func(hours, n int, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, must[[]string](t)(w.DueBefore("jira", at(hours), n))); d != "" {
			t.Error(d)
		}
	}
	check(0, 0)
	check(1, 0, "2")
	check(9, 0, "2", "3", "1")
	check(9, 2, "2", "3")
	w.store(Record(2, "PAY-1", "hotfix"))
	r := Record(3, "PAY-2", "hotfix")
	r.Due = at(7)
	w.store(r)
	check(9, 0, "1", "3")
}

func totals(t *testing.T, w world) {
	a, b, c := Record(1, "PAY-1", "hotfix"), Record(2, "PAY-2", "feature"), Record(3, "PAY-3", "")
	a.Outstanding, a.Overrides = 2, []state.Override{{Field: "lane"}, {Field: "due"}}
	b.Parked = &state.Parked{Tries: 1}
	c.Decision.Marks = nil
	w.store(a, b, c)
	check := func(want state.Totals) {
		t.Helper()
		if d := cmp.Diff(want, must[state.Totals](t)(w.Totals("jira"))); d != "" {
			t.Error(d)
		}
	}
	check(state.Totals{
		Issues: 3, Open: 3, Outstanding: 1, Parked: 1, Undecided: 1,
		Lanes: map[string]int{"hotfix": 1, "feature": 1}, Overrides: map[issue.Field]int{"lane": 1, "due": 1},
		Marks: map[string]int{"moscow:must": 2}, Estimates: map[string]float64{"hotfix": 1.5, "feature": 1.5},
	})
	a.Outstanding, a.Overrides, a.Decision.Lane, a.Issue.Estimate = 0, a.Overrides[:1], "feature", 0.1
	b.Parked, b.Issue.Status.Category = nil, issue.Completed
	c.Issue.Gone = true
	w.store(a, b, c)
	check(state.Totals{
		Issues: 2, Open: 1, Lanes: map[string]int{"feature": 1}, Overrides: map[issue.Field]int{"lane": 1},
		Marks: map[string]int{"moscow:must": 1}, Estimates: map[string]float64{"feature": 0.1},
	})
	a.Issue.Gone, b.Issue.Gone = true, true
	w.store(a, b)
	check(state.Totals{})
}

func sourceState(t *testing.T, w world) {
	st := state.SourceState{
		Watermark: Epoch(), Cursor: "page 7", Began: Epoch().Add(-hour), Expected: 900, Scope: "s", Policy: "p",
		LastSuccess: Epoch(), LastSweep: Epoch(), Failures: 3, LastError: "timeout", ErrorKind: "network", Flaps: 4, Unread: []string{"7", "12"},
	}
	w.commit(state.Batch{Source: "linear", State: &st})
	w.store(Record(1, "PAY-1", "hotfix"))
	if d := cmp.Diff(st, must[state.SourceState](t)(w.Source("linear"))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"jira", "linear"}, must[[]string](t)(w.Sources())); d != "" {
		t.Error(d)
	}
	st.Failures = 0
	w.commit(state.Batch{Source: "linear", State: &st})
	if got := must[state.SourceState](t)(w.Source("linear")); got.Failures != 0 {
		t.Errorf("failures = %d", got.Failures)
	}
}

func badBatches(t *testing.T, w world) {
	good := state.Update{Record: Record(1, "PAY-1", "hotfix")}
	long := Record(2, strings.Repeat("k", 2000), "hotfix")
	noID := Record(0, "PAY-7", "hotfix")
	noID.Issue.ID = ""
	for name, b := range map[string]state.Batch{
		"no source":        {Updates: []state.Update{good}},
		"no record":        {Source: "jira", Updates: []state.Update{good, {}}},
		"no id":            {Source: "jira", Updates: []state.Update{good, {Record: noID}}},
		"a key too long":   {Source: "jira", Updates: []state.Update{good, {Record: long}}},
		"no source state":  {State: &state.SourceState{}},
		"entry, no plan":   {Source: "jira", Updates: []state.Update{good}, Entries: []state.Entry{{ID: "1"}}},
		"entry, no issue":  {Source: "jira", Entries: []state.Entry{{Plan: "p-1"}}},
		"plan with a zero": {Source: "jira", Plan: &state.Plan{ID: "p\x00q"}},
	} {
		if err := w.Commit(b); !errors.Is(err, state.ErrInvalid) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	if got := must[[]string](t)(w.Sources()); len(got) != 0 {
		t.Errorf("something was stored: %v", got)
	}
}

func pause(t *testing.T, w world) {
	if p := must[state.Pause](t)(w.Paused()); p != (state.Pause{}) {
		t.Errorf("at first: %+v", p)
	}
	want := state.Pause{On: true, By: "sam", At: Epoch(), Reason: "release freeze"}
	if err := w.SetPaused(want); err != nil {
		t.Fatal(err)
	}
	if p := must[state.Pause](t)(w.Paused()); p != want {
		t.Errorf("paused = %+v", p)
	}
}

func policies(t *testing.T, w world) {
	w.commit(state.Batch{Policies: map[string][]byte{"aa11": []byte("first")}})
	w.commit(state.Batch{Policies: map[string][]byte{"aa11": []byte("second"), "bb22": []byte("other")}})
	if got := must[[]byte](t)(w.Policy("aa11")); string(got) != "first" {
		t.Errorf("policy = %q", got)
	}
	if got := must[[]byte](t)(w.Policy("bb22")); string(got) != "other" {
		t.Errorf("policy = %q", got)
	}
	if _, err := w.Policy("cc33"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
}

func wildTexts(t *testing.T, w world) {
	r := Record(1, "PAY-1", "hotfix")
	r.Issue.Title = "emoji \U0001F525, \u202Eright to left\u202C, control \x01\x7f, broken \xff\xfe, zero \x00"
	r.Issue.Description = strings.Repeat("x", 1<<20)
	for n := range 10000 {
		r.Issue.Labels = append(r.Issue.Labels, fmt.Sprintf("label-%05d", n))
	}
	w.log(r)
	got := must[[]*state.Record](t)(w.Records("jira", []string{"1"}))[0]
	if d := cmp.Diff(r, got); d != "" {
		t.Error(d)
	}
}

func clocks(t *testing.T, w world) {
	ann := issue.Actor{Person: issue.Person{ID: "ann", Name: "Ann"}}
	with := func(k *state.Clock) *state.Record {
		r := Record(1, "PAY-1", "hotfix")
		r.Clock = k
		return r
	}
	k := &state.Clock{
		SLA: "urgent-fix", Lanes: []state.Stay{{Lane: "feature", From: Epoch().Add(-day)}, {Lane: "hotfix", From: Epoch()}},
		History: issue.History{
			Events: []issue.Event{
				{At: Epoch(), By: ann, Field: issue.FieldStatus, From: "Open", To: "Waiting", ToCategory: issue.Started},
				{At: Epoch().Add(hour), By: issue.Actor{Self: true}, Field: issue.FieldPriority, From: "medium", To: "urgent"},
				{At: Epoch().Add(2 * hour), By: ann, Field: issue.FieldLabels, To: "blocked"},
			},
			Complete: true, Comments: []issue.Comment{{At: Epoch().Add(hour), By: ann, Public: true}}, CommentsRead: true,
		},
		Read: Epoch().Add(3 * hour), Kept: "what", Gone: Epoch().Add(4 * hour),
		Results: []state.ClockResult{
			{SLA: "urgent-fix", Kind: "respond", Lane: "hotfix", Start: Epoch(), Ended: Epoch().Add(hour)},
			{SLA: "urgent-fix", Kind: "resolve", Lane: "hotfix", Start: Epoch(), Breached: Epoch().Add(2 * hour)},
		},
	}
	w.log(with(k))
	if d := cmp.Diff(k, must[[]*state.Record](t)(w.Records("jira", []string{"1"}))[0].Clock); d != "" {
		t.Error(d)
	}
	k.Lanes[0].Lane, k.History.Events[0].To = "changed", "changed"
	if got := must[[]*state.Record](t)(w.Records("jira", []string{"1"}))[0].Clock; got.Lanes[0].Lane != "feature" || got.History.Events[0].To != "Waiting" {
		t.Errorf("stored clock changed: %+v", got)
	}
	w.store(with(nil))
	if got := must[[]*state.Record](t)(w.Records("jira", []string{"1"}))[0].Clock; got != nil {
		t.Errorf("the clock is still there: %+v", got)
	}
}
