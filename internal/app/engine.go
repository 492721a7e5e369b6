package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/linear"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/metrics"
	"github.com/lanekeeper/lanekeeper/internal/oncall"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/internal/signal"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// overlap is how far a pull reaches back before the last one: the trackers'
	// indexes show some changes minutes late (facts of both trackers).
	overlap = 10 * time.Minute
	// signalPeriod is how often signals are read.
	signalPeriod = time.Minute
)

// tracker is a connected source.
type tracker interface {
	reconcile.Source
	reconcile.Directory
	// Check tries what a cycle needs without writing anything.
	Check(ctx context.Context) ([]connectors.Finding, error)
	// Webhook checks a call of the tracker and tells what changed. It asks the
	// tracker nothing.
	Webhook(h http.Header, body []byte) (connectors.Notice, error)
}

// engine is everything that one configuration builds. A reload makes a new
// one; the state and the server stay.
type engine struct {
	cfg     *config.Config
	sources []*source // in the order of the configuration
	signals *signal.Set
	rotas   *oncall.Set // nil: none
}

// source is one configured tracker at work.
type source struct {
	config.Source
	tracker tracker
	cycler  *reconcile.Cycler

	mu       sync.Mutex
	loop     *reconcile.Loop   // nil while none runs
	good     time.Time         // when the last good cycle of this process ended
	cycled   bool              // a cycle of this process has ended
	failures int               // cycles in a row, whether recorded or not
	failed   error             // the newest
	alarms   map[string]string // what is out of bounds, by lane and mark
}

// note counts a cycle that failed or went well; one that was stopped is neither.
func (s *source) note(err error, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.failures, s.failed, s.good, s.cycled = 0, nil, now, true
	case !errors.Is(err, context.Canceled):
		s.failures, s.failed, s.cycled = s.failures+1, err, true
	}
}

// tried tells that a cycle has ended, well or not.
func (s *source) tried() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cycled
}

// succeed takes over what the source of the same name knew before a reload.
func (s *source) succeed(old *source) {
	old.mu.Lock()
	good, cycled := old.good, old.cycled
	old.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.good, s.cycled = good, cycled
}

// fresh tells that a cycle went well a moment ago.
func (s *source) fresh(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(s.good) < freshFor
}

// failing is how many cycles in a row failed in this process, and why the last.
func (s *source) failing() (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures, s.failed
}

func (s *source) setLoop(l *reconcile.Loop) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loop = l
}

// wake asks the source's loop for a cycle now.
func (s *source) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loop != nil {
		s.loop.Kick()
	}
}

// hint asks the source's loop for a cycle soon.
func (s *source) hint() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loop != nil {
		s.loop.Hint()
	}
}

