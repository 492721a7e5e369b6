package connectors

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// HandlerTransport is a RoundTripper that calls a handler directly, without
// sockets: for simulators in the same process and for tests in a synctest
// bubble, where real connections would hang. The body streams, a handler that
// panics with http.ErrAbortHandler looks like a lost connection, and the end of
// the request's context ends the handler's.
func HandlerTransport(h http.Handler) http.RoundTripper { return handlerTransport{h} }

type handlerTransport struct{ handler http.Handler }

var errReset = errors.New("connection reset by peer")

func (t handlerTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	in := req.Clone(ctx)
	in.RequestURI, in.RemoteAddr = req.URL.RequestURI(), "127.0.0.1:1"
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	r, w := io.Pipe()
	answer := &handlerWriter{header: http.Header{}, body: w, ready: make(chan struct{})}
	stop := context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
	go func() {
		defer in.Body.Close()
		defer answer.finish(ctx)
		t.handler.ServeHTTP(answer, in)
	}()
	select {
	case <-answer.ready:
	case <-ctx.Done():
		cancel()
		return nil, ctx.Err()
	}
	if answer.aborted {
		stop()
		cancel()
		return nil, errReset
	}
	return &http.Response{
		Status: http.StatusText(answer.status), StatusCode: answer.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.sent, Body: &handlerBody{PipeReader: r, cancel: cancel}, ContentLength: -1, Request: req,
	}, nil
}

type handlerBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (b *handlerBody) Close() error {
	err := b.PipeReader.Close()
	b.cancel()
	return err
}

// handlerWriter hands the head of the answer over once, then streams.
type handlerWriter struct {
	header, sent http.Header
	status       int
	aborted      bool
	body         *io.PipeWriter
	once         sync.Once
	ready        chan struct{}
}

func (w *handlerWriter) Header() http.Header { return w.header }

func (w *handlerWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.ready)
	})
}

func (w *handlerWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// Flush does nothing: every write is delivered at once.
func (w *handlerWriter) Flush() {}

// finish ends the answer, the way net/http's server does after a panic too.
func (w *handlerWriter) finish(ctx context.Context) {
	if v := recover(); v != nil {
		if v != http.ErrAbortHandler {
			panic(v)
		}
		w.once.Do(func() {
			w.aborted = true
			close(w.ready)
		})
		w.body.CloseWithError(errReset)
		return
	}
	w.WriteHeader(http.StatusOK)
	w.body.CloseWithError(ctx.Err()) // nil is a proper end; an ended context is seen by the reader too
}
