package alert

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/state"
)

// Status is how one channel stands to one alert, and why.
type Status struct {
	state.Delivery
	// Is is pending, sent, resolved, failed, muted or dropped.
	Is  string
	Why string
}

// Status tells how every channel stands to an alert.
func (m *Manager) Status(a *state.Alert) []Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.live[a.ID]; now != nil && now.Raised.Equal(a.Raised) {
		a = now
	}
	var out []Status
	for _, c := range m.channels {
		out = append(out, m.statusOf(c, a))
	}
	return out
}

func (m *Manager) statusOf(c *Channel, a *state.Alert) Status {
	s := Status{Delivery: told(a, c.Name)}
	why := c.mutes(a)
	step := c.hold(c.next(a, &s.Delivery), a, m.Now())
	switch {
	case s.Outcome == outcomeDropped:
		s.Is, s.Why = outcomeDropped, "it was over before it was told"
		if !s.First.IsZero() {
			s.Is, s.Why = outcomeSent, "this channel is not told that something is over"
		}
	case s.Tries > 0:
		s.Is, s.Why = outcomeFailed, s.Error
		if h := m.health[c.Name]; h != nil && h.retry.After(m.Now()) {
			s.Why += "; tried again at " + stamp(h.retry)
		}
	case !s.First.IsZero() && s.Outcome == outcomeResolved:
		s.Is = outcomeResolved
	case why != "":
		s.Is, s.Why = outcomeMuted, why
	case s.First.IsZero() || step.do == outcomeResolved:
		s.Is, s.Why = "pending", m.waits(c, step)
	default:
		s.Is = outcomeSent
	}
	return s
}

// waits says what an alert waits for.
func (m *Manager) waits(c *Channel, s step) string {
	h := m.health[c.Name]
	switch now := m.Now(); {
	case s.digest && s.at.After(now):
		return "quiet hours until " + stamp(s.at)
	case h != nil && h.failures > 0:
		return "the channel fails: " + h.err
	case s.at.After(now):
		return "waits until " + stamp(s.at) + " for others like it"
	}
	return "waits for its turn"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// ChannelHealth is how a channel does in this process.
type ChannelHealth struct {
	Name        string
	LastSuccess time.Time // zero: none yet
	Failures    int       // in a row
	Error       string    // of the last
	ErrorAt     time.Time
	RetryAt     time.Time
	Pending     int // alerts to be told
}

// Channels tells how the channels do, in their order.
func (m *Manager) Channels() []ChannelHealth {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []ChannelHealth
	for _, c := range m.channels {
		h := m.health[c.Name]
		out = append(out, ChannelHealth{c.Name, h.success, h.failures, h.err, h.errAt, h.retry, h.pending})
	}
	return out
}

// Each visits the alerts that were raised since a time, the newest first, until
// fn says false. Live ones are as they are now.
func (m *Manager) Each(since time.Time, fn func(*state.Alert) bool) error {
	return m.Store.EachAlert(since, func(a state.Alert) bool {
		m.mu.Lock()
		if now := m.live[a.ID]; now != nil && now.Raised.Equal(a.Raised) {
			a = *now
			a.Sent = append([]state.Delivery(nil), now.Sent...)
		}
		m.mu.Unlock()
		return fn(&a)
	})
}

// UnknownChannelError is a name that no channel has.
type UnknownChannelError struct {
	Name  string
	Known []string
}

func (e *UnknownChannelError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("there is no channel %q: the configuration has none under alerts", e.Name)
	}
	return fmt.Sprintf("there is no channel %q; there are %s", e.Name, strings.Join(e.Known, ", "))
}

// Test sends one message that says it is a test, at once and whatever the
// channel is told else. It is neither recorded nor repeated.
func (m *Manager) Test(ctx context.Context, channel string) error {
	m.mu.Lock()
	var c *Channel
	var known []string
	for _, o := range m.channels {
		known = append(known, o.Name)
		if o.Name == channel {
			c = o
		}
	}
	m.mu.Unlock()
	if c == nil {
		return &UnknownChannelError{channel, known}
	}
	now := m.Now().UTC()
	a := state.Alert{ID: "test", Raised: now, StartsAt: now}
	(&Event{Kind: Report, Subject: "test", Summary: "This is a test of the alert channel " + channel + ". Nothing is wrong.", StartsAt: now}).describe(&a)
	probe := *c
	err := (&worker{Channel: &probe, m: m}).probe(ctx, batch{channel: &probe, items: []item{{Alert: a, do: outcomeSent}}, at: now})
	if err != nil {
		return fmt.Errorf("send to %s: %w", channel, err)
	}
	return nil
}

// probe sends once and forgets what takes too long.
func (w *worker) probe(ctx context.Context, b batch) error {
	_, err := w.send(ctx, b)
	return err
}
