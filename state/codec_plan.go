package state

import (
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

type storedSource struct {
	Watermark   int64    `cbor:"1,keyasint,omitempty"`
	Cursor      string   `cbor:"2,keyasint,omitempty"`
	Began       int64    `cbor:"3,keyasint,omitempty"`
	Expected    int      `cbor:"4,keyasint,omitempty"`
	Scope       string   `cbor:"5,keyasint,omitempty"`
	Policy      string   `cbor:"6,keyasint,omitempty"`
	LastSuccess int64    `cbor:"7,keyasint,omitempty"`
	LastSweep   int64    `cbor:"8,keyasint,omitempty"`
	Failures    int      `cbor:"9,keyasint,omitempty"`
	LastError   string   `cbor:"10,keyasint,omitempty"`
	ErrorKind   string   `cbor:"11,keyasint,omitempty"`
	Flaps       uint64   `cbor:"12,keyasint,omitempty"`
	Unread      []string `cbor:"13,keyasint,omitempty"`
}

func storeSource(s *SourceState) storedSource {
	return storedSource{
		Watermark: millis(s.Watermark), Cursor: s.Cursor, Began: millis(s.Began), Expected: s.Expected,
		Scope: s.Scope, Policy: s.Policy, LastSuccess: millis(s.LastSuccess), LastSweep: millis(s.LastSweep),
		Failures: s.Failures, LastError: s.LastError, ErrorKind: s.ErrorKind, Flaps: s.Flaps, Unread: s.Unread,
	}
}

func (s *storedSource) load() SourceState {
	return SourceState{
		Watermark: instant(s.Watermark), Cursor: s.Cursor, Began: instant(s.Began), Expected: s.Expected,
		Scope: s.Scope, Policy: s.Policy, LastSuccess: instant(s.LastSuccess), LastSweep: instant(s.LastSweep),
		Failures: s.Failures, LastError: s.LastError, ErrorKind: s.ErrorKind, Flaps: s.Flaps, Unread: s.Unread,
	}
}

type storedPlan struct {
	Source   string     `cbor:"1,keyasint,omitempty"`
	At       int64      `cbor:"2,keyasint,omitempty"`
	Mode     string     `cbor:"3,keyasint,omitempty"`
	Policy   string     `cbor:"4,keyasint,omitempty"`
	Open     int        `cbor:"5,keyasint,omitempty"`
	Issues   int        `cbor:"6,keyasint,omitempty"`
	Changes  int        `cbor:"7,keyasint,omitempty"`
	Status   PlanStatus `cbor:"8,keyasint,omitempty"`
	Reason   string     `cbor:"9,keyasint,omitempty"`
	By       string     `cbor:"10,keyasint,omitempty"`
	ByAt     int64      `cbor:"11,keyasint,omitempty"`
	Undoes   string     `cbor:"12,keyasint,omitempty"`
	HeldAt   int64      `cbor:"13,keyasint,omitempty"`
	Summary  *Summary   `cbor:"14,keyasint,omitempty"`
	Lanes    []string   `cbor:"15,keyasint,omitempty"`
	RestOf   string     `cbor:"16,keyasint,omitempty"`
	Accepted bool       `cbor:"17,keyasint,omitempty"`
}

func storePlan(p *Plan) storedPlan {
	return storedPlan{
		Source: p.Source, At: millis(p.At), Mode: p.Mode, Policy: p.PolicyHash,
		Open: p.Open, Issues: p.Issues, Changes: p.Changes, Status: p.Status, Reason: p.Reason,
		By: p.By, ByAt: millis(p.ByAt), Undoes: p.Undoes, HeldAt: millis(p.HeldAt), Summary: p.Summary, Lanes: p.Lanes, RestOf: p.RestOf, Accepted: p.Accepted,
	}
}

func (s *storedPlan) load(id string) Plan {
	return Plan{
		ID: id, Source: s.Source, At: instant(s.At), Mode: s.Mode, PolicyHash: s.Policy,
		Open: s.Open, Issues: s.Issues, Changes: s.Changes, Status: s.Status, Reason: s.Reason,
		By: s.By, ByAt: instant(s.ByAt), Undoes: s.Undoes, HeldAt: instant(s.HeldAt), Summary: s.Summary, Lanes: s.Lanes, RestOf: s.RestOf, Accepted: s.Accepted,
	}
}

type storedEntry struct {
	Source     string      `cbor:"1,keyasint,omitempty"`
	ID         string      `cbor:"2,keyasint,omitempty"`
	Key        string      `cbor:"3,keyasint,omitempty"`
	Field      issue.Field `cbor:"4,keyasint,omitempty"`
	From       string      `cbor:"5,keyasint,omitempty"`
	To         string      `cbor:"6,keyasint,omitempty"`
	Reason     string      `cbor:"7,keyasint,omitempty"`
	Status     EntryStatus `cbor:"8,keyasint,omitempty"`
	At         int64       `cbor:"9,keyasint,omitempty"`
	Done       int64       `cbor:"10,keyasint,omitempty"`
	Error      string      `cbor:"11,keyasint,omitempty"`
	Lane       string      `cbor:"12,keyasint,omitempty"`
	HadApplied bool        `cbor:"13,keyasint,omitempty"`
	Applied    string      `cbor:"14,keyasint,omitempty"`
	FromRaw    string      `cbor:"15,keyasint,omitempty"`
	ToRaw      string      `cbor:"16,keyasint,omitempty"`
}

func storeEntry(e *Entry) storedEntry {
	return storedEntry{
		Source: e.Source, ID: e.ID, Key: e.Key,
		Field: e.Change.Field, From: e.Change.From, To: e.Change.To, Reason: e.Change.Reason,
		Status: e.Status, At: millis(e.At), Done: millis(e.Done), Error: e.Error, Lane: e.Lane,
		HadApplied: e.HadApplied, Applied: e.Applied, FromRaw: e.Change.FromRaw, ToRaw: e.Change.ToRaw,
	}
}

func (s *storedEntry) load(plan string, n int) Entry {
	return Entry{
		Plan: plan, N: n, Source: s.Source, ID: s.ID, Key: s.Key,
		Change: issue.Change{Field: s.Field, From: s.From, To: s.To, Reason: s.Reason, FromRaw: s.FromRaw, ToRaw: s.ToRaw},
		Status: s.Status, At: instant(s.At), Done: instant(s.Done), Error: s.Error, Lane: s.Lane,
		HadApplied: s.HadApplied, Applied: s.Applied,
	}
}

type storedPause struct {
	On     bool   `cbor:"1,keyasint,omitempty"`
	By     string `cbor:"2,keyasint,omitempty"`
	At     int64  `cbor:"3,keyasint,omitempty"`
	Reason string `cbor:"4,keyasint,omitempty"`
}

func storePause(p Pause) storedPause {
	return storedPause{On: p.On, By: p.By, At: millis(p.At), Reason: p.Reason}
}

func (s *storedPause) load() Pause {
	return Pause{On: s.On, By: s.By, At: instant(s.At), Reason: s.Reason}
}

// storedPolicy is a policy text and the day of its last use.
type storedPolicy struct {
	Text []byte `cbor:"1,keyasint,omitempty"`
	Used int64  `cbor:"2,keyasint,omitempty"`
}
