// Package signal reads measurements from outside the tracker (support volume,
// usage, error rates) from files, HTTP documents and Prometheus, and answers
// policies with them. It holds the last good values and says how old they are.
package signal

import (
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// Spec is one signal as people write it: a name, what its keys mean, how long
// a value counts, and exactly one place to read it from.
type Spec struct {
	Name string `yaml:"name"`
	// By says what a row's key is compared with.
	By By `yaml:"by"`
	// MaxAge is the age above which a value is stale and no longer used.
	MaxAge time.Duration `yaml:"max_age"`

	CSV        *File       `yaml:"csv"`
	NDJSON     *File       `yaml:"ndjson"`
	HTTP       *Document   `yaml:"http"`
	Prometheus *Prometheus `yaml:"prometheus"`
}

// By is what the keys of a signal name.
type By string

// The things a signal can be keyed by.
const (
	ByIssue     By = "issue"     // an issue key (PAY-12) or ref (payments/PAY-12)
	ByComponent By = "component" // a component of the issue
	ByCustomer  By = "customer"  // a customer that asked for the issue
)

// File is a CSV file with a header line or a file of one JSON object a line.
// Key, Value and Time name the columns or members; a row without a time is as
// old as the file.
type File struct {
	Path  string `yaml:"path"`
	Key   string `yaml:"key"`
	Value string `yaml:"value"`
	Time  string `yaml:"time"`
}

// Document is a JSON document behind a URL: a list of objects, found at Items.
// Members of objects inside objects are named with dots ("data.rows").
type Document struct {
	URL   string            `yaml:"url"`
	Token connectors.Secret `yaml:"token,secret"` // sent as a bearer token; optional
	Items string            `yaml:"items"`        // "" is the document itself
	Key   string            `yaml:"key"`
	Value string            `yaml:"value"`
	Time  string            `yaml:"time"`
}

// Prometheus is an instant query; each series of its answer is one value, and
// the label named Label holds the key.
type Prometheus struct {
	URL   string            `yaml:"url"` // of the server, without /api/v1
	Token connectors.Secret `yaml:"token,secret"`
	Query string            `yaml:"query"`
	Label string            `yaml:"label"`
}
