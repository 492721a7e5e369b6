package reconcile

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// revisitBatch is how many records are decided again in one transaction.
const revisitBatch = 500

// firstBatch is how many issues of a first pull are stored in one transaction,
// each of which waits for the disk.
const firstBatch = 1000

// lateIndex is how late an index may show a change that is still not missed.
const lateIndex = 24 * time.Hour

// pull reads what changed since the watermark, or everything at first. The
// watermark moves only after every page is stored and every doubt confirmed.
func (c *cycle) pull() error {
	if c.st.Scope != c.Scope {
		if err := c.setAside(); err != nil {
			return err
		}
		c.st.Scope, c.st.Watermark, c.st.Cursor, c.st.Began = c.Scope, time.Time{}, "", time.Time{}
	}
	if c.st.Watermark.IsZero() {
		resumed := c.st.Cursor != ""
		if err := c.first(); err != nil || !resumed {
			return err
		}
		// What was read long ago, before it was interrupted, may have changed.
	}
	began, err := c.pages(c.Tracker.Changed(c.ctx, c.since()), false)
	if err != nil {
		return err
	}
	if err := c.confirm(); err != nil {
		return err
	}
	return c.advance(began)
}

// setAside marks every open issue as not listed, until a pull in the new scope
// reads it: what is left over has gone out of scope on purpose.
func (c *cycle) setAside() error {
	var ids []string
	err := c.Store.Each(c.Source, func(r *state.Record) bool {
		if r.Issue.Open() && r.Absent == 0 {
			ids = append(ids, r.Issue.ID)
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("list issues of the scope before: %w", err)
	}
	return c.change(ids, func(r *state.Record) bool { r.Absent = 1; return true })
}

// since is where a pull begins: the watermark, which holds the overlap already.
// With a sweep it reaches back a day beyond the sweep before, so that a change
// which the index showed hours late is found after all.
func (c *cycle) since() time.Time {
	mark := c.st.Watermark
	if !c.task.Sweep {
		return mark
	}
	if last := c.st.LastSweep; last.Before(mark) {
		mark = last
	}
	return mark.Add(-lateIndex)
}

// first reads every open issue in scope and goes on where an unfinished first
// pull stopped: each page is stored together with its cursor.
func (c *cycle) first() error {
	if c.st.Cursor == "" {
		t, err := c.Store.Totals(c.Source)
		if err != nil {
			return fmt.Errorf("count issues: %w", err)
		}
		if t.Issues == 0 { // every record will be decided by what is in force now
			c.st.Policy = c.inForce()
		}
	}
	began, err := c.pages(c.Tracker.All(c.ctx, c.st.Cursor), true)
	if err != nil {
		return err
	}
	if !c.st.Began.IsZero() {
		began = c.st.Began
	}
	if err := c.leftOver(); err != nil {
		return err
	}
	if err := c.confirm(); err != nil {
		return err
	}
	c.st.Cursor, c.st.Began, c.st.Expected = "", time.Time{}, 0
	c.st.LastSweep = c.now // a first pull reads everything
	return c.advance(began)
}

// leftOver looks at what was open in the scope before and was not read by the
// first pull of the new one: some of it was closed meanwhile, and must not be
// taken for open until the next sweep.
func (c *cycle) leftOver() error {
	var ids []string
	err := c.Store.Each(c.Source, func(r *state.Record) bool {
		if r.Issue.Open() && r.Absent > 0 {
			ids = append(ids, r.Issue.ID)
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("list issues of the scope before: %w", err)
	}
	return c.absent(ids, 0)
}

// pages stores a sequence of pages and returns the tracker's clock at its
// start.
func (c *cycle) pages(pages iter.Seq2[issue.Page, error], resumable bool) (began time.Time, err error) {
	const cause = "updated in the tracker"
	var waiting issue.Page
	for p, err := range pages {
		if err != nil {
			if kerr := c.keep(&waiting); kerr != nil {
				err = errors.Join(err, kerr)
			}
			return began, err
		}
		if began.IsZero() {
			began = p.ServerTime
		}
		for _, b := range p.Bad {
			c.Log.Warn("issue not readable; it is asked for again with the next sweep", "source", c.Source, "issue", b.Key, "id", b.ID, "err", b.Err)
		}
		if !resumable {
			if err := c.evaluate(p.Issues, indexed, cause, nil); err != nil {
				return began, err
			}
			c.report.Pulled += len(p.Issues)
			continue
		}
		if err := c.gather(&waiting, p); err != nil {
			return began, err
		}
	}
	return began, c.keep(&waiting)
}

// gather adds a page of a first pull to those that wait, and stores them when
// they are worth a transaction.
func (c *cycle) gather(waiting *issue.Page, p issue.Page) error {
	if c.st.Began.IsZero() {
		c.st.Began, c.st.Expected = p.ServerTime, p.Total
	}
	if len(waiting.Issues) == 0 && len(p.Issues) >= firstBatch {
		return c.keep(&p) // a large page is stored as it came
	}
	waiting.Issues = append(waiting.Issues, p.Issues...)
	waiting.Total, waiting.Cursor = p.Total, p.Cursor
	if len(waiting.Issues) < firstBatch {
		return nil
	}
	return c.keep(waiting)
}

// keep stores the pages that wait together with the cursor of the last.
func (c *cycle) keep(waiting *issue.Page) error {
	if len(waiting.Issues) == 0 && waiting.Cursor == "" {
		return nil
	}
	c.st.Cursor = waiting.Cursor
	if err := c.evaluate(waiting.Issues, indexed, "first sight", &c.st); err != nil {
		return err
	}
	c.report.Pulled += len(waiting.Issues)
	if c.Progress != nil {
		c.Progress(c.report.Pulled, waiting.Total)
	}
	clear(waiting.Issues) // the room is used again, the texts are not
	*waiting = issue.Page{Issues: waiting.Issues[:0]}
	return nil
}

// confirm reads the doubtful issues directly.
func (c *cycle) confirm() error {
	if len(c.doubts) == 0 {
		return nil
	}
	_, err := c.reread(slices.Sorted(maps.Keys(c.doubts)), "changed by a person")
	return err
}

// reread reads issues by id, stores the outcome and returns what was found.
// Issues that the tracker no longer shows are marked gone: it was asked for
// them directly. Those that cannot be read now are doubtful: they are asked for
// again in the next cycle, which comes soon.
func (c *cycle) reread(ids []string, cause string) (issue.Lookup, error) {
	found, err := c.Tracker.Fetch(c.ctx, ids)
	if err != nil {
		return found, fmt.Errorf("read %d issues: %w", len(ids), err)
	}
	for _, b := range found.Bad {
		c.Log.Warn("issue not readable now", "source", c.Source, "issue", b.Key, "id", b.ID, "err", b.Err)
	}
	for batch := range slices.Chunk(found.Found, revisitBatch) {
		if err := c.evaluate(batch, direct, cause, nil); err != nil {
			return found, err
		}
	}
	if err := c.gone(found.Gone); err != nil {
		return found, err
	}
	for _, id := range ids {
		delete(c.doubts, id)
	}
	for _, b := range found.Bad {
		c.doubts[b.ID], c.report.Behind = true, true
	}
	return found, nil
}

// gone marks records whose issue the tracker no longer shows.
func (c *cycle) gone(ids []string) error {
	return c.change(ids, func(r *state.Record) bool {
		if r.Issue.Gone {
			return false
		}
		r.Issue.Gone = true
		c.Log.Info("issue is gone: deleted, or hidden from our account", "source", c.Source, "issue", r.Issue.Key)
		return true
	})
}

// change applies fn to known records and stores those for which it says true.
func (c *cycle) change(ids []string, fn func(*state.Record) bool) error {
	for batch := range slices.Chunk(ids, revisitBatch) {
		known, err := c.Store.Records(c.Source, batch)
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		var b state.Batch
		for _, r := range known {
			if r == nil {
				continue
			}
			before := r
			if r = clone(r); fn(r) {
				v := c.judge(r, "")
				b.Acts = append(b.Acts, c.actsOf(v.note(nil, r, before), nil)...)
				c.flapped(v.flaps)
				b.Updates = append(b.Updates, v.update)
			}
		}
		if len(b.Updates) == 0 {
			continue
		}
		if err := c.commit(b); err != nil {
			return err
		}
	}
	return nil
}

// advance moves the watermark to the start of a complete pull, less the
// overlap: the tracker's clock alone counts. It moves back only where that
// clock did, for it was ahead before and changes would stay unseen until then.
func (c *cycle) advance(began time.Time) error {
	if began.IsZero() {
		return fmt.Errorf("the tracker gave no time of its own; the watermark stays at %s", c.st.Watermark.Format(time.RFC3339))
	}
	switch mark := began.Add(-c.Overlap); {
	case mark.After(c.st.Watermark):
		c.st.Watermark = mark
	case began.Before(c.st.Watermark):
		c.Log.Warn("the tracker's clock went back; the last day is read again", "source", c.Source, "clock", began, "watermark", c.st.Watermark)
		c.st.Watermark = began.Add(-lateIndex)
	}
	return c.commit(state.Batch{State: &c.st})
}

// revisit decides again what a new policy, new signals or a hand-over changed,
// and what the time made due.
func (c *cycle) revisit() error {
	if hash := c.inForce(); c.st.Policy != hash {
		if err := c.revisitAll(); err != nil {
			return err
		}
		c.st.Policy = hash
	}
	for {
		ids, err := c.Store.DueBefore(c.Source, c.now, revisitBatch)
		if err != nil {
			return fmt.Errorf("find due issues: %w", err)
		}
		n, err := c.again(ids, "time")
		if err != nil {
			return err
		}
		if n == 0 { // nothing, or only what is damaged and waits for the sweep
			return c.confirm()
		}
	}
}

// versioned is a snapshot of signals or rotas that can tell whether anything
// changed.
type versioned interface{ Version() string }

// inForce names the policies, signals and rotas that this cycle decides by, and that it
// follows SLA clocks, which an older lanekeeper did not.
func (c *cycle) inForce() string {
	out := c.Policy.Hash()
	for _, p := range c.Policy.Policies() {
		if slices.ContainsFunc(p.Lanes(), func(l policy.LaneSpec) bool { return l.SLA != "" }) {
			out += "+clocks"
			break
		}
	}
	if v, ok := c.sig.(versioned); ok {
		out += "+" + v.Version()
	}
	if v, ok := c.rotas.(versioned); ok {
		out += "+duty-" + v.Version()
	}
	return out
}

// unsettle forgets that all issues were decided by one policy, before the first
// is decided by another: a cycle that ends half-way would leave a mixture that
// nobody looks at again when the old policy returns.
func (c *cycle) unsettle() error {
	if c.st.Policy == "" || c.st.Policy == c.inForce() {
		return nil
	}
	c.st.Policy = ""
	return c.commit(state.Batch{State: &c.st})
}

func (c *cycle) revisitAll() error {
	var ids []string
	err := c.Store.Each(c.Source, func(r *state.Record) bool {
		if r.Issue.Open() {
			ids = append(ids, r.Issue.ID)
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("list issues: %w", err)
	}
	for batch := range slices.Chunk(ids, revisitBatch) {
		if _, err := c.again(batch, "policy, signals or rotas changed"); err != nil {
			return err
		}
	}
	return nil
}

// again decides stored issues anew and returns how many. An override that only time ends needs no
// word from the tracker; the write step confirms the value before it changes.
func (c *cycle) again(ids []string, cause string) (int, error) {
	known, err := c.Store.Records(c.Source, ids)
	if err != nil {
		return 0, fmt.Errorf("read records: %w", err)
	}
	var b state.Batch
	var list []judged
	for _, before := range known {
		if before == nil {
			continue
		}
		r := clone(before)
		if r.Parked != nil && !c.now.Before(r.Parked.Until) {
			r.Parked.Until = time.Time{} // free to be tried again
		}
		v := c.judge(r, cause)
		c.flapped(v.flaps)
		list = v.note(list, r, before)
		if !r.Due.IsZero() && !r.Due.After(c.now) {
			r.Due = c.now.Add(time.Minute) // what is still due was looked at now
		}
		b.Updates = append(b.Updates, v.update)
	}
	if len(b.Updates) == 0 {
		return 0, nil
	}
	if b.Acts, err = c.attribute(list); err != nil {
		return 0, err
	}
	return len(b.Updates), c.commit(b)
}
