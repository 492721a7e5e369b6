package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/report"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// reportPeriod is how far a policy report reaches back where nothing is said.
const reportPeriod = 90 * 24 * time.Hour

// Report implements web.Log.
func (a *App) Report(_ context.Context, f web.ReportFilter) (answer.PolicyReport, error) {
	g, err := a.gather(f)
	if err != nil {
		return answer.PolicyReport{}, err
	}
	g.in.Lanes, g.in.Bands = lanesAndBands(g.policies())
	if c := g.policies()[0].Spec().Inflation.UrgentHigh; c != nil {
		g.in.Cap = *c
	}
	return answer.PolicyReport{Report: report.Make(g.in)}, nil
}

// reportData is what a report is made of, while it is read.
type reportData struct {
	engine *engine
	filter web.ReportFilter
	in     report.Input
	teams  map[string]string // of known issues
	names  *people
}

func (a *App) gather(f web.ReportFilter) (*reportData, error) {
	g := &reportData{engine: a.current(), filter: f, teams: map[string]string{}, names: newPeople(f.Anonymous)}
	g.in.Now = a.opts.Now().UTC()
	if g.in.Since = f.Since.UTC(); f.Since.IsZero() {
		g.in.Since = g.in.Now.Add(-reportPeriod)
	}
	if !g.in.Since.Before(g.in.Now) {
		return nil, web.Errorf(web.Invalid, "since %s is in the future", f.Since.Format(time.RFC3339))
	}
	source, project, _ := strings.Cut(cmp.Or(f.Team, f.Source), "/")
	switch {
	case source != "" && g.engine.source(source) == nil:
		return nil, web.Errorf(web.NotFound, "source %q is not configured", source)
	case project == "":
		g.filter.Team = "" // a source is all of its teams
	case !knownTeam(g.engine.cfg, source, project):
		return nil, web.Errorf(web.NotFound, "team %q is not configured: want a source or source/PROJECT", f.Team)
	}
	if f.Source != "" && f.Team != "" && f.Source != source {
		return nil, web.Errorf(web.Invalid, "team %s is not of source %s", f.Team, f.Source)
	}
	for _, s := range g.engine.sources {
		if source == "" || s.Name == source {
			if err := a.store.Each(s.Name, func(r *state.Record) bool { g.record(r); return true }); err != nil {
				return nil, fmt.Errorf("list issues of %s: %w", s.Name, err)
			}
		}
	}
	until := g.in.Now.Add(time.Hour) // clocks of two runs may differ
	if err := a.store.LogBetween(g.in.Since, until, source, func(l state.Logged) bool { g.decision(&l); return true }); err != nil {
		return nil, fmt.Errorf("read decisions: %w", err)
	}
	if err := a.store.Acts(g.in.Since, until, source, func(act state.Act) bool { g.act(&act); return true }); err != nil {
		return nil, fmt.Errorf("read acts: %w", err)
	}
	slices.SortStableFunc(g.in.Moved, func(x, y report.Move) int { return x.At.Compare(y.At) })
	for n := range g.in.Issues {
		g.in.Issues[n].Reporter = g.names.shown(g.in.Issues[n].Reporter)
	}
	return g, nil
}

// policies are those that the report is about, the base one first.
func (g *reportData) policies() []*policy.Policy {
	if source, project, ok := strings.Cut(g.filter.Team, "/"); ok {
		return []*policy.Policy{g.engine.cfg.Set.For(source, project)}
	}
	return g.engine.cfg.Set.Policies()
}

func lanesAndBands(policies []*policy.Policy) (lanes []report.Lane, bands []report.Band) {
	for _, p := range policies {
		for _, l := range p.Lanes() {
			if !slices.ContainsFunc(lanes, func(o report.Lane) bool { return o.Name == l.Name }) {
				lanes = append(lanes, report.Lane{Name: l.Name, When: l.When, Stay: l.Stay})
			}
		}
	}
	for p, edge := range policies[0].Spec().Priority.Bands {
		bands = append(bands, report.Band{Priority: p, Edge: edge})
	}
	slices.SortFunc(bands, func(a, b report.Band) int { return cmp.Compare(b.Edge, a.Edge) })
	return lanes, bands
}

func identity(source, id string) string { return source + "/" + id }

