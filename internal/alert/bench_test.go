package alert

import (
	"fmt"
	"testing"
	"time"
)

// What a channel's worker looks through each time it wakes, with ten thousand
// alerts that last and were told.
func BenchmarkLookThroughTenThousand(b *testing.B) {
	var in inbox
	c := chatty("oncall", &in)
	m, err := New(Options{Store: newStore(b), Meter: newCounts(), Log: discard(), Now: time.Now}, []*Channel{c})
	if err != nil {
		b.Fatal(err)
	}
	var events []Event
	for n := range 10_000 {
		events = append(events, breach(fmt.Sprint(n)))
	}
	m.report(events)
	now := time.Now()
	for _, a := range m.live {
		d := delivery(a, c.Name)
		d.First, d.Last, d.Times = now, now, 1
	}
	w := m.workers[c.Name]
	b.ReportAllocs()
	for b.Loop() {
		if got, wake := m.due(w, now); len(got.items) > 0 || wake.IsZero() {
			b.Fatal("something is due")
		}
	}
}
