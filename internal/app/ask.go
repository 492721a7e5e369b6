package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// staleCycles is how many missed pulls make a source unhealthy, and
	// staleLeast the least time that does.
	staleCycles = 3
	staleLeast  = 5 * time.Minute
	// writesShown is how many past writes an explanation lists.
	writesShown = 10
)

// lanes are the lanes of the base policy, and after them those that only the
// policies of single projects have.
func (e *engine) lanes() []policy.LaneSpec {
	var out []policy.LaneSpec
	for _, p := range e.cfg.Set.Policies() {
		for _, l := range p.Lanes() {
			if !slices.ContainsFunc(out, func(o policy.LaneSpec) bool { return o.Name == l.Name }) {
				out = append(out, l)
			}
		}
	}
	return out
}

// spread lays the totals of one source, or the sum of several, over lanes and
// marks.
func (e *engine) spread(source string, totals ...state.Totals) answer.Lanes {
	sum := answer.SumTotals(totals...)
	out := answer.NewLanes(source, e.lanes(), sum, e.cfg.Set.Hash())
	out.Marks = answer.NewMarks(e.cfg.Set.For(source, "").Spec().Marks, sum)
	return out
}

func (e *engine) laneNames() []string {
	var out []string
	for _, l := range e.lanes() {
		out = append(out, l.Name)
	}
	return out
}

// items lists the open issues that keep says yes to, in rank order. Each has
// its place among all open issues of its team.
func (a *App) items(e *engine, keep func(*state.Record) bool) ([]answer.Item, error) {
	var items []answer.Item
	kept := map[string]bool{}
	for _, s := range e.sources {
		err := a.store.Each(s.Name, func(r *state.Record) bool {
			if r.Issue.Open() {
				items = append(items, answer.ItemOf(r))
				if keep(r) {
					kept[s.Name+"/"+r.Issue.ID] = true
				}
			}
			return true
		})
		if err != nil {
			return nil, fmt.Errorf("list issues of %s: %w", s.Name, err)
		}
	}
	answer.PlaceInTeams(items)
	items = slices.DeleteFunc(items, func(it answer.Item) bool { return !kept[issue.ParseRef(it.Ref).Source+"/"+it.ID] })
	answer.Rank(items, e.laneNames())
	return items, nil
}

// Issues implements web.Issues.
func (a *App) Issues(_ context.Context, f web.IssueFilter) (answer.Issues, error) {
	e := a.current()
	text := strings.ToLower(f.Text)
	items, err := a.items(e, func(r *state.Record) bool {
		d := &r.Decision
		return (f.Lane == "" || f.Lane == d.Lane) && (f.Source == "" || f.Source == r.Issue.Source) && (f.SLA == "" || f.SLA == d.SLA) &&
			(text == "" || strings.Contains(strings.ToLower(r.Issue.Key+" "+r.Issue.Title), text))
	})
	if err != nil {
		return answer.Issues{}, err
	}
	out := answer.Issues{Total: len(items)}
	out.Issues, out.Next, err = page(items, f.Limit, f.Cursor)
	return out, err
}

// position reads a cursor, which is a position in a list.
func position(cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(cursor)
	if err != nil || n < 0 || n > 1<<40 {
		return 0, web.Errorf(web.Invalid, "cursor %q is not one of ours: take it from the answer before", cursor)
	}
	return n, nil
}

// upTo is how many elements of a list a page needs, and one that tells whether
// there are more; 0 is all.
func upTo(limit int, cursor string) (int, error) {
	from, err := position(cursor)
	if err != nil || limit <= 0 {
		return 0, err
	}
	return from + limit + 1, nil
}

// page cuts a list at a cursor.
func page[T any](list []T, limit int, cursor string) ([]T, string, error) {
	from, err := position(cursor)
	if err != nil {
		return nil, "", err
	}
	from = min(from, len(list))
	list = list[from:]
	if limit <= 0 || len(list) <= limit {
		return list, "", nil
	}
	return list[:limit], strconv.Itoa(from + limit), nil
}

