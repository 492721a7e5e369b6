package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/oncall"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

// reload asks the daemon to change engines.
type reload struct {
	engine *engine
	done   chan struct{} // closed when the new engine runs and its channels are told
}

// Run is the daemon: one loop for each source, the signals, the rotas, the alerts, the
// retention and the web server, until ctx ends. It returns after everything it started has
// ended; a started write may finish under its own deadline and is recorded.
// ready is called with the address once the server listens.
func (a *App) Run(ctx context.Context, ready func(net.Addr)) error {
	cfg := a.current().cfg
	listener, err := net.Listen("tcp", cfg.Server.Listen)
	if err != nil {
		return fmt.Errorf("listen for the page, API and metrics: %w (server.listen in the configuration)", err)
	}
	handler, err := a.handler()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if ready != nil {
		ready(listener.Addr())
	}
	for _, s := range a.current().sources {
		a.measure(a.current(), s)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return web.Serve(ctx, listener, handler, cfg.Server.WebConfigFile, a.opts.Log) })
	g.Go(func() error { a.Work(ctx); return nil })
	return g.Wait()
}

// Work is the daemon without its server. It returns after everything it started
// has ended.
func (a *App) Work(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { a.engines(ctx) })
	wg.Go(func() { a.alerts.Run(ctx) })
	wg.Wait()
}

// handler serves the page, the API, health and metrics.
func (a *App) handler() (http.Handler, error) {
	return web.New(web.Options{
		Issues: a, Log: a, Overview: a, Planner: a, Operator: a, Keeper: a, Rights: a, Alerts: a, Health: a,
		Metrics:  promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{Registry: a.registry}),
		Webhooks: a,
		Reload:   a.Reload,
		Now:      a.opts.Now,
		Logger:   a.opts.Log,
	})
}

// engines runs the present engine, and the next one after each reload.
func (a *App) engines(ctx context.Context) {
	e := a.current()
	var loaded chan struct{}
	for {
		run, stop := context.WithCancel(ctx)
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			a.loops(run, e)
		}()
		if loaded != nil {
			if err := a.alerts.Swap(ctx, e.cfg.Alerts.Receivers(a.opts.AlertTransport)); err != nil {
				a.opts.Log.Debug("alert channels not changed: lanekeeper stops", "err", err)
			}
			close(loaded)
		}
		select {
		case <-ctx.Done():
			stop()
			<-stopped
			return
		case r := <-a.reloads:
			stop()
			<-stopped
			a.replace(r.engine)
			e, loaded = r.engine, r.done
		}
	}
}

// replace makes an engine the current one and forgets the metrics of sources
// and rotas that are gone.
func (a *App) replace(e *engine) {
	a.mu.Lock()
	old := a.engine
	a.engine = e
	a.mu.Unlock()
	for _, s := range e.sources {
		if was := old.source(s.Name); was != nil {
			s.succeed(was)
		} else {
			a.metrics.Source(s.Name)
		}
	}
	for _, s := range old.sources {
		if e.source(s.Name) == nil {
			a.metrics.Forget(s.Name)
		}
	}
	for _, r := range old.cfg.OnCall {
		if !slices.ContainsFunc(e.cfg.OnCall, func(n oncall.Spec) bool { return n.Name == r.Name }) {
			a.metrics.ForgetRota(r.Name)
		}
	}
}

// loops runs every source of an engine until ctx ends.
func (a *App) loops(ctx context.Context, e *engine) {
	var g errgroup.Group
	zone := e.cfg.Schedule.Timezone.Location
	a.alerts.KeepSources(e.sourceNames())
	a.refreshSignals(ctx, e)
	a.refreshRotas(ctx, e)
	a.buildClocks(e)
	g.Go(func() error { a.runClocks(ctx, e); return nil })
	g.Go(func() error { a.runReports(ctx, e); return nil })
	for _, s := range e.sources {
		l := a.opts.Seams.loop(reconcile.NewLoop(s.cycler, e.cfg.Schedule.Pull.Schedule, e.cfg.Schedule.Sweep.Schedule, zone, a.opts.Log, func(r reconcile.Report) {
			defer a.alerts.Gather()()
			a.publish(e, s, r)
			a.watch(e, s)
			a.watchClocks(e, s)
		}))
		s.setLoop(l)
		g.Go(func() error { l.Run(ctx); return nil })
	}
	if e.signals != nil {
		g.Go(func() error {
			every(ctx, signalPeriod, func() { a.refreshSignals(ctx, e) })
			return nil
		})
	}
	if e.rotas != nil {
		g.Go(func() error {
			every(ctx, rotaPeriod, func() { a.refreshRotas(ctx, e) })
			return nil
		})
	}
	g.Wait() // loops have no error to give: each keeps its own
}

// every calls fn at each period until ctx ends.
func every(ctx context.Context, period time.Duration, fn func()) {
	t := time.NewTicker(period)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			fn()
		}
	}
}

// Reload reads the configuration again, builds everything that can fail, and
// then swaps. A bad file leaves the running configuration in place. The
// address and the state file stay those of the start.
func (a *App) Reload(ctx context.Context) (answer.Reload, error) {
	out, err := a.reload(ctx)
	a.metrics.ConfigLoaded(err == nil)
	if err != nil {
		a.opts.Log.Error("configuration not reloaded; the running one stays", "err", err)
	}
	return out, err
}

func (a *App) reload(ctx context.Context) (answer.Reload, error) {
	if a.opts.Load == nil {
		return answer.Reload{}, web.Errorf(web.Conflict, "this lanekeeper has no configuration file to read again")
	}
	cfg, err := a.opts.Load()
	if err != nil {
		return answer.Reload{}, web.Errorf(web.Invalid, "%w", err)
	}
	if old := a.current().cfg; cfg.State.Path != old.State.Path || cfg.Server != old.Server {
		return answer.Reload{}, web.Errorf(web.Conflict, "state.path and server cannot change while running: restart lanekeeper")
	}
	e, err := a.build(cfg)
	if err != nil {
		return answer.Reload{}, web.Errorf(web.Invalid, "%w", err)
	}
	r := reload{engine: e, done: make(chan struct{})}
	select {
	case a.reloads <- r:
	case <-ctx.Done():
		return answer.Reload{}, ctx.Err()
	}
	<-r.done // whatever becomes of ctx: it is carried out as a whole
	a.opts.Log.Info("configuration reloaded", "policy", cfg.Set.Hash())
	return answer.Reload{Reloaded: true, PolicyHash: cfg.Set.Hash()}, nil
}
