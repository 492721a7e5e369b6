package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/lanekeeper/lanekeeper/state"
)

// heardMost bounds the announcements that wait for a cycle. What is beyond it,
// the pull finds.
const heardMost = 10_000

// heard are issues that the tracker said had changed.
type heard struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (h *heard) add(ids ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range ids {
		if h.ids == nil {
			h.ids = map[string]bool{}
		}
		if len(h.ids) < heardMost {
			h.ids[id] = true
		}
	}
}

func (h *heard) none() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ids) == 0
}

func (h *heard) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := slices.Sorted(maps.Keys(h.ids))
	h.ids = nil
	return ids
}

// Announce has the next cycle read an issue directly, because the tracker says
// that it changed. It only saves time: the pull finds the change too, and it
// alone finds issues that are not known yet, for only the tracker's search tells
// what is in scope.
func (c *Cycler) Announce(id string) { c.heard.add(id) }

// announced reads the announced issues that are known and in scope.
func (c *cycle) announced() error {
	ids := c.heard.take()
	known, err := c.Store.Records(c.Source, ids)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	known = slices.DeleteFunc(known, func(r *state.Record) bool { return r == nil || r.Absent > 0 || r.Issue.Gone })
	if len(known) == 0 {
		return nil
	}
	ids = ids[:0]
	for _, r := range known {
		ids = append(ids, r.Issue.ID)
	}
	if _, err := c.reread(ids, "announced by the tracker"); err != nil {
		c.heard.add(ids...)
		return err
	}
	return nil
}
