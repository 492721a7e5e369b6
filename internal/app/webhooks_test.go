package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/web"
)

const hookSecret = "hook-51c0"

// withWebhook gives the source that is looked at a secret, and pulls only once an
// hour, so that what comes sooner came by a call.
func withWebhook(w *world, s *settings) {
	file := filepath.Join(w.dir, "hook")
	fatal(w, os.WriteFile(file, []byte(hookSecret), 0o600))
	s.hurt = strings.TrimSuffix(s.hurt, "}") + fmt.Sprintf(", webhook_secret_file: %q}", file)
}

// call delivers what the tracker would: the simulator of Linear makes its calls
// itself, that of Jira's is put together here.
func (w *world) call(id string) error {
	if w.hurt.linear != nil {
		var err error
		for _, d := range w.hurt.linear.Deliveries() {
			err = w.app.Receive(w.Context(), "hurt", d.Header, d.Body)
		}
		return err
	}
	body := fmt.Sprintf(`{"timestamp":%d,"webhookEvent":"jira:issue_updated","user":{"accountId":"amy"},"issue":{"id":%q}}`, time.Now().UnixMilli(), id)
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write([]byte(body))
	return w.app.Receive(w.Context(), "hurt", http.Header{"X-Hub-Signature": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}}, []byte(body))
}

func TestAWebhookBringsAChangeInWithinSeconds(t *testing.T) {
	for _, kind := range []string{cloud, datacenter, linearApp} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, kind, withWebhook)
				text, err := os.ReadFile(w.file)
				fatal(t, err)
				fatal(t, os.WriteFile(w.file, []byte(strings.Replace(string(text), "@every 1m", "@every 1h", 1)), 0o600))
				w.start()
				defer func() { w.stop() }()
				stop := w.run()
				defer func() { stop() }()
				if w.hurt.linear != nil {
					w.hurt.linear.Webhook(hookSecret)
				}
				time.Sleep(10 * time.Minute)
				fresh := w.hurt.create("Outage that nobody pulled", "")
				fatal(t, w.call(fresh))
				time.Sleep(5 * time.Second)
				if w.hurt.lane(fresh) != "lane:hotfix" {
					t.Errorf("lane %q five seconds after the call", w.hurt.lane(fresh))
				}
				if n := w.metric("webhooks_total", "source", "hurt", "outcome", "accepted"); n < 1 {
					t.Errorf("%v calls counted", n)
				}
			})
		})
	}
}

func TestWebhooksThatAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, linearApp, withWebhook)
		w.start()
		defer func() { w.stop() }()
		w.hurt.linear.Webhook("another secret")
		w.hurt.create("Outage", "")
		for _, c := range []struct {
			name, source string
			body         []byte
			kind         web.Kind
			words        []string
		}{
			{"a source that is not there", "hrut", nil, web.NotFound, []string{`"hrut" is not configured`}},
			{"a source without a secret", "other", nil, web.NotFound, []string{"other takes no webhooks", "webhook_secret_env"}},
			{"another secret", "hurt", w.hurt.linear.Deliveries()[0].Body, web.Denied, []string{"not signed with the configured secret"}},
		} {
			err := w.app.Receive(w.Context(), c.source, http.Header{}, c.body)
			if web.KindOf(err) != c.kind {
				t.Errorf("%s: %v", c.name, err)
			}
			mentions(t, c.name, err.Error(), c.words...)
		}
		if n := w.metric("webhooks_total", "source", "hurt", "outcome", "refused"); n != 1 {
			t.Errorf("%v refused calls counted", n)
		}
	})
}
