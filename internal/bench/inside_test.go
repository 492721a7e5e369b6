package bench

import (
	"os"
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/app"
	"github.com/lanekeeper/lanekeeper/internal/bench/fastserver"
	"github.com/lanekeeper/lanekeeper/internal/config"
)

// BenchmarkFirstPull runs a first pull inside this process, for the profilers
// of go test: -bench FirstPull/dc -benchtime 1x -issues 100000 -cpuprofile cpu.
func BenchmarkFirstPull(b *testing.B) {
	for _, shape := range shapes() {
		b.Run(shape, func(b *testing.B) {
			server := start(b, fastserver.Options{Issues: *issueCount})
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
	env := func(name string) (string, bool) {
		if name == "BENCH_TOKEN" {
			return "token", true
		}
		return os.LookupEnv(name)
	}
	cfg, err := config.Load(p.config, env)
	if err != nil {
		b.Fatal(err)
	}
	a, err := app.New(cfg, app.Options{Env: env})
	if err != nil {
		b.Fatal(err)
	}
	cycle := a.Once(b.Context(), false)
	if err := a.Close(); err != nil {
		b.Fatal(err)
	}
	if sources, changes := cycle.Failures(); sources+changes > 0 {
		b.Fatalf("%d sources and %d changes failed: %+v", sources, changes, cycle.Sources)
	}
}
