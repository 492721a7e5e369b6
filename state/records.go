// Package state keeps what lanekeeper must remember between runs: issues,
// decisions, what was written and what people changed. The store of this
// package is a bbolt file; its users reach it through small interfaces of their
// own, so that another engine can take its place.
package state

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// Record is everything known of one issue.
type Record struct {
	Issue    issue.Issue
	Memory   policy.Memory
	Decision policy.Decision // the newest evaluation
	// LoggedAs is the number of the newest logged decision of this issue, 0 for
	// none. The store sets it.
	LoggedAs uint64

	// Applied is what lanekeeper last wrote, by field; for the assignee an
	// account id, for labels the full label. A field never written is absent.
	Applied map[issue.Field]string
	// Freed are values of people that may be written over, by field: their
	// override ended and lanekeeper has not written since.
	Freed     map[issue.Field]string
	Overrides []Override // sorted by field; at most one a field
	Comment   Comment
	Parked    *Parked
	// Gaps are fields that the tracker refuses on this issue.
	Gaps []issue.Field
	// Pin tells that a person wants the issue left alone; nil: nobody does.
	Pin *Pin
	// Restores are the contested moves that were taken back lately, oldest first.
	Restores []TakenBack

	Seen time.Time // when the issue was last read
	// Absent counts the sweeps in a row that did not list the issue.
	Absent int
	// Outstanding is the number of changes that policy wants and that are not
	// written yet; the store indexes records where it is not 0.
	Outstanding int
	// Due is when the issue must be looked at again though nothing changed in
	// the tracker; zero: never. The store indexes it.
	Due time.Time
	// Clock is set while the issue is held to an SLA, and for a while after.
	Clock *Clock
	// PostMortem is set while the issue is in a lane whose closing asks for one,
	// and since; nil: nothing is asked.
	PostMortem *PostMortem
}

// PostMortem is the question what went wrong, from the lane that makes it one
// until a person has answered it.
type PostMortem struct {
	Lane string // policy's, while the issue was open
	// Closed is when the issue was completed; zero: it is open, and nothing is
	// asked yet. Why says what for.
	Closed time.Time
	Why    string
	// Asked tells that the label is on the issue, and Said that the comment with
	// the template was written.
	Asked bool
	Said  bool
	// Done is when the label was found removed, By who did it; zero: it is open.
	Done time.Time
	By   issue.Person
}

// Outstanding reports whether a post-mortem was asked for and is not done.
func (p *PostMortem) Outstanding() bool { return p != nil && !p.Closed.IsZero() && p.Done.IsZero() }

// Override is a managed field that stays as a person set it.
type Override struct {
	Field  issue.Field
	Kind   OverrideKind
	Value  string // what the field holds
	Wanted string // what policy would write
	By     issue.Person
	At     time.Time
	Until  time.Time // zero: until a person takes it back
	Lane   string    // policy's lane when it began
	Reason string

	// From is what the lane field held before, without the moves that are
	// contested: it tells which lanes were left and entered.
	From string
	// Contested are the lanes whose approvers have not agreed to the move; none
	// where nobody contests it.
	Contested []string
	// Unsure tells that it cannot be told who moved it, and Ask when the history
	// is looked at again; zero: not for this.
	Unsure bool
	Ask    time.Time
	// ApprovedBy is who agreed, and how: by label, command or API.
	ApprovedBy  issue.Person
	ApprovedAt  time.Time
	ApprovedHow string
	// Displaced tells that a pin took the label of the value away.
	Displaced bool
}

// Pin is a person's wish that the issue be left alone, told by a label.
type Pin struct {
	By issue.Person // nobody where the history does not tell
	At time.Time
}

// TakenBack is a contested move that was taken back.
type TakenBack struct {
	Field issue.Field
	At    time.Time
	By    issue.Person // who had moved it
	Value string       // what they had set
	Lanes []string     // whose approvers had not agreed
}

// OverrideKind says where an override comes from.
type OverrideKind string

// The kinds of override.
const (
	ByPerson OverrideKind = "person"   // a person changed what lanekeeper wrote
	Adopted  OverrideKind = "adopted"  // it was there before lanekeeper
	Undone   OverrideKind = "undone"   // an undo put it back
	Operator OverrideKind = "operator" // an operator holds it
)

// Comment is the one marked comment on an issue.
type Comment struct {
	ID     string
	Marker string // chosen and stored before the first send
	Hash   string // of the body last sent
	// SLA is the one that the body speaks of, "" for none; Closed tells that it
	// said how the SLA stood when the issue was closed.
	SLA    string
	Closed bool
	// LookBack tells that the body asks for a post-mortem.
	LookBack bool
	// Said is when it began to say what it says.
	Said time.Time
	// Label is what is known of the label on the issue that answers a proposal.
	Label AnswerLabel
}

// AnswerLabel is the newest label with an answer that was looked at: it answers
// nothing anew.
type AnswerLabel struct {
	At time.Time // when it was set; zero: not looked at, or the history does not tell
	// Earlier tells that the label was there when the comment began to say what it
	// says.
	Earlier bool
	// Why says why it was not taken for an answer, "" where it was; Told that the
	// comment said so.
	Why  string
	Told bool
}

// Parked is an issue whose write failed.
type Parked struct {
	Since time.Time
	Until time.Time
	Tries int
	Kind  string // kind of the error
	Error string
}

// Update is one record to store, with the decision to log if it is news.
type Update struct {
	Record   *Record
	Decision *policy.Decision // nil: nothing to log
	// Cause says what led to a logged decision, such as "updated in Jira".
	Cause string
}

