package answer

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy/sla"
	"github.com/lanekeeper/lanekeeper/state"
)

// SLA tells how an issue stands with the promise that it is held to. The fields
// of the target that matters most are at the top; both targets follow in full.
type SLA struct {
	Name string `json:"name"`
	// State is on_track, warning, breached, paused, met, missed, left,
	// not_started or unknown.
	State     string     `json:"state,omitempty"`
	Due       *time.Time `json:"due"` // null while paused, and where it is unknown
	Elapsed   *float64   `json:"elapsed_seconds"`
	Remaining *float64   `json:"remaining_seconds"` // below 0 beyond the target
	Breached  *time.Time `json:"breached_at"`
	Why       string     `json:"why,omitempty"`
	Respond   *SLATarget `json:"respond"` // null: the SLA has no such target
	Resolve   *SLATarget `json:"resolve"`
	// Doubts name what in the history was odd, and what was made of it.
	Doubts []string `json:"doubts,omitempty"`
}

// SLATarget is how one target stands. Seconds are of working time.
type SLATarget struct {
	State     string     `json:"state"`
	Start     *time.Time `json:"start"`
	Due       *time.Time `json:"due"`
	Target    float64    `json:"target_seconds"`
	Elapsed   float64    `json:"elapsed_seconds"`
	Remaining float64    `json:"remaining_seconds"` // below 0 beyond the target
	Warned    float64    `json:"warned,omitempty"`  // the greatest share of warn_at that is over
	Breached  *time.Time `json:"breached_at"`
	Ended     *time.Time `json:"ended_at"`
	Why       string     `json:"why"`
}

// NewSLA describes a clock at the moment that it was read for.
func NewSLA(r sla.Result) *SLA {
	out := &SLA{Name: r.SLA, State: string(r.State()), Respond: targetOf(r.Respond), Resolve: targetOf(r.Resolve), Doubts: r.Doubts}
	lead := r.Lead()
	if lead == nil {
		return out
	}
	t := targetOf(lead)
	out.Due, out.Breached, out.Why = t.Due, t.Breached, t.Why
	if lead.State != sla.Unknown && lead.State != sla.NotStarted {
		out.Elapsed, out.Remaining = &t.Elapsed, &t.Remaining
	}
	return out
}

func targetOf(x *sla.Reading) *SLATarget {
	if x == nil {
		return nil
	}
	return &SLATarget{
		State: string(x.State), Start: instant(x.Start), Due: instant(x.Due), Target: Round(x.Target.Seconds()), Elapsed: Round(x.Elapsed.Seconds()),
		Remaining: Round((x.Target - x.Elapsed).Seconds()), Warned: x.Warned, Breached: instant(x.BreachedAt), Ended: instant(x.Ended), Why: x.Why,
	}
}

// SLAs lists the open issues that are held to an SLA, the most urgent first.
type SLAs struct {
	SLAs  []HeldTo `json:"slas"`
	Total int      `json:"total"`
	Next  string   `json:"next,omitempty"`
}

// HeldTo is one issue with the SLA of its lane.
type HeldTo struct {
	Ref      string         `json:"ref"`
	ID       string         `json:"id"`
	SLA      string         `json:"sla"`
	Lane     string         `json:"lane"`
	Priority issue.Priority `json:"priority"`
	Since    time.Time      `json:"since,omitzero"` // in the lane
	Title    string         `json:"title,omitempty"`
	URL      string         `json:"url,omitempty"`

	State     string     `json:"state"`
	Due       *time.Time `json:"due"`
	Elapsed   *float64   `json:"elapsed_seconds"`
	Remaining *float64   `json:"remaining_seconds"`
	Breached  *time.Time `json:"breached_at"`
	Why       string     `json:"why,omitempty"`
	Respond   *SLATarget `json:"respond"`
	Resolve   *SLATarget `json:"resolve"`
	Doubts    []string   `json:"doubts,omitempty"`
}

// HeldToOf describes a record with the reading of its clock.
func HeldToOf(r *state.Record, s *SLA) HeldTo {
	i := &r.Issue
	return HeldTo{
		Ref: i.Ref().String(), ID: i.ID, SLA: s.Name, Lane: r.Memory.Lane, Priority: r.Decision.Priority, Since: r.Memory.LaneSince.UTC(),
		Title: i.Title, URL: i.URL, State: s.State, Due: s.Due, Elapsed: s.Elapsed, Remaining: s.Remaining, Breached: s.Breached, Why: s.Why,
		Respond: s.Respond, Resolve: s.Resolve, Doubts: s.Doubts,
	}
}

// MostUrgent sorts into the order in which somebody must act: what is out of
// time, the longest first; what runs, as it is due; then the rest.
func MostUrgent(list []HeldTo) {
	slices.SortFunc(list, func(a, b HeldTo) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), compareTimes(a.Due, b.Due), CompareRefs(a.Ref, b.Ref), cmp.Compare(a.ID, b.ID))
	})
}

