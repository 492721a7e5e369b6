package jira_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira"
)

const hookSecret = "It's a Secret to Everybody"

func sign(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func hooked(t *testing.T, secret connectors.Secret) *jira.Client {
	t.Helper()
	return client(t, site(t, jira.Cloud, 0), func(s *jira.Settings, _ *jira.Options) { s.WebhookSecret = secret })
}

func TestWebhook(t *testing.T) {
	const updated = `{"timestamp":1764064800000,"webhookEvent":"jira:issue_updated","user":{"accountId":"amy"},"issue":{"id":"10002","key":"PAY-2","fields":{"summary":"x"}}}`
	for _, c := range []struct {
		name, signature, body string
		want                  connectors.Notice
		err                   error
	}{
		{"an issue that changed", sign(hookSecret, updated), updated, connectors.Notice{ID: "10002"}, nil},
		{"a comment without its issue tells that something changed", sign(hookSecret, `{"webhookEvent":"comment_created"}`), `{"webhookEvent":"comment_created"}`, connectors.Notice{}, nil},
		{"Atlassian's own test vector is signed, and no JSON", "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9", "Hello World!", connectors.Notice{}, connectors.ErrNotice},
		{"one byte of the body changed", sign(hookSecret, updated), updated + " ", connectors.Notice{}, connectors.ErrUnsigned},
		{"another secret", sign("guess", updated), updated, connectors.Notice{}, connectors.ErrUnsigned},
		{"no signature", "", updated, connectors.Notice{}, connectors.ErrUnsigned},
		{"a weak method", "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709", updated, connectors.Notice{}, connectors.ErrUnsigned},
		{"a signature that is no hex", "sha256=zz", updated, connectors.Notice{}, connectors.ErrUnsigned},
		{"an id that would become a path", sign(hookSecret, `{"issue":{"id":"1/../2"}}`), `{"issue":{"id":"1/../2"}}`, connectors.Notice{}, connectors.ErrNotice},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := hooked(t, connectors.NewSecret(hookSecret)).Webhook(http.Header{"X-Hub-Signature": {c.signature}}, []byte(c.body))
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("%+v, %v; want %+v, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestWebhookKnowsOurOwnChanges(t *testing.T) {
	s := site(t, jira.Cloud, 0)
	c := client(t, s, func(s *jira.Settings, _ *jira.Options) { s.WebhookSecret = connectors.NewSecret(hookSecret) })
	if _, err := c.IDs(t.Context()); err != nil { // learns who we are
		t.Fatal(err)
	}
	body := `{"user":{"accountId":"` + s.Account() + `"},"issue":{"id":"10002"}}`
	n, err := c.Webhook(http.Header{"X-Hub-Signature": {sign(hookSecret, body)}}, []byte(body))
	if err != nil || !n.Self {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestWebhookSecrets(t *testing.T) {
	body := `{}`
	if _, err := hooked(t, connectors.Secret{}).Webhook(http.Header{"X-Hub-Signature": {sign("", body)}}, []byte(body)); !errors.Is(err, connectors.ErrNoSecret) {
		t.Errorf("without a secret: %v", err)
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(hookSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := hooked(t, connectors.SecretFile(file))
	if _, err := c.Webhook(http.Header{"X-Hub-Signature": {sign(hookSecret, body)}}, []byte(body)); err != nil {
		t.Errorf("from a file: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	_, err := c.Webhook(http.Header{"X-Hub-Signature": {sign(hookSecret, body)}}, []byte(body))
	if err == nil || errors.Is(err, connectors.ErrUnsigned) {
		t.Errorf("with a file that is gone: %v", err)
	}
}

// FuzzWebhook: whatever comes in, nothing panics, and only what is signed with
// the secret is read.
func FuzzWebhook(f *testing.F) {
	const body = `{"user":{"accountId":"amy"},"issue":{"id":"10002"}}`
	f.Add(sign(hookSecret, body), []byte(body))
	f.Add("sha256=", []byte("{}"))
	f.Add("sha512=00", []byte(nil))
	c, err := jira.New(jira.Settings{URL: "https://jira.example", Projects: []string{"PAY"}, Auth: jira.Auth{Token: connectors.NewSecret("good")}, WebhookSecret: connectors.NewSecret(hookSecret)}, jira.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		n, err := c.Webhook(http.Header{"X-Hub-Signature": {signature}}, body)
		method, digits, _ := strings.Cut(signature, "=")
		if err == nil && strings.EqualFold(method, "sha256") && !strings.EqualFold(digits, strings.TrimPrefix(sign(hookSecret, string(body)), "sha256=")) {
			t.Errorf("%q was taken with the signature %q", body, signature)
		}
		signed, err := c.Webhook(http.Header{"X-Hub-Signature": {sign(hookSecret, string(body))}}, body)
		if errors.Is(err, connectors.ErrUnsigned) {
			t.Errorf("%q was refused with its own signature", body)
		}
		if err == nil && n.ID != "" && signed != n {
			t.Errorf("%+v and %+v", n, signed)
		}
	})
}
