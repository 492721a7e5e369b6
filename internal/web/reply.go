package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/lanekeeper/lanekeeper/internal/answer"
)

// failure is the body of every error.
type failure struct {
	Error string `json:"error"`
	Kind  Kind   `json:"kind,omitempty"`
}

// reply writes a JSON answer.
func (s *server) reply(w http.ResponseWriter, status int, v any) {
	var body bytes.Buffer
	if err := answer.WriteJSON(&body, v); err != nil {
		s.Logger.Error("encode answer", "err", err)
		s.refuse(w, http.StatusInternalServerError, "the answer could not be encoded; the log tells why")
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a client that left needs no answer
}

// refuse writes an error that has a status of its own.
func (s *server) refuse(w http.ResponseWriter, status int, text string) {
	s.reply(w, status, failure{Error: text})
}

// fail writes an error. What is not meant for the asker goes to the log alone.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	kind, text := s.judge(r, err)
	s.reply(w, kind.Status(), failure{Error: text, Kind: kind})
}

// judge says what the asker is told about an error.
func (s *server) judge(r *http.Request, err error) (Kind, string) {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind, e.Text
	}
	if r.Context().Err() != nil {
		return Unavailable, "the request was given up"
	}
	s.Logger.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	return Internal, "something went wrong inside; the log tells what"
}

// body reads a JSON request into v. An empty body leaves v as it is. A content
// type that a form can send is refused, so that no other site can make a
// browser ask.
func body(w http.ResponseWriter, r *http.Request, v any) error {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return Errorf(BadType, "send Content-Type: application/json")
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		return Errorf(Invalid, "the body goes on after its JSON value")
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return Errorf(TooLarge, "the body is longer than %d bytes", maxBody)
	}
	return Errorf(Invalid, "the body is not the JSON that is expected: %w", err)
}
