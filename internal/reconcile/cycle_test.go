package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
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

func TestEachMoveCitesWhatCausedIt(t *testing.T) {
	w := newWorld(t)
	w.tracker.add(1, func(i *issue.Issue) { i.Votes = 10 })
	w.once()
	w.wait(time.Minute)
	w.tracker.issues[id(1)].Votes, w.tracker.issues[id(1)].Updated = 60, w.clock
	w.once()
	w.spec.Lanes[1].When = "issue.votes > 70"
	w.restart()
	w.once()
	log, err := w.store.Log("payments", id(1), 0)
	if err != nil {
		t.Fatal(err)
	}
	var causes []string
	for _, l := range log {
		causes = append(causes, l.Before.Lane+" to "+l.Decision.Lane+", because "+l.Cause)
	}
	w.expect("causes", causes, []string{
		"stability to feature, because the policy changed",
		"feature to stability, because votes: 60 instead of 10",
		" to feature, because first sight",
	})
}
