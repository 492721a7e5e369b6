package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/sla"
	"github.com/lanekeeper/lanekeeper/state"
)

// Options make a Cycler. All but Signals, Rotas, Turn, Progress,
// NoDue, DueZone, MailsEdits, Stored and Observer are required.
type Options struct {
	Source  string
	Tracker Source
	Store   Store
	Policy  *policy.Set
	Mode    Mode
	Guard   Guard
	// Overlap is how far before the start of the last pull the next one begins:
	// an index may show a change late.
	Overlap time.Duration
	// Scope fingerprints what is read from the tracker; a new one starts a new
	// first pull.
	Scope   string
	Now     func() time.Time
	Log     *slog.Logger
	Signals func() policy.Signals
	// Rotas tells who is on duty; nil: nobody knows.
	Rotas    func() policy.Rotas
	Observer Observer
	// Turn is held by a running cycle or undo. Cyclers of one source that live at
	// the same time, around a reload, share it; nil makes one.
	Turn Turn
	// Directory knows who approvers are; nil: it cannot be told, so that every
	// contested move waits.
	Directory Directory
	// Exclusive tells that an issue has one label of a prefix at a time, so that
	// the pin takes the lane's place.
	Exclusive bool
	// Progress is told how far a first pull has come; total 0 is not known.
	Progress func(done, total int)
	// NoDue leaves due dates alone: the SLA writes none.
	NoDue bool
	// DueZone is where the day of a resolve target is read; nil: in the zone of its
	// calendar, as people do.
	DueZone *time.Location
	// MailsEdits tells that the tracker may mail people for each edit of a comment:
	// a moved time alone is not worth one.
	MailsEdits bool
	// Stored is told of each record that was stored.
	Stored func(*state.Record)
}

// Turn is held by one cycle or undo at a time. Unlike a mutex it is given up
// waiting for when a context ends.
type Turn chan struct{}

// NewTurn returns a Turn that nobody holds.
func NewTurn() Turn { return make(Turn, 1) }

func (t Turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the running cycle: %w", ctx.Err())
	}
}

func (t Turn) give() { <-t }

// A Cycler runs the cycles of one source, one at a time.
type Cycler struct {
	Options
	gate Gate
	// planned tells that the last plan left nothing to look at again before
	// records change, and replan that something else changed since.
	planned bool
	replan  atomic.Bool
	// waits tells that the guard holds a plan, which any change may make fit.
	waits     bool
	heldUntil time.Time  // when that plan expires
	plans     sync.Mutex // held while a plan is judged or approved
	kept      bool       // the policies are stored

	doubts map[string]bool // ids whose answer must be confirmed
	unread map[string]bool // ids whose history an SLA clock needs
	// late are those of which it could not be read: the source is behind until it
	// is. Nil: not known yet.
	late map[string]bool
	// recheck are ids that were written to while they waited for a response.
	recheck map[string]bool
	heard   heard // ids that the tracker announced
	// seen are the issues, as of their last update, whose label is known to answer
	// nothing.
	seen map[string]time.Time

	caches sync.Mutex
	people map[string]person // owners by the policy's word for them
	// approving are the approvers by the policy's word for them.
	approving map[string]approverList
	terms     map[*policy.Policy]terms
}

type person struct {
	id    string
	asked time.Time
}

// New returns a Cycler.
func New(o Options) *Cycler {
	if o.Turn == nil {
		o.Turn = NewTurn()
	}
	c := &Cycler{Options: o, people: map[string]person{}, approving: map[string]approverList{}, doubts: map[string]bool{}, unread: map[string]bool{}, recheck: map[string]bool{}, seen: map[string]time.Time{},
		terms: map[*policy.Policy]terms{}}
	c.gate = Gate{Writer: o.Tracker, Mode: o.Mode, Paused: func() (bool, error) {
		p, err := o.Store.Paused()
		return p.On, err
	}}
	return c
}

// Replan makes the next cycle look at every outstanding change again: a plan
// was approved, a pause ended.
func (c *Cycler) Replan() { c.replan.Store(true) }

