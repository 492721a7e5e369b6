// Package policy decides: it turns one issue, a moment and what was decided
// before into a score, a lane, a priority and the reason for each. It is pure
// and deterministic: no clock, no network, no randomness, no map order.
package policy

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Spec is a policy as people write it. Compile checks it and makes it run.
type Spec struct {
	Score    ScoreSpec    `yaml:"score"`
	Priority PrioritySpec `yaml:"priority"`
	// Lanes are tried in order; the first whose When is true takes the issue.
	// The last must always be true.
	Lanes []LaneSpec `yaml:"lanes"`
	// SLAs by name; lanes name the one that their issues are held to.
	SLAs      map[string]SLASpec `yaml:"slas"`
	Overrides OverrideSpec       `yaml:"overrides"`
	// Settle is how long a lane or band must have been left before an issue
	// may return to it.
	Settle time.Duration `yaml:"settle"`
	// Marks are further managed labels derived from the score, such as MoSCoW.
	Marks []MarkSpec `yaml:"marks"`
}

// ScoreSpec says how the score is computed: the weighted mean of the pillars.
type ScoreSpec struct {
	// Preset fills in what is not given: three_pillars, rice, wsjf, ice,
	// moscow or opportunity.
	Preset  string                `yaml:"preset"`
	Pillars map[string]PillarSpec `yaml:"pillars"`
	Effort  EffortSpec            `yaml:"effort"`
}

// PillarSpec is one input of the score, 0..100.
type PillarSpec struct {
	Weight float64 `yaml:"weight"`
	Expr   string  `yaml:"expr"`
	// Default is the value where an input of Expr is missing; nil makes the
	// pillar unknown, which leaves it out of the mean and lowers confidence.
	Default *float64 `yaml:"default"`
	// Rubric describes levels for people, from value to text.
	Rubric map[int]string `yaml:"rubric"`
}

// EffortSpec is what the score is divided by to order a lane; it must be
// greater than 0.
type EffortSpec struct {
	Expr    string   `yaml:"expr"`
	Default *float64 `yaml:"default"`
}

// PrioritySpec maps ranges of score to priorities.
type PrioritySpec struct {
	// Margin is how far beyond an edge the score must be to leave a band.
	Margin float64 `yaml:"margin"`
	// Bands are lower edges; below the lowest is low.
	Bands map[issue.Priority]float64 `yaml:"bands"`
}

// LaneSpec is one queue of work.
type LaneSpec struct {
	Name string `yaml:"name"`
	Why  string `yaml:"why"`
	When string `yaml:"when"`
	// Stay keeps an issue that is already in the lane, beside When.
	Stay    string `yaml:"stay"`
	Horizon string `yaml:"horizon"` // current-sprint, next-release, roadmap
	// Mode narrows the source's mode for issues of this lane: observe, suggest
	// or enforce; "" is the source's own.
	Mode     string           `yaml:"mode"`
	Priority LanePrioritySpec `yaml:"priority"`
	SLA      string           `yaml:"sla"`
	Share    ShareSpec        `yaml:"share"`
	Owner    OwnerSpec        `yaml:"owner"`
	// Approvers may move issues into and out of the lane.
	Approvers []string `yaml:"approvers"`
	// Contested says what happens to a move by anybody else: flag or restore.
	Contested string `yaml:"contested"`
	// MinConfidence is the least confidence of the score, 0..1, for which
	// issues are moved into this lane and written to.
	MinConfidence float64 `yaml:"min_confidence"`
	// AlarmAbove is the number of issues above which the lane is reported.
	AlarmAbove int `yaml:"alarm_above"`
}

// LanePrioritySpec bounds the band's priority inside a lane.
type LanePrioritySpec struct {
	AtLeast *issue.Priority `yaml:"at_least"`
	AtMost  *issue.Priority `yaml:"at_most"`
}

// ShareSpec is a lane's target share of the open issues, 0..1.
type ShareSpec struct {
	Min *float64 `yaml:"min"`
	Max *float64 `yaml:"max"`
}

// OwnerSpec assigns the lane's issues.
type OwnerSpec struct {
	Assign string `yaml:"assign"` // e-mail or account id
}

// SLASpec is a respond and resolve promise on a calendar.
type SLASpec struct {
	Calendar *CalendarSpec `yaml:"calendar"` // nil: all hours of all days
	// Starts is created, entered_lane or label.
	Starts  string       `yaml:"starts"`
	Label   string       `yaml:"label"` // the label, where Starts is label
	Pauses  PauseSpec    `yaml:"pauses"`
	WarnAt  []float64    `yaml:"warn_at"` // fractions of the target
	Targets []TargetSpec `yaml:"targets"`
}

// CalendarSpec is a team's working time.
type CalendarSpec struct {
	Timezone string            `yaml:"timezone"`
	Hours    map[string]string `yaml:"hours"`    // "mon-fri": "09:00-18:00"
	Holidays []issue.Date      `yaml:"holidays"` // days off
}

// PauseSpec lists what stops the clock.
type PauseSpec struct {
	Statuses []string `yaml:"statuses"`
	Labels   []string `yaml:"labels"`
}

// TargetSpec is one pair of targets; the first whose When holds counts. An
// empty When always holds.
type TargetSpec struct {
	When    string        `yaml:"when"`
	Respond time.Duration `yaml:"respond"`
	Resolve time.Duration `yaml:"resolve"`
}

// OverrideSpec says how people's own changes are treated.
type OverrideSpec struct {
	// TTL ends an override; 0 keeps it until a person takes it back.
	TTL time.Duration `yaml:"ttl"`
	// Release ends overrides when policy moves the issue: "lane_change", or ""
	// for never.
	Release string `yaml:"release"`
	// FirstSight says what happens to a value that was there before lanekeeper:
	// adopt (keep it as an override) or claim (change it), by field.
	FirstSight map[issue.Field]string `yaml:"first_sight"`
}

// MarkSpec is a managed label prefix whose value follows the score.
type MarkSpec struct {
	Prefix string             `yaml:"prefix"` // without the colon
	Bands  map[string]float64 `yaml:"bands"`  // value to lower edge; the lowest edge must be 0
	Margin float64            `yaml:"margin"`
	// Cap bounds the share of open issues that may carry a value; a breach is
	// reported, never enforced.
	Cap map[string]float64 `yaml:"cap"`
}
