package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
)

// Options make a server. All but Planner, Operator, Reload, Metrics, Webhooks,
// Zone and Version are required; what is left out answers 404 or 503.
type Options struct {
	Issues   Issues
	Log      Log
	Overview Overview
	Health   Health
	Planner  Planner
	Operator Operator
	Keeper   Keeper
	Alerts   Alerts
	// Reload loads the configuration anew. Its error is for the person who
	// asked; the running configuration then stays.
	Reload func(context.Context) (answer.Reload, error)
	// Metrics serves /metrics.
	Metrics  http.Handler
	Webhooks Webhooks
	Logger   *slog.Logger
	Now      func() time.Time
	Zone     *time.Location // of times on the page; nil is UTC
	Version  string
}

const (
	maxBody    = 64 << 10 // of a request to the API
	maxWebhook = 25 << 20 // an issue's description and history can be long
)

// server answers requests. It holds no state of its own.
type server struct {
	Options
	pages *pages
}

// New returns the handler of the whole server. Templates are parsed here, so
// that a broken one stops the program and not a visitor.
func New(o Options) (http.Handler, error) {
	p, err := parsePages()
	if err != nil {
		return nil, err
	}
	s := &server{Options: o, pages: p}
	mux := http.NewServeMux()
	s.pageRoutes(mux)
	s.apiRoutes(mux)
	s.operationRoutes(mux)
	s.keeperRoutes(mux)
	s.alertRoutes(mux)
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, Errorf(Denied, "requests from other sites are refused"))
	}))
	// Trackers are other sites by nature; their requests are signed.
	guard.AddInsecureBypassPattern("POST /webhooks/{source}")
	return headers(guard.Handler(mux)), nil
}

// headers tells browsers to load and run nothing that is not ours.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "+
			"base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// operationRoutes are the endpoints that machines watch and steer.
func (s *server) operationRoutes(mux *http.ServeMux) {
	mux.Handle("/-/healthy", s.only(http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("lanekeeper is alive\n")) // a client that left needs no answer
	}))
	mux.Handle("/-/ready", s.only(http.MethodGet, s.ready))
	mux.Handle("/-/reload", s.only(http.MethodPost, s.reload))
	mux.Handle("/metrics", s.only(http.MethodGet, func(w http.ResponseWriter, r *http.Request) {
		if s.Metrics == nil {
			s.fail(w, r, Errorf(NotFound, "metrics are not served here"))
			return
		}
		s.Metrics.ServeHTTP(w, r)
	}))
	mux.Handle("/webhooks/{source}", s.only(http.MethodPost, s.webhook))
}

// webhook answers 200 and nothing else to a call that it takes: Linear counts
// every other status as a failure, and gives up after some.
func (s *server) webhook(w http.ResponseWriter, r *http.Request) {
	if s.Webhooks == nil {
		s.fail(w, r, Errorf(NotFound, "webhooks are not configured"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		s.fail(w, r, Errorf(TooLarge, "the call is longer than %d bytes", maxWebhook))
		return
	}
	if err != nil {
		s.fail(w, r, Errorf(Invalid, "the call did not arrive whole: %w", err))
		return
	}
	if err := s.Webhooks.Receive(r.Context(), r.PathValue("source"), r.Header, body); err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, struct{}{})
}

func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	ready, err := s.Health.Ready(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if !ready.Ready {
		status = http.StatusServiceUnavailable
	}
	s.reply(w, status, ready)
}

func (s *server) reload(w http.ResponseWriter, r *http.Request) {
	if s.Reload == nil {
		s.fail(w, r, Errorf(NotFound, "this server cannot reload"))
		return
	}
	if err := direct(r); err != nil {
		s.fail(w, r, err)
		return
	}
	done, err := s.Reload(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reply(w, http.StatusOK, done)
}

// only answers other methods than the one with 405; HEAD goes with GET.
func (s *server) only(method string, h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method || r.Method == http.MethodHead && method == http.MethodGet {
			h(w, r)
			return
		}
		w.Header().Set("Allow", method)
		s.refuse(w, http.StatusMethodNotAllowed, "use "+method)
	})
}
