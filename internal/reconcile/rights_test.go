package reconcile_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

// guarded makes a world whose lane hotfix has approvers, with one bug in it.
func guarded(t *testing.T, mode string, adjust ...func(*world)) *world {
	w := newWorld(t, append([]func(*world){func(w *world) {
		w.spec.Lanes[0].Approvers, w.spec.Lanes[0].Contested = []string{"lead@acme.example"}, mode
		w.people = newDirectory()
		w.opts.Directory = w.people
	}}, adjust...)...)
	w.tracker.add(1, bug)
	w.once()
	w.wait(time.Hour)
	return w
}

// move has somebody move issue 1 to another lane.
func (w *world) move(by issue.Actor, to string) {
	w.Helper()
	var off []string
	for _, l := range w.tracker.issues[id(1)].Labels {
		if strings.HasPrefix(l, "lane:") && l != issue.PinLabel {
			off = append(off, l)
		}
	}
	w.tracker.relabel(id(1), by, off, []string{"lane:" + to})
}

func (w *world) lane() string { return w.tracker.issues[id(1)].Label("lane:") }

// held is the override of the lane; its absence ends the test.
func (w *world) held() state.Override {
	w.Helper()
	for _, o := range w.record(1).Overrides {
		if o.Field == issue.FieldLane {
			return o
		}
	}
	w.Fatal("the lane is not held")
	return state.Override{}
}

func (w *world) comment() string {
	return strings.Join(slices.Collect(maps.Values(w.tracker.comments)), "|")
}

