package lineartest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// URL is what in-process clients may send to; any host does.
const URL = "http://linear.invalid/graphql"

// Client answers its requests from this server in the caller's goroutine: no
// listener, so it works inside a testing/synctest bubble.
func (s *Server) Client() *http.Client { return &http.Client{Transport: s.Transport()} }

// Transport is the RoundTripper of Client. A dropped connection is an error.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ h http.Handler }

// errDropped is what a client sees of a connection that was lost.
var errDropped = fmt.Errorf("connection dropped: %w", io.ErrUnexpectedEOF)

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	in := req.Clone(req.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	defer func() {
		if p := recover(); p != nil {
			if e, ok := p.(error); !ok || !errors.Is(e, http.ErrAbortHandler) {
				panic(p)
			}
			resp, err = nil, errDropped
		}
	}()
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	t.h.ServeHTTP(w, in)
	return &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: w.header, Request: req,
		ContentLength: int64(w.body.Len()), Body: io.NopCloser(&w.body),
	}, nil
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
