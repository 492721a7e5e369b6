package connectors

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// ErrTooLarge is in the chain of the Contract error for an answer beyond the
// size limit: asking for less may help.
var ErrTooLarge = errors.New("answer too large")

// A Judge looks at a complete answer and returns the error that it stands for,
// or nil for one that the caller should get.
type Judge func(op string, resp *http.Response, body []byte) *Error

// baseLink sends one attempt and reads its whole answer, so that the timeout
// covers everything, connections are used again, and an answer cut short is
// known before anyone decodes it.
type baseLink struct {
	next    http.RoundTripper
	timeout time.Duration
	maxBody int64
	agent   string
	judge   Judge
	buffers sync.Pool
}

func (l *baseLink) RoundTrip(req *http.Request) (*http.Response, error) {
	op := OpFrom(req.Context()).Name
	ctx, cancel := context.WithTimeout(req.Context(), l.timeout)
	defer cancel()
	out := req.Clone(ctx)
	out.Header.Del("Cookie")
	out.Header.Set("User-Agent", l.agent)
	resp, err := l.next.RoundTrip(out)
	if err != nil {
		return nil, l.networkError(req.Context(), ctx, op, err)
	}
	body, err := l.read(resp)
	if e, ok := errors.AsType[*Error](err); ok {
		e.Op, e.Status = op, resp.StatusCode
		return nil, e
	}
	if err != nil {
		return nil, l.networkError(req.Context(), ctx, op, err)
	}
	if e := l.judge(op, resp, body.Bytes()); e != nil {
		body.Close()
		return nil, e
	}
	resp.Header.Del("Set-Cookie")
	resp.Body = body
	resp.ContentLength = int64(body.Len())
	return resp, nil
}

func (l *baseLink) read(resp *http.Response) (*buffered, error) {
	from := resp.Body
	defer from.Close()
	buf, _ := l.buffers.Get().(*bytes.Buffer)
	if buf == nil {
		buf = new(bytes.Buffer)
	}
	buf.Reset()
	if n := resp.ContentLength; n > 0 && n <= l.maxBody {
		buf.Grow(int(n) + bytes.MinRead) // else it grows by doubling
	}
	body := &buffered{buf: buf, pool: &l.buffers}
	n, err := buf.ReadFrom(io.LimitReader(from, l.maxBody+1))
	if err == nil && n > l.maxBody {
		err = &Error{Kind: Contract, Detail: fmt.Sprintf("the answer has more than %d bytes", l.maxBody), Err: ErrTooLarge}
	}
	if err != nil {
		body.Close()
		return nil, err
	}
	body.Reader = *bytes.NewReader(buf.Bytes())
	return body, nil
}

// networkError tells a caller that gave up, and an attempt whose time was up,
// from a connection that failed.
func (l *baseLink) networkError(caller, attempt context.Context, op string, err error) error {
	if cause := caller.Err(); cause != nil {
		return fmt.Errorf("%s: %w", op, cause)
	}
	e := &Error{Kind: Network, Op: op, Err: err}
	if errors.Is(err, context.DeadlineExceeded) || attempt.Err() != nil {
		e.Err = fmt.Errorf("no complete answer within %s", l.timeout)
	}
	return e
}

// buffered is a body that is in memory. Its bytes are valid until Close.
type buffered struct {
	bytes.Reader
	buf  *bytes.Buffer
	pool *sync.Pool
}

// Bytes is the whole body.
func (b *buffered) Bytes() []byte { return b.buf.Bytes() }

// Close gives the memory back; a second call does nothing.
func (b *buffered) Close() error {
	if b.buf != nil {
		b.pool.Put(b.buf)
		b.buf, b.Reader = nil, bytes.Reader{}
	}
	return nil
}

// BodyBytes returns the whole body of an answer from this transport without
// copying it. The bytes are valid until the body is closed.
func BodyBytes(resp *http.Response) ([]byte, error) {
	if b, ok := resp.Body.(*buffered); ok && b.buf != nil {
		return b.Bytes(), nil
	}
	return io.ReadAll(resp.Body)
}

// newBase is a plain transport of our own: nothing is shared with other users
// of the process.
func newBase() http.RoundTripper {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     90 * time.Second,
	}
}

const maxRedirects = 3

// checkRedirect follows a redirect only for reads and within the same origin:
// credentials must not travel. A 303 is the answer to an asynchronous
// operation and is handed to the caller.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if req.Response != nil && req.Response.StatusCode == http.StatusSeeOther {
		return http.ErrUseLastResponse
	}
	first, op := via[0], OpFrom(req.Context()).Name
	switch {
	case !sameOrigin(first.URL, req.URL):
		return &Error{Kind: Contract, Op: op, Detail: "the server redirects to " + Excerpt(req.URL.Scheme+"://"+req.URL.Host),
			Hint: "check that url is the tracker's own address, not that of a login page or proxy"}
	case first.Method != http.MethodGet || len(via) > maxRedirects:
		return &Error{Kind: Contract, Op: op, Detail: "the server answers with a redirect where none belongs",
			Hint: "check the path in url"}
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }
