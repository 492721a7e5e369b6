package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/metrics"
)

// Check tries the configuration against the trackers without writing
// anything: credentials, permissions, projects, fields, labels. It needs no
// state, so it works beside a running daemon.
func Check(ctx context.Context, cfg *config.Config, o Options) answer.Check {
	a := stateless(o)
	found := make([][]answer.Finding, len(cfg.Sources))
	var wg sync.WaitGroup
	for n, s := range cfg.Sources {
		wg.Go(func() { found[n] = a.check(ctx, cfg, s) })
	}
	wg.Wait()
	var list []answer.Finding
	for _, w := range cfg.Warnings {
		list = append(list, answer.Finding{Level: answer.LevelWarning, What: "configuration", Text: w.String()})
	}
	list = append(list, a.checkAlerts(ctx, cfg)...)
	for _, f := range found {
		list = append(list, f...)
	}
	list = append(list, a.checkSLAs(ctx, cfg)...)
	list = append(list, a.checkRotas(ctx, cfg)...)
	return answer.NewCheck(list)
}

// stateless is an App that can only connect.
func stateless(o Options) *App {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &App{opts: o, metrics: metrics.New(prometheus.NewRegistry(), o.Build), budgets: newBudgets()}
}

func (a *App) check(ctx context.Context, cfg *config.Config, s config.Source) []answer.Finding {
	t, err := a.connect(cfg, s)
	if err != nil {
		return []answer.Finding{{Source: s.Name, Level: answer.LevelFailed, What: "connection", Text: err.Error()}}
	}
	found, err := t.Check(ctx)
	if err != nil {
		found = append(found, connectors.Finding{Level: connectors.Failed, What: "connection", Text: fmt.Sprintf("check stopped: %v", err)})
	}
	list := make([]answer.Finding, len(found))
	for n, f := range found {
		list[n] = answer.Finding{Source: s.Name, Level: string(f.Level), What: f.What, Text: f.Text, Fix: f.Fix}
	}
	if err == nil && !slices.ContainsFunc(list, func(f answer.Finding) bool { return f.Level == answer.LevelFailed }) {
		list = append(list, checkApprovers(ctx, t, cfg, s)...)
	}
	return list
}
