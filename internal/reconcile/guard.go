package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// shareFloor keeps the share from stopping every step of a small backlog.
	shareFloor = 10
	// approvalLife is how long an approval may wait for its cycle.
	approvalLife = 24 * time.Hour
	// heldShown is how many issues of a held plan are kept to be looked at.
	heldShown = 500
	// plansSearched is how far back a waiting plan is looked for: undos of single
	// issues are plans too.
	plansSearched = 1000
)

// Guard bounds what one cycle may change without a person's word.
type Guard struct {
	// MaxChanges is the number of issues that may be changed; 0 is no bound.
	MaxChanges int
	// MaxShare is the share of the open issues that may be moved anew, 0..1; 0
	// is no bound. An issue that lanekeeper labels for the first time is not
	// moved: a first run touches every issue by its nature, and MaxChanges
	// bounds it.
	MaxShare float64
}

// stops says why a plan must wait, or "".
func (g Guard) stops(items []item, open int) string {
	moved, clears, changes := 0, 0, 0
	for _, i := range items {
		if i.moved {
			moved++
		}
		changes, clears = changes+i.size, clears+i.clears
	}
	share := max(shareFloor, int(math.Ceil(g.MaxShare*float64(open))))
	switch {
	case g.MaxChanges > 0 && len(items) > g.MaxChanges:
		return fmt.Sprintf("it changes %d issues; guard.max_changes is %d", len(items), g.MaxChanges)
	case g.MaxShare > 0 && moved > share:
		return fmt.Sprintf("it moves %d of %d open issues; guard.max_share allows %d", moved, open, share)
	case clears > shareFloor && clears > changes-clears:
		return fmt.Sprintf("it takes back more than it does: %d of %d changes only remove something", clears, changes)
	}
	return ""
}

// admit lets a plan through the guard, or stores it as held. An approval holds
// for a plan of the same policy that is no larger than the approved one by
// more than what needs no approval.
func (c *cycle) admit(items []item) (bool, error) {
	c.plans.Lock()
	defer c.plans.Unlock()
	t, err := c.Store.Totals(c.Source)
	if err != nil {
		return false, fmt.Errorf("count issues: %w", err)
	}
	waiting, err := c.waiting()
	if err != nil {
		return false, err
	}
	why := c.Guard.stops(items, t.Open)
	hash := c.Policy.Hash()
	if waiting != nil && waiting.Status == state.PlanApproved {
		fits := waiting.PolicyHash == hash && c.now.Sub(waiting.ByAt) < approvalLife && len(items) <= waiting.Issues+c.Guard.MaxChanges
		if why == "" || fits {
			waiting.Status = state.PlanDone
			return true, c.commit(state.Batch{Plan: waiting})
		}
	}
	if why == "" {
		return true, c.release(waiting)
	}
	p := state.Plan{ID: c.planID(len(items)), Source: c.Source, PolicyHash: hash}
	if waiting != nil && waiting.PolicyHash == hash && waiting.Status == state.PlanHeld {
		p = *waiting
	} else if err := c.release(waiting); err != nil {
		return false, err
	}
	p.At, p.Mode, p.Open, p.Issues, p.Status, p.Reason = c.now, string(c.Mode), t.Open, len(items), state.PlanHeld, why
	p.Changes = 0
	var entries []state.Entry
	for n, i := range items {
		p.Changes += i.size
		if n < heldShown {
			for _, ch := range i.changes {
				entries = append(entries, c.entry(p.ID, len(entries), i, ch, state.EntryHeld))
			}
		}
	}
	stale, err := c.stale(p.ID, len(entries))
	if err != nil {
		return false, err
	}
	entries = append(entries, stale...)
	c.report.Held = &p
	c.Log.Warn("guard stopped a plan before its first write", "source", c.Source, "plan", p.ID, "why", why, "do", "lanekeeper approve "+p.ID)
	return false, c.commit(state.Batch{Plan: &p, Entries: entries})
}

// stale lists the changes of a held plan that it no longer holds.
func (c *cycle) stale(planID string, n int) ([]state.Entry, error) {
	entries, err := c.Store.Entries(planID)
	if err != nil {
		return nil, fmt.Errorf("read plan %s: %w", planID, err)
	}
	entries = slices.DeleteFunc(entries, func(e state.Entry) bool { return e.N < n || e.Status != state.EntryHeld })
	for i := range entries {
		entries[i].Status = state.EntrySuperseded
	}
	return entries, nil
}

// ErrNotHeld is returned for the approval of a plan that waits for none.
var ErrNotHeld = errors.New("only a held plan can be approved")

// Approve lets a held plan through the guard with the next cycle, which looks
// at everything anew. It does not wait for a running cycle.
func (c *Cycler) Approve(planID, by string) (state.Plan, error) {
	c.plans.Lock()
	defer c.plans.Unlock()
	p, err := c.Store.Plan(planID)
	if err != nil {
		return p, fmt.Errorf("read plan %s: %w", planID, err)
	}
	if p.Status != state.PlanHeld {
		return p, fmt.Errorf("plan %s is %s; %w", planID, p.Status, ErrNotHeld)
	}
	p.Status, p.By, p.ByAt = state.PlanApproved, by, c.Now().UTC()
	act := state.Act{Verb: state.Approved, By: issue.Person{Name: by}, Plan: p.ID, Reason: p.Reason, PolicyHash: p.PolicyHash}
	if err := c.Store.Commit(state.Batch{Source: c.Source, Plan: &p, Acts: []state.Act{act}, Now: p.ByAt}); err != nil {
		return p, fmt.Errorf("approve plan %s: %w", planID, err)
	}
	c.Replan()
	return p, nil
}

// waiting is the newest plan that is held or approved, nil for none.
func (c *cycle) waiting() (*state.Plan, error) {
	plans, err := c.Store.Plans(c.Source, plansSearched)
	if err != nil {
		return nil, fmt.Errorf("list plans: %w", err)
	}
	for _, p := range plans {
		if p.Status == state.PlanHeld || p.Status == state.PlanApproved {
			return &p, nil
		}
	}
	return nil, nil
}

// release ends a held plan whose reason is gone.
func (c *cycle) release(p *state.Plan) error {
	if p == nil {
		return nil
	}
	p.Status = state.PlanReplaced
	return c.commit(state.Batch{Plan: p})
}

// planID is short enough to type and differs for every plan: one that is taken
// by chance is passed over.
func (c *cycle) planID(n int) string {
	for try := 0; ; try++ {
		h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d\x00%s", c.Source, c.now.UnixNano(), n+try<<32, c.Policy.Hash()))
		id := "p-" + hex.EncodeToString(h[:4])
		if _, err := c.Store.Plan(id); err != nil {
			return id
		}
	}
}

func (c *cycle) entry(planID string, n int, i item, ch issue.Change, s state.EntryStatus) state.Entry {
	e := state.Entry{Plan: planID, N: n, Source: c.Source, ID: i.id, Key: i.key, Change: ch, Status: s, At: c.now, Lane: i.lane}
	e.Applied, e.HadApplied = i.applied[ch.Field]
	return e
}
