package state

import (
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// The stored forms of an issue's parts have the fields of the originals in the
// same order, so that they convert without copying field by field.

type storedNamed struct {
	ID   string `cbor:"1,keyasint,omitempty"`
	Name string `cbor:"2,keyasint,omitempty"`
}

type storedPerson struct {
	ID    string `cbor:"1,keyasint,omitempty"`
	Name  string `cbor:"2,keyasint,omitempty"`
	Email string `cbor:"3,keyasint,omitempty"`
}

type storedLink struct {
	Type issue.LinkType `cbor:"1,keyasint,omitempty"`
	Key  string         `cbor:"2,keyasint,omitempty"`
	Open bool           `cbor:"3,keyasint,omitempty"`
}

type storedCustomer struct {
	Name      string  `cbor:"1,keyasint,omitempty"`
	Tier      string  `cbor:"2,keyasint,omitempty"`
	Revenue   float64 `cbor:"3,keyasint,omitempty"`
	Size      float64 `cbor:"4,keyasint,omitempty"`
	Important bool    `cbor:"5,keyasint,omitempty"`
}

type storedIteration struct {
	ID     string `cbor:"1,keyasint,omitempty"`
	Name   string `cbor:"2,keyasint,omitempty"`
	Active bool   `cbor:"3,keyasint,omitempty"`
	Ends   int64  `cbor:"4,keyasint,omitempty"`
}

// storedIssue is an issue without its id and source, which are its place. The
// numbers up to 23 and down to -24 take one byte; the rarer fields have the
// others.
type storedIssue struct {
	Key         string                 `cbor:"0,keyasint,omitempty"`
	Project     string                 `cbor:"1,keyasint,omitempty"`
	URL         string                 `cbor:"2,keyasint,omitempty"`
	Kind        issue.Kind             `cbor:"3,keyasint,omitempty"`
	RawKind     string                 `cbor:"4,keyasint,omitempty"`
	Title       string                 `cbor:"5,keyasint,omitempty"`
	Description string                 `cbor:"6,keyasint,omitempty"`
	StatusName  string                 `cbor:"7,keyasint,omitempty"`
	Category    issue.Category         `cbor:"8,keyasint,omitempty"`
	Priority    uint8                  `cbor:"9,keyasint,omitempty"`
	RawPriority storedNamed            `cbor:"10,keyasint,omitzero"`
	Labels      []string               `cbor:"11,keyasint,omitempty"`
	Components  []string               `cbor:"12,keyasint,omitempty"`
	Reporter    storedPerson           `cbor:"13,keyasint,omitzero"`
	Assignee    storedPerson           `cbor:"14,keyasint,omitzero"`
	Created     int64                  `cbor:"15,keyasint,omitempty"`
	Updated     int64                  `cbor:"16,keyasint,omitempty"`
	Started     int64                  `cbor:"17,keyasint,omitempty"`
	Resolved    int64                  `cbor:"18,keyasint,omitempty"`
	Due         issue.Date             `cbor:"19,keyasint,omitempty"`
	Estimate    float64                `cbor:"20,keyasint,omitempty"`
	Parent      string                 `cbor:"21,keyasint,omitempty"`
	Links       []storedLink           `cbor:"22,keyasint,omitempty"`
	Votes       int                    `cbor:"23,keyasint,omitempty"`
	Watchers    int                    `cbor:"-1,keyasint,omitempty"`
	Comments    int                    `cbor:"-2,keyasint,omitempty"`
	Sprint      storedIteration        `cbor:"-3,keyasint,omitzero"`
	Milestone   storedIteration        `cbor:"-4,keyasint,omitzero"`
	Customers   []storedCustomer       `cbor:"-5,keyasint,omitempty"`
	Fields      map[string]issue.Value `cbor:"-6,keyasint,omitempty"`
	Gone        bool                   `cbor:"-7,keyasint,omitempty"`
	Unknown     issue.Inputs           `cbor:"-8,keyasint,omitempty"`
}

func storeIteration(i issue.Iteration) storedIteration {
	return storedIteration{ID: i.ID, Name: i.Name, Active: i.Active, Ends: millis(i.Ends)}
}

func (s storedIteration) load() issue.Iteration {
	return issue.Iteration{ID: s.ID, Name: s.Name, Active: s.Active, Ends: instant(s.Ends)}
}

func storeIssue(i *issue.Issue) storedIssue {
	s := storedIssue{
		Key: i.Key, Project: i.Project, URL: i.URL, Kind: i.Kind, RawKind: i.RawKind,
		Title: i.Title, Description: i.Description,
		StatusName: i.Status.Name, Category: i.Status.Category,
		Priority: uint8(i.Priority), RawPriority: storedNamed(i.RawPriority),
		Labels: i.Labels, Components: i.Components,
		Reporter: storedPerson(i.Reporter), Assignee: storedPerson(i.Assignee),
		Created: millis(i.Created), Updated: millis(i.Updated), Started: millis(i.Started), Resolved: millis(i.Resolved),
		Due: i.Due, Estimate: i.Estimate, Parent: i.Parent,
		Votes: i.Votes, Watchers: i.Watchers, Comments: i.Comments,
		Sprint: storeIteration(i.Sprint), Milestone: storeIteration(i.Milestone),
		Fields: i.Fields, Gone: i.Gone, Unknown: i.Unknown,
	}
	for _, l := range i.Links {
		s.Links = append(s.Links, storedLink(l))
	}
	for _, c := range i.Customers {
		s.Customers = append(s.Customers, storedCustomer(c))
	}
	return s
}

func (s *storedIssue) load(source, id string) issue.Issue {
	i := issue.Issue{
		ID: id, Source: source,
		Key: s.Key, Project: s.Project, URL: s.URL, Kind: s.Kind, RawKind: s.RawKind,
		Title: s.Title, Description: s.Description,
		Status:   issue.Status{Name: s.StatusName, Category: s.Category},
		Priority: issue.Priority(s.Priority), RawPriority: issue.Named(s.RawPriority),
		Labels: s.Labels, Components: s.Components,
		Reporter: issue.Person(s.Reporter), Assignee: issue.Person(s.Assignee),
		Created: instant(s.Created), Updated: instant(s.Updated), Started: instant(s.Started), Resolved: instant(s.Resolved),
		Due: s.Due, Estimate: s.Estimate, Parent: s.Parent,
		Votes: s.Votes, Watchers: s.Watchers, Comments: s.Comments,
		Sprint: s.Sprint.load(), Milestone: s.Milestone.load(),
		Fields: s.Fields, Gone: s.Gone, Unknown: s.Unknown,
	}
	for _, l := range s.Links {
		i.Links = append(i.Links, issue.Link(l))
	}
	for _, c := range s.Customers {
		i.Customers = append(i.Customers, issue.Customer(c))
	}
	return i
}

type storedOverride struct {
	Field  issue.Field  `cbor:"1,keyasint,omitempty"`
	Kind   OverrideKind `cbor:"2,keyasint,omitempty"`
	Value  string       `cbor:"3,keyasint,omitempty"`
	Wanted string       `cbor:"4,keyasint,omitempty"`
	By     storedPerson `cbor:"5,keyasint,omitzero"`
	At     int64        `cbor:"6,keyasint,omitempty"`
	Until  int64        `cbor:"7,keyasint,omitempty"`
	Lane   string       `cbor:"8,keyasint,omitempty"`
	Reason string       `cbor:"9,keyasint,omitempty"`

	From        string       `cbor:"10,keyasint,omitempty"`
	Contested   []string     `cbor:"11,keyasint,omitempty"`
	Unsure      bool         `cbor:"12,keyasint,omitempty"`
	Ask         int64        `cbor:"13,keyasint,omitempty"`
	ApprovedBy  storedPerson `cbor:"14,keyasint,omitzero"`
	ApprovedAt  int64        `cbor:"15,keyasint,omitempty"`
	ApprovedHow string       `cbor:"16,keyasint,omitempty"`
	Displaced   bool         `cbor:"17,keyasint,omitempty"`
}

func storeOverride(o Override) storedOverride {
	return storedOverride{
		Field: o.Field, Kind: o.Kind, Value: o.Value, Wanted: o.Wanted, By: storedPerson(o.By),
		At: millis(o.At), Until: millis(o.Until), Lane: o.Lane, Reason: o.Reason,
		From: o.From, Contested: o.Contested, Unsure: o.Unsure, Ask: millis(o.Ask),
		ApprovedBy: storedPerson(o.ApprovedBy), ApprovedAt: millis(o.ApprovedAt), ApprovedHow: o.ApprovedHow, Displaced: o.Displaced,
	}
}

func (s storedOverride) load() Override {
	return Override{
		Field: s.Field, Kind: s.Kind, Value: s.Value, Wanted: s.Wanted, By: issue.Person(s.By),
		At: instant(s.At), Until: instant(s.Until), Lane: s.Lane, Reason: s.Reason,
		From: s.From, Contested: s.Contested, Unsure: s.Unsure, Ask: instant(s.Ask),
		ApprovedBy: issue.Person(s.ApprovedBy), ApprovedAt: instant(s.ApprovedAt), ApprovedHow: s.ApprovedHow, Displaced: s.Displaced,
	}
}

type storedPin struct {
	By storedPerson `cbor:"1,keyasint,omitzero"`
	At int64        `cbor:"2,keyasint,omitempty"`
}

func storePin(p *Pin) *storedPin {
	if p == nil {
		return nil
	}
	return &storedPin{By: storedPerson(p.By), At: millis(p.At)}
}

func (s *storedPin) load() *Pin {
	if s == nil {
		return nil
	}
	return &Pin{By: issue.Person(s.By), At: instant(s.At)}
}

type storedRestore struct {
	Field issue.Field  `cbor:"1,keyasint,omitempty"`
	At    int64        `cbor:"2,keyasint,omitempty"`
	By    storedPerson `cbor:"3,keyasint,omitzero"`
	Value string       `cbor:"4,keyasint,omitempty"`
	Lanes []string     `cbor:"5,keyasint,omitempty"`
}

type storedComment struct {
	ID     string `cbor:"1,keyasint,omitempty"`
	Marker string `cbor:"2,keyasint,omitempty"`
	Hash   string `cbor:"3,keyasint,omitempty"`
	SLA    string `cbor:"4,keyasint,omitempty"`
	Closed bool   `cbor:"5,keyasint,omitempty"`

	LookBack bool               `cbor:"6,keyasint,omitempty"`
	Said     int64              `cbor:"7,keyasint,omitempty"`
	Label    *storedAnswerLabel `cbor:"8,keyasint,omitempty"`
}

type storedAnswerLabel struct {
	At      int64  `cbor:"1,keyasint,omitempty"`
	Earlier bool   `cbor:"2,keyasint,omitempty"`
	Why     string `cbor:"3,keyasint,omitempty"`
	Told    bool   `cbor:"4,keyasint,omitempty"`
}

func storeComment(c Comment) storedComment {
	s := storedComment{ID: c.ID, Marker: c.Marker, Hash: c.Hash, SLA: c.SLA, Closed: c.Closed, LookBack: c.LookBack, Said: millis(c.Said)}
	if l := c.Label; l != (AnswerLabel{}) {
		s.Label = &storedAnswerLabel{At: millis(l.At), Earlier: l.Earlier, Why: l.Why, Told: l.Told}
	}
	return s
}

func (s storedComment) load() Comment {
	c := Comment{ID: s.ID, Marker: s.Marker, Hash: s.Hash, SLA: s.SLA, Closed: s.Closed, LookBack: s.LookBack, Said: instant(s.Said)}
	if l := s.Label; l != nil {
		c.Label = AnswerLabel{At: instant(l.At), Earlier: l.Earlier, Why: l.Why, Told: l.Told}
	}
	return c
}

type storedPostMortem struct {
	Lane   string       `cbor:"1,keyasint,omitempty"`
	Closed int64        `cbor:"2,keyasint,omitempty"`
	Why    string       `cbor:"3,keyasint,omitempty"`
	Said   bool         `cbor:"4,keyasint,omitempty"`
	Done   int64        `cbor:"5,keyasint,omitempty"`
	By     storedPerson `cbor:"6,keyasint,omitzero"`
	Asked  bool         `cbor:"7,keyasint,omitempty"`
}

func storePostMortem(p *PostMortem) *storedPostMortem {
	if p == nil {
		return nil
	}
	return &storedPostMortem{Lane: p.Lane, Closed: millis(p.Closed), Why: p.Why, Asked: p.Asked, Said: p.Said, Done: millis(p.Done), By: storedPerson(p.By)}
}

func (s *storedPostMortem) load() *PostMortem {
	if s == nil {
		return nil
	}
	return &PostMortem{Lane: s.Lane, Closed: instant(s.Closed), Why: s.Why, Asked: s.Asked, Said: s.Said, Done: instant(s.Done), By: issue.Person(s.By)}
}

type storedParked struct {
	Since int64  `cbor:"1,keyasint,omitempty"`
	Until int64  `cbor:"2,keyasint,omitempty"`
	Tries int    `cbor:"3,keyasint,omitempty"`
	Kind  string `cbor:"4,keyasint,omitempty"`
	Error string `cbor:"5,keyasint,omitempty"`
}

func storeParked(p *Parked) *storedParked {
	if p == nil {
		return nil
	}
	return &storedParked{Since: millis(p.Since), Until: millis(p.Until), Tries: p.Tries, Kind: p.Kind, Error: p.Error}
}

func (s *storedParked) load() *Parked {
	if s == nil {
		return nil
	}
	return &Parked{Since: instant(s.Since), Until: instant(s.Until), Tries: s.Tries, Kind: s.Kind, Error: s.Error}
}

// storedRecord is the body of a record: all but its decision.
type storedRecord struct {
	Issue       storedIssue            `cbor:"1,keyasint"`
	Memory      storedMemory           `cbor:"2,keyasint,omitempty"`
	Applied     map[issue.Field]string `cbor:"3,keyasint,omitempty"`
	Overrides   []storedOverride       `cbor:"4,keyasint,omitempty"`
	Comment     storedComment          `cbor:"5,keyasint,omitzero"`
	Parked      *storedParked          `cbor:"6,keyasint,omitempty"`
	Gaps        []issue.Field          `cbor:"7,keyasint,omitempty"`
	Seen        int64                  `cbor:"8,keyasint,omitempty"`
	Absent      int                    `cbor:"9,keyasint,omitempty"`
	Outstanding int                    `cbor:"10,keyasint,omitempty"`
	Due         int64                  `cbor:"11,keyasint,omitempty"`
	// OldKeys are the folded keys that the issue had before it moved.
	OldKeys  []string        `cbor:"12,keyasint,omitempty"`
	Pin      *storedPin      `cbor:"13,keyasint,omitempty"`
	Restores []storedRestore `cbor:"14,keyasint,omitempty"`
	// Clock is what an SLA's clock is computed from.
	Clock *storedClock           `cbor:"15,keyasint,omitempty"`
	Freed map[issue.Field]string `cbor:"16,keyasint,omitempty"`

	PostMortem *storedPostMortem `cbor:"17,keyasint,omitempty"`
}

func storeRecord(w wordBook, r *Record, oldKeys []string) storedRecord {
	s := storedRecord{
		Issue: storeIssue(&r.Issue), Memory: storeMemory(w, r.Memory), Applied: r.Applied, Freed: r.Freed,
		Comment: storeComment(r.Comment), Parked: storeParked(r.Parked), Gaps: r.Gaps,
		Seen: millis(r.Seen), Absent: r.Absent, Outstanding: r.Outstanding, Due: millis(r.Due), OldKeys: oldKeys,
		Pin:   storePin(r.Pin),
		Clock: storeClock(w, r.Clock), PostMortem: storePostMortem(r.PostMortem),
	}
	for _, o := range r.Overrides {
		s.Overrides = append(s.Overrides, storeOverride(o))
	}
	for _, x := range r.Restores {
		s.Restores = append(s.Restores, storedRestore{Field: x.Field, At: millis(x.At), By: storedPerson(x.By), Value: x.Value, Lanes: x.Lanes})
	}
	return s
}

func (s *storedRecord) load(w wordBook, source, id string) *Record {
	r := &Record{
		Issue: s.Issue.load(source, id), Memory: s.Memory.load(w), Applied: s.Applied, Freed: s.Freed,
		Comment: s.Comment.load(), Parked: s.Parked.load(), Gaps: s.Gaps,
		Seen: instant(s.Seen), Absent: s.Absent, Outstanding: s.Outstanding, Due: instant(s.Due),
		Pin:   s.Pin.load(),
		Clock: s.Clock.load(w), PostMortem: s.PostMortem.load(),
	}
	for _, o := range s.Overrides {
		r.Overrides = append(r.Overrides, o.load())
	}
	for _, x := range s.Restores {
		r.Restores = append(r.Restores, TakenBack{Field: x.Field, At: instant(x.At), By: issue.Person(x.By), Value: x.Value, Lanes: x.Lanes})
	}
	return r
}
