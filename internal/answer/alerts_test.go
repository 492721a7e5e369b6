package answer_test

import (
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/state"
)

// alerts are one that lasts, one that waits, one that is over and news.
func alerts() answer.Alerts {
	breach := answer.NewAlert(&state.Alert{
		Kind: "sla_breached", Severity: "critical", Source: "payments", Lane: "hotfix", SLA: "urgent-fix", Project: "PAY", IssueID: "10012", Key: "PAY-12",
		URL: "https://acme.atlassian.net/browse/PAY-12", Title: ugly[1], State: "resolve", Summary: "urgent-fix ran out: " + ugly[3],
		StartsAt: now.Add(-13 * time.Minute), Raised: now.Add(-12 * time.Minute), Remaining: -13 * time.Minute, Timed: true,
	})
	breach.Channels = []answer.AlertDelivery{
		answer.NewAlertDelivery(state.Delivery{Channel: "alertmanager:127.0.0.1:9093", First: now.Add(-12 * time.Minute), Last: now.Add(-12 * time.Minute), Times: 1}, "sent", ""),
		answer.NewAlertDelivery(state.Delivery{Channel: "oncall", Tries: 4}, "failed", "connection refused; tried again at 2026-06-03T12:00:40Z"),
		answer.NewAlertDelivery(state.Delivery{Channel: "team"}, "muted", "sla_breached is not among its events"),
	}
	guard := answer.NewAlert(&state.Alert{
		Kind: "guard", Severity: "warning", Source: "payments", Subject: "p-7f3a09", Summary: "plan p-7f3a09 waits", StartsAt: now.Add(-2 * time.Hour),
		Raised: now.Add(-2 * time.Hour), Ended: true, EndedAt: now.Add(-time.Hour),
	})
	guard.Channels = []answer.AlertDelivery{answer.NewAlertDelivery(state.Delivery{Channel: "team"}, "dropped", "it was over before it was told")}
	report := answer.NewAlert(&state.Alert{Kind: "report", Severity: "info", Source: "core", Summary: "the week", StartsAt: now, Raised: now, Moment: true})
	return answer.Alerts{
		Alerts: []answer.Alert{report, breach, guard}, Total: 40, Next: "3",
		Channels: []answer.AlertChannel{
			{Channel: "alertmanager:127.0.0.1:9093", Healthy: true, LastSuccess: now}, {Channel: "oncall", Failures: 4, Error: "connection refused", Pending: 1}, {Channel: "team", Healthy: true},
		},
	}
}
