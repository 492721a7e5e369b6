package reconcile

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/sla"
	"github.com/lanekeeper/lanekeeper/state"
)

// How sure an answer of the tracker is.
type truth bool

const (
	indexed truth = false // from a search, which may lag
	direct  truth = true  // read by id, now
)

// personRetry is how long an owner that the tracker does not know is left
// alone before it is asked for again.
const personRetry = time.Hour

// terms are the parts of a policy's settings that the diff needs.
type terms struct {
	plan.Policy
	ttl       time.Duration
	lanes     map[string]policy.LaneSpec
	introduce bool                  // people, where writes are enforced
	clocks    map[string]*sla.Clock // by SLA
	reads     map[string]clockReads
	// comments are the SLAs that comments speak of, postMortem what asks for one.
	comments   map[string]*policy.SLACommentSpec
	postMortem policy.PostMortemSpec
}

func (c *Cycler) termsOf(p *policy.Policy) terms {
	c.caches.Lock()
	defer c.caches.Unlock()
	if t, ok := c.terms[p]; ok {
		return t
	}
	s := p.Spec()
	t := terms{ttl: s.Overrides.TTL, lanes: map[string]policy.LaneSpec{}}
	t.Adopt = map[issue.Field]bool{issue.FieldAssignee: true, issue.FieldDue: true}
	for f, how := range s.Overrides.FirstSight {
		t.Adopt[f] = how == "adopt"
	}
	t.ReleaseOnMove = s.Overrides.Release == "lane_change"
	for _, l := range s.Lanes {
		t.lanes[l.Name] = l
	}
	t.introduce = s.Comments.Enforce == "first"
	t.clocks, t.reads = c.clocksOf(p)
	t.comments, t.postMortem = map[string]*policy.SLACommentSpec{}, s.PostMortem
	for name, spec := range s.SLAs {
		t.comments[name] = spec.Comment
	}
	c.terms[p] = t
	return t
}

func (t terms) until(at time.Time) time.Time {
	if t.ttl <= 0 {
		return time.Time{}
	}
	return at.Add(t.ttl)
}

// evaluate decides issues that were just read and stores the outcome. State,
// when not nil, is stored in the same transaction. Issues whose answer would
// start or end an override are not stored unless it is direct: their ids are
// kept as doubts, for an index may still show what was there before our write.
func (c *cycle) evaluate(issues []issue.Issue, how truth, cause string, st *state.SourceState) error {
	ids := make([]string, len(issues))
	for n := range issues {
		ids[n] = issues[n].ID
	}
	known, err := c.Store.Records(c.Source, ids)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	batch := state.Batch{State: st, Updates: make([]state.Update, 0, len(issues))}
	var list []judged
	for n := range issues {
		i, prev := &issues[n], known[n]
		i.Source = c.Source
		if how == indexed && prev != nil && !c.newer(i, prev) {
			if prev.Absent > 0 { // listed again
				c.doubts[i.ID] = true
			}
			continue
		}
		rec := next(prev, i, c.now)
		v := c.judge(rec, cause)
		if how == indexed && v.doubtful {
			c.doubts[i.ID] = true
			continue
		}
		list = v.note(list, rec, prev)
		c.flapped(v.flaps)
		batch.Updates = append(batch.Updates, v.update)
	}
	if batch.Acts, err = c.attribute(list); err != nil {
		return err
	}
	if len(batch.Updates) == 0 && st == nil {
		return nil
	}
	return c.commit(batch)
}

// newer tells whether an answer of the index holds anything that the record
// does not: an older one lags, an equal one was seen.
func (c *cycle) newer(i *issue.Issue, prev *state.Record) bool {
	if i.Updated.Before(prev.Issue.Updated) {
		return false
	}
	stale := prev.Issue.Open() && prev.Decision.PolicyHash != c.Policy.For(c.Source, i.Project).Hash()
	return stale || prev.Absent > 0 || !i.Updated.Equal(prev.Issue.Updated) || !reflect.DeepEqual(*i, prev.Issue)
}

// verdict is what judging a record came to.
type verdict struct {
	update   state.Update
	doubtful bool // rests on a value that an index might show late
	taken    bool // a person's change was found
	flaps    int  // returns that are held anew
	ended    []ending
}

