// Package policy decides: it turns one issue, a moment and what was decided
// before into a score, a lane, a priority and the reason for each. It is pure
// and deterministic: no clock, no network, no randomness, no map order.
//
// # Missing inputs
//
// An input is missing where a custom field has no value, a signal has none or
// is too old, a time is not set, or the estimate is 0. Reading one fails, and
// what reads it takes its default: a pillar its Default (else it is unknown and
// left out of the mean), the effort its Default (else the issue is undecided), a
// condition does not hold. The estimate reads as 0 instead of failing. tier and
// or_else take their own default. In each case the pillar names the input and
// its weight does not count towards the confidence. has() asks without counting
// as a reading that failed.
//
// A field that failed to load (Issue.Unknown) is no missing input: an issue is
// undecided where any expression names it. So is one where an expression fails
// for any other reason, such as a division by zero.
package policy

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Spec is a policy as people write it. Compile checks it and makes it run.
type Spec struct {
	Score    ScoreSpec    `yaml:"score" json:"score,omitempty,omitzero"`
	Priority PrioritySpec `yaml:"priority" json:"priority,omitempty,omitzero"`
	// Lanes are tried in order; the first whose When is true takes the issue.
	// The last must always be true.
	Lanes []LaneSpec `yaml:"lanes" json:"lanes,omitempty,omitzero"`
	// SLAs by name; lanes name the one that their issues are held to.
	SLAs      map[string]SLASpec `yaml:"slas" json:"slas,omitempty,omitzero"`
	Overrides OverrideSpec       `yaml:"overrides" json:"overrides,omitempty,omitzero"`
	Comments  CommentSpec        `yaml:"comments" json:"comments,omitempty,omitzero"`
	// PostMortem says whose closing asks for a post-mortem.
	PostMortem PostMortemSpec `yaml:"post_mortem" json:"post_mortem,omitempty,omitzero"`
	// Settle is how long a lane or band must have been left before an issue
	// may return to it.
	Settle time.Duration `yaml:"settle" json:"settle,omitempty,omitzero"`
	// Marks are further managed labels derived from the score, such as MoSCoW.
	Marks []MarkSpec `yaml:"marks" json:"marks,omitempty,omitzero"`
	// Inflation bounds how much may be urgent; a breach is reported, never
	// enforced. It decides nothing and is no part of the hash.
	Inflation InflationSpec `yaml:"inflation" json:"-"`
}

// InflationSpec bounds the share of priorities.
type InflationSpec struct {
	// UrgentHigh is the share of open issues that may be urgent or high, 0..1;
	// nil is no bound.
	UrgentHigh *float64 `yaml:"urgent_high" json:"-"`
}

// ScoreSpec says how the score is computed: the weighted mean of the pillars.
type ScoreSpec struct {
	// Preset fills in what is not given: three_pillars, rice, wsjf, ice,
	// moscow or opportunity.
	Preset  string                `yaml:"preset" json:"preset,omitempty,omitzero"`
	Pillars map[string]PillarSpec `yaml:"pillars" json:"pillars,omitempty,omitzero"`
	Effort  EffortSpec            `yaml:"effort" json:"effort,omitempty,omitzero"`
}

// PillarSpec is one input of the score, 0..100.
type PillarSpec struct {
	Weight float64 `yaml:"weight" json:"weight,omitempty,omitzero"`
	Expr   string  `yaml:"expr" json:"expr,omitempty,omitzero"`
	// Default is the value where an input of Expr is missing; nil makes the
	// pillar unknown, which leaves it out of the mean and lowers confidence.
	Default *float64 `yaml:"default" json:"default,omitempty,omitzero"`
	// Rubric describes levels for people, from value to text.
	Rubric map[int]string `yaml:"rubric" json:"rubric,omitempty,omitzero"`
}

// EffortSpec is what the score is divided by to order a lane; it must be
// greater than 0.
type EffortSpec struct {
	Expr    string   `yaml:"expr" json:"expr,omitempty,omitzero"`
	Default *float64 `yaml:"default" json:"default,omitempty,omitzero"`
}

// PrioritySpec maps ranges of score to priorities.
type PrioritySpec struct {
	// Margin is how far beyond an edge the score must be to leave a band.
	Margin float64 `yaml:"margin" json:"margin,omitempty,omitzero"`
	// Bands are lower edges; below the lowest is low.
	Bands map[issue.Priority]float64 `yaml:"bands" json:"bands,omitempty,omitzero"`
}

