package connectors

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// retryLink sends idempotent requests again after trouble that may pass. The
// figures are Atlassian's advice: wait what Retry-After asks for, otherwise 2 s
// doubling to 30 s with a jitter of 0.7 to 1.3, at most 4 tries.
type retryLink struct {
	next  http.RoundTripper
	tries int
	// longest is the longest wait that is sat out here; a longer one is the
	// caller's to plan.
	longest time.Duration
	// pause holds back the other requests after a 429.
	pause func(time.Duration)
}

func (l *retryLink) RoundTrip(req *http.Request) (*http.Response, error) {
	waits := newBackoff(req.Context())
	unsure := false
	for try := 1; ; try++ {
		resp, err := l.next.RoundTrip(req)
		e, failed := asError(err)
		if !failed {
			return resp, err
		}
		e.Tried = unsure
		unsure = errors.Is(e, ErrUnsure) // a write that is tried again may have happened
		if e.Hint == "" {
			e.Hint = advice(e)
		}
		if !transient(e.Kind) {
			return resp, err
		}
		wait := max(waits.NextBackOff(), e.RetryAfter)
		if e.Kind == RateLimited {
			e.RetryAfter = wait
			if !e.Local {
				l.pause(wait)
			}
		}
		again, ok := resend(req)
		if !ok || try >= l.tries || wait > l.longest {
			return nil, err
		}
		if ended := sleep(req.Context(), wait); ended != nil {
			return nil, fmt.Errorf("%w while waiting after: %w", ended, err)
		}
		req = again
	}
}

// advice says what a person can do about trouble that no tracker explains.
func advice(e *Error) string {
	switch {
	case e.Kind == RateLimited:
		return "it goes on by itself; if this happens often, give lanekeeper an account of its own, for all programs of one account share its budget"
	case e.Kind == Server:
		return "the tracker is in trouble; it is asked again with the next cycle"
	case e.Kind == Network:
		return "check url and the network between this host and the tracker; it is asked again with the next cycle"
	case errors.Is(e.Err, ErrTooLarge):
		return "check url: something else than the tracker may be answering"
	}
	return ""
}

func newBackoff(ctx context.Context) *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval: 2 * time.Second, Multiplier: 2, MaxInterval: 30 * time.Second, RandomizationFactor: Jitter(ctx, 0.3),
	}
}

type steadyKey struct{}

// Steady returns a context in which waits do not vary by chance, so that what
// is done with it can be done again exactly.
func Steady(ctx context.Context) context.Context { return context.WithValue(ctx, steadyKey{}, true) }

// Jitter is the share by which a wait may vary by chance: share, or 0 in a
// steady context.
func Jitter(ctx context.Context, share float64) float64 {
	if ctx.Value(steadyKey{}) != nil {
		return 0
	}
	return share
}

func transient(k Kind) bool { return k == RateLimited || k == Server || k == Network }

// resend returns the request with a fresh body, where it may be sent again.
func resend(req *http.Request) (*http.Request, bool) {
	if !OpFrom(req.Context()).Idempotent || req.Context().Err() != nil {
		return nil, false
	}
	out := req.Clone(req.Context())
	if req.Body == nil || req.Body == http.NoBody {
		return out, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	out.Body = body
	return out, err == nil
}

// sleep waits for d or the end of the context.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// longestWait bounds what a server may ask for: a longer wait is a mistake of
// something in between, and must not stop a source for good.
const longestWait = 24 * time.Hour

// RetryAfter reads the Retry-After header: seconds or an HTTP date, 0 where
// there is none, and a day at most.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		if s > 0 && s < 365*longestWait.Seconds() { // more is nonsense
			return time.Duration(min(s, longestWait.Seconds()) * float64(time.Second))
		}
		return 0
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, min(t.Sub(now), longestWait))
	}
	return 0
}
