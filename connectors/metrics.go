package connectors

import (
	"context"
	"errors"
	"net/http"
)

// Metrics receives what the transport of one source does. Operations,
// outcomes and budget names come from small fixed sets.
type Metrics interface {
	// Request counts one attempt. The outcome is "ok", "canceled" or the Kind of
	// its error.
	Request(op, outcome string)
	// Budget sets what remains of a named budget, 0..1.
	Budget(name string, ratio float64)
}

type noMetrics struct{}

func (noMetrics) Request(string, string) {}
func (noMetrics) Budget(string, float64) {}

// metricsLink counts every attempt.
type metricsLink struct {
	next http.RoundTripper
	to   Metrics
}

func (l *metricsLink) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	l.to.Request(OpFrom(req.Context()).Name, outcome(err))
	return resp, err
}

func outcome(err error) string {
	switch kind := KindOf(err); {
	case err == nil:
		return "ok"
	case kind != "":
		return string(kind)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "canceled"
	}
	return string(Network)
}
