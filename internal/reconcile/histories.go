package reconcile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/policy/sla"
	"github.com/lanekeeper/lanekeeper/state"
)

// historyBatch is how many histories are asked for and stored together.
const historyBatch = 500

// histories reads the histories of issues whose clock needs them, and decides
// them again. One that cannot be read now stays unknown and is asked for again
// when the issue changes, or after a while.
func (c *cycle) histories() error {
	if err := c.findLate(); err != nil {
		return err
	}
	maps.Copy(c.unread, c.recheck)
	ids := slices.Sorted(maps.Keys(c.unread))
	clear(c.unread)
	for batch := range slices.Chunk(ids, historyBatch) {
		records, err := c.Store.Records(c.Source, batch)
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		var lacking []*state.Record
		for _, r := range records {
			if r == nil {
				continue
			}
			c.unlook()
			if res, _ := c.look(r); c.lacks(r, res) || c.recheck[r.Issue.ID] && c.awaits(r, res) {
				lacking = append(lacking, clone(r))
			}
		}
		if err := c.readHistories(lacking); err != nil {
			return err
		}
	}
	clear(c.recheck)
	return nil
}

// findLate has a new process ask at once for the histories that the one before it
// could not read.
func (c *cycle) findLate() error {
	if c.late != nil {
		return nil
	}
	ids, err := c.Store.DueBefore(c.Source, c.now.Add(historyRetry), 0)
	if err != nil {
		return fmt.Errorf("find due issues: %w", err)
	}
	for batch := range slices.Chunk(ids, historyBatch) {
		records, err := c.Store.Records(c.Source, batch)
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		for _, r := range records {
			if r != nil && c.stillLacks(r) {
				c.unread[r.Issue.ID] = true
			}
		}
	}
	c.late = map[string]bool{}
	return nil
}

// stillLacks is lacks for a record that may be another than the one looked at
// last.
func (c *cycle) stillLacks(r *state.Record) bool {
	c.unlook()
	defer c.unlook()
	res, _ := c.look(r)
	return c.lacks(r, res)
}

// awaits tells that a comment could be the response that an issue waits for.
func (c *cycle) awaits(r *state.Record, res sla.Result) bool {
	return c.clockOf(r) != nil && c.readsOf(r).comments && !answered(res)
}

func (c *cycle) readHistories(records []*state.Record) error {
	if len(records) == 0 {
		return nil
	}
	found, err := c.Tracker.History(c.ctx, idsOf(records))
	if err := c.unreadable("history", len(records), err); err != nil {
		return err
	}
	var read []*state.Record
	for _, r := range records {
		h, ok := found[r.Issue.ID]
		if !ok {
			continue
		}
		reads := c.readsOf(r)
		h.Comments, h.CommentsRead = r.Clock.History.Comments, false
		r.Clock.History, r.Clock.Read, r.Clock.Kept = reads.trim(h, r.Issue.Reporter), r.Issue.Updated, reads.String()
		read = append(read, r)
	}
	if n := len(records) - len(read); n > 0 && err == nil {
		c.Log.Warn("histories not read; the SLA clocks of these issues are unknown until they are", "source", c.Source, "issues", n)
	}
	if err := c.readComments(read); err != nil {
		return err
	}
	for _, r := range records {
		if c.stillLacks(r) {
			c.late[r.Issue.ID] = true
		}
	}
	var b state.Batch
	for _, r := range read {
		v := c.judge(r, "time")
		c.flapped(v.flaps)
		b.Updates = append(b.Updates, v.update)
	}
	if len(b.Updates) == 0 {
		return nil
	}
	return c.commit(b)
}

// readComments reads the comments of the issues that still wait for a response.
func (c *cycle) readComments(records []*state.Record) error {
	var waiting []*state.Record
	for _, r := range records {
		c.unlook()
		if res, _ := c.look(r); c.awaits(r, res) {
			waiting = append(waiting, r)
		}
	}
	c.unlook()
	if len(waiting) == 0 {
		return nil
	}
	found, err := c.Tracker.Comments(c.ctx, idsOf(waiting))
	if err := c.unreadable("comments", len(waiting), err); err != nil {
		return err
	}
	for _, r := range waiting {
		if list, ok := found[r.Issue.ID]; ok {
			h := r.Clock.History
			h.Comments, h.CommentsRead = list, true
			r.Clock.History = c.readsOf(r).trim(h, r.Issue.Reporter)
		}
	}
	return nil
}

// unreadable passes on the error of a reading that ends the cycle. Others cost
// the clocks alone.
func (c *cycle) unreadable(what string, issues int, err error) error {
	switch {
	case err == nil:
		return nil
	case c.ctx.Err() != nil || connectors.KindOf(err) == connectors.Auth:
		return fmt.Errorf("read the %s of %d issues: %w", what, issues, err)
	}
	c.Log.Warn(what+" not read; the SLA clocks of these issues are unknown until they are", "source", c.Source, "issues", issues, "err", err)
	return nil
}

func idsOf(records []*state.Record) []string {
	ids := make([]string, len(records))
	for n, r := range records {
		ids[n] = r.Issue.ID
	}
	return ids
}
