package reconcile_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
)

// forgetful knows no history until a moment.
type forgetful struct {
	*tracker
	until time.Time
}

func (f forgetful) History(ctx context.Context, ids []string) (map[string]issue.History, error) {
	if time.Now().Before(f.until) {
		return nil, &connectors.Error{Kind: connectors.Server, Op: "history"}
	}
	return f.tracker.History(ctx, ids)
}

func TestLoop(t *testing.T) {
	schedule := func(text string) cron.Schedule {
		s, err := cron.ParseStandard(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	// run lets a loop work in virtual time and returns the reports by their time.
	run := func(t *testing.T, pull string, d time.Duration, adjust ...func(*world)) (w *world, times []time.Time) {
		synctest.Test(t, func(t *testing.T) {
			w = newWorld(t, append(adjust, func(w *world) { w.opts.Now = time.Now; w.tracker.now = time.Now })...)
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			l := reconcile.NewLoop(w.cycler, schedule(pull), schedule("17 3 * * *"), time.UTC, slog.New(slog.DiscardHandler), func(r reconcile.Report) { times = append(times, time.Now()) })
			l.Run(ctx)
		})
		return w, times
	}
	t.Run("a sweep is done once a day", func(t *testing.T) {
		w, _ := run(t, "@every 15m", 49*time.Hour, func(w *world) { w.tracker.add(1, nil) })
		w.expect("sweeps", w.tracker.calls["ids"], 2)
	})
	t.Run("a sweep that went well is not repeated because writes fail", func(t *testing.T) {
		w, _ := run(t, "@every 15m", 25*time.Hour, func(w *world) {
			w.tracker.add(1, nil)
			w.tracker.stopped = &connectors.Error{Kind: connectors.Auth, Op: "edit"}
		})
		w.expect("sweeps", w.tracker.calls["ids"], 1)
	})
	t.Run("a source in trouble is asked ever less, and at least every ten minutes", func(t *testing.T) {
		_, times := run(t, "@every 1m", 3*time.Hour, func(w *world) { w.tracker.pullErr = &connectors.Error{Kind: connectors.Server, Op: "search"} })
		if n := len(times); n < 18 || n > 40 {
			t.Errorf("%d cycles in three hours of trouble", n)
		}
	})
	t.Run("a source in trouble is asked again within ten minutes, however rare pulls are", func(t *testing.T) {
		_, times := run(t, "0 0 1 1 *", 3*time.Hour, func(w *world) { w.tracker.pullErr = &connectors.Error{Kind: connectors.Server, Op: "search"} })
		if n := len(times); n != 18 {
			t.Errorf("%d cycles in three hours of trouble", n)
		}
	})
	t.Run("so is one whose SLA clocks are behind", func(t *testing.T) {
		_, times := run(t, "0 0 1 1 *", 3*time.Hour, clocked, func(w *world) {
			w.tracker.add(1, bug)
			w.opts.Tracker = forgetful{w.tracker, time.Now().Add(time.Hour)}
		})
		if n := len(times); n < 6 || n > 8 {
			t.Errorf("%d cycles, want one in ten minutes for an hour", n)
		}
	})
	t.Run("many hints make few cycles, soon", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(w *world) { w.opts.Now = time.Now; w.tracker.now = time.Now })
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			var times []time.Duration // since the hints began
			hints := time.Now().Add(10 * time.Minute)
			l := reconcile.NewLoop(w.cycler, schedule("0 0 1 1 *"), schedule("17 3 * * *"), time.UTC, slog.New(slog.DiscardHandler), func(reconcile.Report) {
				times = append(times, time.Since(hints))
			})
			go func() {
				time.Sleep(time.Until(hints))
				for range 100 {
					l.Hint()
					time.Sleep(100 * time.Millisecond)
				}
			}()
			l.Run(ctx)
			if len(times) != 3 || times[1] != time.Second || times[2] != 11*time.Second {
				t.Errorf("cycles at %v, want the first, one a second after the hints began, and one ten seconds later", times)
			}
		})
	})
	t.Run("a source in trouble does not listen to hints", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(w *world) { w.opts.Now = time.Now; w.tracker.now = time.Now })
			w.tracker.pullErr = &connectors.Error{Kind: connectors.Server, Op: "search"}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			n := 0
			l := reconcile.NewLoop(w.cycler, schedule("@every 1m"), schedule("17 3 * * *"), time.UTC, slog.New(slog.DiscardHandler), func(reconcile.Report) { n++ })
			go func() {
				for range 700 {
					l.Hint()
					time.Sleep(5 * time.Second)
				}
			}()
			l.Run(ctx)
			if n > 18 {
				t.Errorf("%d cycles in an hour of trouble", n)
			}
		})
	})
	t.Run("a stop in the middle of the wait ends at once", func(t *testing.T) {
		_, times := run(t, "@every 1m", 90*time.Second, func(w *world) { w.tracker.add(1, func(i *issue.Issue) {}) })
		if len(times) != 2 {
			t.Errorf("cycles at %v", times)
		}
	})
}
