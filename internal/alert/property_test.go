package alert

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/state"
)

var seeds = flag.Int("seeds", 12, "worlds that the property test makes")

var errDead = errors.New("the process is dead")

// process is one life of lanekeeper: it ends in the middle of whatever it does
// when its steps are used up. Nothing that it tries after that has an effect.
type process struct {
	mu    sync.Mutex
	steps int // left; below 0 is without end
	dead  bool
}

// step tells whether one more step is taken. The last one is taken and is never
// answered: a send that arrived, a write that was made.
func (p *process) step() (taken, answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return false, false
	}
	if p.steps > 0 {
		p.steps--
	}
	p.dead = p.steps == 0
	return true, !p.dead
}

func (p *process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

// mortalStore is a store that its process can die in.
type mortalStore struct {
	*state.Memory
	*process
	before bool // it dies before the write, otherwise after
}

func (s *mortalStore) PutAlerts(list []state.Alert) error {
	taken, answered := s.step()
	if !taken || s.before && !answered {
		return errDead
	}
	if err := s.Memory.PutAlerts(list); err != nil {
		return err
	}
	if !answered {
		return errDead
	}
	return nil
}

// unreliable is a receiver that fails at random, and keeps what arrived for
// longer than any process lives.
type unreliable struct {
	mu      sync.Mutex
	rand    *rand.Rand
	process *process
	failing float64
	told    map[string][]telling // by alert
}

type telling struct {
	at     time.Time
	status string
}

func (u *unreliable) send(_ context.Context, b batch) error {
	u.mu.Lock()
	p, takes := u.process, time.Duration(max(0, u.rand.IntN(10)-5))*time.Second
	u.mu.Unlock()
	taken, answered := p.step()
	if !taken {
		return errDead
	}
	time.Sleep(takes) // less than a stop waits for; much may happen meanwhile
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.rand.Float64() < u.failing {
		return errDown
	}
	for n := range b.items {
		x := &b.items[n]
		u.told[x.ID] = append(u.told[x.ID], telling{time.Now(), status(x)})
	}
	if !answered {
		return errDead
	}
	return nil
}

// world is a seeded run: things that begin and end, people and processes that
// come and go.
type world struct {
	t        *testing.T
	rand     *rand.Rand
	store    *state.Memory
	channels []*unreliable
	lasting  map[string]Event
	moments  []Event
	process  *process
	crashes  int
	manager  *Manager
	stop     func()
}

func (w *world) start(faults bool) {
	w.process = &process{steps: -1}
	if faults {
		w.process.steps = 1 + w.rand.IntN(60)
	}
	var channels []*Channel
	for n, u := range w.channels {
		u.mu.Lock()
		u.process = w.process
		u.mu.Unlock()
		c := chatty(fmt.Sprint("c", n), nil)
		c.sender, c.Repeat = u, 0
		if n == 1 {
			c.Repeat = 2 * time.Hour
		}
		channels = append(channels, c)
	}
	m, err := New(Options{
		Store: &mortalStore{w.store, w.process, w.rand.IntN(2) == 0}, Meter: newCounts(), Log: discard(), Now: time.Now,
		Retention: 90 * 24 * time.Hour, Jitter: func() float64 { return 0.5 },
	}, channels)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); m.Run(ctx) }()
	w.manager, w.stop = m, func() { cancel(); <-done }
}

// report says what the callers know: what lasts, and the moments of late.
func (w *world) report() {
	var list []Event
	for n := range 12 {
		if e, ok := w.lasting[fmt.Sprint(n)]; ok {
			list = append(list, e)
		}
	}
	w.manager.Sync("payments", []Kind{SLABreached}, list, nil)
	w.manager.Report(w.moments...)
}

func (w *world) act() {
	id := fmt.Sprint(w.rand.IntN(12))
	switch _, lasts := w.lasting[id]; {
	case w.rand.IntN(6) == 0:
		w.moments = append(w.moments, Event{Kind: SLAMet, Source: "payments", Issue: Issue{ID: id}, StartsAt: time.Now(), Summary: "met"})
	case lasts:
		delete(w.lasting, id)
	default:
		w.lasting[id] = breach(id)
	}
	w.report()
}

// pause is the time between two things that happen, often short enough for the
// second to come while the first is being told.
func (w *world) pause() time.Duration {
	return time.Duration(w.rand.IntN([]int{10, 600}[w.rand.IntN(2)])) * time.Second
}

