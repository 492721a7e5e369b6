package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// approversOf names who may decide about lanes of an issue, as the policy does.
func (e *engine) approversOf(r *state.Record) func([]string) []string {
	return func(lanes []string) []string {
		var out []string
		for _, l := range e.cfg.Set.For(r.Issue.Source, r.Issue.Project).Lanes() {
			if slices.Contains(lanes, l.Name) {
				out = append(out, l.Approvers...)
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
}

// Overrides implements web.Rights.
func (a *App) Overrides(_ context.Context, f web.OverrideFilter) (answer.Overrides, error) {
	e := a.current()
	if f.Source != "" && e.source(f.Source) == nil {
		return answer.Overrides{}, web.Errorf(web.NotFound, "source %q is not configured", f.Source)
	}
	list := []answer.Holding{}
	for _, s := range e.sources {
		if f.Source != "" && f.Source != s.Name {
			continue
		}
		err := a.store.Each(s.Name, func(r *state.Record) bool {
			if !r.Issue.Open() || r.Pin == nil && len(r.Overrides) == 0 {
				return true
			}
			for _, h := range answer.HoldingsOf(r, e.approversOf(r)) {
				if keeps(f, r, h) {
					list = append(list, h)
				}
			}
			return true
		})
		if err != nil {
			return answer.Overrides{}, fmt.Errorf("list overrides of %s: %w", s.Name, err)
		}
	}
	slices.SortStableFunc(list, func(x, y answer.Holding) int {
		return cmp.Or(answer.CompareRefs(x.Ref, y.Ref), cmp.Compare(x.Field, y.Field))
	})
	out := answer.Overrides{Total: len(list)}
	var err error
	out.Overrides, out.Next, err = page(list, f.Limit, f.Cursor)
	return out, err
}

// keeps tells whether a filter lets a row through.
func keeps(f web.OverrideFilter, r *state.Record, h answer.Holding) bool {
	return (f.Field == "" || f.Field == string(h.Field)) &&
		(f.Lane == "" || f.Lane == r.Decision.Lane || slices.Contains(h.Contested, f.Lane)) &&
		(f.By == "" || strings.Contains(strings.ToLower(h.By+"\n"+idOf(r, h)), strings.ToLower(f.By))) &&
		(!f.Contested || len(h.Contested) > 0)
}

// idOf is the account behind a row, with its address.
func idOf(r *state.Record, h answer.Holding) string {
	if h.Field == answer.FieldAll {
		return r.Pin.By.ID + "\n" + r.Pin.By.Email
	}
	for _, o := range r.Overrides {
		if o.Field == h.Field {
			return o.By.ID + "\n" + o.By.Email
		}
	}
	return ""
}

// Rule implements web.Rights.
func (a *App) Rule(ctx context.Context, u web.RulingRequest) (answer.Ruled, error) {
	r, err := a.find(u.Ref)
	if err != nil {
		return answer.Ruled{}, err
	}
	s := a.current().source(r.Issue.Source)
	if s == nil {
		return answer.Ruled{}, web.Errorf(web.Conflict, "source %q is no longer configured", r.Issue.Source)
	}
	field := issue.Field(u.Field)
	if u.Verb == string(reconcile.Agree) || u.Verb == string(reconcile.Reject) {
		field = issue.FieldLane
	}
	after, err := s.cycler.Rule(ctx, reconcile.Ruling{ID: r.Issue.ID, Verb: reconcile.RulingVerb(u.Verb), Field: field, As: u.As, By: u.By, Via: u.Via, For: u.Hold, Reason: u.Reason})
	if err != nil {
		return answer.Ruled{}, refused(err)
	}
	a.opts.Log.Info("a person decided", "source", s.Name, "issue", r.Issue.Key, "what", u.Verb, "field", field, "by", u.By, "as", u.As)
	s.cycler.Replan()
	a.measure(a.current(), s)
	s.wake()
	return a.ruled(after, u, field), nil
}

// Reply implements web.Rights.
func (a *App) Reply(ctx context.Context, q web.ReplyRequest) (answer.Replied, error) {
	r, err := a.find(q.Ref)
	if err != nil {
		return answer.Replied{}, err
	}
	e := a.current()
	s := e.source(r.Issue.Source)
	if s == nil {
		return answer.Replied{}, web.Errorf(web.Conflict, "source %q is no longer configured", r.Issue.Source)
	}
	in := reconcile.Reply{ID: r.Issue.ID, Key: r.Issue.Key, Accept: q.Accept, Hash: q.Proposal, As: q.As, By: q.By, Via: q.Via, For: q.Hold, Reason: q.Reason}
	for _, f := range q.Fields {
		in.Fields = append(in.Fields, issue.Field(f))
	}
	done := s.cycler.Reply(ctx, in)
	if done.Behind {
		s.wake()
	}
	if done.Err != nil {
		return answer.Replied{}, refused(done.Err)
	}
	a.measure(e, s)
	out := answer.Replied{Ref: r.Issue.Ref().String(), ID: r.Issue.ID, Verb: q.Verb(), By: cmp.Or(done.By.Name, done.By.ID), Reason: q.Reason, Rule: done.Rule,
		Plan: done.Plan, Until: done.Until, Changes: []answer.Change{}, Left: []answer.Change{}}
	for _, l := range done.Lines {
		if l.Change.Field != issue.FieldComment || l.Status != reconcile.Applied {
			out.Changes = append(out.Changes, answer.NewChange(l.Ref.Source, l.ID, l.Ref.Key, l.Change, answer.Status(l.Status)))
		}
	}
	for _, ch := range done.Left {
		out.Left = append(out.Left, answer.NewChange(s.Name, r.Issue.ID, r.Issue.Key, ch, answer.Suggested))
	}
	a.opts.Log.Info("a proposal was answered", "source", s.Name, "issue", r.Issue.Key, "what", out.Verb, "rule", out.Rule, "by", q.By, "as", q.As, "plan", done.Plan)
	return out, nil
}

// refused gives the reasons of a ruling that was not carried out their kinds.
func refused(err error) error {
	for kind, reasons := range map[web.Kind][]error{
		web.Denied:   {reconcile.ErrMayNot},
		web.Conflict: {reconcile.ErrNothing, reconcile.ErrContested, reconcile.ErrNoProposal, reconcile.ErrProposalChanged, reconcile.ErrGated},
		web.Invalid:  {reconcile.ErrNoField, reconcile.ErrHoldSpan},
	} {
		if slices.ContainsFunc(reasons, func(r error) bool { return errors.Is(err, r) }) {
			return web.Errorf(kind, "%w", err)
		}
	}
	return err
}

func (a *App) ruled(r *state.Record, u web.RulingRequest, f issue.Field) answer.Ruled {
	out := answer.Ruled{Ref: r.Issue.Ref().String(), ID: r.Issue.ID, Verb: u.Verb, Field: f, By: u.By, Pinned: r.Pin != nil}
	for _, h := range answer.HoldingsOf(r, a.current().approversOf(r)) {
		if h.Field == f {
			out.Override = &h.Override
			return out
		}
	}
	if s := a.current().source(r.Issue.Source); s != nil {
		for _, l := range s.cycler.Outstanding(r) {
			if l.Change.Field == f {
				out.Wanted = l.Change.To
			}
		}
	}
	return out
}
