package app

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
)

// TestSuggestionsAreMadeOnce loses the answers to comments that were written:
// every issue ends with one comment, and nothing else is ever written.
func TestSuggestionsAreMadeOnce(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, kind, func(_ *world, s *settings) { s.mode = "suggest" })
				before := w.hurt.issues()
				w.note()
				if w.hurt.jira != nil {
					w.hurt.jira.FailAfter("comment", 1<<30, jiratest.Fault{Abort: true})
				} else {
					w.hurt.linear.Inject(lineartest.Fault{Kind: lineartest.DropAfter, Match: lineartest.OnMutation})
				}
				w.start()
				defer func() { w.stop() }()
				w.once()
				if got := w.metric("parked_issues", "source", "hurt"); got != 8 {
					t.Errorf("parked_issues is %v, want 8", got)
				}
				w.stop()
				w.start() // a restart forgets nothing
				w.once()
				mended(w)
				time.Sleep(time.Hour)
				w.good()
				w.good()
				sent := w.hurt.mutations() + w.other.mutations()
				w.good()
				if n := w.hurt.mutations() + w.other.mutations() - sent; n > 0 {
					t.Errorf("%d mutations were sent when all was said", n)
				}
				for id, i := range w.hurt.issues() {
					want := 0
					if i.open {
						want = 1
					}
					if n := w.hurt.comments(id); n != want {
						t.Errorf("%s has %d comments, want %d", i.key, n, want)
					}
					if was := before[id]; len(i.labels) != len(was.labels) || i.priority != was.priority {
						t.Errorf("%s went from %v to %v", i.key, was, i)
					}
				}
				w.sound()
			})
		})
	}
}

// comments counts the comments of an issue.
func (p *place) comments(id string) int {
	if p.jira != nil {
		i, _ := p.jira.Issue(id)
		return len(i.Comments)
	}
	return len(p.linear.Comments(id))
}
