package reconcile

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// settleIndex is how long a fresh change may be missing from a listing.
	settleIndex = time.Hour
	// sweepFloor is the number of stored issues below which any loss is
	// possible, and lossLimit the share of them that may be missing above it.
	sweepFloor = 20
	lossLimit  = 0.5
)

// ErrMassLoss is returned by a sweep that misses too many issues to believe.
var ErrMassLoss = errors.New("the tracker lists far fewer issues than are known: lost permission?")

// sweep compares the ids in scope with the stored ones. What is listed and not
// known open is read; what is known open and not listed is confirmed by id.
func (c *cycle) sweep() error {
	ids, err := c.Tracker.IDs(c.ctx)
	if err != nil {
		return fmt.Errorf("list ids: %w", err)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	missing, lost, open, err := c.unlisted(ids)
	if err != nil {
		return err
	}
	if open >= sweepFloor && float64(lost) > lossLimit*float64(open) {
		return fmt.Errorf("%w (%d of %d are missing; nothing was marked gone; if the account should see fewer, narrow the source's projects, teams or jql)", ErrMassLoss, lost, open)
	}
	fresh, err := c.unknown(ids)
	if err != nil {
		return err
	}
	damaged, err := c.Store.Damaged(c.Source)
	if err != nil {
		return fmt.Errorf("list damaged records: %w", err)
	}
	if read := append(fresh, damaged...); len(read) > 0 {
		if _, err := c.reread(read, "found by the sweep"); err != nil {
			return err
		}
	}
	if err := c.absent(missing, 1); err != nil {
		return err
	}
	if err := c.readAsked(); err != nil {
		return err
	}
	if err := c.forgetGaps(); err != nil {
		return err
	}
	if err := c.forgetClocks(); err != nil {
		return err
	}
	c.st.LastSweep, c.report.Swept = c.now, true
	return c.commit(state.Batch{State: &c.st})
}

// unlisted lists the stored open issues that are not among the sorted ids. Of
// open issues that were listed before, it counts how many are lost now.
func (c *cycle) unlisted(ids []string) (missing []string, lost, open int, err error) {
	err = c.Store.Each(c.Source, func(r *state.Record) bool {
		if r.Issue.Open() {
			_, listed := slices.BinarySearch(ids, r.Issue.ID)
			if !listed {
				missing = append(missing, r.Issue.ID)
			}
			if r.Absent == 0 {
				open++
				if !listed {
					lost++
				}
			}
		}
		return true
	})
	return missing, lost, open, err
}

// unknown lists the ids that are not stored as open, and those of which a field
// failed to load that a decision or a write waits for: nobody may change them
// for long.
func (c *cycle) unknown(ids []string) ([]string, error) {
	var out []string
	for batch := range slices.Chunk(ids, revisitBatch) {
		known, err := c.Store.Records(c.Source, batch)
		if err != nil {
			return nil, fmt.Errorf("read records: %w", err)
		}
		for n, r := range known {
			if r == nil || !r.Issue.Open() || r.Absent > 0 || r.Issue.Unknown.Any(issue.InputManaged) || r.Issue.Unknown != 0 && r.Decision.Undecided != "" {
				out = append(out, batch[n])
			}
		}
	}
	return out, nil
}

// forgetGaps lets refused fields be tried again: a screen may have been mended
// since.
func (c *cycle) forgetGaps() error {
	var ids []string
	err := c.Store.Each(c.Source, func(r *state.Record) bool {
		if len(r.Gaps) > 0 {
			ids = append(ids, r.Issue.ID)
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("list refused fields: %w", err)
	}
	return c.change(ids, func(r *state.Record) bool { r.Gaps = nil; return true })
}

// absent confirms missing issues by id. The ones that the tracker still shows
// as open have left the scope, unless they changed so lately that the listing
// may lag: they are not written to from now on and gone with the next sweep.
// Times is how many listings have missed them since the last look.
func (c *cycle) absent(ids []string, times int) error {
	if len(ids) == 0 {
		return nil
	}
	before := map[string]int{}
	if err := c.change(ids, func(r *state.Record) bool { before[r.Issue.ID] = r.Absent; return false }); err != nil {
		return err
	}
	found, err := c.reread(ids, "left the listing")
	if err != nil {
		return err
	}
	var strays []string
	for _, i := range found.Found {
		if i.Open() && c.now.Sub(i.Updated) > settleIndex {
			strays = append(strays, i.ID)
		}
	}
	return c.change(strays, func(r *state.Record) bool {
		r.Absent = before[r.Issue.ID] + times
		if r.Absent > 1 {
			r.Issue.Gone = true
			c.Log.Info("issue left the scope", "source", c.Source, "issue", r.Issue.Key)
		}
		return true
	})
}
