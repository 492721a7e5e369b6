package answer

import (
	"time"

	"github.com/lanekeeper/lanekeeper/state"
)

// Plans is a page of the stored plans, newest first.
type Plans struct {
	Plans []Plan `json:"plans"`
	Next  string `json:"next,omitempty"`
}

// Plan is one set of changes that a cycle made or wanted to make.
type Plan struct {
	ID         string    `json:"id"`
	Source     string    `json:"source"`
	At         time.Time `json:"at"`
	Mode       string    `json:"mode"`
	PolicyHash string    `json:"policy_hash"`
	Open       int       `json:"open"`   // open issues when it was made
	Issues     int       `json:"issues"` // issues that it changes
	Size       int       `json:"size"`   // changes
	Status     string    `json:"status"` // held, approved, running, done or replaced
	Reason     string    `json:"reason,omitempty"`
	By         string    `json:"by,omitempty"` // who approved or undid
	ByAt       time.Time `json:"by_at,omitzero"`
	Undoes     string    `json:"undoes,omitempty"`
	// Changes are given where one plan is asked for.
	Changes []Change `json:"changes,omitempty"`
}

// NewPlan describes a stored plan with the entries that are given.
func NewPlan(p state.Plan, entries []state.Entry) Plan {
	out := Plan{
		ID: p.ID, Source: p.Source, At: p.At.UTC(), Mode: p.Mode, PolicyHash: p.PolicyHash, Open: p.Open,
		Issues: p.Issues, Size: p.Changes, Status: string(p.Status), Reason: p.Reason, By: p.By, ByAt: p.ByAt.UTC(),
		Undoes: p.Undoes,
	}
	for _, e := range entries {
		out.Changes = append(out.Changes, ChangeOf(e))
	}
	return out
}

// Pause is whether writes are stopped, since when and by whom.
type Pause struct {
	Paused bool      `json:"paused"`
	At     time.Time `json:"at,omitzero"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
}

// Undo is what an undo did. A change with status superseded was left alone,
// since its field no longer holds what lanekeeper wrote.
type Undo struct {
	Plans   []string `json:"plans"` // the new plans that took changes back
	Changes []Change `json:"changes"`
}

// Reload is the answer of a reload that worked.
type Reload struct {
	Reloaded   bool   `json:"reloaded"`
	PolicyHash string `json:"policy_hash,omitempty"`
}

// Changes is a page of what was written lately, newest first.
type Changes struct {
	Changes []Change `json:"changes"`
	Next    string   `json:"next,omitempty"`
}
