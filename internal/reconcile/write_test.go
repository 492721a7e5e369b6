package reconcile_test

import (
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/policy"
)

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
	t.Run("applied, lost, refused when it was tried again, and overtaken by a person: theirs stays", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.tracker.lose = func(issue.Edit) bool { return true }
		w.tracker.lost = &connectors.Error{Kind: connectors.Conflict, Op: "edit", Tried: true}
		w.once()
		w.tracker.lose = nil
		w.tracker.edit(id(1), "amy", issue.Change{Field: issue.FieldLane, To: "lane:feature"})
		w.wait(5 * time.Minute)
		w.quiet()
		w.expect("labels", w.labels(1), "horizon:current-sprint lane:feature")
		w.expect("held by", w.record(1).Overrides[0].By.ID, "amy")
		w.expect("pending", pending(w), 0)
	})
	t.Run("applied, lost, overtaken by a person, and the history cannot be read for long: theirs stays", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.tracker.lose = func(issue.Edit) bool { return true }
		w.once()
		w.tracker.lose = nil
		w.tracker.edit(id(1), "amy", issue.Change{Field: issue.FieldLane, To: "lane:feature"})
		w.tracker.noHistory = id(1)
		for range 30 {
			w.wait(20 * time.Minute)
			w.expect("soon again", w.once().Behind, true)
		}
		w.expect("labels", w.labels(1), "horizon:current-sprint lane:feature")
		w.expect("parked", w.record(1).Parked != nil, true)
		w.tracker.noHistory = ""
		w.quiet()
		w.expect("labels", w.labels(1), "horizon:current-sprint lane:feature")
		w.expect("held by", w.record(1).Overrides[0].By.ID, "amy")
		w.expect("pending", pending(w), 0)
	})
	t.Run("an override ended, and a person who was faster put the same value back: it is theirs anew", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		amy := func(to string) { w.tracker.edit(id(1), "amy", issue.Change{Field: issue.FieldLane, To: to}) }
		w.wait(time.Hour)
		amy("lane:feature")
		w.once()
		w.wait(15 * 24 * time.Hour)
		w.tracker.fail = func(issue.Edit) error {
			w.wait(time.Second)
			amy("lane:other")
			return &connectors.Error{Kind: connectors.Conflict, Op: "edit"}
		}
		w.once()
		w.tracker.fail = nil
		w.wait(time.Minute)
		amy("lane:feature")
		w.wait(10 * time.Minute)
		w.quiet()
		w.expect("labels", w.labels(1), "horizon:current-sprint lane:feature")
		w.expect("held by", w.record(1).Overrides[0].By.ID, "amy")
		w.expect("pending", pending(w), 0)
	})
	t.Run("a person was faster than our first write: what they set is theirs", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.tracker.fail = func(issue.Edit) error {
			w.wait(time.Second)
			w.tracker.edit(id(1), "amy", issue.Change{Field: issue.FieldLane, To: "lane:feature"})
			return &connectors.Error{Kind: connectors.Conflict, Op: "edit"}
		}
		w.once()
		w.tracker.fail = nil
		w.wait(10 * time.Minute)
		w.once()
		w.expect("labels", w.labels(1), "horizon:current-sprint lane:feature")
		w.expect("held by", w.record(1).Overrides[0].By.ID, "amy")
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
	t.Run("an issue that cannot be read before the write: nothing is written blindly, and it is tried again", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.tracker.add(2, bug)
		w.once()
		w.tracker.lag(id(1))
		w.wait(time.Hour)
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldPriority, To: "low"})
		urgent := issue.Urgent
		w.spec.Lanes[0].Priority = policy.LanePrioritySpec{AtLeast: &urgent}
		w.restart()
		w.tracker.unreadable = id(1)
		r := w.once()
		w.expect("the person's priority", w.tracker.issues[id(1)].Priority, issue.Low)
		w.expect("the other issue", w.tracker.issues[id(2)].Priority, issue.Urgent)
		w.expect("parked", r.Parked, 1)
		w.tracker.unreadable = ""
		w.wait(5 * time.Minute)
		w.once()
		w.expect("the person's priority, once it was read", w.tracker.issues[id(1)].Priority, issue.Low)
		w.expect("override", w.record(1).Overrides[0].Value, "low")
	})
}

func pending(w *world) int {
	p, err := w.store.Pending("payments")
	if err != nil {
		w.Fatal(err)
	}
	return len(p)
}
