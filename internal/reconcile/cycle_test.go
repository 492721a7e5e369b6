package reconcile_test

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/connectors"
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

func TestEveryOpenIssueGetsItsLaneAndTheSecondCycleWritesNothing(t *testing.T) {
	w := newWorld(t)
	for n := range 10 {
		w.tracker.add(n, func(i *issue.Issue) {
			i.Labels = []string{"customer"}
			if n%2 == 0 {
				bug(i)
			}
		})
	}
	w.tracker.add(10, func(i *issue.Issue) { i.Status.Category = issue.Completed })
	r := w.once()
	w.expect("changed", r.Changed, 10)
	w.expect("a bug", w.labels(2), "customer "+hotfixLabels)
	w.expect("a story", w.labels(3), "customer "+featureLabels)
	w.expect("priority of a bug", w.tracker.issues[id(2)].Priority, issue.High)
	w.expect("priority of a story", w.tracker.issues[id(3)].Priority, issue.Low)
	w.expect("closed issue", w.labels(10), "")
	for _, e := range w.tracker.edits {
		w.expect("one request an issue", len(e.Changes), 3)
	}
	w.quiet()
	w.restart()
	w.quiet()
}

func TestModes(t *testing.T) {
	t.Run("observe: decides and records, and no write leaves", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.opts.Mode = reconcile.Observe })
		w.tracker.add(1, bug)
		r := w.once()
		w.expect("status", statuses(r), "observed observed observed")
		w.expect("writes", w.tracker.calls["apply"]+len(w.tracker.edits), 0)
		w.expect("lane", w.record(1).Decision.Lane, "hotfix")
		w.opts.Mode = reconcile.Enforce
		w.restart()
		w.once()
		w.expect("enforced later, though nothing changed", w.labels(1), hotfixLabels)
	})
	t.Run("suggest: one comment, not repeated, renewed when the proposal changes", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.opts.Mode = reconcile.Suggest })
		w.tracker.add(1, bug)
		w.once()
		w.expect("labels", w.labels(1), "")
		w.expect("comments", len(w.tracker.comments), 1)
		w.quiet()
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldPriority, To: "urgent"})
		w.tracker.issues[id(1)].Kind = issue.Story
		w.once()
		w.expect("comments", len(w.tracker.comments), 1)
		for _, body := range w.tracker.comments {
			if !strings.Contains(body, "lane:feature") {
				t.Errorf("comment is out of date: %s", body)
			}
		}
		w.quiet()
	})
	t.Run("a lane narrows the source's mode", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.spec.Lanes[0].Mode = "observe" })
		w.tracker.add(1, bug)
		w.tracker.add(2, nil)
		w.once()
		w.expect("bug", w.labels(1), "")
		w.expect("story", w.labels(2), featureLabels)
	})
	t.Run("dry run: plans what the next cycle does, and writes nothing", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.tracker.add(2, nil)
		plan := w.cycle(reconcile.Task{List: true, DryRun: true})
		w.expect("writes", len(w.tracker.edits), 0)
		done := w.once()
		w.expect("planned and done", changes(done), changes(plan))
	})
}

func statuses(r reconcile.Report) string {
	var s []string
	for _, l := range r.Lines {
		s = append(s, l.Status)
	}
	return strings.Join(s, " ")
}

func changes(r reconcile.Report) []string {
	var s []string
	for _, l := range r.Lines {
		s = append(s, fmt.Sprintf("%s %s %q -> %q: %s", l.Ref, l.Change.Field, l.Change.From, l.Change.To, l.Change.Reason))
	}
	return s
}