// LaneSpec is one queue of work.
type LaneSpec struct {
	Name string `yaml:"name" json:"name,omitempty,omitzero"`
	Why  string `yaml:"why" json:"why,omitempty,omitzero"`
	When string `yaml:"when" json:"when,omitempty,omitzero"`
	// Stay keeps an issue that is already in the lane, beside When.
	Stay    string `yaml:"stay" json:"stay,omitempty,omitzero"`
	Horizon string `yaml:"horizon" json:"horizon,omitempty,omitzero"` // current-sprint, next-release, roadmap
	// Mode narrows the source's mode for issues of this lane: observe, suggest
	// or enforce; "" is the source's own.
	Mode     string           `yaml:"mode" json:"mode,omitempty,omitzero"`
	Priority LanePrioritySpec `yaml:"priority" json:"priority,omitempty,omitzero"`
	SLA      string           `yaml:"sla" json:"sla,omitempty,omitzero"`
	Share    ShareSpec        `yaml:"share" json:"share,omitempty,omitzero"`
	Owner    OwnerSpec        `yaml:"owner" json:"owner,omitempty,omitzero"`
	// Approvers may move issues into and out of the lane.
	Approvers []string `yaml:"approvers" json:"approvers,omitempty,omitzero"`
	// Contested says what happens to a move by anybody else: flag or restore.
	Contested string `yaml:"contested" json:"contested,omitempty,omitzero"`
	// MinConfidence is the least confidence of the score, 0..1, for which
	// issues are moved into this lane and written to.
	MinConfidence float64 `yaml:"min_confidence" json:"min_confidence,omitempty,omitzero"`
	// Examples are issues that must land in this lane; `policy test` checks them.
	// They decide nothing and are no part of the hash.
	Examples []Literal `yaml:"examples" json:"-"`
	// AlarmAbove is the number of issues above which the lane is reported.
	AlarmAbove int `yaml:"alarm_above" json:"alarm_above,omitempty,omitzero"`
}

// LanePrioritySpec bounds the band's priority inside a lane.
type LanePrioritySpec struct {
	AtLeast *issue.Priority `yaml:"at_least" json:"at_least,omitempty,omitzero"`
	AtMost  *issue.Priority `yaml:"at_most" json:"at_most,omitempty,omitzero"`
}

// ShareSpec is a lane's target share of the open issues, 0..1.
type ShareSpec struct {
	Min *float64 `yaml:"min" json:"min,omitempty,omitzero"`
	Max *float64 `yaml:"max" json:"max,omitempty,omitzero"`
}

// OwnerSpec assigns the lane's issues to one of Assign and OnCall.
type OwnerSpec struct {
	Assign string `yaml:"assign" json:"assign,omitempty,omitzero"`   // e-mail or account id
	OnCall string `yaml:"on_call" json:"on_call,omitempty,omitzero"` // a rota: whoever is on duty
	// Handover says what happens to the issues when somebody else is on duty:
	// stay ("" too) or follow.
	Handover string `yaml:"handover" json:"handover,omitempty,omitzero"`
}

// SLASpec is a respond and resolve promise on a calendar.
type SLASpec struct {
	Calendar *CalendarSpec `yaml:"calendar" json:"calendar,omitempty,omitzero"` // nil: all hours of all days
	// Starts is created, entered_lane or label.
	Starts  string       `yaml:"starts" json:"starts,omitempty,omitzero"`
	Label   string       `yaml:"label" json:"label,omitempty,omitzero"` // the label, where Starts is label
	Pauses  PauseSpec    `yaml:"pauses" json:"pauses,omitempty,omitzero"`
	WarnAt  []float64    `yaml:"warn_at" json:"warn_at,omitempty,omitzero"` // fractions of the target
	Targets []TargetSpec `yaml:"targets" json:"targets,omitempty,omitzero"`
	// Responds lists what meets a respond target: comment, status; empty: both.
	Responds []string `yaml:"responds" json:"responds,omitempty,omitzero"`
	// Comment has the issue's comment say how the SLA stands; nil: it does not.
	Comment *SLACommentSpec `yaml:"comment" json:"comment,omitempty,omitzero"`
}

