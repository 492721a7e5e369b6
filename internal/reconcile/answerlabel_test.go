package reconcile_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

// answer has a person set a label on issue 1, a while after what happened last.
func (w *world) answer(who, label string) {
	w.Helper()
	w.wait(time.Minute)
	w.tracker.relabel(id(1), person(who), nil, []string{label})
}

// unanswer has a person take it away.
func (w *world) unanswer(label string) {
	w.Helper()
	w.wait(time.Minute)
	w.tracker.relabel(id(1), person("ann"), []string{label}, nil)
}

// says fails unless the comment holds a text.
func (w *world) says(text string) {
	w.Helper()
	if c := w.comment(); !strings.Contains(c, text) {
		w.Errorf("the comment says %q, want %q in it", c, text)
	}
}

// unanswered fails if a field was written or an answer is on record.
func (w *world) unanswered() {
	w.Helper()
	w.expect("written and answered", []int{w.fields(), len(w.answers())}, []int{0, 0})
}

func TestAProposalIsAnsweredByALabel(t *testing.T) {
	const accept, reject = issue.AcceptLabel, issue.RejectLabel
	const done = "horizon:current-sprint lane-accepted lane:hotfix"
	reproposed := func(w *world) { w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = issue.Story, w.clock }
	approvers := func(w *world) { w.spec.Lanes[0].Approvers = []string{"lead@acme.example"} }

	t.Run("accepted: written, on record with who and how, and then quiet", func(t *testing.T) {
		w := suggesting(t)
		w.says("add the label lane-accepted, or: lanekeeper accept payments/PAY-1.")
		w.answer("ann", accept)
		w.once()
		w.expect("labels", w.labels(1), done)
		w.expect("answers", w.answers(), []string{
			"accepted lane ->lane:hotfix of hotfix by Ann", "accepted horizon ->horizon:current-sprint of hotfix by Ann", "accepted priority low->high of hotfix by Ann",
		})
		w.says("Ann accepted lanekeeper's proposal. It changed:")
		var how state.Act
		w.expect("err", w.store.Acts(time.Time{}, w.clock.Add(time.Hour), "payments", func(a state.Act) bool { how = a; return true }), nil)
		w.expect("who and how", []string{how.By.ID, how.Reason}, []string{"ann", "label lane-accepted by Ann"})
		p := w.plan(how.Plan)
		w.expect("plan", []any{p.Accepted, p.By, p.Status}, []any{true, "Ann", state.PlanDone})
		w.quiet()
		w.restart()
		w.quiet()
		undo := w.cycler.Undo(t.Context(), reconcile.Undo{Plan: how.Plan, By: "op"})
		w.expect("err", undo.Err, nil)
		w.expect("labels", w.labels(1), accept)
		w.quiet()
	})
	t.Run("rejected: the present values stay", func(t *testing.T) {
		w := suggesting(t)
		w.answer("ann", reject)
		w.once()
		w.expect("fields", w.fields(), 0)
		w.expect("answers", w.answers(), []string{
			"declined lane lane:hotfix-> of hotfix by Ann", "declined horizon horizon:current-sprint-> of hotfix by Ann", "declined priority high->low of hotfix by Ann",
		})
		w.says("Ann rejected lanekeeper's proposal. Nothing was changed")
		w.quiet()
		w.restart()
		w.quiet()
		w.expect("held", w.held().Kind, state.Operator)
	})
	t.Run("by an account that is no more: somebody accepted, but not into a lane with approvers", func(t *testing.T) {
		nobody := func(w *world) {
			w.wait(time.Minute)
			w.tracker.relabel(id(1), issue.Actor{}, nil, []string{accept})
			w.once()
		}
		w := suggesting(t)
		nobody(w)
		w.expect("labels", w.labels(1), done)
		w.says("somebody accepted lanekeeper's proposal.")
		w = suggesting(t, approvers)
		nobody(w)
		w.once()
		w.unanswered()
		w.says("somebody is not an approver of hotfix")
	})
	t.Run("both labels: the newer one counts", func(t *testing.T) {
		w := suggesting(t)
		w.answer("ann", accept)
		w.answer("lead", reject)
		w.once()
		w.expect("fields", w.fields(), 0)
		w.says("Lea Lead rejected")
	})
	t.Run("a label from before the proposal is none, which is said once; set again it is", func(t *testing.T) {
		w := suggesting(t, func(w *world) {
			w.opts.Mode = reconcile.Observe
		})
		w.answer("ann", accept)
		w.opts.Mode = reconcile.Suggest
		w.restart()
		w.once()
		w.says("The label that is there is no answer to this: it was there before this was proposed. To answer, remove it and add it again.")
		w.quiet()
		w.quiet()
		w.restart()
		w.quiet()
		w.unanswered()
		w.unanswer(accept)
		w.quiet()
		w.answer("ann", accept)
		w.once()
		w.expect("labels", w.labels(1), done)
	})
	t.Run("removed and set again between two cycles", func(t *testing.T) {
		w := suggesting(t, func(w *world) { w.opts.Mode = reconcile.Observe })
		w.answer("ann", accept)
		w.opts.Mode = reconcile.Suggest
		w.restart()
		w.once()
		w.once()
		w.unanswer(accept)
		w.answer("ann", accept)
		w.once()
		w.expect("labels", w.labels(1), done)
	})
	t.Run("the proposal changed before the answer was read: it is no answer to the new one", func(t *testing.T) {
		w := suggesting(t)
		w.answer("ann", accept)
		reproposed(w)
		w.once()
		w.unanswered()
		w.says("no answer to this")
		w.quiet()
		w.unanswer(accept)
		w.answer("ann", accept)
		w.once()
		w.expect("labels", w.labels(1), "horizon:next-release lane-accepted lane:feature")
	})
	t.Run("one that was taken does not answer the next proposal", func(t *testing.T) {
		w := suggesting(t)
		w.answer("ann", accept)
		w.once()
		reproposed(w)
		w.once()
		w.says("lane:feature")
		w.says("no answer to this")
		w.quiet()
		w.quiet()
		w.expect("labels", w.labels(1), done)
		w.unanswer(accept)
		w.answer("ann", accept)
		w.once()
		w.expect("labels", w.labels(1), "horizon:next-release lane-accepted lane:feature")
	})
	t.Run("one that is set in the moment in which the proposal is written", func(t *testing.T) {
		w := suggesting(t, func(w *world) {
			w.tracker.fail = func(issue.Edit) error {
				w.tracker.fail = nil
				w.tracker.relabel(id(1), person("ann"), nil, []string{accept})
				return nil
			}
		})
		w.once()
		w.once()
		w.says("no answer to this")
		w.quiet()
		w.unanswered()
	})
	t.Run("a clock of ours that is behind does not make an older label an answer", func(t *testing.T) {
		w := suggesting(t, func(w *world) { w.opts.Mode = reconcile.Observe })
		w.answer("ann", accept)
		w.tracker.events[id(1)][0].At = w.clock.Add(3 * time.Minute)
		w.opts.Mode = reconcile.Suggest
		w.restart()
		w.once()
		w.wait(time.Hour)
		w.quiet()
		w.unanswered()
	})
	t.Run("a lane with approvers: another person is told, an approver is heard", func(t *testing.T) {
		w := suggesting(t, approvers)
		w.answer("bob", accept)
		w.once()
		w.once()
		w.unanswered()
		w.says("no answer to this: Bob Twin is not an approver of hotfix.")
		w.quiet()
		w.restart()
		w.quiet()
		w.unanswer(accept)
		w.answer("lead", accept)
		w.once()
		w.expect("labels", w.labels(1), done)
		w.quiet() // and nobody contests it
		w.expect("overrides", len(w.record(1).Overrides), 0)
	})
	t.Run("a lane with approvers: anybody may reject", func(t *testing.T) {
		w := suggesting(t, approvers)
		w.answer("bob", reject)
		w.once()
		w.says("Bob Twin rejected")
	})
	t.Run("approvers cannot be read: the answer waits", func(t *testing.T) {
		w := suggesting(t, approvers)
		w.people.down = true
		w.answer("lead", accept)
		w.quiet()
		w.unanswered()
		w.people.down = false
		w.once()
		w.once()
		w.expect("labels", w.labels(1), done)
	})
	t.Run("the history cannot be read: the answer waits", func(t *testing.T) {
		for _, broken := range []func(*world){
			func(w *world) { w.tracker.historyErr = &connectors.Error{Kind: connectors.Network, Op: "history"} },
			func(w *world) { w.tracker.noHistory = id(1) },
		} {
			w := suggesting(t)
			w.answer("ann", accept)
			broken(w)
			w.quiet()
			w.unanswered()
			w.tracker.historyErr, w.tracker.noHistory = nil, ""
			w.once()
			w.expect("labels", w.labels(1), done)
		}
	})
	t.Run("the token stopped working: the cycle says so, and the answer waits", func(t *testing.T) {
		w := suggesting(t)
		w.answer("ann", accept)
		w.tracker.historyErr = &connectors.Error{Kind: connectors.Auth, Op: "history"}
		w.wait(time.Minute)
		if r := w.cycler.Run(t.Context(), reconcile.Task{}); connectors.KindOf(r.Err) != connectors.Auth {
			t.Errorf("cycle: %v", r.Err)
		}
		w.tracker.historyErr = nil
		w.once()
		w.expect("labels", w.labels(1), done)
	})
	t.Run("the history does not show the label: asked again for a while, then said", func(t *testing.T) {
		w := suggesting(t)
		w.answer("ann", accept)
		events := w.tracker.events[id(1)]
		w.tracker.events[id(1)] = nil
		for range 5 {
			w.quiet()
		}
		w.unanswered()
		w.tracker.events[id(1)] = events
		w.once()
		w.expect("labels", w.labels(1), done)

		w = suggesting(t)
		w.answer("ann", accept)
		w.tracker.events[id(1)] = nil
		w.quiet()
		w.wait(15 * time.Minute)
		w.once()
		w.once()
		w.says("the history does not tell who set it and when")
		w.wait(15 * time.Minute)
		w.quiet()
		n := w.tracker.calls["history"]
		w.quiet()
		w.expect("histories asked for", w.tracker.calls["history"], n)
		w.unanswered()
	})
	t.Run("the tracker refuses the write: tried again after its back-off", func(t *testing.T) {
		w := suggesting(t)
		w.answer("ann", accept)
		w.tracker.fail = func(issue.Edit) error { return &connectors.Error{Kind: connectors.Server, Op: "edit"} }
		w.once()
		w.expect("labels", w.labels(1), accept)
		w.tracker.fail = nil
		w.wait(7 * time.Hour)
		w.once()
		w.expect("labels", w.labels(1), done)
		w.quiet()
	})
	t.Run("the issue cannot be read: the answer waits", func(t *testing.T) {
		w := suggesting(t)
		w.answer("ann", accept)
		w.tracker.unreadable = id(1)
		w.quiet()
		w.tracker.unreadable = ""
		w.once()
		w.expect("labels", w.labels(1), done)
	})
	t.Run("the label went again before it was read", func(t *testing.T) {
		w := suggesting(t)
		w.answer("ann", accept)
		w.tracker.lag(id(1))
		w.unanswer(accept)
		w.quiet()
		w.unanswered()
	})
	t.Run("while writes are paused nothing is done, and after it all", func(t *testing.T) {
		w := suggesting(t)
		w.answer("ann", accept)
		w.expect("pause", w.store.Commit(state.Batch{Pause: &state.Pause{On: true}, Now: w.clock}), nil)
		w.quiet()
		w.unanswered()
		w.expect("resume", w.store.Commit(state.Batch{Pause: &state.Pause{}, Now: w.clock}), nil)
		w.cycler.Replan()
		w.once()
		w.expect("labels", w.labels(1), done)
	})
	t.Run("a dry run answers nothing, and the cycle after it does", func(t *testing.T) {
		w := suggesting(t)
		w.answer("ann", accept)
		w.cycle(reconcile.Task{DryRun: true, List: true})
		w.unanswered()
		w.once()
		w.expect("labels", w.labels(1), done)
	})
	t.Run("a crash after the write: it counts once, and the label is used up", func(t *testing.T) {
		w := suggesting(t)
		w.answer("ann", accept)
		w.tracker.crash = true
		func() {
			defer func() { w.expect("crash", recover() == errCrash, true) }()
			w.once()
		}()
		w.tracker.crash = false
		w.opts.Turn = nil
		w.restart()
		w.once()
		w.expect("labels", w.labels(1), done)
		// somebody takes it back with the label still there: an override like any
		w.wait(time.Minute)
		for field, to := range map[issue.Field]string{issue.FieldLane: "", issue.FieldHorizon: "", issue.FieldPriority: "low"} {
			w.tracker.edit(id(1), "ann", issue.Change{Field: field, To: to})
		}
		w.quiet()
		w.wait(15 * 24 * time.Hour) // then the same is proposed as the comment still says
		w.once()
		w.once()
		w.quiet()
		w.expect("labels", w.labels(1), accept)
	})
	t.Run("a lane that only suggests, in a source that enforces", func(t *testing.T) {
		w := suggesting(t, func(w *world) { w.opts.Mode = reconcile.Enforce; w.spec.Lanes[0].Mode = "suggest" })
		w.answer("ann", accept)
		w.once()
		w.expect("labels", w.labels(1), done)
		w.quiet()
	})
	t.Run("where nothing is proposed the labels mean nothing", func(t *testing.T) {
		for _, mode := range []reconcile.Mode{reconcile.Observe, reconcile.Enforce} {
			w := suggesting(t, func(w *world) { w.opts.Mode = mode })
			n := w.tracker.calls["history"]
			w.answer("ann", accept)
			w.quiet()
			w.answer("ann", reject)
			w.quiet()
			w.expect("histories asked for", w.tracker.calls["history"], n)
			w.expect("answers", len(w.answers()), 0)
		}
	})
}

func TestACommandAfterALabelThatIsNoAnswer(t *testing.T) {
	w := suggesting(t, func(w *world) { w.opts.Mode = reconcile.Observe })
	w.answer("ann", issue.RejectLabel)
	w.opts.Mode = reconcile.Suggest
	w.restart()
	w.once()
	w.once()
	w.accept()
	w.expect("labels", w.labels(1), "horizon:current-sprint lane-rejected lane:hotfix")
	w.quiet()
	if err := w.reply(reconcile.Reply{}).Err; !errors.Is(err, reconcile.ErrNoProposal) {
		t.Errorf("rejected afterwards: %v", err)
	}
}
