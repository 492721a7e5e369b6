package reconcile_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

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
	t.Run("an issue that cannot be read now is left alone: a person may have been there", func(t *testing.T) {
		w, r := start(t)
		w.wait(time.Hour)
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldPriority, To: "medium"})
		w.tracker.unreadable = id(1)
		got := undo(w, reconcile.Undo{Plan: r.Plan})
		w.expect("the person's priority", w.tracker.issues[id(1)].Priority, issue.Medium)
		w.expect("said so", slices.ContainsFunc(got.Lines, func(l reconcile.Line) bool {
			return l.ID == id(1) && l.Status == reconcile.Refused && strings.Contains(l.Change.Reason, "cannot be read now")
		}), true)
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
			w.expect("comment", body, "What lanekeeper said here was withdrawn.")
		}
		w.quiet()
	})
}

// measured is a signal snapshot with one value for every issue.
type measured float64

func (m measured) Signal(string, *issue.Issue) (float64, policy.Freshness) {
	return float64(m), policy.Fresh
}
func (m measured) Version() string { return fmt.Sprint(float64(m)) }

func TestUndoIsCarefulWithPeopleAndComplete(t *testing.T) {
	lane := func(to string) issue.Change { return issue.Change{Field: issue.FieldLane, To: to} }
	undo := func(w *world, u reconcile.Undo) reconcile.Report {
		w.Helper()
		w.wait(time.Minute)
		u.By = "op"
		return w.cycler.Undo(w.Context(), u)
	}
	ofPlans := func(w *world) string {
		plans, err := w.store.Plans("payments", 0)
		if err != nil {
			w.Fatal(err)
		}
		var s []string
		for _, p := range plans {
			s = append(s, string(p.Status))
		}
		return strings.Join(s, " ")
	}
	t.Run("what a person chose between two of our writes comes back, not what was before the first", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Labels = []string{"lane:old"} })
		since := w.clock
		w.once()
		w.wait(time.Hour)
		w.tracker.edit(id(1), "ann", lane("lane:anns"))
		w.quiet()
		w.wait(15 * 24 * time.Hour)
		w.once() // the override is over
		w.expect("ours again", w.tracker.issues[id(1)].Label("lane:"), "hotfix")
		w.expect("error", undo(w, reconcile.Undo{Since: since}).Err, error(nil))
		w.expect("ann's", w.tracker.issues[id(1)].Label("lane:"), "anns")
	})
	t.Run("signals count as they do in a cycle", func(t *testing.T) {
		w := newWorld(t, func(w *world) {
			w.spec.Lanes[1].When = "signal.load > 5.0"
			w.opts.Signals = func() policy.Signals { return measured(9) }
		})
		w.tracker.add(1, nil)
		r := w.once()
		w.expect("lane", w.record(1).Decision.Lane, "stability")
		w.expect("error", undo(w, reconcile.Undo{Plan: r.Plan}).Err, error(nil))
		w.expect("lane after undo", w.record(1).Decision.Lane, "stability")
	})
	t.Run("a proposal and what was enforced later: both go", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.opts.Mode = reconcile.Suggest })
		w.tracker.add(1, bug)
		w.once()
		w.opts.Mode = reconcile.Enforce
		w.restart()
		w.once()
		w.expect("error", undo(w, reconcile.Undo{ID: id(1)}).Err, error(nil))
		w.expect("labels", w.labels(1), "")
		for _, body := range w.tracker.comments {
			w.expect("comment", body, "What lanekeeper said here was withdrawn.")
		}
	})
	t.Run("in suggest mode fields stay, with a reason, and proposals go", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		r := w.once()
		w.opts.Mode = reconcile.Suggest
		w.restart()
		got := undo(w, reconcile.Undo{Plan: r.Plan})
		w.expect("error", got.Err, error(nil))
		w.expect("statuses", statuses(got), "refused refused refused")
		w.expect("pending", pending(w), 0)
	})
	t.Run("paused: refused before anything is recorded", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		r := w.once()
		if err := w.store.SetPaused(state.Pause{On: true}); err != nil {
			t.Fatal(err)
		}
		if got := undo(w, reconcile.Undo{Plan: r.Plan}); !errors.Is(got.Err, reconcile.ErrGated) {
			t.Fatalf("got %v, want ErrGated", got.Err)
		}
		w.expect("pending", pending(w), 0)
		w.expect("plans", ofPlans(w), "done")
	})
	t.Run("a value that came and went needs no write", func(t *testing.T) {
		w := newWorld(t)
		since := w.clock
		w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Labels = strings.Fields(featureLabels) })
		w.once()
		w.tracker.issues[id(1)].Kind = issue.Story
		w.tracker.issues[id(1)].Priority, w.tracker.issues[id(1)].Updated = issue.Low, w.clock
		w.once()
		w.expect("labels", w.labels(1), featureLabels)
		n := len(w.tracker.edits)
		w.expect("error", undo(w, reconcile.Undo{Since: since}).Err, error(nil))
		for _, e := range w.tracker.edits[n:] {
			for _, c := range e.Changes {
				if c.From == c.To {
					t.Errorf("wrote %+v, which changes nothing", c)
				}
			}
		}
	})
	t.Run("a write whose answer was lost is undone too", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.tracker.lose = func(issue.Edit) bool { return true }
		r := w.once()
		w.tracker.lose = nil
		w.expect("error", undo(w, reconcile.Undo{Plan: r.Plan}).Err, error(nil))
		w.expect("labels", w.labels(1), "")
	})
	t.Run("an issue that left the scope is put back and not written to again", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		r := w.once()
		w.tracker.unlisted[id(1)] = true
		for range 2 {
			w.wait(24 * time.Hour)
			w.cycle(reconcile.Task{Sweep: true})
		}
		w.expect("gone", w.record(1).Issue.Gone, true)
		w.tracker.issues[id(1)].Votes = 99 // policy would want another priority
		w.expect("error", undo(w, reconcile.Undo{Plan: r.Plan}).Err, error(nil))
		w.expect("labels", w.labels(1), "")
		w.quiet()
		w.wait(15 * 24 * time.Hour)
		w.quiet()
	})
	t.Run("the process dies after an undo arrived: it is finished, and asked again there is nothing left", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		r := w.once()
		w.tracker.crash = true
		func() {
			defer func() { w.expect("died", recover() == errCrash, true) }()
			undo(w, reconcile.Undo{Plan: r.Plan})
		}()
		w.tracker.crash = false
		w.restart()
		w.quiet()
		w.expect("labels", w.labels(1), "")
		w.expect("status", statuses(undo(w, reconcile.Undo{Plan: r.Plan})), "")
		w.expect("plans", ofPlans(w), "done done")
	})
	t.Run("an undo is undone: lanekeeper's values are back and its own", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		r := undo(w, reconcile.Undo{Plan: w.once().Plan})
		w.expect("error", undo(w, reconcile.Undo{Plan: r.Plan}).Err, error(nil))
		w.expect("labels", w.labels(1), hotfixLabels)
		w.quiet()
		w.expect("overrides", len(w.record(1).Overrides), 0)
		w.tracker.issues[id(1)].Kind = issue.Story
		w.tracker.issues[id(1)].Updated = w.clock
		w.once()
		w.expect("moves on", w.labels(1), featureLabels)
	})
}
