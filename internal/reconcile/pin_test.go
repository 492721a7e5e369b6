package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

// pinning is how the pin behaves in a tracker.
var pinning = map[string]struct {
	exclusive bool
	with      string // the lane labels of a pinned issue
}{
	"Jira: the pin stands beside the lane":      {false, "horizon:current-sprint lane:hotfix lane:pinned"},
	"Linear: the pin takes the place of a lane": {true, "horizon:current-sprint lane:pinned"},
}

func TestPin(t *testing.T) {
	for name, tracker := range pinning {
		start := func(t *testing.T) *world {
			w := guarded(t, "flag", func(w *world) { w.opts.Exclusive = tracker.exclusive })
			w.opts.Guard = reconcile.Guard{}
			return w
		}
		pin := func(w *world, who string) {
			var off []string
			if lane := w.lane(); tracker.exclusive && lane != "" {
				off = []string{"lane:" + lane}
			}
			w.tracker.relabel(id(1), person(who), off, []string{issue.PinLabel})
		}
		free := func(w *world) { w.tracker.relabel(id(1), person("ann"), []string{issue.PinLabel}, nil) }
		t.Run(name+"/nothing is written while it is there, and decisions go on", func(t *testing.T) {
			w := start(t)
			pin(w, "ann")
			at := w.clock
			w.quiet()
			w.expect("labels", w.labels(1), tracker.with)
			w.expect("who and when", w.record(1).Pin, &state.Pin{By: person("ann").Person, At: at})
			w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Votes = issue.Story, 90
			w.tracker.issues[id(1)].Updated = w.clock
			w.quiet()
			w.restart()
			w.quiet()
			w.expect("decided", w.record(1).Decision.Lane, "stability")
			w.wait(40 * 24 * time.Hour)
			w.cycle(reconcile.Task{Sweep: true})
			w.expect("labels", w.labels(1), tracker.with)
			w.expect("on the record", w.rulings(), []string{"pinned annAnn "})
		})
		t.Run(name+"/without it lanekeeper goes on, and what people changed meanwhile is theirs", func(t *testing.T) {
			w := start(t)
			pin(w, "ann")
			w.quiet()
			w.tracker.edit(id(1), "bob", issue.Change{Field: issue.FieldPriority, To: "low"})
			w.quiet()
			w.expect("held while it is pinned", len(w.record(1).Overrides), 0)
			w.wait(time.Hour)
			free(w)
			w.once()
			w.expect("labels", w.labels(1), hotfixLabels)
			w.expect("priority", w.tracker.issues[id(1)].Priority, issue.Low)
			if o := w.record(1).Overrides; len(o) != 1 || o[0].Field != issue.FieldPriority || o[0].By.ID != "bob" {
				t.Errorf("overrides %+v", o)
			}
			w.quiet()
			w.expect("on the record", w.rulings(), []string{"pinned annAnn ", "override_began bobbob low", "unpinned annAnn "})
		})
		t.Run(name+"/the lane that a person chose comes back as theirs", func(t *testing.T) {
			w := start(t)
			w.move(person("lead"), "feature")
			w.quiet()
			pin(w, "ann")
			w.quiet()
			free(w)
			w.once()
			w.expect("lane", w.lane(), "feature")
			o := w.held()
			w.expect("theirs", string(o.Kind)+" "+o.Value+" by "+o.By.ID, "person lane:feature by lead")
			w.quiet()
		})
		t.Run(name+"/a lane removed before is not written again", func(t *testing.T) {
			w := start(t)
			w.tracker.relabel(id(1), person("lead"), []string{"lane:hotfix"}, nil)
			w.quiet()
			pin(w, "ann")
			w.quiet()
			free(w)
			w.quiet()
			w.expect("labels", w.labels(1), "horizon:current-sprint")
		})
		t.Run(name+"/another lane in its place is a person's move", func(t *testing.T) {
			w := start(t)
			pin(w, "ann")
			w.quiet()
			w.wait(time.Hour)
			free(w)
			w.move(person("lead"), "stability")
			w.quiet()
			w.expect("lane", w.lane(), "stability")
			w.expect("kind", w.held().Kind, state.ByPerson)
		})
		t.Run(name+"/an issue that was pinned before lanekeeper came", func(t *testing.T) {
			w := start(t)
			w.tracker.add(2, func(i *issue.Issue) { bug(i); i.Labels = []string{issue.PinLabel, "theirs"} })
			w.quiet()
			w.expect("labels", w.labels(2), "lane:pinned theirs")
		})
		t.Run(name+"/undo leaves it alone", func(t *testing.T) {
			w := start(t)
			pin(w, "ann")
			r := w.cycler.Undo(t.Context(), reconcile.Undo{ID: id(1)})
			if r.Err != nil || r.Changed != 0 || !strings.Contains(r.Lines[0].Change.Reason, "pinned") {
				t.Errorf("%+v", r)
			}
			w.expect("labels", w.labels(1), tracker.with)
		})
		t.Run(name+"/pinned between the reading and the write", func(t *testing.T) {
			w := start(t)
			w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = issue.Story, w.clock
			w.tracker.lag(id(1))
			pin(w, "ann")
			w.quiet()
			w.expect("labels", w.labels(1), tracker.with)
		})
	}
}

