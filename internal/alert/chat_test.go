package alert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/state"
)

const slackURL = "slack://hook:T00000000-B00000000-hunter2hunter2hunter2hun@webhook"

const telegramURL = "telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5hunter2ab@telegram?chats=@oncall"

// network answers for the whole network, which shoutrrr reaches by Go's default
// transport. Tests that use it must not run side by side.
func network(t *testing.T, serve http.HandlerFunc) {
	t.Helper()
	before := http.DefaultTransport
	http.DefaultTransport = roundTrip(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		serve(w, r)
		return w.Result(), nil
	})
	t.Cleanup(func() { http.DefaultTransport = before })
}

func chatOn(t *testing.T, address, text string) *Channel {
	t.Helper()
	tpl, err := ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return Chat(Channel{Name: "oncall", MaxListed: 2, Timeout: time.Second}, connectors.NewSecret(address), tpl)
}

// outage is a batch of three issues.
func outage(c *Channel, do string) batch {
	b := batch{channel: c, at: time.Date(2026, 6, 3, 14, 12, 0, 0, time.UTC)}
	for n, title := range []string{"Checkout fails for cards of one issuer", "Refunds <!channel> hang\nfor hours", "Payouts are late"} {
		left := time.Duration(n-1) * 75 * time.Minute
		e := breach(fmt.Sprint(12 + n))
		e.Issue.Title, e.Remaining, e.StartsAt = title, &left, b.at.Add(-time.Minute)
		a := state.Alert{ID: e.ID(), Raised: b.at, StartsAt: e.StartsAt}
		e.describe(&a)
		if do == outcomeResolved {
			a.Ended, a.EndedAt = true, b.at
		}
		b.items = append(b.items, item{Alert: a, do: do})
	}
	return b
}

func TestSlackGetsOneGoodMessage(t *testing.T) {
	var got bytes.Buffer
	network(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(&got, "%s %s\n", r.Method, strings.Replace(r.URL.String(), "hunter2hunter2hunter2hun", "…", 1))
		if err := json.Indent(&got, body, "", "  "); err != nil {
			t.Error(err)
		}
		got.WriteByte('\n')
		fmt.Fprint(w, "ok")
	})
	c := chatOn(t, slackURL, "")
	for _, do := range []string{outcomeSent, outcomeRepeated, outcomeResolved} {
		if err := c.sender.send(t.Context(), outage(c, do)); err != nil {
			t.Error(err)
		}
	}
	digest := outage(c, outcomeSent)
	digest.digest = true
	if err := c.sender.send(t.Context(), digest); err != nil {
		t.Error(err)
	}
	golden(t, "slack.txt", got.String())
}

func TestTwoHundredWithAnErrorIsAFailure(t *testing.T) {
	for _, c := range []struct{ name, address, answer, why string }{
		{"Slack's webhook says what is wrong in a body of its own", slackURL, "no_service", "no_service"},
		{"Slack's API says ok: false", "slack://xoxb:123456789012-1234567890123-4mt0t4l1yL3g1tT0k3n12345@C001CH4NN3L", `{"ok":false,"error":"channel_not_found"}`, "channel_not_found"},
		{"Telegram says ok: false", telegramURL, `{"ok":false,"description":"chat not found"}`, "the answer is not ok"},
		{"a proxy in front of Telegram answers", telegramURL, `<html>sign in</html>`, "the answer is not Telegram's"},
	} {
		network(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, c.answer)
		})
		ch := chatOn(t, c.address, "")
		err := ch.sender.send(t.Context(), outage(ch, outcomeSent))
		if err == nil {
			t.Errorf("%s: it counts as sent", c.name)
		} else if !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v does not say why", c.name, err)
		}
	}
}

