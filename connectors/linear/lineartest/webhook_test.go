package lineartest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"
)

func TestWebhooks(t *testing.T) {
	o := newOffice(t)
	o.Webhook("s3cret")
	if _, err := o.Edit("ENG-1", o.ann.ID, func(i *Issue) { i.Priority, i.DueDate = 1, "2026-04-01" }); err != nil {
		t.Fatal(err)
	}
	if err := o.Archive("ENG-1", o.ann.ID); err != nil {
		t.Fatal(err)
	}
	ds := o.Deliveries()
	if len(ds) != 2 || len(o.Deliveries()) != 0 {
		t.Fatalf("got %d deliveries", len(ds))
	}
	var body struct {
		Action           string
		Actor            struct{ ID string }
		UpdatedFrom      map[string]any
		WebhookTimestamp int64
	}
	read := func(d Delivery) {
		t.Helper()
		mac := hmac.New(sha256.New, []byte("s3cret"))
		mac.Write(d.Body)
		if got := d.Header.Get("Linear-Signature"); got != hex.EncodeToString(mac.Sum(nil)) {
			t.Errorf("signature %s", got)
		}
		if err := json.Unmarshal(d.Body, &body); err != nil {
			t.Fatal(err)
		}
	}
	read(ds[0])
	if due, ok := body.UpdatedFrom["dueDate"]; body.Action != "update" || body.Actor.ID != o.ann.ID || body.UpdatedFrom["priority"] != 0.0 || !ok || due != nil {
		t.Errorf("got %s", ds[0].Body)
	}
	first := body.WebhookTimestamp
	if read(ds[1]); body.Action != "remove" {
		t.Errorf("got %s", ds[1].Body)
	}
	for _, keep := range []bool{false, true} {
		o.clock.advance(time.Minute)
		o.Behave(func(b *Behavior) { b.RetryKeepsTimestamp = keep })
		again, err := o.Redeliver(ds[0])
		if err != nil {
			t.Fatal(err)
		}
		read(again)
		if kept := body.WebhookTimestamp == first; kept != keep || again.Header.Get("Linear-Delivery") != ds[0].Header.Get("Linear-Delivery") {
			t.Errorf("switched %v: the time was kept: %v", keep, kept)
		}
	}
}
