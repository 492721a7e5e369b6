package jiratest

import (
	"maps"
	"net/http"
	"strconv"
	"time"
)

// deliver writes the answer, broken as the fault says.
func (s *Server) deliver(c *call, w http.ResponseWriter, rep reply, f *Fault) {
	if f == nil {
		f = &Fault{}
	}
	if f.Delay > 0 && s.opt.Pause != nil && s.opt.Pause(c.r, f.Delay) != nil || f.Abort {
		panic(http.ErrAbortHandler)
	}
	if f.Status != 0 {
		rep = reply{status: f.Status, body: []byte(f.Body), typ: f.Type}
		maps.Copy(w.Header(), f.Header)
	}
	if f.Cut > 0 && f.Cut < len(rep.body) {
		rep.body = rep.body[:f.Cut]
	}
	c.writeHead(w, rep, f)
	if rep.status == http.StatusNoContent {
		return
	}
	s.writeBody(c, w, rep.body, f)
}

func (c *call) writeHead(w http.ResponseWriter, rep reply, f *Fault) {
	h := w.Header()
	h.Set("Date", c.now.UTC().Format(http.TimeFormat))
	if rep.typ == "" {
		rep.typ = "application/json;charset=UTF-8"
	}
	if rep.status != http.StatusNoContent {
		h.Set("Content-Type", rep.typ)
	}
	if rep.location != "" {
		h.Set("Location", rep.location)
	}
	if f.Endless == 0 && rep.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(rep.body)))
	}
	w.WriteHeader(rep.status)
}

func (s *Server) writeBody(c *call, w http.ResponseWriter, body []byte, f *Fault) {
	cut := f.Truncate > 0 && f.Truncate < len(body)
	if cut {
		body = body[:f.Truncate]
	}
	if f.Drip > 0 {
		s.drip(c, w, body, f.Drip, f.DripPause)
	} else if _, err := w.Write(body); err != nil {
		return
	}
	if f.Endless > 0 {
		endless(w, f.Endless)
	}
	if cut {
		flush(w)
		panic(http.ErrAbortHandler)
	}
}

func flush(w http.ResponseWriter) {
	if fl, ok := w.(http.Flusher); ok {
		fl.Flush()
	}
}

// drip writes a few bytes at a time.
func (s *Server) drip(c *call, w http.ResponseWriter, body []byte, n int, pause time.Duration) {
	for len(body) > 0 {
		k := min(n, len(body))
		if _, err := w.Write(body[:k]); err != nil {
			return
		}
		flush(w)
		body = body[k:]
		if s.opt.Pause != nil && s.opt.Pause(c.r, pause) != nil {
			panic(http.ErrAbortHandler)
		}
	}
}

func endless(w http.ResponseWriter, n int) {
	space := make([]byte, 64<<10)
	for i := range space {
		space[i] = ' '
	}
	for n > 0 {
		k, err := w.Write(space[:min(n, len(space))])
		if err != nil {
			return
		}
		n -= k
	}
}