// What goes wrong is told without the channel's secret, whatever the library
// quotes.
func TestErrorsOfChannelsHoldNoSecret(t *testing.T) {
	for _, address := range []string{
		slackURL,
		"slack://hook:T0-hunter2@webhook",
		"generic://hooks.example/hunter2/path?hunter2=hunter2",
		"generic+https://user:hunter2@hooks.example/hunter2?token=hunter2",
		"telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5hunter2@telegram?chats=@hunter2",
		"discord://hunter2token@hunter2id",
		"teams://hunter2@hunter2/hunter2/hunter2/hunter2?host=x.webhook.office.com",
		"pagerduty://hunter2hunter2hunter2hunter2hunt",
		"ntfy://hunter2:hunter2@ntfy.example/hunter2",
		"gotify://gotify.example/hunter2hunter2h",
		"hunter2://x", "hunter2", "://hunter2", "slack://hunter2 with spaces", "smtp://hunter2:hunter2@:99999/",
	} {
		fail := roundTrip(func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("dial %s: %s", r.URL, r.Header)
		})
		before := http.DefaultTransport
		http.DefaultTransport = fail
		ch := Chat(Channel{Name: "x", Timeout: time.Second}, connectors.NewSecret(address), Template{mustTemplate(t)})
		for what, err := range map[string]error{"check": CheckURL(address), "send": ch.sender.send(t.Context(), outage(ch, outcomeSent))} {
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s of %s says: %v", what, address, err)
			}
			if what == "send" && err == nil {
				t.Errorf("%s: sent without a network", address)
			}
		}
		http.DefaultTransport = before
	}
}

func mustTemplate(t *testing.T) *template.Template {
	t.Helper()
	p, err := ParseTemplate("")
	if err != nil {
		t.Fatal(err)
	}
	return p.t
}

func TestURLsThatCanBeUsed(t *testing.T) {
	network(t, func(http.ResponseWriter, *http.Request) { t.Error("a check made a request") })
	for _, good := range []string{
		slackURL, "generic+https://hooks.example/path", "smtp://user:password@mail.example:587/?from=a@b.example&to=c@d.example", "logger://",
		"matrix://user:password@matrix.example", "ntfy://ntfy.sh/topic", "pagerduty://pagerduty.com/0123456789abcdef0123456789abcdef",
	} {
		if err := CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "slack", "https://hooks.slack.com/services/T/B/X", "slack://x", "matrix://x", "slack+https://x"} {
		if err := CheckURL(bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestTemplates(t *testing.T) {
	text := `{{.Status}} {{.Severity}} {{.Event}} {{.Source}} {{.SLA}} {{.Total}}{{range .Items}}
{{.Ref}} {{.Lane}} {{.Project}} {{.Title}} | {{.Remaining}} | {{.StartsAt.Format "15:04"}} {{.URL}}{{end}}
{{with .More}}+{{.}}{{end}}`
	p, err := ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.text(message(outage(&Channel{MaxListed: 2}, outcomeSent)))
	want := `firing critical sla_breached payments urgent-fix 3
payments/PAY-12 hotfix PAY Checkout fails for cards of one issuer | 1 h 15 min over | 14:11 https://jira.example/browse/PAY-12
payments/PAY-13 hotfix PAY Refunds <` + "\u200b" + `!channel> hang for hours | 0 s left | 14:11 https://jira.example/browse/PAY-13
+1`
	if err != nil || got != want {
		t.Errorf("%v\ngot  %q\nwant %q", err, got, want)
	}
	for _, bad := range []string{"{{.Nothing}}", "{{", "{{range .Items}}{{.Nothing}}{{end}}", "{{if false}}x{{end}}", "   {{/* */}}", "{{index .Items 9}}",
		`{{range .Items}}{{printf "%99999d" 1}}{{end}}`} {
		if _, err := ParseTemplate(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// A title is a stranger's text.
func TestTitlesAreOneCleanLine(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb\t c":               "a b c",
		"\x1b[31mred\x1b[0m":     "[31mred[0m",
		"\u202Egnp.exe":          "gnp.exe",
		"hey @here and @channel": "hey @\u200bhere and @\u200bchannel",
		strings.Repeat("x", 300): strings.Repeat("x", 199) + "…",
		"bad \xff utf":           "bad utf",
	} {
		if got := clean(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
