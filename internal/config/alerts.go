package config

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/alert"
)

// Alerts say who is told.
type Alerts struct {
	Alertmanager Alertmanager  `yaml:"alertmanager"`
	Channels     []Channel     `yaml:"channels"`
	Repeat       time.Duration `yaml:"repeat"`
	GroupWait    time.Duration `yaml:"group_wait"`
	Timeout      time.Duration `yaml:"timeout"`
	// ParkedAfter is how long an issue must be parked to be an event.
	ParkedAfter time.Duration `yaml:"parked_after"`
	// ExternalURL is where people reach the page; "" is server.listen.
	ExternalURL string `yaml:"external_url"`
}

// Alertmanager receives every alert on its v2 API.
type Alertmanager struct {
	URLs []string `yaml:"urls"`
}

// Channel is one shoutrrr receiver.
type Channel struct {
	Name string            `yaml:"name"`
	URL  connectors.Secret `yaml:"url,secret"` // it holds credentials
	// Lanes, Events and Severities narrow what is sent; empty is all.
	Lanes      []string         `yaml:"lanes"`
	Events     []Event          `yaml:"events"`
	Severities []alert.Severity `yaml:"severities"`
	// Template is a Go template, or the path of a file with one after an @.
	Template   string         `yaml:"template"`
	Quiet      *Quiet         `yaml:"quiet"`
	Repeat     time.Duration  `yaml:"repeat"`     // 0: that of all
	GroupWait  *time.Duration `yaml:"group_wait"` // nil: that of all
	MaxListed  int            `yaml:"max_listed"`
	MaxPerHour int            `yaml:"max_per_hour"`
	Resolved   bool           `yaml:"resolved"`

	text  alert.Template
	quiet alert.Quiet
}

// Quiet are hours in which a channel is left in peace.
type Quiet struct {
	Timezone Timezone          `yaml:"timezone"`
	Hours    map[string]string `yaml:"hours"`
	Always   []alert.Severity  `yaml:"always"`
}

// Event is a kind of alert.
type Event = alert.Kind

// formerLaneAlarm is what lane_out_of_balance was called in files from before
// there were alerts.
const formerLaneAlarm = "lane_alarm"

func eventNames() []string {
	var out []string
	for _, k := range alert.Kinds() {
		out = append(out, string(k))
	}
	return append(out, formerLaneAlarm)
}

func severityNames() []string {
	var out []string
	for _, s := range alert.Severities() {
		out = append(out, string(s))
	}
	return out
}

// Receivers are the channels that the configuration names, Alertmanagers first.
// Alertmanagers are reached through rt, nil is the network.
func (a *Alerts) Receivers(rt http.RoundTripper) []*alert.Channel {
	var out []*alert.Channel
	for _, u := range a.Alertmanager.URLs {
		out = append(out, alert.Alertmanager(u, a.Timeout, rt))
	}
	for i := range a.Channels {
		ch := &a.Channels[i]
		c := alert.Channel{
			Name: ch.Name, Lanes: ch.Lanes, Events: ch.Events, Severities: ch.Severities, Quiet: ch.quiet, GroupWait: a.GroupWait,
			Repeat: a.Repeat, MaxListed: ch.MaxListed, MaxPerHour: ch.MaxPerHour, Timeout: a.Timeout, Silent: !ch.Resolved,
		}
		if ch.Quiet != nil {
			c.Always = ch.Quiet.Always
		}
		if ch.Repeat > 0 {
			c.Repeat = ch.Repeat
		}
		if ch.GroupWait != nil {
			c.GroupWait = *ch.GroupWait
		}
		out = append(out, alert.Chat(c, ch.URL, ch.text))
	}
	return out
}

func (c *Config) checkAlerts(d *decoder) {
	c.checkAlertmanagers(d)
	d.unique("alerts.channels", len(c.Alerts.Channels), func(i int) string { return c.Alerts.Channels[i].Name })
	for i := range c.Alerts.Channels {
		ch, at := &c.Alerts.Channels[i], fmt.Sprintf("alerts.channels[%d]", i)
		ch.check(d, at)
	}
}

func (c *Config) checkAlertmanagers(d *decoder) {
	urls := c.Alerts.Alertmanager.URLs
	for i, u := range urls {
		at := fmt.Sprintf("alerts.alertmanager.urls[%d]", i)
		trimmed := strings.TrimRight(u, "/")
		if j := slices.IndexFunc(urls[:i], func(o string) bool { return strings.TrimRight(o, "/") == trimmed }); j >= 0 && u != "" {
			d.problem(at, "", "%q is already in the list", u)
		}
		if strings.HasSuffix(trimmed, "/api/v2") || strings.HasSuffix(trimmed, "/api/v2/alerts") {
			d.problem(at, "leave /api/v2 out", "must be the address of Alertmanager itself")
		}
	}
}

func (ch *Channel) check(d *decoder, at string) {
	if ch.Name == "alertmanager" {
		d.problem(at+".name", "", "alertmanager means those under alerts.alertmanager; choose another name")
	}
	for j, e := range ch.Events {
		if e == formerLaneAlarm {
			ch.Events[j] = alert.LaneOutOfBalance
			d.warn(fmt.Sprintf("%s.events[%d]", at, j), "is now called %s", alert.LaneOutOfBalance)
		}
	}
	ch.checkURL(d, at)
	var err error
	if ch.text, err = ch.template(d.secrets.dir); err != nil {
		d.problem(at+".template", "", "%s", err)
	}
	if ch.Quiet != nil && d.has(at+".quiet") {
		if ch.quiet, err = alert.ParseQuiet(ch.Quiet.Timezone.Location, ch.Quiet.Hours); err != nil {
			d.problem(at+".quiet.hours", "", "%s", err)
		}
	}
}

// checkURL looks at the shoutrrr URL. It is a secret: it must not be part of the
// message, and neither must a parser's error, which quotes it.
func (ch *Channel) checkURL(d *decoder, at string) {
	raw, err := ch.URL.Reveal()
	if err != nil || raw == "" {
		return // reported where the secret was read
	}
	err = alert.CheckURL(raw)
	if err == nil {
		return
	}
	suggestion := ""
	if e, ok := errors.AsType[*alert.UnknownServiceError](err); ok {
		suggestion = didYouMean(e.Scheme, alert.Services())
	}
	d.problem(d.given(at, "url"), suggestion, "what it holds cannot be used: %s", err)
}

// template reads the text of messages: as it stands, or from a file.
func (ch *Channel) template(dir string) (alert.Template, error) {
	text := ch.Template
	if name, ok := strings.CutPrefix(text, "@"); ok {
		name = within(dir, filepath.FromSlash(name))
		b, err := readFile(name, maxSecret)
		if err != nil {
			return alert.Template{}, fmt.Errorf("read %s: %w", shorten(name), err)
		}
		if text = string(b); strings.TrimSpace(text) == "" {
			return alert.Template{}, fmt.Errorf("%s is empty", shorten(name))
		}
	}
	return alert.ParseTemplate(text)
}

// Reach is the address at which people reach the page of the daemon. Behind an
// address that means every interface it is this machine's name.
func (c *Config) Reach() string {
	if c.Alerts.ExternalURL != "" {
		return strings.TrimRight(c.Alerts.ExternalURL, "/")
	}
	host, port, err := net.SplitHostPort(c.Server.Listen)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		if host, err = os.Hostname(); err != nil {
			host = "localhost"
		}
	}
	return "http://" + net.JoinHostPort(host, port)
}
