package reconcile_test

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

// acts are the lines that the log alone tells about people.
func (w *world) acts() []string {
	w.Helper()
	var out []string
	err := w.store.Acts(time.Time{}, w.clock.Add(time.Hour), "", func(a state.Act) bool {
		out = append(out, fmt.Sprintf("%s %s %s: %q -> %q by %s (%s)", a.Verb, a.Key, a.Field, a.From, a.To, cmp.Or(a.By.ID, a.By.Name), a.Reason))
		return true
	})
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func (w *world) expectActs(want ...string) {
	w.Helper()
	if d := gocmp.Diff(want, w.acts()); d != "" {
		w.Errorf("acts (-want +got):\n%s", d)
	}
}

func TestTheLogTellsWhoDidWhat(t *testing.T) {
	lane := func(to string) issue.Change { return issue.Change{Field: issue.FieldLane, To: to} }
	began := `override_began PAY-1 lane: "lane:hotfix" -> "lane:feature" by ann ()`
	taken := func(t *testing.T, adjust ...func(*world)) *world {
		w := newWorld(t, adjust...)
		w.tracker.add(1, bug)
		w.once()
		w.expectActs()
		w.wait(time.Hour)
		w.tracker.edit(id(1), "ann", lane("lane:feature"))
		w.quiet()
		w.expectActs(began)
		w.quiet()
		w.expectActs(began) // once
		return w
	}
	t.Run("an override has the time of the person's change", func(t *testing.T) {
		w := taken(t)
		o := w.record(1).Overrides[0]
		var at time.Time
		err := w.store.Acts(time.Time{}, w.clock, "payments", func(a state.Act) bool { at = a.At; return true })
		w.expect("err", err, nil)
		w.expect("at", at, o.At)
	})
	t.Run("it ends with its time", func(t *testing.T) {
		w := taken(t)
		w.wait(15 * 24 * time.Hour)
		w.once()
		w.expectActs(began, `override_ended PAY-1 lane: "lane:feature" -> "lane:hotfix" by  (its time is over)`)
	})
	t.Run("a person ends it", func(t *testing.T) {
		w := taken(t)
		w.wait(time.Hour)
		w.tracker.edit(id(1), "bob", lane("lane:hotfix"))
		w.quiet()
		w.expectActs(began, `override_ended PAY-1 lane: "lane:feature" -> "lane:hotfix" by bob (a person set it so)`)
	})
	t.Run("policy ends it by another lane", func(t *testing.T) {
		w := taken(t, func(w *world) { w.spec.Overrides.Release = "lane_change" })
		w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Votes = issue.Story, 60
		w.tracker.issues[id(1)].Updated = w.clock
		w.once()
		w.expectActs(began, `override_ended PAY-1 lane: "lane:feature" -> "lane:stability" by  (policy moved the issue to another lane)`)
	})
	t.Run("policy comes to agree", func(t *testing.T) {
		w := taken(t)
		w.tracker.issues[id(1)].Kind = issue.Story
		w.tracker.issues[id(1)].Updated = w.clock
		w.once()
		w.expectActs(began, `override_ended PAY-1 lane: "lane:feature" -> "lane:feature" by  (policy wants the same now)`)
	})
	t.Run("another person overrides the override", func(t *testing.T) {
		w := taken(t)
		w.wait(time.Hour)
		w.tracker.edit(id(1), "bob", lane("lane:stability"))
		w.quiet()
		w.expectActs(began, `override_began PAY-1 lane: "lane:hotfix" -> "lane:stability" by bob ()`)
	})
	t.Run("our own account is no person", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.wait(time.Hour)
		w.tracker.note(w.tracker.issues[id(1)], self, issue.Change{Field: issue.FieldPriority, From: "high", To: "low"})
		w.once()
		w.expectActs()
	})
	t.Run("a value from before lanekeeper is nobody's act", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.spec.Lanes[0].Owner.Assign = "oncall@acme.example" })
		w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Assignee.ID = "ann" })
		w.once()
		w.expectActs()
	})
	t.Run("undo and the undo of the undo", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, nil)
		done := w.once().Plan
		undo := w.cycler.Undo(t.Context(), reconcile.Undo{Plan: done, By: "op"})
		w.expect("err", undo.Err, nil)
		gone := func(f, v string) string {
			return fmt.Sprintf("undone PAY-1 %s: %q -> %q by op (undo of plan %s)", f, v, "", done)
		}
		want := []string{gone("horizon", "horizon:next-release"), gone("lane", "lane:feature"), gone("priority", "low")}
		w.expectActs(want...)
		again := w.cycler.Undo(t.Context(), reconcile.Undo{Plan: undo.Plan, By: "op"})
		w.expect("err", again.Err, nil)
		back := func(f, v string) string {
			return fmt.Sprintf("override_ended PAY-1 %s: %q -> %q by op (undo of plan %s)", f, "", v, undo.Plan)
		}
		w.expectActs(append(want, back("horizon", "horizon:next-release"), back("lane", "lane:feature"), back("priority", "low"))...)
	})
	t.Run("an approval names the plan, who and why it was held", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.opts.Guard.MaxChanges = 1 })
		w.tracker.add(1, nil)
		w.tracker.add(2, nil)
		p := w.once().Held
		_, err := w.cycler.Approve(p.ID, "lead")
		w.expect("err", err, nil)
		var got state.Act
		w.expect("err", w.store.Acts(time.Time{}, w.clock.Add(time.Hour), "payments", func(a state.Act) bool { got = a; return true }), nil)
		w.expect("act", got, state.Act{Seq: got.Seq, At: w.clock, Source: "payments", Verb: state.Approved, By: issue.Person{Name: "lead"},
			Plan: p.ID, Reason: p.Reason, PolicyHash: p.PolicyHash})
	})
}
