package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// grace is how long answers that have begun may take after the server was told
// to stop.
const grace = 10 * time.Second

// Serve answers requests on l until ctx ends, then lets answers that have begun
// finish. TLS and basic auth come from the exporter-toolkit file; "" is plain
// HTTP. It returns nil after a clean stop, and closes l.
func Serve(ctx context.Context, l net.Listener, h http.Handler, webConfigFile string, log *slog.Logger) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	served := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
		case <-served:
		}
		stopped <- stop(srv)
	}()
	err := toolkit.Serve(l, srv, &toolkit.FlagConfig{WebConfigFile: &webConfigFile}, log)
	close(served)
	if errors.Is(err, http.ErrServerClosed) {
		return <-stopped
	}
	// The toolkit returns before it serves where its file is bad; the listener is
	// then still ours.
	_ = l.Close()
	<-stopped
	return fmt.Errorf("serve %s: %w", l.Addr(), err)
}

// stop waits for answers that have begun, and cuts off those that take longer
// than grace.
func stop(srv *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return fmt.Errorf("stop web server: %w", errors.Join(err, srv.Close()))
	}
	return nil
}
