package reconcile_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// world is one source with its tracker, state and clock.
type world struct {
	*testing.T
	clock   time.Time
	tracker *tracker
	people  *directory // where approvers matter
	store   *state.DB
	spec    policy.Spec
	opts    reconcile.Options
	cycler  *reconcile.Cycler
}

func newWorld(t *testing.T, adjust ...func(*world)) *world {
	w := &world{T: t, clock: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC), spec: testSpec()}
	w.tracker = newTracker(func() time.Time { return w.clock })
	store, err := state.Open(filepath.Join(t.TempDir(), "state.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.store = store
	t.Cleanup(func() {
		if r, err := store.Verify(); err != nil || !r.OK() {
			t.Errorf("state is not sound after the test: %v %v", err, r.Problems)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	w.opts = reconcile.Options{Source: "payments", Tracker: w.tracker, Store: store, Mode: reconcile.Enforce, Guard: reconcile.Guard{MaxChanges: 100},
		Overlap: 10 * time.Minute, Scope: "one", Now: func() time.Time { return w.clock }, Log: slog.New(slog.DiscardHandler)}
	for _, a := range adjust {
		a(w)
	}
	w.restart()
	return w
}

// testSpec puts bugs into hotfix, more than 50 votes into stability, the rest
// into feature. The score is the number of votes.
func testSpec() policy.Spec {
	high := issue.High
	return policy.Spec{
		Score: policy.ScoreSpec{
			Pillars: map[string]policy.PillarSpec{"demand": {Weight: 1, Expr: "double(issue.votes)"}},
			Effort:  policy.EffortSpec{Expr: "1.0"},
		},
		Priority: policy.PrioritySpec{Bands: map[issue.Priority]float64{issue.Urgent: 85, issue.High: 65, issue.Medium: 35}},
		Lanes: []policy.LaneSpec{
			{Name: "hotfix", Why: "A paying customer is hurt now.", When: "issue.kind == 'bug'", Horizon: "current-sprint", Priority: policy.LanePrioritySpec{AtLeast: &high}},
			{Name: "stability", When: "issue.votes > 50", Horizon: "next-release"},
			{Name: "feature", When: "true", Horizon: "next-release"},
		},
		Overrides: policy.OverrideSpec{TTL: 14 * 24 * time.Hour},
	}
}

// restart makes a new cycler, as a new process would.
func (w *world) restart() {
	w.Helper()
	set, problems := policy.CompileSet(w.spec, nil)
	if policy.Failed(problems) {
		w.Fatal(problems)
	}
	w.opts.Policy = set
	w.cycler = reconcile.New(w.opts)
}

func (w *world) wait(d time.Duration) { w.clock = w.clock.Add(d) }

// cycle runs one good cycle a minute after the one before.
func (w *world) cycle(t reconcile.Task) reconcile.Report {
	w.Helper()
	w.wait(time.Minute)
	r := w.cycler.Run(w.Context(), t)
	if r.Err != nil {
		w.Fatalf("cycle: %v", r.Err)
	}
	return r
}

func (w *world) once() reconcile.Report {
	w.Helper()
	return w.cycle(reconcile.Task{List: true})
}

// quiet runs a cycle that must write nothing.
func (w *world) quiet() {
	w.Helper()
	n := len(w.tracker.edits)
	w.once()
	if got := w.tracker.edits[n:]; len(got) > 0 {
		w.Fatalf("wrote %+v, want nothing", got)
	}
}

func (w *world) labels(n int) string { return strings.Join(w.tracker.issues[id(n)].Labels, " ") }

func (w *world) record(n int) *state.Record {
	w.Helper()
	rs, err := w.store.Records("payments", []string{id(n)})
	if err != nil || rs[0] == nil {
		w.Fatalf("record %d: %v", n, err)
	}
	return rs[0]
}

func id(n int) string { return fmt.Sprintf("%05d", n) }

func (w *world) expect(what string, got, want any) {
	w.Helper()
	if d := cmp.Diff(want, got); d != "" {
		w.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func bug(i *issue.Issue) { i.Kind = issue.Bug }

const (
	hotfixLabels  = "horizon:current-sprint lane:hotfix"
	featureLabels = "horizon:next-release lane:feature"
)
