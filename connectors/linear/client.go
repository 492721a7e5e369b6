package linear

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shurcooL/graphql"
	"golang.org/x/time/rate"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// DefaultURL is Linear's only endpoint.
const DefaultURL = "https://api.linear.app/graphql"

// Options are what a Client gets from the program around it.
type Options struct {
	// Source is the configured name of this connection.
	Source string
	// Inputs are the issue fields that the policy reads. Only these and the
	// managed ones are asked for: people's and customers' data costs points and
	// is not ours to collect.
	Inputs issue.Inputs
	// Emails asks for the addresses of assignees and reporters too.
	Emails bool
	// LabelPrefixes are the managed label groups; nil is lane, horizon, sla.
	LabelPrefixes []string
	Base          http.RoundTripper // nil: the network
	Log           *slog.Logger
	Metrics       connectors.Metrics
	Now           func() time.Time
	UserAgent     string
}

// Client reads and writes the issues of some teams of one Linear workspace.
//
// What Linear does not have is taken from the nearest thing it has. The kind
// of an issue is its label in the group Type, Kind or Issue type, else a label
// named like a kind; without either it is a task. The component is the
// project, the sprint the cycle. The labels of managed groups are compared
// without regard to case and read in lower case. Votes are people who reacted with a thumbs-up,
// watchers are subscribers.
type Client struct {
	s         Settings
	o         Options
	log       *slog.Logger
	now       func() time.Time
	tr        *connectors.Transport
	gql       *graphql.Client
	in        issue.Inputs
	docs      *documents // with everything that is wanted
	plain     *documents // the same without customers
	labels    labelBook
	people    workspace
	members   sync.Map // address or id → known
	customers feature
	urgent    *rate.Limiter
}

// urgentBurst issues may become urgent at once, then one a second: Linear
// mails the assignee of each.
const urgentBurst = 25

// New checks the settings and builds a client. It sends nothing.
func New(s Settings, o Options) (*Client, error) {
	s.URL = cmp.Or(s.URL, DefaultURL)
	s.Dates = cmp.Or(s.Dates, DatesDue)
	s.Concurrency = cmp.Or(s.Concurrency, 8)
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("linear: %w", err)
	}
	o.Now = orElse(o.Now, time.Now)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.LabelPrefixes == nil {
		o.LabelPrefixes = []string{string(issue.FieldLane), string(issue.FieldHorizon), string(issue.FieldSLA)}
	}
	c := &Client{s: s, o: o, log: o.Log, now: o.Now, in: o.Inputs | issue.InputManaged, urgent: rate.NewLimiter(1, urgentBurst)}
	want := wantsOf(c.in, o, s)
	c.docs = newDocuments(want)
	c.plain = newDocuments(func(when string) bool { return when != "customers" && want(when) })
	c.labels.kinds, c.labels.managed = kindNames(s.Kinds), o.LabelPrefixes
	var err error
	c.tr, err = connectors.NewTransport(connectors.Options{
		URL: s.URL, Credential: s.Auth.header, Judge: c.judge, Feed: feed, Log: o.Log, Metrics: o.Metrics,
		Base: o.Base, Now: o.Now, UserAgent: o.UserAgent, MaxBody: 32 << 20,
	})
	if err != nil {
		return nil, fmt.Errorf("linear: %w", err)
	}
	c.gql = newGraphQL(s, c.tr)
	return c, nil
}

func orElse(f, fallback func() time.Time) func() time.Time {
	if f == nil {
		return fallback
	}
	return f
}

// check reports everything that is wrong at once.
func (s Settings) check() error {
	var errs []error
	if u, err := url.Parse(s.URL); err != nil || u.Host == "" {
		errs = append(errs, fmt.Errorf("url: want an address such as %s", DefaultURL))
	}
	if s.Auth.APIKey.IsZero() == s.Auth.OAuthToken.IsZero() {
		errs = append(errs, errors.New("auth: give either an API key or an OAuth token"))
	}
	if len(s.Teams) == 0 || slices.Contains(s.Teams, "") {
		errs = append(errs, errors.New("teams: give at least one team key, such as ENG"))
	}
	for k, team := range s.Teams {
		if slices.Contains(s.Teams[:k], team) {
			errs = append(errs, fmt.Errorf("teams: %s is named twice", team))
		}
	}
	if !slices.Contains([]Dates{DatesDue, DatesSLA, DatesNone}, s.Dates) {
		errs = append(errs, fmt.Errorf("dates: %q is not one of due, sla, none", s.Dates))
	}
	if s.Concurrency < 1 || s.Concurrency > 32 {
		errs = append(errs, fmt.Errorf("concurrency: %d is not within 1..32", s.Concurrency))
	}
	return errors.Join(errs...)
}

// header is the value of the Authorization header. A personal key goes without
// a scheme: sent as a bearer token it is refused; an OAuth token needs one. What
// a credential is shows at its beginning, even in the other's place.
func (a Auth) header() (string, error) {
	if !a.OAuthToken.IsZero() {
		token, err := a.OAuthToken.Reveal()
		if err != nil || token == "" {
			return "", emptyOr(err, "OAuth token")
		}
		if strings.HasPrefix(token, "lin_api_") {
			return token, nil
		}
		return "Bearer " + strings.TrimPrefix(token, "Bearer "), nil
	}
	key, err := a.APIKey.Reveal()
	if err != nil || key == "" {
		return "", emptyOr(err, "API key")
	}
	if strings.HasPrefix(key, "lin_oauth_") {
		return "Bearer " + key, nil
	}
	return key, nil
}

func emptyOr(err error, what string) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("the %s is empty", what)
}

// inScope reports whether a team is one of ours.
func (c *Client) inScope(team string) bool { return slices.Contains(c.s.Teams, team) }

func asError(err error) (*connectors.Error, bool) { return errors.AsType[*connectors.Error](err) }

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}
