package state

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/google/uuid"
)

const benchBatch = 1000

// benchCommit commits b.N updates in batches and reports updates a second and
// bytes of file for each.
func benchCommit(b *testing.B, id func(n int) string) {
	d := openTemp(b)
	all := firstPull("jira", 0, b.N)
	for n := range all {
		all[n].Record.Issue.ID = id(n)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += benchBatch {
		commit(b, d, Batch{Source: "jira", Updates: all[n:min(n+benchBatch, b.N)]})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
	b.ReportMetric(float64(d.Size())/float64(b.N), "file-B/issue")
}

// BenchmarkCommitRising is a first pull in the order of ids.
func BenchmarkCommitRising(b *testing.B) {
	benchCommit(b, func(n int) string { return strconv.Itoa(10000 + n) })
}

// BenchmarkCommitScattered is a first pull of a tracker with random ids.
func BenchmarkCommitScattered(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	benchCommit(b, func(int) string {
		var u uuid.UUID
		for n := range u {
			u[n] = byte(r.Uint32())
		}
		return u.String()
	})
}
