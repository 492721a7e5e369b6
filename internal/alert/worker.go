package alert

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// retryLeast and retryMost bound the wait after a send that failed.
	retryLeast = 5 * time.Second
	retryMost  = 10 * time.Minute
	// stopGrace is how long a started send may go on when lanekeeper stops.
	stopGrace = 5 * time.Second
	// restorePeriod is how often what the store refused is offered again.
	restorePeriod = time.Minute
)

var errHangs = errors.New("the send before this one still hangs")

// worker tells one channel. It alone sends there, one message at a time.
type worker struct {
	*Channel
	m       *Manager
	kicked  chan struct{}
	limiter *rate.Limiter
	tries   int       // failed sends in a row
	after   time.Time // nothing is sent before
	stuck   *attempt  // a send that outlived its time
	posted  map[string]time.Time
}

// attempt is a send under way.
type attempt struct {
	batch
	done chan error
}

func newWorker(m *Manager, c *Channel) *worker {
	w := &worker{Channel: c, m: m, kicked: make(chan struct{}, 1), posted: map[string]time.Time{}, limiter: rate.NewLimiter(rate.Inf, 0)}
	if n := c.MaxPerHour; n > 0 {
		// What may come at once and what comes after it are n in an hour together.
		burst := (n + 1) / 2
		w.limiter = rate.NewLimiter(rate.Every(time.Hour/time.Duration(n+1-burst)), burst)
	}
	return w
}

// kick wakes the worker. It never blocks.
func (w *worker) kick() {
	select {
	case w.kicked <- struct{}{}:
	default:
	}
}

// run tells the channel what is due until ctx ends. A started send is finished
// and recorded.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		wait, ok := w.once(ctx)
		w.m.persist() // what was dropped
		if ok {
			continue
		}
		w.sleep(ctx, wait)
	}
}

// once sends one batch, or finds that it has to look again. Where there is nothing
// to send it returns how long to wait, negative for until something happens.
func (w *worker) once(ctx context.Context) (wait time.Duration, again bool) {
	now := w.m.Now()
	if wait := w.after.Sub(now); wait > 0 {
		return wait, false
	}
	b, wake := w.m.due(w, now)
	if len(b.items) == 0 {
		if wake.IsZero() {
			return -1, false
		}
		return wake.Sub(now), false
	}
	r := w.limiter.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return wait, false
	}
	if !w.m.doubt(b) {
		r.CancelAt(now)
		return 0, true // look again
	}
	w.settle(w.send(ctx, b))
	return 0, true
}

// settle records the outcome of a send and how long to wait after it.
func (w *worker) settle(b batch, err error) {
	now := w.m.Now()
	log := w.m.Log.With("channel", w.Name, "alerts", len(b.items))
	if err == nil {
		if w.tries > 0 {
			log.Info("alert channel works again", "after", w.tries)
		}
		w.tries, w.after = 0, time.Time{}
		if w.standing {
			for _, i := range b.items {
				w.posted[i.ID] = now
			}
		}
	} else {
		if w.tries == 0 {
			log.Warn("alerts not sent; they are tried again", "err", err)
		} else {
			log.Debug("alerts not sent again", "failures", w.tries+1, "err", err)
		}
		w.tries++
		w.after = now.Add(w.backoff())
	}
	w.m.record(b, err, now, w.after)
}

// backoff doubles with each failure and varies by a quarter, so that channels
// that failed together do not return together.
func (w *worker) backoff() time.Duration {
	d := min(retryMost, retryLeast<<min(w.tries-1, 10))
	return time.Duration(float64(d) * (0.75 + 0.25*w.m.Jitter()))
}

// send sends a batch within the channel's time. A sender that cannot be stopped
// is left behind, one at most: what it says in the end still counts. It returns
// what was really sent.
func (w *worker) send(ctx context.Context, b batch) (batch, error) {
	if w.stuck != nil {
		select {
		case err := <-w.stuck.done:
			old := w.stuck
			w.stuck = nil
			if err == nil {
				w.m.record(old.batch, nil, w.m.Now(), time.Time{})
				return w.again(ctx, b, old.batch)
			}
		default:
			return b, errHangs
		}
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.Timeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })()
	a := &attempt{b, make(chan error, 1)}
	go func() { a.done <- w.sender.send(limit, b) }()
	select {
	case err := <-a.done:
		return b, err
	case <-limit.Done():
		w.stuck = a
		return b, fmt.Errorf("no answer within %s: %w", w.Timeout, limit.Err())
	}
}

// again sends what of a batch a late success did not tell.
func (w *worker) again(ctx context.Context, b, late batch) (batch, error) {
	told := map[string]string{}
	for _, i := range late.items {
		told[i.ID] = i.do
	}
	rest := b
	rest.items = nil
	for _, i := range b.items {
		if told[i.ID] != i.do {
			rest.items = append(rest.items, i)
		}
	}
	if len(rest.items) == 0 {
		return rest, nil
	}
	return w.send(ctx, rest)
}

// sleep waits; a negative wait lasts until something happens.
func (w *worker) sleep(ctx context.Context, wait time.Duration) {
	var timer <-chan time.Time
	if wait >= 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-ctx.Done():
	case <-w.kicked:
	case <-timer:
	}
}

// swap asks Run to change channels.
type swap struct {
	channels []*Channel
	done     chan struct{}
}

// Run tells every channel what it is to be told until ctx ends. It returns after
// started sends have ended and are recorded.
func (m *Manager) Run(ctx context.Context) {
	m.mu.Lock()
	m.running = true
	m.mu.Unlock()
	for ctx.Err() == nil {
		run, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		m.mu.Lock()
		for _, w := range m.workers {
			wg.Go(func() { w.run(run) })
		}
		m.mu.Unlock()
		wg.Go(func() { m.restore(run) })
		select {
		case <-ctx.Done():
			stop()
			wg.Wait()
		case s := <-m.swaps:
			stop()
			wg.Wait()
			m.use(s.channels)
			m.persist()
			close(s.done)
		}
		stop()
	}
	m.mu.Lock()
	m.running = false
	m.mu.Unlock()
}

// restore offers the store again what it refused.
func (m *Manager) restore(ctx context.Context) {
	t := time.NewTicker(restorePeriod)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			m.persist()
		}
	}
}

// Swap gives a running Manager other channels. No alert is lost: what waits for
// a channel that stays goes on waiting for it.
func (m *Manager) Swap(ctx context.Context, channels []*Channel) error {
	m.mu.Lock()
	running := m.running
	m.mu.Unlock()
	if !running {
		m.use(channels)
		return nil
	}
	s := swap{channels, make(chan struct{})}
	select {
	case m.swaps <- s:
	case <-ctx.Done():
		return ctx.Err()
	}
	<-s.done
	return nil
}

// Flush tells every channel what it is to be told now, without waiting for
// groups to fill, and returns: for a program that does not stay. It must not be
// called beside Run. What fails waits for the next time.
func (m *Manager) Flush(ctx context.Context) {
	var wg sync.WaitGroup
	for _, w := range m.workers {
		c := *w.Channel
		c.GroupWait = 0
		w.Channel = &c
		wg.Go(func() {
			for ctx.Err() == nil && w.tries == 0 {
				if _, sent := w.once(ctx); !sent {
					return
				}
			}
		})
	}
	wg.Wait()
	m.persist()
}
