package simulation

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
)

var (
	seeds = flag.Int("seeds", 12, "how many worlds to play")
	seed  = flag.Uint64("seed", 0, "play this world only")
	whole = flag.Bool("whole", false, "print the whole trace of a failing world")
)

// TestWorlds plays worlds and holds each to the promises.
func TestWorlds(t *testing.T) {
	keepTrace = *whole
	first, last := uint64(1), uint64(*seeds)
	if *seed != 0 {
		first, last = *seed, *seed
	}
	for n := first; n <= last; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			s := write(n)
			v := play(t, s, mutant{})
			if v.problem == "" {
				t.Logf("%d lines, %d writes, trace %x", v.lines, v.writes, v.hash)
				return
			}
			report(t, s, mutant{}, v)
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

func report(t *testing.T, s script, m mutant, v verdict) {
	t.Errorf("%s", v.problem)
	for _, l := range v.trace {
		t.Log(l)
	}
}
