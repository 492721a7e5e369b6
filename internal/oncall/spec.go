// Package oncall reads who is on duty from calendars, JSON documents and
// Linear's triage responsibility. It holds what was read last and says how old
// that is.
package oncall

import (
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// Spec is one rota as people write it: a name, how long a reading counts, and
// exactly one place to read it from.
type Spec struct {
	Name string `yaml:"name"`
	// MaxAge is the age of a reading above which nobody knows who is on duty.
	MaxAge time.Duration `yaml:"max_age"`

	ICS  *Calendar `yaml:"ics"`
	JSON *Document `yaml:"json"`
	// LinearTriage asks Linear who is responsible for the triage of an issue's
	// team.
	LinearTriage bool `yaml:"linear_triage"`
}

// Calendar is a file or address in the iCalendar format. The event that lasts
// now says who is on duty.
type Calendar struct {
	Place `yaml:",inline"`
	// Timezone is the zone of times and days that name none; "" is the calendar's
	// own, and UTC where it has none either.
	Timezone string `yaml:"timezone"`
	// People are accounts by what the calendar calls them.
	People map[string]string `yaml:"people"`
}

// Document is a JSON document as PagerDuty answers to GET /oncalls, or a plain
// list of {email, start, end}.
type Document struct {
	Place `yaml:",inline"`
	// Schedule, where set, is the id or name of the only schedule that counts.
	Schedule string            `yaml:"schedule"`
	People   map[string]string `yaml:"people"`
}

// Place is a file or an address; exactly one of Path, URL and Secret is set.
type Place struct {
	Path string `yaml:"path"`
	URL  string `yaml:"url"`
	// Secret is an address that is a credential itself, as those of private
	// calendars are.
	Secret connectors.Secret `yaml:"url,secret"`
	// Token is sent in the Authorization header after TokenPrefix.
	Token       connectors.Secret `yaml:"token,secret"`
	TokenPrefix string            `yaml:"token_prefix"`
}
