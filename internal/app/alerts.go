package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/alert"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// downAfter is how many failed cycles in a row are an event; a refused
	// credential is one at once.
	downAfter = 3
	// mostParked bounds the parked issues that are reported one by one.
	mostParked = 500
)

// watched are the kinds of event that follow from what a cycle leaves behind.
func watched() []alert.Kind {
	return []alert.Kind{alert.Guard, alert.SourceDown, alert.AuthFailed, alert.ParkedTooLong, alert.LaneOutOfBalance}
}

// newAlerts makes the part that tells of events.
func (a *App) newAlerts(cfg *config.Config) error {
	var err error
	a.alerts, err = alert.New(a.opts.Seams.alerts(alert.Options{
		Store: a.store, Meter: a.metrics, Log: a.opts.Log, Now: a.opts.Now, Retention: cfg.State.Retention.Alerts,
	}), cfg.Alerts.Receivers(a.opts.AlertTransport))
	return err
}

// watch reports what is the matter with a source after a cycle. All of it is
// computed from the state each time, so that nothing is lost by a crash.
func (a *App) watch(e *engine, s *source) {
	st, err := a.stateOf(s)
	t, terr := a.store.Totals(s.Name)
	if err = errors.Join(err, terr); err != nil {
		a.opts.Log.Error("source not looked at for alerts", "source", s.Name, "err", err)
		return
	}
	lasting := a.trouble(e, s, st)
	if st.Failures == 0 && a.alerts.Lasts(s.Name, alert.SourceDown, alert.AuthFailed) {
		a.alerts.Report(alert.Event{
			Kind: alert.SourceRecovered, Source: s.Name, StartsAt: st.LastSuccess, ExplainURL: e.cfg.Reach(), Summary: "its cycles succeed again",
		})
	}
	if plans, err := a.store.Plans(s.Name, 20); err == nil {
		lasting = append(lasting, heldEvents(e, plans)...)
	}
	if !st.Watermark.IsZero() { // the shares of half a first pull mean nothing
		lasting = append(lasting, balanceEvents(e, s.Name, e.spread(s.Name, t))...)
	}
	if t.Parked > 0 {
		lasting = append(lasting, a.parkedEvents(e, s)...)
	}
	kinds := watched()
	if moves, err := a.contestEvents(e, s); err == nil {
		kinds, lasting = append(kinds, alert.Contested), append(lasting, moves...)
	} else {
		a.opts.Log.Error("contested moves not looked at for alerts", "source", s.Name, "err", err)
	}
	a.alerts.Sync(s.Name, kinds, lasting, nil)
}

// trouble is the event of a source whose cycles fail.
func (a *App) trouble(e *engine, s *source, st state.SourceState) []alert.Event {
	ev := alert.Event{Source: s.Name, ExplainURL: e.cfg.Reach()}
	switch {
	case st.Failures == 0:
		return nil
	case st.ErrorKind == string(connectors.Auth):
		ev.Kind, ev.Summary = alert.AuthFailed, "the tracker refuses the credential; requests are stopped: "+st.LastError
	case st.Failures >= downAfter:
		ev.Kind, ev.Summary = alert.SourceDown, fmt.Sprintf("%d cycles failed in a row: %s", st.Failures, st.LastError)
	case a.alerts.Lasts(s.Name, alert.AuthFailed): // another failure does not say that the credential is good
		ev.Kind, ev.Summary = alert.AuthFailed, "no cycle succeeded since the credential was refused: "+st.LastError
	default:
		return nil
	}
	return []alert.Event{ev}
}

func heldEvents(e *engine, plans []state.Plan) (out []alert.Event) {
	for _, p := range plans {
		if p.Status == state.PlanHeld {
			out = append(out, alert.Event{
				Kind: alert.Guard, Source: p.Source, Subject: p.ID, ExplainURL: e.cfg.Reach() + "/plans/" + url.PathEscape(p.ID),
				Summary: fmt.Sprintf("plan %s waits: %s; lanekeeper approve %s lets it go on", p.ID, p.Reason, p.ID),
			})
		}
	}
	return out
}

func balanceEvents(e *engine, source string, load answer.Lanes) (out []alert.Event) {
	for _, l := range load.Lanes {
		if l.Alarm != "" {
			out = append(out, alert.Event{
				Kind: alert.LaneOutOfBalance, Source: source, Lane: l.Lane, Subject: "lane " + l.Lane, ExplainURL: e.cfg.Reach() + "/issues?lane=" + url.QueryEscape(l.Lane),
				Summary: fmt.Sprintf("lane %s: %s; it holds %s", l.Lane, l.Alarm, answer.Count(l.Count, "issue")),
			})
		}
	}
	for _, m := range load.Marks {
		if m.Alarm != "" {
			out = append(out, alert.Event{
				Kind: alert.LaneOutOfBalance, Source: source, Subject: "mark " + m.Label, ExplainURL: e.cfg.Reach(),
				Summary: fmt.Sprintf("mark %s: %s", m.Label, m.Alarm),
			})
		}
	}
	return out
}

