package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
)

// Alerts answers about what was noticed and who was told.
type Alerts interface {
	// Alerts lists alerts, newest first. A channel that is not configured is
	// NotFound.
	Alerts(context.Context, AlertFilter) (answer.Alerts, error)
	// TestAlert sends a message that says it is a test. One that does not arrive
	// is Unavailable.
	TestAlert(ctx context.Context, channel, by string) (answer.AlertTest, error)
}

// AlertFilter narrows the list of alerts. Zero fields do not narrow.
type AlertFilter struct {
	Channel string // whose deliveries are shown; alertmanager is every one
	Since   time.Time
	Limit   int
	Cursor  string
}

// alertRoutes are the alerts' part of the API.
func (s *server) alertRoutes(mux *http.ServeMux) {
	if s.Alerts == nil {
		return
	}
	mux.Handle("/api/v1/alerts", s.only(http.MethodGet, s.answering(func(r *http.Request) (any, error) {
		p := s.params(r.URL.RawQuery, "channel", "since", "limit", "cursor")
		f := AlertFilter{Channel: p.Get("channel"), Since: p.time("since"), Limit: p.limit(), Cursor: p.Get("cursor")}
		if p.err != nil {
			return nil, p.err
		}
		return s.Alerts.Alerts(r.Context(), f)
	})))
	s.post(mux, "alerts/test/{channel}", func(w http.ResponseWriter, r *http.Request) (any, error) {
		c, err := command(w, r)
		if err != nil {
			return nil, err
		}
		return s.Alerts.TestAlert(r.Context(), r.PathValue("channel"), c.By)
	})
}

var _ Alerts = (*Client)(nil)

// Alerts implements the interface Alerts.
func (c *Client) Alerts(ctx context.Context, f AlertFilter) (all answer.Alerts, err error) {
	all.Alerts = []answer.Alert{}
	all.Next, err = pull(f.Limit, f.Cursor, func(limit int, cursor string) (int, string, error) {
		var page answer.Alerts
		q := query("channel", f.Channel, "since", stamp(f.Since), "limit", strconv.Itoa(limit), "cursor", cursor)
		err := c.call(ctx, http.MethodGet, c.at(q, "alerts"), nil, &page)
		all.Alerts, all.Total, all.Channels = append(all.Alerts, page.Alerts...), page.Total, page.Channels
		return len(page.Alerts), page.Next, err
	})
	return all, err
}

// TestAlert implements Alerts.
func (c *Client) TestAlert(ctx context.Context, channel, by string) (answer.AlertTest, error) {
	if channel == "" {
		return answer.AlertTest{}, Errorf(Invalid, "name a channel, such as oncall")
	}
	return call[answer.AlertTest](ctx, c, http.MethodPost, c.at(nil, "alerts", "test", channel), Command{By: by})
}
