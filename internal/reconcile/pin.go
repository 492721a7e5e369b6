package reconcile

import (
	"slices"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/state"
)

// pinned notes that an issue was pinned or is free again, and tells whether it
// is pinned now: then nothing of it is compared or written. Labels that failed to
// load tell nothing new.
func (c *cycle) pinned(r *state.Record, v *verdict) bool {
	delete(c.freed, r.Issue.ID)
	if r.Issue.Unknown.Any(issue.InputLabels) {
		return r.Pin != nil
	}
	is := r.Issue.Pinned()
	switch {
	case is && r.Pin == nil:
		v.doubtful, v.taken = true, true
		r.Pin = &state.Pin{At: c.now}
		c.displace(r)
	case !is && r.Pin != nil:
		v.doubtful, v.taken = true, true
		c.unpin(r)
	}
	return is
}

// isPinned tells whether a record is of an issue that is to be left alone.
func isPinned(r *state.Record) bool { return r.Pin != nil || r.Issue.Pinned() }

// displace marks a lane that a person chose and whose label the pin replaced: in
// a tracker whose groups hold one label at a time.
func (c *cycle) displace(r *state.Record) {
	if at := laneOverride(r); c.Exclusive && at >= 0 && plan.Actual(&r.Issue, issue.FieldLane) == "" {
		r.Overrides[at].Displaced = r.Overrides[at].Value != ""
	}
}

// unpin ends a pin. Where it had replaced our label, nobody removed that, so it
// is written again.
func (c *cycle) unpin(r *state.Record) {
	r.Pin = nil
	c.freed[r.Issue.ID] = true
	if !c.Exclusive || laneOverride(r) >= 0 || plan.Actual(&r.Issue, issue.FieldLane) != "" {
		return
	}
	if r.Applied[issue.FieldLane] != "" {
		free(r, issue.FieldLane, "")
	}
}

func laneOverride(r *state.Record) int {
	return slices.IndexFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldLane })
}

// namePin finds in the history who pinned an issue, or set it free, in this
// cycle.
func (c *cycle) namePin(r *state.Record, h issue.History) {
	last := func(is func(issue.Event) bool) (issue.Event, bool) {
		for _, e := range slices.Backward(h.Events) {
			if e.Field == issue.FieldLabels && is(e) {
				return e, true
			}
		}
		return issue.Event{}, false
	}
	switch {
	case r.Pin != nil && r.Pin.At.Equal(c.now):
		if e, ok := last(func(e issue.Event) bool { return e.To == issue.PinLabel }); ok {
			r.Pin = &state.Pin{By: e.By.Person, At: e.At}
		}
		c.noted(r, state.Act{Verb: state.Pinned, By: r.Pin.By, At: r.Pin.At})
	case c.freed[r.Issue.ID]:
		delete(c.freed, r.Issue.ID)
		e, _ := last(func(e issue.Event) bool { return e.From == issue.PinLabel })
		c.noted(r, state.Act{Verb: state.Unpinned, By: e.By.Person, At: e.At})
	}
}

// noted keeps what a person did; it is stored together with the record.
func (c *cycle) noted(r *state.Record, a state.Act) {
	a.ID, a.Key, a.PolicyHash = r.Issue.ID, r.Issue.Key, r.Decision.PolicyHash
	c.acts = append(c.acts, a)
}
