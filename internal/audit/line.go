// Package audit writes the log as JSON Lines that can be checked without the
// state they came from, and checks such files.
//
// Each line carries the stored bytes of its entry ("raw"), the hash before it
// and its own: hash = SHA-256(previous ‖ raw). Decisions and acts have the
// hashes of the state's own chain; writes stand in a journal without one, and
// are chained by the export. The readable fields are what raw decodes to.
package audit

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// format is the version of the lines. It rises with every change of what an
// entry reads like.
const format = 1

// The kinds of lines.
const (
	kindHeader   = "audit" // the first line
	kindDecision = "decision"
	kindAct      = "act"
	kindWrite    = "write"
	kindGap      = "gap"     // retention removed what was here
	kindDamaged  = "damaged" // raw does not decode
	kindEnd      = "end"     // the last line
)

// header is the first line: what the file is.
type header struct {
	Kind     string    `json:"kind"`
	Format   int       `json:"format"`
	At       time.Time `json:"at"`
	Filtered bool      `json:"filtered"`
	Filter   *Filter   `json:"filter,omitempty"`
}

// trailer is the last line. Its digest is SHA-256 over all bytes before it.
type trailer struct {
	Kind   string `json:"kind"`
	Lines  int    `json:"lines"` // between the first and the last
	Digest string `json:"sha256"`
}

// Line is one entry of the log or the journal.
type Line struct {
	Kind  string    `json:"kind"`
	Seq   uint64    `json:"seq"` // of a write: within the export
	At    time.Time `json:"at,omitzero"`
	Actor string    `json:"actor,omitempty"` // lanekeeper, or the person's name
	By    *Person   `json:"by,omitempty"`
	Ref   string    `json:"ref,omitempty"`
	// Source is given where no ref says it.
	Source     string      `json:"source,omitempty"`
	ID         string      `json:"id,omitempty"`
	Verb       string      `json:"verb,omitempty"` // of an act
	Cause      string      `json:"cause,omitempty"`
	Rule       string      `json:"rule,omitempty"` // the lane whose rule decided, or had proposed what was answered
	Before     *Outcome    `json:"before,omitempty"`
	After      *Outcome    `json:"after,omitempty"`
	Undecided  string      `json:"undecided,omitempty"`
	Inputs     []Input     `json:"inputs,omitempty"`
	Field      issue.Field `json:"field,omitempty"`
	From       *string     `json:"from,omitempty"`
	To         *string     `json:"to,omitempty"`
	Status     string      `json:"status,omitempty"` // of a write: applied, failed, undone
	Plan       string      `json:"plan,omitempty"`
	Reason     string      `json:"reason,omitempty"`
	Error      string      `json:"error,omitempty"`
	PolicyHash string      `json:"policy_hash,omitempty"`
	Previous   string      `json:"previous,omitempty"` // hex; none for a gap
	Hash       string      `json:"hash"`               // hex
	Raw        []byte      `json:"raw"`                // base64
}

// Person is who did something. Operators have a name only.
type Person struct {
	ID    string `json:"id,omitempty"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}

// Outcome is the short form of a decision.
type Outcome struct {
	Lane     string         `json:"lane"`
	Priority issue.Priority `json:"priority"`
	Score    float64        `json:"score"`
}

// Input is one value that the decision rests on.
type Input struct {
	Input string `json:"input"`
	Value string `json:"value"`
}

// lanekeeper is the actor of decisions and writes.
const lanekeeper = "lanekeeper"

// lineOf describes a place of the chain.
func lineOf(c state.Chained) Line {
	l := Line{Seq: c.Seq, At: c.At.UTC(), Hash: hex.EncodeToString(c.Hash[:]), Raw: c.Raw}
	if !c.Gap {
		l.Previous = hex.EncodeToString(c.Before[:])
	}
	switch {
	case c.Gap:
		l.Kind, l.Reason = kindGap, "retention removed the entries up to here"
	case c.Act != nil:
		l.act(c.Act)
	case c.Decision != nil:
		l.decision(c.Decision)
	default:
		l.Kind, l.Error = kindDamaged, c.Err.Error()
	}
	return l
}

func (l *Line) decision(d *state.Logged) {
	l.Kind, l.Actor, l.ID, l.Cause = kindDecision, lanekeeper, d.ID, d.Cause
	l.Ref = issue.Ref{Source: d.Source, Key: d.Key}.String()
	l.Before = outcome(d.Before.Lane, d.Before.Priority, d.Before.Score)
	l.After = outcome(d.Decision.Lane, d.Decision.Priority, d.Decision.Score)
	l.Undecided, l.PolicyHash = d.Decision.Undecided, d.Decision.PolicyHash
	for _, r := range d.Decision.Rules {
		if r.Result == policy.Yes || r.Result == policy.Stayed {
			l.Rule = r.Lane
			break
		}
	}
	for _, in := range d.Decision.Inputs {
		l.Inputs = append(l.Inputs, Input{in.Path, in.Value})
	}
}

// outcome is what there was: nil for nothing.
func outcome(lane string, p issue.Priority, score float64) *Outcome {
	if lane == "" && p == issue.None && score == 0 {
		return nil
	}
	if math.IsNaN(score) || math.IsInf(score, 0) {
		score = 0 // JSON cannot say it
	}
	return &Outcome{lane, p, score}
}

func (l *Line) act(a *state.Act) {
	l.Kind, l.Actor, l.ID, l.Verb = kindAct, lanekeeper, a.ID, string(a.Verb)
	if !a.By.IsZero() {
		l.By = &Person{a.By.ID, a.By.Name, a.By.Email}
		if l.Actor = a.By.Name; l.Actor == "" {
			l.Actor = a.By.ID + a.By.Email
		}
	}
	if a.Key != "" {
		l.Ref = issue.Ref{Source: a.Source, Key: a.Key}.String()
	} else {
		l.Source = a.Source
	}
	l.Plan, l.Rule, l.Reason, l.PolicyHash = a.Plan, a.Rule, a.Reason, a.PolicyHash
	if a.Field != "" {
		l.change(a.Field, a.From, a.To)
	}
}

func (l *Line) change(f issue.Field, from, to string) { l.Field, l.From, l.To = f, &from, &to }

// writeOf describes a change that was sent, chained behind a hash.
func writeOf(seq uint64, before [32]byte, e state.Entry, raw []byte) (Line, [32]byte) {
	hash := state.Link(before, raw)
	l := Line{
		Kind: kindWrite, Seq: seq, At: e.At.UTC(), Actor: lanekeeper, ID: e.ID, Ref: issue.Ref{Source: e.Source, Key: e.Key}.String(),
		Rule: e.Lane, Status: string(e.Status), Plan: e.Plan, Reason: e.Change.Reason, Error: e.Error,
		Previous: hex.EncodeToString(before[:]), Hash: hex.EncodeToString(hash[:]), Raw: raw,
	}
	l.change(e.Change.Field, e.Change.From, e.Change.To)
	return l, hash
}

// encode is the one form of a line, with its line break.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}
