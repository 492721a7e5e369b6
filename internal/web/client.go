package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// ClientOptions say how to reach a daemon.
type ClientOptions struct {
	// Address is what the daemon listens on (server.listen), or a whole URL.
	// Without a host it is this machine.
	Address string
	// TLS speaks https. CAFile, where given, is the only authority trusted.
	TLS    bool
	CAFile string
	// User and Password are for a daemon with basic auth.
	User     string
	Password connectors.Secret
	// Transport replaces the network, for tests.
	Transport http.RoundTripper
}

// Client asks a running daemon. It implements Issues, Log, Overview, Planner,
// Operator and Health; its errors have the kinds that the daemon's had. A daemon
// that does not answer is Unavailable.
type Client struct {
	base     url.URL
	user     string
	password connectors.Secret
	http     *http.Client
}

var (
	_ Issues   = (*Client)(nil)
	_ Log      = (*Client)(nil)
	_ Overview = (*Client)(nil)
	_ Planner  = (*Client)(nil)
	_ Operator = (*Client)(nil)
	_ Health   = (*Client)(nil)
)

// maxAnswer bounds what a client reads: a plan of a first pull can be long.
const maxAnswer = 1 << 30

// NewClient returns a client. It does not connect.
func NewClient(o ClientOptions) (*Client, error) {
	base, err := baseURL(o.Address, o.TLS)
	if err != nil {
		return nil, err
	}
	c := &Client{base: *base, user: o.User, password: o.Password}
	rt := o.Transport
	if rt == nil {
		if rt, err = transport(o.CAFile); err != nil {
			return nil, err
		}
	}
	c.http = &http.Client{
		Transport: rt, Timeout: patience,
		// A redirect would take the password elsewhere, and the API has none.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// baseURL makes an address to listen on one to call.
func baseURL(address string, secure bool) (*url.URL, error) {
	if u, err := url.Parse(address); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, Errorf(Invalid, "daemon address %q: want host:port or a URL", address)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if secure {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort(host, port)}, nil
}

func transport(caFile string) (http.RoundTripper, error) {
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read certificate authority: %w", err)
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
		return nil, Errorf(Invalid, "%s holds no certificate", caFile)
	}
	return t, nil
}

// call sends one request and decodes the answer into out.
func (c *Client) call(ctx context.Context, method string, u *url.URL, in, out any) error {
	req, err := c.request(ctx, method, u, in)
	if err != nil {
		return err
	}
	res, err := c.send(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return c.decode(res, out)
}

func (c *Client) request(ctx context.Context, method string, u *url.URL, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.user != "" {
		password, err := c.password.Reveal()
		if err != nil {
			return nil, err
		}
		req.SetBasicAuth(c.user, password)
	}
	return req, nil
}

func (c *Client) send(req *http.Request) (*http.Response, error) {
	res, err := c.http.Do(req)
	if err != nil {
		if ctx := req.Context(); ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, Errorf(Unavailable, "no lanekeeper answers at %s: %w; server.listen must be that of the daemon that runs", c.base.Host, errors.Unwrap(err))
	}
	return res, nil
}

// call sends one request whose answer is a T.
func call[T any](ctx context.Context, c *Client, method string, u *url.URL, in any) (out T, err error) {
	err = c.call(ctx, method, u, in, &out)
	return out, err
}

func (c *Client) decode(res *http.Response, out any) error {
	d := json.NewDecoder(io.LimitReader(res.Body, maxAnswer))
	// Readiness is an answer also where it says no.
	_, readiness := out.(*answer.Readiness)
	if res.StatusCode == http.StatusOK || readiness && res.StatusCode == http.StatusServiceUnavailable {
		if err := d.Decode(out); err != nil {
			return Errorf(Internal, "the answer of %s is not lanekeeper's: %w", c.base.Host, err)
		}
		return nil
	}
	var f failure
	if err := d.Decode(&f); err != nil || f.Error == "" {
		f.Error = fmt.Sprintf("%s answered %s", c.base.Host, res.Status)
	}
	return &Error{Kind: cmp.Or(f.Kind, kindOfStatus(res.StatusCode)), Text: f.Error}
}

// at is a place of the API; path segments are escaped.
func (c *Client) at(q url.Values, path ...string) *url.URL {
	u := c.base.JoinPath("api", "v1")
	for _, p := range path {
		u = u.JoinPath(url.PathEscape(p))
	}
	u.RawQuery = q.Encode()
	return u
}

// query collects what is not empty.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// pull asks for pages until the limit is reached (0: until the last) and hands
// each to add, which returns how many elements it had and the next cursor.
func pull(limit int, cursor string, ask func(limit int, cursor string) (n int, next string, err error)) (string, error) {
	for left := limit; ; {
		size := maxLimit
		if limit > 0 {
			size = min(left, maxLimit)
		}
		n, next, err := ask(size, cursor)
		if err != nil {
			return "", err
		}
		left -= n
		if next == "" || limit > 0 && left <= 0 {
			return next, nil
		}
		if next == cursor || n == 0 {
			return "", Errorf(Internal, "the daemon's pages do not end: cursor %q came twice", next)
		}
		cursor = next
	}
}

// Issues implements the interface Issues.
func (c *Client) Issues(ctx context.Context, f IssueFilter) (all answer.Issues, err error) {
	all.Issues = []answer.Item{}
	all.Next, err = pull(f.Limit, f.Cursor, func(limit int, cursor string) (int, string, error) {
		var page answer.Issues
		err := c.call(ctx, http.MethodGet, c.at(f.query(limit, cursor), "issues"), nil, &page)
		all.Issues, all.Total = append(all.Issues, page.Issues...), page.Total
		return len(page.Issues), page.Next, err
	})
	return all, err
}

// SLAs implements Issues.
func (c *Client) SLAs(ctx context.Context, f IssueFilter) (all answer.SLAs, err error) {
	all.SLAs = []answer.HeldTo{}
	all.Next, err = pull(f.Limit, f.Cursor, func(limit int, cursor string) (int, string, error) {
		var page answer.SLAs
		err := c.call(ctx, http.MethodGet, c.at(f.query(limit, cursor), "slas"), nil, &page)
		all.SLAs, all.Total = append(all.SLAs, page.SLAs...), page.Total
		return len(page.SLAs), page.Next, err
	})
	return all, err
}

// PostMortems implements Issues.
func (c *Client) PostMortems(ctx context.Context, f IssueFilter) (all answer.PostMortems, err error) {
	all.PostMortems = []answer.PostMortem{}
	all.Next, err = pull(f.Limit, f.Cursor, func(limit int, cursor string) (int, string, error) {
		var page answer.PostMortems
		err := c.call(ctx, http.MethodGet, c.at(f.query(limit, cursor), "post-mortems"), nil, &page)
		all.PostMortems, all.Total = append(all.PostMortems, page.PostMortems...), page.Total
		return len(page.PostMortems), page.Next, err
	})
	return all, err
}

func (f IssueFilter) query(limit int, cursor string) url.Values {
	return query("lane", f.Lane, "source", f.Source, "sla", f.SLA, "state", f.State, "q", f.Text, "limit", strconv.Itoa(limit), "cursor", cursor)
}

// Explain implements Issues.
func (c *Client) Explain(ctx context.Context, ref issue.Ref) (e answer.Explanation, err error) {
	u, err := c.issue(ref, nil)
	if err == nil {
		err = c.call(ctx, http.MethodGet, u, nil, &e)
	}
	return e, err
}

// anySource stands for the source in a path where the asker gave only a key; no
// source can have this name.
const anySource = "_"

// issue is the place of one issue.
func (c *Client) issue(ref issue.Ref, q url.Values, more ...string) (*url.URL, error) {
	if ref.Key == "" {
		return nil, Errorf(Invalid, "name an issue as source/KEY, such as payments/PAY-12")
	}
	return c.at(q, append([]string{"issues", cmp.Or(ref.Source, anySource), ref.Key}, more...)...), nil
}

// History implements Issues. A limit above the API's is cut to it.
func (c *Client) History(ctx context.Context, ref issue.Ref, limit int) (h answer.History, err error) {
	if limit <= 0 || limit > maxLimit {
		limit = maxLimit
	}
	u, err := c.issue(ref, query("limit", strconv.Itoa(limit)), "history")
	if err == nil {
		err = c.call(ctx, http.MethodGet, u, nil, &h)
	}
	return h, err
}

// Ready implements Health.
func (c *Client) Ready(ctx context.Context) (answer.Readiness, error) {
	return call[answer.Readiness](ctx, c, http.MethodGet, c.base.JoinPath("-", "ready"), nil)
}
