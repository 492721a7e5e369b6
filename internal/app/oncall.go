package app

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/oncall"
	"github.com/lanekeeper/lanekeeper/policy"
)

// rotaPeriod is how often rotas are read. Calendars tell the future, so a
// hand-over is not late by it.
const rotaPeriod = 5 * time.Minute

// newRotas prepares the rotas of a configuration, nil for none. The sources whose
// lanes ask Linear who is responsible for triage answer for their teams.
func (a *App) newRotas(cfg *config.Config, trackers map[string]tracker) *oncall.Set {
	if len(cfg.OnCall) == 0 {
		return nil
	}
	triage := map[string]oncall.Triager{}
	for _, s := range cfg.Sources {
		names := cfg.RotasOf(s)
		asks := slices.ContainsFunc(cfg.OnCall, func(r oncall.Spec) bool { return r.LinearTriage && slices.Contains(names, r.Name) })
		if one, ok := trackers[s.Name].(oncall.Triager); ok && asks {
			triage[s.Name] = one
		}
	}
	return oncall.New(cfg.OnCall, oncall.Options{Client: a.rotaClient(), Now: a.opts.Now, Log: a.opts.Log, Triage: triage})
}

func (a *App) rotaClient() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: a.opts.RotaTransport}
}

// rotasOf gives the policies of a source who is on duty, nil where none asks.
func (e *engine) rotasOf(s *source) func() policy.Rotas {
	names := e.cfg.RotasOf(s.Source)
	if len(names) == 0 || e.rotas == nil {
		return nil
	}
	return func() policy.Rotas { return e.rotas.Snapshot(s.Name, names) }
}

// refreshRotas reads the rotas and says which are known. What could not be read
// is in the log.
func (a *App) refreshRotas(ctx context.Context, e *engine) {
	if e.rotas == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_ = e.rotas.Refresh(ctx) // each rota has logged its own
	list := e.rotas.Status()
	for _, r := range e.cfg.OnCall {
		told, known := false, true
		for _, s := range list {
			if s.Rota == r.Name {
				told, known = true, known && s.Known()
			}
		}
		a.metrics.Rota(r.Name, told && known)
	}
}
