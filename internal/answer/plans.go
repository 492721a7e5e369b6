package answer

import (
	"cmp"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
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
	Status     string    `json:"status"` // held, approved, running, done, replaced or expired
	Reason     string    `json:"reason,omitempty"`
	By         string    `json:"by,omitempty"` // who approved or undid
	ByAt       time.Time `json:"by_at,omitzero"`
	Undoes     string    `json:"undoes,omitempty"`
	// Accepted tells that a person had agreed to what suggest mode proposed.
	Accepted bool      `json:"accepted,omitempty"`
	HeldAt   time.Time `json:"held_at,omitzero"`
	Expires  time.Time `json:"expires,omitzero"`         // while it is held or approved
	Lanes    []string  `json:"approved_lanes,omitempty"` // that a partial approval names
	RestOf   string    `json:"rest_of,omitempty"`        // the plan that was approved in part and left this one
	// Summary tells what a held plan would do, whatever its size.
	Summary *Summary `json:"summary,omitempty"`
	// Present counts its listed changes by how they stand now, where one plan
	// is asked for that waits.
	Present *Present `json:"present,omitempty"`
	// Changes are given where one plan is asked for: of a held one those of the
	// first 500 issues.
	Changes []Change `json:"changes,omitempty"`
}

// Summary is what a person needs to judge a plan.
type Summary struct {
	Lanes        []LaneCount  `json:"lanes"`         // issues by the lane that policy gives them, the most first
	Fields       []FieldCount `json:"fields"`        // the most frequent changes first
	OtherChanges int          `json:"other_changes"` // that fields leaves out
	// Largest are the moves by the most steps of priority, then the most lanes,
	// then the highest score.
	Largest []LargeMove `json:"largest"`
}

// LaneCount counts issues of a lane.
type LaneCount struct {
	Lane   string `json:"lane"`
	Issues int    `json:"issues"`
}

// FieldCount counts the changes of one field from one value to another; people
// and dates are "…".
type FieldCount struct {
	Field   issue.Field `json:"field"`
	From    string      `json:"from"`
	To      string      `json:"to"`
	Changes int         `json:"changes"`
}

// LargeMove is one issue that a plan moves far.
type LargeMove struct {
	Ref           string   `json:"ref"`
	PrioritySteps int      `json:"priority_steps"`
	LanesMoved    int      `json:"lanes_moved"`
	Score         float64  `json:"score"`
	Changes       []Change `json:"changes"`
}

// Present counts the changes of a plan that waits by how they stand now.
type Present struct {
	AsHeld     int `json:"as_held"`
	Already    int `json:"already"`    // the field has the value by now
	Gone       int `json:"gone"`       // the issue is closed, deleted or out of scope
	Overridden int `json:"overridden"` // a person keeps the field
	Changed    int `json:"changed"`    // the field or policy's wish changed since
	Unlisted   int `json:"unlisted"`   // changes that the plan does not list, and so are not compared
}

// Count adds one change that stands as a word of the plan's changes says.
func (p *Present) Count(word string) {
	switch word {
	case "already":
		p.Already++
	case "gone":
		p.Gone++
	case "overridden":
		p.Overridden++
	case "changed":
		p.Changed++
	default:
		p.AsHeld++
	}
}

// NewPlan describes a stored plan with the entries that are given.
func NewPlan(p state.Plan, entries []state.Entry) Plan {
	out := Plan{
		ID: p.ID, Source: p.Source, At: p.At.UTC(), Mode: p.Mode, PolicyHash: p.PolicyHash, Open: p.Open,
		Issues: p.Issues, Size: p.Changes, Status: string(p.Status), Reason: p.Reason, By: p.By, ByAt: p.ByAt.UTC(),
		Undoes: p.Undoes, Accepted: p.Accepted, HeldAt: p.HeldAt.UTC(), Lanes: p.Lanes, RestOf: p.RestOf, Summary: summaryOf(&p),
	}
	for _, e := range entries {
		out.Changes = append(out.Changes, ChangeOf(e))
	}
	return out
}

func summaryOf(p *state.Plan) *Summary {
	if p.Summary == nil {
		return nil
	}
	out := &Summary{Lanes: []LaneCount{}, Fields: []FieldCount{}, OtherChanges: p.Summary.Others, Largest: []LargeMove{}}
	for lane, n := range p.Summary.Lanes {
		out.Lanes = append(out.Lanes, LaneCount{lane, n})
	}
	slices.SortFunc(out.Lanes, func(a, b LaneCount) int { return cmp.Or(cmp.Compare(b.Issues, a.Issues), cmp.Compare(a.Lane, b.Lane)) })
	for _, f := range p.Summary.Fields {
		out.Fields = append(out.Fields, FieldCount{f.Field, f.From, f.To, f.Count})
	}
	for _, m := range p.Summary.Largest {
		l := LargeMove{Ref: issue.Ref{Source: p.Source, Key: m.Key}.String(), PrioritySteps: m.Steps, LanesMoved: m.Lanes, Score: Round(m.Score), Changes: []Change{}}
		for _, c := range m.Changes {
			l.Changes = append(l.Changes, NewChange(p.Source, m.ID, m.Key, c, Held))
		}
		out.Largest = append(out.Largest, l)
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