// Logged is one entry of the decision log.
type Logged struct {
	Seq      uint64
	Previous uint64 // the issue's entry before this one, 0 for none
	Source   string
	ID, Key  string
	Cause    string
	// Before is what the decision replaced.
	Before   Outcome
	Decision policy.Decision
}

// Outcome is the short form of a decision.
type Outcome struct {
	Lane     string
	Priority issue.Priority
	Score    float64
}

// SourceState is what is known of one source as a whole.
type SourceState struct {
	// Watermark is where the next pull begins; zero: no pull was completed.
	Watermark time.Time
	// Cursor is how far an unfinished first pull came, Began when it started and
	// Expected how many issues it awaited.
	Cursor   string
	Began    time.Time
	Expected int
	// Scope fingerprints the settings that the stored issues were read with; a
	// change asks for a new first pull. Policy is the hash they were decided by.
	Scope  string
	Policy string

	LastSuccess time.Time
	LastSweep   time.Time
	Failures    int    // cycles in a row
	LastError   string // of the newest failure
	ErrorKind   string
	// Flaps counts held returns since the state was made.
	Flaps uint64
	// Unread are issues that have changed and could not be read yet, by id.
	Unread []string
}

// Totals are counts over one source's records, kept up to date by the store.
type Totals struct {
	Issues      int // all records that are not gone
	Open        int
	Outstanding int // records with changes to write
	Parked      int
	Undecided   int // open issues without an outcome
	Lanes       map[string]int
	Overrides   map[issue.Field]int
	// Contested counts open issues by each lane whose approvers have not agreed
	// to a move.
	Contested map[string]int
	// PostMortems counts those that are asked for and not done, by lane.
	PostMortems map[string]int
	// Marks counts open issues by label, such as "moscow:must".
	Marks map[string]int
	// Estimates sums the estimates of open issues by lane.
	Estimates map[string]float64
}

// Plan is one set of changes that a cycle made or wanted to make.
type Plan struct {
	ID         string // short, such as "p-7f3a09"
	Source     string
	At         time.Time
	Mode       string
	PolicyHash string
	Open       int // open issues when it was made
	Issues     int // issues it changes
	Changes    int
	Status     PlanStatus
	Reason     string // why it is held
	By         string // who approved or undid
	ByAt       time.Time
	// Undoes is the plan that this one takes back, "" for none.
	Undoes string

	// Accepted tells that a person agreed to what suggest mode had proposed, or
	// took that back: its changes passed the gate by their word.
	Accepted bool

	// HeldAt is when the guard first stopped it, Summary what it would do.
	HeldAt  time.Time
	Summary *Summary
	// Lanes are those that an approval lets through; none means all.
	Lanes []string
	// RestOf is the plan that was approved in part and left this one.
	RestOf string
}

// Summary is what a person needs to judge a plan of any size.
type Summary struct {
	Lanes   map[string]int `cbor:"1,keyasint,omitempty"` // issues by the lane that policy gives them
	Fields  []FieldChange  `cbor:"2,keyasint,omitempty"` // the most frequent first
	Others  int            `cbor:"3,keyasint,omitempty"` // changes that Fields leaves out
	Largest []LargeMove    `cbor:"4,keyasint,omitempty"` // the largest first
}

// FieldChange counts the changes of one field from one value to another.
type FieldChange struct {
	Field issue.Field `cbor:"1,keyasint,omitempty"`
	From  string      `cbor:"2,keyasint,omitempty"`
	To    string      `cbor:"3,keyasint,omitempty"`
	Count int         `cbor:"4,keyasint,omitempty"`
}

// LargeMove is one issue that a plan moves far.
type LargeMove struct {
	ID      string         `cbor:"1,keyasint,omitempty"`
	Key     string         `cbor:"2,keyasint,omitempty"`
	Steps   int            `cbor:"3,keyasint,omitempty"` // of priority
	Lanes   int            `cbor:"4,keyasint,omitempty"` // that it passes, in the order of the policy
	Score   float64        `cbor:"5,keyasint,omitempty"`
	Changes []issue.Change `cbor:"6,keyasint,omitempty"`
}

// PlanStatus is where a plan stands.
type PlanStatus string

// The states of a plan.
const (
	PlanHeld     PlanStatus = "held" // the guard stopped it
	PlanApproved PlanStatus = "approved"
	PlanRunning  PlanStatus = "running"
	PlanDone     PlanStatus = "done"
	PlanReplaced PlanStatus = "replaced" // a newer plan took its place
	PlanExpired  PlanStatus = "expired"  // nobody approved it in time, or it was not carried out in time
)

// Entry is one change of a plan: the outbox before it is sent, the journal
// after.
type Entry struct {
	Plan   string
	N      int // position in the plan
	Source string
	ID     string
	Key    string
	Change issue.Change
	Status EntryStatus
	At     time.Time // when it was committed to be sent
	Done   time.Time
	Error  string
	Lane   string // of the decision behind it
	// HadApplied and Applied are what lanekeeper had last written before, so
	// that an undo restores that too.
	HadApplied bool
	Applied    string
}

// Over reports whether nothing will become of a plan any more.
func (s PlanStatus) Over() bool { return s == PlanDone || s == PlanReplaced || s == PlanExpired }

// EntryStatus is what became of a change.
type EntryStatus string

// The states of an entry.
const (
	EntryHeld       EntryStatus = "held"       // waits for approval
	EntryPending    EntryStatus = "pending"    // about to be sent, or sent without an answer
	EntryApplied    EntryStatus = "applied"    // the tracker took it
	EntryFailed     EntryStatus = "failed"     // the tracker refused it
	EntrySuperseded EntryStatus = "superseded" // no longer wanted when it was looked at again
	EntryUndone     EntryStatus = "undone"     // taken back later
)
