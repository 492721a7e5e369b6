package reconcile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// suggesting is a world in suggest mode that proposed to make issue 1 a hot fix.
func suggesting(t *testing.T, adjust ...func(*world)) *world {
	w := newWorld(t, append([]func(*world){func(w *world) {
		w.opts.Mode = reconcile.Suggest
		w.people = newDirectory()
		w.opts.Directory = w.people
	}}, adjust...)...)
	w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Priority = issue.Low })
	w.once()
	w.wait(time.Hour)
	return w
}

func (w *world) reply(r reconcile.Reply) reconcile.Replied {
	w.Helper()
	w.wait(time.Minute)
	r.ID, r.Key, r.By, r.Via = id(1), "PAY-1", "op", "command"
	return w.cycler.Reply(w.Context(), r)
}

func (w *world) accept() reconcile.Replied {
	w.Helper()
	r := w.reply(reconcile.Reply{Accept: true, Reason: "agreed"})
	if r.Err != nil {
		w.Fatal(r.Err)
	}
	return r
}

// answers lists what was said to proposals, with the rule.
func (w *world) answers() []string {
	w.Helper()
	var out []string
	err := w.store.Acts(time.Time{}, w.clock.Add(time.Hour), "payments", func(a state.Act) bool {
		out = append(out, fmt.Sprintf("%s %s %s->%s of %s by %s", a.Verb, a.Field, a.From, a.To, a.Rule, a.By.Name))
		return true
	})
	w.expect("err", err, nil)
	return out
}

// fields counts the edits that hold more than a comment.
func (w *world) fields() (n int) {
	for _, e := range w.tracker.edits {
		if e.Comment == nil {
			n++
		}
	}
	return n
}

