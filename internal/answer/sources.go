package answer

import (
	"time"

	"github.com/lanekeeper/lanekeeper/state"
)

// Sources is the health of every source.
type Sources struct {
	Sources []Source `json:"sources"`
	// Pause is set while nothing is written.
	Pause *Pause `json:"paused"`
}

// Source is the health of one source.
type Source struct {
	Source  string `json:"source"`
	Tracker string `json:"tracker"` // jira or linear
	Mode    string `json:"mode"`
	Healthy bool   `json:"healthy"` // had a good cycle lately
	// Reason says why it is not healthy.
	Reason      string    `json:"reason,omitempty"`
	Watermark   time.Time `json:"watermark,omitzero"`
	LastSuccess time.Time `json:"last_success,omitzero"`
	LastSweep   time.Time `json:"last_sweep,omitzero"`
	// Staleness is the time in seconds since the last good cycle; null before
	// the first.
	Staleness *float64 `json:"staleness_seconds"`
	Failures  int      `json:"failures"` // cycles in a row
	Error     Fault    `json:"error"`
	ErrorKind string   `json:"error_kind,omitempty"`

	Issues      int    `json:"issues"`
	Open        int    `json:"open"`
	Outstanding int    `json:"outstanding"`
	Parked      int    `json:"parked"`
	Undecided   int    `json:"undecided"`
	Overridden  int    `json:"overridden"` // fields that stay as people set them
	Flaps       uint64 `json:"flaps"`

	// Pull is set while the first pull is under way.
	Pull   *Progress `json:"first_pull,omitempty"`
	Budget []Budget  `json:"budget,omitempty"`
}

// Progress of a first pull.
type Progress struct {
	Began    time.Time `json:"began"`
	Done     int       `json:"done"`
	Expected int       `json:"expected"` // 0 is not known
}

// Budget is what is left of one of the tracker's request budgets.
type Budget struct {
	Budget    string    `json:"budget"`
	Remaining float64   `json:"remaining_ratio"` // 0..1
	Resets    time.Time `json:"resets,omitzero"`
}

// SourceInput is what a Source is described from.
type SourceInput struct {
	Name, Tracker, Mode string
	State               state.SourceState
	Totals              state.Totals
	Budget              []Budget
	// StaleAfter is the age of the last good cycle beyond which the source is
	// not healthy.
	StaleAfter time.Duration
	Now        time.Time
}

// NewSource describes one source.
func NewSource(in SourceInput) Source {
	st, t := in.State, in.Totals
	s := Source{
		Source: in.Name, Tracker: in.Tracker, Mode: in.Mode, Watermark: st.Watermark.UTC(),
		LastSuccess: st.LastSuccess.UTC(), LastSweep: st.LastSweep.UTC(), Failures: st.Failures,
		Issues: t.Issues, Open: t.Open, Outstanding: t.Outstanding, Parked: t.Parked, Undecided: t.Undecided,
		Flaps: st.Flaps, Budget: in.Budget,
	}
	if st.Failures > 0 {
		s.Error, s.ErrorKind = Fault(st.LastError), st.ErrorKind
	}
	for _, n := range t.Overrides {
		s.Overridden += n
	}
	if st.Watermark.IsZero() && !st.Began.IsZero() {
		s.Pull = &Progress{Began: st.Began.UTC(), Done: t.Issues, Expected: st.Expected}
	}
	if !st.LastSuccess.IsZero() {
		age := max(0, in.Now.Sub(st.LastSuccess)).Seconds()
		s.Staleness = &age
	}
	s.Reason = unhealthy(s, in)
	s.Healthy = s.Reason == ""
	return s
}

// unhealthy says why a source had no good cycle lately, "" where it had one.
func unhealthy(s Source, in SourceInput) string {
	age := in.Now.Sub(in.State.LastSuccess)
	switch {
	case s.LastSuccess.IsZero() && s.Pull != nil && s.Failures == 0:
		return "the first pull is under way"
	case s.LastSuccess.IsZero() && s.Failures == 0:
		return "no cycle was completed yet"
	case s.LastSuccess.IsZero():
		return "no cycle succeeded yet: " + string(s.Error)
	case in.StaleAfter <= 0 || age <= in.StaleAfter:
		return ""
	case s.Error != "":
		return "the last good cycle was " + Ago(age) + ": " + string(s.Error)
	}
	return "the last good cycle was " + Ago(age)
}

// Readiness is the answer of /-/ready.
type Readiness struct {
	Ready bool `json:"ready"`
	// Reasons tells for each source that is not ready why not.
	Reasons map[string]string `json:"reasons"`
	// Details tells what is not well and does not make lanekeeper unready, such
	// as an alert channel that fails.
	Details map[string]string `json:"details,omitempty"`
}

// With adds the alert channels that fail. A dead channel must not have
// lanekeeper restarted: the others still work.
func (r Readiness) With(channels []AlertChannel) Readiness {
	for _, c := range channels {
		if c.Healthy {
			continue
		}
		if r.Details == nil {
			r.Details = map[string]string{}
		}
		r.Details["alert channel "+c.Channel] = "failed " + Count(c.Failures, "time") + " in a row: " + string(c.Error)
	}
	return r
}

// NewReadiness is ready when every source is healthy.
func NewReadiness(list []Source) Readiness {
	r := Readiness{Ready: true, Reasons: map[string]string{}}
	for _, s := range list {
		if !s.Healthy {
			r.Ready = false
			r.Reasons[s.Source] = s.Reason
		}
	}
	return r
}
