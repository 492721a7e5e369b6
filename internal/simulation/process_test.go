package simulation

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

// process is lanekeeper from a start to a stop or a death. It is put together
// as internal/app does it, without the server: a bubble has no listeners.
type process struct {
	world *world
	db    *state.DB
	ctx   context.Context
	end   context.CancelFunc

	engine  context.CancelFunc // of the running loops
	running sync.WaitGroup     // loops
	undoing sync.WaitGroup
	cyclers map[string]*reconcile.Cycler
	turns   map[string]reconcile.Turn

	// dead and left are guarded by world.mu.
	dead bool
	left int // points until the death; 0: none is near
}

// start opens the state and runs the loops.
func (w *world) start() {
	p := &process{world: w, turns: map[string]reconcile.Turn{}}
	p.ctx, p.end = context.WithCancel(connectors.Steady(context.Background()))
	db, err := state.Open(filepath.Join(w.dir, "state.db"), state.Options{})
	if err != nil {
		w.fail("the state does not open: %v", err)
		return
	}
	p.db = db
	w.p = p
	w.starts++
	w.verify("at the start")
	if w.mutant.start != nil && w.starts > 1 {
		w.mutant.start(p)
	}
	p.load()
}

// load builds everything and starts a loop for each source.
func (p *process) load() {
	w := p.world
	ctx, cancel := context.WithCancel(p.ctx)
	p.engine, p.cyclers = cancel, map[string]*reconcile.Cycler{}
	set := compile(w.variant, w.script.ttl)
	for n, s := range w.sources {
		if p.turns[s.name] == nil {
			p.turns[s.name] = reconcile.NewTurn()
		}
		s.running = s.mode
		var base http.RoundTripper = &wire{process: p, src: s, base: s.site.transport()}
		if w.mutant.wire != nil {
			base = w.mutant.wire(base)
		}
		tracker, err := s.site.connect(set, base, time.Now)
		must(err)
		var store reconcile.Store = cutStore{p.db, p}
		if w.mutant.store != nil {
			store = w.mutant.store(store, s)
		}
		if w.mutant.tracker != nil {
			tracker = w.mutant.tracker(tracker, s)
		}
		o := reconcile.Options{Source: s.name, Tracker: tracker, Store: store, Policy: set, Mode: reconcile.Mode(s.mode),
			Overlap: overlap, Scope: s.name, Now: time.Now, Log: slog.New(slog.DiscardHandler), Turn: p.turns[s.name]}
		if w.script.guarded {
			o.Guard = reconcile.Guard{MaxChanges: 12, MaxShare: 0.2}
		}
		if w.mutant.options != nil {
			w.mutant.options(&o)
		}
		c := reconcile.New(o)
		p.cyclers[s.name] = c
		// Each loop has moments of its own, so that no two ever meet.
		l := reconcile.NewLoop(c, beat{w.script.period, time.Duration(n*7919+13) * time.Microsecond}, sweeps, time.UTC, o.Log, func(r reconcile.Report) { w.cycled(s, c, r) })
		l.Start = time.Duration(n+1) * 1237 * time.Microsecond
		p.running.Go(func() { l.Run(ctx) })
	}
}

// overlap is what internal/app uses.
const overlap = 10 * time.Minute

// sweeps come once a day, a little before the night ends.
var sweeps = func() cron.Schedule {
	s, err := cron.ParseStandard("17 3 * * *")
	must(err)
	return s
}()

// beat is a schedule at every period, a little past it.
type beat struct{ period, offset time.Duration }

func (b beat) Next(t time.Time) time.Time {
	n := t.Truncate(b.period).Add(b.offset)
	for !n.After(t) {
		n = n.Add(b.period)
	}
	return n
}

// unload ends the loops and waits for them, as a reload and a stop do.
func (p *process) unload() {
	p.undoing.Wait()
	p.engine()
	p.running.Wait()
}

// stop ends the process in order.
func (p *process) stop() {
	p.unload()
	p.end()
	p.close()
}

// bury waits for what is left of a dead process and lets go of its file. What
// was committed stays in it, and nothing else.
func (p *process) bury() {
	p.end()
	p.unload()
	p.close()
}

func (p *process) close() {
	if err := p.db.Close(); err != nil {
		p.world.fail("the state does not close: %v", err)
	}
}

// point is a moment at which the process may die. It says whether it is alive.
func (p *process) point() bool {
	w := p.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.dead {
		return false
	}
	if p.left > 0 {
		if p.left--; p.left == 0 {
			w.note("the process dies")
			p.dead = true
			p.end()
			w.died <- struct{}{}
		}
	}
	return !p.dead
}

