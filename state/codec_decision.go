package state

import (
	"encoding/hex"
	"slices"

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
	Chosen    *storedChosen     `cbor:"8,keyasint,omitempty"`
}

type storedChosen struct {
	Lane    string `cbor:"1,keyasint,omitempty"`
	Rota    string `cbor:"2,keyasint,omitempty"`
	Who     string `cbor:"3,keyasint,omitempty"`
	At      int64  `cbor:"4,keyasint,omitempty"`
	Account string `cbor:"5,keyasint,omitempty"`
}

func storeChosen(w wordBook, c policy.Chosen) *storedChosen {
	if c == (policy.Chosen{}) {
		return nil
	}
	return &storedChosen{w.pack(c.Lane), c.Rota, c.Who, millis(c.At), c.Account}
}

func (s *storedChosen) load(w wordBook) policy.Chosen {
	if s == nil {
		return policy.Chosen{}
	}
	return policy.Chosen{Lane: w.unpack(s.Lane), Rota: s.Rota, Who: s.Who, At: instant(s.At), Account: s.Account}
}

func storeMemory(w wordBook, m policy.Memory) storedMemory {
	return storedMemory{
		Lane: w.pack(m.Lane), LaneSince: millis(m.LaneSince), LeftLane: w.pack(m.LeftLane),
		Band: uint8(m.Band), BandSince: millis(m.BandSince), LeftBand: uint8(m.LeftBand), Marks: m.Marks,
		Chosen: storeChosen(w, m.Chosen),
	}
}

func (s *storedMemory) load(w wordBook) policy.Memory {
	return policy.Memory{
		Lane: w.unpack(s.Lane), LaneSince: instant(s.LaneSince), LeftLane: w.unpack(s.LeftLane),
		Band: issue.Priority(s.Band), BandSince: instant(s.BandSince), LeftBand: issue.Priority(s.LeftBand), Marks: s.Marks,
		Chosen: s.Chosen.load(w),
	}
}

type storedHold struct {
	What   string         `cbor:"1,keyasint,omitempty"`
	Wanted string         `cbor:"2,keyasint,omitempty"`
	Why    policy.HoldWhy `cbor:"3,keyasint,omitempty"`
	Until  int64          `cbor:"4,keyasint,omitempty"`
	Need   float64        `cbor:"5,keyasint,omitempty"`
	Have   float64        `cbor:"6,keyasint,omitempty"`
	Detail string         `cbor:"7,keyasint,omitempty"`
}

// storedReading is a pair, without names.
type storedReading struct {
	_     struct{} `cbor:",toarray"`
	Path  string
	Value string
}

type storedPillar struct {
	Name      string   `cbor:"1,keyasint,omitempty"`
	Value     float64  `cbor:"2,keyasint,omitempty"`
	Weight    float64  `cbor:"3,keyasint,omitempty"`
	Defaulted bool     `cbor:"4,keyasint,omitempty"`
	Unknown   bool     `cbor:"5,keyasint,omitempty"`
	Missing   []string `cbor:"6,keyasint,omitempty"`
}

type storedRule struct {
	Lane    string         `cbor:"1,keyasint,omitempty"`
	Result  policy.Outcome `cbor:"2,keyasint,omitempty"`
	Missing []string       `cbor:"3,keyasint,omitempty"`
}

// storedDecision is a decision with its words packed.
type storedDecision struct {
	At            int64             `cbor:"1,keyasint,omitempty"`
	Policy        []byte            `cbor:"2,keyasint,omitempty"` // the hash, where it is lower-case hex
	PolicyText    string            `cbor:"21,keyasint,omitempty"`
	Undecided     string            `cbor:"3,keyasint,omitempty"`
	Lane          string            `cbor:"4,keyasint,omitempty"`
	Horizon       string            `cbor:"5,keyasint,omitempty"`
	Score         float64           `cbor:"6,keyasint,omitempty"`
	Effort        float64           `cbor:"7,keyasint,omitempty"`
	Confidence    float64           `cbor:"8,keyasint,omitempty"`
	Pillars       []storedPillar    `cbor:"9,keyasint,omitempty"`
	Band          uint8             `cbor:"10,keyasint,omitempty"`
	Priority      uint8             `cbor:"11,keyasint,omitempty"`
	Marks         map[string]string `cbor:"12,keyasint,omitempty"`
	Owner         string            `cbor:"13,keyasint,omitempty"`
	SLA           string            `cbor:"14,keyasint,omitempty"`
	Mode          string            `cbor:"15,keyasint,omitempty"`
	Rules         []storedRule      `cbor:"16,keyasint,omitempty"`
	Holds         []storedHold      `cbor:"17,keyasint,omitempty"`
	Inputs        []storedReading   `cbor:"18,keyasint,omitempty"`
	Next          int64             `cbor:"19,keyasint,omitempty"`
	LowConfidence bool              `cbor:"20,keyasint,omitempty"`
	Rota          string            `cbor:"22,keyasint,omitempty"`
	OwnerAt       int64             `cbor:"23,keyasint,omitempty"`
}

