// Package pilot compares the time since a pilot began with the time before it,
// and recommends to keep, adjust or stop it. It is pure: what happened and two
// moments in, measures with their methods out. Where there is too little data,
// it says so and guesses nothing.
package pilot

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Input is what is on record about the source or project of a pilot.
type Input struct {
	Source, Project      string
	Baseline, Since, Now time.Time // when the baseline and the pilot began
	Lanes                []string  // in the order of the policy; the last is the catch-all
	Decisions            []Decision
	Changes              []Change
	Acts                 []Act
	Clocks               []Clock
	Issues               []Issue
	Limits               Limits
}

// Decision put an issue into a lane, or kept it there.
type Decision struct {
	At    time.Time
	Issue string
	Lane  string
}

// Change is a value that lanekeeper wrote, those of undos left out.
type Change struct {
	At    time.Time
	Issue string
	Field issue.Field
	From  string
}

// Act is something that a person did.
type Act struct {
	At    time.Time
	Issue string
	Kind  Kind
	Field issue.Field
	From  string
}

// Kind says what a person did.
type Kind string

// What counts of what people do.
const (
	Overrode  Kind = "overrode"  // changed what lanekeeper had written
	Undid     Kind = "undid"     // took a change back
	Accepted  Kind = "accepted"  // agreed to a proposal
	Rejected  Kind = "rejected"  // declined one
	Contested Kind = "contested" // moved an issue without the right to
)

// Clock is one SLA target that was reached or ran out.
type Clock struct {
	At  time.Time
	Met bool
}

// Issue is one issue as it is known now.
type Issue struct {
	ID       string
	Open     bool
	Lane     string // of the newest decision, "" for none
	Created  time.Time
	Started  time.Time // zero: never, or not known
	Closed   time.Time // zero: open, or not known
	Priority issue.Priority
}

// Report is the end report of a pilot.
type Report struct {
	Source         string         `json:"source"`
	Project        string         `json:"project,omitempty"`
	Baseline       time.Time      `json:"baseline_since"`
	Since          time.Time      `json:"since"`
	Until          time.Time      `json:"until"`
	Recommendation Recommendation `json:"recommendation"`
	Because        []string       `json:"because"`
	Measures       []Measure      `json:"measures"`
	Lanes          []Lane         `json:"lanes"`
	Before         Counts         `json:"before"`
	After          Counts         `json:"after"`
	Notes          []string       `json:"notes"`
}

// Recommendation is what to do with a pilot.
type Recommendation string

// The recommendations.
const (
	Keep      Recommendation = "keep"
	Adjust    Recommendation = "adjust"
	Stop      Recommendation = "stop"
	Undecided Recommendation = "undecided" // too little data
)

// Counts are what happened in a period.
type Counts struct {
	Decisions int `json:"decisions"`
	Changes   int `json:"changes"`
	Overrides int `json:"overrides"`
	Undone    int `json:"undone"`
	Accepted  int `json:"accepted"` // fields of proposals
	Rejected  int `json:"rejected"`
	Contested int `json:"contested"`
	Closed    int `json:"closed"` // issues
}

// leastJudged is how many measures must have enough data before a pilot is
// recommended to be kept or adjusted.
const leastJudged = 3

// Make writes the report.
func Make(in Input) Report {
	r := Report{Source: in.Source, Project: in.Project, Baseline: in.Baseline.UTC(), Since: in.Since.UTC(), Until: in.Now.UTC(),
		Because: []string{}, Notes: []string{}}
	slices.SortStableFunc(in.Decisions, func(a, b Decision) int { return a.At.Compare(b.At) })
	before, after := span{in.Baseline, in.Since}, span{in.Since, in.Now.Add(1)}
	r.Before, r.After = in.count(before), in.count(after)
	r.Measures = in.measures(before, after)
	r.Lanes = in.lanes(before, after)
	r.Recommendation, r.Because = recommend(r.Measures)
	if len(in.Decisions) == 0 || in.Decisions[0].At.After(in.Baseline) {
		r.Notes = append(r.Notes, "The log does not reach back over the whole baseline: run in observe mode before a pilot, and keep decisions long enough (state.retention.decisions).")
	}
	return r
}

