package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/web"
)

func TestAlertsOverTheAPI(t *testing.T) {
	f := newFake()
	c := client(t, server(t, f))
	all, err := c.Alerts(t.Context(), web.AlertFilter{Channel: "oncall", Since: now.Add(-time.Hour), Limit: 2})
	if err != nil || len(all.Alerts) != 2 || all.Next == "" || all.Total != 3 || len(all.Channels) != 1 {
		t.Errorf("a page: %+v, %v", all, err)
	}
	if all, err = c.Alerts(t.Context(), web.AlertFilter{}); err != nil || len(all.Alerts) != 3 || all.Next != "" {
		t.Errorf("all: %+v, %v", all, err)
	}
	if done, err := c.TestAlert(t.Context(), "oncall", "ann"); err != nil || !done.Sent || done.Channel != "oncall" {
		t.Errorf("a test: %+v, %v", done, err)
	}
	if _, err := c.TestAlert(t.Context(), "", "ann"); web.KindOf(err) != web.Invalid {
		t.Errorf("a test of nothing: %v", err)
	}
	if want := []string{"alerts oncall 2026-06-03T11:00:00Z", "test alert oncall ann"}; !slices.Contains(f.asked, want[0]) || !slices.Contains(f.asked, want[1]) {
		t.Errorf("asked %q", f.asked)
	}
	f.err = web.Errorf(web.NotFound, `there is no channel "x"`)
	if _, err := c.Alerts(t.Context(), web.AlertFilter{Channel: "x"}); web.KindOf(err) != web.NotFound {
		t.Errorf("a channel that is none: %v", err)
	}
}

func TestWhatTheAPIOfAlertsRefuses(t *testing.T) {
	h := server(t, newFake())
	for _, c := range []struct {
		method, path, kind string
		want               int
	}{
		{"GET", "/api/v1/alerts?chanel=x", "", http.StatusBadRequest},
		{"GET", "/api/v1/alerts?since=yesterday", "", http.StatusBadRequest},
		{"GET", "/api/v1/alerts?limit=0", "", http.StatusBadRequest},
		{"POST", "/api/v1/alerts", "application/json", http.StatusMethodNotAllowed},
		{"GET", "/api/v1/alerts/test/oncall", "", http.StatusMethodNotAllowed},
		{"POST", "/api/v1/alerts/test/oncall", "text/plain", http.StatusUnsupportedMediaType}, // a form of another site
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(c.method, "http://127.0.0.1:9275"+c.path, strings.NewReader("{}"))
		r.Header.Set("Content-Type", c.kind)
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.path, w.Code, c.want, w.Body)
		}
	}
}
