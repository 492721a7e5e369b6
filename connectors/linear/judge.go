package linear

import (
	"bytes"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// apiError is one entry of an answer's errors. Extensions are read loosely:
// they are the only trustworthy part and the least documented one.
type apiError struct {
	Message    string         `json:"message"`
	Path       []any          `json:"path"`
	Extensions map[string]any `json:"extensions"`
}

func (e apiError) text(name string) string {
	s, _ := e.Extensions[name].(string)
	return s
}

// kindOfType maps extensions.type, the whole list of Linear's own SDK.
var kindOfType = map[string]connectors.Kind{
	"feature not accessible": connectors.Unavailable,
	"usage limit exceeded":   connectors.Unavailable,
	"invalid input":          connectors.Invalid,
	"user error":             connectors.Invalid,
	"ratelimited":            connectors.RateLimited,
	"network error":          connectors.Server,
	"internal error":         connectors.Server,
	"lock timeout":           connectors.Server,
	"bootstrap error":        connectors.Server,
	"authentication error":   connectors.Auth,
	"forbidden":              connectors.Forbidden,
	"graphql error":          connectors.Contract,
}

// kindOfCode maps extensions.code, for answers whose type says nothing.
var kindOfCode = map[string]connectors.Kind{
	"RATELIMITED":               connectors.RateLimited,
	"AUTHENTICATION_ERROR":      connectors.Auth,
	"UNAUTHENTICATED":           connectors.Auth,
	"FORBIDDEN":                 connectors.Forbidden,
	"INPUT_ERROR":               connectors.Invalid,
	"INVALID_INPUT":             connectors.Invalid,
	"BAD_USER_INPUT":            connectors.Invalid,
	"GRAPHQL_VALIDATION_FAILED": connectors.Contract,
	"GRAPHQL_PARSE_FAILED":      connectors.Contract,
	"INTERNAL_SERVER_ERROR":     connectors.Server,
}

// jsonOptions accept what Linear sends though it is not strict JSON: half of a
// surrogate pair in a title must not cost the page.
var jsonOptions = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// judge turns an answer with errors into one of our errors, whatever its
// status: rate limiting comes as 400 and as 200. An answer with data and errors
// is an incomplete page or a failed write, so it is an error too.
func (c *Client) judge(op string, resp *http.Response, body []byte) *connectors.Error {
	errs, readable := errorsOf(body)
	if len(errs) == 0 {
		e := connectors.StatusError(op, resp, body, c.now())
		if e == nil && !readable {
			return &connectors.Error{Kind: connectors.Contract, Op: op, Status: resp.StatusCode, Detail: connectors.ExcerptBody(body),
				Hint: "the answer is not GraphQL; check url, and what stands between here and Linear"}
		}
		return advise(e)
	}
	first := errs[0]
	e := &connectors.Error{Kind: kindOf(first, resp.StatusCode), Op: op, Status: resp.StatusCode, Detail: connectors.Excerpt(detail(first))}
	if e.Kind == connectors.RateLimited {
		e.RetryAfter = refill(resp, c.now())
	}
	return advise(e)
}

// advise says what a person can do about an error that a person can mend.
func advise(e *connectors.Error) *connectors.Error {
	if e == nil {
		return nil
	}
	switch e.Kind {
	case connectors.Auth:
		e.Hint = "check the API key or OAuth token; it may be revoked or expired"
	case connectors.Forbidden:
		e.Hint = "give the key read and write access to the configured teams"
	}
	return e
}

// errorsOf finds the errors of an answer. Most answers have none, and those
// are not parsed here a second time.
func errorsOf(body []byte) (errs []apiError, readable bool) {
	trimmed := bytes.TrimLeft(body[:min(len(body), 64)], " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return nil, false
	}
	if !bytes.Contains(body, []byte(`"errors"`)) {
		return nil, true
	}
	var answer struct {
		Errors []apiError `json:"errors"`
	}
	if err := json.Unmarshal(body, &answer, jsonOptions); err != nil {
		return []apiError{{Message: "errors that cannot be read"}}, false
	}
	return answer.Errors, true
}

func kindOf(e apiError, status int) connectors.Kind {
	if k, ok := kindOfType[e.text("type")]; ok {
		return k
	}
	if k, ok := kindOfCode[e.text("code")]; ok {
		return k
	}
	resp := http.Response{StatusCode: status, Header: http.Header{}}
	if s := connectors.StatusError("", &resp, nil, time.Time{}); s != nil {
		return s.Kind
	}
	return connectors.Contract
}

func detail(e apiError) string {
	if s := e.text("userPresentableMessage"); s != "" {
		return s
	}
	return e.Message
}

// refill is how long until a refused request may pass. The buckets fill evenly
// with limit tokens an hour; the reset header is always one hour ahead, when
// the bucket would be full, and sleeping until then would waste the hour.
func refill(resp *http.Response, now time.Time) time.Duration {
	if d := connectors.RetryAfter(resp.Header, now); d > 0 {
		return d
	}
	wait := time.Second
	for _, b := range buckets {
		limit, remaining, ok := reading(resp.Header, b.header)
		if need := b.need(resp); ok && need > remaining {
			wait = max(wait, time.Duration((need-remaining)*float64(time.Hour)/limit))
		}
	}
	return wait
}

// bucket is one of Linear's allowances.
type bucket struct {
	name, header string
	need         func(*http.Response) float64
}

// The names of the budgets, as metrics show them.
const (
	budgetRequests   = "requests"
	budgetComplexity = "complexity"
)

var buckets = [...]bucket{
	{budgetRequests, "X-RateLimit-Requests", func(*http.Response) float64 { return 1 }},
	{budgetComplexity, "X-RateLimit-Complexity", neededPoints},
	{"endpoint", "X-RateLimit-Endpoint-Requests", func(*http.Response) float64 { return 1 }},
}

// neededPoints is the charge that the answer tells of, else the list price.
func neededPoints(resp *http.Response) float64 {
	if f, err := strconv.ParseFloat(resp.Header.Get("X-Complexity"), 64); err == nil && f > 0 {
		return f
	}
	if resp.Request != nil {
		return float64(connectors.OpFrom(resp.Request.Context()).Costs[budgetComplexity])
	}
	return 0
}

func reading(h http.Header, name string) (limit, remaining float64, ok bool) {
	limit, err := strconv.ParseFloat(h.Get(name+"-Limit"), 64)
	remaining, err2 := strconv.ParseFloat(h.Get(name+"-Remaining"), 64)
	return limit, remaining, err == nil && err2 == nil && limit > 0 && limit <= math.MaxInt32
}

// feed reads the two account-wide budgets from the headers that every answer
// carries. Limits differ by plan and change, so none is written down here.
func feed(h http.Header) []connectors.BudgetReading {
	var out []connectors.BudgetReading
	for _, b := range buckets[:2] {
		if limit, remaining, ok := reading(h, b.header); ok {
			out = append(out, connectors.BudgetReading{
				Name: b.name, Limit: int(limit), Remaining: int(remaining), Rate: limit / time.Hour.Seconds(),
			})
		}
	}
	return out
}
