package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/state"
)

// Ruling is what a person decides about one field of one issue.
type Ruling struct {
	ID     string // of the issue
	Verb   RulingVerb
	Field  issue.Field // of Release and Hold; the others are about the lane
	As     string      // of Agree and Reject: an approver, by address or account id
	By     string      // who gave the order
	Via    string      // command or API
	For    time.Duration
	Reason string
}

// RulingVerb says what a Ruling does.
type RulingVerb string

// The verbs.
const (
	Agree   RulingVerb = "approve" // a contested move becomes a plain override
	Reject  RulingVerb = "reject"  // policy's value is written again
	Release RulingVerb = "release" // an override ends
	Hold    RulingVerb = "hold"    // the present value stays
)

// The reasons for which a ruling is refused.
var (
	ErrNothing   = errors.New("nothing is held")
	ErrMayNot    = errors.New("may not decide")
	ErrContested = errors.New("the move is contested")
	ErrNoField   = errors.New("not a managed field")
	ErrHoldSpan  = errors.New("not a length of time that a value can be held for")
)

// longestHold bounds a hold: what is to stay for ever is a matter of policy.
const longestHold = 5 * 366 * 24 * time.Hour

// Rule carries out a ruling and returns the issue as it is kept now. It writes
// nothing to the tracker: the next cycle does. It waits for a running cycle.
func (c *Cycler) Rule(ctx context.Context, u Ruling) (*state.Record, error) {
	if err := c.Turn.take(ctx); err != nil {
		return nil, err
	}
	defer c.Turn.give()
	run := c.start(ctx, Task{})
	run.sense()
	var refused error
	err := run.change([]string{u.ID}, func(r *state.Record) bool {
		refused = run.rule(r, u)
		return refused == nil
	})
	if err := errors.Join(refused, err); err != nil {
		return nil, err
	}
	records, err := c.Store.Records(c.Source, []string{u.ID})
	if err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	if records[0] == nil {
		return nil, fmt.Errorf("issue %s: %w", u.ID, ErrNothing)
	}
	return records[0], nil
}

func (c *cycle) rule(r *state.Record, u Ruling) error {
	switch u.Verb {
	case Agree, Reject:
		return c.settle(r, u)
	case Release:
		return c.letGo(r, u)
	}
	return c.holdOn(r, u)
}

// settle ends a contest by the word of an approver of its lanes.
func (c *cycle) settle(r *state.Record, u Ruling) error {
	at := laneOverride(r)
	if at < 0 || len(r.Overrides[at].Contested) == 0 {
		return fmt.Errorf("%w: no contested move of %s waits for a decision", ErrNothing, r.Issue.Ref())
	}
	o := &r.Overrides[at]
	t := c.termsOf(c.Policy.For(c.Source, r.Issue.Project))
	who, mine, err := c.mayRule(t, o.Contested, u.As)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Issue.Ref(), err)
	}
	act := state.Act{Field: o.Field, From: o.From, To: o.Value, By: who, Reason: reasoned(u)}
	if u.Verb == Reject {
		act.Verb, act.From, act.To = state.Rejected, o.Value, o.Wanted
		free(r, o.Field, o.Value)
		drop(r, at)
		c.noted(r, act)
		return nil
	}
	act.Verb = state.Approved
	o.Contested = slices.DeleteFunc(slices.Clone(o.Contested), func(lane string) bool { return slices.Contains(mine, lane) })
	o.ApprovedBy, o.ApprovedAt, o.ApprovedHow = who, c.now, u.Via+" by "+u.By
	if len(o.Contested) == 0 {
		o.Contested, o.Unsure, o.Ask, o.Until = nil, false, time.Time{}, t.until(c.now)
	}
	c.noted(r, act)
	return nil
}

// mayRule resolves who decides, and lists the lanes among those contested that
// are theirs to decide about.
func (c *cycle) mayRule(t terms, contested []string, as string) (issue.Person, []string, error) {
	names := strings.Join(t.mayDecide(contested), ", ")
	refuse := func(why string) error {
		return fmt.Errorf("%q %w: %s; these may: %s (name one with --as)", as, ErrMayNot, why, names)
	}
	if c.Directory == nil {
		return issue.Person{}, nil, refuse("the tracker cannot be asked")
	}
	who, err := c.Directory.Account(c.ctx, as)
	switch k := connectors.KindOf(err); {
	case k == connectors.NotFound, k == connectors.Invalid:
		return who, nil, refuse(err.Error())
	case err != nil:
		return who, nil, fmt.Errorf("find the account of %s: %w", as, err)
	}
	mine, sure := c.lanesOf(t, contested, who.ID)
	switch {
	case len(mine) > 0:
		return who, mine, nil
	case !sure:
		return who, nil, fmt.Errorf("%w (%s)", errUnsureWho, names)
	}
	return who, nil, refuse("not an approver of " + strings.Join(contested, ", "))
}