func (w *world) run() {
	w.start(true)
	for range 250 {
		time.Sleep(w.pause())
		if w.rand.IntN(20) == 0 {
			u := w.channels[w.rand.IntN(len(w.channels))]
			u.mu.Lock()
			u.failing = []float64{0, 0.3, 1}[w.rand.IntN(3)]
			u.mu.Unlock()
		}
		if w.process.isDead() {
			w.crashes++
			w.stop()
			w.start(true)
		}
		w.act()
	}
	// The faults stop: a last life without any.
	w.stop()
	for _, u := range w.channels {
		u.mu.Lock()
		u.failing = 0
		u.mu.Unlock()
	}
	w.crashes++ // the last stop may have been one
	w.start(false)
	w.report()
	time.Sleep(30 * time.Minute)
	w.stop()
}

// check holds what arrived against what happened.
func (w *world) check(seed int) {
	for n, u := range w.channels {
		for id, list := range u.told {
			// Each crash may repeat one message of a channel.
			if extra := w.twice(seed, n, id, list); extra > w.crashes {
				w.t.Errorf("seed %d, channel %d: %s told twice %d times with %d crashes: %v", seed, n, id, extra, w.crashes, list)
			}
		}
		for id := range 12 {
			e := breach(fmt.Sprint(id))
			_, lasts := w.lasting[fmt.Sprint(id)]
			list := u.told[e.ID()]
			told := len(list) > 0 && list[len(list)-1].status != "resolved"
			if told != lasts {
				w.t.Errorf("seed %d, channel %d: PAY-%d lasts is %t and it was told %v; the store has %s", seed, n, id, lasts, list, w.stored(e.ID()))
			}
		}
		for _, e := range w.moments {
			if len(u.told[e.ID()]) == 0 {
				w.t.Errorf("seed %d, channel %d: %s was never told", seed, n, e.ID())
			}
		}
	}
}

// stored shows what the store has of an alert, the newest first.
func (w *world) stored(id string) (text string) {
	err := w.store.EachAlert(time.Time{}, func(a state.Alert) bool {
		if a.ID == id {
			text += fmt.Sprintf("\n  raised %s, ended %s, live %t, %+v", a.Raised, a.EndedAt, a.Live, a.Sent)
		}
		return true
	})
	if err != nil {
		w.t.Error(err)
	}
	return text
}

// twice counts what was told twice in a row in one alert's story.
func (w *world) twice(seed, channel int, id string, list []telling) (extra int) {
	last := telling{status: "resolved"}
	for n, x := range list {
		switch {
		case x.status == "repeated":
			if x.at.Sub(last.at) < 2*time.Hour-time.Minute {
				extra++
			}
			if channel != 1 {
				w.t.Errorf("seed %d, channel %d: %s was repeated", seed, channel, id)
			}
		case n > 0 && (x.status == "resolved") == (last.status == "resolved"):
			extra++
		case n == 0 && x.status == "resolved":
			extra++ // told after a crash hid whether its beginning was
		}
		last = x
	}
	return extra
}

// Seeded streams of events, crashes at any step, channels that fail at random:
// none is lost, and none is told twice but by a crash.
func TestNoneIsLostAndNoneIsToldTwice(t *testing.T) {
	for seed := range *seeds {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(seed), 4))
			w := &world{t: t, rand: r, store: newStore(t), lasting: map[string]Event{}}
			for n := range 3 {
				w.channels = append(w.channels, &unreliable{rand: rand.New(rand.NewPCG(uint64(seed), uint64(n))), told: map[string][]telling{}})
			}
			w.run()
			w.check(seed)
		})
		if t.Failed() {
			return
		}
	}
}

// Without any crash nothing is told twice, whatever fails.
func TestWithoutACrashNothingIsToldTwice(t *testing.T) {
	for seed := range *seeds {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(seed), 5))
			w := &world{t: t, rand: r, store: newStore(t), lasting: map[string]Event{}}
			w.channels = []*unreliable{
				{rand: rand.New(rand.NewPCG(uint64(seed), 1)), told: map[string][]telling{}, failing: 0.4},
				{rand: rand.New(rand.NewPCG(uint64(seed), 2)), told: map[string][]telling{}},
			}
			w.start(false)
			for range 250 {
				time.Sleep(w.pause())
				w.act()
				if w.rand.IntN(10) == 0 { // an orderly restart is no crash
					w.stop()
					w.start(false)
				}
			}
			w.channels[0].mu.Lock()
			w.channels[0].failing = 0
			w.channels[0].mu.Unlock()
			time.Sleep(time.Hour)
			w.stop()
			w.check(seed)
			for _, u := range w.channels {
				for id, list := range u.told {
					if n := w.twice(seed, 1, id, list); n > 0 {
						t.Errorf("seed %d: %s: %v", seed, id, list)
					}
				}
			}
		})
		if t.Failed() {
			return
		}
	}
}