func TestAProposalIsAccepted(t *testing.T) {
	accepted := []string{
		"accepted lane ->lane:hotfix of hotfix by op", "accepted horizon ->horizon:current-sprint of hotfix by op", "accepted priority low->high of hotfix by op",
	}
	t.Run("all of it: written although the mode only suggests, on record, and then quiet", func(t *testing.T) {
		w := suggesting(t)
		r := w.accept()
		w.expect("labels", w.labels(1), hotfixLabels)
		w.expect("priority", w.tracker.issues[id(1)].Priority, issue.High)
		w.expect("answers", w.answers(), accepted)
		w.expect("rule and left", []any{r.Rule, len(r.Left), w.fields()}, []any{"hotfix", 0, 1})
		p := w.plan(r.Plan)
		w.expect("plan", []any{p.Accepted, p.By, p.Reason, p.Status, p.Mode}, []any{true, "op", "agreed", state.PlanDone, "suggest"})
		if c := w.comment(); !strings.HasPrefix(c, "op accepted lanekeeper's proposal (agreed).") || !strings.Contains(c, "lane: lane:hotfix instead of none") {
			t.Error(c)
		}
		w.quiet()
		w.restart()
		w.quiet()
		if err := w.reply(reconcile.Reply{Accept: true}).Err; !errors.Is(err, reconcile.ErrNoProposal) {
			t.Errorf("a second time: %v", err)
		}
		w.expect("answers", w.answers(), accepted)
	})
	t.Run("one field: the comment goes on proposing the rest", func(t *testing.T) {
		w := suggesting(t)
		r := w.reply(reconcile.Reply{Accept: true, Fields: []issue.Field{issue.FieldPriority}})
		w.expect("err", r.Err, nil)
		w.expect("labels", w.labels(1)+string(w.tracker.issues[id(1)].Priority.String()), "high")
		w.expect("left", len(r.Left), 2)
		if c := w.comment(); !strings.Contains(c, "lane:hotfix") || strings.Contains(c, "priority") {
			t.Error(c)
		}
		w.quiet()
		w.accept()
		w.expect("labels", w.labels(1), hotfixLabels)
	})
	t.Run("a field that is not proposed", func(t *testing.T) {
		w := suggesting(t)
		err := w.reply(reconcile.Reply{Accept: true, Fields: []issue.Field{issue.FieldPriority, issue.FieldDue}}).Err
		if !errors.Is(err, reconcile.ErrNoProposal) || !strings.Contains(err.Error(), "due of payments/PAY-1; proposed is lane lane:hotfix (now none)") {
			t.Error(err)
		}
		w.expect("written", w.fields(), 0)
	})
	t.Run("a proposal that changed since is named, and accepted by its name", func(t *testing.T) {
		w := suggesting(t)
		w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = issue.Story, w.clock
		var changed *reconcile.ProposalChangedError
		if err := w.reply(reconcile.Reply{Accept: true}).Err; !errors.As(err, &changed) || !strings.Contains(err.Error(), "it is now lane lane:feature (now none)") {
			t.Fatal(err)
		}
		w.expect("written and said", []int{w.fields(), len(w.answers())}, []int{0, 0})
		r := w.reply(reconcile.Reply{Accept: true, Hash: changed.Hash})
		w.expect("err", r.Err, nil)
		w.expect("labels", w.labels(1), featureLabels)
	})
	t.Run("one that no comment shows yet is named too", func(t *testing.T) {
		w := suggesting(t)
		w.accept()
		w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = issue.Story, w.clock
		if err := w.reply(reconcile.Reply{Accept: true}).Err; !errors.Is(err, reconcile.ErrProposalChanged) || !strings.Contains(err.Error(), "no comment shows") {
			t.Fatal(err)
		}
		w.once()
		w.accept()
		w.expect("labels", w.labels(1), featureLabels)
	})
	t.Run("undo of the plan puts it back, and the undo of that writes it again", func(t *testing.T) {
		w := suggesting(t)
		r := w.accept()
		undo := w.cycler.Undo(t.Context(), reconcile.Undo{Plan: r.Plan, By: "op"})
		w.expect("err", undo.Err, nil)
		w.expect("as before", w.labels(1)+"|"+w.tracker.issues[id(1)].Priority.String(), "|low")
		w.expect("comment", w.comment(), "What lanekeeper said here was withdrawn.")
		w.quiet()
		again := w.cycler.Undo(t.Context(), reconcile.Undo{Plan: undo.Plan, By: "op"})
		w.expect("err", again.Err, nil)
		w.expect("labels", w.labels(1), hotfixLabels)
		w.quiet()
	})
	t.Run("undo in suggest mode leaves what enforce mode wrote", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.opts.Mode = reconcile.Suggest
		w.restart()
		w.tracker.issues[id(1)].Votes, w.tracker.issues[id(1)].Updated = 90, w.clock // urgent
		w.once()
		w.accept()
		w.wait(time.Minute)
		r := w.cycler.Undo(t.Context(), reconcile.Undo{ID: id(1), Key: "PAY-1", By: "op"})
		w.expect("err", r.Err, nil)
		w.expect("labels", w.labels(1), hotfixLabels)
		w.expect("priority", w.tracker.issues[id(1)].Priority, issue.Urgent)
	})
	t.Run("a person's later change is an override as ever", func(t *testing.T) {
		w := suggesting(t)
		w.accept()
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldLane, To: "lane:feature"})
		w.quiet()
		w.expect("kind", w.held().Kind, state.ByPerson)
	})
	t.Run("the tracker refuses the write: said so, and proposed again", func(t *testing.T) {
		w := suggesting(t)
		w.tracker.fail = func(issue.Edit) error { return &connectors.Error{Kind: connectors.Invalid, Op: "edit", Detail: "no"} }
		r := w.reply(reconcile.Reply{Accept: true})
		w.expect("err", r.Err, nil)
		w.expect("status", r.Lines[0].Status, reconcile.FailedNow)
		w.tracker.fail = nil
		w.wait(7 * time.Hour)
		w.once()
		w.accept()
		w.expect("labels", w.labels(1), hotfixLabels)
	})
	t.Run("a crash after the write: it counts, and is undone as any other", func(t *testing.T) {
		w := suggesting(t)
		w.tracker.crash = true
		func() {
			defer func() { w.expect("crash", recover() == errCrash, true) }()
			w.reply(reconcile.Reply{Accept: true})
		}()
		w.tracker.crash = false
		w.opts.Turn = nil
		w.restart()
		w.quiet()
		w.expect("answers", w.answers(), accepted)
		w.expect("applied", w.record(1).Applied[issue.FieldLane], "lane:hotfix")
		r := w.cycler.Undo(t.Context(), reconcile.Undo{ID: id(1), By: "op"})
		w.expect("err", r.Err, nil)
		w.expect("labels", w.labels(1), "")
	})
	t.Run("a lane that only suggests, in a source that enforces", func(t *testing.T) {
		w := suggesting(t, func(w *world) { w.opts.Mode = reconcile.Enforce; w.spec.Lanes[0].Mode = "suggest" })
		w.accept()
		w.expect("labels", w.labels(1), hotfixLabels)
		w.quiet()
	})
}

