package app

import (
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/web"
)

// TestTheDemoHasClocksToWatch runs what the demo runs for two minutes.
func TestTheDemoHasClocksToWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := Demo{Out: io.Discard, Log: slog.New(slog.DiscardHandler), Listen: "127.0.0.1:0", Issues: 120, Seed: 1}
		a, err := d.app(t.TempDir(), d.trackers())
		fatal(t, err)
		w := &world{T: t, app: a}
		defer func() { w.stop() }()
		stop := w.run()
		defer func() { stop() }()
		time.Sleep(10 * time.Second)
		running := func(state string) float64 { return w.metric("sla_issues", "sla", "urgent-fix", "state", state) }
		if running("on_track") == 0 {
			t.Error("no clock runs after ten seconds")
		}
		if w.metric("sla_next_breach_timestamp_seconds", "sla", "urgent-fix") == 0 {
			t.Error("nothing is due")
		}
		time.Sleep(110 * time.Second)
		if running("breached") == 0 || w.metric("sla_breaches_total") == 0 {
			t.Error("no clock ran out after two minutes")
		}
		list, err := a.SLAs(t.Context(), web.IssueFilter{})
		fatal(t, err)
		if list.Total == 0 || list.SLAs[0].State != "breached" || list.SLAs[0].Why == "" {
			t.Errorf("listed: %+v", list)
		}
	})
}
