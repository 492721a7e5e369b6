package jira

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"net/http"
	"strings"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// signatureHashes are the methods that a signature may name: Atlassian says that
// the method can change.
var signatureHashes = map[string]func() hash.Hash{"sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}

// Webhook checks a call of Jira and returns what it tells. The signature is over
// the raw body (Atlassian: Webhooks, "Secure admin webhooks"). Calls about
// comments and worklogs may come without the issue; they tell only that
// something changed.
func (c *Client) Webhook(h http.Header, body []byte) (connectors.Notice, error) {
	if c.set.WebhookSecret.IsZero() {
		return connectors.Notice{}, connectors.ErrNoSecret
	}
	method, signature, _ := strings.Cut(h.Get("X-Hub-Signature"), "=")
	newHash := signatureHashes[strings.ToLower(method)]
	if newHash == nil {
		return connectors.Notice{}, fmt.Errorf("%w: the header X-Hub-Signature must be sha256=…; give the webhook a secret", connectors.ErrUnsigned)
	}
	if err := connectors.CheckSignature(c.set.WebhookSecret, newHash, body, signature); err != nil {
		return connectors.Notice{}, err
	}
	var call struct {
		User  *user `json:"user"`
		Issue *struct {
			ID string `json:"id"`
		} `json:"issue"`
	}
	if err := decode(body, &call); err != nil {
		return connectors.Notice{}, fmt.Errorf("%w: it is no JSON of a webhook", connectors.ErrNotice)
	}
	n := connectors.Notice{Self: c.self().is(call.User)}
	if call.Issue != nil {
		if !numericID.MatchString(call.Issue.ID) {
			return connectors.Notice{}, fmt.Errorf("%w: issue.id is no id", connectors.ErrNotice)
		}
		n.ID = call.Issue.ID
	}
	return n, nil
}
