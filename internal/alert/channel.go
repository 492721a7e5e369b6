package alert

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/state"
)

// Channel is who is told, of what, and when.
type Channel struct {
	Name string
	// Lanes, Events and Severities narrow what is told; an empty list does not.
	// Events about no lane are not narrowed by Lanes.
	Lanes      []string
	Events     []Kind
	Severities []Severity
	// Quiet hours put off what is not in Always.
	Quiet  Quiet
	Always []Severity
	// GroupWait is how long the first event of a group waits for others.
	GroupWait time.Duration
	// Repeat is after how long a lasting event is told again; 0 is never.
	Repeat time.Duration
	// MaxListed is how many events of a group a message lists.
	MaxListed int
	// MaxPerHour bounds the messages; what does not fit waits and is grouped. 0
	// is no bound.
	MaxPerHour int
	// Timeout bounds one send.
	Timeout time.Duration
	// Silent leaves out that something is over.
	Silent bool

	sender sender
	// standing channels hold the state of every alert themselves, as Alertmanager
	// does: they are told everything at once and again and again.
	standing bool
}

// sender brings one batch to its receiver. The error must not hold a secret.
type sender interface {
	send(ctx context.Context, b batch) error
}

// mutes says why a channel is not told of an alert, "" where it is.
func (c *Channel) mutes(a *state.Alert) string {
	switch {
	case len(c.Events) == 0 && Kind(a.Kind) == SourceRecovered && !c.Silent:
		return "the end of source_down says the same; name source_recovered among its events to have both"
	case len(c.Events) > 0 && !slices.Contains(c.Events, Kind(a.Kind)):
		return fmt.Sprintf("%s is not among its events", a.Kind)
	case len(c.Severities) > 0 && !slices.Contains(c.Severities, Severity(a.Severity)):
		return fmt.Sprintf("%s is not among its severities", a.Severity)
	case len(c.Lanes) > 0 && a.Lane != "" && !slices.Contains(c.Lanes, a.Lane):
		return fmt.Sprintf("lane %s is not among its lanes", a.Lane)
	}
	return ""
}

// What became of an alert on a channel.
const (
	outcomeSent     = "sent"
	outcomeRepeated = "repeated"
	outcomeResolved = "resolved"
	outcomeDropped  = "dropped" // over before it was told
	outcomeFailed   = "failed"
	outcomeMuted    = "muted"
)

// Outcomes lists the values of the label outcome.
func Outcomes() []string {
	return []string{outcomeSent, outcomeRepeated, outcomeResolved, outcomeDropped, outcomeFailed, outcomeMuted}
}

// step is what a channel has to do next about an alert.
type step struct {
	do     string // an outcome to bring about, "" for nothing
	at     time.Time
	digest bool // quiet hours put it off
}

// next says what is to be done about an alert that the channel is told of. It
// is pure: the same alert and delivery always give the same step.
func (c *Channel) next(a *state.Alert, d *state.Delivery) step {
	switch told := !d.First.IsZero(); {
	case !d.Done.IsZero():
		return step{}
	case !told && a.Ended && d.Doubt && !c.Silent:
		return c.quietly(a, outcomeResolved, a.EndedAt) // it may have been told
	case !told && a.Ended && !c.standing:
		// It came and went. Quiet hours owe a word of it, nothing else does.
		if s := c.quietly(a, outcomeSent, a.Raised.Add(c.GroupWait)); s.digest && a.EndedAt.After(a.Raised.Add(c.GroupWait)) {
			return s
		}
		return step{do: outcomeDropped, at: a.EndedAt}
	case !told && a.Ended:
		return step{do: outcomeDropped, at: a.EndedAt}
	case !told:
		return c.quietly(a, outcomeSent, a.Raised.Add(c.GroupWait))
	case a.Ended && c.Silent:
		return step{do: outcomeDropped, at: a.EndedAt}
	case a.Ended:
		return c.quietly(a, outcomeResolved, a.EndedAt)
	case c.Repeat > 0:
		return c.quietly(a, outcomeRepeated, d.Last.Add(c.Repeat))
	}
	return step{}
}

// quietly puts a step off to the end of quiet hours.
func (c *Channel) quietly(a *state.Alert, do string, at time.Time) step {
	if !slices.Contains(c.Always, Severity(a.Severity)) {
		if end, quiet := c.Quiet.Until(at); quiet {
			return step{do: do, at: end, digest: true}
		}
	}
	return step{do: do, at: at}
}

// hold puts a step that is due off once more, where it became due in time and
// was not done before the quiet hours began.
func (c *Channel) hold(s step, a *state.Alert, now time.Time) step {
	if now.Before(s.at) || s.do == outcomeDropped {
		return s
	}
	if again := c.quietly(a, s.do, now); again.digest {
		return again
	}
	return s
}

// delivery finds what a channel was told of an alert; it makes the entry where
// there is none.
func delivery(a *state.Alert, channel string) *state.Delivery {
	for n := range a.Sent {
		if a.Sent[n].Channel == channel {
			return &a.Sent[n]
		}
	}
	a.Sent = append(a.Sent, state.Delivery{Channel: channel})
	return &a.Sent[len(a.Sent)-1]
}

// told is delivery for readers: it changes nothing.
func told(a *state.Alert, channel string) state.Delivery {
	for _, d := range a.Sent {
		if d.Channel == channel {
			return d
		}
	}
	return state.Delivery{Channel: channel}
}

// finished tells whether a channel has nothing more to do about an alert.
func (c *Channel) finished(a *state.Alert) bool {
	if c.mutes(a) != "" {
		return true
	}
	d := told(a, c.Name)
	return !d.Done.IsZero()
}

// groupOf is what the alerts that go into one message have in common.
func groupOf(a *state.Alert, s step) string {
	if s.digest {
		return "digest"
	}
	return strings.Join([]string{a.Kind, a.Source, a.SLA, s.do}, "|")
}
