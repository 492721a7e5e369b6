package state

import (
	"encoding/hex"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

type storedMemory struct {
	Lane      string            `cbor:"1,keyasint,omitempty"`
	LaneSince int64             `cbor:"2,keyasint,omitempty"`
	LeftLane  string            `cbor:"3,keyasint,omitempty"`
	Band      uint8             `cbor:"4,keyasint,omitempty"`
	BandSince int64             `cbor:"5,keyasint,omitempty"`
	LeftBand  uint8             `cbor:"6,keyasint,omitempty"`
	Marks     map[string]string `cbor:"7,keyasint,omitempty"`
}

func storeMemory(m policy.Memory) storedMemory {
	return storedMemory{
		Lane: m.Lane, LaneSince: millis(m.LaneSince), LeftLane: m.LeftLane,
		Band: uint8(m.Band), BandSince: millis(m.BandSince), LeftBand: uint8(m.LeftBand), Marks: m.Marks,
	}
}

func (s *storedMemory) load() policy.Memory {
	return policy.Memory{
		Lane: s.Lane, LaneSince: instant(s.LaneSince), LeftLane: s.LeftLane,
		Band: issue.Priority(s.Band), BandSince: instant(s.BandSince), LeftBand: issue.Priority(s.LeftBand), Marks: s.Marks,
	}
}

type storedHold struct {
	What   string         `cbor:"1,keyasint,omitempty"`
	Wanted string         `cbor:"2,keyasint,omitempty"`
	Why    policy.HoldWhy `cbor:"3,keyasint,omitempty"`
	Until  int64          `cbor:"4,keyasint,omitempty"`
	Need   float64        `cbor:"5,keyasint,omitempty"`
	Have   float64        `cbor:"6,keyasint,omitempty"`
}

// storedReading is a pair, without names.
type storedReading struct {
	_     struct{} `cbor:",toarray"`
	Path  string
	Value string
}

type storedDecision struct {
	At            int64               `cbor:"1,keyasint,omitempty"`
	Policy        []byte              `cbor:"2,keyasint,omitempty"` // the hash, where it is lower-case hex
	PolicyText    string              `cbor:"21,keyasint,omitempty"`
	Undecided     string              `cbor:"3,keyasint,omitempty"`
	Lane          string              `cbor:"4,keyasint,omitempty"`
	Horizon       string              `cbor:"5,keyasint,omitempty"`
	Score         float64             `cbor:"6,keyasint,omitempty"`
	Effort        float64             `cbor:"7,keyasint,omitempty"`
	Confidence    float64             `cbor:"8,keyasint,omitempty"`
	Pillars       []policy.Pillar     `cbor:"9,keyasint,omitempty"`
	Band          uint8               `cbor:"10,keyasint,omitempty"`
	Priority      uint8               `cbor:"11,keyasint,omitempty"`
	Marks         map[string]string   `cbor:"12,keyasint,omitempty"`
	Owner         string              `cbor:"13,keyasint,omitempty"`
	SLA           string              `cbor:"14,keyasint,omitempty"`
	Mode          string              `cbor:"15,keyasint,omitempty"`
	Rules         []policy.RuleResult `cbor:"16,keyasint,omitempty"`
	Holds         []storedHold        `cbor:"17,keyasint,omitempty"`
	Inputs        []storedReading     `cbor:"18,keyasint,omitempty"`
	Next          int64               `cbor:"19,keyasint,omitempty"`
	LowConfidence bool                `cbor:"20,keyasint,omitempty"`
}

func storeDecision(d *policy.Decision) storedDecision {
	s := storedDecision{
		At: millis(d.At), Undecided: d.Undecided, Lane: d.Lane, Horizon: d.Horizon,
		Score: d.Score, Effort: d.Effort, Confidence: d.Confidence, Pillars: d.Pillars,
		Band: uint8(d.Band), Priority: uint8(d.Priority), Marks: d.Marks, Owner: d.Owner, SLA: d.SLA, Mode: d.Mode,
		Rules: d.Rules, Next: millis(d.Next), LowConfidence: d.LowConfidence,
	}
	s.Policy, s.PolicyText = packHash(d.PolicyHash)
	for _, h := range d.Holds {
		s.Holds = append(s.Holds, storedHold{h.What, h.Wanted, h.Why, millis(h.Until), h.Need, h.Have})
	}
	if len(d.Inputs) > 0 {
		s.Inputs = make([]storedReading, len(d.Inputs))
		for n, r := range d.Inputs {
			s.Inputs[n].Path, s.Inputs[n].Value = r.Path, r.Value
		}
	}
	return s
}

func (s *storedDecision) load() policy.Decision {
	d := policy.Decision{
		At: instant(s.At), PolicyHash: unpackHash(s.Policy, s.PolicyText), Undecided: s.Undecided,
		Lane: s.Lane, Horizon: s.Horizon, Score: s.Score, Effort: s.Effort, Confidence: s.Confidence, Pillars: s.Pillars,
		Band: issue.Priority(s.Band), Priority: issue.Priority(s.Priority), Marks: s.Marks,
		Owner: s.Owner, SLA: s.SLA, Mode: s.Mode, Rules: s.Rules, Next: instant(s.Next), LowConfidence: s.LowConfidence,
	}
	for _, h := range s.Holds {
		d.Holds = append(d.Holds, policy.Hold{
			What: h.What, Wanted: h.Wanted, Why: h.Why, Until: instant(h.Until), Need: h.Need, Have: h.Have,
		})
	}
	if len(s.Inputs) > 0 {
		d.Inputs = make([]policy.Reading, len(s.Inputs))
		for n, r := range s.Inputs {
			d.Inputs[n] = policy.Reading{Path: r.Path, Value: r.Value}
		}
	}
	return d
}

// packHash halves a hash in lower-case hex; another text stays text.
func packHash(h string) (raw []byte, text string) {
	if raw, err := hex.DecodeString(h); err == nil && hex.EncodeToString(raw) == h {
		return raw, ""
	}
	return nil, h
}

func unpackHash(raw []byte, text string) string {
	if len(raw) > 0 {
		return hex.EncodeToString(raw)
	}
	return text
}

// storedHead is what the log says of an entry beside its decision.
type storedHead struct {
	Source   string  `cbor:"1,keyasint,omitempty"`
	ID       string  `cbor:"2,keyasint,omitempty"`
	Key      string  `cbor:"3,keyasint,omitempty"`
	Cause    string  `cbor:"4,keyasint,omitempty"`
	Lane     string  `cbor:"5,keyasint,omitempty"` // before
	Priority uint8   `cbor:"6,keyasint,omitempty"`
	Score    float64 `cbor:"7,keyasint,omitempty"`
}

func (h *storedHead) before() Outcome {
	return Outcome{Lane: h.Lane, Priority: issue.Priority(h.Priority), Score: h.Score}
}
