package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Timezone is a zone of the IANA database, by name.
type Timezone struct{ *time.Location }

// UnmarshalText reads a name such as Europe/Berlin or UTC. Local is refused:
// it would mean something else on each host.
func (z *Timezone) UnmarshalText(b []byte) error {
	name := string(b)
	if name == "" || name == "Local" {
		return fmt.Errorf("%q is not a time zone; want a name such as Europe/Berlin or UTC", name)
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return fmt.Errorf("unknown time zone %q; want a name such as Europe/Berlin or UTC", shorten(name))
	}
	z.Location = l
	return nil
}

// MarshalText writes the name.
func (z Timezone) MarshalText() ([]byte, error) {
	if z.Location == nil {
		return nil, nil
	}
	return []byte(z.String()), nil
}

// Cron is a schedule: its text and what it means.
type Cron struct {
	Text string
	cron.Schedule
}

// UnmarshalText reads five fields (minute, hour, day of month, month, day of
// week) or a descriptor such as @hourly or @every 1m.
func (c *Cron) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	if strings.Contains(text, "TZ=") {
		return errors.New("a schedule has no zone of its own; set schedule.timezone")
	}
	s, err := cron.ParseStandard(text)
	if err != nil {
		return fmt.Errorf("%q is not a schedule: %w; want five fields such as \"17 3 * * *\", or \"@every 1m\"", shorten(text), err)
	}
	if every, ok := strings.CutPrefix(text, "@every "); ok {
		if d, err := time.ParseDuration(every); err != nil || d < time.Second {
			return fmt.Errorf("%q is too often; at least @every 1s", shorten(text))
		}
	}
	// The last year that has every combination of date and weekday comes
	// within five years; beyond that the library gives up too.
	if s.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return fmt.Errorf("%q never happens", text)
	}
	c.Text, c.Schedule = text, s
	return nil
}

// MarshalText writes the schedule as it was given.
func (c Cron) MarshalText() ([]byte, error) { return []byte(c.Text), nil }

// in makes the schedule run by the clock of a zone.
func (c *Cron) in(l *time.Location) {
	if s, ok := c.Schedule.(*cron.SpecSchedule); ok && l != nil {
		s.Location = l
	}
}