func TestPeoplesChangesHold(t *testing.T) {
	lane := func(to string) issue.Change { return issue.Change{Field: issue.FieldLane, To: to} }
	tests := []struct {
		name string
		to   issue.Change
		want string
	}{
		{"a person moved it to another lane", lane("lane:feature"), "horizon:current-sprint lane:feature"},
		{"a person removed our label", lane(""), "horizon:current-sprint"},
		{"a person added a second lane", lane("lane:feature lane:hotfix"), "horizon:current-sprint lane:feature lane:hotfix"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.tracker.add(1, bug)
			w.once()
			w.wait(time.Hour)
			w.tracker.edit(id(1), "ann", tt.to)
			at := w.clock
			w.quiet()
			w.expect("labels", w.labels(1), tt.want)
			o := w.record(1).Overrides[0]
			w.expect("who", o.By.ID, "ann")
			w.expect("when", o.At.Equal(at), true)
			w.expect("until", o.Until.Equal(at.Add(14*24*time.Hour)), true)
			w.restart()
			w.quiet()
			w.wait(15 * 24 * time.Hour)
			w.once()
			w.expect("after the ttl", w.labels(1), hotfixLabels)
		})
	}
	t.Run("a person took the change back: ours again", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.tracker.edit(id(1), "ann", lane("lane:feature"))
		w.quiet()
		w.tracker.edit(id(1), "ann", lane("lane:hotfix"))
		w.quiet()
		w.expect("overrides", len(w.record(1).Overrides), 0)
	})
	t.Run("other fields are still ours", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, nil)
		w.once()
		w.tracker.edit(id(1), "ann", lane("lane:hotfix"))
		w.tracker.issues[id(1)].Votes = 40
		w.once()
		w.expect("priority", w.tracker.issues[id(1)].Priority, issue.Medium)
		w.expect("labels", w.labels(1), "horizon:next-release lane:hotfix")
	})
	t.Run("our own account's change is no person's: state older than the tracker", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.wait(time.Hour)
		i := w.tracker.issues[id(1)]
		w.tracker.note(i, self, issue.Change{Field: issue.FieldPriority, From: "high", To: "low"})
		w.once()
		w.expect("priority", i.Priority, issue.High)
		w.expect("overrides", len(w.record(1).Overrides), 0)
	})
	t.Run("a value from before lanekeeper is adopted for the assignee, and an empty one set", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.spec.Lanes[0].Owner.Assign = "oncall@acme.example" })
		w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Assignee.ID = "ann" })
		w.tracker.add(2, bug)
		w.once()
		w.expect("had an assignee", w.tracker.issues[id(1)].Assignee.ID, "ann")
		w.expect("had none", w.tracker.issues[id(2)].Assignee.ID, "id-of-oncall@acme.example")
		w.expect("kind", w.record(1).Overrides[0].Kind, state.Adopted)
		w.wait(30 * 24 * time.Hour)
		w.quiet()
	})
}

func TestTheIndexLags(t *testing.T) {
	w := newWorld(t)
	w.tracker.add(1, bug)
	w.once()
	old := copyOf(w.tracker.issues[id(1)])
	old.Labels, old.Priority = nil, issue.None
	w.tracker.index[id(1)] = old // the values from before our write, with the time after it
	w.quiet()
	w.expect("overrides", len(w.record(1).Overrides), 0)
	w.wait(time.Hour)
	w.quiet()
}

func TestAnOlderAnswerOfTheIndexIsIgnored(t *testing.T) {
	w := newWorld(t)
	w.tracker.add(1, bug)
	w.tracker.lag(id(1))
	w.once()
	n := w.tracker.calls["fetch"]
	w.quiet()
	w.expect("requests because of it", w.tracker.calls["fetch"], n)
	w.expect("what is known", strings.Join(w.record(1).Issue.Labels, " "), hotfixLabels)
}

