package backtest

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Report is what a replay came to.
type Report struct {
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	Timezone string    `json:"timezone"`
	Days     int       `json:"days"`
	Coverage Coverage  `json:"coverage"`
	// Actual is what people had, day by day.
	Actual   []Actual `json:"actual"`
	Policies []Result `json:"policies"` // in the order of the candidates
	// Compare sets the first policy against the second, where there is one.
	Compare *Comparison `json:"compare,omitempty"`
}

// Coverage tells what the replay rests on.
type Coverage struct {
	Issues int `json:"issues"` // replayed
	// NoHistory counts issues whose history could not be read: they are held at
	// their present state. CutHistory counts those that the tracker cut, Broken
	// those whose history does not lead to their present state.
	NoHistory  int `json:"no_history"`
	CutHistory int `json:"cut_history"`
	Broken     int `json:"broken_history"`
	// Left counts issues that were left out: they were closed at an unknown time.
	Left int `json:"left_out"`
	// OwnChanges counts changes by lanekeeper itself, which were left out.
	OwnChanges int `json:"own_changes"`
	// UnknownStatuses are names in histories of which nothing is known; an issue
	// counts as open while it has one.
	UnknownStatuses []string `json:"unknown_statuses"`
	// Notes are further limits, in words.
	Notes []string `json:"notes"`
}

// Actual is one day as people had it.
type Actual struct {
	Date       issue.Date             `json:"date"`
	Open       int                    `json:"open"`
	Priorities map[issue.Priority]int `json:"priorities"` // of the open issues
	Unknown    int                    `json:"unknown"`    // open issues whose priority is not known
}

// Result is what one policy came to.
type Result struct {
	Name       string   `json:"name"`
	PolicyHash string   `json:"policy_hash"`
	Lanes      []string `json:"lanes"` // in the policy's order
	// Held are the parts that read what history does not tell; HeldShare is the
	// share of the score's weight that reads any of it, 0..1.
	Held      []Held  `json:"held"`
	HeldShare float64 `json:"held_share"`

	Days      []Day  `json:"days"`
	Decisions int    `json:"decisions"`
	Moves     []Move `json:"moves"` // the newest, newest first
	MoreMoves int    `json:"more_moves"`
	// Flaps counts returns to a lane within seven days (or settle, where that is
	// longer), HeldReturns those that settle held back.
	Flaps       int `json:"flaps"`
	HeldReturns int `json:"held_returns"`
	Hot         Hot `json:"hot"`
	// OutOfShare counts the days on which a lane was out of its target share.
	OutOfShare map[string]int `json:"days_out_of_share"`
	Inflation  Inflation      `json:"inflation"`
	Agreement  Agreement      `json:"agreement"`
}

// Held is one part of a policy that reads what history does not tell.
type Held struct {
	Part    string   `json:"part"`
	Share   float64  `json:"share"`   // of the score, 0..1
	Inputs  []string `json:"inputs"`  // held at their present value
	Signals []string `json:"signals"` // missing: their past is not kept
}

// Day is one day's end under a policy, and what happened during it.
type Day struct {
	Date      issue.Date     `json:"date"`
	Open      int            `json:"open"`
	Undecided int            `json:"undecided"`
	Lanes     map[string]int `json:"lanes"`
	// Priorities are those that policy gave.
	Priorities map[issue.Priority]int `json:"priorities"`
	Moves      int                    `json:"moves"`
	Flaps      int                    `json:"flaps"`
	// Hot counts issues that came into the lane of hot fixes.
	Hot int `json:"hot"`
}

// Move is one issue that policy moved from a lane to another.
type Move struct {
	Ref   string    `json:"ref"`
	At    time.Time `json:"at"`
	From  string    `json:"from"`
	To    string    `json:"to"`
	Cause string    `json:"cause"`
	Flap  bool      `json:"flap,omitempty"`
}

// Hot are the hot fixes a day.
type Hot struct {
	Lane     string     `json:"lane"`
	Capacity int        `json:"capacity"` // a day; 0: not given
	Total    int        `json:"total"`
	PerDay   float64    `json:"per_day"`
	Most     int        `json:"most"`
	MostOn   issue.Date `json:"most_on,omitempty"`
	DaysOver int        `json:"days_over"` // days with more than the capacity
}

// Inflation is the share of urgent and high among the open issues, at the first
// and the last day, as policy gave it and as people had it.
type Inflation struct {
	First       float64 `json:"first"`
	Last        float64 `json:"last"`
	ActualFirst float64 `json:"actual_first"`
	ActualLast  float64 `json:"actual_last"`
}

// Agreement tells how often people later did what policy had proposed. A
// proposal is a priority that policy gives and the tracker does not have.
type Agreement struct {
	Proposals int `json:"proposals"`
	Same      int `json:"same"`   // people later set that priority
	Toward    int `json:"toward"` // they moved in that direction
	Against   int `json:"against"`
	Open      int `json:"open"`    // nobody touched it
	Dropped   int `json:"dropped"` // policy itself no longer gave it
	// LeadHours is the median time between a proposal and the same change.
	LeadHours float64 `json:"lead_hours"`
	// LaneLabels counts lane labels that people set; SameLane those where policy
	// had the issue there.
	LaneLabels int `json:"lane_labels"`
	SameLane   int `json:"same_lane"`
}

// Comparison sets a new policy against the current one.
type Comparison struct {
	New     string `json:"new"`
	Current string `json:"current"`
	Same    int    `json:"same"` // open issues that come out alike today
	// Matrix counts the open issues of today by current and new lane; the lane ""
	// is undecided.
	Matrix     []Cell       `json:"matrix"`
	Priorities []Cell       `json:"priorities"`
	Today      []Difference `json:"today"`
	// DifferingDays counts days of issues on which the lanes differ, by day;
	// Issues how many issues had any.
	DifferingDays []Differing `json:"differing_days,omitempty"`
	IssueDays     int         `json:"differing_issue_days"`
	Issues        int         `json:"differing_issues"`
}

// Cell is one count of a matrix.
type Cell struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Count int    `json:"count"`
}

// Differing is how many issues were in different lanes at a day's end.
type Differing struct {
	Date   issue.Date `json:"date"`
	Issues int        `json:"issues"`
}

// Difference is one issue that comes out differently today.
type Difference struct {
	Ref     string  `json:"ref"`
	Title   string  `json:"title"`
	Current Outcome `json:"current"`
	New     Outcome `json:"new"`
	Days    int     `json:"days,omitempty"` // on which the lanes differed
}

// Outcome is what a policy makes of an issue, and why.
type Outcome struct {
	Lane      string         `json:"lane"` // "" where undecided
	Priority  issue.Priority `json:"priority"`
	Score     float64        `json:"score"`
	Undecided string         `json:"undecided,omitempty"`
	Because   string         `json:"because"`
}
