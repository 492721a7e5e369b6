package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// shareFloor keeps the share from stopping every step of a small backlog.
	shareFloor = 10
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
	// Lanes bound the issues by the lane that policy gives them.
	Lanes map[string]int
	// Expires is how long a held plan waits for a person, and Approval how long
	// an approval waits for its cycle; 0 is without an end.
	Expires, Approval time.Duration
}

// HeldUntil is when a waiting plan expires, zero for never.
func (g Guard) HeldUntil(p *state.Plan) time.Time {
	since, life := p.HeldAt, g.Expires
	if since.IsZero() {
		since = p.At
	}
	if p.Status == state.PlanApproved {
		since, life = p.ByAt, g.Approval
	}
	if life <= 0 {
		return time.Time{}
	}
	return since.Add(life)
}

func (g Guard) expired(p *state.Plan, now time.Time) bool {
	end := g.HeldUntil(p)
	return !end.IsZero() && !now.Before(end)
}

// stops says why a plan must wait, or "".
func (g Guard) stops(items []item, open int) string {
	moved, clears, changes, lanes := 0, 0, 0, map[string]int{}
	for _, i := range items {
		if i.moved {
			moved++
		}
		changes, clears = changes+i.size, clears+i.clears
		lanes[i.lane]++
	}
	for _, lane := range slices.Sorted(maps.Keys(g.Lanes)) {
		if most := g.Lanes[lane]; lanes[lane] > most {
			return fmt.Sprintf("it changes %d issues of lane %s; guard.lanes.%s.max_changes is %d", lanes[lane], lane, lane, most)
		}
	}
	share := g.share(open)
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

// admit lets a plan through the guard, or stores it as held. It returns the
// items that may be sent now. An approval holds for a plan of the same policy
// that is no larger than the approved one by more than what needs no approval,
// and for the lanes that it names.
func (c *cycle) admit(items []item, sum *state.Summary) ([]item, error) {
	c.plans.Lock()
	defer c.plans.Unlock()
	t, err := c.Store.Totals(c.Source)
	if err != nil {
		return nil, fmt.Errorf("count issues: %w", err)
	}
	waiting, err := c.unexpired()
	if err != nil {
		return nil, err
	}
	why := c.Guard.stops(items, t.Open)
	if waiting != nil && waiting.Status == state.PlanApproved && c.fits(waiting, items, t.Open) {
		if err := c.settlePlan(waiting, state.PlanDone); err != nil {
			return nil, err
		}
		if len(waiting.Lanes) == 0 {
			return items, nil
		}
		return c.part(items, waiting, t.Open)
	}
	if same := waiting != nil && waiting.PolicyHash == c.Policy.Hash(); why == "" && same && waiting.RestOf != "" && waiting.Status == state.PlanHeld {
		why = waiting.Reason // a person chose what may pass; the rest does not slip through for being small
	}
	if why == "" {
		return items, c.release(waiting)
	}
	return nil, c.hold(items, waiting, t.Open, state.Plan{Reason: why, Summary: sum})
}

// fits tells whether an approval holds for the items of now.
func (c *cycle) fits(p *state.Plan, items []item, open int) bool {
	n, approved, lanes := len(items), p.Issues, map[string]int{}
	for _, i := range items {
		lanes[i.lane]++
	}
	if len(p.Lanes) > 0 {
		n, approved = 0, 0
		for _, l := range p.Lanes {
			n, approved = n+lanes[l], approved+p.Summary.Lanes[l]
		}
	}
	for lane, most := range c.Guard.Lanes {
		passes := len(p.Lanes) == 0 || slices.Contains(p.Lanes, lane)
		if passes && p.Summary != nil && lanes[lane] > p.Summary.Lanes[lane]+most {
			return false
		}
	}
	return p.PolicyHash == c.Policy.Hash() && n <= approved+c.Guard.spare(open)
}

// spare is how many issues more than the approved ones may pass: as many as pass
// without an approval.
func (g Guard) spare(open int) int {
	switch {
	case g.MaxShare <= 0:
		return g.MaxChanges
	case g.MaxChanges <= 0:
		return g.share(open)
	}
	return min(g.MaxChanges, g.share(open))
}

// share is how many of the open issues may be moved anew.
func (g Guard) share(open int) int {
	return max(shareFloor, int(math.Ceil(g.MaxShare*float64(open))))
}

// part sends the approved lanes of a plan and holds the rest as a new one.
func (c *cycle) part(items []item, approved *state.Plan, open int) ([]item, error) {
	var pass, rest []item
	sum := c.summing()
	for _, i := range items {
		if slices.Contains(approved.Lanes, i.lane) {
			pass = append(pass, i)
		} else {
			rest = append(rest, i)
		}
	}
	if len(rest) == 0 {
		return pass, nil
	}
	if err := sum.of(rest); err != nil {
		return nil, err
	}
	why := fmt.Sprintf("of plan %s only %s was approved", approved.ID, strings.Join(approved.Lanes, ", "))
	return pass, c.hold(rest, nil, open, state.Plan{Reason: why, Summary: sum.done(), RestOf: approved.ID})
}

// hold stores items as a plan that waits: as the waiting one of the same policy
// or as a new one.
func (c *cycle) hold(items []item, waiting *state.Plan, open int, p state.Plan) error {
	why, sum, level := p.Reason, p.Summary, slog.LevelDebug
	if waiting != nil && waiting.PolicyHash == c.Policy.Hash() && waiting.Status == state.PlanHeld {
		if p = *waiting; p.HeldAt.IsZero() {
			p.HeldAt = waiting.At // held by a version that did not note it
		}
	} else if err := c.release(waiting); err != nil {
		return err
	} else {
		p.ID, p.Source, p.PolicyHash, p.HeldAt = c.planID(len(items)), c.Source, c.Policy.Hash(), c.now
		level = slog.LevelWarn // once: it is held anew with each change
	}
	p.At, p.Mode, p.Open, p.Issues, p.Status, p.Reason, p.Summary = c.now, string(c.Mode), open, len(items), state.PlanHeld, why, sum
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
		return err
	}
	entries = append(entries, stale...)
	c.report.Held, c.waits, c.heldUntil = &p, true, c.Guard.HeldUntil(&p)
	c.Log.Log(c.ctx, level, "guard stopped a plan before its first write", "source", c.Source, "plan", p.ID, "why", why, "do", "lanekeeper approve "+p.ID)
	return c.commit(state.Batch{Plan: &p, Entries: entries})
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

// release ends a held plan whose reason is gone.
func (c *cycle) release(p *state.Plan) error {
	if p == nil {
		return nil
	}
	return c.settlePlan(p, state.PlanReplaced)
}

// settlePlan ends the wait of a plan; what it held is looked at anew.
func (c *cycle) settlePlan(p *state.Plan, s state.PlanStatus) error {
	p.Status = s
	entries, err := c.stale(p.ID, 0)
	if err != nil {
		return err
	}
	return c.commit(state.Batch{Plan: p, Entries: entries})
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
