package reconcile_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

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

func TestAnApprovalGrowsByNoMoreThanNeedsNone(t *testing.T) {
	tests := []struct {
		name  string
		guard reconcile.Guard
		more  int
		want  int // writes
	}{
		{"by as many as the lane may have", reconcile.Guard{MaxChanges: 100, Lanes: map[string]int{"hotfix": 2}}, 2, 5},
		{"by more than the lane may have", reconcile.Guard{MaxChanges: 100, Lanes: map[string]int{"hotfix": 2}}, 3, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(w *world) { w.opts.Guard = tt.guard })
			for n := range 3 {
				w.tracker.add(n, bug)
			}
			approve(w, w.once().Held.ID)
			for n := range tt.more {
				w.tracker.add(3+n, bug)
			}
			w.once()
			w.expect("writes", len(w.tracker.edits), tt.want)
		})
	}
}

func TestAnApprovalOfMovesGrowsByTheShareAtMost(t *testing.T) {
	w := newWorld(t, func(w *world) { w.opts.Guard = reconcile.Guard{MaxChanges: 100, MaxShare: 0.1} })
	for n := range 60 {
		w.tracker.add(n, nil)
	}
	w.once()
	written := len(w.tracker.edits)
	vote := func(from, to int) {
		w.wait(time.Minute)
		for n := from; n < to; n++ {
			w.tracker.issues[id(n)].Votes, w.tracker.issues[id(n)].Updated = 60, w.clock
		}
	}
	vote(0, 20)
	approve(w, w.once().Held.ID)
	vote(20, 50)
	w.once()
	w.expect("writes", len(w.tracker.edits), written)
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
	horizon := issue.Edit{Key: "PAY-1", Changes: []issue.Change{{Field: issue.FieldLane, To: "lane:hotfix"}, {Field: issue.FieldHorizon, To: "horizon:roadmap"}}}
	agreed := map[string][]issue.Field{id(1): {issue.FieldLane}}
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
		{"observe lets nothing accepted through", reconcile.Observe, false, edit, false},
		{"suggest lets what was accepted through", reconcile.Suggest, false, edit, true},
		{"suggest lets no other field through with it", reconcile.Suggest, false, horizon, false},
		{"nothing accepted passes a pause", reconcile.Suggest, true, edit, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTracker(time.Now)
			tr.add(1, nil)
			tt.edit.ID, tt.edit.Comment = id(1), &issue.CommentEdit{Marker: "m"}
			g := reconcile.Gate{Writer: tr, Mode: tt.mode, Paused: func() (bool, error) { return tt.paused, nil }}
			if strings.Contains(tt.name, "accepted") || strings.Contains(tt.name, "other field") {
				g.Accepted = agreed
			}
			err := g.Apply(t.Context(), []issue.Edit{tt.edit}, func(issue.Result) {})
			if passed := err == nil; passed != tt.want || (err != nil && !errors.Is(err, reconcile.ErrGated)) || (len(tr.edits) > 0) != tt.want {
				t.Errorf("got error %v and %d writes", err, len(tr.edits))
			}
		})
	}
}

func TestHeldPlansFollowWhatPeopleDo(t *testing.T) {
	small := func(w *world) { w.opts.Guard = reconcile.Guard{MaxChanges: 5} }
	t.Run("a plan that became small enough is carried out", func(t *testing.T) {
		w := newWorld(t, small)
		for n := range 6 {
			w.tracker.add(n, nil)
		}
		w.cycle(reconcile.Task{})
		w.expect("held", len(w.tracker.edits), 0)
		w.tracker.issues[id(3)].Status.Category, w.tracker.issues[id(3)].Updated = issue.Completed, w.clock
		w.cycle(reconcile.Task{})
		w.expect("written", len(w.tracker.edits), 5)
	})
	t.Run("a held plan shows what it would do now", func(t *testing.T) {
		w := newWorld(t, small)
		for n := range 10 {
			w.tracker.add(n, nil)
		}
		p := w.once().Held
		for n := range 3 {
			w.tracker.issues[id(n)].Status.Category, w.tracker.issues[id(n)].Updated = issue.Completed, w.clock
		}
		w.expect("the same plan", w.once().Held.ID, p.ID)
		entries, err := w.store.Entries(p.ID)
		if err != nil {
			t.Fatal(err)
		}
		held := slices.DeleteFunc(entries, func(e state.Entry) bool { return e.Status != state.EntryHeld })
		w.expect("held changes", len(held), 7*3)
	})
	t.Run("twenty undone issues later it can still be approved", func(t *testing.T) {
		w := newWorld(t)
		for n := range 25 {
			w.tracker.add(n, nil)
		}
		w.once()
		w.opts.Guard.MaxChanges = 5
		w.spec.Lanes[2].Name = "later"
		w.restart()
		p := w.once().Held
		for n := range 25 {
			w.wait(time.Minute)
			if r := w.cycler.Undo(t.Context(), reconcile.Undo{ID: id(n)}); r.Err != nil {
				t.Fatal(r.Err)
			}
		}
		for n := range 6 {
			w.tracker.add(30+n, nil)
		}
		approve(w, p.ID)
		w.once()
		w.expect("label", w.labels(30), "horizon:next-release lane:later")
	})
	t.Run("an approval given while the plan is judged again is not lost", func(t *testing.T) {
		w := newWorld(t, small)
		for n := range 10 {
			w.tracker.add(n, nil)
		}
		p := w.once().Held
		if _, err := w.cycler.Approve(reconcile.Approval{Plan: p.ID, By: "lead"}); err != nil {
			t.Fatal(err)
		}
		_, err := w.cycler.Approve(reconcile.Approval{Plan: p.ID, By: "lead"})
		w.expect("twice", errors.Is(err, reconcile.ErrNotHeld), true)
		w.cycle(reconcile.Task{})
		w.expect("written", len(w.tracker.edits), 10)
	})
}

func TestAPauseStopsWritesInTheMiddleOfABatch(t *testing.T) {
	w := newWorld(t)
	for n := range 10 {
		w.tracker.add(n, bug)
	}
	w.tracker.fail = func(e issue.Edit) error {
		if e.ID == id(2) {
			return w.store.SetPaused(state.Pause{On: true, By: "op"})
		}
		return nil
	}
	r := w.once()
	w.expect("sent", len(w.tracker.edits), 3)
	w.expect("changed", r.Changed, 3)
	w.tracker.fail = nil
	w.quiet()
	w.expect("pending", pending(w), 0)
	if err := w.store.SetPaused(state.Pause{}); err != nil {
		t.Fatal(err)
	}
	w.cycler.Replan()
	w.once()
	w.expect("the rest follows", len(w.tracker.edits), 10)
}
