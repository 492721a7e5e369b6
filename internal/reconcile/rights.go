package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// restoresADay is how often one field of one issue is taken back within
	// restoreSpan; then the move is only flagged, so that two sides do not fight.
	restoresADay = 3
	restoreSpan  = 24 * time.Hour
	// askAgainAfter is when a history or an approver that could not be read is
	// looked at again.
	askAgainAfter = 10 * time.Minute
)

// contest judges a move of the lane label that a person made, or looks again at
// one that is contested: which lanes with approvers were left or entered without
// the word of one. Without any, the move is a plain override.
func (c *cycle) contest(r *state.Record, t terms, n int, h issue.History, read, fresh bool) {
	o := &r.Overrides[n]
	was, silent := o.Contested, fresh || !o.Ask.IsZero()
	o.Contested, o.Unsure, o.Ask = nil, false, time.Time{}
	var approved *issue.Event
	restore := false
	for _, lane := range t.guarded(o.From, o.Value) {
		v := c.judgeMove(t.lanes[lane], o, h)
		switch {
		case !read || v.later || v.missing && fresh: // an event may still come
			o.Unsure, o.Ask = true, c.now.Add(askAgainAfter)
		case v.unknown || v.missing:
			o.Unsure = true
		case v.agreed:
			approved = later(approved, v.approval)
			continue
		}
		o.Contested = append(o.Contested, lane)
		restore = restore || t.lanes[lane].Contested == "restore"
	}
	if approved != nil {
		o.ApprovedBy, o.ApprovedAt, o.ApprovedHow = approved.By.Person, approved.At, "label "+issue.ApprovalLabel
	}
	if len(o.Contested) == 0 {
		if approved != nil {
			o.Until = t.until(c.now)
			c.noted(r, state.Act{Verb: state.Approved, Field: o.Field, From: o.From, To: o.Value, By: o.ApprovedBy, At: o.ApprovedAt, Reason: o.ApprovedHow})
			c.Log.Info("contested move approved", "source", c.Source, "issue", r.Issue.Key, "by", named(o.ApprovedBy), "how", o.ApprovedHow)
		}
		return
	}
	switch {
	case !o.Ask.IsZero(): // nothing is said before it is known
	case restore && !o.Unsure && c.Mode.narrow(r.Decision.Mode) == Enforce && c.takeBack(r, t, n):
	case silent || !slices.Equal(was, o.Contested):
		c.sayContested(r, t, o)
	}
}

// asks tells whether the history may have an answer for a contested move: the
// approval label is there, or it is time to look again.
func (c *cycle) asks(r *state.Record, o *state.Override) bool {
	if o.Field != issue.FieldLane || len(o.Contested) == 0 {
		return false
	}
	if !o.Ask.IsZero() {
		return !c.now.Before(o.Ask)
	}
	return slices.ContainsFunc(r.Issue.Labels, isApproval)
}

func isApproval(label string) bool { return strings.EqualFold(label, issue.ApprovalLabel) }

// base is what the lane field held before the moves that are contested.
func base(o *state.Override) string {
	if len(o.Contested) > 0 {
		return o.From
	}
	return o.Value
}

