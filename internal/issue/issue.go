// Package issue holds the tracker-neutral values that every other package
// speaks in: what an issue is, what changed on it, what is to be written to it.
// It holds values only; behaviour beyond comparing and printing lives elsewhere.
package issue

import (
	"slices"
	"strings"
	"time"
)

// Issue is one issue of a tracker, trimmed to what lanekeeper uses. A field
// that is listed in Unknown failed to load: its value means nothing and must
// be neither decided on nor written from.
type Issue struct {
	ID      string // the tracker's immutable id; identity
	Key     string // display name such as PAY-12; changes when an issue moves
	Source  string // name of the configured source
	Project string // Jira project key or Linear team key
	URL     string // page for people

	Kind        Kind
	RawKind     string // the tracker's own type name
	Title       string
	Description string

	Status   Status
	Priority Priority
	// RawPriority is the tracker's own priority: name and id.
	RawPriority Named

	Labels     []string // sorted, unique; a Linear group child reads "group:child"
	Components []string // sorted
	Reporter   Person
	Assignee   Person

	Created  time.Time // instants, UTC
	Updated  time.Time
	Started  time.Time // zero: not started
	Resolved time.Time // zero: not resolved
	Due      Date

	Estimate  float64 // in the team's own unit; 0 is none
	Parent    string  // key
	Links     []Link
	Votes     int
	Watchers  int
	Comments  int
	Sprint    Iteration
	Milestone Iteration // Linear project milestone or Jira fix version

	Customers []Customer
	// Fields are the custom fields asked for in the configuration, by the
	// name given there. A field without a value is absent.
	Fields map[string]Value

	// Gone tells that the issue left our sight: it is archived, trashed,
	// deleted, moved out of scope or hidden. The record is kept.
	Gone bool
	// Unknown names the fields that failed to load.
	Unknown Inputs
}

// Open reports whether the issue still needs work.
func (i *Issue) Open() bool { return !i.Gone && i.Status.Category.Open() }

// Ref is the issue's display name.
func (i *Issue) Ref() Ref { return Ref{Source: i.Source, Key: i.Key} }

// Pinned reports whether a person asked for the issue to be left alone.
func (i *Issue) Pinned() bool { return slices.Contains(i.Labels, PinLabel) }

// Label returns the value of the first label that starts with prefix, such as
// "hotfix" for the prefix "lane:", or "" where none does.
func (i *Issue) Label(prefix string) string {
	for _, l := range i.Labels {
		if v, ok := strings.CutPrefix(l, prefix); ok {
			return v
		}
	}
	return ""
}

// Ref names an issue for people: source/KEY.
type Ref struct{ Source, Key string }

func (r Ref) String() string { return r.Source + "/" + r.Key }

// ParseRef splits source/KEY. A text without a slash is a key alone.
func ParseRef(s string) Ref {
	if source, key, ok := strings.Cut(s, "/"); ok {
		return Ref{Source: source, Key: key}
	}
	return Ref{Key: s}
}

// Kind is the normalised issue type.
type Kind string

// The kinds that every tracker's types are mapped to.
const (
	Bug      Kind = "bug"
	Story    Kind = "story"
	Task     Kind = "task"
	Epic     Kind = "epic"
	Incident Kind = "incident"
	Other    Kind = "other"
)

// Status is a workflow state.
type Status struct {
	Name     string
	Category Category
}

// Category is the normalised class of a workflow state.
type Category string

// The categories; the last two are closed.
const (
	Triage    Category = "triage"
	Backlog   Category = "backlog"
	Unstarted Category = "unstarted"
	Started   Category = "started"
	Completed Category = "completed"
	Canceled  Category = "canceled"
)

// Open reports whether work in this category is still to be done. The empty
// category is not open: nothing is known of it.
func (c Category) Open() bool {
	switch c {
	case Triage, Backlog, Unstarted, Started:
		return true
	}
	return false
}

// Named is a tracker's own value with its id.
type Named struct{ ID, Name string }

// Person is a user of the tracker. Email is empty where privacy hides it.
type Person struct {
	ID    string // account id, user name (Data Center) or UUID
	Name  string
	Email string
}

// IsZero reports whether this is nobody.
func (p Person) IsZero() bool { return p == Person{} }

// Link is a relation to another issue, read from the side of the issue that
// holds it.
type Link struct {
	Type LinkType
	Key  string
	// Open tells whether the other issue is open, where the tracker says so.
	Open bool
}

// LinkType is the normalised relation.
type LinkType string

// The relations, read as "this issue … the other".
const (
	Blocks     LinkType = "blocks"
	BlockedBy  LinkType = "blocked_by"
	Duplicates LinkType = "duplicates"
	Duplicated LinkType = "duplicated_by"
	RelatesTo  LinkType = "relates_to"
)

// Iteration is a sprint, cycle, milestone or version.
type Iteration struct {
	ID, Name string
	Active   bool
	Ends     time.Time // zero: not known
}

// Customer is one customer that asked for the issue.
type Customer struct {
	Name      string
	Tier      string
	Revenue   float64 // a year, in the workspace's currency; 0 is not known
	Size      float64 // seats or employees; 0 is not known
	Important bool    // the request is marked as important
}

// Date is a day without a zone, as YYYY-MM-DD. The empty date is none.
type Date string

// DateOf returns the day of t in its own location.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// Value is a custom field's value: exactly one of the three shapes.
type Value struct {
	Text   string   `cbor:"1,keyasint,omitempty"`
	Number *float64 `cbor:"2,keyasint,omitempty"`
	List   []string `cbor:"3,keyasint,omitempty"`
}
