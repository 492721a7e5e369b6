// Package web serves lanekeeper's page, JSON API, health and metrics, and holds
// the client of that API. Both ends speak through the same small interfaces, so
// that a command works alike on the state file and on a running daemon.
package web

import (
	"context"
	"net/http"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/pilot"
)

// All errors that these interfaces return for a reason that the asker can do
// something about are an *Error with its kind. Lists are never longer than the
// limit that was asked for; a limit of 0 is no limit.

// Issues answers about issues.
type Issues interface {
	// Issues lists open issues in rank order.
	Issues(context.Context, IssueFilter) (answer.Issues, error)
	// Explain tells why an issue is where it is. A ref without a source finds
	// the key in any source; a key that several have is Invalid. An issue that
	// is not known is NotFound.
	Explain(context.Context, issue.Ref) (answer.Explanation, error)
	// History tells what was decided about and written to an issue, the newest
	// limit events. Refs as in Explain.
	History(ctx context.Context, ref issue.Ref, limit int) (answer.History, error)
	// SLAs lists open issues that are held to an SLA, the most urgent first.
	SLAs(context.Context, IssueFilter) (answer.SLAs, error)
	// PostMortems lists the post-mortems that are asked for and not done, the
	// oldest first.
	PostMortems(context.Context, IssueFilter) (answer.PostMortems, error)
}

// Log answers about what was decided and written.
type Log interface {
	// Decisions lists logged decisions, newest first.
	Decisions(context.Context, DecisionFilter) (answer.Decisions, error)
	// Plans lists plans without their changes, newest first.
	Plans(context.Context, PlanFilter) (answer.Plans, error)
	// Plan returns one plan with its changes. One that is not known is NotFound.
	Plan(ctx context.Context, id string) (answer.Plan, error)
	// Report judges the policy by what people did to its decisions.
	Report(context.Context, ReportFilter) (answer.PolicyReport, error)
	// Pilot compares the time since a pilot began with the time before. A source
	// that is not configured is NotFound; one without a write, and no moment
	// given, is a Conflict.
	Pilot(context.Context, PilotFilter) (answer.Pilot, error)
	// Changes lists what was sent to the trackers, newest first.
	Changes(context.Context, ChangeFilter) (answer.Changes, error)
}

// Overview answers about lanekeeper as a whole.
type Overview interface {
	Sources(context.Context) (answer.Sources, error)
	// Lanes spreads the open issues of one source, or of all for "", over the
	// lanes. A source that is not configured is NotFound.
	Lanes(ctx context.Context, source string) (answer.Lanes, error)
}

// Planner tells what a cycle would change now, of one source or of all for "".
// It writes nothing.
type Planner interface {
	PlanNow(ctx context.Context, source string) (answer.Cycle, error)
}

// Operator changes what lanekeeper does. By names the person who asked.
type Operator interface {
	// Approve lets a held plan, or a part of it, go on. A plan that is not held
	// is a Conflict, which names the one that waits.
	Approve(context.Context, ApproveRequest) (answer.Plan, error)
	// Pause stops all writes until Resume, also across restarts. Pausing twice
	// keeps the first time and reason.
	Pause(ctx context.Context, by, reason string) (answer.Pause, error)
	Resume(ctx context.Context, by string) (answer.Pause, error)
	// Undo takes back what was written where the field still holds it.
	Undo(context.Context, UndoRequest) (answer.Undo, error)
}

// Webhooks takes the calls of trackers.
type Webhooks interface {
	// Receive checks the signature of a call and notes what it says has changed;
	// it asks the tracker nothing and does not wait. A source that takes no calls
	// is NotFound, a bad signature Denied.
	Receive(ctx context.Context, source string, h http.Header, body []byte) error
}

// Health tells whether every source had a good cycle lately.
type Health interface {
	Ready(context.Context) (answer.Readiness, error)
}

// IssueFilter narrows a list of issues. Zero fields do not narrow.
type IssueFilter struct {
	Lane   string
	Source string
	SLA    string
	State  string // of the SLA's clock; only SLAs looks at it
	// Text is searched in key and title, without regard to case.
	Text   string
	Limit  int
	Cursor string
}

// DecisionFilter narrows the decision log. Zero fields do not narrow.
type DecisionFilter struct {
	Lane   string // that the issue moved out of or into
	Source string
	Move   answer.Move
	Since  time.Time // inclusive
	Until  time.Time // exclusive
	Limit  int
	Cursor string
}

// PlanFilter narrows the list of plans. Zero fields do not narrow.
type PlanFilter struct {
	Source string
	Status string
	Since  time.Time
	Limit  int
	Cursor string
}

// ReportFilter says what a policy report is about.
type ReportFilter struct {
	Since  time.Time // zero: 90 days ago
	Source string    // "" is all
	Team   string    // source/PROJECT, "" is all
	// Anonymous replaces the names of reporters by numbers.
	Anonymous bool
}

// PilotFilter says what the report of a pilot is about.
type PilotFilter struct {
	Source   string
	Project  string        // "" is all of the source
	Since    time.Time     // zero: the first write
	Baseline time.Duration // before that; 0 is 30 days
	Limits   pilot.Limits
}

// ChangeFilter narrows the list of changes. Zero fields do not narrow.
type ChangeFilter struct {
	Source string
	Lane   string // of the decision behind the change
	Since  time.Time
	Limit  int
	Cursor string
}

// ApproveRequest says what to approve: exactly one of Plan and Source is set.
type ApproveRequest struct {
	Plan   string   `json:"plan,omitempty"`
	Source string   `json:"source,omitempty"` // its waiting plan
	Lanes  []string `json:"lanes,omitempty"`  // only issues of these; none means all
	By     string   `json:"by,omitempty"`
}

// Validate reports a request that does not say exactly one thing.
func (a ApproveRequest) Validate() error {
	if (a.Plan == "") == (a.Source == "") {
		return Errorf(Invalid, "approve needs exactly one of a plan, such as p-7f3a09c1, and a source")
	}
	for _, l := range a.Lanes {
		if l == "" {
			return Errorf(Invalid, "approve was given a lane without a name")
		}
	}
	return nil
}

// UndoRequest says what to undo: exactly one of Plan, Since and Ref is set.
type UndoRequest struct {
	Plan  string    `json:"plan,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Ref   string    `json:"ref,omitempty"`
	By    string    `json:"by,omitempty"`
}

// Validate reports a request that does not say exactly one thing.
func (u UndoRequest) Validate() error {
	n := 0
	for _, set := range []bool{u.Plan != "", !u.Since.IsZero(), u.Ref != ""} {
		if set {
			n++
		}
	}
	if n != 1 {
		return Errorf(Invalid, "undo needs exactly one of plan, since and ref")
	}
	return nil
}
