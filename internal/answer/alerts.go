package answer

import (
	"fmt"
	"io"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// Alerts is what was noticed, newest first, what each channel was told of it,
// and how the channels do.
type Alerts struct {
	Alerts   []Alert        `json:"alerts"`
	Total    int            `json:"total"`
	Next     string         `json:"next,omitempty"`
	Channels []AlertChannel `json:"channels"`
}

// Alert is one event from its beginning to its end.
type Alert struct {
	Event    string    `json:"event"`
	Status   string    `json:"status"` // firing, resolved or moment: news that lasts no time
	Severity string    `json:"severity"`
	Source   string    `json:"source,omitempty"`
	Lane     string    `json:"lane,omitempty"`
	SLA      string    `json:"sla,omitempty"`
	Project  string    `json:"project,omitempty"`
	Ref      string    `json:"ref,omitempty"`
	Title    string    `json:"title,omitempty"`
	URL      string    `json:"url,omitempty"`
	Subject  string    `json:"subject,omitempty"` // what it is about where that is no issue
	State    string    `json:"state,omitempty"`
	Summary  string    `json:"summary"`
	Explain  string    `json:"explain_url,omitempty"`
	StartsAt time.Time `json:"starts_at"`
	Noticed  time.Time `json:"noticed_at"`
	EndedAt  time.Time `json:"ended_at,omitzero"`
	// Remaining is the time in seconds to the target, below 0 beyond it; null
	// where there is none.
	Remaining *float64        `json:"remaining_seconds"`
	Channels  []AlertDelivery `json:"channels"`
}

// AlertDelivery is what one channel was told of an alert.
type AlertDelivery struct {
	Channel string    `json:"channel"`
	Status  string    `json:"status"` // pending, sent, resolved, failed, muted or dropped
	Why     string    `json:"why,omitempty"`
	SentAt  time.Time `json:"sent_at,omitzero"` // first
	LastAt  time.Time `json:"last_at,omitzero"`
	Times   int       `json:"times"` // messages
	Tries   int       `json:"failed_tries,omitempty"`
}

// AlertChannel is how a channel does in the running process.
type AlertChannel struct {
	Channel     string    `json:"channel"`
	Healthy     bool      `json:"healthy"`
	LastSuccess time.Time `json:"last_success,omitzero"`
	Failures    int       `json:"failures"` // in a row
	Error       Fault     `json:"error"`
	RetryAt     time.Time `json:"retry_at,omitzero"`
	Pending     int       `json:"pending"` // alerts to be told
}

// AlertTest is the answer of alerts test.
type AlertTest struct {
	Channel string  `json:"channel"`
	Sent    bool    `json:"sent"`
	Took    float64 `json:"seconds"`
}

// NewAlert describes a stored alert without its deliveries.
func NewAlert(a *state.Alert) Alert {
	x := Alert{
		Event: a.Kind, Status: "firing", Severity: a.Severity, Source: a.Source, Lane: a.Lane, SLA: a.SLA, Project: a.Project, Title: a.Title,
		URL: a.URL, Subject: a.Subject, State: a.State, Summary: a.Summary, Explain: a.ExplainURL, StartsAt: a.StartsAt, Noticed: a.Raised,
		EndedAt: a.EndedAt, Channels: []AlertDelivery{},
	}
	if a.Key != "" {
		x.Ref = issue.Ref{Source: a.Source, Key: a.Key}.String()
	}
	if a.Timed {
		s := Round(a.Remaining.Seconds())
		x.Remaining = &s
	}
	switch {
	case a.Moment:
		x.Status = "moment"
	case a.Ended:
		x.Status = "resolved"
	}
	return x
}

// NewAlertDelivery describes what a channel was told.
func NewAlertDelivery(d state.Delivery, status, why string) AlertDelivery {
	return AlertDelivery{Channel: d.Channel, Status: status, Why: why, SentAt: d.First, LastAt: d.Last, Times: d.Times, Tries: d.Tries}
}

// WriteText shows each alert with a line for each channel.
func (l Alerts) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	for _, a := range l.Alerts {
		d.para(0, alertColor(a), fmt.Sprintf("%s · %s · %s: %s", s.Age(a.Noticed), a.Event, a.about(), a.state(s)))
		d.para(2, none, a.Summary)
		for _, c := range a.Channels {
			d.para(4, toldColor(c.Status), c.Channel+": "+c.Status+c.times(s)+colon(c.Why))
		}
	}
	if len(l.Alerts) > 0 {
		d.blank()
	}
	for _, c := range l.Channels {
		if !c.Healthy {
			d.para(0, red, fmt.Sprintf("Channel %s failed %s in a row: %s", c.Channel, Count(c.Failures, "time"), c.Error))
		}
	}
	switch {
	case len(l.Channels) == 0:
		d.line("%s; nobody is told: the configuration has no channel under alerts.", Count(l.Total, "alert"))
	case len(l.Alerts) < l.Total:
		d.line("%d of %s.", len(l.Alerts), Count(l.Total, "alert"))
	default:
		d.line("%s, %s.", Count(l.Total, "alert"), Count(len(l.Channels), "channel"))
	}
	return d.writeTo(w)
}

// about names the thing that an alert is about.
func (a Alert) about() string {
	switch {
	case a.Ref != "":
		return a.Ref
	case a.Subject != "":
		return a.Source + " " + a.Subject
	}
	return orDash(a.Source)
}

// state says whether an alert lasts, and since when.
func (a Alert) state(s Style) string {
	switch a.Status {
	case "firing":
		return a.Severity + ", since " + s.Stamp(a.StartsAt)
	case "resolved":
		return "over since " + s.Stamp(a.EndedAt)
	}
	return a.Severity
}

// times says how often a channel was told, and when.
func (c AlertDelivery) times(s Style) string {
	switch {
	case c.Times == 0:
		return ""
	case c.Times == 1:
		return " " + s.Relative(c.SentAt)
	}
	return fmt.Sprintf(" %s, last %s", Count(c.Times, "time"), s.Relative(c.LastAt))
}

// normal keeps empty lists from becoming null.
func (l Alerts) normal() any {
	l.Alerts, l.Channels = some(l.Alerts), some(l.Channels)
	return l
}

func alertColor(a Alert) color {
	switch {
	case a.Status != "firing":
		return faint
	case a.Severity == "critical":
		return red
	}
	return yellow
}

func toldColor(status string) color {
	switch status {
	case "sent", "resolved":
		return green
	case "failed":
		return red
	case "pending":
		return yellow
	}
	return faint
}

// WriteText says that a test message was sent.
func (t AlertTest) WriteText(w io.Writer, s Style) error {
	d := &document{Style: s}
	d.line("A test message was sent to %s in %s s. Look whether it arrived.", t.Channel, Number(t.Took))
	return d.writeTo(w)
}
