package answer

import (
	"cmp"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// Cycle is the answer of plan and once: what a cycle of every source would do
// or did.
type Cycle struct {
	// Mode is the configured one; a source that differs says so itself.
	Mode       string        `json:"mode"`
	PolicyHash string        `json:"policy_hash"`
	Sources    []CycleSource `json:"sources"`
	Changes    []Change      `json:"changes"`
	// Unlisted is the number of issues whose changes are too many to be held in
	// memory. Changes holds the first of all then, and Each visits all of them,
	// those of Changes included, in the order of the state.
	Unlisted int                            `json:"-"`
	Each     func(func(Change) error) error `json:"-"`
	// Lanes is how the open issues are spread, LeastCertain the few whose score
	// rests least on real inputs.
	Lanes        []Lane     `json:"lanes,omitempty"`
	LeastCertain []Item     `json:"least_certain,omitempty"`
	Marks        []MarkLoad `json:"marks,omitempty"`
	// Paused tells that nothing is written until resume.
	Paused bool `json:"paused,omitempty"`
	// DryRun marks the answer of plan: nothing was written.
	DryRun bool `json:"dry_run,omitempty"`
}

// CycleSource is one source's part of a cycle.
type CycleSource struct {
	Source  string `json:"source"`
	Issues  int    `json:"issues"`  // open issues in scope
	Changed int    `json:"changed"` // issues that changes are planned for or were written to
	Parked  int    `json:"parked"`
	Error   Fault  `json:"error"` // null or why the cycle failed
	Mode    string `json:"mode,omitempty"`
	// Plan is the id of the stored plan, Held why the guard stopped it.
	Plan string `json:"plan,omitempty"`
	Held string `json:"held,omitempty"`
}

// Status is what became of a change.
type Status string

// The statuses of a change.
const (
	Planned   Status = "planned"   // would be written by once
	Applied   Status = "applied"   // the tracker took it
	Failed    Status = "failed"    // the tracker refused it; the issue is parked
	Held      Status = "held"      // the guard waits for approve
	Parked    Status = "parked"    // waits for the issue's own back-off
	Observed  Status = "observed"  // observe mode: recorded, never written
	Suggested Status = "suggested" // suggest mode: proposed in the comment
	Paused    Status = "paused"    // waits for resume
	Refused   Status = "refused"   // the field cannot be written on this issue
	// Superseded changes were no longer wanted when they were looked at again,
	// and Undone ones were taken back later. Only history and plans show them.
	Superseded Status = "superseded"
	Reverted   Status = "undone"
	// Kept is what a person rejected: the field stays as it is.
	Kept Status = "kept"
)

// Change is one field of one issue going from one value to another. Values are
// those of issue.Change; "" is no value.
type Change struct {
	Ref    string      `json:"ref"`
	ID     string      `json:"id"`
	Field  issue.Field `json:"field"`
	Op     issue.Op    `json:"op"`
	From   string      `json:"from"`
	To     string      `json:"to"`
	Reason string      `json:"reason"`
	Status Status      `json:"status"`

	Plan  string    `json:"plan,omitempty"`
	Error string    `json:"error,omitempty"`
	At    time.Time `json:"at,omitzero"` // when it was written
	Title string    `json:"title,omitempty"`
	// Present says how a held change stands now: as_held, already, gone,
	// overridden or changed.
	Present string `json:"present,omitempty"`
}

// NewChange describes a change of an issue that was not stored, as plan and
// the observing modes make them.
func NewChange(source, id, key string, c issue.Change, status Status) Change {
	return Change{
		Ref: issue.Ref{Source: source, Key: key}.String(), ID: id,
		Field: c.Field, Op: c.Op(), From: c.From, To: c.To, Reason: c.Reason, Status: status,
	}
}

// ChangeOf describes a stored entry of a plan.
func ChangeOf(e state.Entry) Change {
	c := NewChange(e.Source, e.ID, e.Key, e.Change, statusOf(e.Status))
	c.Plan, c.Error, c.At = e.Plan, e.Error, e.Done.UTC()
	if e.Done.IsZero() {
		c.At = e.At.UTC()
	}
	return c
}

// statusOf names the status of a stored entry in the words of the contract.
func statusOf(s state.EntryStatus) Status {
	switch s {
	case state.EntryPending:
		return Planned
	default:
		return Status(s)
	}
}

// SortChanges puts changes into the order of every answer: source and key as
// the tracker counts them, then field.
func SortChanges(list []Change) {
	slices.SortStableFunc(list, func(a, b Change) int {
		return cmp.Or(CompareRefs(a.Ref, b.Ref), cmp.Compare(a.Field, b.Field))
	})
}

// Failures counts what makes once end with exit code 1: sources with an error
// and changes that failed.
func (c Cycle) Failures() (sources, changes int) {
	for _, s := range c.Sources {
		if s.Error != "" {
			sources++
		}
	}
	for _, ch := range c.Changes {
		if ch.Status == Failed {
			changes++
		}
	}
	return sources, changes
}

// Normal fills in empty lists, so that JSON has [] and never null, and sorts
// the changes.
func (c Cycle) Normal() Cycle {
	c.Sources, c.Changes = some(c.Sources), some(slices.Clone(c.Changes))
	SortChanges(c.Changes)
	return c
}