func (h HeldTo) rank() int {
	n := slices.Index(OpenStates(), h.State)
	switch {
	case n < 0:
		return len(OpenStates())
	case n == 2: // what is due first is urgent, whatever has warned
		return 1
	}
	return n
}

// compareTimes puts what has no time last.
func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

// WriteText shows one line for each issue, with a countdown.
func (l SLAs) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.slas(l.SLAs)
	if len(l.SLAs) > 0 {
		d.blank()
	}
	total := max(l.Total, len(l.SLAs))
	switch {
	case total == 0:
		d.line("No open issue is held to an SLA, or none matches.")
	case len(l.SLAs) < total:
		d.line("%d of %s under an SLA; due in %s, left in working time.", len(l.SLAs), Count(total, "issue"), s.ZoneName())
	default:
		d.line("%s under an SLA; due in %s, left in working time.", Count(total, "issue"), s.ZoneName())
	}
	return d.writeTo(w)
}

// slas is a table with a countdown.
func (d *document) slas(list []HeldTo) {
	t := &table{columns: []column{
		{head: "ISSUE"}, {head: "SLA"}, {head: "LANE"}, {head: "PRIORITY"}, {head: "STATE"}, {head: "LEFT", right: true},
		{head: "DUE"}, {head: "TARGET"}, {head: "TITLE", flex: true},
	}}
	for _, x := range list {
		due := "–"
		if x.Due != nil {
			due = d.Minute(*x.Due)
		}
		t.row(text(x.Ref), text(x.SLA), cell{x.Lane, cyan}, cell{x.Priority.String(), priorityColor(x.Priority)},
			cell{StateWords(x.State), stateColor(x.State)}, text(x.Left()), text(due), text(x.Target()), text(x.Title))
	}
	d.table(t)
}

// OpenStates lists the states that the clock of an open issue can have, the most
// urgent first.
func OpenStates() []string {
	return []string{string(sla.Breached), string(sla.Warning), string(sla.OnTrack), string(sla.Paused), string(sla.Unknown), string(sla.NotStarted), string(sla.Left), string(sla.Met), string(sla.Missed)}
}

// StateWords says a state for people.
func StateWords(s string) string {
	if s == string(sla.Warning) {
		return "at risk"
	}
	return strings.ReplaceAll(s, "_", " ")
}

func stateColor(s string) color {
	switch sla.State(s) {
	case sla.Breached, sla.Missed:
		return red
	case sla.Warning, sla.Unknown:
		return yellow
	case sla.OnTrack, sla.Met:
		return green
	}
	return faint
}

// Left says how much working time is left, or by how much the target is
// exceeded.
func (h HeldTo) Left() string {
	if h.Remaining == nil {
		return "–"
	}
	left := time.Duration(*h.Remaining * float64(time.Second))
	if left < 0 || left == 0 && h.Breached != nil {
		return Span(-left) + " over"
	}
	return Span(left)
}

// Target names the target that matters most.
func (h HeldTo) Target() string {
	respond, resolve := h.Respond, h.Resolve
	same := func(t *SLATarget) bool { return t != nil && t.Why == h.Why }
	switch {
	case same(respond):
		return "respond"
	case same(resolve):
		return "resolve"
	}
	return "–"
}

// explainSLA tells how both targets stand.
func (d *document) explainSLA(e Explanation) {
	if e.SLA == nil || e.SLA.State == "" {
		return
	}
	d.heading("How the SLA " + e.SLA.Name + " stands")
	for _, x := range e.SLA.Targets() {
		d.item(stateColor(x.State), "%s: %s", x.Name, x.Sentence())
	}
	for _, doubt := range e.SLA.Doubts {
		d.item(yellow, "%s", doubt)
	}
}

// NamedTarget is a target with its name.
type NamedTarget struct {
	Name string
	*SLATarget
}

// Sentence says how the target stands; most reasons say so themselves.
func (t NamedTarget) Sentence() string {
	switch sla.State(t.State) {
	case sla.Warning, sla.Unknown, sla.NotStarted, sla.Left:
		return StateWords(t.State) + ", " + t.Why
	}
	return t.Why
}

// Targets lists the targets that there are.
func (s *SLA) Targets() (out []NamedTarget) {
	if s.Respond != nil {
		out = append(out, NamedTarget{"respond", s.Respond})
	}
	if s.Resolve != nil {
		out = append(out, NamedTarget{"resolve", s.Resolve})
	}
	return out
}

// phrase is the SLA in half a sentence.
func (s *SLA) phrase() string {
	if s.State == "" {
		return "SLA " + s.Name
	}
	return fmt.Sprintf("SLA %s (%s)", s.Name, StateWords(s.State))
}
