package reconcile_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
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
