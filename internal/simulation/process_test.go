package simulation

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/alert"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// process is lanekeeper from a start to a stop or a death: the real one, but for
// its server, since a bubble has no listeners.
type process struct {
	world   *world
	n       int // how many were started before, and this one
	app     *app.App
	db      *state.DB // of the app
	ctx     context.Context
	end     context.CancelFunc
	working sync.WaitGroup
	undoing sync.WaitGroup

	// What follows is guarded by world.mu.
	dead  bool
	over  bool // stopped or dead, and buried
	died  time.Time
	left  int       // points of the source until the death; 0: none is near
	prey  string    // the source
	since time.Time // when the present configuration began to run
}

// start opens the state and lets the daemon work.
func (w *world) start() {
	w.starts++
	p := &process{world: w, n: w.starts, since: w.now()}
	p.ctx, p.end = context.WithCancel(connectors.Steady(context.Background()))
	w.mu.Lock()
	w.p = p
	w.processes = append(w.processes, p)
	for _, s := range w.sources {
		s.running, s.before = s.mode, ""
	}
	w.mu.Unlock()
	var err error
	p.app, err = app.New(w.config(), app.Options{
		Now:       time.Now,
		Transport: p.transport,
		Load:      func() (*config.Config, error) { return w.config(), nil },
		Seams:     app.Seams{Cycler: p.cycler, Loop: p.loop, Alerts: p.alerts},
	})
	if err != nil {
		w.fail("lanekeeper does not start: %v", err)
		return
	}
	w.verify("at the start")
	if w.mutant.start != nil && w.starts > 1 {
		w.mutant.start(p)
	}
	p.working.Go(func() { p.app.Work(p.ctx) })
}

// config is the configuration as it stands now in its file.
func (w *world) config() *config.Config {
	c := *baseConfig()
	c.Set = compile(w.variant, w.script.ttl, w.script.starts)
	c.Policy = c.Set.For("", "").Spec()
	c.State.Path = filepath.Join(w.dir, "state.db")
	c.Sources = nil
	for _, s := range w.sources {
		src := s.site.config()
		src.Name, src.Mode = s.name, config.Mode(s.mode)
		c.Sources = append(c.Sources, src)
	}
	c.Guard = config.Guard{}
	if w.script.guarded {
		c.Guard = config.Guard{MaxChanges: 12, MaxShare: 0.2}
	}
	c.Schedule.Sweep.Schedule = sweeps
	c.Alerts.Channels = append([]config.Channel(nil), c.Alerts.Channels...)
	for n := range c.Alerts.Channels {
		ch := &c.Alerts.Channels[n]
		ch.URL = connectors.NewSecret("generic://" + w.host() + "/" + ch.Name + "?disabletls=yes")
	}
	return &c
}

// baseConfig is what the configurations of all worlds have in common.
var baseConfig = sync.OnceValue(func() *config.Config {
	const text = "`{{range .Items}}{{.Event}} {{.Status}} {{or .Ref .Source}} {{.StartsAt.UnixMilli}}\\n{{end}}`"
	c, err := config.Parse("lanekeeper.yaml", []byte(fmt.Sprintf(`
mode: observe
sources: [{name: x, linear: {url: "https://linear.example", auth: {api_key_env: KEY}, teams: [ENG]}}]
schedule: {timezone: UTC, pull: "@every 1h", sweep: "17 3 * * *"}
alerts:
  repeat: %s
  timeout: 20s
  channels:
    - {name: oncall, url_env: URL, events: [sla_warning, sla_breached, sla_met], group_wait: 0s, max_listed: 100, template: %s}
    - {name: team, url_env: URL, group_wait: 30s, max_listed: 100, template: %[2]s}
`, repeat, strings.ReplaceAll(text, "`", "\""))), config.Options{Env: func(string) (string, bool) { return "generic://hooks.example/x", true }})
	must(err)
	return c
})

// repeat is after how long a lasting alert is told again.
const repeat = 4 * day

