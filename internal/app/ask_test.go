package app

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func TestAHistorySaysThatOlderDecisionsAreLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said settings
		w := newWorld(t, cloud, func(_ *world, s *settings) { s.mode = "observe"; said = *s })
		hot := w.hurt.create("outage", "")
		w.start()
		w.good()
		w.stop()
		time.Sleep(30 * 24 * time.Hour)
		said.policy = strings.Replace(said.policy, "name: feature", "name: later", 1)
		w.configure(said)
		w.start()
		defer w.stop()
		w.good()
		ref := issue.Ref{Source: "hurt", Key: w.hurt.issues()[hot].key}
		truncated := func(limit int) bool {
			h, err := w.app.History(t.Context(), ref, limit)
			fatal(t, err)
			return h.Truncated
		}
		if truncated(0) {
			t.Error("a whole history says that something is left out")
		}
		if !truncated(1) {
			t.Error("the newest of two decisions does not say that there is an older one")
		}
		_, err := w.app.store.Prune(time.Now(), 7*24*time.Hour)
		fatal(t, err)
		if !truncated(0) {
			t.Error("a history whose beginning expired does not say so")
		}
	})
}

func TestPagesOfDecisionsAreTheWholeLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, cloud)
		w.start()
		defer w.stop()
		w.good()
		whole, err := w.app.Decisions(t.Context(), web.DecisionFilter{})
		fatal(t, err)
		if len(whole.Decisions) < 10 {
			t.Fatalf("%d decisions", len(whole.Decisions))
		}
		for limit := 1; limit < 5; limit++ {
			var all []answer.Moved
			for cursor := ""; ; {
				p, err := w.app.Decisions(t.Context(), web.DecisionFilter{Limit: limit, Cursor: cursor})
				fatal(t, err)
				all = append(all, p.Decisions...)
				if cursor = p.Next; cursor == "" {
					break
				}
			}
			if d := cmp.Diff(whole.Decisions, all); d != "" {
				t.Errorf("pages of %d: %s", limit, d)
			}
		}
	})
}
