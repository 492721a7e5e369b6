package connectors_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lanekeeper/lanekeeper/connectors"
)

// script answers the n-th request with the n-th handler, the last one for ever.
type script struct {
	mu    sync.Mutex
	steps []http.HandlerFunc
	calls int
	times []time.Time
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	h := s.steps[min(s.calls, len(s.steps)-1)]
	s.calls++
	s.times = append(s.times, time.Now())
	s.mu.Unlock()
	h(w, r)
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		io.Copy(w, r.Body)
	}
}

func reset(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

type counts struct {
	mu       sync.Mutex
	requests map[string]int
	budgets  map[string]float64
}

func newCounts() *counts { return &counts{requests: map[string]int{}, budgets: map[string]float64{}} }

func (c *counts) Request(op, outcome string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests[op+" "+outcome]++
}

func (c *counts) Budget(name string, ratio float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.budgets[name] = ratio
}

const base = "https://tracker.example/"

func newTransport(t *testing.T, h http.Handler, set func(*connectors.Options)) *connectors.Transport {
	t.Helper()
	o := connectors.Options{URL: base, Base: connectors.HandlerTransport(h)}
	if set != nil {
		set(&o)
	}
	tr, err := connectors.NewTransport(o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func do(ctx context.Context, t *testing.T, tr *connectors.Transport, method, path, body string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := connectors.BodyBytes(resp)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), nil
}

func TestRetry(t *testing.T) {
	tests := []struct {
		name       string
		steps      []http.HandlerFunc
		idempotent bool
		calls      int
		kind       connectors.Kind
		least      time.Duration
		most       time.Duration
	}{
		{"a success is not repeated", []http.HandlerFunc{status(200)}, true, 1, "", 0, 0},
		{"503 then success", []http.HandlerFunc{status(503), status(200)}, true, 2, "", 1400 * time.Millisecond, 2600 * time.Millisecond},
		{"a lost connection is tried again", []http.HandlerFunc{reset, status(200)}, true, 2, "", time.Second, 3 * time.Second},
		{"a lost connection after a write is not", []http.HandlerFunc{reset, status(200)}, false, 1, connectors.Network, 0, 0},
		{"a write that met 503 is not repeated", []http.HandlerFunc{status(503), status(200)}, false, 1, connectors.Server, 0, 0},
		{"Retry-After in seconds is waited out", []http.HandlerFunc{status(429, "Retry-After", "17"), status(200)}, true, 2, "", 17 * time.Second, 17 * time.Second},
		{"Retry-After of 503 counts too", []http.HandlerFunc{status(503, "Retry-After", "40"), status(200)}, true, 2, "", 40 * time.Second, 40 * time.Second},
		{"four tries, then the error", []http.HandlerFunc{status(500)}, true, 4, connectors.Server, 9 * time.Second, 19 * time.Second},
		{"429 without Retry-After waits exponentially", []http.HandlerFunc{status(429)}, true, 4, connectors.RateLimited, 9 * time.Second, 19 * time.Second},
		{"a wait of an hour is the caller's", []http.HandlerFunc{status(429, "Retry-After", "3600")}, true, 1, connectors.RateLimited, 0, 0},
		{"a wrong request is not repeated", []http.HandlerFunc{status(400)}, true, 1, connectors.Invalid, 0, 0},
		{"410 is not repeated", []http.HandlerFunc{status(410)}, true, 1, connectors.Unavailable, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: tt.steps}
				tr := newTransport(t, s, nil)
				start := time.Now()
				got, err := do(connectors.WithOp(t.Context(), "search", tt.idempotent), t, tr, "POST", "x", "the body")
				if took := time.Since(start); took < tt.least || took > tt.most {
					t.Errorf("took %s, want %s to %s", took, tt.least, tt.most)
				}
				if connectors.KindOf(err) != tt.kind || s.calls != tt.calls {
					t.Errorf("err %v after %d calls, want kind %q after %d", err, s.calls, tt.kind, tt.calls)
				}
				if err == nil && got != "the body" {
					t.Errorf("the body was not sent again: %q", got)
				}
			})
		})
	}
}