// Outstanding lists the changes that policy wants of a stored issue and that
// are not written, with the status that the next cycle would give them. It
// asks the tracker nothing and does not wait for a running cycle.
func (c *Cycler) Outstanding(r *state.Record) []Line {
	if r.Outstanding == 0 {
		return nil
	}
	run := c.start(context.Background(), Task{})
	run.offline = true
	_, status := run.item(r)
	var out []Line
	for _, ch := range run.changes(r) {
		out = append(out, Line{Ref: r.Issue.Ref(), ID: r.Issue.ID, Change: ch, Status: status})
	}
	return out
}

// Task says what a cycle does beside pulling and evaluating.
type Task struct {
	// Sweep lists every id in scope, and so finds what pulls cannot see.
	Sweep bool
	// DryRun plans and writes nothing, whatever the mode.
	DryRun bool
	// List reports every outstanding change, not only those that were written.
	List bool
	// Most bounds the changes that List reports without having written them; 0
	// is no bound.
	Most int
}

// Report tells what a cycle did.
type Report struct {
	Source  string
	Mode    Mode
	Issues  int // open issues in scope
	Pulled  int // issues read in this cycle
	Swept   bool
	Changed int // issues written to
	Parked  int
	Behind  bool // a changed issue, or what an SLA clock counts from, could not be read
	Lines   []Line
	// More tells that changes were left out of Lines because of Task.Most.
	More bool
	Held *state.Plan // the plan that the guard stopped
	Plan string      // the plan that was carried out
	Err  error
}

// Line is one change of a Report.
type Line struct {
	Ref    issue.Ref
	ID     string
	Change issue.Change
	Status string // planned, applied, failed, held, parked, observed, suggested, paused, refused, kept
}

// The statuses of a Line.
const (
	Planned   = "planned"
	Applied   = "applied"
	FailedNow = "failed"
	Held      = "held"
	Parked    = "parked"
	Observed  = "observed"
	Suggested = "suggested"
	Paused    = "paused"
	Refused   = "refused"
	Kept      = "kept" // as it is, by a person's word
)

// cycle is one run of a Cycler.
type cycle struct {
	*Cycler
	gate Gate // lets pass what a person accepts in this run
	ctx  context.Context
	task Task
	now  time.Time
	// offline forbids questions to the tracker.
	offline bool
	acts    []state.Act                 // of people, to be stored with their records
	freed   map[string]bool             // ids whose pin went
	greeted map[state.Introduction]bool // in this cycle
	st      state.SourceState
	sig     policy.Signals
	rotas   policy.Rotas
	report  Report

	labels []string // ids whose label may answer a proposal

	looked *state.Record // whose SLA was looked at last; sight is how it stands
	sight  sla.Result
	held   bool
}

// Run does one cycle:
//
//  1. recover: look again at writes that a crash left unanswered
//  2. announced: read what the tracker said had changed
//  3. pull: read what changed, decide, store; the watermark moves last
//  4. revisit: decide again what a new policy or the time made due
//  5. sweep, where asked: find what left and what was missed, then recover
//     what came back into sight
//  6. histories: read what SLA clocks are computed from, where it is out of date
//  7. write: plan, guard, confirm with the tracker, send, record
//  8. histories again: of issues that wait for a response and were just written to
//
// A failing step ends the cycle; what was stored stays and the next cycle goes
// on from there. The histories of what was stored are read all the same: an SLA
// does not wait for a sweep. The error is in the report too.
func (c *Cycler) Run(ctx context.Context, t Task) Report {
	if err := c.Turn.take(ctx); err != nil {
		return Report{Source: c.Source, Mode: c.Mode, Err: err}
	}
	defer c.Turn.give()
	run := c.start(ctx, t)
	run.report = Report{Source: c.Source, Mode: c.Mode}
	if c.replan.Swap(false) {
		c.planned = false
	}
	run.sense()
	err := run.steps()
	if err != nil {
		run.catchUp(err)
	}
	run.lag()
	run.finish(err)
	return run.report
}

