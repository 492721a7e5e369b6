package metrics

import "time"

// Alerts counts n alerts of a channel by what became of them; 0 makes the
// series appear.
func (m *Metrics) Alerts(channel, outcome string, n int) {
	m.alerts.WithLabelValues(channel, outcome).Add(float64(n))
}

// AlertChannel tells how a channel does: when it last took a message (zero: not
// in this process), failed sends in a row, and alerts that wait.
func (m *Metrics) AlertChannel(channel string, lastSuccess time.Time, failures, pending int) {
	at := 0.0
	if !lastSuccess.IsZero() {
		at = float64(lastSuccess.UnixMilli()) / 1000
	}
	m.alertSuccess.WithLabelValues(channel).Set(at)
	m.alertFailures.WithLabelValues(channel).Set(float64(failures))
	m.alertPending.WithLabelValues(channel).Set(float64(pending))
}

// ForgetAlertChannel removes the series of a channel that is no longer
// configured.
func (m *Metrics) ForgetAlertChannel(channel string) {
	l := map[string]string{"channel": channel}
	m.alerts.DeletePartialMatch(l)
	m.alertSuccess.DeletePartialMatch(l)
	m.alertFailures.DeletePartialMatch(l)
	m.alertPending.DeletePartialMatch(l)
}
