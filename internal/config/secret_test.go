package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const withManySecrets = `
mode: observe
sources:
  - name: pay
    jira: {url: https://jira.example, auth: {token_env: A}, projects: [PAY]}
  - name: core
    linear: {auth: {api_key_env: B}, teams: [ENG]}
  - name: core2
    linear: {auth: {oauth_token_env: C}, teams: [ENG]}
alerts:
  channels: [{name: chat, url_env: D}]
signals:
  - {name: a, max_age: 1d, http: {url: "https://x.example", token_env: E}}
  - {name: b, max_age: 1d, prometheus: {url: "https://x.example", token_env: F, query: up, label: x}}
`

func secretEnv(k string) (string, bool) {
	if k == "D" { // must be a URL that works
		return "slack://hook:T00000000-B00000000-hunter2XXXXXXXXXXXXXXXXX@webhook", true
	}
	return "slack://hunter2-" + k, true
}

func TestSecretsCannotBePrinted(t *testing.T) {
	c, err := Parse("x.yaml", []byte(withManySecrets), Options{Env: secretEnv})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := c.Sources[0].Jira.Settings().Auth.Token.Reveal(); err != nil || s != "slack://hunter2-A" {
		t.Fatalf("the token is %q, %v: the test proves nothing", s, err)
	}
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t", "%o"} {
		out[verb] = fmt.Sprintf(verb, *c)
		out[verb+" of a pointer"] = fmt.Sprintf(verb, c)
		out[verb+" of the settings"] = fmt.Sprintf(verb, c.Sources[0].Jira.Settings()) + fmt.Sprintf(verb, c.Sources[1].Linear.Settings())
		out[verb+" of a secret"] = fmt.Sprintf(verb, c.Alerts.Channels[0].URL)
	}
	if b, err := json.Marshal(c); err == nil {
		out["json"] = string(b)
	}
	if b, err := json.Marshal(c.Sources); err != nil {
		t.Error(err)
	} else {
		out["json of sources"] = string(b)
	}
	if b, err := json.Marshal(c.Redacted()); err != nil {
		t.Error(err)
	} else {
		out["redacted json"] = string(b)
	}
	if b, err := yaml.Marshal(c.Sources); err != nil {
		t.Error(err)
	} else {
		out["yaml"] = string(b)
	}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		l := slog.New(h)
		l.Info("x", "config", c, "value", *c, "auth", c.Sources[0].Jira.Auth, "secret", c.Sources[0].Jira.Auth.Token, slog.Group("g", "c", c))
		l.With("config", c.Sources).Info("x")
	}
	out["slog"] = log.String()
	out["panic"] = recovered(c)
	out["error"] = errors.Join(fmt.Errorf("load %v: %w", c, fmt.Errorf("%+v", c.Sources))).Error()
	for how, s := range out {
		if strings.Contains(s, "hunter2") || strings.Contains(s, fmt.Sprintf("%x", "hunter2")) || strings.Contains(s, fmt.Sprintf("%v", []byte("hunter2"))) {
			t.Errorf("%s shows a secret: %s", how, s)
		}
	}
	if !strings.Contains(out["redacted json"], "secret") {
		t.Errorf("a secret should be shown as one: %s", out["redacted json"])
	}
}

// recovered is what a panic with the configuration would print.
func recovered(c *Config) (s string) {
	defer func() { s = fmt.Sprint(recover()) }()
	panic(fmt.Errorf("broken: %+v", c.Sources))
}

func TestProblemsDoNotShowSecrets(t *testing.T) {
	_, err := Parse("x.yaml", []byte(withManySecrets), Options{Env: func(string) (string, bool) { return "hunter2 no url\x7f", true }})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestASecretFileIsReadAnewForEachUse(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/key", "first\n")
	c := parsed(t, dir+"/x.yaml", []byte("mode: observe\nsources:\n  - {name: a, linear: {auth: {api_key_file: key}, teams: [A]}}\n"))
	write(t, dir+"/key", "second\n")
	if s, err := c.Sources[0].Linear.Settings().Auth.APIKey.Reveal(); s != "second" || err != nil {
		t.Errorf("got %q, %v; want the rotated key", s, err)
	}
}
