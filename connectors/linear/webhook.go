package linear

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// webhookAge is how old a call may be, so that a recorded one cannot be played
// again later (Linear's own SDK uses a minute).
const webhookAge = time.Minute

// Webhook checks a call of Linear and returns what it tells. The signature is
// over the raw body; the time of the call is in the signed body, and the header
// counts only where the body has none. An archived or deleted issue comes as
// "remove" and is read again like any other.
func (c *Client) Webhook(h http.Header, body []byte) (connectors.Notice, error) {
	if c.s.WebhookSecret.IsZero() {
		return connectors.Notice{}, connectors.ErrNoSecret
	}
	if err := connectors.CheckSignature(c.s.WebhookSecret, sha256.New, body, h.Get("Linear-Signature")); err != nil {
		return connectors.Notice{}, err
	}
	var call struct {
		Type  string `json:"type"`
		Time  int64  `json:"webhookTimestamp"`
		Actor struct {
			ID string `json:"id"`
		} `json:"actor"`
		Data struct {
			ID      string `json:"id"`
			IssueID string `json:"issueId"` // of a comment, a customer's request, an attachment
		} `json:"data"`
		IssueData struct { // of an IssueSLA event
			ID string `json:"id"`
		} `json:"issueData"`
	}
	if err := json.Unmarshal(body, &call); err != nil {
		return connectors.Notice{}, fmt.Errorf("%w: it is no JSON of a webhook", connectors.ErrNotice)
	}
	if call.Time == 0 { // an unreadable header is as old as can be
		call.Time, _ = strconv.ParseInt(h.Get("Linear-Timestamp"), 10, 64)
	}
	if age := c.now().Sub(time.UnixMilli(call.Time)).Abs(); age > webhookAge {
		return connectors.Notice{}, fmt.Errorf("%w: it is %s old; set the clock of this machine, or wait for the next pull", connectors.ErrUnsigned, age.Round(time.Second))
	}
	n := connectors.Notice{ID: cmp.Or(call.IssueData.ID, call.Data.IssueID)}
	if call.Type == "Issue" {
		n.ID = call.Data.ID
	}
	if n.ID != "" && uuid.Validate(n.ID) != nil {
		return connectors.Notice{}, fmt.Errorf("%w: the issue's id is no UUID", connectors.ErrNotice)
	}
	if me := c.people.self.Load(); me != nil {
		n.Self = call.Actor.ID == *me
	}
	return n, nil
}
