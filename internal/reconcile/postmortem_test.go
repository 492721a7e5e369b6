package reconcile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// newBackWorld asks for post-mortems of all hot fixes, and of the issues of
// stability whose SLA of eight hours was missed.
func newBackWorld(t *testing.T, adjust ...func(*world)) *world {
	return newClockWorld(t, append([]func(*world){func(w *world) {
		w.spec.Lanes[0].SLA, w.spec.Lanes[1].SLA = "", "urgent-fix"
		w.spec.PostMortem = policy.PostMortemSpec{Completed: []string{"hotfix"}, Missed: []string{"stability"}}
	}}, adjust...)...)
}

func popular(i *issue.Issue) { i.Votes = 60 }

// asked tells whether the label is on an issue, and whether its comment has the
// template.
func (w *world) asked(n int) (label, comment bool) {
	body := w.tracker.comments[w.record(n).Comment.Marker]
	return slices.Contains(w.tracker.issues[id(n)].Labels, issue.PostMortemLabel), strings.Contains(body, "Prevention")
}

func (w *world) expectAsked(what string, n int, want bool) {
	w.Helper()
	label, comment := w.asked(n)
	w.expect(what, []bool{label, comment}, []bool{want, want})
}

// unlabel has ann remove the label.
func (w *world) unlabel(n int) {
	w.tracker.edit(id(n), "ann", issue.Change{Field: issue.FieldPostMortem})
}

func TestACompletedHotFixAsksForAPostMortemOnce(t *testing.T) {
	w := newBackWorld(t)
	w.tracker.add(1, bug).Labels = []string{"needs:docs", "needs:post-mortem-review"}
	w.tracker.add(2, nil)
	w.once()
	w.restatus(1, "Done", issue.Completed)
	w.restatus(2, "Done", issue.Completed)
	closed := w.clock
	n := len(w.tracker.edits)
	w.once()
	w.expectAsked("a hot fix", 1, true)
	w.expectAsked("a feature", 2, false)
	w.expect("writes: the label, and the comment", len(w.tracker.edits)-n, 2)
	w.expect("labels of people stay", w.labels(1), "horizon:current-sprint lane:hotfix needs:docs needs:post-mortem needs:post-mortem-review")
	w.quiet()
	w.restart()
	w.quiet()
	if body := w.tracker.comments[w.record(1).Comment.Marker]; !strings.Contains(body, "an issue of the lane hotfix was completed.\n\n- What happened") {
		t.Errorf("comment: %s", body)
	}
	w.expect("record", w.record(1).PostMortem, &state.PostMortem{Lane: "hotfix", Closed: closed, Why: "an issue of the lane hotfix was completed", Asked: true, Said: true})
	w.expect("counted", w.totals().PostMortems, map[string]int{"hotfix": 1})

	w.unlabel(1)
	at := w.clock
	w.quiet()
	p := w.record(1).PostMortem
	w.expect("done by", p.By.Name, "ann")
	w.expect("done at", p.Done, at)
	w.expect("counted", w.totals().PostMortems, map[string]int(nil))
	w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldPriority, To: "low"}) // it is looked at again
	w.quiet()
	w.restart()
	w.quiet()
	w.expect("the log says so", w.verbs(state.LookedBack), []string{"ann: needs:post-mortem"})
}

func (w *world) totals() state.Totals {
	w.Helper()
	t, err := w.store.Totals("payments")
	if err != nil {
		w.Fatal(err)
	}
	return t
}