func (p *process) transport(source string) http.RoundTripper {
	s := p.world.source(source)
	var base http.RoundTripper = &wire{process: p, src: s, base: s.site.transport()}
	if p.world.mutant.wire != nil {
		base = p.world.mutant.wire(base)
	}
	return base
}

// cycler puts the deaths, and the mistakes of a mutant, into a source's cycler.
func (p *process) cycler(o *reconcile.Options) {
	w, s := p.world, p.world.source(o.Source)
	p.db = o.Store.(*state.DB)
	o.Store = cutStore{p.db, p}
	if w.mutant.store != nil {
		o.Store = w.mutant.store(o.Store, s)
	}
	if w.mutant.tracker != nil {
		o.Tracker = w.mutant.tracker(o.Tracker, s)
	}
	if w.mutant.options != nil {
		w.mutant.options(o)
	}
}

// loop gives each loop moments of its own, so that no two ever meet.
func (p *process) loop(l *reconcile.Loop) {
	w := p.world
	s := w.source(l.Cycler.Source)
	n := time.Duration(w.position(s))
	l.Pull = beat{w.script.period, (n*7919 + 13) * time.Microsecond}
	l.Start = (n + 1) * 1237 * time.Microsecond
	after := l.After
	l.After = func(r reconcile.Report) {
		after(r)
		w.cycled(s, r)
	}
}

func (p *process) alerts(o *alert.Options) {
	o.Jitter = func() float64 { return 0.5 }
	o.Store = cutAlerts{p.db, p}
	if p.world.mutant.alerts != nil {
		o.Store = p.world.mutant.alerts(o.Store)
	}
}

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

// stop ends the process in order, and waits for what is left of a dead one. What
// was committed stays in its file, and nothing else.
func (p *process) stop() {
	p.end()
	p.undoing.Wait()
	p.working.Wait()
	p.world.mu.Lock()
	p.over = true
	p.world.mu.Unlock()
	if err := p.app.Close(); err != nil {
		p.world.fail("the state does not close: %v", err)
	}
}

// reload has the process read what is configured now.
func (p *process) reload() {
	if _, err := p.app.Reload(p.ctx); err != nil && p.ctx.Err() == nil {
		p.world.fail("reload: %v", err)
	}
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	p.since = p.world.now()
}

// point is a moment at which the process may die, in what it does for a source.
// It says whether it is alive.
func (p *process) point(source string) bool {
	w := p.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.dead || p.over {
		return false
	}
	if p.left > 0 && (source == p.prey || source == "") {
		if p.left--; p.left == 0 {
			w.note(source, "the process dies")
			p.dead, p.died = true, w.now()
			p.end()
			w.died <- struct{}{}
		}
	}
	return !p.dead
}

// gone tells that the process is dead or was stopped.
func (p *process) gone() bool {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	return p.dead || p.over
}

// cutStore is the state of a process, to which a dead one commits nothing.
type cutStore struct {
	*state.DB
	p *process
}

func (s cutStore) Commit(b state.Batch) error {
	if !s.p.point(b.Source) {
		return errDead
	}
	if err := s.DB.Commit(b); err != nil {
		s.p.world.fail("commit: %v", err)
		return err
	}
	s.p.world.committed(b)
	if !s.p.point(b.Source) {
		return errDead
	}
	return nil
}

// cutAlerts is cutStore for alerts. How many stores several channels need is
// chance, so that these are no points: the process dies as messages arrive.
type cutAlerts struct {
	*state.DB
	p *process
}

func (s cutAlerts) PutAlerts(list []state.Alert) error {
	if s.p.gone() {
		return errDead
	}
	err := s.DB.PutAlerts(list)
	if err != nil {
		s.p.world.fail("store alerts: %v", err)
	}
	return err
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
	w.note(b.Source, "%s commits %d records%s, %d entries, plan %s", b.Source, len(b.Updates), w.names(b.Updates), len(b.Entries), plan)
}

