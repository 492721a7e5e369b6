package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/alert"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

// runReports tells of the policy report at the times of schedule.report, until ctx
// ends. One that was due while lanekeeper was down is not made up for: the next
// one says more.
func (a *App) runReports(ctx context.Context, e *engine) {
	s := e.cfg.Schedule
	if s.Report.Schedule == nil {
		return
	}
	zone := s.Timezone.Location
	for {
		at := s.Report.Next(a.opts.Now().In(zone))
		if at.IsZero() { // a day that never comes
			return
		}
		t := time.NewTimer(at.Sub(a.opts.Now()))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		period := s.Report.Next(at).Sub(at) // as long as the one that begins
		r, err := a.Report(ctx, web.ReportFilter{Since: at.Add(-period)})
		if err != nil {
			a.opts.Log.Error("policy report not made", "err", err)
			continue
		}
		a.alerts.Report(alert.Event{
			Kind: alert.Report, Subject: "policy report", StartsAt: at, Summary: summaryOf(r), ExplainURL: e.cfg.Reach() + "/api/v1/policy/report?since=" + at.Add(-period).UTC().Format(time.RFC3339),
		})
	}
}

// summaryOf is a policy report in one sentence.
func summaryOf(r answer.PolicyReport) string {
	placed, moved := 0, 0
	for _, rule := range r.Rules {
		placed, moved = placed+rule.Placed, moved+rule.Moved
	}
	parts := []string{fmt.Sprintf("since %s people moved %d of %s out of the lanes that the policy chose", r.Since.Format("2 January"), moved, answer.Count(placed, "issue"))}
	if n := r.Inflation.Open; n > 0 {
		high := fmt.Sprintf("%.0f %% of %s are urgent or high", 100*r.Inflation.Share, answer.Count(n, "open issue"))
		if r.Inflation.Breach > 0 {
			high += fmt.Sprintf(", %d more than the policy's cap", r.Inflation.Breach)
		}
		parts = append(parts, high)
	}
	if n := len(r.Proposals); n > 0 {
		parts = append(parts, answer.Count(n, "proposal")+" to change the policy")
	}
	return strings.Join(parts, "; ") + ". lanekeeper policy report says more"
}