// start makes a run that has not begun.
func (c *Cycler) start(ctx context.Context, t Task) *cycle {
	return &cycle{Cycler: c, gate: c.gate, ctx: ctx, task: t, now: c.Now().UTC(), freed: map[string]bool{}, greeted: map[state.Introduction]bool{}}
}

// sense takes what is known outside of the tracker, once for the whole run.
func (c *cycle) sense() {
	if c.Signals != nil {
		c.sig = c.Signals()
	}
	if c.Rotas != nil {
		c.rotas = c.Rotas()
	}
}

func (c *cycle) steps() (err error) {
	if c.st, err = c.Store.Source(c.Source); err != nil {
		return fmt.Errorf("read state of %s: %w", c.Source, err)
	}
	for _, id := range c.st.Unread {
		c.doubts[id] = true
	}
	if err := c.keepPolicies(); err != nil {
		return fmt.Errorf("keep policy: %w", err)
	}
	if err := c.unsettle(); err != nil {
		return err
	}
	for _, s := range []struct {
		name string
		do   func() error
		skip bool
	}{
		{"recover", c.recover, false},
		{"announced", c.announced, c.heard.none()},
		{"pull", c.pull, false},
		{"revisit", c.revisit, false},
		{"sweep", c.sweep, !c.task.Sweep},
		{"recover", c.recover, false}, // issues that came back into sight
		{"histories", c.histories, false},
		{"write", c.write, false},
		{"histories", c.histories, false},
	} {
		if s.skip {
			continue
		}
		began := c.Now()
		err := s.do()
		if c.Observer != nil {
			c.Observer.Step(c.Source, s.name, c.Now().Sub(began))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// catchUp reads the histories of what the run has stored, after it failed or was
// no cycle. The next cycle comes to what cannot be read now.
func (c *cycle) catchUp(err error) {
	if c.ctx.Err() != nil || connectors.KindOf(err) == connectors.Auth {
		return
	}
	if err := c.histories(); err != nil {
		c.Log.Debug("histories not read", "source", c.Source, "err", err)
	}
}

// lag reports whether something could not be read by now.
func (c *cycle) lag() { c.report.Behind = c.report.Behind || len(c.late) > 0 }

// finish stores how the cycle went. A cycle that its context ended is neither
// a success nor a failure of the source.
func (c *cycle) finish(err error) {
	c.report.Err = err
	if t, terr := c.Store.Totals(c.Source); terr == nil {
		c.report.Issues, c.report.Parked = t.Open, t.Parked
	}
	if err != nil && errors.Is(err, context.Canceled) && c.ctx.Err() != nil {
		return
	}
	if err == nil {
		c.st.LastSuccess, c.st.Failures, c.st.LastError, c.st.ErrorKind = c.now, 0, "", ""
	} else {
		c.st.Failures++
		c.st.LastError, c.st.ErrorKind = err.Error(), string(connectors.KindOf(err))
	}
	if serr := c.commit(state.Batch{State: &c.st}); serr != nil {
		c.report.Err = errors.Join(err, fmt.Errorf("record the cycle: %w", serr))
	}
}

// keepPolicies stores the policy beside the decisions that will name its hash,
// so that they can be explained when it is no longer in force.
func (c *cycle) keepPolicies() error {
	if c.kept {
		return nil
	}
	b := state.Batch{Policies: map[string][]byte{}}
	for _, p := range c.Policy.Policies() {
		b.Policies[p.Hash()] = p.Canonical()
	}
	err := c.commit(b)
	c.kept = err == nil
	return err
}

// commit stores a batch of this source.
func (c *cycle) commit(b state.Batch) error {
	b.Source, b.Now = c.Source, c.now
	if b.State != nil {
		b.State.Unread = slices.Sorted(maps.Keys(c.doubts))
	}
	for _, u := range b.Updates {
		if c.waits || u.Record.Outstanding > 0 {
			c.planned = false
		}
	}
	b.Acts = append(b.Acts, c.acts...)
	if err := c.Store.Commit(b); err != nil {
		return err
	}
	c.acts = nil
	for _, u := range b.Updates {
		if c.Stored != nil {
			c.Stored(u.Record)
		}
	}
	return nil
}
