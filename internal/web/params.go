package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
)

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// params reads the query of a request and keeps the first thing that is wrong
// with it.
type params struct {
	url.Values
	now  time.Time
	zone *time.Location
	err  error
}

func (s *server) params(raw string, known ...string) *params {
	p := &params{now: s.Now(), zone: s.Zone}
	if p.zone == nil {
		p.zone = time.UTC
	}
	v, err := url.ParseQuery(raw)
	if err != nil {
		p.err = Errorf(Invalid, "the query cannot be read: %w", err)
	}
	p.Values = v
	for name := range v {
		p.known(name, known)
	}
	return p
}

// known refuses a parameter that would silently narrow nothing.
func (p *params) known(name string, known []string) {
	for _, k := range known {
		if name == k {
			return
		}
	}
	p.err = Errorf(Invalid, "unknown parameter %q: known are %s", name, strings.Join(known, ", "))
}

func (p *params) limit() int {
	text := p.Get("limit")
	if text == "" {
		return defaultLimit
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		p.err = Errorf(Invalid, "limit %q: want a number from 1 to %d", text, maxLimit)
	}
	return n
}

// time reads an instant (RFC 3339), a day, or a length of time before now such
// as 90m, 12h or 7d.
func (p *params) time(name string) time.Time {
	text := p.Get(name)
	if text == "" {
		return time.Time{}
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, p.zone); err == nil {
		return t
	}
	if d, ok := length(text); ok {
		return p.now.Add(-d)
	}
	p.err = Errorf(Invalid, "%s %q: want a time such as 2026-06-03T14:00:00Z, a day such as 2026-06-03, or an age such as 12h or 7d",
		name, text)
	return time.Time{}
}

// length reads a Go duration or a number of days.
func length(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err == nil && n >= 0 && n < 100_000
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}

func (p *params) move() answer.Move {
	switch m := answer.Move(p.Get("move")); m {
	case "", answer.MovedUp, answer.MovedDown, answer.Placed:
		return m
	default:
		p.err = Errorf(Invalid, "move %q: want up, down or new", string(m))
		return ""
	}
}

// state reads the state of a clock that an open issue can have.
func (p *params) state() string {
	state := p.Get("state")
	if state != "" && !slices.Contains(answer.OpenStates(), state) {
		p.err = Errorf(Invalid, "state %q: want one of %s", state, strings.Join(answer.OpenStates(), ", "))
	}
	return state
}

func (p *params) issues() IssueFilter {
	return IssueFilter{
		Lane: p.Get("lane"), Source: p.Get("source"), SLA: p.Get("sla"), Text: strings.TrimSpace(p.Get("q")),
		Limit: p.limit(), Cursor: p.Get("cursor"),
	}
}