// note adds a judged record to a list, if a person has to do with it. Prev is
// the record before, nil for none.
func (v *verdict) note(list []judged, r, prev *state.Record) []judged {
	if !v.taken && len(v.ended) == 0 {
		return list
	}
	j := judged{record: r, ended: v.ended, taken: v.taken}
	if prev != nil {
		j.before = prev.Overrides
	}
	return append(list, j)
}

// judge decides a record anew and compares the outcome with the tracker.
func (c *cycle) judge(r *state.Record, cause string) verdict {
	v := verdict{update: state.Update{Record: r, Cause: cause}}
	c.unlook()
	if !r.Issue.Open() || r.Absent > 0 {
		c.judgeClosed(r, &v)
		return v
	}
	p := c.Policy.For(c.Source, r.Issue.Project)
	d, memory := p.Decide(policy.Input{Issue: &r.Issue, Now: c.now, Memory: c.remembered(r), Signals: c.sig, Rotas: c.rotas})
	if news(&r.Decision, &d) || r.LoggedAs == 0 {
		v.update.Decision, v.update.Cause = &d, causeOf(&r.Decision, &d, v.update.Cause)
	}
	v.flaps = flaps(&r.Decision, &d)
	r.Decision, r.Memory = d, memory
	c.arm(c.termsOf(p), r)
	c.identify(r)
	c.follow(c.termsOf(p), r)
	c.settleClock(r)
	c.compare(p, r, &v)
	r.Due = c.due(r)
	return v
}

// news tells whether a decision differs in what people see of it.
func news(a, b *policy.Decision) bool {
	return a.PolicyHash != b.PolicyHash || a.Undecided != b.Undecided || a.Lane != b.Lane || a.Priority != b.Priority ||
		a.Horizon != b.Horizon || a.Owner != b.Owner || a.LowConfidence != b.LowConfidence || !maps.Equal(a.Marks, b.Marks)
}

// flaps counts the returns that the new decision holds and the one before it
// did not.
func flaps(before, after *policy.Decision) (n int) {
	settled := func(h policy.Hold) bool {
		return slices.ContainsFunc(before.Holds, func(o policy.Hold) bool {
			return o.Why == policy.HeldBySettle && o.What == h.What && o.Until.Equal(h.Until)
		})
	}
	for _, h := range after.Holds {
		if h.Why == policy.HeldBySettle && !settled(h) {
			n++
		}
	}
	return n
}

// flapped counts held returns of decisions that are stored.
func (c *cycle) flapped(n int) {
	c.st.Flaps += uint64(n)
	for range n {
		if c.Observer != nil {
			c.Observer.Flap(c.Source)
		}
	}
}

// compare runs the three-way diff and keeps applied values and overrides.
func (c *cycle) compare(p *policy.Policy, r *state.Record, v *verdict) {
	t := c.termsOf(p)
	r.Outstanding = 0
	if c.pinned(r, v) {
		r.Parked = nil
		return
	}
	for _, f := range c.diff(t, r) {
		at := slices.IndexFunc(r.Overrides, func(o state.Override) bool { return o.Field == f.Field })
		switch f.Outcome {
		case plan.Agreed:
			v.doubtful = v.doubtful || at >= 0
			c.end(r, at, f, v)
			setApplied(r, f.Field, f.Actual)
		case plan.Changed, plan.Returned:
			r.Outstanding += writable(r, f.Field)
		case plan.Released:
			v.doubtful = v.doubtful || r.Overrides[at].Value != f.Actual
			c.end(r, at, f, v)
			free(r, f.Field, f.Actual)
			r.Outstanding += writable(r, f.Field)
		case plan.Taken:
			v.doubtful, v.taken = true, true
			hold(r, state.Override{Field: f.Field, Kind: state.ByPerson, Value: f.Actual, Wanted: f.Value, At: c.now, Until: t.until(c.now),
				Lane: r.Decision.Lane, From: moved(f.Field, r.Applied[f.Field])})
		case plan.Adopted:
			hold(r, state.Override{Field: f.Field, Kind: state.Adopted, Value: f.Actual, Wanted: f.Value, At: c.now, Lane: r.Decision.Lane})
		case plan.Kept:
			o := &r.Overrides[at]
			o.Wanted = f.Value
			switch {
			case o.Value == f.Actual:
				o.Displaced, o.Contested = false, t.stillGuarded(o.Contested)
				v.taken = v.taken || c.asks(r, o)
			case o.Kind == state.Adopted && f.Actual != "": // never ours, whoever sets it
				v.doubtful, v.taken = true, v.taken || f.Field == issue.FieldLane
				o.Value, o.At, o.From = f.Actual, c.now, moved(f.Field, base(o))
			default:
				v.doubtful, v.taken = true, true
				*o = state.Override{Field: f.Field, Kind: state.ByPerson, Value: f.Actual, Wanted: f.Value, At: c.now, Until: t.until(c.now),
					Lane: o.Lane, From: moved(f.Field, base(o))}
			}
		}
	}
	c.lapse(r, v)
	r.Outstanding += c.noteDue(r)
	if r.Outstanding == 0 {
		r.Parked = nil
	}
}

