package reconcile_test

import (
	"errors"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/policy"
)

// duty is one rota that a test sets.
type duty struct{ policy.Duty }

func (d *duty) OnDuty(string, *issue.Issue) policy.Duty { return d.Duty }
func (d *duty) Version() string                         { return d.Who + d.Unknown }

func dutyWorld(t *testing.T, owner policy.OwnerSpec) (*world, *duty) {
	d := &duty{policy.Duty{Who: "ann@acme.example"}}
	w := newWorld(t, func(w *world) {
		w.spec.Lanes[0].Owner = owner
		w.opts.Rotas = func() policy.Rotas { return &duty{d.Duty} }
	})
	return w, d
}

func (w *world) assignee(n int) string { return w.tracker.issues[id(n)].Assignee.ID }

// kind changes what the first issue is.
func kind(w *world, k issue.Kind) {
	i := w.tracker.issues[id(1)]
	i.Kind, i.Updated = k, w.clock
}

func TestWhomARotaGaveAnIssueKeepsIt(t *testing.T) {
	stay := policy.OwnerSpec{OnCall: "platform"}
	const ann, bob = "id-of-ann@acme.example", "id-of-bob@acme.example"
	t.Run("though the account cannot be looked up after a restart", func(t *testing.T) {
		w, d := dutyWorld(t, stay)
		w.tracker.add(1, bug)
		w.once()
		w.expect("given", w.assignee(1), ann)
		d.Who = "bob@acme.example"
		w.tracker.personErr = errors.New("the tracker is slow")
		w.restart()
		w.quiet()
		w.tracker.personErr = nil
		w.wait(2 * time.Hour)
		w.quiet()
	})
	t.Run("and who was chosen and could not be given it does not", func(t *testing.T) {
		w, d := dutyWorld(t, stay)
		d.Who = "gone@acme.example"
		w.tracker.add(1, bug)
		w.once()
		w.expect("given", w.assignee(1), "")
		d.Who = "bob@acme.example"
		w.once()
		w.expect("given", w.assignee(1), bob)
	})
	t.Run("nor who was chosen while somebody else had it", func(t *testing.T) {
		w, d := dutyWorld(t, stay)
		w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Assignee.ID = "eve" })
		w.once()
		w.expect("wanted", w.record(1).Overrides[0].Wanted, ann)
		d.Who = "bob@acme.example"
		w.quiet()
		w.expect("had an assignee", w.assignee(1), "eve")
		w.expect("wanted", w.record(1).Overrides[0].Wanted, bob)
	})
	t.Run("and a proposal is not written anew for a hand-over", func(t *testing.T) {
		w, d := dutyWorld(t, stay)
		w.opts.Mode = reconcile.Suggest
		w.restart()
		w.tracker.add(1, bug)
		w.once()
		w.expect("edits", len(w.tracker.edits), 1)
		d.Who = "bob@acme.example"
		w.quiet()
		w.expect("proposed", w.record(1).Decision.Owner, "ann@acme.example")
	})
	t.Run("until the issue leaves the lane and comes back", func(t *testing.T) {
		w, d := dutyWorld(t, stay)
		w.tracker.add(1, bug)
		w.once()
		d.Who = "bob@acme.example"
		kind(w, issue.Task)
		w.once()
		w.expect("left", w.assignee(1), ann)
		w.wait(24 * time.Hour)
		kind(w, issue.Bug)
		w.once()
		w.expect("came back", w.assignee(1), bob)
	})
	t.Run("and an undo takes it back for good", func(t *testing.T) {
		w, d := dutyWorld(t, stay)
		w.tracker.add(1, bug)
		plan := w.once().Plan
		w.wait(time.Minute)
		if r := w.cycler.Undo(w.Context(), reconcile.Undo{Plan: plan, By: "op"}); r.Err != nil {
			t.Fatal(r.Err)
		}
		w.expect("undone", w.assignee(1), "")
		d.Who = "bob@acme.example"
		w.quiet()
	})
	t.Run("and a rota that becomes known gives what waited", func(t *testing.T) {
		w, d := dutyWorld(t, policy.OwnerSpec{OnCall: "platform", Handover: policy.HandoverFollow})
		d.Duty = policy.Duty{Unknown: "is 3 h old"}
		w.tracker.add(1, bug)
		w.once()
		w.expect("given", w.assignee(1), "")
		d.Duty = policy.Duty{Who: "ann@acme.example"}
		w.once()
		w.expect("given", w.assignee(1), ann)
		d.Duty = policy.Duty{Unknown: "is 3 h old"}
		w.quiet()
		w.expect("the decision names no owner", w.record(1).Decision.Owner, "")
		d.Duty = policy.Duty{Who: "bob@acme.example"}
		w.once()
		w.expect("followed", w.assignee(1), bob)
	})
}
