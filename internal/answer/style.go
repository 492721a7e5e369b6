package answer

import (
	"fmt"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Style is how text is rendered. The zero Style is plain, of any width, in UTC
// and with absolute times only.
type Style struct {
	// Color allows escape sequences; the caller decides it from the terminal
	// and NO_COLOR.
	Color bool
	// Width is the number of columns to fit into; 0 is no limit.
	Width int
	// Zone is the zone that times are shown in; nil is UTC.
	Zone *time.Location
	// Now is what relative times are relative to; zero leaves them out.
	Now time.Time
}

// color is the parameter of an SGR escape sequence. Only the terminal's own
// palette is used, so that its light and dark schemes both work.
type color string

const (
	none   color = ""
	bold   color = "1"
	faint  color = "2"
	red    color = "31"
	green  color = "32"
	yellow color = "33"
	cyan   color = "36"
	alarm  color = "1;31"
)

// paint colours text where colour is wanted.
func (s Style) paint(c color, text string) string {
	if !s.Color || c == none || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// Stamp writes a moment in the zone of the style.
func (s Style) Stamp(t time.Time) string { return s.in(t, "2006-01-02 15:04 MST") }

// Minute is Stamp for table cells, without the zone.
func (s Style) Minute(t time.Time) string { return s.in(t, "2006-01-02 15:04") }

func (s Style) in(t time.Time, layout string) string {
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format(layout)
}

// When writes a moment relative and absolute: "2 h ago (2026-06-03 14:05 CEST)".
func (s Style) When(t time.Time) string {
	if s.Now.IsZero() {
		return s.Stamp(t)
	}
	return s.Relative(t) + " (" + s.Stamp(t) + ")"
}

// Relative says how far a moment is from now, in either direction.
func (s Style) Relative(t time.Time) string {
	switch d := s.Now.Sub(t); {
	case s.Now.IsZero():
		return s.Stamp(t)
	case d < 0 && d > -time.Minute:
		return "just now" // clocks read one after the other differ a little
	case d < 0:
		return "in " + Span(d)
	default:
		return Ago(d)
	}
}

// Age is Relative for table cells: "never" for the zero time.
func (s Style) Age(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return s.Relative(t)
}

func priorityColor(p issue.Priority) color {
	switch p {
	case issue.Urgent:
		return alarm
	case issue.High:
		return yellow
	}
	return none
}

func statusColor(st Status) color {
	switch st {
	case Applied:
		return green
	case Failed, Refused:
		return red
	case Held, Parked, Paused:
		return yellow
	case Observed, Suggested, Superseded, Reverted, Kept:
		return faint
	}
	return none
}

// Count writes a number with its noun: "1 issue", "2 issues".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// ShortHash is what people compare a policy's hash by.
func ShortHash(h string) string { return h[:min(len(h), 12)] }

// orDash shows that a value is empty.
func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// Number writes a score without needless decimals.
func Number(x float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", x), "0"), ".")
}

// ZoneName is the name of the zone that times are shown in.
func (s Style) ZoneName() string {
	if s.Zone == nil {
		return "UTC"
	}
	return s.Zone.String()
}
