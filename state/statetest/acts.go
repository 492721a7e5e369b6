package statetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

func actCases() []testCase {
	return []testCase{
		{"an act comes back as it was, between the decisions", actComesBack},
		{"an act without a source or a time has the batch's", actDefaults},
		{"acts are no decisions", actNoDecision},
		{"acts are found by time and source", actsBetween},
		{"acts go with the retention", actsPruned},
		{"a policy stays while an act names it", actKeepsPolicy},
		{"a batch with an act that says nothing is refused as a whole", actInvalid},
		{"a pause and who ordered it are one transaction", actPause},
	}
}

// acts reads the acts of a source from one time after the epoch to another.
func (w world) acts(from, to time.Duration, source string) []state.Act {
	w.Helper()
	var list []state.Act
	err := w.Acts(Epoch().Add(from), Epoch().Add(to), source, func(a state.Act) bool { list = append(list, a); return true })
	if err != nil {
		w.Fatal(err)
	}
	return list
}

func actComesBack(t *testing.T, w world) {
	want := state.Act{
		At: Epoch().Add(time.Minute), Source: "jira", ID: "1", Key: "PAY-1", Verb: state.Overrode, Rule: "hotfix",
		By: issue.Person{ID: "u1", Name: "Robin Example", Email: "robin@acme.example"}, Field: issue.FieldLane,
		From: "lane:hotfix", To: "lane:feature", Plan: "p-1", Reason: "customer called", PolicyHash: "aa11",
	}
	w.log(Record(1, "PAY-1", "hotfix"))
	w.commit(state.Batch{Acts: []state.Act{want}, Updates: []state.Update{Logged(Record(1, "PAY-1", "feature"))}})
	want.Seq = 3 // behind the decision of its batch
	if d := cmp.Diff([]state.Act{want}, w.acts(-day, day, "")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]uint64{2, 1}, seqs(must[[]state.Logged](t)(w.Log("jira", "1", 0)))); d != "" {
		t.Error(d)
	}
}

func actDefaults(t *testing.T, w world) {
	w.commit(state.Batch{Acts: []state.Act{{Verb: state.Approved}}})
	if err := w.Commit(state.Batch{Acts: []state.Act{{Verb: state.PausedWrites}}, Now: Epoch()}); err != nil {
		t.Fatal(err)
	}
	want := []state.Act{
		{Seq: 1, At: Epoch(), Source: "jira", Verb: state.Approved},
		{Seq: 2, At: Epoch(), Verb: state.PausedWrites},
	}
	if d := cmp.Diff(want, w.acts(0, day, "")); d != "" {
		t.Error(d)
	}
}

func actNoDecision(t *testing.T, w world) {
	w.commit(state.Batch{Acts: []state.Act{{Verb: state.Approved}}})
	w.log(Record(1, "PAY-1", "hotfix"))
	if d := cmp.Diff([]uint64{2}, w.between(-day, day, "")); d != "" {
		t.Error(d)
	}
	if _, err := w.LogEntry(1); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("an act is read as a decision: %v", err)
	}
}

func actsBetween(t *testing.T, w world) {
	for n := range 6 {
		w.commit(state.Batch{Source: []string{"jira", "linear"}[n%2], Now: Epoch().Add(time.Duration(n) * 9 * hour),
			Acts: []state.Act{{Verb: state.Approved}}})
	}
	for _, c := range []struct {
		from, to time.Duration
		source   string
		want     string
	}{
		{-day, 3 * day, "", "1 2 3 4 5 6"},
		{-day, 3 * day, "linear", "2 4 6"},
		{9 * hour, 36 * hour, "", "2 3 4"},
		{4 * day, 9 * day, "", ""},
	} {
		if got := actSeqs(w.acts(c.from, c.to, c.source)); got != c.want {
			t.Errorf("from %v to %v of %q: %s, want %s", c.from, c.to, c.source, got, c.want)
		}
	}
	seen := 0
	err := w.Acts(Epoch(), Epoch().Add(9*day), "", func(state.Act) bool { seen++; return seen < 2 })
	if err != nil || seen != 2 {
		t.Errorf("seen = %d, err = %v", seen, err)
	}
}

func actSeqs(list []state.Act) string {
	var out []string
	for _, a := range list {
		out = append(out, string(rune('0'+a.Seq)))
	}
	return strings.Join(out, " ")
}

func actsPruned(t *testing.T, w world) {
	for n := range 4 {
		w.commit(state.Batch{Now: Epoch().Add(time.Duration(n) * 20 * day), Acts: []state.Act{{Verb: state.Approved}}})
		w.logAt("jira", 1, time.Duration(n)*20*day)
	}
	if n := w.prune(60 * day); n != 4 {
		t.Errorf("removed %d", n)
	}
	if got := actSeqs(w.acts(-day, 99*day, "")); got != "5 7" {
		t.Errorf("left %s", got)
	}
	if d := cmp.Diff([]uint64{6, 8}, w.between(-day, 99*day, "")); d != "" {
		t.Error(d)
	}
	w.commit(state.Batch{Now: Epoch().Add(61 * day), Acts: []state.Act{{Verb: state.Approved}}})
	if got := actSeqs(w.acts(-day, 99*day, "")); got != "5 7 9" {
		t.Errorf("then %s", got)
	}
}

func actKeepsPolicy(t *testing.T, w world) {
	w.commit(state.Batch{Policies: map[string][]byte{"bb22": []byte("text")}})
	w.commit(state.Batch{Now: Epoch().Add(50 * day), Acts: []state.Act{{Verb: state.Approved, PolicyHash: "bb22"}}})
	w.prune(60 * day)
	if text := must[[]byte](t)(w.Policy("bb22")); string(text) != "text" {
		t.Errorf("text = %q", text)
	}
	w.prune(200 * day)
	if _, err := w.Policy("bb22"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("the policy outlived the act: %v", err)
	}
}

func actInvalid(t *testing.T, w world) {
	for _, a := range []state.Act{{}, {Verb: state.Approved, ID: strings.Repeat("x", 2000)}} {
		err := w.Commit(state.Batch{Source: "jira", Now: Epoch(), Acts: []state.Act{a}, State: &state.SourceState{Flaps: 1}})
		if !errors.Is(err, state.ErrInvalid) {
			t.Errorf("%+v: %v", a, err)
		}
	}
	if s := must[state.SourceState](t)(w.Source("jira")); s.Flaps != 0 {
		t.Error("half of a refused batch was stored")
	}
}

func actPause(t *testing.T, w world) {
	p := state.Pause{On: true, By: "op", At: Epoch(), Reason: "too much mail"}
	w.commit(state.Batch{Pause: &p, Acts: []state.Act{{Verb: state.PausedWrites, By: issue.Person{Name: "op"}}}})
	if got := must[state.Pause](t)(w.Paused()); got != p {
		t.Errorf("pause = %+v", got)
	}
	w.commit(state.Batch{Acts: []state.Act{{Verb: state.Approved}}})
	if got := must[state.Pause](t)(w.Paused()); !got.On {
		t.Error("a batch without a pause ended it")
	}
}
