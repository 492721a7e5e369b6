package jira

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	gojira "github.com/andygrunwald/go-jira"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Options are what a Client gets from the program rather than from the file.
type Options struct {
	// Source is the configured name, set on every issue.
	Source string
	// Inputs are the fields that the policy reads; the managed ones are always
	// loaded. Only what is in Inputs is asked for.
	Inputs issue.Inputs
	// Base sends single requests; nil is a network client. Tests and the demo
	// give connectors.HandlerTransport.
	Base      http.RoundTripper
	Log       *slog.Logger
	Metrics   connectors.Metrics
	Now       func() time.Time
	UserAgent string
	MaxBody   int64 // of one answer in bytes; 0 is 32 MiB
}

// Client speaks to one Jira. It implements reconcile.Source.
type Client struct {
	set     Settings
	source  string
	inputs  issue.Inputs
	log     *slog.Logger
	now     func() time.Time
	chain   *connectors.Transport
	builder *gojira.Client

	// learning has one place: one goroutine at a time learns a project's
	// priorities. A wait for it ends with the context, unlike one for a lock.
	learning chan struct{}

	mu      sync.Mutex
	site    *site
	account account
	catalog *catalog
	lists   map[string]*priorityList // by project
	types   map[string]cachedType    // project type key by project key
	gaps    map[gap]time.Time        // refused fields, until when
	people  map[string]cachedPerson
	// statuses are the categories of all statuses by id.
	statuses map[string]issue.Category
	loud     bool      // quiet edits were refused: notifyUsers is no longer sent
	noBulk   time.Time // bulk edit was refused: not tried before
}

var (
	projectKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	numericID  = regexp.MustCompile(`^[0-9]{1,18}$`)
)