// moved is what a lane's override began from. Of other fields nobody asks.
func moved(f issue.Field, from string) string {
	if f != issue.FieldLane {
		return ""
	}
	return from
}

// end drops the override at a position, none for -1, and notes how it ended.
func (c *cycle) end(r *state.Record, at int, f plan.Verdict, v *verdict) {
	if at >= 0 {
		v.ended = append(v.ended, c.endingOf(r.Overrides[at], f))
		drop(r, at)
	}
}

// lapse drops overrides whose time is over and whose field policy does not
// want: nothing will release them. The field is as if never written, so that a
// policy that wants it again meets it at first sight.
func (c *cycle) lapse(r *state.Record, v *verdict) {
	if len(r.Overrides) == 0 || r.Decision.Undecided != "" || r.Decision.LowConfidence {
		return
	}
	wants := c.wants(r)
	held := c.clockOf(r) != nil // a clock that stands still wants its fields again
	r.Overrides = slices.DeleteFunc(r.Overrides, func(o state.Override) bool {
		if held && (o.Field == issue.FieldSLA || o.Field == issue.FieldDue) {
			return false
		}
		over := !o.Until.IsZero() && !c.now.Before(o.Until) && !slices.ContainsFunc(wants, func(w plan.Want) bool { return w.Field == o.Field })
		if over {
			delete(r.Applied, o.Field)
			v.ended = append(v.ended, ending{Override: o, how: overdue})
		}
		return over
	})
}

// diff compares what policy wants of a record with the rest.
func (c *cycle) diff(t terms, r *state.Record) []plan.Verdict {
	overrides := make([]plan.Override, len(r.Overrides))
	for n, o := range r.Overrides {
		overrides[n] = plan.Override{Field: o.Field, Value: o.Value, Until: o.Until, Lane: o.Lane,
			Firm: o.Kind == state.Operator, Displaced: o.Displaced}
	}
	return plan.Diff(plan.Input{Issue: &r.Issue, Lane: r.Decision.Lane, Wants: c.wants(r), Applied: r.Applied, Freed: r.Freed,
		Overrides: overrides, Policy: t.Policy, Now: c.now})
}

// wants lists what policy wants of an issue, in a fixed order. An undecided
// issue has no wants; neither has one that policy is not sure enough of. Of a
// closed one nothing but a post-mortem can be wanted.
func (c *cycle) wants(r *state.Record) []plan.Want {
	d := &r.Decision
	switch {
	case !r.Issue.Open():
		return c.lookingBack(r)
	case d.Undecided != "" || d.LowConfidence:
		return nil
	}
	w := make([]plan.Want, 0, 4+len(d.Marks))
	w = append(w, plan.Want{Field: issue.FieldLane, Value: issue.FieldLane.Prefix() + d.Lane})
	if d.Horizon != "" {
		w = append(w, plan.Want{Field: issue.FieldHorizon, Value: issue.FieldHorizon.Prefix() + d.Horizon})
	}
	for _, prefix := range slices.Sorted(maps.Keys(d.Marks)) {
		w = append(w, plan.Want{Field: issue.Field(prefix), Value: prefix + ":" + d.Marks[prefix]})
	}
	w = c.abandoned(r, w)
	if d.Priority != issue.None {
		w = append(w, plan.Want{Field: issue.FieldPriority, Value: d.Priority.String()})
	}
	if id := c.ownerOf(r); id != "" {
		w = append(w, plan.Want{Field: issue.FieldAssignee, Value: id})
	}
	return c.promises(r, w)
}