// lanesOf lists the lanes of those given that are an account's to decide about.
// It is not sure where some approvers cannot be read.
func (c *cycle) lanesOf(t terms, lanes []string, account string) (mine []string, sure bool) {
	sure = true
	for _, lane := range lanes {
		may, known := c.approvers(t.lanes[lane].Approvers)
		sure = sure && known
		if may[account] {
			mine = append(mine, lane)
		}
	}
	return mine, sure
}

// letGo ends an override: the next cycle writes policy's value.
func (c *cycle) letGo(r *state.Record, u Ruling) error {
	at := slices.IndexFunc(r.Overrides, func(o state.Override) bool { return o.Field == u.Field })
	switch {
	case at < 0 && !slices.Contains(c.fields(r), u.Field) && u.Field != issue.FieldComment:
		return c.noField(r, u.Field)
	case at < 0:
		return fmt.Errorf("%w: %s of %s has no override", ErrNothing, u.Field, r.Issue.Ref())
	case len(r.Overrides[at].Contested) > 0:
		return contestedNow(r)
	}
	o := r.Overrides[at]
	if o.Field != issue.FieldComment {
		free(r, o.Field, plan.Actual(&r.Issue, o.Field))
	}
	drop(r, at)
	c.noted(r, state.Act{Verb: state.Released, Field: o.Field, From: o.Value, To: o.Wanted, By: issue.Person{Name: u.By}, Reason: reasoned(u)})
	return nil
}

// holdOn keeps the present value of a field, whatever policy wants.
func (c *cycle) holdOn(r *state.Record, u Ruling) error {
	at := slices.IndexFunc(r.Overrides, func(o state.Override) bool { return o.Field == u.Field })
	switch {
	case u.For <= 0 || u.For > longestHold:
		return badSpan(u.For)
	case !slices.Contains(c.fields(r), u.Field):
		return c.noField(r, u.Field)
	case at >= 0 && len(r.Overrides[at].Contested) > 0:
		return contestedNow(r)
	}
	o := c.keepPresent(r, u)
	c.noted(r, state.Act{Verb: state.HeldBack, Field: o.Field, From: o.Wanted, To: o.Value, By: o.By, Reason: untilWhen(o, u)})
	return nil
}

// keepPresent holds the present value of the ruling's field.
func (c *cycle) keepPresent(r *state.Record, u Ruling) state.Override {
	o := state.Override{Field: u.Field, Kind: state.Operator, Value: plan.Actual(&r.Issue, u.Field), By: issue.Person{Name: u.By},
		At: c.now, Until: c.now.Add(u.For), Lane: r.Decision.Lane, Reason: u.Reason}
	for _, w := range c.wants(r) {
		if w.Field == u.Field {
			o.Wanted = w.Value
		}
	}
	hold(r, o)
	return o
}

func untilWhen(o state.Override, u Ruling) string {
	return strings.TrimSuffix(fmt.Sprintf("until %s; %s", o.Until.Format(time.RFC3339), reasoned(u)), "; ")
}

func badSpan(d time.Duration) error {
	return fmt.Errorf("%s is %w: want more than 0 and at most 5 years", d, ErrHoldSpan)
}

func contestedNow(r *state.Record) error {
	return fmt.Errorf("%w: an approver decides with lanekeeper approve %s --as ACCOUNT, or --reject", ErrContested, r.Issue.Ref())
}

// fields are those that lanekeeper manages on an issue.
func (c *cycle) fields(r *state.Record) []issue.Field {
	out := []issue.Field{issue.FieldLane, issue.FieldHorizon, issue.FieldPriority, issue.FieldDue, issue.FieldAssignee, issue.FieldSLA}
	for _, m := range c.Policy.For(c.Source, r.Issue.Project).Spec().Marks {
		out = append(out, issue.Field(m.Prefix))
	}
	return out
}

func (c *cycle) noField(r *state.Record, f issue.Field) error {
	var known []string
	for _, k := range c.fields(r) {
		known = append(known, string(k))
	}
	return fmt.Errorf("%q is %w: want one of %s", f, ErrNoField, strings.Join(known, ", "))
}

// reasoned is why and by which way, for the record.
func reasoned(u Ruling) string {
	return strings.TrimSuffix(fmt.Sprintf("%s by %s: %s", u.Via, u.By, u.Reason), ": ")
}