// rulings lists what people did to issue 1 so far.
func (w *world) rulings() []string {
	w.Helper()
	var out []string
	err := w.store.Acts(time.Time{}, w.clock.Add(time.Hour), "payments", func(a state.Act) bool {
		out = append(out, fmt.Sprintf("%s %s %s", a.Verb, a.By.ID+a.By.Name, a.To))
		return true
	})
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func TestAMoveByAnybodyElseIsContested(t *testing.T) {
	t.Run("flag: the value stays, it is said once, and an approver's label ends it", func(t *testing.T) {
		w := guarded(t, "flag")
		w.move(person("bob"), "feature")
		at := w.clock
		w.once()
		o := w.held()
		w.expect("lane", w.lane(), "feature")
		w.expect("contested", o.Contested, []string{"hotfix"})
		w.expect("who", o.By.ID, "bob")
		w.expect("when", o.At.Equal(at), true)
		for _, want := range []string{"Bob Twin moved this issue from lane:hotfix to lane:feature", "not an approver of the lane hotfix", "Lea Lead may decide",
			"lane-approved", "lanekeeper approve payments/PAY-1"} {
			if !strings.Contains(w.comment(), want) {
				t.Errorf("the comment lacks %q: %s", want, w.comment())
			}
		}
		if strings.Contains(w.comment(), "@") {
			t.Errorf("the comment shows an address: %s", w.comment())
		}
		w.quiet()
		w.restart()
		w.quiet()
		w.wait(time.Hour)
		w.tracker.relabel(id(1), person("ann"), nil, []string{issue.ApprovalLabel})
		w.quiet()
		w.expect("the label of somebody else ends nothing", w.held().Contested, []string{"hotfix"})
		w.tracker.relabel(id(1), person("ann"), []string{issue.ApprovalLabel}, nil)
		w.wait(time.Hour)
		w.tracker.relabel(id(1), person("lead"), nil, []string{issue.ApprovalLabel})
		w.quiet()
		o = w.held()
		w.expect("contested", o.Contested, []string(nil))
		w.expect("approved by", o.ApprovedBy.ID, "lead")
		w.expect("how", o.ApprovedHow, "label lane-approved")
		w.expect("on the record", w.rulings(), []string{"override_began bobBob Twin lane:feature", "contested bobBob Twin lane:feature", "approved leadLea Lead lane:feature"})
		w.wait(15 * 24 * time.Hour)
		w.once()
		w.expect("after the ttl", w.lane(), "hotfix")
	})
	t.Run("a move into the lane is contested as well", func(t *testing.T) {
		w := guarded(t, "flag")
		w.tracker.issues[id(1)].Kind = issue.Story
		w.tracker.issues[id(1)].Updated = w.clock
		w.once()
		w.expect("lane", w.lane(), "feature")
		w.wait(time.Hour)
		w.move(person("bob"), "hotfix")
		w.once()
		w.expect("contested", w.held().Contested, []string{"hotfix"})
	})
	t.Run("a move between other lanes is not", func(t *testing.T) {
		w := guarded(t, "flag")
		w.tracker.issues[id(1)].Kind = issue.Story
		w.tracker.issues[id(1)].Updated = w.clock
		w.once()
		w.wait(time.Hour)
		w.move(person("bob"), "stability")
		w.quiet()
		w.expect("contested", w.held().Contested, []string(nil))
	})
	t.Run("an approver's own move is a plain override", func(t *testing.T) {
		w := guarded(t, "restore")
		w.move(person("lead"), "feature")
		w.quiet()
		w.expect("lane", w.lane(), "feature")
		w.expect("contested", w.held().Contested, []string(nil))
	})
	t.Run("the approver moves it on: the contest is over", func(t *testing.T) {
		w := guarded(t, "flag")
		w.move(person("bob"), "feature")
		w.once()
		w.wait(time.Hour)
		w.move(person("ann"), "stability")
		w.once()
		w.expect("another's move ends nothing", w.held().Contested, []string{"hotfix"})
		w.wait(time.Hour)
		w.move(person("lead"), "feature")
		w.quiet()
		w.expect("contested", w.held().Contested, []string(nil))
	})
	t.Run("two people of one name are two people", func(t *testing.T) {
		w := guarded(t, "flag", func(w *world) { w.spec.Lanes[0].Approvers = []string{"group:leads"} })
		w.move(person("bob"), "feature") // Bob Twin, who leads nothing
		w.once()
		w.expect("contested", w.held().Contested, []string{"hotfix"})
		w.wait(time.Hour)
		w.move(person("bob-two"), "stability") // Bob Twin of the leads
		w.quiet()
		w.expect("contested", w.held().Contested, []string(nil))
	})
	t.Run("undo is never contested", func(t *testing.T) {
		w := guarded(t, "restore")
		if r := w.cycler.Undo(t.Context(), reconcile.Undo{ID: id(1), By: "op"}); r.Err != nil {
			t.Fatal(r.Err)
		}
		w.quiet()
		w.expect("contested", w.held().Contested, []string(nil))
	})
	t.Run("suggest mode comments, and writes no field", func(t *testing.T) {
		w := guarded(t, "flag")
		w.opts.Mode = reconcile.Suggest
		w.restart()
		w.move(person("bob"), "feature")
		w.once()
		if !strings.Contains(w.comment(), "Bob Twin moved") || w.lane() != "feature" {
			t.Errorf("%s: %s", w.lane(), w.comment())
		}
		w.quiet()
	})
	t.Run("observe mode sends nothing", func(t *testing.T) {
		w := guarded(t, "restore")
		w.opts.Mode = reconcile.Observe
		w.restart()
		w.move(person("bob"), "feature")
		w.quiet()
	})
	t.Run("the approvers are taken out of the policy: nothing is contested any more", func(t *testing.T) {
		w := guarded(t, "flag")
		w.move(person("bob"), "feature")
		w.once()
		w.spec.Lanes[0].Approvers, w.spec.Lanes[0].Contested = nil, ""
		w.restart()
		w.quiet()
		w.expect("contested", w.held().Contested, []string(nil))
	})
}

func TestRightsWhileLanekeeperWasDown(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(w *world)
		want []string // contested lanes
	}{
		{"somebody moved it out and an approver moved it on", func(w *world) { w.move(person("bob"), "feature"); w.move(person("lead"), "stability") }, nil},
		{"an approver moved it out and somebody moved it on", func(w *world) { w.move(person("lead"), "feature"); w.move(person("bob"), "stability") }, nil},
		{"somebody moved it out and another moved it on", func(w *world) { w.move(person("bob"), "feature"); w.move(person("ann"), "stability") }, []string{"hotfix"}},
		{"it was approved after the move", func(w *world) {
			w.move(person("bob"), "feature")
			w.tracker.relabel(id(1), person("lead"), nil, []string{issue.ApprovalLabel})
		}, nil},
		{"the approval is older than the move", func(w *world) {
			w.tracker.relabel(id(1), person("lead"), nil, []string{issue.ApprovalLabel})
			w.wait(time.Hour)
			w.move(person("bob"), "feature")
		}, []string{"hotfix"}},
		{"the approval was by the mover", func(w *world) {
			w.move(person("bob"), "feature")
			w.tracker.relabel(id(1), person("bob"), nil, []string{issue.ApprovalLabel})
		}, []string{"hotfix"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := guarded(t, "flag")
			tt.do(w)
			w.wait(48 * time.Hour)
			w.restart()
			w.once()
			w.expect("contested", w.held().Contested, tt.want)
			w.quiet()
		})
	}
}