// abandoned adds the label prefixes that we once wrote and that policy no
// longer gives, to be cleared.
func (c *cycle) abandoned(r *state.Record, w []plan.Want) []plan.Want {
	var gone []issue.Field
	for f, v := range r.Applied {
		if f.IsLabel() && v != "" && f != issue.FieldSLA && !slices.ContainsFunc(w, func(x plan.Want) bool { return x.Field == f }) {
			gone = append(gone, f)
		}
	}
	slices.Sort(gone)
	for _, f := range gone {
		w = append(w, plan.Want{Field: f})
	}
	return w
}

// ownerOf is the account of the owner that policy wants, "" for none.
func (c *cycle) ownerOf(r *state.Record) string {
	switch who := r.Decision.Owner; {
	case who == "":
		return ""
	case who == r.Memory.Chosen.Who && r.Memory.Chosen.Account != "":
		return r.Memory.Chosen.Account
	default:
		return c.person(who)
	}
}

// remembered is what earlier decisions left. Whom a rota chose is forgotten
// where the issue was neither given to them nor proposed to be: whoever is on
// duty when it is gets it.
func (c *cycle) remembered(r *state.Record) policy.Memory {
	m := r.Memory
	id, written := r.Applied[issue.FieldAssignee]
	given := written && id == m.Chosen.Account
	if m.Chosen.Account == "" || !given && !c.proposed(r) {
		m.Chosen = policy.Chosen{}
	}
	return m
}

// proposed tells that a comment says to whom the issue should be given: it is
// not written anew for a hand-over.
func (c *cycle) proposed(r *state.Record) bool {
	overridden := slices.ContainsFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldAssignee })
	return r.Comment.Hash != "" && !overridden && c.Mode.narrow(r.Decision.Mode) == Suggest
}

// identify notes the account of whom a rota chose, so that a look-up that fails
// later changes nothing.
func (c *cycle) identify(r *state.Record) {
	if k := &r.Memory.Chosen; k.Who != "" && k.Account == "" {
		k.Account = c.person(k.Who)
	}
}

// person resolves the policy's word for an owner, "" where the tracker has no
// such account now.
func (c *cycle) person(who string) string {
	c.caches.Lock()
	known, ok := c.people[who]
	c.caches.Unlock()
	if c.offline || ok && (known.id != "" || c.now.Sub(known.asked) < personRetry) {
		return known.id
	}
	p, err := c.Tracker.Person(c.ctx, who)
	if err != nil {
		c.Log.Warn("owner not found; issues stay unassigned", "source", c.Source, "owner", who, "err", err)
	}
	c.caches.Lock()
	defer c.caches.Unlock()
	c.people[who] = person{id: p.ID, asked: c.now}
	return p.ID
}

// askAgain is when an owner without an account is looked up again, zero for one
// who has one.
func (c *cycle) askAgain(who string) time.Time {
	c.caches.Lock()
	defer c.caches.Unlock()
	if known, ok := c.people[who]; ok && known.id == "" {
		return known.asked.Add(personRetry)
	}
	return time.Time{}
}

// due is when a record must be looked at again though nothing happens: when
// time alone may change the decision, when an override or a back-off ends.
func (c *cycle) due(r *state.Record) time.Time {
	var due time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	if r.Parked != nil {
		sooner(r.Parked.Until)
	}
	sooner(c.clockDue(r))
	if !r.Issue.Open() || r.Absent > 0 {
		return due
	}
	sooner(r.Decision.Next)
	for _, o := range r.Overrides {
		if o.Until.After(c.now) { // an undecided issue keeps those that are over
			sooner(o.Until)
		}
	}
	for _, o := range r.Overrides {
		if o.Ask.After(c.now) {
			sooner(o.Ask)
		}
	}
	if r.Decision.Owner != "" {
		sooner(c.askAgain(r.Decision.Owner))
	}
	return due
}
