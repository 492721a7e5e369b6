package policy

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Input is everything a decision depends on.
type Input struct {
	Issue   *issue.Issue
	Now     time.Time
	Memory  Memory  // what was decided before; zero at first sight
	Signals Signals // nil: every signal is missing
	Rotas   Rotas   // nil: nobody knows who is on duty
}

// Signals answers with measurements from outside the tracker.
type Signals interface {
	// Signal returns the value of the named signal for an issue. A stale or
	// missing one has no value.
	Signal(name string, i *issue.Issue) (float64, Freshness)
}

// Freshness tells whether a signal may be used.
type Freshness uint8

// The states of a signal.
const (
	Missing Freshness = iota
	Stale
	Fresh
)

// Memory is the part of earlier decisions that later ones depend on. It is
// stored with the issue.
type Memory struct {
	Lane      string         `cbor:"1,keyasint,omitempty"`
	LaneSince time.Time      `cbor:"2,keyasint,omitzero"`
	LeftLane  string         `cbor:"3,keyasint,omitempty"` // the lane before Lane
	Band      issue.Priority `cbor:"4,keyasint,omitempty"`
	BandSince time.Time      `cbor:"5,keyasint,omitzero"`
	LeftBand  issue.Priority `cbor:"6,keyasint,omitempty"`
	// Marks holds the present value of every mark by prefix.
	Marks map[string]string `cbor:"7,keyasint,omitempty"`
	// Chosen is whom a rota gave the issue to; zero: nobody.
	Chosen Chosen `cbor:"8,keyasint,omitzero"`
}

// Decision is the recorded outcome of evaluating one issue. It holds enough to
// explain itself long after, together with the policy of that hash.
type Decision struct {
	At         time.Time `cbor:"1,keyasint"`
	PolicyHash string    `cbor:"2,keyasint"`
	// Undecided says why there is no outcome; then nothing may be written.
	Undecided string `cbor:"3,keyasint,omitempty"`

	Lane       string   `cbor:"4,keyasint,omitempty"`
	Horizon    string   `cbor:"5,keyasint,omitempty"`
	Score      float64  `cbor:"6,keyasint,omitempty"`
	Effort     float64  `cbor:"7,keyasint,omitempty"`
	Confidence float64  `cbor:"8,keyasint,omitempty"` // 0..1
	Pillars    []Pillar `cbor:"9,keyasint,omitempty"` // in the order of their names

	Band     issue.Priority    `cbor:"10,keyasint,omitempty"` // from the score
	Priority issue.Priority    `cbor:"11,keyasint,omitempty"` // after the lane's bounds
	Marks    map[string]string `cbor:"12,keyasint,omitempty"`
	Owner    string            `cbor:"13,keyasint,omitempty"`
	SLA      string            `cbor:"14,keyasint,omitempty"`
	// Mode is the lane's own mode, "" where it has none.
	Mode string `cbor:"15,keyasint,omitempty"`

	// Rules tells for each lane, in order, how its conditions came out, as far
	// as they were tried.
	Rules []RuleResult `cbor:"16,keyasint,omitempty"`
	// Holds tell what did not happen, and until when.
	Holds []Hold `cbor:"17,keyasint,omitempty"`
	// Inputs are the values that the expressions read, by path, sorted.
	Inputs []Reading `cbor:"18,keyasint,omitempty"`
	// Next is when time alone may change the decision; zero: never.
	Next time.Time `cbor:"19,keyasint,omitzero"`
	// LowConfidence tells that the lane demands more confidence than there is:
	// the decision is recorded and nothing is written.
	LowConfidence bool `cbor:"20,keyasint,omitempty"`
	// Rota is the one that gives the owner, "" for none, and OwnerAt when it did.
	Rota    string    `cbor:"22,keyasint,omitempty"`
	OwnerAt time.Time `cbor:"23,keyasint,omitzero"`
}

// ValuePerEffort is the order inside a lane.
func (d *Decision) ValuePerEffort() float64 {
	if d.Effort <= 0 {
		return 0
	}
	return d.Score / d.Effort
}

// Pillar is one input of the score as it came out.
type Pillar struct {
	Name   string  `cbor:"1,keyasint"`
	Value  float64 `cbor:"2,keyasint,omitempty"`
	Weight float64 `cbor:"3,keyasint,omitempty"`
	// Defaulted: an input was missing and the default was taken. Unknown: it
	// was missing and there is no default.
	Defaulted bool `cbor:"4,keyasint,omitempty"`
	Unknown   bool `cbor:"5,keyasint,omitempty"`
	// Missing names the inputs that had no value.
	Missing []string `cbor:"6,keyasint,omitempty"`
}

// RuleResult is how one lane's conditions came out.
type RuleResult struct {
	Lane   string  `cbor:"1,keyasint"`
	Result Outcome `cbor:"2,keyasint"`
	// Missing names the inputs for want of which a condition could not hold.
	Missing []string `cbor:"3,keyasint,omitempty"`
}

// Outcome of one lane's rule.
type Outcome uint8

// The outcomes of a rule.
const (
	NotTried Outcome = iota // an earlier lane took the issue
	No
	Yes    // when is true
	Stayed // only stay is true
)

// Hold is a change that policy wanted and did not make.
type Hold struct {
	What   string    `cbor:"1,keyasint"` // lane, band, owner or a mark's prefix
	Wanted string    `cbor:"2,keyasint"` // for an owner the rota
	Why    HoldWhy   `cbor:"3,keyasint"`
	Until  time.Time `cbor:"4,keyasint,omitzero"`
	// Need and Have are numbers that Why compares: the score that would do and
	// the score there is, or the confidence.
	Need float64 `cbor:"5,keyasint,omitempty"`
	Have float64 `cbor:"6,keyasint,omitempty"`
	// Detail is what a rota says of itself.
	Detail string `cbor:"7,keyasint,omitempty"`
}

// HoldOwner is what a Hold is about where a rota gives no owner.
const HoldOwner = "owner"

// HoldWhy is the reason of a Hold.
type HoldWhy string

// The reasons to hold.
const (
	HeldByMargin     HoldWhy = "margin"     // inside the band's margin
	HeldBySettle     HoldWhy = "settle"     // would return too soon: a flap
	HeldByConfidence HoldWhy = "confidence" // the lane demands more
	HeldByDuty       HoldWhy = "duty"       // nobody is on duty
	HeldByRota       HoldWhy = "rota"       // it is not known who is on duty
)

// Reading is one value that an expression read.
type Reading struct {
	Path  string `cbor:"1,keyasint"`
	Value string `cbor:"2,keyasint"`
}
