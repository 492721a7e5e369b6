//go:build unix

package app

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/state"
)

var (
	clocksOfDay = flag.Int("clocks", 1000, "running clocks of the simulated day")
	hoursOfDay  = flag.Int("hours", 2, "hours of it that are simulated")
)

// cpu is the time that this process has worked.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	fatal(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// The demand is 100,000 running clocks in a hundredth of a core. A day with a target
// of 72 hours is simulated, or the first hours of it: a sixth of the issues is at
// risk as it begins, in each hour 2.3 % more come to be, and all of their alerts are
// stored. Every ten seconds all clocks are looked through, as after a cycle that an
// instant asked for; what such a cycle asks the tracker is not in the figure.
//
//	go test ./internal/app -run TestADayOfClocks -v -clocks 100000 -hours 24 -timeout 2h
func TestADayOfClocksCostsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := bytes.Replace(demoConfig, []byte("{respond: 5m, resolve: 1h}"), []byte("{resolve: 72h}"), 1)
		cfg, err := config.Parse(filepath.Join(t.TempDir(), "demo.yaml"), text, config.Options{Env: func(k string) (string, bool) { v, ok := demoEnv[k]; return v, ok }})
		fatal(t, err)
		a, err := New(cfg, Options{Log: slog.New(slog.DiscardHandler)})
		fatal(t, err)
		defer func() { fatal(t, a.Close()) }()
		now := time.Now().UTC().Truncate(time.Millisecond)
		batch := state.Batch{Source: "payments", Now: now}
		for n := range *clocksOfDay {
			r := underSLA(n+1, now)
			since := now.Add(-time.Duration(n) * ((43*time.Hour + 12*time.Minute) / time.Duration(*clocksOfDay)))
			r.Issue.Created, r.Memory.LaneSince, r.Clock.Lanes[0].From = since.Add(-time.Hour), since, since
			batch.Updates = append(batch.Updates, state.Update{Record: r})
			if len(batch.Updates) == 1000 || n+1 == *clocksOfDay {
				fatal(t, a.store.Commit(batch))
				batch.Updates = nil
			}
		}
		e := a.current()
		began := cpu(t)
		a.buildClocks(e)
		e.source("payments").note(nil, now) // as after the first cycle
		built := cpu(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); a.runClocks(ctx, e) }()
		looks := 0
		for end := now.Add(time.Duration(*hoursOfDay) * time.Hour); time.Now().Before(end); looks++ {
			time.Sleep(10 * time.Second)
			a.watchClocks(e, e.source("payments"))
		}
		cancel()
		<-done
		took := cpu(t) - built
		share := took.Seconds() / float64(*hoursOfDay) / 3600
		live, err := a.store.LiveAlerts()
		fatal(t, err)
		t.Logf("%d clocks: built in %v of CPU; then %v of CPU an hour, %.3f %% of a core; %d looks through all, %d alerts last",
			*clocksOfDay, built-began, took/time.Duration(*hoursOfDay), 100*share, looks, len(live))
		if share > 0.01 {
			t.Errorf("%d clocks take %.3f of a core, want at most a hundredth", *clocksOfDay, share)
		}
	})
}
