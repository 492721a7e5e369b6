package app

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/web"
)

// gate is a link before a tracker that counts who is inside it.
type gate struct {
	next http.RoundTripper
	*crowd
}

// crowd is how many are inside, and how many were at most.
type crowd struct {
	sync.Mutex
	inside, most int
}

func (c *crowd) add(n int) {
	c.Lock()
	defer c.Unlock()
	c.inside += n
	c.most = max(c.most, c.inside)
}

// peak is the most since it was asked last.
func (c *crowd) peak() int {
	c.Lock()
	defer c.Unlock()
	most := c.most
	c.most = 0
	return most
}

func (g gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.add(1)
	time.Sleep(time.Second)
	g.add(-1)
	return g.next.RoundTrip(r)
}

func TestUndoGoesOnWhereOneSourceMayNotWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said settings
		w := newWorld(t, cloud, func(_ *world, s *settings) { said = *s })
		hot := w.other.create("outage", "")
		w.hurt.create("outage", "")
		w.start()
		since := time.Now()
		w.good()
		w.stop()
		said.hurt = "mode: observe\n    " + said.hurt
		w.configure(said)
		w.start()
		defer w.stop()
		got, err := w.app.Undo(w.Context(), web.UndoRequest{Since: since, By: "op"})
		if err == nil || !strings.Contains(err.Error(), "hurt") || !strings.Contains(err.Error(), "set its mode to enforce") {
			t.Errorf("error %v, want one that names the source and what to do", err)
		}
		if len(got.Plans) != 1 {
			t.Errorf("plans %v, want one of the other source", got.Plans)
		}
		if l := w.other.lane(hot); l != "" {
			t.Errorf("the other source's issue is still in %q", l)
		}
	})
}

// TestAReloadLeavesOneCycleOfASource has a plan of the old engine run while
// the new one starts.
func TestAReloadLeavesOneCycleOfASource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, cloud)
		for range 3 {
			w.hurt.create("outage", "")
		}
		var inside crowd
		w.between = func(source string, next http.RoundTripper) http.RoundTripper {
			if source != "hurt" {
				return next
			}
			return gate{next, &inside}
		}
		w.start()
		defer w.stop()
		stop := w.run()
		time.Sleep(time.Hour)
		inside.peak()
		planned := make(chan struct{})
		go func() {
			defer close(planned)
			if _, err := w.app.PlanNow(w.Context(), "hurt"); err != nil {
				t.Error(err)
			}
		}()
		for range 20 {
			ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
			if _, err := w.app.Reload(ctx); err != nil {
				t.Error(err)
			}
			cancel()
			time.Sleep(700 * time.Millisecond)
		}
		<-planned
		stop()
		if most := inside.peak(); most > 1 {
			t.Errorf("%d cycles of one source spoke to its tracker at once", most)
		}
		w.orderly()
	})
}
