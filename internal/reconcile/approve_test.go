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

// held is a world of issues of three lanes that the guard holds.
func held(t *testing.T) (*world, *state.Plan) {
	w := newWorld(t, func(w *world) {
		w.opts.Guard = reconcile.Guard{MaxChanges: 3, Expires: 7 * 24 * time.Hour, Approval: 24 * time.Hour}
	})
	for n := 1; n <= 4; n++ {
		w.tracker.add(n, bug)
		w.tracker.add(10+n, func(i *issue.Issue) { i.Votes = 60 + n; i.Priority = issue.Low })
		w.tracker.add(20+n, nil)
	}
	r := w.once()
	if r.Held == nil {
		t.Fatal("nothing is held")
	}
	return w, r.Held
}

func (w *world) approve(id string, lanes ...string) error {
	w.Helper()
	_, err := w.cycler.Approve(reconcile.Approval{Plan: id, Lanes: lanes, By: "lead"})
	return err
}

func (w *world) plan(id string) state.Plan {
	w.Helper()
	p, err := w.store.Plan(id)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

func (w *world) heldPlan() *state.Plan {
	w.Helper()
	p, err := w.cycler.Waiting()
	if err != nil {
		w.Fatal(err)
	}
	return p
}

func TestAHeldPlanSaysWhatItWouldDo(t *testing.T) {
	w, p := held(t)
	w.expect("lanes", p.Summary.Lanes, map[string]int{"hotfix": 4, "stability": 4, "feature": 4})
	w.expect("most frequent", p.Summary.Fields[:3], []state.FieldChange{
		{Field: issue.FieldHorizon, To: "horizon:next-release", Count: 8},
		{Field: issue.FieldHorizon, To: "horizon:current-sprint", Count: 4},
		{Field: issue.FieldLane, To: "lane:feature", Count: 4},
	})
	var order []string
	for _, m := range p.Summary.Largest {
		order = append(order, m.Key)
	}
	// By steps of priority (none to high is 3), then lanes, then score.
	w.expect("largest", strings.Join(order, " "), "PAY-1 PAY-2 PAY-3 PAY-4 PAY-14 PAY-13 PAY-12 PAY-11 PAY-21 PAY-22")
	w.expect("steps", []int{p.Summary.Largest[0].Steps, p.Summary.Largest[0].Lanes}, []int{3, 3})
	w.expect("reasons", p.Summary.Largest[0].Changes[0].Reason, "A paying customer is hurt now.")
	w.expect("written", w.plan(p.ID).Summary, p.Summary)
}

func TestAPlanIsApprovedInPart(t *testing.T) {
	t.Run("only the approved lanes are written; the rest waits as a new plan", func(t *testing.T) {
		w, p := held(t)
		w.expect("err", w.approve(p.ID, "hotfix"), nil)
		r := w.once()
		w.expect("written", len(w.tracker.edits), 4)
		w.expect("a hot fix", w.labels(1), hotfixLabels)
		w.expect("another", w.labels(11), "")
		w.expect("the approved plan", w.plan(p.ID).Status, state.PlanDone)
		rest := w.heldPlan()
		w.expect("rest", rest.Summary.Lanes, map[string]int{"stability": 4, "feature": 4})
		w.expect("of", rest.RestOf, p.ID)
		w.expect("reason", rest.Reason, "of plan "+p.ID+" only hotfix was approved")
		w.expect("report", r.Held.ID, rest.ID)
		w.quiet()
		w.restart()
		w.quiet()
		w.expect("the same waits after a restart", w.heldPlan().ID, rest.ID)
		w.expect("err", w.approve(rest.ID, "stability", "feature"), nil)
		w.once()
		w.expect("all", len(w.tracker.edits), 12)
		w.expect("nothing waits", w.heldPlan(), (*state.Plan)(nil))
	})
	t.Run("a rest that is small does not slip through", func(t *testing.T) {
		w, p := held(t)
		w.expect("err", w.approve(p.ID, "hotfix", "stability"), nil)
		w.once()
		for n := 21; n <= 22; n++ {
			w.tracker.issues[id(n)].Status.Category, w.tracker.issues[id(n)].Updated = issue.Completed, w.clock
		}
		w.once() // two are left: fewer than the guard minds
		w.expect("written", len(w.tracker.edits), 8)
		w.expect("held", w.heldPlan().Issues, 2)
	})
	t.Run("what a person changed meanwhile is not written", func(t *testing.T) {
		w, p := held(t)
		w.expect("err", w.approve(p.ID), nil)
		w.wait(time.Hour)
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldLane, To: "lane:hotfix"})
		w.tracker.issues[id(2)].Status.Category, w.tracker.issues[id(2)].Updated = issue.Completed, w.clock
		w.once()
		for _, e := range w.tracker.edits {
			if e.ID == id(2) || e.ID == id(1) && slices.ContainsFunc(e.Changes, func(c issue.Change) bool { return c.Field == issue.FieldLane }) {
				t.Errorf("wrote %+v", e)
			}
		}
		w.expect("written", len(w.tracker.edits), 11)
	})
	t.Run("a lane that grew is held again, with all others", func(t *testing.T) {
		w, p := held(t)
		w.expect("err", w.approve(p.ID, "hotfix"), nil)
		for n := 31; n <= 34; n++ { // four more, and three need no approval
			w.tracker.add(n, bug)
		}
		w.once()
		w.expect("written", len(w.tracker.edits), 0)
		w.expect("approved", w.plan(p.ID).Status, state.PlanReplaced)
		w.expect("held", w.heldPlan().Issues, 16)
	})
	t.Run("a lane that the plan does not touch", func(t *testing.T) {
		w, p := held(t)
		err := w.approve(p.ID, "strategic")
		if !errors.Is(err, reconcile.ErrNoSuchLane) || !strings.Contains(err.Error(), "it has feature, hotfix, stability") {
			t.Errorf("err = %v", err)
		}
	})
}