// names tells of each record what matters most when a trace is read.
func (w *world) names(list []state.Update) string {
	if !keepTrace {
		return ""
	}
	var b strings.Builder
	for _, u := range list {
		r := u.Record
		fmt.Fprintf(&b, " %s(absent %d gone %v open %v out %d lane %s applied %v", r.Issue.Key, r.Absent, r.Issue.Gone, r.Issue.Open(), r.Outstanding, r.Memory.Lane, r.Applied)
		for _, o := range r.Overrides {
			fmt.Fprintf(&b, " %s %s=%q", o.Kind, o.Field, o.Value)
		}
		b.WriteString(")")
	}
	return b.String()
}

// undo has an operator put back what was done to an issue, or lately to all.
func (p *process) undo(s *source, e event) {
	u := web.UndoRequest{By: "operator"}
	of := p.world.sources
	if e.n < 70 {
		c := s.choose(e.pick)
		if c == nil {
			return
		}
		u.Ref, of = s.name+"/"+c.key, []*source{s}
	} else {
		u.Since = p.world.now().Add(-time.Duration(e.n) * time.Minute)
	}
	p.world.mu.Lock()
	for _, s := range of {
		s.undos++
		s.retry(nil)
	}
	p.world.mu.Unlock()
	p.undoing.Go(func() {
		done, err := p.app.Undo(p.ctx, u)
		p.world.undone(of, done, err, u.Ref != "")
	})
}

// undone takes note of what an undo restored: it stays until its time is over.
func (w *world) undone(of []*source, done answer.Undo, err error, whole bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range of {
		s.undos--
		w.note(s.name, "%s undo: %d lines, error %v", s.name, len(done.Changes), err)
	}
	if err != nil {
		for _, s := range of {
			s.perhapsUndone()
		}
	}
	for _, l := range done.Changes {
		s := w.source(issue.ParseRef(l.Ref).Source)
		c := s.cards[l.ID]
		if c == nil || c.gone || l.Field == issue.FieldComment {
			continue
		}
		c.undone = true
		if l.Status == answer.Failed && !c.lately(l.Field, w.now()) { // it may have arrived all the same
			before := c.holds[l.Field]
			c.hold(l.Field, l.To, w.now())
			c.holds[l.Field].undo, c.holds[l.Field].soft, c.holds[l.Field].before = true, true, before
		}
		if l.Status != answer.Applied {
			continue
		}
		if got := c.field(l.Field); got != l.To && !c.lately(l.Field, w.now()) {
			w.flunk("%s %s: the undo says that %s is %q again, and it is %q", s.name, c.key, l.Field, l.To, got)
		}
		if first, ok := c.first[l.Field]; ok && whole && c.people[l.Field].IsZero() && l.To != first {
			w.flunk("%s %s: the undo set %s to %q, and before our first change it was %q", s.name, c.key, l.Field, l.To, first)
		}
		if !c.lately(l.Field, w.now()) {
			c.hold(l.Field, l.To, w.now())
			c.holds[l.Field].undo = true
			// Time alone changes what policy wants of these.
			c.holds[l.Field].soft = l.Field == issue.FieldSLA || l.Field == issue.FieldDue
			s.soften(c, w.variant)
		}
	}
}

// perhapsUndone takes note of what an undo that failed may have restored: it is
// told nothing of, and found out later.
func (s *source) perhapsUndone() {
	for _, c := range s.cards {
		for _, f := range fields {
			if c.wrote[f] && c.holds[f] == nil && c.field(f) != c.own[f] {
				c.hold(f, c.field(f), s.world.now())
				c.holds[f].undo, c.holds[f].soft, c.undone = true, true, true
			}
		}
	}
}

// cycled is called after each cycle of a source.
func (w *world) cycled(s *source, r reconcile.Report) {
	w.say(s.name, "%s cycle: %d pulled, %d changed, swept %v, error %v", s.name, r.Pulled, r.Changed, r.Swept, r.Err)
	if r.Held != nil {
		if _, err := w.p.app.Approve(w.p.ctx, web.ApproveRequest{Plan: r.Held.ID, By: "operator"}); err != nil && !w.isDead() {
			w.fail("%s: approve: %v", s.name, err)
		}
		w.say(s.name, "%s plan of %d issues is approved", s.name, r.Held.Issues)
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
