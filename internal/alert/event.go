package alert

import (
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/state"
)

// Kind is what happened.
type Kind string

// The kinds of event. The public contract names them.
const (
	SLAWarning       Kind = "sla_warning"         // a clock passed a part of its target
	SLABreached      Kind = "sla_breached"        // a clock ran out
	SLAMet           Kind = "sla_met"             // a target was reached in time
	Guard            Kind = "guard"               // a plan waits for approval
	SourceDown       Kind = "source_down"         // cycles of a source fail
	SourceRecovered  Kind = "source_recovered"    // and succeed again
	AuthFailed       Kind = "auth_failed"         // a tracker refuses the credential
	Contested        Kind = "contested"           // somebody without the right moved an issue, and no approver has decided
	ParkedTooLong    Kind = "parked_too_long"     // an issue cannot be written for long
	LaneOutOfBalance Kind = "lane_out_of_balance" // a lane or mark is out of its bounds
	Report           Kind = "report"              // a message of lanekeeper itself: the test of a channel
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{
		SLAWarning, SLABreached, SLAMet, Guard, SourceDown, SourceRecovered, AuthFailed, Contested, ParkedTooLong, LaneOutOfBalance, Report,
	}
}

// moment tells whether events of this kind are news of a moment, which lasts no
// time and is never over.
func (k Kind) moment() bool {
	return k == SLAMet || k == SourceRecovered || k == Report
}

// severity is that of events that bring none.
func (k Kind) severity() Severity {
	switch k {
	case SLABreached, AuthFailed:
		return Critical
	case SLAMet, SourceRecovered, Report:
		return Info
	}
	return Warning
}

// Severity is how much an event needs somebody.
type Severity string

// The severities.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// Severities lists all severities, the gravest first.
func Severities() []Severity { return []Severity{Critical, Warning, Info} }

// Issue is what an event says of the issue that it is about.
type Issue struct {
	ID    string // the tracker's immutable id
	Key   string
	URL   string
	Title string
}

// Event is something that needs to be told. Kind, Source, the issue (or else
// Subject), SLA and State say what it is about: two events that are alike in
// these are one and the same, and everything else describes it.
type Event struct {
	Kind   Kind
	Source string
	Lane   string
	SLA    string
	// Severity is that of the kind where it is "".
	Severity Severity
	Issue    Issue
	Project  string
	// Subject is what the event is about where that is no issue: a plan, a lane.
	Subject string
	// State tells events about the same thing apart: that 75 % of an SLA are over
	// is other news than that 50 % are.
	State   string
	Summary string // one sentence
	// StartsAt is when it began, which may be long before it was noticed. Zero is
	// now.
	StartsAt time.Time
	// Remaining is the time to the target, below 0 beyond it; nil where there is
	// none.
	Remaining *time.Duration
	// ExplainURL is the page that tells more.
	ExplainURL string
	// EndedAt is when it was over; zero while it lasts.
	EndedAt time.Time
}

// escape keeps the parts of an ID apart. To build it takes longer than to use it.
var escape = strings.NewReplacer("%", "%25", "|", "%7C")

// ID is the event's identity. News of a moment are told apart by that moment.
func (e *Event) ID() string {
	about, st := e.Issue.ID, e.State
	if e.Kind.moment() && st == "" {
		st = e.StartsAt.UTC().Format(time.RFC3339Nano)
	}
	if about == "" {
		about = "/" + e.Subject
	}
	parts := []string{string(e.Kind), e.Source, about, e.SLA, st}
	for n, p := range parts {
		parts[n] = escape.Replace(p)
	}
	return strings.Join(parts, "|")
}

// describe puts what the event says into an alert.
func (e *Event) describe(a *state.Alert) {
	a.Kind, a.Severity = string(e.Kind), string(e.Severity)
	if e.Severity == "" {
		a.Severity = string(e.Kind.severity())
	}
	a.Source, a.Lane, a.SLA, a.Project = e.Source, e.Lane, e.SLA, e.Project
	a.IssueID, a.Key, a.URL, a.Title = e.Issue.ID, e.Issue.Key, e.Issue.URL, e.Issue.Title
	a.Subject, a.State, a.Summary, a.ExplainURL = e.Subject, e.State, e.Summary, e.ExplainURL
	a.Timed = e.Remaining != nil
	if a.Timed {
		a.Remaining = e.Remaining.Truncate(time.Millisecond)
	}
	a.Moment = e.Kind.moment()
}
