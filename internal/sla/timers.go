// Package sla wakes the daemon when time alone changes how an issue stands with
// an SLA. It knows instants and nothing of policies: whoever computes a clock
// tells it when to look again.
package sla

import (
	"context"
	"iter"
	"math"
	"sync"
	"time"
)

// Key names one clock: an issue by its source and id, and an SLA.
type Key struct{ Source, ID, SLA string }

// Due is a clock whose instant has come.
type Due struct {
	Key Key
	At  time.Time // the instant that was set, not when it was noticed
}

// batch bounds how many clocks are handed over at once.
const batch = 1000

// longest is how long the timer sleeps at most. A timer measures time as it
// passes; the clock on the wall may be set meanwhile, and is looked at again.
const longest = 30 * time.Second

// Timers holds one instant for each clock and tells of those that have come. It
// is safe for concurrent use; one goroutine, that of Run, does the waiting. A
// Timers must not be copied.
type Timers struct {
	mu    sync.Mutex
	heap  []entry       // the earliest first
	place map[Key]int32 // in the heap
	wake  chan struct{}
}

type entry struct {
	at  int64 // ns since 1970
	key Key
}

// nanos is an instant in ns since 1970. One beyond what these can count, in the
// year 2262, is the last of them.
func nanos(at time.Time) int64 {
	if last := time.Unix(0, math.MaxInt64); at.After(last) {
		return math.MaxInt64
	}
	return at.UnixNano()
}

// New returns timers without any clock.
func New() *Timers {
	return &Timers{place: map[Key]int32{}, wake: make(chan struct{}, 1)}
}

// Set gives a clock its next instant in place of the one before; the zero time
// takes the clock out. An instant that is over comes at once.
func (t *Timers) Set(k Key, at time.Time) {
	if at.IsZero() {
		t.Remove(k)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.first()
	if n, ok := t.place[k]; ok {
		t.heap[n].at = nanos(at)
		t.fix(int(n))
	} else {
		t.heap = append(t.heap, entry{nanos(at), k})
		t.place[k] = int32(len(t.heap) - 1)
		t.up(len(t.heap) - 1)
	}
	t.nudge(first)
}

// Remove takes a clock out: its issue is done, gone or out of the SLA.
func (t *Timers) Remove(k Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.first()
	if n, ok := t.place[k]; ok {
		t.drop(int(n))
	}
	t.nudge(first)
}

// Rebuild replaces all clocks, as after a start or a reload. Instants that are
// over come at once; that they were acted on before, the receiver knows from
// its own records.
func (t *Timers) Rebuild(all iter.Seq2[Key, time.Time]) {
	heap, place := []entry(nil), map[Key]int32{}
	for k, at := range all {
		if at.IsZero() {
			continue
		}
		if n, ok := place[k]; ok {
			heap[n].at = nanos(at)
			continue
		}
		place[k] = int32(len(heap))
		heap = append(heap, entry{nanos(at), k})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.first()
	t.heap, t.place = heap, place
	for n := len(heap)/2 - 1; n >= 0; n-- {
		t.down(n)
	}
	t.nudge(first)
}

// Len is the number of clocks that are waited for.
func (t *Timers) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.heap)
}

// Next is the earliest instant; zero: there is none.
func (t *Timers) Next() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.heap) == 0 {
		return time.Time{}
	}
	return time.Unix(0, t.heap[0].at)
}

// Run hands clocks to fire as their instants come, the earliest first, those
// that come together at once. A clock that was handed over is out until it is
// set again, which fire may do. Run ends with the context, and returns its
// error, or with the first error of fire; the clocks that fire had then are out.
func (t *Timers) Run(ctx context.Context, fire func(context.Context, []Due) error) error {
	timer := time.NewTimer(longest)
	defer timer.Stop()
	for {
		due, wait := t.due(time.Now())
		if len(due) > 0 {
			if err := fire(ctx, due); err != nil {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.wake:
		case <-timer.C:
		}
	}
}

// due takes out the clocks whose instant has come, or tells how long to wait.
func (t *Timers) due(now time.Time) (out []Due, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.heap) > 0 && len(out) < batch && t.heap[0].at <= now.UnixNano() {
		e := t.heap[0]
		t.drop(0)
		out = append(out, Due{e.key, time.Unix(0, e.at)})
	}
	if len(t.heap) == 0 {
		return out, longest
	}
	return out, min(longest, time.Duration(t.heap[0].at-now.UnixNano()))
}

// first is the earliest instant, 0 where there is none.
func (t *Timers) first() int64 {
	if len(t.heap) == 0 {
		return 0
	}
	return t.heap[0].at
}

// nudge wakes Run where the earliest instant is another now.
func (t *Timers) nudge(before int64) {
	if t.first() == before {
		return
	}
	select {
	case t.wake <- struct{}{}:
	default: // it is being woken already
	}
}
