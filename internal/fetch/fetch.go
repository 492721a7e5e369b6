// Package fetch reads what other programs hand over: a file, or the answer of a
// URL, with bounds on time and size. Its errors never hold an address or a
// credential, for addresses may carry credentials too.
package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// MaxBody bounds a file or an answer in bytes, Timeout the whole exchange.
const (
	MaxBody = 16 << 20
	Timeout = 20 * time.Second
)

// Client asks URLs. It is safe for concurrent use.
type Client struct {
	http *http.Client
	now  func() time.Time
}

// New returns a client that stays on the host it was sent to: a redirect
// elsewhere could carry a token along. A nil client is the default one.
func New(c *http.Client, now func() time.Time) *Client {
	if c == nil {
		c = &http.Client{}
	}
	out := *c
	out.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if len(via) > 3 || req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
			return errors.New("redirected to another place")
		}
		return nil
	}
	return &Client{http: &out, now: now}
}

// Request is one question.
type Request struct {
	URL    string
	Accept string // the media type that is wanted
	// Token, where there is one, is sent in the Authorization header after
	// Prefix.
	Token  connectors.Secret
	Prefix string
}

// Get returns the answer's body and the server's time.
func (c *Client) Get(ctx context.Context, r Request) ([]byte, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return nil, time.Time{}, errors.New("the address is not a URL")
	}
	req.Header.Set("Accept", r.Accept)
	if !r.Token.IsZero() {
		secret, err := r.Token.Reveal()
		if err != nil {
			return nil, time.Time{}, err
		}
		req.Header.Set("Authorization", r.Prefix+secret)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, time.Time{}, withoutURL(err, req.URL.Host)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, time.Time{}, fmt.Errorf("%s answered HTTP %d", req.URL.Host, resp.StatusCode)
	}
	data, err := readAll(resp.Body)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the answer of %s: %w", req.URL.Host, err)
	}
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		at = c.now()
	}
	return data, at.UTC(), nil
}

// withoutURL replaces the address in a client's error by its host.
func withoutURL(err error, host string) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return fmt.Errorf("get from %s: %w", host, err)
}

// File reads a regular file and tells when it was last written. Its errors do
// not hold the path.
func File(path string) ([]byte, time.Time, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, time.Time{}, bare(err)
	}
	if !info.Mode().IsRegular() {
		return nil, time.Time{}, errors.New("is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, time.Time{}, bare(err)
	}
	defer f.Close()
	data, err := readAll(f)
	return data, info.ModTime().UTC(), err
}

// bare takes the path out of a file error, which is wrapped with it anyway.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	if err == nil && len(data) > MaxBody {
		return nil, fmt.Errorf("is larger than %d MiB", MaxBody>>20)
	}
	return data, err
}

// JSON reads exactly one value and keeps its numbers as written.
func JSON(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("is not JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("is not one JSON value")
	}
	return nil
}