// parkedEvents are the issues that could not be written for long.
func (a *App) parkedEvents(e *engine, s *source) (out []alert.Event) {
	now, after := a.opts.Now(), ""
	for len(out) < mostParked {
		page, err := a.store.Work(s.Name, after, mostParked)
		if err != nil {
			a.opts.Log.Error("parked issues not looked at for alerts", "source", s.Name, "err", err)
			return out
		}
		for _, r := range page {
			if p := r.Parked; p != nil && now.Sub(p.Since) >= e.cfg.Alerts.ParkedAfter {
				out = append(out, alert.Event{
					Kind: alert.ParkedTooLong, Source: s.Name, Lane: r.Decision.Lane, Project: r.Issue.Project, StartsAt: p.Since,
					Issue:      alert.Issue{ID: r.Issue.ID, Key: r.Issue.Key, URL: r.Issue.URL, Title: r.Issue.Title},
					Summary:    fmt.Sprintf("not written after %s: %s", answer.Count(p.Tries, "try"), p.Error),
					ExplainURL: e.issuePage(s.Name, r.Issue.Key),
				})
			}
		}
		if len(page) < mostParked {
			break
		}
		after = page[len(page)-1].Issue.ID
	}
	return out
}

// issuePage is the page of an issue for people.
func (e *engine) issuePage(source, key string) string {
	return e.cfg.Reach() + "/issues/" + url.PathEscape(source) + "/" + url.PathEscape(key)
}

func (e *engine) sourceNames() (out []string) {
	for _, s := range e.sources {
		out = append(out, s.Name)
	}
	return out
}

// Alerts implements web.Alerts.
func (a *App) Alerts(_ context.Context, f web.AlertFilter) (answer.Alerts, error) {
	out := answer.Alerts{Alerts: []answer.Alert{}, Channels: a.alertChannels()}
	if f.Channel != "" && !hasChannel(out.Channels, f.Channel) {
		return out, web.Errorf(web.NotFound, "%w", a.unknownChannel(f.Channel, out.Channels))
	}
	var all []answer.Alert
	err := a.alerts.Each(f.Since, func(s *state.Alert) bool {
		x := answer.NewAlert(s)
		for _, d := range a.alerts.Status(s) {
			if f.Channel == "" || channelIs(d.Channel, f.Channel) {
				x.Channels = append(x.Channels, answer.NewAlertDelivery(d.Delivery, d.Is, d.Why))
			}
		}
		all = append(all, x)
		return true
	})
	if err != nil {
		return out, fmt.Errorf("list alerts: %w", err)
	}
	out.Total = len(all)
	out.Alerts, out.Next, err = page(all, f.Limit, f.Cursor)
	return out, err
}

// channelIs tells whether a channel has a name; alertmanager is every one.
func channelIs(channel, name string) bool {
	return channel == name || name == "alertmanager" && strings.HasPrefix(channel, "alertmanager:")
}

func hasChannel(list []answer.AlertChannel, name string) bool {
	for _, c := range list {
		if channelIs(c.Channel, name) {
			return true
		}
	}
	return false
}

func (a *App) unknownChannel(name string, list []answer.AlertChannel) error {
	e := &alert.UnknownChannelError{Name: name}
	for _, c := range list {
		e.Known = append(e.Known, c.Channel)
	}
	return e
}

func (a *App) alertChannels() []answer.AlertChannel {
	out := []answer.AlertChannel{}
	for _, c := range a.alerts.Channels() {
		out = append(out, answer.AlertChannel{
			Channel: c.Name, Healthy: c.Failures == 0, LastSuccess: c.LastSuccess, Failures: c.Failures, Error: answer.Fault(c.Error),
			RetryAt: c.RetryAt, Pending: c.Pending,
		})
	}
	return out
}

// TestAlert implements web.Alerts.
func (a *App) TestAlert(ctx context.Context, channel, by string) (answer.AlertTest, error) {
	began := a.opts.Now()
	err := a.alerts.Test(ctx, channel)
	if _, unknown := errors.AsType[*alert.UnknownChannelError](err); unknown {
		return answer.AlertTest{}, web.Errorf(web.NotFound, "%w", err)
	}
	if err != nil {
		return answer.AlertTest{}, web.Errorf(web.Unavailable, "%w", err)
	}
	a.opts.Log.Info("test message sent", "channel", channel, "by", by)
	return answer.AlertTest{Channel: channel, Sent: true, Took: a.opts.Now().Sub(began).Round(time.Millisecond).Seconds()}, nil
}

// checkAlerts tries the Alertmanagers and says which channels there are. Their
// URLs were checked as the configuration was read; nothing is sent.
func (a *App) checkAlerts(ctx context.Context, cfg *config.Config) []answer.Finding {
	var out []answer.Finding
	for _, u := range cfg.Alerts.Alertmanager.URLs {
		f := answer.Finding{Level: answer.LevelOK, What: "Alertmanager " + u, Text: "answers"}
		ctx, cancel := context.WithTimeout(ctx, cfg.Alerts.Timeout)
		if err := alert.CheckAlertmanager(ctx, u, a.opts.AlertTransport); err != nil {
			f.Level, f.Text, f.Fix = answer.LevelFailed, err.Error(), "start it, or correct alerts.alertmanager.urls"
		}
		cancel()
		out = append(out, f)
	}
	for _, ch := range cfg.Alerts.Channels {
		out = append(out, answer.Finding{
			Level: answer.LevelOK, What: "alert channel " + ch.Name, Text: "its URL is well formed; lanekeeper alerts test " + ch.Name + " sends a message",
		})
	}
	return out
}
