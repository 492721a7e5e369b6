package reconcile

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/robfig/cron/v3"
)

const (
	// startJitter spreads the first cycles of several sources.
	startJitter = 3 * time.Second
	// backoffMost is the longest wait after a failure, however long pulls are
	// apart; a source that recovers is noticed within it.
	backoffMost = 10 * time.Minute
	// hintPause is how long a cycle waits after a hint, for hints come in bursts,
	// and hintGap the least time between two cycles that hints brought about.
	hintPause = time.Second
	hintGap   = 10 * time.Second
)

// Loop runs a Cycler on its schedules until its context ends. Two cycles of
// one source never overlap, and one source never waits for another.
type Loop struct {
	Cycler *Cycler
	Pull   cron.Schedule
	Sweep  cron.Schedule
	Zone   *time.Location
	Log    *slog.Logger
	// Start is the wait before the first cycle.
	Start time.Duration
	// After is called after each cycle.
	After  func(Report)
	kick   chan struct{}
	hint   chan struct{}
	hinted time.Time // when a hint last brought a cycle about
}

// NewLoop returns a Loop that Kick can wake.
func NewLoop(c *Cycler, pull, sweep cron.Schedule, zone *time.Location, log *slog.Logger, after func(Report)) *Loop {
	return &Loop{
		Cycler: c, Pull: pull, Sweep: sweep, Zone: zone, Log: log, Start: rand.N(startJitter), After: after,
		kick: make(chan struct{}, 1), hint: make(chan struct{}, 1),
	}
}

// Kick asks for a cycle now: a person waits for it. It never blocks.
func (l *Loop) Kick() { signal(l.kick) }

// Hint asks for a cycle soon: the tracker says that something changed. Many
// hints make few cycles, and a source in trouble is left alone. It never blocks.
func (l *Loop) Hint() { signal(l.hint) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run cycles until ctx ends, and returns after the running cycle has ended.
func (l *Loop) Run(ctx context.Context) {
	lastSweep := l.lastSweep()
	wait := l.Start
	failures, problem := 0, ""
	for {
		if !l.sleep(ctx, wait, failures == 0) {
			return
		}
		l.heed()
		now := l.Cycler.Now().In(l.Zone)
		due := !l.Sweep.Next(lastSweep.In(l.Zone)).After(now)
		r := l.Cycler.Run(ctx, Task{Sweep: due})
		if ctx.Err() != nil {
			return
		}
		if due { // a sweep that ended well is not repeated because a write failed
			lastSweep = l.lastSweep()
		}
		failures, problem = l.note(r, failures, problem)
		if l.After != nil {
			l.After(r)
		}
		wait = l.next(l.Cycler.Now().In(l.Zone), failures, r.Behind)
	}
}

// lastSweep is when the last sweep ended. A source that was never swept has
// just been read whole.
func (l *Loop) lastSweep() time.Time {
	st, err := l.Cycler.Store.Source(l.Cycler.Source)
	if err != nil || st.LastSweep.IsZero() {
		return l.Cycler.Now()
	}
	return st.LastSweep
}

// next is the wait until the next scheduled pull. After failures it is longer
// where pulls are frequent, and shorter where they are rare; so it is where the
// state is behind the tracker.
func (l *Loop) next(now time.Time, failures int, behind bool) time.Duration {
	wait := l.Pull.Next(now).Sub(now)
	if failures > 0 || behind {
		wait = min(wait, backoffMost)
	}
	if failures > 1 {
		wait = max(wait, min(backoffMost, time.Second<<min(failures, 10)))
	}
	return wait
}

// note logs a failure once, its repetitions at debug, and the recovery.
func (l *Loop) note(r Report, failures int, problem string) (int, string) {
	log := l.Log.With("source", r.Source)
	switch {
	case r.Err == nil && failures > 0:
		log.Info("recovered", "after", failures)
	case r.Err == nil:
		if r.Changed > 0 {
			log.Info("issues changed", "changed", r.Changed, "plan", r.Plan)
		}
	case r.Err.Error() != problem:
		log.Error("cycle failed", "failures", failures+1, "err", r.Err)
		return failures + 1, r.Err.Error()
	default:
		log.Debug("cycle failed again", "failures", failures+1, "err", r.Err)
		return failures + 1, problem
	}
	return 0, ""
}

// sleep waits for d, a kick, or what a hint leaves of it, and tells whether to
// go on.
func (l *Loop) sleep(ctx context.Context, d time.Duration, listen bool) bool {
	end := l.Cycler.Now().Add(d)
	t := time.NewTimer(max(0, d))
	defer t.Stop()
	hints := l.hint
	if !listen {
		hints = nil
	}
	for {
		select {
		case <-ctx.Done():
			return false
		case <-l.kick:
			return true
		case <-hints:
			hints = nil
			if soon := l.soon(); soon.Before(end) {
				l.hinted = soon
				t.Reset(soon.Sub(l.Cycler.Now()))
			}
		case <-t.C:
			return true
		}
	}
}

// heed drops a hint that came before the cycle which begins now and will see what
// it was about.
func (l *Loop) heed() {
	select {
	case <-l.hint:
	default:
	}
}

// soon is when a hint may bring a cycle about.
func (l *Loop) soon() time.Time {
	soon, gap := l.Cycler.Now().Add(hintPause), l.hinted.Add(hintGap)
	if gap.After(soon) {
		return gap
	}
	return soon
}
