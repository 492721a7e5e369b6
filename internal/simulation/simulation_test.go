package simulation

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var (
	seeds = flag.Int("seeds", 6, "how many worlds to play")
	from  = flag.Uint64("from", 1, "the first of them")
	seed  = flag.Uint64("seed", 0, "play this world only")
	// shrinking bounds the search for the smallest world that fails.
	shrinking = flag.Duration("shrink", time.Minute, "how long to look for the fewest events that make a world fail")
	whole     = flag.Bool("whole", false, "print whole traces")
)

// A world keeps little in memory and makes much garbage.
func init() { debug.SetGCPercent(1000) }

// TestWorlds plays worlds and holds each to the promises.
func TestWorlds(t *testing.T) {
	keepTrace = *whole
	if raceEnabled {
		*seeds = min(*seeds, 3) // it takes eight times as long
	}
	first, last := *from, *from+uint64(*seeds)-1
	if *seed != 0 {
		first, last = *seed, *seed
	}
	for n := first; n <= last; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			s := write(n)
			v := play(t, s, mutant{})
			if v.problem == "" {
				t.Logf("%d lines, %d writes, %d alerts of which %d to the second, trace %x", v.lines, v.writes, v.told, v.judged, v.hash)
				show(t, v)
				return
			}
			report(t, s, v)
		})
	}
}

// play runs a script in a bubble of its own.
func play(t *testing.T, s script, m mutant) (v verdict) {
	dir, err := os.MkdirTemp(quickDir(), "lanekeeper-world-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	synctest.Test(t, func(t *testing.T) { v = run(s, m, dir) })
	return v
}

// quickDir is where files cost no disk: a world commits thousands of times.
func quickDir() string {
	if i, err := os.Stat("/dev/shm"); err == nil && i.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// report shows a failing world: how to play it again, and the fewest events that
// make it fail.
func report(t *testing.T, s script, v verdict) {
	t.Errorf("%s\nreplay: go test ./internal/simulation -run 'TestWorlds' -seed %d", v.problem, s.seed)
	if *whole {
		show(t, v)
		return
	}
	all := len(s.events)
	s, v = shrink(t, s, mutant{}, v, *shrinking)
	t.Logf("%d of %d events are enough: %s", len(s.events), all, v.problem)
	t.Logf("pull every %s, overrides for %s, guarded %v, policy %d, sources %+v", s.period, s.ttl, s.guarded, s.variant, s.sources)
	for _, e := range s.events {
		t.Log("  ", e)
	}
	t.Logf("the last of its trace:\n%s", strings.Join(v.trace[max(0, len(v.trace)-traceKept/2):], "\n"))
}

// show prints the whole trace, where that is asked for.
func show(t *testing.T, v verdict) {
	if *whole {
		t.Log(strings.Join(v.trace, "\n"))
	}
}

// TestReplay plays worlds twice: the traces must be the same, line by line.
func TestReplay(t *testing.T) {
	last := uint64(2)
	if raceEnabled {
		last = 1
	}
	for n := uint64(1); n <= last; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			a, b := play(t, write(n), mutant{}), play(t, write(n), mutant{})
			if a.hash != b.hash || a.lines != b.lines {
				t.Errorf("the first time %d lines with the hash %x, the second time %d with %x", a.lines, a.hash, b.lines, b.hash)
			}
		})
	}
}