func (e *engine) source(name string) *source {
	for _, s := range e.sources {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// build makes an engine. Whatever can fail without a request fails here.
func (a *App) build(cfg *config.Config) (*engine, error) {
	e := &engine{cfg: cfg}
	if len(cfg.Signals) > 0 {
		e.signals = signal.New(cfg.Signals, &http.Client{Timeout: 30 * time.Second}, a.opts.Now, a.opts.Log)
	}
	trackers := map[string]tracker{}
	for _, sc := range cfg.Sources {
		s := &source{Source: sc}
		var err error
		if s.tracker, err = a.connect(cfg, sc); err != nil {
			return nil, fmt.Errorf("source %s: %w", sc.Name, err)
		}
		trackers[s.Name] = s.tracker
		e.sources = append(e.sources, s)
	}
	e.rotas = a.newRotas(cfg, trackers)
	for _, s := range e.sources {
		s.cycler = reconcile.New(a.opts.Seams.cycler(a.cyclerOptions(e, s)))
	}
	return e, nil
}

func (a *App) cyclerOptions(e *engine, s *source) reconcile.Options {
	o := reconcile.Options{
		Source: s.Name, Tracker: s.tracker, Store: a.store, Policy: e.cfg.Set, Mode: reconcile.Mode(s.Mode),
		Guard:   guardOf(e.cfg.Guard),
		Overlap: overlap, Scope: scope(e.cfg, s.Source), Now: a.opts.Now, Log: a.opts.Log, Observer: a.metrics,
		Turn: a.turn(s.Name), Directory: s.tracker, Exclusive: s.Linear != nil,
		MailsEdits: s.Jira != nil,
		NoDue:      s.Linear != nil && s.Linear.Dates == linear.DatesNone,
		Stored:     func(r *state.Record) { a.stored(e, s, r) },
	}
	if s.Linear != nil && s.Linear.Dates == linear.DatesSLA {
		o.DueZone = time.UTC // the field is an instant, at the end of a day in UTC
	}
	if e.signals != nil {
		o.Signals = func() policy.Signals { return e.signals.Snapshot() }
	}
	o.Rotas = e.rotasOf(s)
	if a.opts.Progress != nil {
		o.Progress = func(done, total int) { a.opts.Progress(s.Name, done, total) }
	}
	return o
}

func guardOf(g config.Guard) reconcile.Guard {
	out := reconcile.Guard{MaxChanges: g.MaxChanges, MaxShare: g.MaxShare, Expires: g.Expires, Approval: g.ApprovalExpires, Lanes: map[string]int{}}
	for lane, l := range g.Lanes {
		out.Lanes[lane] = l.MaxChanges
	}
	return out
}

// connect makes the connector of a source.
func (a *App) connect(cfg *config.Config, s config.Source) (tracker, error) {
	var base http.RoundTripper
	if a.opts.Transport != nil {
		base = a.opts.Transport(s.Name)
	}
	meter := meter{a.metrics.Tracker(s.Name), a.budgets, s.Name}
	log := a.opts.Log.With("source", s.Name)
	if s.Jira != nil {
		return jira.New(s.Jira.Settings(), jira.Options{
			Source: s.Name, Inputs: inputs(cfg, s) | a.opts.Needs, Base: base, Log: log, Metrics: meter, Now: a.opts.Now,
		})
	}
	return linear.New(s.Linear.Settings(), linear.Options{
		Source: s.Name, Inputs: inputs(cfg, s) | a.opts.Needs, LabelPrefixes: prefixes(cfg.Set), Base: base, Log: log, Metrics: meter, Now: a.opts.Now,
	})
}

// inputs are the fields that a source must load: those that the policies and
// their SLA clocks read, and who reported an issue where comments introduce people
// to a lane.
func inputs(cfg *config.Config, s config.Source) issue.Inputs {
	in := cfg.Set.Needs() | cfg.Set.ClockNeeds()
	if s.Mode == "suggest" {
		in |= issue.InputReporter
	}
	for _, p := range cfg.Set.Policies() {
		spec := p.Spec()
		if spec.Comments.Enforce == "first" || slices.ContainsFunc(spec.Lanes, func(l policy.LaneSpec) bool { return l.Mode == "suggest" }) {
			in |= issue.InputReporter
		}
	}
	return in
}

// prefixes are the managed label prefixes of all policies.
func prefixes(set *policy.Set) []string {
	out := []string{string(issue.FieldLane), string(issue.FieldHorizon), string(issue.FieldSLA)}
	for _, p := range set.Policies() {
		for _, m := range p.Spec().Marks {
			out = append(out, m.Prefix)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// scope fingerprints what is read from a source: a change of it asks for a
// new first pull.
func scope(cfg *config.Config, s config.Source) string {
	h := sha256.New()
	needs := inputs(cfg, s) | issue.InputManaged
	if j := s.Jira; j != nil {
		fmt.Fprintf(h, "jira %q %q %q %q %v %v %s", j.URL, j.Projects, j.JQL, j.Fields, j.Priorities, j.Kinds, needs)
	}
	if l := s.Linear; l != nil {
		fmt.Fprintf(h, "linear %q %q %s", l.URL, l.Teams, needs)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// meter passes a connector's measurements on and remembers its budgets.
type meter struct {
	metrics.Tracker
	budgets *budgets
	source  string
}

func (m meter) Budget(name string, remaining float64) {
	m.Tracker.Budget(name, remaining)
	m.budgets.set(m.source, name, remaining)
}

// budgets are the newest readings of every source's request budgets.
type budgets struct {
	mu sync.Mutex
	m  map[string]map[string]float64
}

func newBudgets() *budgets { return &budgets{m: map[string]map[string]float64{}} }

func (b *budgets) set(source, name string, v float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.m[source] == nil {
		b.m[source] = map[string]float64{}
	}
	b.m[source][name] = v
}

func (b *budgets) of(source string) map[string]float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]float64{}
	for k, v := range b.m[source] {
		out[k] = v
	}
	return out
}
