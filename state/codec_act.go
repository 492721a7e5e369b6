package state

import (
	"encoding/binary"
	"fmt"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// An act in the log is its version byte, its time in 8 bytes, the chain's hash
// before it in 32, and the rest. The version tells it from a decision.
const (
	actVersion = 2
	actHeader  = 1 + 8 + 32
)

func (v logValue) isAct() bool { return len(v) >= actHeader && v[0] == actVersion }

type storedAct struct {
	Source     string      `cbor:"1,keyasint,omitempty"`
	ID         string      `cbor:"2,keyasint,omitempty"`
	Key        string      `cbor:"3,keyasint,omitempty"`
	Verb       Verb        `cbor:"4,keyasint,omitempty"`
	ByID       string      `cbor:"5,keyasint,omitempty"`
	ByName     string      `cbor:"6,keyasint,omitempty"`
	ByEmail    string      `cbor:"7,keyasint,omitempty"`
	Field      issue.Field `cbor:"8,keyasint,omitempty"`
	From       string      `cbor:"9,keyasint,omitempty"`
	To         string      `cbor:"10,keyasint,omitempty"`
	Plan       string      `cbor:"11,keyasint,omitempty"`
	Reason     string      `cbor:"12,keyasint,omitempty"`
	Policy     []byte      `cbor:"13,keyasint,omitempty"`
	PolicyText string      `cbor:"14,keyasint,omitempty"`
	Rule       string      `cbor:"15,keyasint,omitempty"`
}

// encodeAct encodes an act as it is for a log whose hash is before.
func (c *codec) encodeAct(a *Act, before [32]byte) (logValue, error) {
	s := storedAct{
		Source: a.Source, ID: a.ID, Key: a.Key, Verb: a.Verb, ByID: a.By.ID, ByName: a.By.Name, ByEmail: a.By.Email,
		Field: a.Field, From: a.From, To: a.To, Plan: a.Plan, Reason: a.Reason, Rule: a.Rule,
	}
	s.Policy, s.PolicyText = packHash(a.PolicyHash)
	body, err := c.enc.Marshal(&s)
	if err != nil {
		return nil, fmt.Errorf("encode act: %w", err)
	}
	v := append(make(logValue, 0, actHeader+len(body)), actVersion)
	v = binary.BigEndian.AppendUint64(v, uint64(millis(a.At)))
	v = append(v, before[:]...)
	return append(v, body...), nil
}

// decodeAct reads an act; the value must be one.
func (c *codec) decodeAct(seq uint64, v logValue) (Act, error) {
	var s storedAct
	if err := c.dec.Unmarshal(v[actHeader:], &s); err != nil {
		return Act{}, fmt.Errorf("act: %w", err)
	}
	return Act{
		Seq: seq, At: instant(v.at()), Source: s.Source, ID: s.ID, Key: s.Key, Verb: s.Verb,
		By:    issue.Person{ID: s.ByID, Name: s.ByName, Email: s.ByEmail},
		Field: s.Field, From: s.From, To: s.To, Plan: s.Plan, Reason: s.Reason, Rule: s.Rule, PolicyHash: unpackHash(s.Policy, s.PolicyText),
	}, nil
}

// actBefore is the hash of the chain before an act.
func (v logValue) actBefore() [32]byte { return [32]byte(v[9:actHeader]) }
