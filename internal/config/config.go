// Package config loads lanekeeper's one YAML file. A file that loads is valid:
// everything that is wrong with it is reported at once, each with its line and
// column, and nothing is left to fail later that could have failed here.
// Secrets are held so that they cannot be printed.
package config

import (
	"log/slog"
	"path/filepath"
	"reflect"
	"time"

	// A host may lack a zone database; schedules and calendars need one.
	_ "time/tzdata"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/linear"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/oncall"
	"github.com/lanekeeper/lanekeeper/internal/signal"
	"github.com/lanekeeper/lanekeeper/policy"
)

// Config is a whole, checked configuration. Relative paths in it start from the
// folder of the configuration file.
type Config struct {
	// Mode is the mode of sources that choose none.
	Mode     Mode          `yaml:"mode"`
	Sources  []Source      `yaml:"sources"`
	Schedule Schedule      `yaml:"schedule"`
	State    State         `yaml:"state"`
	Server   Server        `yaml:"server"`
	Guard    Guard         `yaml:"guard"`
	Alerts   Alerts        `yaml:"alerts"`
	Signals  []signal.Spec `yaml:"signals"`
	OnCall   []oncall.Spec `yaml:"on_call"`
	// Policy is the base policy as written, or the built-in one.
	Policy policy.Spec `yaml:"-"`
	// Teams are the policies of sources ("payments") and projects
	// ("payments/PAY") that differ from the base, each complete.
	Teams map[string]policy.Spec `yaml:"-"`
	// Set is Policy and Teams, compiled.
	Set *policy.Set `yaml:"-"`

	// Warnings are about what works and is probably not meant.
	Warnings []Problem `yaml:"-"`
}

// document is the file as it stands: a policy is inline or in its own file.
type document struct {
	Config     `yaml:",inline"`
	Inline     *node  `yaml:"policy"`
	PolicyFile string `yaml:"policy_file"`
}

// Mode says how far lanekeeper may go: Observe, Suggest or Enforce.
type Mode string

// The modes, from the most careful.
const (
	Observe Mode = "observe" // decide and record, write nothing
	Suggest Mode = "suggest" // write only the marked comment
	Enforce Mode = "enforce" // write what policy wants
)

// Source is one tracker connection. Exactly one of Jira and Linear is set.
type Source struct {
	Name   string  `yaml:"name"`
	Mode   Mode    `yaml:"mode"` // never empty: the file's mode where it has none of its own
	Jira   *Jira   `yaml:"jira"`
	Linear *Linear `yaml:"linear"`
}

// Projects are the keys of the Jira projects or Linear teams in scope.
func (s *Source) Projects() []string {
	switch {
	case s.Jira != nil:
		return s.Jira.Projects
	case s.Linear != nil:
		return s.Linear.Teams
	}
	return nil
}

// Jira is the connection to one Jira.
type Jira struct {
	URL         string                    `yaml:"url"`
	Flavor      jira.Flavor               `yaml:"flavor"`
	Auth        JiraAuth                  `yaml:"auth"`
	Projects    []string                  `yaml:"projects"`
	JQL         string                    `yaml:"jql"`
	Fields      map[string]string         `yaml:"fields"`
	Priorities  map[issue.Priority]string `yaml:"priorities"`
	Kinds       map[string]issue.Kind     `yaml:"kinds"`
	NotifyUsers *bool                     `yaml:"notify_users"`
	Concurrency int                       `yaml:"concurrency"`
	// WebhookSecret signs the calls of the tracker; none: it makes none.
	WebhookSecret connectors.Secret `yaml:"webhook_secret,secret"`
}

// JiraAuth is a token with the account's e-mail, or a token alone.
type JiraAuth struct {
	Email string            `yaml:"email"`
	Token connectors.Secret `yaml:"token,secret"`
}

// Settings are what the connector takes.
func (j *Jira) Settings() jira.Settings {
	return jira.Settings{
		URL: j.URL, Flavor: j.Flavor, Auth: jira.Auth{Email: j.Auth.Email, Token: j.Auth.Token},
		Projects: j.Projects, JQL: j.JQL, Fields: j.Fields, Priorities: j.Priorities, Kinds: j.Kinds,
		NotifyUsers: j.NotifyUsers, Concurrency: j.Concurrency, WebhookSecret: j.WebhookSecret,
	}
}

// Linear is the connection to one Linear workspace.
type Linear struct {
	URL         string                `yaml:"url"`
	Auth        LinearAuth            `yaml:"auth"`
	Teams       []string              `yaml:"teams"`
	Dates       linear.Dates          `yaml:"dates"`
	Kinds       map[string]issue.Kind `yaml:"kinds"`
	Concurrency int                   `yaml:"concurrency"`
	// WebhookSecret signs the calls of the tracker; none: it makes none.
	WebhookSecret connectors.Secret `yaml:"webhook_secret,secret"`
}

// LinearAuth is one of a personal API key and an OAuth access token.
type LinearAuth struct {
	APIKey     connectors.Secret `yaml:"api_key,secret"`
	OAuthToken connectors.Secret `yaml:"oauth_token,secret"`
}