// set takes over a decision. The lists of s are used again.
func (s *storedDecision) set(w wordBook, d *policy.Decision) {
	*s = storedDecision{
		At: millis(d.At), Undecided: d.Undecided, Lane: w.pack(d.Lane), Horizon: w.pack(d.Horizon),
		Score: d.Score, Effort: d.Effort, Confidence: d.Confidence,
		Band: uint8(d.Band), Priority: uint8(d.Priority), Marks: d.Marks, Owner: d.Owner, SLA: d.SLA, Mode: d.Mode,
		Next: millis(d.Next), LowConfidence: d.LowConfidence, Rota: d.Rota, OwnerAt: millis(d.OwnerAt),
		Pillars: resize(s.Pillars, len(d.Pillars)), Rules: resize(s.Rules, len(d.Rules)),
		Holds: resize(s.Holds, len(d.Holds)), Inputs: resize(s.Inputs, len(d.Inputs)),
	}
	s.Policy, s.PolicyText = packHash(d.PolicyHash)
	for n, p := range d.Pillars {
		s.Pillars[n] = storedPillar(p)
		s.Pillars[n].Name, s.Pillars[n].Missing = w.pack(p.Name), w.packAll(p.Missing)
	}
	for n, r := range d.Rules {
		s.Rules[n] = storedRule{w.pack(r.Lane), r.Result, w.packAll(r.Missing)}
	}
	for n, h := range d.Holds {
		s.Holds[n] = storedHold{w.pack(h.What), w.pack(h.Wanted), h.Why, millis(h.Until), h.Need, h.Have, h.Detail}
	}
	for n, r := range d.Inputs {
		s.Inputs[n].Path, s.Inputs[n].Value = w.pack(r.Path), r.Value
	}
}

// resize makes a list n long; what it holds is to be overwritten.
func resize[V any](list []V, n int) []V { return slices.Grow(list[:0], n)[:n] }

func (s *storedDecision) load(w wordBook) policy.Decision {
	d := policy.Decision{
		At: instant(s.At), PolicyHash: unpackHash(s.Policy, s.PolicyText), Undecided: s.Undecided,
		Lane: w.unpack(s.Lane), Horizon: w.unpack(s.Horizon), Score: s.Score, Effort: s.Effort, Confidence: s.Confidence,
		Band: issue.Priority(s.Band), Priority: issue.Priority(s.Priority), Marks: s.Marks,
		Owner: s.Owner, SLA: s.SLA, Mode: s.Mode, Next: instant(s.Next), LowConfidence: s.LowConfidence,
		Rota: s.Rota, OwnerAt: instant(s.OwnerAt),
		Pillars: room[policy.Pillar](len(s.Pillars)), Rules: room[policy.RuleResult](len(s.Rules)),
		Holds: room[policy.Hold](len(s.Holds)), Inputs: room[policy.Reading](len(s.Inputs)),
	}
	for n, p := range s.Pillars {
		d.Pillars[n] = policy.Pillar(p)
		d.Pillars[n].Name, d.Pillars[n].Missing = w.unpack(p.Name), w.unpackAll(p.Missing)
	}
	for n, r := range s.Rules {
		d.Rules[n] = policy.RuleResult{Lane: w.unpack(r.Lane), Result: r.Result, Missing: w.unpackAll(r.Missing)}
	}
	for n, h := range s.Holds {
		d.Holds[n] = policy.Hold{
			What: w.unpack(h.What), Wanted: w.unpack(h.Wanted), Why: h.Why, Until: instant(h.Until), Need: h.Need, Have: h.Have, Detail: h.Detail,
		}
	}
	for n, r := range s.Inputs {
		d.Inputs[n] = policy.Reading{Path: w.unpack(r.Path), Value: r.Value}
	}
	return d
}

// room makes a list of n, nil for none.
func room[V any](n int) []V {
	if n == 0 {
		return nil
	}
	return make([]V, n)
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