func TestWaitingPlansExpire(t *testing.T) {
	t.Run("a held one: the next cycle makes a new one if it is still needed", func(t *testing.T) {
		w, p := held(t)
		w.wait(6 * 24 * time.Hour)
		w.quiet()
		w.expect("after six days", w.heldPlan().ID, p.ID)
		w.wait(25 * time.Hour)
		w.expect("nothing waits between", w.heldPlan(), (*state.Plan)(nil))
		var e *reconcile.NotHeldError
		if err := w.approve(p.ID); !errors.As(err, &e) || e.Status != state.PlanExpired {
			t.Errorf("err = %v", err)
		}
		w.cycle(reconcile.Task{}) // also one that has nothing else to look at
		w.expect("status", w.plan(p.ID).Status, state.PlanExpired)
		next := w.heldPlan()
		if next == nil || next.ID == p.ID {
			t.Fatalf("held %+v", next)
		}
		w.expect("written", len(w.tracker.edits), 0)
		err := w.approve(p.ID)
		if !errors.Is(err, reconcile.ErrNotHeld) || !strings.Contains(err.Error(), next.ID+" waits now") {
			t.Errorf("err = %v", err)
		}
		w.expect("err", w.approve(next.ID), nil)
		w.once()
		w.expect("written", len(w.tracker.edits), 12)
	})
	t.Run("an approval that no cycle carried out", func(t *testing.T) {
		w, p := held(t)
		w.expect("err", w.approve(p.ID), nil)
		w.wait(25 * time.Hour)
		w.once()
		w.expect("written", len(w.tracker.edits), 0)
		w.expect("status", w.plan(p.ID).Status, state.PlanExpired)
		w.expect("a new one", w.heldPlan().ID != p.ID, true)
	})
	t.Run("what an expired plan held is kept no longer than other changes", func(t *testing.T) {
		w, p := held(t)
		w.wait(8 * 24 * time.Hour)
		w.once()
		entries, err := w.store.Entries(p.ID)
		if err != nil || len(entries) == 0 {
			t.Fatal(len(entries), err)
		}
		for _, e := range entries {
			if e.Status == state.EntryHeld {
				t.Errorf("still held: %+v", e)
			}
		}
	})
}

func TestAHeldPlanIsComparedWithThePresent(t *testing.T) {
	w, p := held(t)
	w.wait(time.Hour)
	w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldLane, To: "lane:hotfix"})               // already
	w.tracker.edit(id(12), "ann", issue.Change{Field: issue.FieldPriority, To: "urgent"})               // another value to change from
	w.tracker.issues[id(2)].Status.Category, w.tracker.issues[id(2)].Updated = issue.Completed, w.clock // gone
	w.wait(time.Minute)
	if r := w.cycler.Run(t.Context(), reconcile.Task{DryRun: true}); r.Err != nil { // reads, and leaves the held plan as it was
		t.Fatal(r.Err)
	}
	entries, err := w.store.Entries(p.ID)
	if err != nil {
		t.Fatal(err)
	}
	words, err := w.cycler.Present(entries)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]reconcile.Present{}
	for n, e := range entries {
		got[e.Key+" "+string(e.Change.Field)] = words[n]
	}
	for what, want := range map[string]reconcile.Present{
		"PAY-1 lane": reconcile.Already, "PAY-1 horizon": reconcile.AsHeld, "PAY-2 lane": reconcile.Gone, "PAY-2 priority": reconcile.Gone,
		"PAY-12 priority": reconcile.Different, "PAY-12 lane": reconcile.AsHeld, "PAY-21 lane": reconcile.AsHeld,
	} {
		w.expect(what, got[what], want)
	}
}

func TestALaneMayHaveALimitOfItsOwn(t *testing.T) {
	w := newWorld(t, func(w *world) { w.opts.Guard.Lanes = map[string]int{"hotfix": 2, "feature": 9} })
	for n := range 3 {
		w.tracker.add(n, bug)
	}
	w.tracker.add(10, nil)
	r := w.once()
	w.expect("reason", r.Held.Reason, "it changes 3 issues of lane hotfix; guard.lanes.hotfix.max_changes is 2")
	w.expect("written", len(w.tracker.edits), 0)
}
