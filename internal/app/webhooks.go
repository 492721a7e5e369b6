package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/metrics"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

// Receive implements web.Webhooks: the issue that a call names is read with a
// cycle that begins soon. Polling remains the truth.
func (a *App) Receive(_ context.Context, name string, h http.Header, body []byte) error {
	s := a.current().source(name)
	if s == nil {
		return web.Errorf(web.NotFound, "source %q is not configured", name)
	}
	n, err := s.tracker.Webhook(h, body)
	switch {
	case err == nil:
	case errors.Is(err, connectors.ErrNoSecret):
		return web.Errorf(web.NotFound, "source %s takes no webhooks: set its webhook_secret_env or webhook_secret_file", name)
	case errors.Is(err, connectors.ErrUnsigned):
		a.metrics.Webhook(name, metrics.WebhookRefused)
		return web.Errorf(web.Denied, "%w", err)
	case errors.Is(err, connectors.ErrNotice):
		a.metrics.Webhook(name, metrics.WebhookUnreadable)
		return web.Errorf(web.Invalid, "%w", err)
	default:
		return fmt.Errorf("webhook of %s: %w", name, err)
	}
	if n.Self { // we know what we wrote
		a.metrics.Webhook(name, metrics.WebhookOwn)
		return nil
	}
	a.metrics.Webhook(name, metrics.WebhookAccepted)
	if n.ID != "" {
		s.cycler.Announce(n.ID)
	}
	s.hint()
	return nil
}
