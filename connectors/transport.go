package connectors

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Options configure a Transport. Only URL is required.
type Options struct {
	// URL is the tracker's base address; the credential goes to its scheme and
	// host only.
	URL        string
	Credential Credential // nil: none is sent
	// Judge turns answers into errors; nil is StatusError.
	Judge   Judge
	Budgets []Budget
	// Feed reads budgets from the headers of an answer; nil: none are told.
	Feed    func(http.Header) []BudgetReading
	Log     *slog.Logger
	Metrics Metrics
	// Base sends a single request; nil is a client of our own. Tests give
	// HandlerTransport.
	Base      http.RoundTripper
	Now       func() time.Time
	UserAgent string
	Timeout   time.Duration // of one attempt with its whole answer; 0 is 60 s
	MaxBody   int64         // bytes; 0 is 64 MiB
	Tries     int           // 0 is 4
	MaxWait   time.Duration // the longest wait sat out; 0 is 2 minutes
	AuthHold  time.Duration // between trials after a refused credential; 0 is 15 minutes
}

// Transport is the chain that every request to a tracker passes:
//
//	retry → budget → metrics → circuit → auth → base
//
// Retry is outermost so that every attempt pays from the budget, is held back
// by a shared pause, and is counted. Every failure comes out as an *Error,
// answers that the Judge refuses among them; other answers are completely in
// memory when they arrive.
type Transport struct {
	chain   http.RoundTripper
	budget  *budgetLink
	circuit *circuitLink
	client  *http.Client
}

// NewTransport builds the chain.
func NewTransport(o Options) (*Transport, error) {
	origin, err := url.Parse(o.URL)
	if err != nil || origin.Host == "" || (origin.Scheme != "https" && origin.Scheme != "http") {
		return nil, fmt.Errorf("url %q: want https://host/…", o.URL)
	}
	o = withDefaults(o)
	base := &baseLink{next: o.Base, timeout: o.Timeout, maxBody: o.MaxBody, agent: o.UserAgent}
	auth := &authLink{next: base, credential: o.Credential, origin: origin}
	circuit := &circuitLink{next: auth, credential: o.Credential, hold: o.AuthHold, now: o.Now}
	budget := newBudgetLink(o)
	base.judge = func(op string, resp *http.Response, body []byte) *Error {
		budget.learn(resp.Header)
		return o.Judge(op, resp, body)
	}
	budget.next = &metricsLink{next: circuit, to: o.Metrics}
	retry := &retryLink{next: budget, tries: o.Tries, longest: o.MaxWait, pause: func(d time.Duration) {
		o.Log.Warn("rate limited by the tracker, all requests wait", "wait", d)
		budget.pause(d)
	}}
	t := &Transport{chain: retry, budget: budget, circuit: circuit}
	t.client = &http.Client{Transport: t, CheckRedirect: checkRedirect}
	return t, nil
}

func withDefaults(o Options) Options {
	if o.Credential == nil {
		o.Credential = func() (string, error) { return "", nil }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Judge == nil {
		now := o.Now
		o.Judge = func(op string, resp *http.Response, body []byte) *Error { return StatusError(op, resp, body, now()) }
	}
	if o.Metrics == nil {
		o.Metrics = noMetrics{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Base == nil {
		o.Base = newBase()
	}
	o.UserAgent = cmp.Or(o.UserAgent, "lanekeeper")
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	o.MaxBody = cmp.Or(o.MaxBody, 64<<20)
	o.Tries = cmp.Or(o.Tries, 4)
	o.MaxWait = cmp.Or(o.MaxWait, 2*time.Minute)
	o.AuthHold = cmp.Or(o.AuthHold, 15*time.Minute)
	return o
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.chain.RoundTrip(req)
}

// Client returns a client on the chain: no cookies, redirects only within the
// tracker's own origin and only for reads.
func (t *Transport) Client() *http.Client { return t.client }

// Do sends the request. Its error is free of the URL, which net/http adds and
// which may hold what people search for.
func (t *Transport) Do(req *http.Request) (*http.Response, error) {
	resp, err := t.client.Do(req)
	if e, ok := errors.AsType[*url.Error](err); ok {
		return nil, e.Err
	}
	return resp, err
}

// Remaining returns what is left of a named budget, 0..1, and whether it is
// known.
func (t *Transport) Remaining(budget string) (ratio float64, known bool) {
	return t.budget.remaining(budget)
}

// LastLimited is when the tracker last limited our rate; zero: never.
func (t *Transport) LastLimited() time.Time { return t.budget.lastLimited() }

// Pause holds all requests back for d, as after a rate limit that was told
// inside an answer.
func (t *Transport) Pause(d time.Duration) { t.budget.pause(d) }

// Reset lets requests through again after a refused credential.
func (t *Transport) Reset() { t.circuit.reset() }

// StatusError classifies an answer by its status alone; success and redirects
// are nil.
func StatusError(op string, resp *http.Response, body []byte, now time.Time) *Error {
	kind := statusKind(resp.StatusCode)
	if kind == "" {
		return nil
	}
	return &Error{Kind: kind, Op: op, Status: resp.StatusCode, Detail: ExcerptBody(body), RetryAfter: RetryAfter(resp.Header, now)}
}

func statusKind(status int) Kind {
	switch {
	case status < 400:
		return ""
	case status == http.StatusUnauthorized:
		return Auth
	case status == http.StatusForbidden:
		return Forbidden
	case status == http.StatusNotFound:
		return NotFound
	case status == http.StatusConflict:
		return Conflict
	case status == http.StatusGone:
		return Unavailable
	case status == http.StatusTooManyRequests:
		return RateLimited
	case status == http.StatusRequestTimeout, status >= 500:
		return Server
	}
	return Invalid
}

func asError(err error) (*Error, bool) { return errors.AsType[*Error](err) }