func TestWritesThatGoWrong(t *testing.T) {
	network := &connectors.Error{Kind: connectors.Network, Op: "edit"}
	t.Run("the process dies after the write arrived: found out, not sent again, and can be undone", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.tracker.crash = true
		func() {
			defer func() { w.expect("died", recover() == errCrash, true) }()
			w.once()
		}()
		w.tracker.crash = false
		w.restart()
		w.quiet()
		w.expect("pending", pending(w), 0)
		if r := w.cycler.Undo(t.Context(), reconcile.Undo{ID: id(1), By: "op"}); r.Err != nil {
			t.Fatal(r.Err)
		}
		w.expect("labels", w.labels(1), "")
	})
	t.Run("applied, but the answer was lost: found out, not sent again", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.tracker.lose = func(issue.Edit) bool { return true }
		w.once()
		w.expect("parked", w.record(1).Parked != nil, true)
		w.tracker.lose = nil
		w.quiet()
		w.expect("parked", w.record(1).Parked == nil, true)
		w.expect("applied", w.record(1).Applied[issue.FieldLane], "lane:hotfix")
		w.expect("pending", pending(w), 0)
	})
	t.Run("not applied: sent again after its own back-off", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.tracker.fail = func(issue.Edit) error { return network }
		w.once()
		w.tracker.fail = nil
		w.cycler.Run(t.Context(), reconcile.Task{}) // within the back-off
		w.expect("labels", w.labels(1), "")
		w.wait(5 * time.Minute)
		w.once()
		w.expect("labels", w.labels(1), hotfixLabels)
		w.expect("pending", pending(w), 0)
	})
	t.Run("one issue is refused: parked alone, the others are written", func(t *testing.T) {
		w := newWorld(t)
		for n := range 5 {
			w.tracker.add(n, bug)
		}
		w.tracker.fail = func(e issue.Edit) error {
			if e.ID == id(2) {
				return &connectors.Error{Kind: connectors.Invalid, Op: "edit"}
			}
			return nil
		}
		r := w.once()
		w.expect("changed", r.Changed, 4)
		w.expect("parked", r.Parked, 1)
		first := w.record(2).Parked.Until.Sub(w.clock)
		w.wait(first)
		w.once()
		if second := w.record(2).Parked.Until.Sub(w.clock); second != 2*first {
			t.Errorf("back-off went from %s to %s, want twice as long", first, second)
		}
	})
	t.Run("a field is not on the screen: the others are written, and it is not tried again", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.tracker.refuse[issue.FieldPriority] = true
		r := w.once()
		w.expect("changed", r.Changed, 1)
		w.expect("labels", w.labels(1), hotfixLabels)
		w.expect("gaps", w.record(1).Gaps, []issue.Field{issue.FieldPriority})
		w.quiet()
		clear(w.tracker.refuse)
		w.cycle(reconcile.Task{Sweep: true, List: true})
		w.expect("tried again after the sweep", w.tracker.issues[id(1)].Priority, issue.High)
	})
	t.Run("a field is refused with a reason: the others were written all the same", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.tracker.refuse[issue.FieldHorizon] = true
		w.tracker.refusal = &connectors.Error{Kind: connectors.Invalid, Op: "edit", Detail: "an admin must create the label"}
		r := w.once()
		w.expect("statuses", statuses(r), "applied refused applied")
		w.expect("parked", w.record(1).Parked == nil, true)
		w.expect("applied", w.record(1).Applied[issue.FieldLane], "lane:hotfix")
	})
	t.Run("a person edits between our read and our write: the person wins", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.tracker.lag(id(1))
		w.wait(time.Hour)
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldLane, To: "lane:feature"})
		w.spec.Lanes[0].When = "issue.kind == 'epic'" // policy wants stability or feature now
		w.spec.Lanes[2].Name = "later"
		w.restart()
		w.once()
		w.expect("labels", w.labels(1), "horizon:next-release lane:feature")
	})
}

func pending(w *world) int {
	p, err := w.store.Pending("payments")
	if err != nil {
		w.Fatal(err)
	}
	return len(p)
}

func TestGuard(t *testing.T) {
	w := newWorld(t, func(w *world) { w.opts.Guard = reconcile.Guard{MaxChanges: 5, MaxShare: 0.5} })
	for n := range 30 {
		w.tracker.add(n, nil)
	}
	r := w.once()
	w.expect("writes", len(w.tracker.edits), 0)
	if r.Held == nil || !strings.Contains(r.Held.Reason, "30 issues") {
		t.Fatalf("held plan: %+v", r.Held)
	}
	w.expect("still held, under the same name", w.once().Held.ID, r.Held.ID)
	w.restart()
	w.quiet()
	approve(w, r.Held.ID)
	w.once()
	w.expect("approved: written", len(w.tracker.edits), 30)
	w.spec.Lanes[2].Name = "later"
	w.opts.Guard = reconcile.Guard{MaxChanges: 100, MaxShare: 0.5}
	w.restart()
	r = w.once()
	if r.Held == nil || !strings.Contains(r.Held.Reason, "max_share") {
		t.Fatalf("a policy that moves everything is held by its share: %+v", r.Held)
	}
	approve(w, r.Held.ID)
	w.spec.Lanes[2].Name = "much-later"
	w.restart()
	w.quiet() // the approval was for another policy
}

func TestAnApprovalDoesNotCoverALargerPlan(t *testing.T) {
	w := newWorld(t, func(w *world) { w.opts.Guard = reconcile.Guard{MaxChanges: 5} })
	for n := range 10 {
		w.tracker.add(n, nil)
	}
	approve(w, w.once().Held.ID)
	for n := range 10 {
		w.tracker.add(10+n, nil)
	}
	w.quiet()
}