// Settings are what the connector takes.
func (l *Linear) Settings() linear.Settings {
	return linear.Settings{
		URL: l.URL, Auth: linear.Auth{APIKey: l.Auth.APIKey, OAuthToken: l.Auth.OAuthToken},
		Teams: l.Teams, Dates: l.Dates, Kinds: l.Kinds, Concurrency: l.Concurrency, WebhookSecret: l.WebhookSecret,
	}
}

// Schedule says when to pull and to sweep. The schedules run in Timezone.
type Schedule struct {
	Timezone Timezone `yaml:"timezone"`
	Pull     Cron     `yaml:"pull"`
	Sweep    Cron     `yaml:"sweep"`
	// Report is when the policy report is told as an event; zero: never.
	Report Cron `yaml:"report"`
}

// State is the state file and how long it remembers.
type State struct {
	Path      string    `yaml:"path"`
	Retention Retention `yaml:"retention"`
}

// Retention is how long entries are kept.
type Retention struct {
	Decisions time.Duration `yaml:"decisions"`
	Alerts    time.Duration `yaml:"alerts"`
}

// Server is the web server with page, API and metrics.
type Server struct {
	Listen string `yaml:"listen"`
	// WebConfigFile is an exporter-toolkit file with TLS and basic auth; "" is
	// neither.
	WebConfigFile string `yaml:"web_config_file"`
}

// Guard is the brake on cycles that would change too much.
type Guard struct {
	MaxChanges int     `yaml:"max_changes"` // in one cycle
	MaxShare   float64 `yaml:"max_share"`   // of the open issues, 0..1
	// Expires is how long a held plan waits, ApprovalExpires how long an approval.
	Expires         time.Duration        `yaml:"expires"`
	ApprovalExpires time.Duration        `yaml:"approval_expires"`
	Lanes           map[string]LaneGuard `yaml:"lanes"`
}

// LaneGuard bounds what one cycle may do to one lane.
type LaneGuard struct {
	MaxChanges int `yaml:"max_changes"`
}

// Options say where Parse looks for what a file refers to.
type Options struct {
	// Env looks up environment variables; nil knows none.
	Env func(string) (string, bool)
}

// Load reads the configuration file at path. env looks up environment
// variables, as os.LookupEnv does. Whatever is wrong with the file comes back
// as one *Problems.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	data, err := readFile(path, maxSize)
	if err != nil {
		return nil, &Problems{List: []Problem{{File: path, Message: err.Error()}}}
	}
	return Parse(path, data, Options{Env: env})
}

// Parse reads a configuration from data. name is the file's path: it stands in
// messages, and relative paths inside start from its folder.
func Parse(name string, data []byte, opts Options) (*Config, error) {
	out := &collector{}
	root := read(name, data, out)
	if root == nil {
		return nil, out.err()
	}
	doc := &document{}
	c := &doc.Config
	d := &decoder{
		out: out, keys: keyTable(), at: map[string]entry{"": {value: root}},
		secrets: secrets{env: opts.Env, dir: filepath.Dir(name)},
	}
	d.structure(root, path{}, reflect.ValueOf(doc).Elem())
	c.check(d)
	doc.loadPolicy(d)
	c.resolvePaths(filepath.Dir(name))
	if err := out.err(); err != nil {
		return nil, err
	}
	c.Warnings = tidy(out.warnings)
	return c, nil
}

// Decode reads another YAML file, such as the cases of a policy test, into v, a
// pointer to a struct with yaml tags, with the same strictness and the same
// messages as a configuration: a file that is wrong gives a *Problems.
func Decode(name string, data []byte, v any) error {
	out := &collector{}
	if root := read(name, data, out); root != nil {
		d := &decoder{out: out, at: map[string]entry{"": {value: root}}}
		d.structure(root, path{}, reflect.ValueOf(v).Elem())
	}
	return out.err()
}

// LogWarnings writes each warning as one line.
func (c *Config) LogWarnings(log *slog.Logger) {
	for _, w := range c.Warnings {
		log.Warn("configuration", "problem", w.String())
	}
}

// resolvePaths makes relative paths start from the configuration's folder.
func (c *Config) resolvePaths(dir string) {
	c.State.Path = within(dir, c.State.Path)
	c.Server.WebConfigFile = within(dir, c.Server.WebConfigFile)
	for i := range c.OnCall {
		if r := &c.OnCall[i]; r.ICS != nil {
			r.ICS.Path = within(dir, r.ICS.Path)
		}
		if r := &c.OnCall[i]; r.JSON != nil {
			r.JSON.Path = within(dir, r.JSON.Path)
		}
	}
	for i := range c.Signals {
		for _, f := range []*signal.File{c.Signals[i].CSV, c.Signals[i].NDJSON} {
			if f != nil {
				f.Path = within(dir, f.Path)
			}
		}
	}
}

// within resolves a relative path against a folder; "" stays empty.
func within(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