func (w *world) verbs(v state.Verb) (out []string) {
	w.Helper()
	err := w.store.Acts(time.Time{}, w.clock.Add(time.Hour), "payments", func(a state.Act) bool {
		if a.Verb == v {
			out = append(out, a.By.Name+": "+a.From)
		}
		return true
	})
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func TestWhatClosesWithoutAPostMortem(t *testing.T) {
	for name, tt := range map[string]struct {
		adjust func(*world)
		before func(*world) // the first cycle
		then   func(*world)
	}{
		"it was canceled": {then: func(w *world) { w.restatus(1, "Won't do", issue.Canceled) }},
		"it was closed before lanekeeper came": {
			before: func(w *world) { w.restatus(1, "Done", issue.Completed) },
			then: func(w *world) {
				w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldPriority, To: "low"})
			},
		},
		"it was closed before the policy named the lane": {
			adjust: func(w *world) { w.spec.PostMortem = policy.PostMortemSpec{} },
			then: func(w *world) {
				w.restatus(1, "Done", issue.Completed)
				w.once()
				w.spec.PostMortem = policy.PostMortemSpec{Completed: []string{"hotfix"}}
				w.restart()
				w.once()
				w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldPriority, To: "low"})
			},
		},
		"it had left the lane": {then: func(w *world) {
			w.tracker.issues[id(1)].Kind = issue.Story
			w.wait(time.Minute)
			w.tracker.issues[id(1)].Updated = w.clock
			w.once()
			w.restatus(1, "Done", issue.Completed)
		}},
		"it is pinned": {then: func(w *world) {
			w.tracker.issues[id(1)].Labels = []string{"lane:hotfix", issue.PinLabel}
			w.restatus(1, "Done", issue.Completed)
		}},
		"in observe mode, also when it is enforced later": {
			adjust: func(w *world) { w.opts.Mode = reconcile.Observe },
			then: func(w *world) {
				w.restatus(1, "Done", issue.Completed)
				w.once()
				w.opts.Mode = reconcile.Enforce
				w.restart()
				w.once()
				w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldPriority, To: "low"})
			},
		},
		"in suggest mode": {
			adjust: func(w *world) { w.opts.Mode = reconcile.Suggest },
			then:   func(w *world) { w.restatus(1, "Done", issue.Completed) },
		},
		"its SLA was kept": {
			before: func(w *world) { w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Votes = issue.Story, 60 },
			then:   func(w *world) { w.restatus(1, "Done", issue.Completed) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newBackWorld(t)
			if tt.adjust != nil {
				tt.adjust(w)
				w.restart()
			}
			w.tracker.add(1, bug)
			if tt.before != nil {
				tt.before(w)
			}
			w.once()
			tt.then(w)
			w.quiet()
			w.quiet()
			w.expect("counted", w.totals().PostMortems, map[string]int(nil))
		})
	}
}

func TestAMissedSLAAsksForAPostMortem(t *testing.T) {
	for name, history := range map[string]func(*world){
		"the history is read at once": func(*world) {},
		"the history cannot be read at first": func(w *world) {
			w.tracker.noHistory = id(1)
			w.once()
			w.expectAsked("it is not known yet", 1, false)
			w.tracker.noHistory = ""
			w.wait(10 * time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newBackWorld(t)
			w.tracker.add(1, popular)
			w.at("09:01")
			w.clock = monday("19:00") // nobody looked for ten hours
			w.restatus(1, "Done", issue.Completed)
			history(w)
			w.once()
			w.expectAsked("missed", 1, true)
			w.expect("why", w.record(1).PostMortem.Why, "the resolve target of the SLA urgent-fix was missed")
			w.quiet()
		})
	}
}

func TestAPostMortemOfAnIssueThatIsOpenedAgain(t *testing.T) {
	w := newBackWorld(t)
	w.tracker.add(1, bug)
	w.once()
	w.restatus(1, "Done", issue.Completed)
	w.once()
	w.expectAsked("completed", 1, true)
	w.restatus(1, "Open", issue.Unstarted)
	w.once()
	w.expectAsked("open again: nothing to look back at", 1, false)
	w.quiet()
	w.restatus(1, "Done", issue.Completed)
	w.once()
	w.expectAsked("the second resolution", 1, true)
	w.unlabel(1)
	w.once()
	w.restatus(1, "Open", issue.Unstarted)
	w.once()
	w.restatus(1, "Done", issue.Completed)
	w.once()
	w.expectAsked("the third, though the second was done", 1, true)
	w.quiet()
	w.expect("one comment", len(w.tracker.comments), 1)
}