// A try without a clear outcome may have taken effect, whatever a later one says.
func TestAWriteThatMayHaveHappenedIsUnsure(t *testing.T) {
	tests := []struct {
		name   string
		steps  []http.HandlerFunc
		kind   connectors.Kind
		unsure bool
	}{
		{"a refusal is clear", []http.HandlerFunc{status(409)}, connectors.Conflict, false},
		{"a refusal after a rate limit is clear", []http.HandlerFunc{status(429), status(400)}, connectors.Invalid, false},
		{"trouble of the server is not", []http.HandlerFunc{status(502)}, connectors.Server, true},
		{"a refusal after trouble of the server is not", []http.HandlerFunc{status(502), status(409)}, connectors.Conflict, true},
		{"a refusal two tries after a lost connection is not", []http.HandlerFunc{reset, status(429), status(400)}, connectors.Invalid, true},
		{"a wait after a lost connection that is left to the caller is not", []http.HandlerFunc{reset, status(429, "Retry-After", "3600")}, connectors.RateLimited, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTransport(t, &script{steps: tt.steps}, nil)
				_, err := do(connectors.WithOp(t.Context(), "edit", true), t, tr, "PUT", "x", "the body")
				if connectors.KindOf(err) != tt.kind || errors.Is(err, connectors.ErrUnsure) != tt.unsure {
					t.Errorf("%v, of kind %q and unsure: %v", err, connectors.KindOf(err), errors.Is(err, connectors.ErrUnsure))
				}
			})
		})
	}
}

func TestRetryAfterAsDate(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for v, want := range map[string]time.Duration{
		"Mon, 01 Jun 2026 12:00:30 GMT": 30 * time.Second,
		"Mon, 01 Jun 2026 11:00:00 GMT": 0,
		"5":                             5 * time.Second,
		"0.5":                           500 * time.Millisecond,
		"-3":                            0,
		"soon":                          0,
		"":                              0,
		"1e300":                         0,
		"NaN":                           0,
	} {
		if got := connectors.RetryAfter(http.Header{"Retry-After": {v}}, now); got != want {
			t.Errorf("%q: %s, want %s", v, got, want)
		}
	}
}

func TestRetryEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(connectors.WithOp(t.Context(), "search", true), time.Second)
		defer cancel()
		s := &script{steps: []http.HandlerFunc{status(429, "Retry-After", "60")}}
		start := time.Now()
		_, err := do(ctx, t, newTransport(t, s, nil), "GET", "x", "")
		if !errors.Is(err, context.DeadlineExceeded) || connectors.KindOf(err) != connectors.RateLimited || time.Since(start) != time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestOneWorkersRateLimitPausesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []http.HandlerFunc{status(429, "Retry-After", "30"), status(200)}}
		tr := newTransport(t, s, nil)
		ctx := connectors.WithOp(t.Context(), "search", true)
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { do(ctx, t, tr, "GET", "x", "") })
		synctest.Wait()
		for range 3 {
			wg.Go(func() { do(ctx, t, tr, "GET", "x", "") })
		}
		wg.Wait()
		for _, at := range s.times[1:] {
			if at.Sub(start) < 30*time.Second {
				t.Errorf("a request started %s after the 429", at.Sub(start))
			}
		}
		if s.calls != 5 {
			t.Errorf("%d calls, want 5", s.calls)
		}
	})
}

func TestLocalRateLimitPausesOnlyItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []http.HandlerFunc{status(429, "Retry-After", "30"), status(200)}}
		tr := newTransport(t, s, func(o *connectors.Options) {
			o.Judge = func(op string, resp *http.Response, body []byte) *connectors.Error {
				e := connectors.StatusError(op, resp, body, time.Now())
				if e != nil {
					e.Local = true
				}
				return e
			}
		})
		ctx := connectors.WithOp(t.Context(), "edit", true)
		var wg sync.WaitGroup
		wg.Go(func() { do(ctx, t, tr, "PUT", "a", "") })
		synctest.Wait()
		start := time.Now()
		do(ctx, t, tr, "PUT", "b", "")
		if time.Since(start) != 0 {
			t.Errorf("another issue waited %s", time.Since(start))
		}
		wg.Wait()
	})
}

func TestBudgets(t *testing.T) {
	feed := func(h http.Header) []connectors.BudgetReading {
		if h.Get("X-Left") == "" {
			return nil
		}
		return []connectors.BudgetReading{{Name: "complexity", Limit: 100, Remaining: 10, Rate: 1}}
	}
	synctest.Test(t, func(t *testing.T) {
		m := newCounts()
		s := &script{steps: []http.HandlerFunc{status(200), status(200), status(200, "X-Left", "1"), status(200)}}
		tr := newTransport(t, s, func(o *connectors.Options) {
			o.Budgets = []connectors.Budget{{Name: "requests", Rate: 1, Burst: 2}}
			o.Feed, o.Metrics = feed, m
		})
		ctx := connectors.WithOp(t.Context(), "pull", true)
		start := time.Now()
		for range 3 {
			do(ctx, t, tr, "GET", "x", "")
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("3 requests of a burst of 2 took %s, want 1s", took)
		}
		if left, ok := tr.Remaining("complexity"); !ok || left != 0.1 {
			t.Errorf("remaining %v %v, want what the server said", left, ok)
		}
		start = time.Now()
		do(connectors.WithCost(ctx, "complexity", 40), t, tr, "GET", "x", "")
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("waited %s for 40 of 10 tokens at 1 a second, want 30s", took)
		}
		if m.budgets["complexity"] > 0.01 || m.requests["pull ok"] != 4 {
			t.Errorf("metrics: %v %v", m.budgets, m.requests)
		}
		if _, ok := tr.Remaining("unheard of"); ok {
			t.Error("an unknown budget is known")
		}
	})
}

func TestBudgetWaitsForTheResetOfAWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var until time.Time
		s := &script{steps: []http.HandlerFunc{status(200)}}
		tr := newTransport(t, s, func(o *connectors.Options) {
			o.Feed = func(http.Header) []connectors.BudgetReading {
				return []connectors.BudgetReading{{Name: "requests", Limit: 50, Remaining: 0, Reset: until}}
			}
		})
		until = time.Now().Add(time.Minute)
		do(t.Context(), t, tr, "GET", "x", "")
		start := time.Now()
		if _, err := do(t.Context(), t, tr, "GET", "x", ""); err != nil || time.Since(start) != time.Minute {
			t.Errorf("%v after %s, want to wait for the reset", err, time.Since(start))
		}
		until = time.Now().Add(time.Hour)
		do(t.Context(), t, tr, "GET", "x", "")
		_, err := do(t.Context(), t, tr, "GET", "x", "")
		if connectors.KindOf(err) != connectors.RateLimited {
			t.Errorf("a wait of an hour gave %v", err)
		}
	})
}

func TestCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token := "old"
		var seen []string
		tr := newTransport(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, r.Header.Get("Authorization"))
			if r.Header.Get("Authorization") != "Bearer new" {
				w.WriteHeader(401)
			}
		}), func(o *connectors.Options) {
			o.Credential = func() (string, error) { return "Bearer " + token, nil }
			o.AuthHold = time.Minute
		})
		ctx := connectors.WithOp(t.Context(), "myself", true)
		for range 5 {
			if _, err := do(ctx, t, tr, "GET", "x", ""); connectors.KindOf(err) != connectors.Auth {
				t.Fatalf("got %v, want an auth error", err)
			}
		}
		if len(seen) != 1 {
			t.Fatalf("a refused credential was sent %d times", len(seen))
		}
		<-time.After(time.Minute)
		do(ctx, t, tr, "GET", "x", "")
		do(ctx, t, tr, "GET", "x", "")
		if len(seen) != 2 {
			t.Errorf("%d requests, want one trial after the hold", len(seen))
		}
		tr.Reset()
		do(ctx, t, tr, "GET", "x", "")
		if len(seen) != 3 {
			t.Errorf("%d requests, want one after Reset", len(seen))
		}
		token = "new"
		if _, err := do(ctx, t, tr, "GET", "x", ""); err != nil {
			t.Errorf("a changed credential is still refused: %v", err)
		}
	})
}

func TestCredential(t *testing.T) {
	t.Run("an unreadable secret is an auth error and nothing is sent", func(t *testing.T) {
		s := &script{steps: []http.HandlerFunc{status(200)}}
		tr := newTransport(t, s, func(o *connectors.Options) {
			o.Credential = func() (string, error) { return "", errors.New("read secret: gone") }
		})
		if _, err := do(t.Context(), t, tr, "GET", "x", ""); connectors.KindOf(err) != connectors.Auth || s.calls != 0 {
			t.Errorf("%v after %d calls", err, s.calls)
		}
	})
	for _, to := range []string{"https://evil.example/", "http://tracker.example/x", "https://tracker.example:444/"} {
		t.Run("a redirect to "+to+" is refused", func(t *testing.T) {
			s := &script{steps: []http.HandlerFunc{status(302, "Location", to), status(200)}}
			tr := newTransport(t, s, nil)
			if _, err := do(t.Context(), t, tr, "GET", "x", ""); connectors.KindOf(err) != connectors.Contract || s.calls != 1 {
				t.Errorf("%v after %d calls", err, s.calls)
			}
		})
	}
	t.Run("a request to another host never carries the credential", func(t *testing.T) {
		s := &script{steps: []http.HandlerFunc{status(200)}}
		req, _ := http.NewRequest("GET", "https://evil.example/", nil)
		_, err := newTransport(t, s, nil).Do(req)
		if connectors.KindOf(err) != connectors.Contract || s.calls != 0 {
			t.Errorf("%v after %d calls", err, s.calls)
		}
	})
}

