package connectors_test

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// Jira Cloud tells its budgets on a 429 only, with a reset and no rate. After
// the reset nothing is known of the budget any more, least of all that no token
// ever comes back.
func TestABudgetToldOnceDoesNotBindForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := false
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if !told {
				told = true
				w.Header().Set("X-Told", "yes")
			}
		})
		tr := newTransport(t, h, func(o *connectors.Options) {
			o.Feed = func(h http.Header) []connectors.BudgetReading {
				if h.Get("X-Told") == "" {
					return nil
				}
				return []connectors.BudgetReading{{Name: "requests", Limit: 5, Remaining: 0, Reset: time.Now().Add(time.Minute)}}
			}
		})
		began := time.Now()
		for n := range 20 {
			if _, err := do(context.Background(), t, tr, http.MethodGet, "x", ""); err != nil {
				t.Fatalf("request %d: %v", n, err)
			}
		}
		if d := time.Since(began); d > 2*time.Minute {
			t.Errorf("20 requests took %s", d)
		}
	})
}

func TestRetryAfterIsBounded(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		header string
		want   time.Duration
	}{
		{"7", 7 * time.Second},
		{"0", 0},
		{"-3", 0},
		{"soon", 0},
		{"NaN", 0},
		{"100000", 24 * time.Hour},
		{"1e300", 0},
		{"Sun, 01 Mar 2026 12:00:30 GMT", 30 * time.Second},
		{"Fri, 31 Dec 9999 23:59:59 GMT", 24 * time.Hour},
	} {
		if got := connectors.RetryAfter(http.Header{"Retry-After": {tt.header}}, now); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.header, got, tt.want)
		}
	}
}

// A server counts requests as they come, and its answers arrive out of order:
// what an early answer says is left is already spent by those under way.
func TestRequestsUnderWayCountAgainstWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const bucket, fill = 10, 1.0 // tokens, tokens a second
		began := time.Now()
		var mu sync.Mutex
		spent, refused := 0.0, 0
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			spent++
			left := bucket + fill*time.Since(began).Seconds() - spent
			n := int(spent)
			if left < 0 {
				refused++
			}
			mu.Unlock()
			time.Sleep(time.Duration(n*37%400) * time.Millisecond) // the way back
			w.Header().Set("X-Left", strconv.Itoa(int(max(0, left))))
		})
		tr := newTransport(t, h, func(o *connectors.Options) {
			o.Budgets = []connectors.Budget{{Name: "requests", Rate: fill, Burst: bucket}}
			o.Feed = func(h http.Header) []connectors.BudgetReading {
				left, _ := strconv.Atoi(h.Get("X-Left"))
				return []connectors.BudgetReading{{Name: "requests", Limit: bucket, Remaining: left, Rate: fill}}
			}
		})
		var work sync.WaitGroup
		for range 6 {
			work.Go(func() {
				for range 15 {
					if _, err := do(context.Background(), t, tr, http.MethodGet, "x", ""); err != nil {
						t.Error(err)
					}
				}
			})
		}
		work.Wait()
		if refused > 0 {
			t.Errorf("%d of %.0f requests were more than the server had left", refused, spent)
		}
	})
}