func TestAPostMortemThatIsUndoneIsNotAskedForAgain(t *testing.T) {
	for name, undo := range map[string]func(w *world) reconcile.Undo{
		"the plan": func(w *world) reconcile.Undo {
			plans, err := w.store.Plans("payments", 1)
			if err != nil || len(plans) != 1 {
				w.Fatal(plans, err)
			}
			return reconcile.Undo{Plan: plans[0].ID, By: "op"}
		},
		"the issue": func(w *world) reconcile.Undo { return reconcile.Undo{ID: id(1), By: "op"} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newBackWorld(t)
			w.tracker.add(1, bug)
			w.once()
			w.restatus(1, "Done", issue.Completed)
			w.once()
			w.wait(time.Minute)
			if r := w.cycler.Undo(w.Context(), undo(w)); r.Err != nil {
				t.Fatal(r.Err)
			}
			w.expectAsked("undone", 1, false)
			w.expect("the rest of a closed issue stays", w.labels(1), hotfixLabels)
			w.quiet()
			w.restart()
			w.quiet()
			w.expect("done by", w.record(1).PostMortem.By.Name, "op")

			plans, err := w.store.Plans("payments", 1)
			if err != nil {
				t.Fatal(err)
			}
			w.wait(time.Minute)
			if r := w.cycler.Undo(w.Context(), reconcile.Undo{Plan: plans[0].ID, By: "op"}); r.Err != nil {
				t.Fatal(r.Err)
			}
			label, _ := w.asked(1)
			w.expect("an undo of the undo asks again", label, true)
			w.expect("counted", w.totals().PostMortems, map[string]int{"hotfix": 1})
			w.quiet()
		})
	}
}

func TestAPostMortemIsAskedForOnceWhateverGoesWrong(t *testing.T) {
	comment := func(e issue.Edit) bool { return e.Comment != nil }
	label := func(e issue.Edit) bool { return e.Comment == nil }
	for name, hurt := range map[string]func(w *world){
		"the process dies when the label has arrived": func(w *world) { w.tracker.crash = true },
		"the answer to the label is lost":             func(w *world) { w.tracker.lose = label },
		"the answer to the comment is lost":           func(w *world) { w.tracker.lose = comment },
		"the label is refused at first": func(w *world) {
			w.tracker.fail = func(e issue.Edit) error {
				if label(e) {
					return &connectors.Error{Kind: connectors.Server, Op: "edit"}
				}
				return nil
			}
		},
		"the comment is refused at first": func(w *world) {
			w.tracker.fail = func(e issue.Edit) error {
				if comment(e) {
					return &connectors.Error{Kind: connectors.Server, Op: "edit"}
				}
				return nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newBackWorld(t)
			w.tracker.add(1, bug)
			w.once()
			w.restatus(1, "Done", issue.Completed)
			hurt(w)
			func() {
				defer func() {
					if r := recover(); r != nil && r != errCrash {
						panic(r)
					}
				}()
				w.cycler.Run(t.Context(), reconcile.Task{})
			}()
			w.tracker.crash, w.tracker.lose, w.tracker.fail = false, nil, nil
			w.restart()
			w.wait(time.Hour)
			w.once()
			w.once()
			w.expectAsked("after all", 1, true)
			w.expect("one comment", len(w.tracker.comments), 1)
			w.expect("labels", w.labels(1), hotfixLabels+" needs:post-mortem")
			w.quiet()
		})
	}
}

func TestALabelThatWasRemovedWhileTheOutcomeWasLostIsDone(t *testing.T) {
	w := newBackWorld(t)
	w.tracker.add(1, bug)
	w.once()
	w.restatus(1, "Done", issue.Completed)
	w.tracker.lose = func(issue.Edit) bool { return true }
	w.cycler.Run(t.Context(), reconcile.Task{})
	w.tracker.lose = nil
	w.wait(time.Minute)
	w.unlabel(1)
	w.wait(time.Hour)
	w.restart()
	w.once()
	label, _ := w.asked(1)
	w.expect("label", label, false)
	w.expect("done by", w.record(1).PostMortem.By.Name, "ann")
}

