package web

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/lanekeeper/lanekeeper/internal/answer"
)

// Keeper looks after the state while a daemon holds its file.
type Keeper interface {
	// Backup writes a consistent copy of the state file.
	Backup(context.Context, io.Writer) error
	Verify(context.Context) (answer.Verification, error)
	Stats(context.Context) (answer.StateStats, error)
}

// keeperRoutes are the state's part of the API.
func (s *server) keeperRoutes(mux *http.ServeMux) {
	if s.Keeper == nil {
		return
	}
	mux.Handle("/api/v1/state/backup", s.only(http.MethodGet, s.backup))
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

// Backup implements Keeper.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	req, err := c.request(ctx, http.MethodGet, c.at(nil, "state", "backup"), nil)
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
		return fmt.Errorf("receive the state: %w", err)
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
