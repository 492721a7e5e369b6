package jiratest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// errReset is what a client sees of a dropped connection.
var errReset = errors.New("connection reset by peer")

// Transport carries requests to the handler within the process, so that
// virtual time works: no listener, no goroutine.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

// Client is an http.Client on Transport.
func (s *Server) Client() *http.Client { return &http.Client{Transport: s.Transport()} }

type transport struct{ h http.Handler }

// RoundTrip calls the handler.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	rec := &recorder{header: http.Header{}}
	aborted := rec.serve(t.h, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if aborted && rec.status == 0 {
		return nil, fmt.Errorf("read tcp: %w", errReset)
	}
	return rec.response(r, aborted), nil
}

// recorder is a ResponseWriter in memory.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }
func (w *recorder) Flush()              {}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *recorder) serve(h http.Handler, r *http.Request) (aborted bool) {
	defer func() {
		if v := recover(); v != nil {
			if v != http.ErrAbortHandler {
				panic(v)
			}
			aborted = true
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

func (w *recorder) response(r *http.Request, aborted bool) *http.Response {
	w.WriteHeader(http.StatusOK)
	length := int64(-1)
	if n, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	var body io.Reader = &w.body
	if aborted {
		body = io.MultiReader(body, broken{})
	}
	return &http.Response{
		Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(body), ContentLength: length, Request: r,
	}
}

// broken is the end of a connection that was dropped in mid-answer.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
