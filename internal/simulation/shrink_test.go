package simulation

import (
	"slices"
	"testing"
	"time"
)

// shrink leaves out events as long as the world still fails: halves first, then
// smaller pieces, then one by one, until nothing more can go or the time is
// over. It returns the smallest script and its verdict.
func shrink(t *testing.T, s script, m mutant, v verdict, most time.Duration) (script, verdict) {
	end := time.Now().Add(most)
	fails := func(events []event) bool {
		try := s
		try.events = events
		got := play(t, try, m)
		if got.problem == "" {
			return false
		}
		s, v = try, got
		return true
	}
	for size := max(1, len(s.events)/2); ; {
		before := len(s.events)
		for at := 0; at < len(s.events); {
			if time.Now().After(end) {
				return s, v
			}
			if !fails(slices.Delete(slices.Clone(s.events), at, min(at+size, len(s.events)))) {
				at += size
			}
		}
		if size == 1 && len(s.events) == before {
			return s, v
		}
		size = max(1, size/2)
	}
}
