package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
)

// Keeper looks after the state while a daemon holds its file.
type Keeper interface {
	// Backup writes a consistent copy of the state file.
	Backup(context.Context, io.Writer) error
	Verify(context.Context) (answer.Verification, error)
	Stats(context.Context) (answer.StateStats, error)
	// Audit writes the log and what was sent to the trackers as JSON Lines.
	Audit(context.Context, AuditFilter, io.Writer) error
}

// AuditFilter narrows an export of the log. Zero fields do not narrow.
type AuditFilter struct {
	Since  time.Time // inclusive
	Until  time.Time // exclusive
	Source string
	Issue  string // a ref; a key alone finds the issue in any source
	Person string // an account id, a name or an e-mail address
	Rule   string // a lane
}

// keeperRoutes are the state's part of the API.
func (s *server) keeperRoutes(mux *http.ServeMux) {
	if s.Keeper == nil {
		return
	}
	mux.Handle("/api/v1/state/backup", s.only(http.MethodGet, s.backup))
	mux.Handle("/api/v1/audit", s.only(http.MethodGet, s.audit))
	mux.Handle("/api/v1/state/verify", s.only(http.MethodGet, func(w http.ResponseWriter, r *http.Request) {
		s.patient(w)
		s.answering(func(r *http.Request) (any, error) { return s.Keeper.Verify(r.Context()) })(w, r)
	}))
	mux.Handle("/api/v1/state/stats", s.only(http.MethodGet, s.answering(func(r *http.Request) (any, error) { return s.Keeper.Stats(r.Context()) })))
}

// backup streams the state file. An error in the middle breaks the connection,
// so that nobody takes half a file for a whole one.
func (s *server) backup(w http.ResponseWriter, r *http.Request) {
	s.patient(w)
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := s.Keeper.Backup(r.Context(), w); err != nil {
		s.Logger.Error("backup", "err", err)
		panic(http.ErrAbortHandler)
	}
}

// audit streams the log. What is wrong with the request is answered before the
// first line; an error in the middle breaks the connection.
func (s *server) audit(w http.ResponseWriter, r *http.Request) {
	p := s.params(r.URL.RawQuery, "since", "until", "source", "issue", "person", "rule")
	f := AuditFilter{Since: p.time("since"), Until: p.time("until"), Source: p.Get("source"), Issue: p.Get("issue"),
		Person: p.Get("person"), Rule: p.Get("rule")}
	if p.err != nil {
		s.fail(w, r, p.err)
		return
	}
	s.patient(w)
	out := &begun{ResponseWriter: w}
	err := s.Keeper.Audit(r.Context(), f, out)
	switch {
	case err == nil:
	case !out.any:
		s.fail(w, r, err)
	default:
		s.Logger.Error("export the log", "err", err)
		panic(http.ErrAbortHandler)
	}
}

// begun is an answer of JSON Lines that knows whether it has begun.
type begun struct {
	http.ResponseWriter
	any bool
}

func (b *begun) Write(p []byte) (int, error) {
	if !b.any {
		b.any = true
		b.Header().Set("Content-Type", "application/x-ndjson")
	}
	return b.ResponseWriter.Write(p)
}

// Backup implements Keeper.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	return c.stream(ctx, c.at(nil, "state", "backup"), w)
}

// Audit implements Keeper.
func (c *Client) Audit(ctx context.Context, f AuditFilter, w io.Writer) error {
	q := query("since", stamp(f.Since), "until", stamp(f.Until), "source", f.Source, "issue", f.Issue, "person", f.Person, "rule", f.Rule)
	return c.stream(ctx, c.at(q, "audit"), w)
}

// stream copies an answer to w.
func (c *Client) stream(ctx context.Context, u *url.URL, w io.Writer) error {
	req, err := c.request(ctx, http.MethodGet, u, nil)
	if err != nil {
		return err
	}
	res, err := c.send(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return c.decode(res, nil)
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("receive from the daemon: %w", err)
	}
	return nil
}

// Verify implements Keeper.
func (c *Client) Verify(ctx context.Context) (answer.Verification, error) {
	return call[answer.Verification](ctx, c, http.MethodGet, c.at(nil, "state", "verify"), nil)
}

// Stats implements Keeper.
func (c *Client) Stats(ctx context.Context) (answer.StateStats, error) {
	return call[answer.StateStats](ctx, c, http.MethodGet, c.at(nil, "state", "stats"), nil)
}
