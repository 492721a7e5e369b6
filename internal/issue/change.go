package issue

import (
	"slices"
	"strings"
	"time"
)

// Field names one thing that lanekeeper may own on an issue. A managed label
// prefix is a field of its own that holds one label: "lane" holds "lane:hotfix".
type Field string

// The managed fields that are not label prefixes, and the prefixes that
// lanekeeper always owns.
const (
	FieldPriority Field = "priority"
	FieldDue      Field = "due"
	FieldAssignee Field = "assignee"
	FieldComment  Field = "comment"
	FieldLane     Field = "lane"
	FieldHorizon  Field = "horizon"
	FieldSLA      Field = "sla"
	// FieldPostMortem holds one label alone, PostMortemLabel: the others that begin
	// like it are people's.
	FieldPostMortem Field = "post-mortem"
)

// The labels by which people speak to lanekeeper. It never writes or removes
// them.
const (
	// PinLabel has lanekeeper leave an issue alone. It begins like a lane's label
	// and is none.
	PinLabel = "lane:pinned"
	// ApprovalLabel agrees to a contested move, where an approver sets it.
	ApprovalLabel = "lane-approved"
	// AcceptLabel and RejectLabel answer what lanekeeper proposes for an issue.
	AcceptLabel = "lane-accepted"
	RejectLabel = "lane-rejected"
)

// PostMortemLabel asks for a post-mortem until a person removes it.
const PostMortemLabel = "needs:post-mortem"

// IsLabel reports whether the field is a managed label prefix, or the one label
// of FieldPostMortem.
func (f Field) IsLabel() bool {
	switch f {
	case FieldPriority, FieldDue, FieldAssignee, FieldComment, FieldStatus, FieldLabels, FieldTitle, FieldKind:
		return false
	}
	return true
}

// Prefix is what labels of this field start with, such as "lane:". The one of
// FieldPostMortem is the whole label.
func (f Field) Prefix() string {
	if f == FieldPostMortem {
		return PostMortemLabel
	}
	return string(f) + ":"
}

// Owns reports whether a label is a value of this field.
func (f Field) Owns(label string) bool {
	if f == FieldPostMortem {
		return label == PostMortemLabel
	}
	// without joining the prefix: this runs for every label of every issue
	return len(label) > len(f) && label[len(f)] == ':' && label[:len(f)] == string(f)
}

// Op says how a change acts on its field.
type Op string

// The operations: from nothing, from another value, to nothing.
const (
	Set     Op = "set"
	Replace Op = "replace"
	Clear   Op = "clear"
)

// Change is one field of one issue going from one value to another. Values
// are texts: a full label ("lane:hotfix"), a priority name, a date, an account
// id; "" is no value. A label field that holds several labels of its prefix,
// because a person added one, gives them all, separated by spaces. For a
// comment, To is the hash of the body and the body travels in Edit.Comment.
type Change struct {
	Field  Field
	From   string
	To     string
	Reason string
	// FromRaw and ToRaw are the tracker's own ids behind From and To, where
	// several of its values are one of ours: an undo restores the very value.
	FromRaw string
	ToRaw   string
}

// Values lists the labels in a value of a label field. A label may hold spaces
// itself where the tracker allows them, so that only one before the prefix parts
// two labels.
func (f Field) Values(text string) []string {
	if text == "" {
		return nil
	}
	if f == FieldPostMortem {
		return []string{text}
	}
	parts := strings.Split(text, " "+f.Prefix())
	for n := 1; n < len(parts); n++ {
		parts[n] = f.Prefix() + parts[n]
	}
	return parts
}

// Labels lists what a change of a label field adds to and removes from an
// issue.
func (c Change) Labels() (add, remove []string) {
	from, to := c.Field.Values(c.From), c.Field.Values(c.To)
	without := func(list, other []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(l string) bool { return slices.Contains(other, l) })
	}
	return without(to, from), without(from, to)
}

// Op derives the operation from the values.
func (c Change) Op() Op {
	switch {
	case c.To == "":
		return Clear
	case c.From == "":
		return Set
	}
	return Replace
}

// Edit is everything that one cycle writes to one issue. Connectors send it
// as one request, or many alike edits as one batch.
type Edit struct {
	ID      string
	Key     string
	Project string
	Kind    string // the tracker's own type name: what a field gap is remembered by
	Changes []Change
	// Comment is set when Changes holds the comment field.
	Comment *CommentEdit
}

// CommentEdit is the one marked comment that lanekeeper keeps on an issue.
type CommentEdit struct {
	// ID is the tracker's id of our comment; "" asks to look for the marker
	// and to post where it is not found.
	ID string
	// Marker identifies our comment. It is a UUID chosen and stored before the
	// first send, so that a repeated send cannot post twice.
	Marker string
	// Body is plain paragraphs separated by blank lines; lines that start with
	// "- " are list items. Connectors render it in their own markup.
	Body string
}

// Result is what became of one Edit.
type Result struct {
	ID string
	// Err is nil when every change was written. Beside Refused it says why those
	// fields were refused.
	Err error
	// Refused lists fields that the tracker does not let us write on this
	// issue (not on its screen, no permission); the others were written.
	Refused []Field
	// Updated is the tracker's new update time where the answer carries it.
	Updated time.Time
	// CommentID is the id of the comment that was written.
	CommentID string
	// CommentTaken says that a person deleted or edited our comment, which was
	// left alone then; "" where nobody did.
	CommentTaken string
}

// Actor tells who made a change.
type Actor struct {
	Person
	// Self marks the account that lanekeeper itself uses.
	Self bool
	// Bot marks an integration or automation, where the tracker tells.
	Bot bool
}

// Event is one past change of one field, read from the tracker's history.
// Labels give one event for each label: To is an added, From a removed one.
// Status events carry names in From and To and the class in ToCategory.
type Event struct {
	At         time.Time
	By         Actor
	Field      Field
	From       string
	To         string
	ToCategory Category
}

// The fields of events that are not managed fields themselves.
const (
	FieldStatus Field = "status"
	FieldLabels Field = "labels"
	FieldTitle  Field = "title"
	FieldKind   Field = "kind" // values are the tracker's own type names
)

// History is the part of an issue's change log that lanekeeper needs, oldest
// first.
type History struct {
	Events []Event
	// Complete is false when the tracker cut the log.
	Complete bool
	// Comments are the comments on the issue, oldest first. Trackers keep them
	// apart from the log, and they are only read where a policy asks for them.
	Comments []Comment
	// CommentsRead tells that Comments are all there are.
	CommentsRead bool
}

// Comment tells that somebody commented, not what.
type Comment struct {
	At time.Time
	By Actor
	// Public is false for a comment that the reporter may not see.
	Public bool
}

// Last returns the newest event of field, for a label field the newest that
// added or removed a label of its prefix.
func (h History) Last(f Field) (Event, bool) {
	for _, e := range slices.Backward(h.Events) {
		if e.Field == f {
			return e, true
		}
		if f.IsLabel() && e.Field == FieldLabels && (f.Owns(e.From) || f.Owns(e.To)) {
			return e, true
		}
	}
	return Event{}, false
}