// find looks an issue up and turns what is wrong into words.
func (a *App) find(ref issue.Ref) (*state.Record, error) {
	r, err := a.store.Find(ref.Source, ref.Key)
	switch ambiguous := (*state.AmbiguousError)(nil); {
	case errors.As(err, &ambiguous):
		return nil, web.Errorf(web.Invalid, "%w", err)
	case errors.Is(err, state.ErrNotFound):
		return nil, web.Errorf(web.NotFound, "%s is not known: it may be closed since before the first pull, out of scope, or misspelt; lanekeeper issues lists what is known", name(ref))
	case err != nil:
		return nil, fmt.Errorf("find %s: %w", name(ref), err)
	}
	return r, nil
}

func name(ref issue.Ref) string {
	if ref.Source == "" {
		return ref.Key
	}
	return ref.String()
}

// Explain implements web.Issues.
func (a *App) Explain(_ context.Context, ref issue.Ref) (answer.Explanation, error) {
	r, err := a.find(ref)
	if err != nil {
		return answer.Explanation{}, err
	}
	e := a.current()
	now := e.cfg.Set.For(r.Issue.Source, r.Issue.Project)
	x := answer.NewExplanation(r, a.reasons(now, r))
	x.Cause = a.cause(r.LoggedAs)
	for n, o := range x.Overrides {
		if len(o.Contested) > 0 {
			x.Overrides[n].Approvers = e.approversOf(r)(o.Contested)
		}
	}
	if sla := a.slaOf(e, r); sla != nil {
		x.SLA = sla
	}
	if x.TeamPercentile, err = a.placeInTeam(r); err != nil {
		return x, fmt.Errorf("explain %s: %w", r.Issue.Ref(), err)
	}
	entries, err := a.store.EntriesOf(r.Issue.Source, r.Issue.ID)
	if err != nil {
		return x, fmt.Errorf("explain %s: %w", r.Issue.Ref(), err)
	}
	for _, en := range entries {
		if len(x.Writes) == writesShown {
			break
		}
		if en.Status == state.EntryApplied || en.Status == state.EntryUndone {
			x.Writes = append(x.Writes, answer.ChangeOf(en))
		}
	}
	if s := e.source(r.Issue.Source); s != nil {
		x.Mode = cmp.Or(r.Decision.Mode, string(s.Mode))
		for _, l := range s.cycler.Outstanding(r) {
			x.Outstanding = append(x.Outstanding, answer.NewChange(l.Ref.Source, l.ID, l.Ref.Key, l.Change, answer.Status(l.Status)))
		}
	}
	return x, nil
}

// placeInTeam is the percentile of an open, decided issue among those of its
// team.
func (a *App) placeInTeam(r *state.Record) (*float64, error) {
	if !r.Issue.Open() || r.Decision.Undecided != "" {
		return nil, nil
	}
	team := []answer.Item{answer.ItemOf(r)}
	err := a.store.Each(r.Issue.Source, func(o *state.Record) bool {
		if o.Issue.Open() && o.Issue.Project == r.Issue.Project && o.Issue.ID != r.Issue.ID {
			team = append(team, answer.ItemOf(o))
		}
		return true
	})
	answer.PlaceInTeams(team)
	return team[0].TeamPercentile, err
}

// reasons has the policy put a decision into words: the policy that made it,
// where it is still known.
func (a *App) reasons(now *policy.Policy, r *state.Record) answer.Reasons {
	p := now
	if h := r.Decision.PolicyHash; h != "" && h != now.Hash() {
		if text, err := a.store.Policy(h); err == nil {
			if old, err := policy.FromCanonical(text); err == nil {
				p = old
			}
		}
	}
	in := policy.Input{Issue: &r.Issue, Now: a.opts.Now(), Memory: r.Memory, Signals: a.signals()}
	return answer.Reasons{Policy: p.Explain(r.Decision, &r.Issue), Flips: p.Flips(in, r.Decision), Current: now.Hash()}
}

func (a *App) signals() policy.Signals {
	if s := a.current().signals; s != nil {
		return s.Snapshot()
	}
	return nil
}

func (a *App) cause(seq uint64) string {
	if seq == 0 {
		return ""
	}
	l, err := a.store.LogEntry(seq)
	if err != nil {
		return ""
	}
	return l.Cause
}

