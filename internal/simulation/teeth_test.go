package simulation

import (
	"flag"
	"os"
	"testing"
)

// teeth is the longest search for a planted mistake, in worlds.
var teeth = flag.Int("teeth", teethDefault(), "how many worlds may pass before a planted mistake is found; few of them are looked for unless LANEKEEPER_LONG is set")

// quickTeeth are the mistakes that few worlds find.
const quickTeeth = 4

func teethDefault() int {
	if os.Getenv("LANEKEEPER_LONG") != "" {
		return 200
	}
	return 12
}

// TestTeeth plants mistakes and demands that each is found within the worlds
// that -teeth allows. A simulation that finds nothing proves nothing.
func TestTeeth(t *testing.T) {
	if raceEnabled {
		t.Skip("TestWorlds shows the race detector the same code")
	}
	list := mutants
	if os.Getenv("LANEKEEPER_LONG") == "" {
		list = list[:quickTeeth]
	}
	for _, m := range list {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			for n := uint64(1); n <= uint64(*teeth); n++ {
				v := play(t, write(n), m)
				if v.problem == "" {
					continue
				}
				t.Logf("found in world %d: %s", n, v.problem)
				if honest := play(t, write(n), mutant{}); honest.problem != "" {
					t.Errorf("and the world fails without the mistake: %s", honest.problem)
				}
				return
			}
			t.Errorf("not found in %d worlds", *teeth)
		})
	}
}