// recommend weighs the measures: one beyond its stop limit ends the pilot, one
// that misses its target asks for another policy.
func recommend(list []Measure) (Recommendation, []string) {
	names := func(v Verdict) (out []string) {
		for _, m := range list {
			if m.Verdict == v {
				out = append(out, fmt.Sprintf("%s: %s", m.Name, m.Why))
			}
		}
		return out
	}
	failed, missed, met := names(Failed), names(Missed), names(Met)
	switch judged := len(failed) + len(missed) + len(met); {
	case len(failed) > 0:
		return Stop, failed
	case judged < leastJudged:
		return Undecided, []string{fmt.Sprintf("%d of %d measures have enough data, and %d are needed", judged, len(list), leastJudged)}
	case len(missed) > 0:
		return Adjust, missed
	default:
		return Keep, met
	}
}

// span is a period: from the first moment up to the second, exclusive.
type span struct{ from, to time.Time }

func (s span) has(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }

func (in *Input) count(s span) (c Counts) {
	for _, d := range in.Decisions {
		c.Decisions += one(s.has(d.At))
	}
	for _, ch := range in.Changes {
		c.Changes += one(s.has(ch.At))
	}
	for _, a := range in.Acts {
		if !s.has(a.At) {
			continue
		}
		switch a.Kind {
		case Overrode:
			c.Overrides++
		case Undid:
			c.Undone++
		case Accepted:
			c.Accepted++
		case Rejected:
			c.Rejected++
		case Contested:
			c.Contested++
		}
	}
	for _, i := range in.Issues {
		c.Closed += one(!i.Closed.IsZero() && s.has(i.Closed))
	}
	return c
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// Lane compares the times of a lane's issues before and after. The lane is that
// of an issue's newest decision; "" are issues that were never decided.
type Lane struct {
	Lane   string `json:"lane"`
	Before Times  `json:"before"`
	After  Times  `json:"after"`
}

// Times are medians in days over the issues that were closed in a period: lead
// from their creation, cycle from the start of work. Null: there are none.
type Times struct {
	Closed  int      `json:"closed"`
	Lead    *float64 `json:"lead_days"`
	Started int      `json:"started"` // of the closed, those whose start is known
	Cycle   *float64 `json:"cycle_days"`
}

func (in *Input) lanes(before, after span) []Lane {
	names := slices.Clone(in.Lanes)
	for _, i := range in.Issues {
		if !slices.Contains(names, i.Lane) && (before.has(i.Closed) || after.has(i.Closed)) {
			names = append(names, i.Lane)
		}
	}
	slices.SortStableFunc(names[len(in.Lanes):], strings.Compare)
	out := []Lane{}
	for _, name := range names {
		out = append(out, Lane{name, in.times(before, &name), in.times(after, &name)})
	}
	return out
}

// times measures the issues of one lane, or of all for nil.
func (in *Input) times(s span, lane *string) Times {
	var leads, cycles []float64
	for _, i := range in.Issues {
		if i.Closed.IsZero() || !s.has(i.Closed) || lane != nil && i.Lane != *lane {
			continue
		}
		leads = append(leads, days(i.Created, i.Closed))
		if !i.Started.IsZero() {
			cycles = append(cycles, days(i.Started, i.Closed))
		}
	}
	return Times{Closed: len(leads), Lead: median(leads), Started: len(cycles), Cycle: median(cycles)}
}

func days(from, to time.Time) float64 { return max(0, to.Sub(from).Hours()/24) }

// median is nil of nothing.
func median(list []float64) *float64 {
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, cmp.Compare[float64])
	m := list[len(list)/2]
	if len(list)%2 == 0 {
		m = (m + list[len(list)/2-1]) / 2
	}
	m = round(m)
	return &m
}
