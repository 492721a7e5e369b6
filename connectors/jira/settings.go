// Package jira speaks to Jira Cloud and Jira Data Center.
package jira

import (
	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Settings say how to reach one Jira and what to read from it.
type Settings struct {
	URL string
	// Flavor is Cloud, DataCenter, or "" to ask the server.
	Flavor Flavor
	Auth   Auth
	// Projects are keys; at least one.
	Projects []string
	// JQL narrows the scope further; it must have no ORDER BY.
	JQL string
	// Fields are custom fields by the name that policies use; the value is a
	// field id (customfield_10016), a field name, or a schema.custom type. The
	// names story_points and customer (or customers) also give the estimate and
	// the customers.
	Fields map[string]string
	// Priorities map ours to Jira's names or ids; empty: by the order of the
	// project's own list.
	Priorities map[issue.Priority]string
	// Kinds map issue type names to kinds, beside the built-in names.
	Kinds map[string]issue.Kind
	// NotifyUsers false asks Jira not to mail watchers (needs project admin).
	NotifyUsers *bool
	// Concurrency bounds parallel requests; 0 is 4 writes and up to 8 reads.
	Concurrency int
	// WebhookSecret signs Jira's calls to us; none: there are no calls.
	WebhookSecret connectors.Secret
}

// Auth is an API token with the account's e-mail on Cloud, or a personal
// access token alone on Data Center.
type Auth struct {
	Email string
	Token connectors.Secret
}

// Flavor is the kind of deployment.
type Flavor string

// The two deployments.
const (
	Cloud      Flavor = "cloud"
	DataCenter Flavor = "datacenter"
)
