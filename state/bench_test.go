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

// benchStore is a store of 20,000 issues from a first pull.
func benchStore(b *testing.B) *DB {
	d := openTemp(b)
	for n := 0; n < 20000; n += benchBatch {
		commit(b, d, Batch{Source: "jira", Updates: firstPull("jira", n, benchBatch)})
	}
	b.ReportAllocs()
	b.ResetTimer()
	return d
}

// BenchmarkCommitAgain stores issues anew that changed here and there, in
// batches of 100.
func BenchmarkCommitAgain(b *testing.B) {
	d := benchStore(b)
	r := rand.New(rand.NewPCG(1, 2))
	for n := 0; n < b.N; n += 100 {
		var list []Update
		for range 100 {
			list = append(list, firstPull("jira", r.IntN(20000), 1)...)
		}
		commit(b, d, Batch{Source: "jira", Updates: list})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}

// BenchmarkRecords reads pages of 100 records; an operation is one record.
func BenchmarkRecords(b *testing.B) {
	d := benchStore(b)
	r := rand.New(rand.NewPCG(1, 2))
	ids := make([]string, 100)
	for n := 0; n < b.N; n += len(ids) {
		for i := range ids {
			ids[i] = strconv.Itoa(10000 + r.IntN(20000))
		}
		if _, err := d.Records("jira", ids); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEach visits records; an operation is one record.
func BenchmarkEach(b *testing.B) {
	d := benchStore(b)
	for n := 0; n < b.N; {
		if err := d.Each("jira", func(*Record) bool { n++; return n < b.N }); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAnIssueWithItsFirstDecisionTakesLittleRoom(t *testing.T) {
	d := openTemp(t)
	const issues = 20000
	for n := 0; n < issues; n += benchBatch {
		commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", n, benchBatch)})
	}
	if each := d.Size() / issues; each > 1536 {
		t.Errorf("%d bytes for each issue", each)
	}
}