func TestAMoveIsTakenBack(t *testing.T) {
	t.Run("policy's value is written again, with the reason", func(t *testing.T) {
		w := guarded(t, "restore")
		w.move(person("bob"), "feature")
		r := w.once()
		w.expect("lane", w.lane(), "hotfix")
		w.expect("reasons", changes(r), []string{`payments/PAY-1 lane "lane:feature" -> "lane:hotfix": Bob Twin moved it to lane:feature and is not an approver of hotfix`})
		w.expect("held", len(w.record(1).Overrides), 0)
		w.expect("on the record", w.rulings(), []string{"taken_back bobBob Twin lane:hotfix"})
		w.quiet()
	})
	t.Run("three times a day, then it is flagged, also over restarts", func(t *testing.T) {
		w := guarded(t, "restore")
		for n := range 3 {
			w.move(person("bob"), "feature")
			w.restart()
			w.once()
			w.expect(fmt.Sprint("time ", n+1), w.lane(), "hotfix")
			w.wait(time.Hour)
		}
		w.move(person("bob"), "feature")
		w.restart()
		w.once()
		w.expect("the fourth time", w.lane(), "feature")
		w.expect("contested", w.held().Contested, []string{"hotfix"})
		w.expect("why", w.held().Reason, "taken back 3 times within a day")
		w.quiet()
		w.wait(25 * time.Hour)
		w.move(person("lead"), "hotfix")
		w.quiet()
		w.move(person("bob"), "feature")
		w.once()
		w.expect("a day later", w.lane(), "hotfix")
	})
	for _, mode := range []reconcile.Mode{reconcile.Observe, reconcile.Suggest} {
		t.Run("not in "+string(mode)+" mode, which writes no field: it is flagged, and an approver decides", func(t *testing.T) {
			w := guarded(t, "restore")
			w.opts.Mode = mode
			w.restart()
			w.move(person("bob"), "feature")
			w.once()
			w.expect("lane", w.lane(), "feature")
			w.expect("contested", w.held().Contested, []string{"hotfix"})
			w.expect("on the record", w.rulings(), []string{"override_began bobBob Twin lane:feature", "contested bobBob Twin lane:feature"})
			_, err := w.cycler.Rule(t.Context(), reconcile.Ruling{ID: id(1), Verb: reconcile.Agree, As: "lead@acme.example", By: "op", Via: "command"})
			w.expect("approved", err, nil)
		})
	}
	t.Run("not where the history names nobody", func(t *testing.T) {
		w := guarded(t, "restore")
		w.move(issue.Actor{}, "feature")
		w.once()
		w.expect("lane", w.lane(), "feature")
		o := w.held()
		w.expect("contested", o.Contested, []string{"hotfix"})
		w.expect("unsure", o.Unsure, true)
		if !strings.Contains(w.comment(), "history does not say who") {
			t.Error(w.comment())
		}
	})
	t.Run("not where the history does not show the move, now or later", func(t *testing.T) {
		w := guarded(t, "restore")
		w.move(person("bob"), "feature")
		w.tracker.events[id(1)] = nil
		w.quiet()
		w.wait(time.Hour)
		w.once()
		w.expect("lane", w.lane(), "feature")
		w.expect("unsure", w.held().Unsure, true)
	})
	t.Run("once the history shows it, where that was behind", func(t *testing.T) {
		w := guarded(t, "restore")
		before := slices.Clone(w.tracker.events[id(1)])
		w.move(person("bob"), "feature")
		all := w.tracker.events[id(1)]
		w.tracker.events[id(1)] = before
		w.quiet()
		w.tracker.events[id(1)] = all
		w.wait(time.Hour)
		w.once()
		w.expect("lane", w.lane(), "hotfix")
	})
	t.Run("not while the tracker does not tell who approves", func(t *testing.T) {
		w := guarded(t, "restore")
		w.people.down = true
		w.move(person("lead"), "feature")
		w.quiet()
		w.expect("said of it", w.comment(), "")
		w.people.down = false
		w.wait(time.Hour)
		w.quiet()
		w.expect("lane", w.lane(), "feature")
		w.expect("contested", w.held().Contested, []string(nil))
	})
	t.Run("an approver who left decides nothing", func(t *testing.T) {
		w := guarded(t, "restore")
		w.people.people = slices.DeleteFunc(w.people.people, func(p issue.Person) bool { return p.ID == "lead" })
		w.wait(2 * time.Hour)
		w.move(person("lead"), "feature")
		w.once()
		w.expect("lane", w.lane(), "hotfix")
	})
}