// SLACommentSpec says when the comment begins to speak of an SLA, and what else it
// says.
type SLACommentSpec struct {
	// From is at_risk or breached.
	From string `yaml:"from" json:"from,omitempty,omitzero"`
	// Workaround names the custom field that holds one; "" is none.
	Workaround string `yaml:"workaround" json:"workaround,omitempty,omitzero"`
}

// CalendarSpec is a team's working time.
type CalendarSpec struct {
	Timezone string            `yaml:"timezone" json:"timezone,omitempty,omitzero"`
	Hours    map[string]string `yaml:"hours" json:"hours,omitempty,omitzero"`       // "mon-fri": "09:00-18:00"
	Holidays []issue.Date      `yaml:"holidays" json:"holidays,omitempty,omitzero"` // days off
	// HolidayCalendars name countries, or parts of them, whose holidays are days
	// off too: de, de-by, us.
	HolidayCalendars []string `yaml:"holiday_calendars" json:"holiday_calendars,omitempty,omitzero"`
}

// PauseSpec lists what stops the clock.
type PauseSpec struct {
	Statuses []string `yaml:"statuses" json:"statuses,omitempty,omitzero"`
	Labels   []string `yaml:"labels" json:"labels,omitempty,omitzero"`
}

// TargetSpec is one pair of targets; the first whose When holds counts. An
// empty When always holds.
type TargetSpec struct {
	When    string        `yaml:"when" json:"when,omitempty,omitzero"`
	Respond time.Duration `yaml:"respond" json:"respond,omitempty,omitzero"`
	Resolve time.Duration `yaml:"resolve" json:"resolve,omitempty,omitzero"`
}

// OverrideSpec says how people's own changes are treated.
type OverrideSpec struct {
	// TTL ends an override; 0 keeps it until a person takes it back.
	TTL time.Duration `yaml:"ttl" json:"ttl,omitempty,omitzero"`
	// Release ends overrides when policy moves the issue: "lane_change", or ""
	// for never.
	Release string `yaml:"release" json:"release,omitempty,omitzero"`
	// FirstSight says what happens to a value that was there before lanekeeper:
	// adopt (keep it as an override) or claim (change it), by field.
	FirstSight map[issue.Field]string `yaml:"first_sight" json:"first_sight,omitempty,omitzero"`
}

// CommentSpec says when lanekeeper comments beside its proposals.
type CommentSpec struct {
	// Enforce is off, or first: the first change of a lane to a person's issue is
	// explained in a comment.
	Enforce string `yaml:"enforce" json:"enforce,omitempty,omitzero"`
}

// PostMortemSpec says which issues ask for a post-mortem when they are completed.
type PostMortemSpec struct {
	// Completed are the lanes all of whose issues ask for one.
	Completed []string `yaml:"completed" json:"completed,omitempty,omitzero"`
	// Missed are the lanes whose issues ask for one where their SLA ran out.
	Missed []string `yaml:"missed" json:"missed,omitempty,omitzero"`
	// Template is the text to fill in; "" is PostMortemTemplate.
	Template string `yaml:"template" json:"template,omitempty,omitzero"`
}

// PostMortemTemplate is what a post-mortem is to say, where the policy has no
// template of its own.
const PostMortemTemplate = `- What happened, and when:
- Impact (who was hurt, how badly, for how long):
- How it was noticed, and what delayed that:
- Cause:
- What was done about it:
- Prevention (each an issue of its own):
- Owner of the prevention:
- Due:`

// GroupPrefix begins an approver that is a group of the tracker.
const GroupPrefix = "group:"

// PinnedLane is no name for a lane: its label is the pin.
const PinnedLane = "pinned"

// MarkSpec is a managed label prefix whose value follows the score.
type MarkSpec struct {
	Prefix string             `yaml:"prefix" json:"prefix,omitempty,omitzero"` // without the colon
	Bands  map[string]float64 `yaml:"bands" json:"bands,omitempty,omitzero"`   // value to lower edge; the lowest edge must be 0
	Margin float64            `yaml:"margin" json:"margin,omitempty,omitzero"`
	// Cap bounds the share of open issues that may carry a value; a breach is
	// reported, never enforced.
	Cap map[string]float64 `yaml:"cap" json:"cap,omitempty,omitzero"`
}