func (g *reportData) record(r *state.Record) {
	i, d := &r.Issue, &r.Decision
	team := i.Source + "/" + i.Project
	if g.filter.Team != "" && !strings.EqualFold(g.filter.Team, team) {
		return
	}
	id := identity(i.Source, i.ID)
	g.teams[id] = team
	out := report.Issue{
		ID: id, Ref: i.Ref().String(), Title: i.Title, Open: i.Open(), Created: i.Created, Closed: i.Resolved, Source: i.Source, Team: team,
		Kind: string(i.Kind), Reporter: g.names.met(i.Reporter, i.Open()), Lane: d.Lane, Wanted: d.Priority, Priority: i.Priority, Score: d.Score,
		Value: d.ValuePerEffort(),
	}
	g.in.Issues = append(g.in.Issues, out)
}

// about tells whether an issue is one of those asked for.
func (g *reportData) about(id string) bool { return g.filter.Team == "" || g.teams[id] != "" }

func (g *reportData) decision(l *state.Logged) {
	id, d := identity(l.Source, l.ID), &l.Decision
	if !g.about(id) || d.Undecided != "" {
		return
	}
	p := report.Placing{At: d.At, Issue: id, Lane: d.Lane, Band: d.Band, Priority: d.Priority, Before: l.Before.Priority, Score: d.Score,
		Policy: d.PolicyHash, Pillars: map[string]float64{}}
	for _, r := range d.Rules {
		if r.Lane == d.Lane {
			p.Stayed = r.Result == policy.Stayed
		}
	}
	for _, x := range d.Pillars {
		if !x.Unknown {
			p.Pillars[x.Name] = x.Value
		}
	}
	for _, in := range d.Inputs {
		p.Inputs = append(p.Inputs, report.Value{Path: in.Path, Text: in.Value})
	}
	g.in.Placed = append(g.in.Placed, p)
}

func (g *reportData) act(a *state.Act) {
	id := identity(a.Source, a.ID)
	if a.Verb == state.Accepted || a.Verb == state.Declined {
		if g.about(id) {
			g.in.Answered = append(g.in.Answered, report.Reply{At: a.At, Issue: id, Rule: a.Rule, Accepted: a.Verb == state.Accepted})
		}
		return
	}
	if !g.about(id) || a.Verb != state.Overrode && a.Verb != state.Released || a.Field != issue.FieldLane && a.Field != issue.FieldPriority {
		return
	}
	m := report.Move{At: a.At, Issue: id, Field: a.Field, From: a.From, To: a.To, Ended: a.Verb == state.Released}
	if a.Field == issue.FieldLane {
		prefix := issue.FieldLane.Prefix()
		m.From = strings.TrimPrefix(a.From, prefix)
		var to []string // beside ours, where a person added a second label
		for _, v := range a.Field.Values(a.To) {
			if v != a.From {
				to = append(to, strings.TrimPrefix(v, prefix))
			}
		}
		m.To = strings.Join(to, " ")
	}
	g.in.Moved = append(g.in.Moved, m)
}

// people names reporters: by the display name as it is stored, with the account
// where two have the same, or by numbers.
type people struct {
	anonymous bool
	name      map[string]string // by account
	accounts  map[string]int    // how many have a name
	open      map[string]int    // issues by account
	numbers   map[string]int
}

func newPeople(anonymous bool) *people {
	return &people{anonymous: anonymous, name: map[string]string{}, accounts: map[string]int{}, open: map[string]int{}}
}

// met notes a reporter and returns the account, "" for nobody.
func (p *people) met(who issue.Person, open bool) string {
	account := cmp.Or(who.ID, who.Name, who.Email)
	if account == "" {
		return ""
	}
	if _, known := p.name[account]; !known {
		p.name[account] = cmp.Or(who.Name, account)
		p.accounts[p.name[account]]++
	}
	if open {
		p.open[account]++
	}
	return account
}

func (p *people) shown(account string) string {
	switch {
	case account == "":
		return ""
	case p.anonymous:
		return fmt.Sprintf("reporter %d", p.number(account))
	case p.accounts[p.name[account]] > 1:
		return p.name[account] + " (" + account + ")"
	}
	return p.name[account]
}

// number counts from the reporter with the most open issues.
func (p *people) number(account string) int {
	if p.numbers == nil {
		p.numbers = map[string]int{}
		list := sorted(p.name)
		slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(p.open[b], p.open[a]) })
		for n, a := range list {
			p.numbers[a] = n + 1
		}
	}
	return p.numbers[account]
}
