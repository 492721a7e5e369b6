package lineartest

import (
	"cmp"
	"time"
)

// Entry is one line of an issue's history. A pointer is nil where the field
// did not change.
type Entry struct {
	ID        string
	IssueID   string
	ActorID   string // "" for an automation
	CreatedAt time.Time
	UpdatedAt time.Time

	Title     *Moved[string]
	Priority  *Moved[int]
	Estimate  *Moved[*float64]
	DueDate   *Moved[string]
	Assignee  *Moved[string] // ids, here and below
	State     *Moved[string]
	Team      *Moved[string]
	Cycle     *Moved[string]
	Project   *Moved[string]
	Parent    *Moved[string]
	SLAStart  *Moved[time.Time]
	SLABreach *Moved[time.Time]
	SLAType   *Moved[string]

	AddedLabels   []string
	RemovedLabels []string
	Relations     []RelationChange

	Description bool  // the description was edited
	Archived    *bool // archived or restored
	Trashed     *bool
	AutoClosed  bool
}

// RelationChange names the other issue of a relation that came or went, with
// the code Linear uses for its kind.
type RelationChange struct{ Identifier, Type string }

// Moved is a value before and after.
type Moved[T any] struct{ From, To T }

func moved[T comparable](from, to T) *Moved[T] {
	if from == to {
		return nil
	}
	return &Moved[T]{from, to}
}

func movedTime(from, to time.Time) *Moved[time.Time] {
	if from.Equal(to) {
		return nil
	}
	return &Moved[time.Time]{from, to}
}

func movedNumber(from, to *float64) *Moved[*float64] {
	if from == nil && to == nil || from != nil && to != nil && *from == *to {
		return nil
	}
	return &Moved[*float64]{from, to}
}

// diff describes what changed between two versions of an issue; ok is false
// where nothing that history shows did.
func diff(before, after *Issue) (e Entry, ok bool) {
	e = Entry{
		Title:         moved(before.Title, after.Title),
		Priority:      moved(before.Priority, after.Priority),
		Estimate:      movedNumber(before.Estimate, after.Estimate),
		DueDate:       moved(before.DueDate, after.DueDate),
		Assignee:      moved(before.AssigneeID, after.AssigneeID),
		State:         moved(before.StateID, after.StateID),
		Team:          moved(before.TeamID, after.TeamID),
		Cycle:         moved(before.CycleID, after.CycleID),
		Project:       moved(before.ProjectID, after.ProjectID),
		Parent:        moved(before.ParentID, after.ParentID),
		SLAStart:      movedTime(before.SLAStartedAt, after.SLAStartedAt),
		SLABreach:     movedTime(before.SLABreachesAt, after.SLABreachesAt),
		SLAType:       moved(before.SLAType, after.SLAType),
		AddedLabels:   missing(after.LabelIDs, before.LabelIDs),
		RemovedLabels: missing(before.LabelIDs, after.LabelIDs),
		Description:   before.Description != after.Description,
	}
	if gone := !after.ArchivedAt.IsZero(); gone == before.ArchivedAt.IsZero() {
		e.Archived = &gone
	}
	if before.Trashed != after.Trashed {
		trashed := after.Trashed
		e.Trashed = &trashed
	}
	return e, e.any()
}

func (e *Entry) any() bool {
	return e.Title != nil || e.Priority != nil || e.Estimate != nil || e.DueDate != nil || e.Assignee != nil ||
		e.State != nil || e.Team != nil || e.Cycle != nil || e.Project != nil || e.Parent != nil ||
		e.SLAStart != nil || e.SLABreach != nil || e.SLAType != nil || len(e.AddedLabels) > 0 ||
		len(e.RemovedLabels) > 0 || len(e.Relations) > 0 || e.Description || e.Archived != nil || e.Trashed != nil
}

// missing returns the elements of a that b lacks.
func missing(a, b []string) []string {
	var out []string
next:
	for _, x := range a {
		for _, y := range b {
			if x == y {
				continue next
			}
		}
		out = append(out, x)
	}
	return out
}

// absorb takes a later entry in, where no field is in both.
func (e *Entry) absorb(later *Entry) bool {
	both := e.Title != nil && later.Title != nil || e.Priority != nil && later.Priority != nil ||
		e.Estimate != nil && later.Estimate != nil || e.DueDate != nil && later.DueDate != nil ||
		e.Assignee != nil && later.Assignee != nil || e.State != nil && later.State != nil ||
		e.Team != nil && later.Team != nil || e.Cycle != nil && later.Cycle != nil ||
		e.Project != nil && later.Project != nil || e.Parent != nil && later.Parent != nil ||
		e.SLABreach != nil && later.SLABreach != nil || e.Archived != nil || later.Archived != nil
	if both || len(missing(later.RemovedLabels, e.AddedLabels)) != len(later.RemovedLabels) ||
		len(missing(later.AddedLabels, e.RemovedLabels)) != len(later.AddedLabels) {
		return false
	}
	e.Title, e.Priority, e.Estimate = cmp.Or(e.Title, later.Title), cmp.Or(e.Priority, later.Priority), cmp.Or(e.Estimate, later.Estimate)
	e.DueDate, e.Assignee, e.State = cmp.Or(e.DueDate, later.DueDate), cmp.Or(e.Assignee, later.Assignee), cmp.Or(e.State, later.State)
	e.Team, e.Cycle, e.Project = cmp.Or(e.Team, later.Team), cmp.Or(e.Cycle, later.Cycle), cmp.Or(e.Project, later.Project)
	e.Parent, e.SLAStart = cmp.Or(e.Parent, later.Parent), cmp.Or(e.SLAStart, later.SLAStart)
	e.SLABreach, e.SLAType = cmp.Or(e.SLABreach, later.SLABreach), cmp.Or(e.SLAType, later.SLAType)
	e.AddedLabels, e.RemovedLabels = append(e.AddedLabels, later.AddedLabels...), append(e.RemovedLabels, later.RemovedLabels...)
	e.Relations = append(e.Relations, later.Relations...)
	e.Description = e.Description || later.Description
	return true
}
