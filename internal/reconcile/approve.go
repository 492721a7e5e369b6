package reconcile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// ErrNotHeld is returned for the approval of a plan that waits for none.
var ErrNotHeld = errors.New("only a held plan can be approved")

// NotHeldError is an ErrNotHeld that says what to do instead.
type NotHeldError struct {
	Plan    string
	Status  state.PlanStatus
	Waiting string // the plan of the same source that waits now, "" for none
}

func (e *NotHeldError) Error() string {
	s := fmt.Sprintf("plan %s is %s; %v", e.Plan, e.Status, ErrNotHeld)
	switch {
	case e.Waiting != "":
		return s + "; " + e.Waiting + " waits now"
	case e.Status == state.PlanApproved:
		return s + "; the next cycle carries it out"
	}
	return s + "; none of its source waits now"
}

// Is makes it an ErrNotHeld.
func (e *NotHeldError) Is(target error) bool { return target == ErrNotHeld }

// ErrNoSuchLane is returned for an approval of a lane that the plan does not
// touch.
var ErrNoSuchLane = errors.New("the plan changes no issue of that lane")

// Approval is a person's word for a held plan.
type Approval struct {
	Plan  string
	Lanes []string // only issues of these lanes; none means all
	By    string
}

// Approve lets a held plan, or a part of it, through the guard with the next
// cycle, which looks at everything anew. What it leaves is held as a new plan.
// It does not wait for a running cycle.
func (c *Cycler) Approve(a Approval) (state.Plan, error) {
	c.plans.Lock()
	defer c.plans.Unlock()
	p, err := c.Store.Plan(a.Plan)
	if err != nil {
		return p, fmt.Errorf("read plan %s: %w", a.Plan, err)
	}
	now := c.Now().UTC()
	if p.Status == state.PlanHeld && c.Guard.expired(&p, now) {
		p.Status = state.PlanExpired // the next cycle says so in the state too
	}
	if p.Status != state.PlanHeld {
		return p, c.notHeld(p)
	}
	if a.Lanes, err = lanesOf(&p, a.Lanes); err != nil {
		return p, err
	}
	p.Status, p.By, p.ByAt, p.Lanes = state.PlanApproved, a.By, now, a.Lanes
	act := state.Act{Verb: state.Approved, By: issue.Person{Name: a.By}, Plan: p.ID, Reason: p.Reason, PolicyHash: p.PolicyHash}
	if len(a.Lanes) > 0 {
		act.Reason = "only " + strings.Join(a.Lanes, ", ") + ": " + p.Reason
	}
	if err := c.Store.Commit(state.Batch{Source: c.Source, Plan: &p, Acts: []state.Act{act}, Now: p.ByAt}); err != nil {
		return p, fmt.Errorf("approve plan %s: %w", p.ID, err)
	}
	c.Replan()
	return p, nil
}

// lanesOf checks the lanes that an approval names against those of the plan.
func lanesOf(p *state.Plan, lanes []string) ([]string, error) {
	if len(lanes) == 0 {
		return nil, nil
	}
	if p.Summary == nil {
		return nil, fmt.Errorf("plan %s was held by an older version, which did not count its lanes: approve it as a whole, or wait for the next cycle: %w", p.ID, ErrNoSuchLane)
	}
	lanes = slices.Compact(slices.Sorted(slices.Values(lanes)))
	for _, l := range lanes {
		if p.Summary.Lanes[l] == 0 {
			return nil, fmt.Errorf("plan %s, lane %q: %w; it has %s", p.ID, l, ErrNoSuchLane, strings.Join(sortedKeys(p.Summary.Lanes), ", "))
		}
	}
	if len(lanes) == len(p.Summary.Lanes) {
		return nil, nil
	}
	return lanes, nil
}

// notHeld names the plan that waits instead.
func (c *Cycler) notHeld(p state.Plan) error {
	e := &NotHeldError{Plan: p.ID, Status: p.Status}
	w, err := c.waiting()
	if err != nil {
		return err
	}
	if w != nil && w.ID != p.ID && w.Status == state.PlanHeld {
		e.Waiting = w.ID
	}
	return e
}

// Waiting is the held plan of the source, nil for none.
func (c *Cycler) Waiting() (*state.Plan, error) {
	p, err := c.waiting()
	if err != nil || p == nil || p.Status != state.PlanHeld || c.Guard.expired(p, c.Now()) {
		return nil, err
	}
	return p, nil
}

// waiting is the newest plan that is held or approved, nil for none.
func (c *Cycler) waiting() (*state.Plan, error) {
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

// unexpired is the waiting plan, unless its time is over: then it is ended, and
// the guard judges anew.
func (c *cycle) unexpired() (*state.Plan, error) {
	p, err := c.waiting()
	if err != nil || p == nil || !c.Guard.expired(p, c.now) {
		return p, err
	}
	c.Log.Warn("a plan that waited expired", "source", c.Source, "plan", p.ID, "was", string(p.Status), "since", p.HeldAt)
	return nil, c.settlePlan(p, state.PlanExpired)
}
