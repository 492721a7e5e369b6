package jira

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/connectors"
)

const budgetName = "requests"

// judge turns an answer into the error that it stands for. Decisions rest on
// the status, on headers and on the names of fields, never on texts: those
// follow the account's language.
func (c *Client) judge(op string, resp *http.Response, body []byte) *connectors.Error {
	if e := loginError(op, resp); e != nil {
		return e
	}
	if e := connectors.StatusError(op, resp, nil, c.now()); e != nil {
		return c.explain(e, resp, body)
	}
	if resp.StatusCode < 300 && connectors.IsHTML(body) {
		return &connectors.Error{Kind: connectors.Contract, Op: op, Status: resp.StatusCode, Detail: connectors.ExcerptBody(body),
			Hint: "a login page or proxy stands between lanekeeper and Jira: check url, and that this host may reach it without single sign-on"}
	}
	if e := c.wrongAccount(op, resp); e != nil {
		return e
	}
	return nil
}

// loginError reads Jira's own verdict about the credential. It comes with any
// status: an expired token on an endpoint that strangers may use answers 200
// and shows what strangers see.
func loginError(op string, resp *http.Response) *connectors.Error {
	reason := resp.Header.Get("X-Seraph-LoginReason")
	denied := resp.Header.Get("X-Authentication-Denied-Reason")
	switch {
	case strings.Contains(denied, "CAPTCHA"), strings.Contains(reason, "AUTHENTICATION_DENIED"):
		return &connectors.Error{Kind: connectors.Auth, Op: op, Status: resp.StatusCode, Detail: "Jira demands a CAPTCHA after failed logins",
			Hint: "sign in once in a browser as the account, solve the CAPTCHA, then check the token"}
	case strings.Contains(reason, "AUTHENTICATED_FAILED"):
		return &connectors.Error{Kind: connectors.Auth, Op: op, Status: resp.StatusCode, Detail: "Jira did not accept the token and answers as to a stranger",
			Hint: "the token is wrong or has expired: make a new one for the account"}
	}
	return nil
}

// wrongAccount compares the account that the answer was made for with ours.
func (c *Client) wrongAccount(op string, resp *http.Response) *connectors.Error {
	got := resp.Header.Get("X-AAccountId")
	c.mu.Lock()
	want := c.account.id
	c.mu.Unlock()
	if got == "" || want == "" || op == opMyself || got == want {
		return nil
	}
	return &connectors.Error{Kind: connectors.Auth, Op: op, Status: resp.StatusCode, Detail: "the answer was made for another account",
		Hint: "check that nothing between lanekeeper and Jira replaces the credential"}
}

// explain adds what the body says and what to do.
func (c *Client) explain(e *connectors.Error, resp *http.Response, body []byte) *connectors.Error {
	e.Detail, e.Fields = readErrorBody(body)
	switch e.Kind {
	case connectors.Auth:
		e.Hint = "the token is wrong, has expired, or is a scoped token on the site address (those need https://api.atlassian.com/ex/jira/{cloudId})"
	case connectors.Forbidden:
		e.Hint = "the account lacks a permission for this; `lanekeeper check` names it"
	case connectors.Invalid:
		if e.Op == opSearch {
			e.Hint = "check projects and jql; a project without the permission Browse Projects counts as missing, and `lanekeeper check` tells which"
		}
	case connectors.Unavailable:
		e.Hint = "this Jira has no such endpoint: check flavor"
	case connectors.RateLimited:
		e.Local = resp.Header.Get("RateLimit-Reason") == "jira-per-issue-on-write"
		if e.RetryAfter == 0 {
			e.RetryAfter = max(0, resetTime(resp.Header).Sub(c.now()))
		}
	}
	return e
}

// readErrorBody accepts the shapes that Jira's layers answer with: the usual
// collection, the bulk form with a list of errors, problem+json, a bare
// message, HTML and nothing at all.
func readErrorBody(body []byte) (detail string, fields map[string]string) {
	var e struct {
		ErrorMessages []string       `json:"errorMessages"`
		Errors        jsontext.Value `json:"errors"`
		Title         string         `json:"title"`
		Detail        string         `json:"detail"`
		Message       string         `json:"message"`
	}
	if connectors.IsHTML(body) || json.Unmarshal(body, &e, decoding) != nil {
		return connectors.ExcerptBody(body), nil
	}
	texts := append([]string{e.Title, e.Detail, e.Message}, e.ErrorMessages...)
	var list []struct {
		Message string `json:"message"`
	}
	switch e.Errors.Kind() {
	case '{':
		var byField map[string]string
		if json.Unmarshal(e.Errors, &byField, decoding) == nil {
			fields = cleanFields(byField)
		}
	case '[':
		if json.Unmarshal(e.Errors, &list, decoding) == nil {
			for _, m := range list {
				texts = append(texts, m.Message)
			}
		}
	}
	return connectors.Excerpt(strings.Join(texts, " ")), fields
}

func cleanFields(in map[string]string) map[string]string {
	out := make(map[string]string, len(in))
	for k, v := range in {
		out[connectors.Excerpt(k)] = connectors.Excerpt(v)
	}
	return out
}

// readBudgets reads the rate limit headers. Cloud tells when the bucket is
// full again; Data Center tells how fast it fills. A refusal for writing one
// issue too often, or one endpoint, speaks of that limit, not of the account's.
func (c *Client) readBudgets(h http.Header) []connectors.BudgetReading {
	if reason := h.Get("RateLimit-Reason"); reason != "" && !strings.HasPrefix(reason, "jira-quota") {
		return nil
	}
	limit, err1 := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	left, err2 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	if err1 != nil || err2 != nil {
		return nil
	}
	r := connectors.BudgetReading{Name: budgetName, Limit: limit, Remaining: left, Reset: resetTime(h)}
	fill, err1 := strconv.ParseFloat(h.Get("X-RateLimit-FillRate"), 64)
	each, err2 := strconv.ParseFloat(h.Get("X-RateLimit-Interval-Seconds"), 64)
	if err1 == nil && err2 == nil && fill > 0 && each > 0 {
		r.Rate = fill / each
	}
	return []connectors.BudgetReading{r}
}

func resetTime(h http.Header) time.Time {
	t, err := parseTime(h.Get("X-RateLimit-Reset"))
	if err != nil {
		return time.Time{}
	}
	return t
}

func asError(err error) (*connectors.Error, bool) { return errors.AsType[*connectors.Error](err) }
