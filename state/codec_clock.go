package state

import (
	"slices"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// storedClock is a Clock; the people in its history are listed once.
type storedClock struct {
	SLA      string           `cbor:"1,keyasint,omitempty"`
	Lanes    []storedStay     `cbor:"2,keyasint,omitempty"`
	People   []storedActor    `cbor:"3,keyasint,omitempty"`
	Events   []storedEvent    `cbor:"4,keyasint,omitempty"`
	Complete bool             `cbor:"5,keyasint,omitempty"`
	Comments []storedRemark   `cbor:"6,keyasint,omitempty"`
	AllRead  bool             `cbor:"7,keyasint,omitempty"` // comments
	Read     int64            `cbor:"8,keyasint,omitempty"`
	Kept     string           `cbor:"9,keyasint,omitempty"`
	Gone     int64            `cbor:"10,keyasint,omitempty"`
	Results  []storedClockEnd `cbor:"11,keyasint,omitempty"`
}

type storedStay struct {
	Lane string `cbor:"1,keyasint,omitempty"`
	From int64  `cbor:"2,keyasint,omitempty"`
}

type storedActor struct {
	Person storedPerson `cbor:"1,keyasint,omitzero"`
	Self   bool         `cbor:"2,keyasint,omitempty"`
	Bot    bool         `cbor:"3,keyasint,omitempty"`
}

// storedEvent names its author by the place in People.
type storedEvent struct {
	At       int64          `cbor:"1,keyasint,omitempty"`
	By       int            `cbor:"2,keyasint,omitempty"`
	Field    issue.Field    `cbor:"3,keyasint,omitempty"`
	From     string         `cbor:"4,keyasint,omitempty"`
	To       string         `cbor:"5,keyasint,omitempty"`
	Category issue.Category `cbor:"6,keyasint,omitempty"`
}

type storedRemark struct {
	At     int64 `cbor:"1,keyasint,omitempty"`
	By     int   `cbor:"2,keyasint,omitempty"`
	Public bool  `cbor:"3,keyasint,omitempty"`
}

type storedClockEnd struct {
	SLA      string `cbor:"1,keyasint,omitempty"`
	Kind     string `cbor:"2,keyasint,omitempty"`
	Lane     string `cbor:"3,keyasint,omitempty"`
	Start    int64  `cbor:"4,keyasint,omitempty"`
	Breached int64  `cbor:"5,keyasint,omitempty"`
	Ended    int64  `cbor:"6,keyasint,omitempty"`
}

func storeClock(w wordBook, c *Clock) *storedClock {
	if c == nil {
		return nil
	}
	s := &storedClock{
		SLA: w.pack(c.SLA), Complete: c.History.Complete, AllRead: c.History.CommentsRead, Read: millis(c.Read), Kept: c.Kept, Gone: millis(c.Gone),
	}
	for _, l := range c.Lanes {
		s.Lanes = append(s.Lanes, storedStay{w.pack(l.Lane), millis(l.From)})
	}
	place := func(by issue.Actor) int {
		a := storedActor{storedPerson(by.Person), by.Self, by.Bot}
		n := slices.Index(s.People, a)
		if n < 0 {
			n = len(s.People)
			s.People = append(s.People, a)
		}
		return n
	}
	for _, e := range c.History.Events {
		s.Events = append(s.Events, storedEvent{millis(e.At), place(e.By), e.Field, e.From, e.To, e.ToCategory})
	}
	for _, m := range c.History.Comments {
		s.Comments = append(s.Comments, storedRemark{millis(m.At), place(m.By), m.Public})
	}
	for _, r := range c.Results {
		s.Results = append(s.Results, storedClockEnd{w.pack(r.SLA), r.Kind, w.pack(r.Lane), millis(r.Start), millis(r.Breached), millis(r.Ended)})
	}
	return s
}

func (s *storedClock) load(w wordBook) *Clock {
	if s == nil {
		return nil
	}
	c := &Clock{
		SLA: w.unpack(s.SLA), History: issue.History{Complete: s.Complete, CommentsRead: s.AllRead}, Read: instant(s.Read), Kept: s.Kept, Gone: instant(s.Gone),
	}
	for _, l := range s.Lanes {
		c.Lanes = append(c.Lanes, Stay{w.unpack(l.Lane), instant(l.From)})
	}
	by := func(n int) issue.Actor {
		if n < 0 || n >= len(s.People) {
			return issue.Actor{}
		}
		a := s.People[n]
		return issue.Actor{Person: issue.Person(a.Person), Self: a.Self, Bot: a.Bot}
	}
	for _, e := range s.Events {
		c.History.Events = append(c.History.Events, issue.Event{
			At: instant(e.At), By: by(e.By), Field: e.Field, From: e.From, To: e.To, ToCategory: e.Category,
		})
	}
	for _, m := range s.Comments {
		c.History.Comments = append(c.History.Comments, issue.Comment{At: instant(m.At), By: by(m.By), Public: m.Public})
	}
	for _, r := range s.Results {
		c.Results = append(c.Results, ClockResult{w.unpack(r.SLA), r.Kind, w.unpack(r.Lane), instant(r.Start), instant(r.Breached), instant(r.Ended)})
	}
	return c
}