func TestAnAcceptedProposalGivesTheIssueToWhoIsOnDuty(t *testing.T) {
	w := suggesting(t, func(w *world) {
		w.spec.Lanes[0].Owner = policy.OwnerSpec{OnCall: "platform"}
		w.opts.Rotas = func() policy.Rotas { return &duty{policy.Duty{Who: "ann@acme.example"}} }
	})
	w.accept()
	w.expect("given", w.assignee(1), "id-of-ann@acme.example")
}

func TestWhoMayAccept(t *testing.T) {
	approvers := func(lane int, who ...string) func(*world) {
		return func(w *world) { w.spec.Lanes[lane].Approvers = who }
	}
	t.Run("a lane with approvers: only one of them", func(t *testing.T) {
		w := suggesting(t, approvers(0, "lead@acme.example"))
		err := w.reply(reconcile.Reply{Accept: true, As: "bob"}).Err
		if !errors.Is(err, reconcile.ErrMayNot) || !strings.Contains(err.Error(), "these may: lead@acme.example") {
			t.Errorf("bob: %v", err)
		}
		if err := w.reply(reconcile.Reply{Accept: true}).Err; !errors.Is(err, reconcile.ErrMayNot) {
			t.Errorf("op: %v", err)
		}
		w.expect("written and said", []int{w.fields(), len(w.answers())}, []int{0, 0})
		r := w.reply(reconcile.Reply{Accept: true, As: "LEAD@acme.example"})
		w.expect("err", r.Err, nil)
		w.expect("by", r.By.ID, "lead")
		w.expect("labels", w.labels(1), hotfixLabels)
		w.quiet() // and nobody contests it
		w.expect("overrides", len(w.record(1).Overrides), 0)
	})
	t.Run("its other fields: anybody", func(t *testing.T) {
		w := suggesting(t, approvers(0, "lead"))
		w.expect("err", w.reply(reconcile.Reply{Accept: true, Fields: []issue.Field{issue.FieldPriority}}).Err, nil)
	})
	t.Run("a move from one such lane to another: one who may decide about both", func(t *testing.T) {
		w := suggesting(t, approvers(0, "lead", "ann"), approvers(2, "bob", "ann"))
		w.expect("err", w.reply(reconcile.Reply{Accept: true, As: "lead"}).Err, nil)
		w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = issue.Story, w.clock
		w.once()
		if err := w.reply(reconcile.Reply{Accept: true, As: "lead"}).Err; !errors.Is(err, reconcile.ErrMayNot) || !strings.Contains(err.Error(), "not an approver of feature") {
			t.Errorf("lead: %v", err)
		}
		w.expect("err", w.reply(reconcile.Reply{Accept: true, As: "ann"}).Err, nil)
		w.expect("labels", w.labels(1), featureLabels)
	})
}

