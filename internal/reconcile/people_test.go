package reconcile_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

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
	t.Run("a person set the same value again while nobody looked: its time begins anew", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.wait(time.Hour)
		w.tracker.edit(id(1), "ann", lane("lane:feature"))
		w.quiet()
		w.wait(13 * 24 * time.Hour)
		w.tracker.edit(id(1), "ben", lane("lane:later"))
		w.tracker.edit(id(1), "ben", lane("lane:feature"))
		again := w.clock
		w.wait(2 * 24 * time.Hour)
		w.quiet()
		w.expect("labels", w.labels(1), "horizon:current-sprint lane:feature")
		w.expect("who", w.record(1).Overrides[0].By.ID, "ben")
		w.expect("until", w.record(1).Overrides[0].Until.Equal(again.Add(14*24*time.Hour)), true)
		w.wait(13 * 24 * time.Hour)
		w.once()
		w.expect("after its time", w.labels(1), hotfixLabels)
	})
	for name, held := range map[string]func(*world) error{
		"an undo": func(w *world) error { return w.cycler.Undo(w.Context(), reconcile.Undo{ID: id(1), By: "op"}).Err },
		"an operator's hold": func(w *world) error {
			_, err := w.cycler.Rule(w.Context(), reconcile.Ruling{ID: id(1), Verb: reconcile.Hold, Field: issue.FieldPriority, By: "op", For: 14 * 24 * time.Hour})
			return err
		},
	} {
		t.Run("a person set the value of "+name+" again while nobody looked: it is theirs, and its time begins anew", func(t *testing.T) {
			w := newWorld(t)
			w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Priority = issue.Low })
			w.once()
			w.wait(time.Hour)
			w.expect("err", held(w), nil)
			w.quiet()
			value := w.tracker.issues[id(1)].Priority.String()
			w.wait(13 * 24 * time.Hour)
			w.tracker.edit(id(1), "ben", issue.Change{Field: issue.FieldPriority, To: "medium"})
			w.tracker.edit(id(1), "ben", issue.Change{Field: issue.FieldPriority, To: value})
			w.tracker.issues[id(1)].Votes = 90 // policy wants urgent now
			w.wait(2 * 24 * time.Hour)
			w.once()
			w.expect("priority", w.tracker.issues[id(1)].Priority.String(), value)
			at := slices.IndexFunc(w.record(1).Overrides, func(o state.Override) bool { return o.Field == issue.FieldPriority })
			if at < 0 || w.record(1).Overrides[at].Kind != state.ByPerson || w.record(1).Overrides[at].By.ID != "ben" {
				t.Errorf("held: %+v", w.record(1).Overrides)
			}
			w.wait(13 * 24 * time.Hour)
			w.once()
			w.expect("after its time", w.tracker.issues[id(1)].Priority, issue.Urgent)
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