// History implements web.Issues.
func (a *App) History(_ context.Context, ref issue.Ref, limit int) (answer.History, error) {
	r, err := a.find(ref)
	if err != nil {
		return answer.History{}, err
	}
	logged, err := a.store.Log(r.Issue.Source, r.Issue.ID, limit)
	if err != nil {
		return answer.History{}, fmt.Errorf("history of %s: %w", r.Issue.Ref(), err)
	}
	entries, err := a.store.EntriesOf(r.Issue.Source, r.Issue.ID)
	if err != nil {
		return answer.History{}, fmt.Errorf("history of %s: %w", r.Issue.Ref(), err)
	}
	h := answer.NewHistory(&r.Issue, logged, entries, a.current().laneNames())
	if n := len(logged); n > 0 && logged[n-1].Previous != 0 {
		h.Truncated = true // beyond the limit, or expired
	}
	if limit > 0 && len(h.Events) > limit {
		h.Events, h.Truncated = h.Events[:limit], true
	}
	return h, nil
}

// Decisions implements web.Log.
func (a *App) Decisions(_ context.Context, f web.DecisionFilter) (answer.Decisions, error) {
	lanes := a.current().laneNames()
	if f.Until.IsZero() {
		f.Until = a.opts.Now().Add(time.Hour) // clocks of two runs may differ
	}
	most, err := upTo(f.Limit, f.Cursor)
	if err != nil {
		return answer.Decisions{}, err
	}
	var all []answer.Moved
	err = a.store.LogBetween(f.Since, f.Until, f.Source, func(l state.Logged) bool {
		m := answer.MovedOf(l, lanes)
		if (f.Lane == "" || f.Lane == m.From.Lane || f.Lane == m.To.Lane) && (f.Move == "" || f.Move == m.Move) {
			all = append(all, m)
		}
		if most > 0 && len(all) >= 2*most { // a log may be larger than the memory
			all = slices.Delete(all, 0, len(all)-most)
		}
		return true
	})
	if err != nil {
		return answer.Decisions{}, fmt.Errorf("read decisions: %w", err)
	}
	slices.Reverse(all)
	out := answer.Decisions{}
	out.Decisions, out.Next, err = page(all, f.Limit, f.Cursor)
	if out.Decisions == nil {
		out.Decisions = []answer.Moved{}
	}
	return out, err
}

// Plans implements web.Log.
func (a *App) Plans(_ context.Context, f web.PlanFilter) (answer.Plans, error) {
	plans := []answer.Plan{}
	for _, s := range a.current().sources {
		if f.Source != "" && f.Source != s.Name {
			continue
		}
		stored, err := a.store.Plans(s.Name, 0)
		if err != nil {
			return answer.Plans{}, fmt.Errorf("list plans of %s: %w", s.Name, err)
		}
		for _, p := range stored {
			if (f.Status == "" || f.Status == string(p.Status)) && !p.At.Before(f.Since) {
				plans = append(plans, a.describe(p, nil))
			}
		}
	}
	slices.SortStableFunc(plans, func(x, y answer.Plan) int { return cmp.Or(y.At.Compare(x.At), cmp.Compare(x.ID, y.ID)) })
	var out answer.Plans
	var err error
	out.Plans, out.Next, err = page(plans, f.Limit, f.Cursor)
	return out, err
}

// Plan implements web.Log.
func (a *App) Plan(_ context.Context, id string) (answer.Plan, error) {
	p, err := a.plan(id)
	if err != nil {
		return answer.Plan{}, err
	}
	entries, err := a.store.Entries(id)
	if err != nil {
		return answer.Plan{}, fmt.Errorf("read plan %s: %w", id, err)
	}
	out := a.describe(p, entries)
	s := a.current().source(p.Source)
	if s == nil || p.Status != state.PlanHeld && p.Status != state.PlanApproved {
		return out, nil
	}
	present, err := s.cycler.Present(entries)
	if err != nil {
		return answer.Plan{}, fmt.Errorf("compare plan %s with the present: %w", id, err)
	}
	out.Present = &answer.Present{Unlisted: p.Changes - len(entries)}
	for n, word := range present {
		out.Changes[n].Present = string(word)
		out.Present.Count(string(word))
	}
	return out, nil
}

// describe tells of a plan, and until when it waits.
func (a *App) describe(p state.Plan, entries []state.Entry) answer.Plan {
	out := answer.NewPlan(p, entries)
	if s := a.current().source(p.Source); s != nil && (p.Status == state.PlanHeld || p.Status == state.PlanApproved) {
		out.Expires = s.cycler.Guard.HeldUntil(&p)
	}
	return out
}

