package linear

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
)

const (
	hookSecret = "lin_wh_abc"
	hookIssue  = "7eeff6e1-800d-5bd6-9d2b-10554ad4a3be"
)

func signed(body string) http.Header {
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write([]byte(body))
	return http.Header{"Linear-Signature": {hex.EncodeToString(mac.Sum(nil))}}
}

func hooked(s *Settings, _ *Options, _ *lineartest.Options) {
	s.WebhookSecret = connectors.NewSecret(hookSecret)
}

func TestWebhookTellsWhatChanged(t *testing.T) {
	inWorld(t, hooked, func(w *world) {
		w.srv.Webhook(hookSecret)
		made := w.create(1, nil)[0]
		time.Sleep(time.Minute)
		w.srv.Deliveries()
		if _, err := w.srv.Edit(made.ID, w.ann.ID, func(i *lineartest.Issue) { i.Priority = 1 }); err != nil {
			t.Fatal(err)
		}
		calls := w.srv.Deliveries()
		if len(calls) != 1 {
			t.Fatalf("%d calls", len(calls))
		}
		n, err := w.c.Webhook(calls[0].Header, calls[0].Body)
		if err != nil || n.ID != made.ID || n.Self {
			t.Errorf("%+v, %v", n, err)
		}
		time.Sleep(2 * time.Minute)
		if _, err := w.c.Webhook(calls[0].Header, calls[0].Body); !errors.Is(err, connectors.ErrUnsigned) {
			t.Errorf("an old call, played again: %v", err)
		}
	})
}

func TestWebhook(t *testing.T) {
	inWorld(t, hooked, func(w *world) {
		if _, err := w.c.workspace(w.Context()); err != nil { // learns who we are
			t.Fatal(err)
		}
		now := time.Now().UnixMilli()
		call := func(rest string) string { return fmt.Sprintf(`{"webhookTimestamp":%d,%s}`, now, rest) }
		for _, c := range []struct {
			name, body string
			header     func(http.Header)
			want       connectors.Notice
			err        error
		}{
			{"an issue that is gone is read like any other", call(`"action":"remove","type":"Issue","data":{"id":"` + hookIssue + `"}`), nil, connectors.Notice{ID: hookIssue}, nil},
			{"a change without an actor", call(`"type":"Issue","actor":null,"data":{"id":"` + hookIssue + `"}`), nil, connectors.Notice{ID: hookIssue}, nil},
			{"a change of ours", call(`"type":"Issue","actor":{"id":"` + *w.c.people.self.Load() + `"},"data":{"id":"` + hookIssue + `"}`), nil, connectors.Notice{ID: hookIssue, Self: true}, nil},
			{"a comment names its issue", call(`"type":"Comment","data":{"id":"c","issueId":"` + hookIssue + `"}`), nil, connectors.Notice{ID: hookIssue}, nil},
			{"an SLA event has the issue elsewhere", call(`"type":"IssueSLA","action":"breached","issueData":{"id":"` + hookIssue + `"}`), nil, connectors.Notice{ID: hookIssue}, nil},
			{"a customer changed: something did", call(`"type":"Customer","data":{"id":"x"}`), nil, connectors.Notice{}, nil},
			{"the header counts where the body has no time", `{"type":"Customer"}`, func(h http.Header) { h.Set("Linear-Timestamp", fmt.Sprint(now)) }, connectors.Notice{}, nil},
			{"the header never replaces the time in the body", `{"webhookTimestamp":1,"type":"Customer"}`, func(h http.Header) { h.Set("Linear-Timestamp", fmt.Sprint(now)) }, connectors.Notice{}, connectors.ErrUnsigned},
			{"no time at all", `{"type":"Customer"}`, nil, connectors.Notice{}, connectors.ErrUnsigned},
			{"no signature", call(`"type":"Customer"`), func(h http.Header) { h.Del("Linear-Signature") }, connectors.Notice{}, connectors.ErrUnsigned},
			{"half a signature", call(`"type":"Customer"`), func(h http.Header) { h.Set("Linear-Signature", h.Get("Linear-Signature")[:32]) }, connectors.Notice{}, connectors.ErrUnsigned},
			{"signed, and no JSON", "Hello World!", nil, connectors.Notice{}, connectors.ErrNotice},
			{"an id that is none", call(`"type":"Issue","data":{"id":"ENG-1"}`), nil, connectors.Notice{}, connectors.ErrNotice},
		} {
			h := signed(c.body)
			if c.header != nil {
				c.header(h)
			}
			if got, err := w.c.Webhook(h, []byte(c.body)); got != c.want || !errors.Is(err, c.err) {
				t.Errorf("%s: %+v, %v; want %+v, %v", c.name, got, err, c.want, c.err)
			}
		}
	})
	inWorld(t, nil, func(w *world) {
		if _, err := w.c.Webhook(signed(`{}`), []byte(`{}`)); !errors.Is(err, connectors.ErrNoSecret) {
			t.Errorf("without a secret: %v", err)
		}
	})
}

// FuzzWebhook: whatever comes in, nothing panics, and only what is signed with
// the secret is read.
func FuzzWebhook(f *testing.F) {
	f.Add("00", []byte(`{"webhookTimestamp":1,"type":"Issue","data":{"id":"`+hookIssue+`"}}`))
	f.Add("", []byte(`{"type":"IssueSLA","issueData":{}}`))
	at := time.UnixMilli(1)
	c, err := New(Settings{Teams: []string{"ENG"}, Auth: Auth{APIKey: connectors.NewSecret("k")}, WebhookSecret: connectors.NewSecret(hookSecret)}, Options{Now: func() time.Time { return at }})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		own := signed(string(body))
		if _, err := c.Webhook(http.Header{"Linear-Signature": {signature}}, body); err == nil && !hexEqual(signature, own.Get("Linear-Signature")) {
			t.Errorf("%q was taken with the signature %q", body, signature)
		}
		if n, err := c.Webhook(own, body); err == nil && n.ID != "" && len(n.ID) < 32 {
			t.Errorf("%q gave the id %q", body, n.ID)
		}
	})
}

func hexEqual(a, b string) bool {
	x, errX := hex.DecodeString(a)
	y, errY := hex.DecodeString(b)
	return errX == nil && errY == nil && hmac.Equal(x, y)
}
