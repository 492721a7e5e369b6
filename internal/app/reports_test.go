package app

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/state"
)

func TestTheReportIsToldAtItsTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, cloud)
		w.rewrite(func(s string) string {
			return strings.Replace(s, `pull: "@every 1m"`, `pull: "@every 1h", report: "0 9 * * *"`, 1)
		})
		w.start()
		defer func() { w.stop() }()
		stop := w.run()
		defer func() { stop() }()
		time.Sleep(2*24*time.Hour + time.Minute)
		var told []state.Alert
		fatal(t, w.app.store.EachAlert(time.Time{}, func(a state.Alert) bool {
			if a.Kind == "report" {
				told = append(told, a)
			}
			return true
		}))
		if len(told) != 2 {
			t.Fatalf("%d reports in two days, want 2: %+v", len(told), told)
		}
		for _, a := range told {
			if a.StartsAt.In(berlin(t)).Format("15:04") != "09:00" || !strings.Contains(a.Summary, "people moved 0 of ") || !strings.Contains(a.Summary, "open issues are urgent or high") {
				t.Errorf("at %s: %q", a.StartsAt, a.Summary)
			}
		}
	})
}
