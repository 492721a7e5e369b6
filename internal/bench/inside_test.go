package bench

import (
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/bench/fastserver"
)

// BenchmarkFirstPull runs a first pull inside this process, for the profilers
// of go test: -bench FirstPull/dc -benchtime 1x -issues 100000 -cpuprofile cpu.
func BenchmarkFirstPull(b *testing.B) {
	for _, shape := range shapes() {
		b.Run(shape, func(b *testing.B) {
			server := start(b, fastserver.Options{Issues: *issueCount, Latency: delays(b)[0]})
			b.ReportAllocs()
			for b.Loop() {
				once(b, install(b, shape, server.base, "observe", ""))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N**issueCount), "ns/issue")
		})
	}
}

// once is what the command does, without printing.
func once(b *testing.B, p place) {
	a := p.open()
	cycle := a.OnceBounded(b.Context())
	if err := a.Close(); err != nil {
		b.Fatal(err)
	}
	if sources, changes := cycle.Failures(); sources+changes > 0 {
		b.Fatalf("%d sources and %d changes failed: %+v", sources, changes, cycle.Sources)
	}
}
