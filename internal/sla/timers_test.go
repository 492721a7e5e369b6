package sla_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/lanekeeper/lanekeeper/internal/sla"
)

func key(id string) sla.Key { return sla.Key{Source: "payments", ID: id, SLA: "urgent-fix"} }

// record keeps what was fired, and when.
type record struct {
	mu    sync.Mutex
	fired []string
	late  time.Duration // the most
}

func (r *record) fire(_ context.Context, due []sla.Due) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range due {
		r.fired = append(r.fired, d.Key.ID)
		r.late = max(r.late, time.Since(d.At))
	}
	return nil
}

func (r *record) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.fired
	r.fired = nil
	return out
}

// running runs timers in a bubble until the test's function is over.
func running(t *testing.T, fire func(context.Context, []sla.Due) error, test func(*sla.Timers)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		timers := sla.New()
		var group sync.WaitGroup
		group.Go(func() {
			if err := timers.Run(ctx, fire); !errors.Is(err, context.Canceled) {
				t.Errorf("run: %v", err)
			}
		})
		test(timers)
		cancel()
		group.Wait()
	})
}

func TestClocksFireAtTheirInstant(t *testing.T) {
	var r record
	running(t, r.fire, func(timers *sla.Timers) {
		now := time.Now()
		want := func(when string, ids ...string) {
			t.Helper()
			synctest.Wait()
			if got := r.take(); !slices.Equal(got, ids) {
				t.Errorf("%s: %v fired, want %v", when, got, ids)
			}
		}
		timers.Set(key("a"), now.Add(3*time.Hour))
		timers.Set(key("b"), now.Add(2*time.Hour))
		timers.Set(key("c"), now.Add(2*time.Hour))
		timers.Set(key("over"), now.Add(-time.Hour))
		want("what is over comes at once", "over")
		time.Sleep(2*time.Hour - time.Nanosecond)
		want("just before")
		time.Sleep(time.Nanosecond)
		want("at the instant, together", "b", "c")
		timers.Set(key("a"), now.Add(4*time.Hour))
		timers.Set(key("d"), now.Add(3*time.Hour))
		timers.Set(key("e"), now.Add(3*time.Hour))
		timers.Remove(key("e"))
		time.Sleep(time.Hour)
		want("later, and taken out", "d")
		timers.Set(key("a"), time.Now().Add(time.Minute))
		time.Sleep(time.Minute)
		want("sooner", "a")
		timers.Set(key("a"), time.Now().Add(time.Minute))
		timers.Set(key("a"), time.Time{})
		time.Sleep(time.Hour)
		want("the zero time takes out")
		if timers.Len() != 0 || !timers.Next().IsZero() {
			t.Errorf("%d clocks are left", timers.Len())
		}
	})
	if r.late > time.Hour { // "over" was an hour late by itself
		t.Errorf("a clock was %v late", r.late)
	}
}

func TestFireMaySetTheClockAgain(t *testing.T) {
	n := 0
	var timers *sla.Timers
	fire := func(_ context.Context, due []sla.Due) error {
		n++
		timers.Set(due[0].Key, due[0].At.Add(time.Hour))
		return nil
	}
	running(t, fire, func(x *sla.Timers) {
		timers = x
		x.Set(key("a"), time.Now().Add(time.Hour))
		time.Sleep(10*time.Hour + time.Minute)
		synctest.Wait()
		if n != 10 {
			t.Errorf("fired %d times, want 10", n)
		}
	})
}

func TestARebuildReplacesAllClocks(t *testing.T) {
	var r record
	running(t, r.fire, func(timers *sla.Timers) {
		now := time.Now()
		timers.Set(key("old"), now.Add(time.Minute))
		timers.Rebuild(maps.All(map[sla.Key]time.Time{
			key("b"): now.Add(2 * time.Minute), key("a"): now.Add(time.Minute), key("over"): now.Add(-time.Minute), key("none"): {},
		}))
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := r.take(); !slices.Equal(got, []string{"over", "a", "b"}) {
			t.Errorf("%v fired", got)
		}
	})
}

func TestAnErrorOfTheReceiverEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timers, broken := sla.New(), errors.New("broken")
		timers.Set(key("a"), time.Now().Add(time.Hour))
		if err := timers.Run(t.Context(), func(context.Context, []sla.Due) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("run: %v", err)
		}
	})
}

func TestManyThatComeTogetherComeInBatches(t *testing.T) {
	most, sum := 0, 0
	fire := func(_ context.Context, due []sla.Due) error {
		most, sum = max(most, len(due)), sum+len(due)
		return nil
	}
	running(t, fire, func(timers *sla.Timers) {
		at := time.Now().Add(time.Hour)
		for n := range 2500 {
			timers.Set(key(fmt.Sprint(n)), at)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if most != 1000 || sum != 2500 {
			t.Errorf("%d came, at most %d at once", sum, most)
		}
	})
}

// TestTheOrderIsThatOfAPlainList compares the heap with a map that is sorted.
func TestTheOrderIsThatOfAPlainList(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 1<<20), 0, 200).Draw(rt, "steps")
		synctest.Test(t, func(t *testing.T) {
			timers, plain, start := sla.New(), map[sla.Key]time.Time{}, time.Now()
			for _, s := range steps {
				k, at := key(fmt.Sprint(s%30)), start.Add(time.Duration(s/30)*time.Second+time.Second)
				if s%7 == 0 {
					timers.Remove(k)
					delete(plain, k)
				} else {
					timers.Set(k, at)
					plain[k] = at
				}
			}
			want := slices.SortedFunc(maps.Keys(plain), func(a, b sla.Key) int {
				if c := plain[a].Compare(plain[b]); c != 0 {
					return c
				}
				if a.ID < b.ID {
					return -1
				}
				return 1
			})
			var got []sla.Key
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go timers.Run(ctx, func(_ context.Context, due []sla.Due) error {
				for _, d := range due {
					got = append(got, d.Key)
				}
				return nil
			})
			time.Sleep(20 * time.Hour)
			synctest.Wait()
			if !slices.Equal(got, want) {
				t.Errorf("fired %v, want %v", got, want)
			}
			cancel()
			synctest.Wait()
		})
	})
}

// many is as many clocks as the promise is about.
const many = 100_000

func keys() []sla.Key {
	out := make([]sla.Key, many)
	for n := range out {
		out[n] = sla.Key{Source: "payments", ID: fmt.Sprintf("%08d", n), SLA: "urgent-fix"}
	}
	return out
}

func TestAHundredThousandClocksFitInto64MiB(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	timers, at := sla.New(), time.Now().Add(time.Hour)
	for n, k := range keys() {
		timers.Set(k, at.Add(time.Duration(n*7919%many)*time.Second))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d clocks take %.1f MiB", timers.Len(), float64(used)/(1<<20))
	if used > 64<<20 {
		t.Errorf("%d bytes", used)
	}
}

func BenchmarkSet(b *testing.B) {
	timers, all, at := sla.New(), keys(), time.Now().Add(24*time.Hour)
	for n, k := range all {
		timers.Set(k, at.Add(time.Duration(n)*time.Second))
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		timers.Set(all[n*7919%many], at.Add(time.Duration(n*104729%many)*time.Second))
	}
}

func BenchmarkRebuild(b *testing.B) {
	all, at := keys(), time.Now().Add(24*time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		sla.New().Rebuild(func(yield func(sla.Key, time.Time) bool) {
			for n, k := range all {
				if !yield(k, at.Add(time.Duration(n*7919%many)*time.Second)) {
					return
				}
			}
		})
	}
}

// A target of a hundred years and more is a slip, and no reason to be told at once
// and again and again.
func TestAnInstantBeyondWhatAClockCountsNeverComes(t *testing.T) {
	var r record
	running(t, r.fire, func(timers *sla.Timers) {
		far := time.Date(2290, 1, 1, 0, 0, 0, 0, time.UTC)
		timers.Set(key("a"), far)
		timers.Rebuild(maps.All(map[sla.Key]time.Time{key("a"): far, key("b"): far.AddDate(200, 0, 0)}))
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := r.take(); len(got) != 0 {
			t.Errorf("%v fired", got)
		}
	})
}
