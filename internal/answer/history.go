package answer

import (
	"cmp"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// History is the answer of history: what was decided about one issue and what
// was written to it, newest first.
type History struct {
	Ref    string  `json:"ref"`
	ID     string  `json:"id"`
	Title  string  `json:"title,omitempty"`
	URL    string  `json:"url,omitempty"`
	Events []Event `json:"events"`
	// Truncated tells that older events were left out or expired.
	Truncated bool `json:"truncated,omitempty"`
}

// Event is one point of a history: exactly one of the two is set.
type Event struct {
	At       time.Time `json:"at"`
	Decision *Moved    `json:"decision,omitempty"`
	Change   *Change   `json:"change,omitempty"`
}

// Moved is one logged decision: what it replaced and what it said.
type Moved struct {
	Seq        uint64    `json:"seq"`
	Ref        string    `json:"ref"`
	ID         string    `json:"id"`
	At         time.Time `json:"at"`
	Cause      string    `json:"cause"`
	From       Outcome   `json:"from"`
	To         Outcome   `json:"to"`
	Move       Move      `json:"move,omitempty"`
	Rule       string    `json:"rule,omitempty"` // the lane's rule that decided
	Pillars    []Scored  `json:"pillars,omitempty"`
	Confidence float64   `json:"confidence"`
	Undecided  string    `json:"undecided,omitempty"`
	PolicyHash string    `json:"policy_hash"`
	Holds      []Hold    `json:"holds,omitempty"`
	Inputs     []Input   `json:"inputs,omitempty"`
	Actor      string    `json:"actor"` // who decided: lanekeeper itself
}

// Outcome is the short form of a decision. The first one of an issue replaces
// an empty lane.
type Outcome struct {
	Lane     string         `json:"lane"`
	Priority issue.Priority `json:"priority"`
	Score    float64        `json:"score"`
}

// Scored is a pillar's value at a past decision.
type Scored struct {
	Name  string   `json:"name"`
	Value *float64 `json:"value"` // null: unknown
}

// Move is the direction of a decision.
type Move string

// The directions: to an earlier lane or a higher priority, to a later or lower
// one, into the first lane. Other decisions have none.
const (
	MovedUp   Move = "up"
	MovedDown Move = "down"
	Placed    Move = "new"
)

// Actor is who makes logged decisions.
const Actor = "lanekeeper"

// MovedOf describes a logged decision. Lanes in the policy's order give the
// direction.
func MovedOf(l state.Logged, lanes []string) Moved {
	d := &l.Decision
	m := Moved{
		Seq: l.Seq, Ref: issue.Ref{Source: l.Source, Key: l.Key}.String(), ID: l.ID, At: d.At.UTC(), Cause: l.Cause,
		From:       Outcome{Lane: l.Before.Lane, Priority: l.Before.Priority, Score: Round(l.Before.Score)},
		To:         Outcome{Lane: d.Lane, Priority: d.Priority, Score: Round(d.Score)},
		Confidence: Round(d.Confidence), Undecided: d.Undecided, PolicyHash: d.PolicyHash,
		Holds: holdsOf(d.Holds), Inputs: inputsOf(d.Inputs), Actor: Actor, Rule: decidedBy(d),
	}
	for _, p := range d.Pillars {
		m.Pillars = append(m.Pillars, Scored{p.Name, pillarValue(p)})
	}
	m.Move = direction(m.From, m.To, lanes)
	return m
}

// direction compares lanes first: the earlier lane is up. In the same lane, or
// where a lane is no longer in the policy, the higher priority is up.
func direction(from, to Outcome, lanes []string) Move {
	switch {
	case to.Lane == "":
		return ""
	case from.Lane == "":
		return Placed
	}
	order := 0
	if f, t := slices.Index(lanes, from.Lane), slices.Index(lanes, to.Lane); f >= 0 && t >= 0 {
		order = cmp.Compare(f, t)
	}
	switch order = cmp.Or(order, cmp.Compare(to.Priority, from.Priority)); {
	case order > 0:
		return MovedUp
	case order < 0:
		return MovedDown
	}
	return ""
}

// NewHistory merges logged decisions and written changes of one issue by time,
// the newest first. At the same moment a decision precedes the writes that
// follow from it.
func NewHistory(i *issue.Issue, logged []state.Logged, entries []state.Entry, lanes []string) History {
	h := History{Ref: i.Ref().String(), ID: i.ID, Title: i.Title, URL: i.URL, Events: []Event{}}
	for _, l := range logged {
		m := MovedOf(l, lanes)
		h.Events = append(h.Events, Event{At: m.At, Decision: &m})
	}
	for _, e := range entries {
		c := ChangeOf(e)
		h.Events = append(h.Events, Event{At: c.At, Change: &c})
	}
	slices.SortStableFunc(h.Events, func(a, b Event) int {
		return cmp.Or(b.At.Compare(a.At), compareBool(a.Decision != nil, b.Decision != nil), compareEvents(a, b))
	})
	return h
}

// compareEvents orders events of one moment and one sort, newest first.
func compareEvents(a, b Event) int {
	switch {
	case a.Decision != nil && b.Decision != nil:
		return cmp.Compare(b.Decision.Seq, a.Decision.Seq)
	case a.Change != nil && b.Change != nil:
		return cmp.Compare(a.Change.Field, b.Change.Field)
	}
	return 0
}

// Decisions is a page of the decision log, newest first.
type Decisions struct {
	Decisions []Moved `json:"decisions"`
	Next      string  `json:"next,omitempty"`
}