func TestALabelThatAPersonSetFirstIsTheirs(t *testing.T) {
	w := newBackWorld(t)
	w.tracker.add(1, bug)
	w.once()
	w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldPostMortem, To: issue.PostMortemLabel})
	w.restatus(1, "Done", issue.Completed)
	w.once()
	w.expectAsked("it is asked for", 1, true)
	w.restatus(1, "Open", issue.Unstarted)
	w.once()
	label, _ := w.asked(1)
	w.expect("open again, their label stays", label, true)
	w.restatus(1, "Done", issue.Completed)
	w.once()
	w.unlabel(1)
	w.quiet()
	w.expect("done by", w.record(1).PostMortem.By.Name, "ann")
}

func TestAnIndexThatLagsEndsNoPostMortem(t *testing.T) {
	w := newBackWorld(t)
	w.tracker.add(1, bug)
	w.once()
	w.restatus(1, "Done", issue.Completed)
	w.tracker.lag(id(1))
	w.once()
	w.expectAsked("asked", 1, true)
	w.tracker.index[id(1)] = func() issue.Issue { // later, and still without the label
		i := w.tracker.index[id(1)]
		i.Updated = w.clock.Add(time.Second)
		return i
	}()
	w.quiet()
	w.expect("not done", w.record(1).PostMortem.Done.IsZero(), true)
}

func TestTheSweepFindsAPostMortemThatIsDone(t *testing.T) {
	w := newBackWorld(t)
	w.tracker.add(1, bug)
	w.once()
	w.restatus(1, "Done", issue.Completed)
	w.once()
	w.tracker.unlisted[id(1)] = true // the scope lists what is open
	w.unlabel(1)
	w.once()
	w.expect("a pull does not see it", w.totals().PostMortems, map[string]int{"hotfix": 1})
	w.cycle(reconcile.Task{Sweep: true})
	w.expect("the sweep does", w.totals().PostMortems, map[string]int(nil))
	w.expect("done by", w.record(1).PostMortem.By.Name, "ann")
}

func TestTheGuardCountsPostMortems(t *testing.T) {
	w := newBackWorld(t, func(w *world) { w.opts.Guard = reconcile.Guard{MaxChanges: 3} })
	for n := range 4 {
		w.tracker.add(n, bug)
		w.once()
	}
	for n := range 4 {
		w.restatus(n, "Done", issue.Completed)
	}
	w.quiet()
	r := w.once()
	if r.Held == nil {
		t.Fatal("no plan was held")
	}
	w.expect("nothing is asked yet", w.totals().PostMortems, map[string]int{"hotfix": 4})
	if _, err := w.cycler.Approve(reconcile.Approval{Plan: r.Held.ID, By: "op"}); err != nil {
		t.Fatal(err)
	}
	w.once()
	for n := range 4 {
		w.expectAsked("approved", n, true)
	}
	w.quiet()
}

func TestAPersonsWordOnTheCommentHolds(t *testing.T) {
	w := newBackWorld(t)
	w.tracker.add(1, bug)
	w.once()
	w.restatus(1, "Done", issue.Completed)
	w.once()
	w.tracker.taken = map[string]string{w.record(1).Comment.Marker: "a person edited it"}
	w.restatus(1, "Open", issue.Unstarted)
	w.once()
	w.expect("the label goes", w.labels(1), hotfixLabels)
	w.expect("the comment is held", cmp.Diff("a person edited it", w.record(1).Overrides[0].Reason), "")
	w.restatus(1, "Done", issue.Completed)
	w.once()
	label, comment := w.asked(1)
	w.expect("the label alone asks", []bool{label, comment}, []bool{true, false})
	w.expect("no second comment", len(w.tracker.comments), 1)
	w.quiet()
}
