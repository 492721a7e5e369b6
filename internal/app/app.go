// Package app builds the parts of lanekeeper from a configuration, starts them
// and stops them in reverse, and answers what people and machines ask.
package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/lanekeeper/lanekeeper/internal/alert"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/metrics"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

// Options are what an App takes beside its configuration.
type Options struct {
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Transport reaches the tracker of a source; nil is the network. The demo
	// and tests give a simulator's handler.
	Transport func(source string) http.RoundTripper
	// AlertTransport reaches the Alertmanagers; nil is the network.
	AlertTransport http.RoundTripper
	// RotaTransport reaches the calendars and documents of rotas; nil is the
	// network.
	RotaTransport http.RoundTripper
	// Load reads the configuration again, for a reload; nil allows none.
	Load func() (*config.Config, error)
	// Progress is told how far a first pull has come; total 0 is not known.
	Progress func(source string, done, total int)
	// Env looks up environment variables; nil knows none.
	Env   func(string) (string, bool)
	Build metrics.Build
	// Needs are issue fields to load beside those that the policy reads.
	Needs issue.Inputs
	// Seams are for tests.
	Seams Seams
}

// App is lanekeeper on one state file.
type App struct {
	opts     Options
	store    *state.DB
	registry *prometheus.Registry
	metrics  *metrics.Metrics
	budgets  *budgets
	alerts   *alert.Manager
	began    time.Time // the process
	clocks   *clocks
	contests contests

	mu     sync.RWMutex
	engine *engine // what the present configuration built
	// turns has one cycle or undo of a source run at a time, also where the
	// engines of two configurations live side by side around a reload.
	turns map[string]reconcile.Turn

	reloads chan reload
}

// New opens the state and builds everything that the configuration names. No
// request leaves the process yet. Close must be called.
func New(cfg *config.Config, o Options) (*App, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	store, err := state.Open(cfg.State.Path, state.Options{Log: o.Log})
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	a := &App{opts: o, store: store, registry: prometheus.NewRegistry(), budgets: newBudgets(), began: o.Now(), clocks: newClocks(), reloads: make(chan reload), turns: map[string]reconcile.Turn{}}
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.metrics = metrics.New(a.registry, o.Build)
	if a.engine, err = a.build(cfg); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	if err := a.newAlerts(cfg); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	for _, s := range a.engine.sources {
		a.metrics.Source(s.Name)
	}
	a.metrics.ConfigLoaded(true)
	return a, nil
}

// Close releases the state file; it is the last thing to be called.
func (a *App) Close() error {
	if err := a.store.Close(); err != nil {
		return fmt.Errorf("close state: %w", err)
	}
	return nil
}

// turn is what the cyclers of a source share.
func (a *App) turn(source string) reconcile.Turn {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.turns[source] == nil {
		a.turns[source] = reconcile.NewTurn()
	}
	return a.turns[source]
}

// current is the engine of the present configuration.
func (a *App) current() *engine {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.engine
}