// New checks the settings and builds a client; it sends nothing.
func New(set Settings, o Options) (*Client, error) {
	if err := set.validate(); err != nil {
		return nil, err
	}
	c := &Client{
		set: set, source: o.Source, inputs: o.Inputs | issue.InputManaged, log: o.Log, now: o.Now,
		learning: make(chan struct{}, 1), lists: map[string]*priorityList{}, types: map[string]cachedType{}, gaps: map[gap]time.Time{}, people: map[string]cachedPerson{},
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	o.MaxBody = cmp.Or(o.MaxBody, 32<<20)
	var err error
	c.chain, err = connectors.NewTransport(connectors.Options{
		URL: set.URL, Credential: set.Auth.header, Judge: c.judge, Feed: c.readBudgets, Log: c.log, Metrics: o.Metrics,
		Base: o.Base, MaxBody: o.MaxBody, Now: c.now, UserAgent: o.UserAgent,
	})
	if err != nil {
		return nil, err
	}
	c.builder, err = gojira.NewClient(c.chain.Client(), set.URL)
	return c, err
}

func (s Settings) validate() error {
	var errs []error
	if len(s.Projects) == 0 {
		errs = append(errs, errors.New("projects: name at least one project key"))
	}
	for _, p := range s.Projects {
		if !projectKey.MatchString(p) {
			errs = append(errs, fmt.Errorf("projects: %q is not a project key: want capital letters, digits and _, such as PAY", p))
		}
	}
	switch s.Flavor {
	case "", Cloud, DataCenter:
	default:
		errs = append(errs, fmt.Errorf("flavor: %q is neither cloud nor datacenter", s.Flavor))
	}
	if s.Auth.Token.IsZero() {
		errs = append(errs, errors.New("auth: no token given"))
	}
	if err := balanced(s.JQL); err != nil {
		errs = append(errs, err)
	}
	if s.Concurrency < 0 {
		errs = append(errs, errors.New("concurrency: must not be negative"))
	}
	return errors.Join(errs...)
}

// header is the Authorization header: Basic with an e-mail, Bearer without.
func (a Auth) header() (string, error) {
	token, err := a.Token.Reveal()
	if err != nil {
		return "", err
	}
	if a.Email == "" {
		return "Bearer " + token, nil
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(a.Email+":"+token)), nil
}

// call is one exchange with the REST API.
type call struct {
	op     string
	again  bool // idempotent: may be sent again
	method string
	path   string // below rest/api/N/
	query  url.Values
	body   any
	into   any // nil: the answer is not decoded
}

// decoding accepts what Jira really sends; duplicate names and broken UTF-8 in
// one issue's text must not cost the page.
var decoding = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// do sends the call and decodes the answer. It returns the server's clock from
// the Date header, zero where there is none.
func (c *Client) do(ctx context.Context, k call) (time.Time, error) {
	version := "3"
	if c.flavor() != Cloud {
		version = "2"
	}
	return c.send(ctx, "rest/api/"+version+"/", k)
}

func (c *Client) send(ctx context.Context, api string, k call) (time.Time, error) {
	target := api + k.path
	if len(k.query) > 0 {
		target += "?" + k.query.Encode()
	}
	ctx = connectors.WithOp(ctx, k.op, k.again)
	req, err := c.builder.NewRequestWithContext(ctx, k.method, target, k.body)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", k.op, err)
	}
	if k.body == nil {
		req.Header.Del("Content-Type")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.chain.Do(req)
	if err != nil {
		return time.Time{}, err
	}
	defer resp.Body.Close()
	date, _ := http.ParseTime(resp.Header.Get("Date"))
	if k.into == nil {
		return date, nil
	}
	if resp.StatusCode >= 300 {
		return date, &connectors.Error{Kind: connectors.Contract, Op: k.op, Status: resp.StatusCode, Detail: "unexpected redirect"}
	}
	body, err := connectors.BodyBytes(resp)
	if err != nil || len(body) == 0 && k.mayBeEmpty(resp) {
		return date, err
	}
	if err := json.Unmarshal(body, k.into, decoding); err != nil {
		return date, contractError(k.op, err)
	}
	if a, ok := k.into.(lister); ok && !a.complete() {
		return date, hollow(k.op, "the answer lacks its list of issues")
	}
	return date, nil
}

// mayBeEmpty reports whether an answer without a body is in order: an edit that
// returns nothing.
func (k *call) mayBeEmpty(resp *http.Response) bool {
	return resp.StatusCode == http.StatusNoContent || k.method == http.MethodPut
}

// lister is an answer that always has a list. One without it is not empty: what
// is missing from it would be taken for gone.
type lister interface{ complete() bool }

func hollow(op, detail string) *connectors.Error {
	return &connectors.Error{Kind: connectors.Contract, Op: op, Detail: detail, Hint: "a proxy may have cut or changed the answer"}
}

// contractError keeps what kind of mistake the decoder met and where, without
// the text around it.
func contractError(op string, err error) error {
	detail := "the answer is not the JSON that Jira promises"
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		detail += fmt.Sprintf(" (at %s)", connectors.Excerpt(string(e.JSONPointer)))
	} else if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		detail += fmt.Sprintf(" (byte %d)", e.ByteOffset)
	}
	return &connectors.Error{Kind: connectors.Contract, Op: op, Detail: detail,
		Hint: "a proxy may have cut or changed the answer"}
}

// The number of requests under way at once where the settings say nothing:
// Atlassian's advice is 5 to 10.
const (
	writers = 4
	readers = 8
	// dcReaders is fewer: pages of Data Center are ten times as long, and several
	// of them would be most of our memory.
	dcReaders = 3
	// calm is how long after a rate limit reading is as careful as writing.
	calm = 10 * time.Minute
)

// writing is how many edits may be under way at once.
func (c *Client) writing() int { return cmp.Or(c.set.Concurrency, writers) }

// reading is how many reads may be under way at once: as many as the settings
// say, else more than writes as long as the server's budget allows it, which
// is half of it left where it is told, and no recent refusal where it is not.
func (c *Client) reading() int {
	if c.set.Concurrency > 0 {
		return c.set.Concurrency
	}
	if left, known := c.chain.Remaining(budgetName); known && left < 0.5 {
		return writers
	}
	if at := c.chain.LastLimited(); !at.IsZero() && c.now().Sub(at) < calm {
		return writers
	}
	if c.flavor() == DataCenter {
		return dcReaders
	}
	return readers
}

// projectOf is the project part of a key.
func projectOf(key string) string {
	if i := strings.LastIndexByte(key, '-'); i > 0 {
		return key[:i]
	}
	return ""
}

func checkID(op, id string) error {
	if numericID.MatchString(id) {
		return nil
	}
	return &connectors.Error{Kind: connectors.Invalid, Op: op, Detail: fmt.Sprintf("%q is not an issue id", connectors.Excerpt(id))}
}
