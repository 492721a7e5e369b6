package reconcile

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// Store is what a cycle remembers things in. Package state implements it.
type Store interface {
	RecordStore
	Index
	Journal
	Past
	Guestbook
	Commit(state.Batch) error
}

// RecordStore reads what is known of issues and sources.
type RecordStore interface {
	Source(name string) (state.SourceState, error)
	Totals(source string) (state.Totals, error)
	// Records answers in the order of ids, with nil for the unknown.
	Records(source string, ids []string) ([]*state.Record, error)
	// Each visits every record in the order of ids until fn says false.
	Each(source string, fn func(*state.Record) bool) error
}

// Index finds the records that need something.
type Index interface {
	// Work lists records with outstanding changes, after an id.
	Work(source, after string, n int) ([]*state.Record, error)
	// DueBefore lists ids whose time has come.
	DueBefore(source string, t time.Time, n int) ([]string, error)
	// Damaged lists ids whose record does not decode.
	Damaged(source string) ([]string, error)
}

// Journal reads plans and their changes.
type Journal interface {
	Plans(source string, limit int) ([]state.Plan, error)
	Plan(id string) (state.Plan, error)
	Pending(source string) ([]state.Entry, error)
	Paused() (state.Pause, error)
}

// Past finds changes that an undo may take back.
type Past interface {
	Entries(plan string) ([]state.Entry, error)
	// EntriesOf gives the newest first.
	EntriesOf(source, id string) ([]state.Entry, error)
	EntriesSince(source string, t time.Time) ([]state.Entry, error)
}

// Guestbook remembers whom a comment introduced to a lane.
type Guestbook interface {
	Introduced(source string, i state.Introduction) (bool, error)
}

// Observer is told what a cycle does, for metrics.
type Observer interface {
	Step(source, step string, took time.Duration)
	Change(source string, field issue.Field, outcome string)
	Flap(source string)
}
