package state

import "time"

// storedAlert is an alert without what its key tells.
type storedAlert struct {
	Kind      string           `cbor:"1,keyasint,omitempty"`
	Severity  string           `cbor:"2,keyasint,omitempty"`
	Source    string           `cbor:"3,keyasint,omitempty"`
	Lane      string           `cbor:"4,keyasint,omitempty"`
	SLA       string           `cbor:"5,keyasint,omitempty"`
	Project   string           `cbor:"6,keyasint,omitempty"`
	IssueID   string           `cbor:"7,keyasint,omitempty"`
	Key       string           `cbor:"8,keyasint,omitempty"`
	URL       string           `cbor:"9,keyasint,omitempty"`
	Title     string           `cbor:"10,keyasint,omitempty"`
	Subject   string           `cbor:"11,keyasint,omitempty"`
	State     string           `cbor:"12,keyasint,omitempty"`
	Summary   string           `cbor:"13,keyasint,omitempty"`
	Explain   string           `cbor:"14,keyasint,omitempty"`
	StartsAt  int64            `cbor:"15,keyasint,omitempty"`
	Remaining int64            `cbor:"16,keyasint,omitempty"` // milliseconds
	Timed     bool             `cbor:"17,keyasint,omitempty"`
	Moment    bool             `cbor:"18,keyasint,omitempty"`
	Ended     bool             `cbor:"19,keyasint,omitempty"`
	EndedAt   int64            `cbor:"20,keyasint,omitempty"`
	Live      bool             `cbor:"21,keyasint,omitempty"`
	Sent      []storedDelivery `cbor:"22,keyasint,omitempty"`
}

type storedDelivery struct {
	Channel string `cbor:"1,keyasint,omitempty"`
	First   int64  `cbor:"2,keyasint,omitempty"`
	Last    int64  `cbor:"3,keyasint,omitempty"`
	Times   int    `cbor:"4,keyasint,omitempty"`
	Done    int64  `cbor:"5,keyasint,omitempty"`
	Outcome string `cbor:"6,keyasint,omitempty"`
	Tries   int    `cbor:"7,keyasint,omitempty"`
	Error   string `cbor:"8,keyasint,omitempty"`
	ErrorAt int64  `cbor:"9,keyasint,omitempty"`
	Doubt   bool   `cbor:"10,keyasint,omitempty"`
}

func storeAlert(a *Alert) storedAlert {
	s := storedAlert{
		Kind: a.Kind, Severity: a.Severity, Source: a.Source, Lane: a.Lane, SLA: a.SLA, Project: a.Project,
		IssueID: a.IssueID, Key: a.Key, URL: a.URL, Title: a.Title, Subject: a.Subject, State: a.State,
		Summary: a.Summary, Explain: a.ExplainURL, StartsAt: millis(a.StartsAt), Remaining: a.Remaining.Milliseconds(),
		Timed: a.Timed, Moment: a.Moment, Ended: a.Ended, EndedAt: millis(a.EndedAt), Live: a.Live,
	}
	for _, d := range a.Sent {
		s.Sent = append(s.Sent, storedDelivery{
			Channel: d.Channel, First: millis(d.First), Last: millis(d.Last), Times: d.Times, Done: millis(d.Done),
			Outcome: d.Outcome, Tries: d.Tries, Error: d.Error, ErrorAt: millis(d.ErrorAt), Doubt: d.Doubt,
		})
	}
	return s
}

func (s *storedAlert) load(id string, raised int64) Alert {
	a := Alert{
		ID: id, Raised: instant(raised), Kind: s.Kind, Severity: s.Severity, Source: s.Source, Lane: s.Lane, SLA: s.SLA, Project: s.Project,
		IssueID: s.IssueID, Key: s.Key, URL: s.URL, Title: s.Title, Subject: s.Subject, State: s.State,
		Summary: s.Summary, ExplainURL: s.Explain, StartsAt: instant(s.StartsAt), Remaining: time.Duration(s.Remaining) * time.Millisecond,
		Timed: s.Timed, Moment: s.Moment, Ended: s.Ended, EndedAt: instant(s.EndedAt), Live: s.Live,
	}
	for _, d := range s.Sent {
		a.Sent = append(a.Sent, Delivery{
			Channel: d.Channel, First: instant(d.First), Last: instant(d.Last), Times: d.Times, Done: instant(d.Done),
			Outcome: d.Outcome, Tries: d.Tries, Error: d.Error, ErrorAt: instant(d.ErrorAt), Doubt: d.Doubt,
		})
	}
	return a
}

// touched is when anything last happened to an alert, in milliseconds.
func (s *storedAlert) touched(raised int64) int64 {
	last := max(raised, s.EndedAt)
	for _, d := range s.Sent {
		last = max(last, d.Last, d.Done)
	}
	return last
}