// guarded lists the lanes with approvers that a move left or entered, in the
// order of their names.
func (t terms) guarded(from, to string) []string {
	before, after := lanesIn(from), lanesIn(to)
	var out []string
	for _, lane := range slices.Concat(before, after) {
		if len(t.lanes[lane].Approvers) > 0 && slices.Contains(before, lane) != slices.Contains(after, lane) {
			out = append(out, lane)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// stillGuarded leaves out the lanes that have no approvers any more.
func (t terms) stillGuarded(lanes []string) []string {
	if !slices.ContainsFunc(lanes, func(l string) bool { return len(t.lanes[l].Approvers) == 0 }) {
		return lanes
	}
	var out []string
	for _, l := range lanes {
		if len(t.lanes[l].Approvers) > 0 {
			out = append(out, l)
		}
	}
	return out
}

func lanesIn(value string) []string {
	var out []string
	for _, l := range issue.FieldLane.Values(value) {
		out = append(out, strings.TrimPrefix(l, issue.FieldLane.Prefix()))
	}
	return out
}

// moveVerdict is what the history says about one lane that was left or entered.
type moveVerdict struct {
	agreed   bool // by an approver, by us, or approved since
	approval *issue.Event
	missing  bool // the history does not show it
	unknown  bool // nor who did it
	later    bool // it cannot be told yet
}

// judgeMove finds who left or entered a lane, and whether an approver of that
// lane did or agreed since: by a later move of their own or by the label.
func (c *cycle) judgeMove(lane policy.LaneSpec, o *state.Override, h issue.History) moveVerdict {
	label := issue.FieldLane.Prefix() + lane.Name
	left := slices.Contains(lanesIn(o.From), lane.Name)
	at := -1
	for n, e := range h.Events {
		if e.Field == issue.FieldLabels && (e.From == label || e.To == label) {
			at = n
		}
	}
	switch {
	case at < 0:
		return moveVerdict{missing: true}
	case left != (h.Events[at].From == label):
		return moveVerdict{later: true} // the history is behind
	case h.Events[at].By.Self:
		return moveVerdict{agreed: true}
	}
	may, sure := c.approvers(lane.Approvers)
	if may[h.Events[at].By.ID] {
		return moveVerdict{agreed: true}
	}
	for n := at + 1; n < len(h.Events); n++ {
		e := &h.Events[n]
		if e.Field != issue.FieldLabels || e.By.Self || !may[e.By.ID] {
			continue
		}
		switch {
		case isApproval(e.To):
			return moveVerdict{agreed: true, approval: e}
		case isLane(e.To) || isLane(e.From):
			return moveVerdict{agreed: true}
		}
	}
	return moveVerdict{unknown: h.Events[at].By.ID == "", later: !sure}
}

func isLane(label string) bool {
	return strings.HasPrefix(label, issue.FieldLane.Prefix()) && label != issue.PinLabel
}

func later(a, b *issue.Event) *issue.Event {
	if a == nil || b != nil && b.At.After(a.At) {
		return b
	}
	return a
}

// takeBack ends a contested move: policy's value is written again. It says false
// where that was done too often.
func (c *cycle) takeBack(r *state.Record, t terms, n int) bool {
	o := r.Overrides[n]
	r.Restores = slices.DeleteFunc(slices.Clone(r.Restores), func(b state.TakenBack) bool { return c.now.Sub(b.At) >= restoreSpan })
	if len(r.Restores) >= restoresADay {
		r.Overrides[n].Reason = fmt.Sprintf("taken back %d times within a day", restoresADay)
		return false
	}
	r.Restores = append(r.Restores, state.TakenBack{Field: o.Field, At: c.now, By: o.By, Value: o.Value, Lanes: o.Contested})
	free(r, o.Field, o.Value)
	drop(r, n)
	r.Outstanding += writable(r, o.Field)
	c.noted(r, state.Act{Verb: state.Restored, Field: o.Field, From: o.Value, To: o.Wanted, By: o.By, Reason: "not an approver of " + strings.Join(o.Contested, ", ")})
	c.Log.Warn("a move by somebody who may not decide is taken back", "source", c.Source, "issue", r.Issue.Key, "by", named(o.By), "value", o.Value,
		"lanes", strings.Join(o.Contested, " "), "approvers", strings.Join(t.mayDecide(o.Contested), ", "))
	return true
}

func (c *cycle) sayContested(r *state.Record, t terms, o *state.Override) {
	c.noted(r, state.Act{Verb: state.Contests, Field: o.Field, From: o.From, To: o.Value, By: o.By, At: o.At, Reason: "not an approver of " + strings.Join(o.Contested, ", ")})
	c.Log.Warn("a move by somebody who may not decide is contested", "source", c.Source, "issue", r.Issue.Key, "by", named(o.By), "from", o.From, "to", o.Value,
		"lanes", strings.Join(o.Contested, " "), "approvers", strings.Join(t.mayDecide(o.Contested), ", "), "do", "lanekeeper approve "+r.Issue.Ref().String())
}

// mayDecide lists the approvers of lanes as the policy names them.
func (t terms) mayDecide(lanes []string) []string {
	var out []string
	for _, l := range lanes {
		for _, who := range t.lanes[l].Approvers {
			if !slices.Contains(out, who) {
				out = append(out, who)
			}
		}
	}
	return out
}

// named is a person for a log line: the account where there is no name.
func named(p issue.Person) string {
	switch {
	case p.Name != "" && p.ID != "":
		return p.Name + " (" + p.ID + ")"
	case p.Name != "" || p.ID != "":
		return p.Name + p.ID
	}
	return "somebody"
}