func TestIntroductions(t *testing.T) {
	whose := func(who string) func(*issue.Issue) {
		return func(i *issue.Issue) { bug(i); i.Assignee = issue.Person{ID: who} }
	}
	const all, pin = "To decline, add lane-rejected, or: lanekeeper reject", "lane:pinned"
	long := func(w *world, n int) bool {
		body := w.tracker.comments[w.record(n).Comment.Marker]
		if !strings.Contains(body, pin) || !strings.Contains(body, "lane:hotfix") {
			w.Errorf("issue %d: %s", n, body)
		}
		full := strings.Contains(body, all)
		if lines := strings.Count(body, "\n") + 1; !full && lines > 2 {
			w.Errorf("%d lines for somebody who knows: %s", lines, body)
		}
		return full
	}
	t.Run("suggest: a person's first comment of a lane says everything, later ones a line", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.opts.Mode = reconcile.Suggest })
		w.tracker.add(1, whose("ann"))
		w.tracker.add(2, whose("ann"))
		w.tracker.add(3, whose("bob"))
		w.tracker.add(4, func(i *issue.Issue) { bug(i); i.Reporter = issue.Person{ID: "bob"} })
		w.once()
		w.expect("who reads it all", []bool{long(w, 1), long(w, 2), long(w, 3), long(w, 4)}, []bool{true, false, true, false})
		w.restart()
		w.tracker.add(5, whose("ann"))
		w.once()
		w.expect("after a restart", long(w, 5), false)
		w.tracker.add(6, func(i *issue.Issue) { i.Assignee.ID = "ann" })
		w.once()
		if body := w.tracker.comments[w.record(6).Comment.Marker]; !strings.Contains(body, all) {
			t.Errorf("another lane is new to her: %s", body)
		}
		w.quiet()
	})
	t.Run("suggest: a comment that failed introduced nobody", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.opts.Mode = reconcile.Suggest })
		w.tracker.refuse[issue.FieldComment] = true
		w.tracker.add(1, whose("ann"))
		w.once()
		w.tracker.refuse = map[issue.Field]bool{}
		w.tracker.add(2, whose("ann"))
		w.once()
		w.expect("the next one", long(w, 2), true)
	})
	t.Run("enforce: no comments", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, whose("ann"))
		w.once()
		w.expect("comments", len(w.tracker.comments), 0)
	})
	t.Run("enforce with comments first: one for each person and lane", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.spec.Comments.Enforce = "first" })
		w.tracker.add(1, whose("ann"))
		w.tracker.add(2, whose("ann"))
		w.tracker.add(3, bug) // nobody to speak to
		r := w.once()
		w.expect("comments", len(w.tracker.comments), 1)
		for _, want := range []string{"now keeps PAY-1 in the lane hotfix", "lane: lane:hotfix instead of none", "lanekeeper undo payments/PAY-1", pin, "stays as you set it"} {
			if !strings.Contains(w.comment(), want) {
				t.Errorf("it lacks %q: %s", want, w.comment())
			}
		}
		w.expect("recorded", strings.Count(statuses(r), "applied"), 10)
		w.quiet()
		w.restart()
		w.tracker.add(4, whose("ann"))
		w.once()
		w.expect("comments", len(w.tracker.comments), 1)
	})
}
