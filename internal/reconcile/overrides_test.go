package reconcile_test

import (
	"errors"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

func TestOverridesEndWhenTheyShould(t *testing.T) {
	assign := func(to string) issue.Change { return issue.Change{Field: issue.FieldAssignee, To: to} }
	owned := func(w *world) { w.spec.Lanes[0].Owner.Assign = "oncall@acme.example" }
	update := func(w *world, fn func(*issue.Issue)) {
		fn(w.tracker.issues[id(1)])
		w.tracker.issues[id(1)].Updated = w.clock
	}
	t.Run("of a field that policy wants no more: with its time, and it is looked at once", func(t *testing.T) {
		w := newWorld(t, owned)
		w.tracker.add(1, bug)
		w.once()
		w.tracker.edit(id(1), "ann", assign("ann"))
		w.quiet()
		update(w, func(i *issue.Issue) { i.Kind = issue.Story })
		w.once()
		w.expect("held", len(w.record(1).Overrides), 1)
		w.wait(15 * 24 * time.Hour)
		w.quiet()
		w.expect("overrides", len(w.record(1).Overrides), 0)
		w.expect("due again", w.record(1).Due.IsZero(), true)
		update(w, bug)
		w.once()
		w.expect("what a person chose is still theirs", w.tracker.issues[id(1)].Assignee.ID, "ann")
	})
	t.Run("whoever chooses a value again whose override had ended holds it anew", func(t *testing.T) {
		lane := func(to string) issue.Change { return issue.Change{Field: issue.FieldLane, To: to} }
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.tracker.edit(id(1), "ann", lane("lane:own"))
		w.quiet()
		w.wait(15 * 24 * time.Hour)
		w.tracker.fail = func(issue.Edit) error { return &connectors.Error{Kind: connectors.Invalid, Op: "edit"} }
		w.once() // the override is over, and the write fails
		w.expect("overrides", len(w.record(1).Overrides), 0)
		w.tracker.edit(id(1), "ann", lane("lane:other"))
		w.once()
		w.tracker.fail = nil
		w.wait(time.Hour)
		w.tracker.edit(id(1), "ann", lane("lane:own"))
		w.quiet()
		w.wait(7 * time.Hour) // any back-off is over
		w.quiet()
		w.expect("lane", w.tracker.issues[id(1)].Label("lane:"), "own")
	})
	t.Run("of a withdrawn proposal: with its time", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.opts.Mode = reconcile.Suggest })
		w.tracker.add(1, bug)
		if r := w.cycler.Undo(t.Context(), reconcile.Undo{Plan: w.once().Plan}); r.Err != nil {
			t.Fatal(r.Err)
		}
		w.expect("held", len(w.record(1).Overrides), 1)
		w.wait(15 * 24 * time.Hour)
		w.once()
		w.expect("overrides", len(w.record(1).Overrides), 0)
		w.expect("due again", w.record(1).Due.IsZero(), true)
	})
	t.Run("an adopted value that people change stays theirs without an end", func(t *testing.T) {
		w := newWorld(t, owned)
		w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Assignee.ID = "ann" })
		w.once()
		w.tracker.edit(id(1), "ann", assign("bob"))
		w.quiet()
		w.wait(30 * 24 * time.Hour)
		w.quiet()
		w.expect("assignee", w.tracker.issues[id(1)].Assignee.ID, "bob")
	})
	t.Run("our own account is not named as the person, where the history is behind", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.wait(time.Hour)
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldLane, To: "lane:feature"})
		events := w.tracker.events[id(1)]
		w.tracker.events[id(1)] = events[:len(events)-1]
		w.quiet()
		o := w.record(1).Overrides[0]
		w.expect("who", o.By.ID, "")
		w.expect("when", o.At.Equal(w.clock), true)
	})
	t.Run("a change made while the issue was undecided has its author when it is decided again", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.spec.Score.Pillars["demand"] = policy.PillarSpec{Weight: 1, Expr: "double(100 / issue.votes)"} // no votes
		w.restart()
		w.once()
		if w.record(1).Decision.Undecided == "" {
			t.Fatal("want an undecided issue")
		}
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldLane, To: "lane:feature"})
		at := w.clock
		w.quiet()
		w.wait(time.Hour)
		w.quiet()
		w.spec = testSpec()
		w.wait(24 * time.Hour)
		w.restart()
		w.quiet()
		o := w.record(1).Overrides[0]
		w.expect("who", o.By.ID, "ann")
		w.expect("when", o.At.Equal(at), true)
	})
}

func TestParkedIssuesAreForgottenWhenNothingIsLeftToWrite(t *testing.T) {
	w := newWorld(t)
	w.tracker.add(1, bug)
	w.tracker.fail = func(issue.Edit) error { return &connectors.Error{Kind: connectors.Invalid, Op: "edit"} }
	w.once()
	w.tracker.fail = nil
	for _, l := range []issue.Change{{Field: issue.FieldLane, To: "lane:hotfix"}, {Field: issue.FieldHorizon, To: "horizon:current-sprint"}, {Field: issue.FieldPriority, To: "high"}} {
		w.tracker.edit(id(1), "ann", l)
	}
	w.wait(time.Hour)
	w.expect("parked", w.once().Parked, 0)
	w.expect("record", w.record(1).Parked, (*state.Parked)(nil))
}

func TestAnOwnerThatCouldNotBeLookedUpIsAskedForAgain(t *testing.T) {
	w := newWorld(t, func(w *world) { w.spec.Lanes[0].Owner.Assign = "oncall@acme.example" })
	w.tracker.add(1, bug)
	w.tracker.personErr = errors.New("no answer")
	w.once()
	w.expect("assignee", w.tracker.issues[id(1)].Assignee.ID, "")
	w.tracker.personErr = nil
	w.wait(2 * time.Hour)
	w.once()
	w.expect("assignee", w.tracker.issues[id(1)].Assignee.ID, "id-of-oncall@acme.example")
	w.expect("due again", w.record(1).Due.IsZero(), true)
}