func TestApprovers(t *testing.T) {
	w := guarded(t, "flag")
	w.move(person("bob"), "feature")
	w.once()
	asked := w.people.asked
	for range 5 {
		w.wait(time.Minute)
		w.move(person("bob"), "stability")
		w.once()
		w.move(person("bob"), "feature")
		w.once()
	}
	if n := w.people.asked - asked; n > 0 {
		t.Errorf("approvers were asked for %d times within an hour", n)
	}
}

func TestRulings(t *testing.T) {
	rule := func(w *world, u reconcile.Ruling) (*state.Record, error) {
		w.Helper()
		u.ID, u.By, u.Via = id(1), "op", "command"
		w.wait(time.Minute)
		return w.cycler.Rule(w.Context(), u)
	}
	must := func(w *world, u reconcile.Ruling) {
		w.Helper()
		if _, err := rule(w, u); err != nil {
			w.Fatal(err)
		}
	}
	t.Run("an approver agrees: a plain override with its time", func(t *testing.T) {
		w := guarded(t, "flag")
		w.move(person("bob"), "feature")
		w.once()
		must(w, reconcile.Ruling{Verb: reconcile.Agree, As: "lead@acme.example"})
		o := w.held()
		w.expect("contested", o.Contested, []string(nil))
		w.expect("by", o.ApprovedBy.ID+", "+o.ApprovedHow, "lead, command by op")
		w.expect("until", o.Until.Equal(w.clock.Add(14*24*time.Hour)), true)
		w.quiet()
		w.expect("lane", w.lane(), "feature")
	})
	t.Run("an approver does not agree: policy's value comes back", func(t *testing.T) {
		w := guarded(t, "flag")
		w.move(person("bob"), "feature")
		w.once()
		must(w, reconcile.Ruling{Verb: reconcile.Reject, As: "lead"})
		w.once()
		w.expect("lane", w.lane(), "hotfix")
		w.expect("on the record", w.rulings(), []string{"override_began bobBob Twin lane:feature", "contested bobBob Twin lane:feature", "rejected leadLea Lead lane:hotfix"})
	})
	t.Run("anybody else is refused, with the names of those who may", func(t *testing.T) {
		w := guarded(t, "flag")
		w.move(person("bob"), "feature")
		w.once()
		for _, who := range []string{"bob", "bob@acme.example", "Lea Lead", "nobody@acme.example", ""} {
			_, err := rule(w, reconcile.Ruling{Verb: reconcile.Agree, As: who})
			if !errors.Is(err, reconcile.ErrMayNot) || !strings.Contains(err.Error(), "lead@acme.example") {
				t.Errorf("%q: %v", who, err)
			}
		}
		for _, verb := range []reconcile.RulingVerb{reconcile.Release, reconcile.Hold} {
			if _, err := rule(w, reconcile.Ruling{Verb: verb, Field: issue.FieldLane, For: time.Hour}); !errors.Is(err, reconcile.ErrContested) {
				t.Errorf("%s: %v", verb, err)
			}
		}
		w.expect("contested", w.held().Contested, []string{"hotfix"})
	})
	t.Run("two lanes are decided by their own approvers", func(t *testing.T) {
		w := guarded(t, "flag", func(w *world) { w.spec.Lanes[2].Approvers = []string{"ann"} })
		w.move(person("bob"), "feature")
		w.once()
		w.expect("contested", w.held().Contested, []string{"feature", "hotfix"})
		must(w, reconcile.Ruling{Verb: reconcile.Agree, As: "ann"})
		w.expect("after one", w.held().Contested, []string{"hotfix"})
		must(w, reconcile.Ruling{Verb: reconcile.Agree, As: "lead"})
		w.expect("after both", w.held().Contested, []string(nil))
	})
	t.Run("release: the next cycle writes policy's value", func(t *testing.T) {
		w := guarded(t, "flag")
		w.move(person("lead"), "feature")
		w.quiet()
		must(w, reconcile.Ruling{Verb: reconcile.Release, Field: issue.FieldLane, Reason: "outage is back"})
		w.expect("nothing is written by the order itself", w.lane(), "feature")
		w.once()
		w.expect("lane", w.lane(), "hotfix")
	})
	t.Run("hold: what is there stays although policy wants another, then not", func(t *testing.T) {
		w := guarded(t, "flag")
		must(w, reconcile.Ruling{Verb: reconcile.Hold, Field: issue.FieldPriority, For: 30 * 24 * time.Hour, Reason: "agreed with sales"})
		w.quiet()
		w.tracker.issues[id(1)].Votes, w.tracker.issues[id(1)].Updated = 90, w.clock
		w.quiet()
		w.expect("priority", w.tracker.issues[id(1)].Priority, issue.High)
		o := w.record(1).Overrides[0]
		w.expect("held", fmt.Sprint(o.Kind, " ", o.By.Name, " ", o.Reason, " ", o.Lane, " ", o.Wanted), "operator op agreed with sales hotfix urgent")
		w.restart()
		w.wait(31 * 24 * time.Hour)
		w.once()
		w.expect("after its time", w.tracker.issues[id(1)].Priority, issue.Urgent)
	})
	t.Run("hold: a person's later change is theirs", func(t *testing.T) {
		w := guarded(t, "flag")
		must(w, reconcile.Ruling{Verb: reconcile.Hold, Field: issue.FieldPriority, For: 30 * 24 * time.Hour})
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldPriority, To: "low"})
		w.quiet()
		w.expect("kind", w.record(1).Overrides[0].Kind, state.ByPerson)
	})
	t.Run("hold in suggest mode: the proposal is withdrawn from the list", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.opts.Mode = reconcile.Suggest })
		w.tracker.add(1, bug)
		w.once()
		must(w, reconcile.Ruling{Verb: reconcile.Hold, Field: issue.FieldLane, For: time.Hour, Reason: "not ours"})
		for _, l := range w.cycler.Outstanding(w.record(1)) {
			if l.Change.Field == issue.FieldLane {
				t.Error("the lane is still proposed")
			}
		}
		o := w.record(1).Overrides[0]
		w.expect("against", o.Wanted+" of "+o.Lane, "lane:hotfix of hotfix")
	})
	t.Run("what cannot be is refused with a reason", func(t *testing.T) {
		w := guarded(t, "flag")
		for _, tt := range []struct {
			u    reconcile.Ruling
			want error
		}{
			{reconcile.Ruling{Verb: reconcile.Release, Field: issue.FieldLane}, reconcile.ErrNothing},
			{reconcile.Ruling{Verb: reconcile.Agree, As: "lead"}, reconcile.ErrNothing},
			{reconcile.Ruling{Verb: reconcile.Release, Field: "title"}, reconcile.ErrNoField},
			{reconcile.Ruling{Verb: reconcile.Hold, Field: "title", For: time.Hour}, reconcile.ErrNoField},
			{reconcile.Ruling{Verb: reconcile.Hold, Field: issue.FieldLane}, reconcile.ErrHoldSpan},
			{reconcile.Ruling{Verb: reconcile.Hold, Field: issue.FieldLane, For: -time.Hour}, reconcile.ErrHoldSpan},
			{reconcile.Ruling{Verb: reconcile.Hold, Field: issue.FieldLane, For: 1e18}, reconcile.ErrHoldSpan},
		} {
			if _, err := rule(w, tt.u); !errors.Is(err, tt.want) {
				t.Errorf("%+v: %v", tt.u, err)
			}
		}
	})
}
