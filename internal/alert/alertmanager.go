package alert

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// postAgain is how often a lasting alert is posted, and postedLives how long
	// Alertmanager keeps one that is posted no more.
	postAgain   = time.Minute
	postedLives = 5 * time.Minute
	// momentLives is how long Alertmanager has to tell news of a moment: longer
	// than its usual group interval, after which it looks at a group again.
	momentLives = 15 * time.Minute
	// mostPosted bounds the alerts of one post.
	mostPosted = 500
	// mostAnswer bounds what is read of an answer.
	mostAnswer = 4 << 10
)

// Alertmanager makes the channel of one Prometheus Alertmanager (API v2). It
// has every event at once, without group wait, quiet hours or repeat: those are
// Alertmanager's own work. address is its base URL; rt is the network for nil.
func Alertmanager(address string, timeout time.Duration, rt http.RoundTripper) *Channel {
	name := "alertmanager"
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		name += ":" + u.Host + strings.TrimRight(u.Path, "/")
	}
	return &Channel{
		Name: name, Timeout: timeout, standing: true,
		sender: &alertmanager{base: strings.TrimRight(address, "/"), client: alertmanagerClient(rt)},
	}
}

func alertmanagerClient(rt http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     rt,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type alertmanager struct {
	base   string
	client *http.Client
}

// posted is an alert as the API has it.
type posted struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

func (s *alertmanager) send(ctx context.Context, b batch) error {
	list := make([]posted, len(b.items))
	for n, i := range b.items {
		list[n] = postedOf(&i.Alert, b.at)
	}
	body, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("encode alerts: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/api/v2/alerts", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	return answered(s.client, req)
}

// answered makes a request that is answered with 200 where all is well.
func answered(c *http.Client, req *http.Request) error {
	res, err := c.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the address stands in the channel's name
		}
		return err
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, mostAnswer)) // the status tells enough
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s: %s", res.Status, strings.Join(strings.Fields(string(text)), " "))
	}
	return nil
}

// CheckAlertmanager asks an Alertmanager whether it is there.
func CheckAlertmanager(ctx context.Context, address string, rt http.RoundTripper) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(address, "/")+"/api/v2/status", nil)
	if err != nil {
		return err
	}
	return answered(alertmanagerClient(rt), req)
}

// labels are what Alertmanager tells alerts apart by. An empty label is the
// same as none.
func labels(a *state.Alert) map[string]string {
	out := map[string]string{
		"alertname": a.Kind, "source": a.Source, "lane": a.Lane, "sla": a.SLA, "severity": a.Severity, "issue": a.Key, "project": a.Project,
	}
	maps.DeleteFunc(out, func(_, v string) bool { return v == "" })
	return out
}

// fingerprint is labels as one text.
func fingerprint(a *state.Alert) string {
	return strings.Join([]string{a.Kind, a.Source, a.Lane, a.SLA, a.Severity, a.Key, a.Project}, "\x00")
}

func postedOf(a *state.Alert, now time.Time) posted {
	p := posted{Labels: labels(a), StartsAt: a.StartsAt, GeneratorURL: cmp.Or(a.ExplainURL, a.URL), Annotations: map[string]string{
		"summary": clean(a.Summary), "title": clean(a.Title), "url": a.URL, "explain": a.ExplainURL,
	}}
	if a.Timed {
		p.Annotations["remaining"] = remaining(a.Remaining)
	}
	maps.DeleteFunc(p.Annotations, func(_, v string) bool { return v == "" })
	switch {
	case a.Ended:
		p.EndsAt = a.EndedAt
	case a.Moment:
		p.EndsAt = now.Add(momentLives)
	default:
		p.EndsAt = now.Add(postedLives)
	}
	if p.StartsAt.After(p.EndsAt) {
		p.StartsAt = p.EndsAt // a tracker's clock ahead of ours; the API refuses it
	}
	return p
}

// dueStanding is due for a channel that holds the state of every alert.
func (m *Manager) dueStanding(w *worker, now time.Time) (batch, time.Time) {
	b := batch{channel: w.Channel, at: now}
	lasting := map[string]bool{}
	list := m.sortedLive()
	for _, a := range list {
		if !a.Ended && !a.Moment {
			lasting[fingerprint(a)] = true
		}
	}
	pending := 0
	var wake time.Time
	maps.DeleteFunc(w.posted, func(id string, _ time.Time) bool { return m.live[id] == nil })
	for _, a := range list {
		d := told(a, w.Name)
		s := w.next(a, &d)
		switch {
		case w.mutes(a) != "" || !a.Live || !d.Done.IsZero():
			continue
		case s.do == outcomeDropped:
			m.drop(w.Channel, a, now)
			continue
		case s.do == outcomeResolved && lasting[fingerprint(a)]:
			// Another alert with the same labels lasts: for Alertmanager nothing is over.
			d := delivery(a, w.Name)
			d.Done, d.Outcome = now, outcomeResolved
			m.dirty[a.ID] = true
			m.settle(a)
			continue
		case s.do == "": // it lasts and was told: it must be kept alive
			s.do, s.at = outcomeRepeated, w.posted[a.ID].Add(postAgain)
		default:
			pending++
		}
		if s.at.After(now) {
			wake = earliest(wake, s.at)
			continue
		}
		if len(b.items) < mostPosted {
			b.items = append(b.items, item{Alert: *a, do: s.do})
		}
	}
	m.pend(w.Name, pending) // of two with the same labels the API takes the last, the newest
	return b, wake
}
