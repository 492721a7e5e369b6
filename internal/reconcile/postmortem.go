package reconcile

import (
	"fmt"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/policy/sla"
	"github.com/lanekeeper/lanekeeper/state"
)

// asks tells whether the closing of issues of a lane can ask for a post-mortem.
func (t terms) asks(lane string) bool {
	return slices.Contains(t.postMortem.Completed, lane) || slices.Contains(t.postMortem.Missed, lane)
}

// arm notes that an open issue is in a lane that asks for a post-mortem. Only what
// was seen so is asked for when it closes: not what was closed before lanekeeper
// came, or before the policy named the lane. An issue that was opened again is a
// new question.
func (c *cycle) arm(t terms, r *state.Record) {
	d, lane := &r.Decision, r.Decision.Lane
	if d.Undecided != "" && r.PostMortem != nil {
		lane = r.PostMortem.Lane // as long as nobody knows better
	}
	switch p := r.PostMortem; {
	case d.LowConfidence || !t.asks(lane):
		r.PostMortem = nil
	case p == nil || p.Lane != lane || !p.Closed.IsZero():
		r.PostMortem = &state.PostMortem{Lane: lane}
	}
}

// judgeClosed keeps the record of an issue that is not worked on any more: what
// came of its SLA, and whether it asks for a post-mortem.
func (c *cycle) judgeClosed(r *state.Record, v *verdict) {
	r.Outstanding = 0
	c.settleClock(r)
	if !r.Issue.Gone && r.Absent == 0 {
		if r.PostMortem != nil || r.Comment.SLA != "" {
			c.pinned(r, v)
		}
		c.request(r)
		c.answer(r, v)
		r.Outstanding = len(c.changes(r)) + c.noteDue(r)
	}
	if r.Outstanding == 0 {
		r.Parked = nil
	}
	r.Due = c.due(r)
}

// request asks for a post-mortem of a completed issue, once for its resolution.
// Where nothing may be written, by the mode or a pin, the question is settled too:
// no flood comes when that changes.
func (c *cycle) request(r *state.Record) {
	p := r.PostMortem
	if p == nil || !p.Closed.IsZero() || r.Issue.Status.Category != issue.Completed || r.Issue.Unknown.Any(issue.InputLabels|issue.InputStatus) {
		return
	}
	why, known := c.whyAsk(r)
	switch {
	case !known:
		return
	case why == "" || isPinned(r) || c.Mode.narrow(r.Decision.Mode) != Enforce:
		r.PostMortem = nil
		return
	}
	p.Why, p.Closed = why, r.Issue.Resolved
	if p.Closed.IsZero() { // not every workflow notes it
		p.Closed = r.Issue.Updated
	}
	drop(r, slices.IndexFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldPostMortem }))
	if plan.Actual(&r.Issue, issue.FieldPostMortem) == "" {
		setApplied(r, issue.FieldPostMortem, "") // what an earlier resolution left is no person's word about this one
	}
}

// whyAsk says what a closed issue asks a post-mortem for, "" for nothing, and
// whether that is known: whether a target was missed is told by the history.
func (c *cycle) whyAsk(r *state.Record) (why string, known bool) {
	t, lane := c.termsOf(c.Policy.For(c.Source, r.Issue.Project)), r.PostMortem.Lane
	if slices.Contains(t.postMortem.Completed, lane) {
		return "an issue of the lane " + lane + " was completed", true
	}
	if !slices.Contains(t.postMortem.Missed, lane) {
		return "", true
	}
	res, held := c.look(r)
	if !held {
		return "", true
	}
	known = true
	for _, x := range readings(res) {
		if !x.BreachedAt.IsZero() {
			return fmt.Sprintf("the %s target of the SLA %s was missed", x.Kind, res.SLA), true
		}
		known = known && x.State != sla.Unknown
	}
	return "", known
}

// answer notes that a person removed the label: the post-mortem is done, and is
// not asked for again.
func (c *cycle) answer(r *state.Record, v *verdict) {
	p := r.PostMortem
	if !p.Outstanding() || r.Issue.Unknown.Any(issue.InputLabels) {
		return
	}
	if plan.Actual(&r.Issue, issue.FieldPostMortem) != "" {
		p.Asked = true // perhaps by a person, who was faster
		return
	}
	if p.Asked {
		v.doubtful, v.taken = true, true
		p.Done = c.now
		setApplied(r, issue.FieldPostMortem, "")
	}
}

// lookingBack is what is wanted of a closed issue: the label that asks for a
// post-mortem, until it was there.
func (c *cycle) lookingBack(r *state.Record) []plan.Want {
	p := r.PostMortem
	if !p.Outstanding() || p.Asked || r.Issue.Gone || !c.termsOf(c.Policy.For(c.Source, r.Issue.Project)).asks(p.Lane) {
		return nil
	}
	return []plan.Want{{Field: issue.FieldPostMortem, Value: issue.PostMortemLabel}}
}

// nameLookedBack finds in the history who removed the label in this cycle.
func (c *cycle) nameLookedBack(r *state.Record, h issue.History) {
	p := r.PostMortem
	if p == nil || !p.Done.Equal(c.now) {
		return
	}
	for _, e := range slices.Backward(h.Events) {
		if e.Field == issue.FieldLabels && e.From == issue.PostMortemLabel && !e.By.Self {
			p.By, p.Done = e.By.Person, e.At
			break
		}
	}
	c.noted(r, state.Act{Verb: state.LookedBack, Field: issue.FieldPostMortem, From: issue.PostMortemLabel, By: p.By, At: p.Done, Reason: p.Why})
}

// unasked notes an undo on a closed issue: nobody is asked any more, or again.
func (c *cycle) unasked(r *state.Record, ch issue.Change, by string) {
	written(r, ch, c.now)
	if p := r.PostMortem; ch.To == "" && p != nil {
		p.Done, p.By = c.now, issue.Person{Name: by}
	}
}

// returns is how long after its completion an issue that is hidden may come back
// and still be asked for a post-mortem.
const returns = 30 * 24 * time.Hour

// readAsked reads the issues again whose post-mortem is outstanding: a scope that
// shows open issues alone would never tell that the label is gone, nor that the
// issue is there again.
func (c *cycle) readAsked() error {
	t, err := c.Store.Totals(c.Source)
	if err != nil || len(t.PostMortems) == 0 {
		return err
	}
	var ids []string
	err = c.Store.Each(c.Source, func(r *state.Record) bool {
		if p := r.PostMortem; p.Outstanding() && (!r.Issue.Gone || c.now.Sub(p.Closed) < returns) && r.Seen.Before(c.now) {
			ids = append(ids, r.Issue.ID)
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("list post-mortems: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	_, err = c.reread(ids, "post-mortem outstanding")
	return err
}

// commentTaken notes that a person deleted or edited our comment: what they made
// of it stays, and no other is written before that override ends.
func (c *cycle) commentTaken(r *state.Record, how string) state.Act {
	t := c.termsOf(c.Policy.For(c.Source, r.Issue.Project))
	hold(r, state.Override{Field: issue.FieldComment, Kind: state.ByPerson, At: c.now, Until: t.until(c.now), Lane: r.Decision.Lane, Reason: how})
	r.Comment = state.Comment{}
	if r.PostMortem.Outstanding() {
		r.PostMortem.Said = true
	}
	a := c.act(state.Overrode, r, issue.FieldComment)
	a.Reason = how
	return a
}
