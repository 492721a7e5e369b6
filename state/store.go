package state

import (
	"log/slog"
	"time"
)

// Options tune how a store is opened.
type Options struct {
	// Timeout is how long to wait for another process to let go of the file;
	// 0 is two seconds.
	Timeout time.Duration
	// ReadOnly opens without the right to change anything. A file that needs a
	// migration cannot be opened so.
	ReadOnly bool
	// Log receives what was found damaged; nil discards it.
	Log *slog.Logger
}

// Batch is what one transaction stores: all of it or nothing.
type Batch struct {
	Source  string
	Updates []Update
	// State replaces what is known of the source; nil leaves it.
	State *SourceState
	// Entries are stored by plan and position. One without a source belongs to
	// Source.
	Entries []Entry
	// Plan is stored by its id.
	Plan *Plan
	// Policies are canonical policy texts by hash. A hash that is stored already
	// keeps its text.
	Policies map[string][]byte
	// Acts are what people did; they are logged behind the decisions. One
	// without a source belongs to Source, or to none where that is empty.
	Acts []Act
	// Pause sets the switch that stops all writes; nil leaves it.
	Pause *Pause
	// Introduced are the people who were told about a lane.
	Introduced []Introduction
	// Now dates decisions and acts that have no time of their own, and the use of
	// policies.
	Now time.Time
}

// Pause is the switch that stops all writes to trackers.
type Pause struct {
	On     bool
	By     string
	At     time.Time
	Reason string
}

// Report is what a verification found.
type Report struct {
	Records, Decisions, Acts, Plans, Entries int
	// Gaps counts the places where retention removed entries of the log: the chain cannot
	// be followed across them.
	Gaps int
	// Problems say in words what is wrong; none means that the state is sound.
	Problems []string
	// Truncated counts problems beyond those that are listed.
	Truncated int
}

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return len(r.Problems) == 0 }

// maxProblems bounds the list of a report.
const maxProblems = 100

func (r *Report) problem(text string) {
	if len(r.Problems) >= maxProblems {
		r.Truncated++
		return
	}
	r.Problems = append(r.Problems, text)
}

// Stats tell how large the state is.
type Stats struct {
	Path      string
	Version   uint64 // of the schema
	Size      int64  // bytes of the file
	PageSize  int
	FreePages int
	Buckets   []BucketStats // sorted by name
	Sources   []SourceStats // sorted by name
}

// BucketStats is the size of one bucket; those of a source are named
// "source/bucket".
type BucketStats struct {
	Name  string
	Keys  int
	Bytes int64 // of the pages that the bucket takes up
}

// SourceStats counts what is kept of one source.
type SourceStats struct {
	Name    string
	Records int // gone ones included
	Totals  Totals
}