func approve(w *world, planID string) {
	w.Helper()
	p, err := w.store.Plan(planID)
	if err != nil {
		w.Fatal(err)
	}
	p.Status, p.By, p.ByAt = state.PlanApproved, "lead", w.clock
	if err := w.store.Commit(state.Batch{Source: "payments", Plan: &p, Now: w.clock}); err != nil {
		w.Fatal(err)
	}
	w.cycler.Replan()
}

func TestPauseStopsWritesAcrossRestarts(t *testing.T) {
	w := newWorld(t)
	w.tracker.add(1, bug)
	if err := w.store.SetPaused(state.Pause{On: true, By: "op"}); err != nil {
		t.Fatal(err)
	}
	w.expect("status", statuses(w.once()), "paused paused paused")
	w.restart()
	w.quiet()
	w.expect("decided meanwhile", w.record(1).Decision.Lane, "hotfix")
	if err := w.store.SetPaused(state.Pause{}); err != nil {
		t.Fatal(err)
	}
	w.cycler.Replan()
	w.once()
	w.expect("labels", w.labels(1), hotfixLabels)
}

func TestGateRefusesWhatTheModeForbids(t *testing.T) {
	edit := issue.Edit{Key: "PAY-1", Changes: []issue.Change{{Field: issue.FieldLane, To: "lane:hotfix"}}}
	comment := issue.Edit{Key: "PAY-1", Changes: []issue.Change{{Field: issue.FieldComment, To: "x"}}}
	tests := []struct {
		name   string
		mode   reconcile.Mode
		paused bool
		edit   issue.Edit
		want   bool
	}{
		{"observe lets no label through", reconcile.Observe, false, edit, false},
		{"observe lets no comment through", reconcile.Observe, false, comment, false},
		{"suggest lets no label through", reconcile.Suggest, false, edit, false},
		{"suggest lets a comment through", reconcile.Suggest, false, comment, true},
		{"enforce lets both through", reconcile.Enforce, false, edit, true},
		{"nothing passes a pause", reconcile.Enforce, true, edit, false},
		{"an unknown mode is the most careful one", "", false, comment, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTracker(time.Now)
			tr.add(1, nil)
			tt.edit.ID, tt.edit.Comment = id(1), &issue.CommentEdit{Marker: "m"}
			g := reconcile.Gate{Writer: tr, Mode: tt.mode, Paused: func() (bool, error) { return tt.paused, nil }}
			err := g.Apply(t.Context(), []issue.Edit{tt.edit}, func(issue.Result) {})
			if passed := err == nil; passed != tt.want || (err != nil && !errors.Is(err, reconcile.ErrGated)) || (len(tr.edits) > 0) != tt.want {
				t.Errorf("got error %v and %d writes", err, len(tr.edits))
			}
		})
	}
}

