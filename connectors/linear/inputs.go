package linear

import (
	"encoding/json"
	"time"

	"github.com/shurcooL/graphql"
)

// The names of these types are the names of Linear's GraphQL types: the client
// library declares a variable by the name of its Go type.

type (
	// UUID is a variable of Linear's scalar of that name.
	UUID string
	// IssueFilter and the other filters are plain JSON objects.
	IssueFilter         map[string]any
	TeamFilter          map[string]any
	UserFilter          map[string]any
	IssueLabelFilter    map[string]any
	WorkflowStateFilter map[string]any
	CommentFilter       map[string]any
	CustomerFilter      map[string]any
	CustomerNeedFilter  map[string]any
)

// object is one level of a filter.
type object = map[string]any

// Null is an input field that is absent, null, or a value. With omitzero the
// zero Null is absent, which leaves the tracker's field alone.
type Null[T any] struct {
	set   bool
	value *T
}

func null[T any]() Null[T]     { return Null[T]{set: true} }
func value[T any](v T) Null[T] { return Null[T]{set: true, value: &v} }

// IsZero makes omitzero leave the field out.
func (n Null[T]) IsZero() bool { return !n.set }

// MarshalJSON writes the value or null.
func (n Null[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.value) }

func (n Null[T]) get() (v T, ok bool) {
	if n.value == nil {
		return v, false
	}
	return *n.value, true
}

// IssueUpdateInput is the part of Linear's input that lanekeeper ever sends.
// Labels change by deltas only: a whole set would drop what people added since
// we read.
type IssueUpdateInput struct {
	AddedLabelIDs   []string     `json:"addedLabelIds,omitzero"`
	RemovedLabelIDs []string     `json:"removedLabelIds,omitzero"`
	Priority        *int         `json:"priority,omitzero"`
	DueDate         Null[string] `json:"dueDate,omitzero"`
	SLAStartedAt    Null[string] `json:"slaStartedAt,omitzero"`
	SLABreachesAt   Null[string] `json:"slaBreachesAt,omitzero"`
	SLAType         string       `json:"slaType,omitzero"`
	AssigneeID      Null[string] `json:"assigneeId,omitzero"`
}

// IssueLabelCreateInput makes a label group or a child of one.
type IssueLabelCreateInput struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	IsGroup  bool   `json:"isGroup,omitzero"`
	ParentID string `json:"parentId,omitzero"`
}

// CommentCreateInput posts our comment under an id of our own choice.
type CommentCreateInput struct {
	ID          string `json:"id"`
	IssueID     string `json:"issueId"`
	Body        string `json:"body"`
	Unsubscribe bool   `json:"doNotSubscribeToIssue"`
}

// CommentUpdateInput replaces the text of our comment.
type CommentUpdateInput struct {
	Body        string `json:"body"`
	Unsubscribe bool   `json:"doNotSubscribeToIssue"`
}

// instant is a time as Linear's filters and inputs want it: absolute and UTC.
// A text that could be read as a duration would move while we page.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// after is the cursor variable: null on the first page.
func after(cursor string) *graphql.String {
	if cursor == "" {
		return nil
	}
	return graphql.NewString(graphql.String(cursor))
}

var closedTypes = [...]string{"completed", "canceled", "duplicate"}

// openIn is the scope of a full pull: the open issues of one team. There are
// three closed types of state.
func openIn(team string, more object) IssueFilter {
	f := IssueFilter{
		"team":  object{"key": object{"eq": team}},
		"state": object{"type": object{"nin": closedTypes}},
	}
	for k, v := range more {
		f[k] = v
	}
	return f
}
