package linear

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/connectors"
)

var secretForTest = connectors.NewSecret("lin_api_test")

func answerOf(status int, header map[string]string) *http.Response {
	h := http.Header{}
	for k, v := range header {
		h.Set(k, v)
	}
	return &http.Response{StatusCode: status, Header: h}
}

func TestErrorsAreClassifiedByTypeThenCodeThenStatus(t *testing.T) {
	c, err := New(Settings{Auth: Auth{APIKey: secretForTest}, Teams: []string{"ENG"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		status int
		body   string
		want   connectors.Kind
	}{
		{"rate limit on 400 (trap 2)", 400, `{"errors":[{"extensions":{"type":"ratelimited","code":"RATELIMITED","statusCode":429}}]}`, connectors.RateLimited},
		{"rate limit on 200 (trap 2)", 200, `{"errors":[{"extensions":{"code":"RATELIMITED"}}]}`, connectors.RateLimited},
		{"rate limit without a body", 429, ``, connectors.RateLimited},
		{"type before code", 200, `{"errors":[{"extensions":{"type":"forbidden","code":"INPUT_ERROR"}}]}`, connectors.Forbidden},
		{"type before status", 500, `{"errors":[{"extensions":{"type":"invalid input"}}]}`, connectors.Invalid},
		{"code before status", 400, `{"errors":[{"extensions":{"type":"other","code":"AUTHENTICATION_ERROR"}}]}`, connectors.Auth},
		{"status alone", 503, `{"errors":[{"message":"x"}]}`, connectors.Server},
		{"unauthorized", 401, `{"errors":[{"extensions":{"type":"authentication error","code":"AUTHENTICATION_ERROR"}}]}`, connectors.Auth},
		{"a key sent as bearer (trap 1)", 400, `{"errors":[{"extensions":{"type":"invalid input","code":"INPUT_ERROR"}}]}`, connectors.Invalid},
		{"a document that does not validate", 400, `{"errors":[{"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`, connectors.Contract},
		{"plan without the feature", 200, `{"errors":[{"extensions":{"type":"feature not accessible"}}]}`, connectors.Unavailable},
		{"usage limit", 200, `{"errors":[{"extensions":{"type":"usage limit exceeded"}}]}`, connectors.Unavailable},
		{"lock timeout", 200, `{"errors":[{"extensions":{"type":"lock timeout"}}]}`, connectors.Server},
		{"internal", 500, `{"errors":[{"extensions":{"type":"internal error"}}]}`, connectors.Server},
		{"data beside errors is not a page", 200, `{"data":{"issues":{"nodes":[]}},"errors":[{"message":"partly"}]}`, connectors.Contract},
		{"odd extensions", 200, `{"errors":[{"extensions":{"type":7,"code":{"a":1}}}]}`, connectors.Contract},
		{"errors that are no list", 200, `{"errors":{"a":1}}`, connectors.Contract},
		{"a page of a proxy on 200", 200, `<html><body>Sign in</body></html>`, connectors.Contract},
		{"nothing on 200", 200, ``, connectors.Contract},
		{"a page of a proxy on 502", 502, `<html>Bad gateway</html>`, connectors.Server},
		{"a good page", 200, `{"data":{"issues":{"nodes":[{"title":"\"errors\" happen"}]}}}`, ""},
		{"an empty list of errors", 200, `{"data":{},"errors":[]}`, ""},
		{"errors null", 200, `{"data":{},"errors":null}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := c.judge("op", answerOf(tc.status, nil), []byte(tc.body))
			got := connectors.Kind("")
			if e != nil {
				got = e.Kind
			}
			if got != tc.want {
				t.Errorf("got %q, want %q: %v", got, tc.want, e)
			}
		})
	}
}

func TestWaitIsTheRefillNotTheReset(t *testing.T) {
	hourAhead := fmt.Sprint(serverTime.Add(time.Hour).UnixMilli())
	requests := map[string]string{"X-RateLimit-Requests-Limit": "2500", "X-RateLimit-Requests-Remaining": "0", "X-RateLimit-Requests-Reset": hourAhead}
	for _, tc := range []struct {
		name   string
		header map[string]string
		want   time.Duration
	}{
		{"one request of 2,500 an hour (trap 3)", requests, 1440 * time.Millisecond},
		{"points: what is missing of the charge", map[string]string{"X-RateLimit-Complexity-Limit": "3000000", "X-RateLimit-Complexity-Remaining": "1000", "X-Complexity": "6000"}, 6 * time.Second},
		{"a narrow limit of one endpoint", map[string]string{"X-RateLimit-Endpoint-Requests-Limit": "360", "X-RateLimit-Endpoint-Requests-Remaining": "0"}, 10 * time.Second},
		{"Retry-After where it is given", map[string]string{"Retry-After": "7", "X-RateLimit-Requests-Limit": "2500", "X-RateLimit-Requests-Remaining": "0"}, 7 * time.Second},
		{"never less than a second", map[string]string{"X-RateLimit-Requests-Limit": "100000", "X-RateLimit-Requests-Remaining": "0"}, time.Second},
		{"no headers", nil, time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := refill(answerOf(400, tc.header), serverTime); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestBudgetsComeFromHeaders(t *testing.T) {
	h := answerOf(200, map[string]string{
		"X-RateLimit-Requests-Limit": "2500", "X-RateLimit-Requests-Remaining": "2400", "X-RateLimit-Requests-Reset": "99999999999999",
		"X-RateLimit-Complexity-Limit": "3000000", "X-RateLimit-Complexity-Remaining": "2900000",
	}).Header
	want := []connectors.BudgetReading{
		{Name: "requests", Limit: 2500, Remaining: 2400, Rate: 2500.0 / 3600},
		{Name: "complexity", Limit: 3_000_000, Remaining: 2_900_000, Rate: 3_000_000.0 / 3600},
	}
	if diff := cmp.Diff(want, feed(h)); diff != "" {
		t.Error(diff)
	}
	if got := feed(answerOf(200, map[string]string{"X-RateLimit-Requests-Limit": "many"}).Header); got != nil {
		t.Errorf("unreadable headers gave %v", got)
	}
}