func TestPull(t *testing.T) {
	broken := func(w *world, what string) {
		w.Helper()
		w.wait(time.Minute)
		if r := w.cycler.Run(w.Context(), reconcile.Task{List: true}); r.Err == nil {
			w.Fatalf("%s: want an error", what)
		}
	}
	t.Run("a first pull that breaks goes on where it stopped", func(t *testing.T) {
		w := newWorld(t)
		for n := range 12 {
			w.tracker.add(n, nil)
		}
		w.tracker.stopAfter = 2
		broken(w, "two pages only")
		w.expect("writes from half a pull", len(w.tracker.edits), 0)
		w.tracker.stopAfter = 0
		w.restart()
		w.expect("changed", w.once().Changed, 12)
		w.expect("cursors", w.tracker.cursors, []string{"", id(5)})
	})
	t.Run("an update during a broken pull is not missed", func(t *testing.T) {
		w := newWorld(t)
		for n := range 12 {
			w.tracker.add(n, nil)
		}
		w.once()
		for n := range 12 {
			w.wait(time.Minute)
			w.tracker.issues[id(n)].Kind, w.tracker.issues[id(n)].Updated = issue.Bug, w.clock
		}
		w.tracker.stopAfter = 1
		broken(w, "one page only")
		w.tracker.stopAfter = 0
		w.wait(time.Hour)
		w.once()
		w.expect("the last one", w.labels(11), hotfixLabels)
	})
	t.Run("a doubt that cannot be confirmed keeps the watermark", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.wait(time.Hour)
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldLane, To: "lane:feature"})
		w.wait(time.Hour)
		w.tracker.fetchErr = &connectors.Error{Kind: connectors.Server, Op: "fetch"}
		broken(w, "no answer to the doubt")
		st, err := w.store.Source("payments")
		w.expect("failures", fmt.Sprint(st.Failures, st.ErrorKind, err), "1server<nil>")
		w.wait(time.Hour)
		w.tracker.fetchErr = nil
		w.quiet()
		w.expect("overrides", len(w.record(1).Overrides), 1)
	})
	t.Run("a change that the index shows late is read within the overlap", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, nil)
		w.once()
		w.tracker.lag(id(1))
		w.wait(time.Minute)
		w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = issue.Bug, w.clock
		w.quiet()
		w.wait(5 * time.Minute)
		delete(w.tracker.index, id(1))
		w.once()
		w.expect("labels", w.labels(1), hotfixLabels)
	})
	t.Run("an issue that is closed is not touched any more", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		i := w.tracker.issues[id(1)]
		i.Status.Category, i.Kind = issue.Completed, issue.Story
		w.wait(time.Minute)
		i.Updated = w.clock
		w.quiet()
		w.expect("open", w.record(1).Issue.Open(), false)
	})
	t.Run("a key that changes with a move keeps the record", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.wait(time.Minute)
		w.tracker.issues[id(1)].Key, w.tracker.issues[id(1)].Updated = "WEB-7", w.clock
		w.quiet()
		w.expect("key", w.record(1).Issue.Key, "WEB-7")
		w.expect("applied", w.record(1).Applied[issue.FieldLane], "lane:hotfix")
	})
	t.Run("a new scope reads everything anew", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, nil)
		w.once()
		w.opts.Scope = "two"
		w.restart()
		w.quiet()
		w.expect("first pulls", w.tracker.calls["all"], 2)
	})
	t.Run("a field that failed to load is neither decided nor written from", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Unknown = issue.InputLabels })
		w.once()
		w.expect("labels", w.labels(1), "")
		w.expect("priority", w.tracker.issues[id(1)].Priority, issue.High)
	})
}

func TestRevisit(t *testing.T) {
	t.Run("a new policy decides every stored issue anew", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.spec.Lanes[0].When = "false || issue.votes > 1000"
		w.restart()
		w.wait(24 * time.Hour)
		w.once()
		w.expect("labels", w.labels(1), featureLabels)
	})
	t.Run("time alone moves an issue", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.spec.Lanes[1].When = "age(issue.created) > duration('240h')" })
		w.tracker.add(1, nil)
		w.once()
		w.expect("young", w.labels(1), featureLabels)
		w.wait(11 * 24 * time.Hour)
		w.once()
		w.expect("old", w.labels(1), "horizon:next-release lane:stability")
		w.quiet()
	})
}

func TestSweep(t *testing.T) {
	sweep := reconcile.Task{Sweep: true, List: true}
	filled := func(t *testing.T, n int) *world {
		w := newWorld(t)
		for k := range n {
			w.tracker.add(k, nil)
		}
		w.once()
		w.wait(2 * time.Hour)
		return w
	}
	gone := func(w *world) []int {
		var out []int
		for n := range len(w.tracker.issues) {
			if w.record(n).Issue.Gone {
				out = append(out, n)
			}
		}
		return out
	}
	t.Run("a deleted issue is confirmed and marked gone", func(t *testing.T) {
		w := filled(t, 5)
		w.tracker.hidden[id(3)] = true
		w.cycle(sweep)
		w.expect("gone", gone(w), []int{3})
	})
	t.Run("an issue that left the scope is not written to at once, and gone with the second sweep", func(t *testing.T) {
		w := filled(t, 5)
		w.tracker.unlisted[id(3)] = true
		w.cycle(sweep)
		w.expect("gone", gone(w), []int(nil))
		w.spec.Lanes[2].Name = "later"
		w.restart()
		w.wait(time.Hour)
		w.once()
		w.expect("labels", w.labels(3), featureLabels)
		w.wait(24 * time.Hour)
		w.cycle(sweep)
		w.expect("gone", gone(w), []int{3})
		delete(w.tracker.unlisted, id(3))
		w.cycle(sweep)
		w.expect("came back", gone(w), []int(nil))
	})
	t.Run("an issue that the pulls missed is found", func(t *testing.T) {
		w := filled(t, 5)
		w.tracker.add(5, func(i *issue.Issue) { bug(i); i.Updated = w.clock.Add(-100 * time.Hour) })
		w.cycle(sweep)
		w.expect("labels", w.labels(5), hotfixLabels)
	})
	t.Run("an answer that misses most issues is an error, and nothing is gone", func(t *testing.T) {
		w := filled(t, 30)
		for n := range 20 {
			w.tracker.hidden[id(n)] = true
		}
		r := w.cycler.Run(t.Context(), sweep)
		if !errors.Is(r.Err, reconcile.ErrMassLoss) {
			t.Fatalf("got %v, want ErrMassLoss", r.Err)
		}
		w.expect("gone", gone(w), []int(nil))
	})
}