// cutStore is the state file of a process, to which a dead one commits nothing.
type cutStore struct {
	*state.DB
	p *process
}

func (s cutStore) Commit(b state.Batch) error {
	if !s.p.point() {
		return errDead
	}
	if err := s.DB.Commit(b); err != nil {
		s.p.world.fail("commit: %v", err)
		return err
	}
	s.p.world.committed(b)
	if !s.p.point() {
		return errDead
	}
	return nil
}

// committed counts what the state must hold from now on.
func (w *world) committed(b state.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, u := range b.Updates {
		if u.Decision != nil {
			w.decisions++
		}
	}
	plan := ""
	if b.Plan != nil {
		plan = string(b.Plan.Status)
	}
	w.note("%s commits %d records%s, %d entries, plan %s", b.Source, len(b.Updates), w.names(b.Updates), len(b.Entries), plan)
}

// names tells of each record what matters most when a trace is read.
func (w *world) names(list []state.Update) string {
	if !keepTrace {
		return ""
	}
	var b strings.Builder
	for _, u := range list {
		r := u.Record
		fmt.Fprintf(&b, " %s(absent %d gone %v open %v out %d)", r.Issue.Key, r.Absent, r.Issue.Gone, r.Issue.Open(), r.Outstanding)
	}
	return b.String()
}

// undo has an operator put back what was done to an issue or lately.
func (p *process) undo(s *source, e event) {
	u := reconcile.Undo{By: "operator"}
	if e.n < 70 {
		c := s.choose(e.pick)
		if c == nil {
			return
		}
		u.ID, u.Key = c.id, c.key
	} else {
		u.Since = p.world.now().Add(-time.Duration(e.n) * time.Minute)
	}
	c := p.cyclers[s.name]
	p.world.mu.Lock()
	s.undos++
	p.world.mu.Unlock()
	p.undoing.Go(func() {
		r := c.Undo(p.ctx, u)
		p.world.undone(s, r, u.ID != "")
	})
}

// undone takes note of what an undo restored: it stays until its time is over.
func (w *world) undone(s *source, r reconcile.Report, whole bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.undos--
	w.note("%s undo: %d lines, error %v", s.name, len(r.Lines), r.Err)
	for _, l := range r.Lines {
		c := s.cards[l.ID]
		if c == nil || c.gone || l.Change.Field == issue.FieldComment {
			continue
		}
		if l.Status == reconcile.FailedNow && !c.lately(l.Change.Field, w.now()) { // it may have arrived all the same
			c.hold(l.Change.Field, l.Change.To, w.now())
			c.holds[l.Change.Field].undo, c.holds[l.Change.Field].soft = true, true
		}
		if l.Status != reconcile.Applied {
			continue
		}
		if got := c.field(l.Change.Field); got != l.Change.To && !c.lately(l.Change.Field, w.now()) {
			w.flunk("%s %s: the undo says that %s is %q again, and it is %q", s.name, c.key, l.Change.Field, l.Change.To, got)
		}
		if first, ok := c.first[l.Change.Field]; ok && whole && c.people[l.Change.Field].IsZero() && l.Change.To != first {
			w.flunk("%s %s: the undo set %s to %q, and before our first change it was %q", s.name, c.key, l.Change.Field, l.Change.To, first)
		}
		if !c.lately(l.Change.Field, w.now()) {
			c.hold(l.Change.Field, l.Change.To, w.now())
			c.holds[l.Change.Field].undo = true
			s.soften(c, w.variant)
		}
	}
}

// cycled is called after each cycle of a source.
func (w *world) cycled(s *source, c *reconcile.Cycler, r reconcile.Report) {
	w.say("%s cycle: %d pulled, %d changed, swept %v, error %v", s.name, r.Pulled, r.Changed, r.Swept, r.Err)
	if r.Held != nil {
		if _, err := c.Approve(reconcile.Approval{Plan: r.Held.ID, By: "operator"}); err != nil && !w.isDead() {
			w.fail("%s: approve: %v", s.name, err)
		}
		w.say("%s plan of %d issues is approved", s.name, r.Held.Issues)
	}
	w.watch(s, r)
}

func (w *world) isDead() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.p.dead
}

// verify demands a sound state that holds everything committed so far.
func (w *world) verify(when string) {
	r, err := w.p.db.Verify()
	switch {
	case err != nil:
		w.fail("the state cannot be verified %s: %v", when, err)
	case !r.OK():
		w.fail("the state is not sound %s: %s", when, r.Problems[0])
	case r.Decisions != w.decisions:
		w.fail("%s the log has %d decisions, and %d were committed", when, r.Decisions, w.decisions)
	}
}

func (p *process) String() string { return fmt.Sprintf("process %d", p.world.starts) }