func (a *App) plan(id string) (state.Plan, error) {
	p, err := a.store.Plan(id)
	if errors.Is(err, state.ErrNotFound) {
		return p, web.Errorf(web.NotFound, "plan %s is not known; held plans are on the page and in /api/v1/plans?status=held", id)
	}
	if err != nil {
		return p, fmt.Errorf("read plan %s: %w", id, err)
	}
	return p, nil
}

// Sources implements web.Overview.
func (a *App) Sources(context.Context) (answer.Sources, error) {
	list, err := a.sourceList()
	if err != nil {
		return answer.Sources{}, err
	}
	out := answer.Sources{Sources: list}
	p, err := a.store.Paused()
	if err != nil {
		return out, fmt.Errorf("read pause: %w", err)
	}
	if p.On {
		pause := pauseOf(p)
		out.Pause = &pause
	}
	return out, nil
}

func (a *App) sourceList() ([]answer.Source, error) {
	e, now := a.current(), a.opts.Now()
	list := []answer.Source{}
	for _, s := range e.sources {
		in := answer.SourceInput{Name: s.Name, Mode: string(s.Mode), Tracker: s.kind(), Now: now, StaleAfter: e.staleAfter(now)}
		var err error
		if in.State, err = a.stateOf(s); err != nil {
			return nil, fmt.Errorf("read state of %s: %w", s.Name, err)
		}
		if in.Totals, err = a.store.Totals(s.Name); err != nil {
			return nil, fmt.Errorf("count issues of %s: %w", s.Name, err)
		}
		for _, name := range sorted(a.budgets.of(s.Name)) {
			in.Budget = append(in.Budget, answer.Budget{Budget: name, Remaining: a.budgets.of(s.Name)[name]})
		}
		list = append(list, answer.NewSource(in))
	}
	return list, nil
}

func (s *source) kind() string {
	if s.Jira != nil {
		return "jira"
	}
	return "linear"
}

// staleAfter is the age of the last good cycle beyond which a source is not
// healthy.
func (e *engine) staleAfter(now time.Time) time.Duration {
	next := e.cfg.Schedule.Pull.Next(now.In(e.cfg.Schedule.Timezone.Location))
	period := e.cfg.Schedule.Pull.Next(next).Sub(next)
	return max(staleLeast, staleCycles*period)
}

// Lanes implements web.Overview.
func (a *App) Lanes(_ context.Context, name string) (answer.Lanes, error) {
	e := a.current()
	if name != "" && e.source(name) == nil {
		return answer.Lanes{}, web.Errorf(web.NotFound, "source %q is not configured", name)
	}
	var totals []state.Totals
	for _, s := range e.sources {
		if name == "" || s.Name == name {
			t, err := a.store.Totals(s.Name)
			if err != nil {
				return answer.Lanes{}, fmt.Errorf("count issues of %s: %w", s.Name, err)
			}
			totals = append(totals, t)
		}
	}
	return e.spread(name, totals...), nil
}

// Ready implements web.Health.
func (a *App) Ready(context.Context) (answer.Readiness, error) {
	list, err := a.sourceList()
	if err != nil {
		return answer.Readiness{}, err
	}
	return answer.NewReadiness(list).With(a.alertChannels()), nil
}

// Changes implements web.Log: what was sent to the trackers, newest first.
func (a *App) Changes(_ context.Context, f web.ChangeFilter) (answer.Changes, error) {
	changes := []answer.Change{}
	for _, s := range a.current().sources {
		if f.Source != "" && f.Source != s.Name {
			continue
		}
		entries, err := a.store.EntriesSince(s.Name, f.Since)
		if err != nil {
			return answer.Changes{}, fmt.Errorf("list changes of %s: %w", s.Name, err)
		}
		for _, e := range entries {
			if e.Status != state.EntryHeld && (f.Lane == "" || f.Lane == e.Lane) {
				changes = append(changes, answer.ChangeOf(e))
			}
		}
	}
	slices.SortStableFunc(changes, func(x, y answer.Change) int {
		return cmp.Or(y.At.Compare(x.At), answer.CompareRefs(x.Ref, y.Ref), cmp.Compare(x.Field, y.Field))
	})
	var out answer.Changes
	var err error
	out.Changes, out.Next, err = page(changes, f.Limit, f.Cursor)
	return out, err
}