func TestAProposalIsRejected(t *testing.T) {
	t.Run("the present values stay, the comment says so, and the answer names the rule", func(t *testing.T) {
		w := suggesting(t)
		r := w.reply(reconcile.Reply{Reason: "not ours"})
		w.expect("err", r.Err, nil)
		w.expect("until", r.Until, w.clock.Add(14*24*time.Hour))
		w.expect("written", w.fields(), 0)
		w.expect("answers", w.answers(), []string{
			"declined lane lane:hotfix-> of hotfix by op", "declined horizon horizon:current-sprint-> of hotfix by op", "declined priority high->low of hotfix by op",
		})
		w.expect("comment", w.comment(), "op rejected lanekeeper's proposal (not ours). Nothing was changed: "+
			"lane lane:hotfix (now none), horizon horizon:current-sprint (now none), priority high (now low).")
		w.quiet()
		w.expect("held", []any{w.held().Kind, w.held().Wanted, w.held().Reason}, []any{state.Operator, "lane:hotfix", "not ours"})
		if err := w.reply(reconcile.Reply{}).Err; !errors.Is(err, reconcile.ErrNoProposal) {
			t.Errorf("a second time: %v", err)
		}
		w.wait(14 * 24 * time.Hour)
		w.once()
		if !strings.Contains(w.comment(), "proposes") {
			t.Errorf("after its time: %s", w.comment())
		}
	})
	t.Run("one field for a time: the rest is still proposed", func(t *testing.T) {
		w := suggesting(t)
		r := w.reply(reconcile.Reply{Fields: []issue.Field{issue.FieldLane}, For: time.Hour})
		w.expect("err", r.Err, nil)
		w.expect("left", len(r.Left), 2)
		if c := w.comment(); !strings.Contains(c, "priority") || strings.Contains(c, "lane:hotfix") {
			t.Error(c)
		}
	})
	t.Run("a policy whose overrides have no end: 90 days", func(t *testing.T) {
		w := suggesting(t, func(w *world) { w.spec.Overrides = policy.OverrideSpec{} })
		w.expect("until", w.reply(reconcile.Reply{}).Until, w.clock.Add(90*24*time.Hour))
	})
	t.Run("no length of time", func(t *testing.T) {
		w := suggesting(t)
		if err := w.reply(reconcile.Reply{For: 1e18}).Err; !errors.Is(err, reconcile.ErrHoldSpan) {
			t.Error(err)
		}
	})
}

func TestAnswersThatAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*world)
		want   error
		says   string
	}{
		{"in observe mode", func(w *world) { w.opts.Mode = reconcile.Observe; w.restart() }, reconcile.ErrGated, "proposes and writes nothing"},
		{"while writes are paused", func(w *world) {
			w.expect("pause", w.store.Commit(state.Batch{Pause: &state.Pause{On: true}, Now: w.clock}), nil)
		}, reconcile.ErrPaused, "lanekeeper resume"},
		{"in enforce mode", func(w *world) { w.opts.Mode = reconcile.Enforce; w.restart() }, reconcile.ErrNoProposal, "in mode enforce"},
		{"for a closed issue", func(w *world) {
			w.tracker.issues[id(1)].Status.Category, w.tracker.issues[id(1)].Updated = issue.Completed, w.clock
		}, reconcile.ErrNoProposal, "closed"},
		{"for a pinned issue", func(w *world) { w.tracker.relabel(id(1), person("ann"), nil, []string{issue.PinLabel}) }, reconcile.ErrNoProposal, "pinned"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := suggesting(t)
			n := len(w.tracker.edits)
			tt.change(w)
			for _, accept := range []bool{true, false} {
				if err := w.reply(reconcile.Reply{Accept: accept}).Err; !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("accept %v: %v", accept, err)
				}
			}
			w.expect("written", len(w.tracker.edits), n)
			for _, o := range w.record(1).Overrides {
				t.Errorf("held %+v", o)
			}
		})
	}
}

func TestACommentThatMayHaveArrivedIsWrittenAgain(t *testing.T) {
	turn := func(w *world, kind issue.Kind) {
		w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = kind, w.clock
	}
	w := suggesting(t)
	turn(w, issue.Story)
	w.tracker.lose = func(issue.Edit) bool { return true }
	w.once()
	w.tracker.lose = nil
	turn(w, issue.Bug)
	if err := w.reply(reconcile.Reply{Accept: true}).Err; !errors.Is(err, reconcile.ErrProposalChanged) {
		t.Errorf("accepted while the comment may say something else: %v", err)
	}
	w.wait(time.Hour)
	w.once()
	if c := w.comment(); !strings.Contains(c, "lane:hotfix") || strings.Contains(c, "lane:feature") {
		t.Errorf("the comment says %q", c)
	}
	w.quiet()
	w.accept()
	w.expect("labels", w.labels(1), hotfixLabels)
}