func TestRedirects(t *testing.T) {
	tests := []struct {
		name   string
		method string
		code   int
		kind   connectors.Kind
		calls  int
	}{
		{"a read is followed within the origin", "GET", 302, "", 2},
		{"a write is not", "POST", 307, connectors.Contract, 1},
		{"the 303 of a task is handed over", "POST", 303, "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{steps: []http.HandlerFunc{status(tt.code, "Location", "/y"), status(200)}}
			_, err := do(t.Context(), t, newTransport(t, s, nil), tt.method, "x", "")
			if connectors.KindOf(err) != tt.kind || s.calls != tt.calls {
				t.Errorf("%v after %d calls", err, s.calls)
			}
		})
	}
}

func TestBase(t *testing.T) {
	drip := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte("x")); err != nil {
				return
			}
			select {
			case <-time.After(time.Second):
			case <-r.Context().Done():
			}
		}
	}
	endless := func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}
	cut := func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"half":`)
		panic(http.ErrAbortHandler)
	}
	tests := []struct {
		name string
		h    http.HandlerFunc
		kind connectors.Kind
	}{
		{"a slow drip ends with the total timeout", drip, connectors.Network},
		{"an endless body is refused", endless, connectors.Contract},
		{"an answer cut short is a network error", cut, connectors.Network},
		{"a silent server ends with the timeout", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, connectors.Network},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newCounts()
				tr := newTransport(t, tt.h, func(o *connectors.Options) {
					o.Timeout, o.MaxBody, o.Metrics = 30*time.Second, 1<<20, m
				})
				start := time.Now()
				_, err := do(connectors.WithOp(t.Context(), "op", false), t, tr, "GET", "x", "")
				if connectors.KindOf(err) != tt.kind || time.Since(start) > 30*time.Second {
					t.Errorf("%v after %s", err, time.Since(start))
				}
				if diff := cmp.Diff(map[string]int{"op " + string(tt.kind): 1}, m.requests); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestRequestHeaders(t *testing.T) {
	var got http.Header
	tr := newTransport(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "1"})
	}), func(o *connectors.Options) {
		o.UserAgent = "lanekeeper/1.0"
		o.Credential = func() (string, error) { return "Basic x", nil }
	})
	do(t.Context(), t, tr, "GET", "x", "")
	do(t.Context(), t, tr, "GET", "x", "")
	if got.Get("Cookie") != "" || got.Get("User-Agent") != "lanekeeper/1.0" || got.Get("Authorization") != "Basic x" {
		t.Errorf("headers: %v", got)
	}
}

func TestCanceledIsNotANetworkError(t *testing.T) {
	m := newCounts()
	ctx, cancel := context.WithCancel(connectors.WithOp(t.Context(), "op", true))
	tr := newTransport(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}), func(o *connectors.Options) { o.Metrics = m })
	_, err := do(ctx, t, tr, "GET", "x", "")
	if !errors.Is(err, context.Canceled) || connectors.KindOf(err) != "" || m.requests["op canceled"] != 1 {
		t.Errorf("%v %v", err, m.requests)
	}
}

func TestErrorsHoldNoURLAndNoPage(t *testing.T) {
	tr := newTransport(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(502)
		io.WriteString(w, "\n<html><body>secret ticket text</body></html>")
	}), nil)
	_, err := do(connectors.WithOp(t.Context(), "search", false), t, tr, "GET", "x?jql=private", "")
	for _, bad := range []string{"secret", "private", "tracker.example"} {
		if strings.Contains(err.Error(), bad) {
			t.Errorf("error tells %q: %v", bad, err)
		}
	}
}

func TestExcerpt(t *testing.T) {
	tests := map[string]string{
		"a\x00b\x1b[31mc\r\n\t d":      "ab[31mc d",
		"  lead and trail  ":           "lead and trail",
		"bad \xff utf8":                "bad utf8",
		"right\u202eleft":              "rightleft",
		strings.Repeat("é", 300):       strings.Repeat("é", 200) + "…",
		"Le champ « étiquettes » 🚀 ok": "Le champ « étiquettes » 🚀 ok",
	}
	for in, want := range tests {
		if got := connectors.Excerpt(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestNewTransportRefusesABadURL(t *testing.T) {
	for _, u := range []string{"", "tracker.example", "ftp://x", "https://", ":"} {
		if _, err := connectors.NewTransport(connectors.Options{URL: u}); err == nil {
			t.Errorf("%q was taken", u)
		}
	}
}
