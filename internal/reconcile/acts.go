package reconcile

import (
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/state"
)

// judged is one record of a batch with what its judgement came to, until the
// batch is stored.
type judged struct {
	record *state.Record
	before []state.Override
	ended  []ending
	taken  bool // its history is wanted
}

// ending is an override that is no more.
type ending struct {
	state.Override
	how    string
	person bool // a person ended it, by setting the field
	to     string
}

// overdue is how an override ends whose time is over.
const overdue = "its time is over"

// byPerson tells whether a person's hand is in what was judged now, or may be:
// who set a value again in the last hours of its override has set it.
func (j judged) byPerson(now time.Time) bool {
	return j.taken || slices.ContainsFunc(j.ended, func(e ending) bool { return e.person || e.how == overdue && e.Kind != state.Adopted }) ||
		slices.ContainsFunc(j.record.Overrides, func(o state.Override) bool { return o.Kind == state.ByPerson && o.At.Equal(now) })
}

// endingOf says how an override ended that the diff found agreed or released.
func (c *cycle) endingOf(o state.Override, f plan.Verdict) ending {
	e := ending{Override: o, to: f.Value}
	switch {
	case o.Value != f.Actual:
		e.how, e.person, e.to = "a person set it so", true, f.Actual
	case f.Outcome == plan.Agreed:
		e.how = "policy wants the same now"
	case !o.Until.IsZero() && !c.now.Before(o.Until):
		e.how = overdue
	default:
		e.how = "policy moved the issue to another lane"
	}
	return e
}

// actsOf lists what people did to the fields of judged records: overrides that
// began and those that ended. Values from before lanekeeper are nobody's act.
func (c *cycle) actsOf(list []judged, histories map[string]issue.History) []state.Act {
	var acts []state.Act
	for _, j := range list {
		for _, e := range j.ended {
			if e.Kind == state.Adopted {
				continue
			}
			a := c.act(state.Released, j.record, e.Field)
			a.From, a.To, a.Reason = e.Value, e.to, e.how
			if ev, ok := histories[j.record.Issue.ID].Last(e.Field); ok && e.person && !ev.By.Self {
				a.By, a.At = ev.By.Person, ev.At
			}
			acts = append(acts, a)
		}
		for _, o := range j.record.Overrides {
			if o.Kind != state.ByPerson || slices.ContainsFunc(j.before, func(b state.Override) bool { return sameOverride(b, o) }) {
				continue
			}
			a := c.act(state.Overrode, j.record, o.Field)
			a.At, a.By, a.From, a.To, a.Reason = o.At, o.By, o.Wanted, o.Value, o.Reason
			if applied, ok := j.record.Applied[o.Field]; ok {
				a.From = applied
			}
			acts = append(acts, a)
		}
	}
	return acts
}

func sameOverride(a, b state.Override) bool {
	return a.Field == b.Field && a.Kind == b.Kind && a.Value == b.Value && a.At.Equal(b.At)
}

// act begins the record of something done to a field of an issue now.
func (c *cycle) act(v state.Verb, r *state.Record, f issue.Field) state.Act {
	return state.Act{At: c.now, Source: c.Source, ID: r.Issue.ID, Key: r.Issue.Key, Verb: v, Field: f, PolicyHash: r.Decision.PolicyHash}
}

// undoAct is the record of a change that an undo wrote.
func (c *cycle) undoAct(v state.Verb, r *state.Record, e state.Entry, by string) state.Act {
	a := c.act(v, r, e.Change.Field)
	a.By, a.From, a.To, a.Plan, a.Reason = issue.Person{Name: by}, e.Change.From, e.Change.To, e.Plan, e.Change.Reason
	return a
}