func TestUndo(t *testing.T) {
	start := func(t *testing.T) (*world, reconcile.Report) {
		w := newWorld(t)
		w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Priority, i.Labels = issue.Low, []string{"customer"} })
		w.tracker.add(2, nil)
		return w, w.once()
	}
	undo := func(w *world, u reconcile.Undo) reconcile.Report {
		w.Helper()
		w.wait(time.Minute)
		u.By = "op"
		r := w.cycler.Undo(w.Context(), u)
		if r.Err != nil {
			w.Fatal(r.Err)
		}
		return r
	}
	t.Run("a plan: everything is as before, and stays so", func(t *testing.T) {
		w, r := start(t)
		undo(w, reconcile.Undo{Plan: r.Plan})
		w.expect("labels", w.labels(1)+"|"+w.labels(2), "customer|")
		w.expect("priority", w.tracker.issues[id(1)].Priority, issue.Low)
		w.quiet()
		w.restart()
		w.quiet()
		w.wait(15 * 24 * time.Hour)
		w.once()
		w.expect("after the ttl policy has its way again", w.labels(1), "customer "+hotfixLabels)
	})
	t.Run("one issue: the other stays", func(t *testing.T) {
		w, _ := start(t)
		undo(w, reconcile.Undo{ID: id(1)})
		w.expect("labels", w.labels(1)+"|"+w.labels(2), "customer|"+featureLabels)
	})
	t.Run("since a time, over several plans: the value from before the first", func(t *testing.T) {
		w := newWorld(t)
		since := w.clock
		w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Priority = issue.Medium })
		w.once()
		w.tracker.issues[id(1)].Votes = 90
		w.wait(time.Minute)
		w.tracker.issues[id(1)].Updated = w.clock
		w.once()
		w.expect("priority", w.tracker.issues[id(1)].Priority, issue.Urgent)
		undo(w, reconcile.Undo{Since: since})
		w.expect("priority", w.tracker.issues[id(1)].Priority, issue.Medium)
		n := len(w.tracker.edits)
		undo(w, reconcile.Undo{Since: since})
		w.expect("asked twice: nothing more", len(w.tracker.edits), n)
	})
	t.Run("what a person changed since is left alone", func(t *testing.T) {
		w, r := start(t)
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldLane, To: "lane:feature"})
		got := undo(w, reconcile.Undo{Plan: r.Plan})
		w.expect("labels", w.labels(1), "customer lane:feature")
		w.expect("said so", slices.ContainsFunc(got.Lines, func(l reconcile.Line) bool {
			return l.Status == reconcile.Refused && strings.Contains(l.Change.Reason, "person")
		}), true)
	})
	t.Run("observe mode: refused, with what to do", func(t *testing.T) {
		w, r := start(t)
		w.opts.Mode = reconcile.Observe
		w.restart()
		if got := w.cycler.Undo(t.Context(), reconcile.Undo{Plan: r.Plan}); !errors.Is(got.Err, reconcile.ErrGated) {
			t.Fatalf("got %v, want ErrGated", got.Err)
		}
	})
	t.Run("a comment is withdrawn and not posted again", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.opts.Mode = reconcile.Suggest })
		w.tracker.add(1, bug)
		r := w.once()
		undo(w, reconcile.Undo{Plan: r.Plan})
		for _, body := range w.tracker.comments {
			w.expect("comment", body, "This proposal was withdrawn.")
		}
		w.quiet()
	})
}
