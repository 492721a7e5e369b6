// Package linear speaks to Linear.
package linear

import (
	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Settings say how to reach one Linear workspace and what to read from it.
type Settings struct {
	URL  string
	Auth Auth
	// Teams are keys; at least one.
	Teams []string
	// Dates says where a resolve target is written: Due, SLA or None.
	Dates Dates
	// Kinds map label names to kinds, beside the built-in names: Linear has no
	// issue types, see Client.
	Kinds map[string]issue.Kind
	// Concurrency bounds parallel requests; 0 is 8. Writes take at most 4.
	Concurrency int
	// WebhookSecret signs Linear's calls to us; none: there are no calls.
	WebhookSecret connectors.Secret
}

// Auth is either a personal API key or an OAuth access token.
type Auth struct {
	APIKey     connectors.Secret
	OAuthToken connectors.Secret
}

// Dates is the field that carries the resolve target: a due date and an SLA
// erase each other in Linear.
type Dates string

// The places for the resolve target.
const (
	DatesDue  Dates = "due"
	DatesSLA  Dates = "sla"
	DatesNone Dates = "none"
)
