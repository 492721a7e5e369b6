package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/lanekeeper/lanekeeper/internal/answer"
)

// How much of each list the pages show.
const (
	topIssues     = 5
	newestChanges = 12
	urgentClocks  = 10
	contestsShown = 10
	issuesPerPage = 50
	historyEvents = 100
	planChanges   = 500
)

// overview is the data of the first page.
type overview struct {
	Sources []answer.Source
	Lanes   answer.Lanes
	Held    []answer.Plan
	// Contests are moves of a lane that wait for an approver.
	Contests answer.Overrides
	Tops     []top
	SLAs     answer.SLAs // the most urgent
	Changes  []answer.Change
}

// top is the head of one lane's queue.
type top struct {
	Lane  answer.Lane
	Items []answer.Item
}

func (s *server) overviewPage(ctx context.Context, _ *http.Request, v *view) error {
	o := overview{Sources: v.Data.(answer.Sources).Sources}
	var err error
	if o.Lanes, err = s.Overview.Lanes(ctx, ""); err != nil {
		return err
	}
	held, err := s.Log.Plans(ctx, PlanFilter{Status: "held", Limit: topIssues})
	if err != nil {
		return err
	}
	o.Held = held.Plans
	overridden := func(s answer.Source) bool { return s.Overridden > 0 }
	if s.Rights != nil && slices.ContainsFunc(o.Sources, overridden) { // the list reads every record
		if o.Contests, err = s.Rights.Overrides(ctx, OverrideFilter{Contested: true, Limit: contestsShown}); err != nil {
			return err
		}
	}
	// One list of all is cheaper than one for each lane: each reads every record.
	all, err := s.Issues.Issues(ctx, IssueFilter{})
	if err != nil {
		return err
	}
	o.Tops = heads(o.Lanes.Lanes, all.Issues)
	if o.SLAs, err = s.Issues.SLAs(ctx, IssueFilter{Limit: urgentClocks}); err != nil {
		return err
	}
	changes, err := s.Log.Changes(ctx, ChangeFilter{Limit: newestChanges})
	if err != nil {
		return err
	}
	o.Changes = changes.Changes
	v.Title, v.Nav, v.Data = "Overview", "overview", o
	return nil
}

// heads cuts the first issues of each lane that has any from a ranked list.
func heads(lanes []answer.Lane, ranked []answer.Item) []top {
	byLane := map[string][]answer.Item{}
	for _, i := range ranked {
		if len(byLane[i.Lane]) < topIssues {
			byLane[i.Lane] = append(byLane[i.Lane], i)
		}
	}
	var out []top
	for _, l := range lanes {
		if items := byLane[l.Lane]; len(items) > 0 {
			out = append(out, top{l, items})
		}
	}
	return out
}

// issueList is the data of the list of issues.
type issueList struct {
	Filter  IssueFilter
	Lanes   []string
	Sources []string
	List    answer.Issues
	First   string // link to the first page, "" where this is it
	Next    string // link to the next page, "" on the last
}

func (s *server) issuesPage(ctx context.Context, r *http.Request, v *view) error {
	p := s.params(r.URL.RawQuery, "lane", "source", "q", "cursor")
	l := issueList{Filter: p.issues()}
	if p.err != nil {
		return p.err
	}
	l.Filter.Limit = issuesPerPage
	for _, src := range v.Data.(answer.Sources).Sources {
		l.Sources = append(l.Sources, src.Source)
	}
	lanes, err := s.Overview.Lanes(ctx, "")
	if err != nil {
		return err
	}
	for _, lane := range lanes.Lanes {
		l.Lanes = append(l.Lanes, lane.Lane)
	}
	if l.List, err = s.Issues.Issues(ctx, l.Filter); err != nil {
		return err
	}
	if l.Filter.Cursor != "" {
		l.First = l.link("")
	}
	if l.List.Next != "" {
		l.Next = l.link(l.List.Next)
	}
	v.Title, v.Nav, v.Data = "Issues", "issues", l
	return nil
}

// link leads to another page of the same list.
func (l issueList) link(cursor string) string {
	q := query("lane", l.Filter.Lane, "source", l.Filter.Source, "q", l.Filter.Text, "cursor", cursor)
	u := url.URL{Path: "/issues", RawQuery: q.Encode()}
	return u.String()
}

// explained is the data of one issue's page.
type explained struct {
	answer.Explanation
	Verdict []string
	Absence []string
	History answer.History
}

func (s *server) issuePage(ctx context.Context, r *http.Request, v *view) error {
	e, err := s.Issues.Explain(ctx, refOf(r))
	if err != nil {
		return err
	}
	h, err := s.Issues.History(ctx, refOf(r), historyEvents)
	if err != nil {
		return err
	}
	v.Title, v.Nav = answer.Clean(e.Ref+" "+e.Title), "issues"
	v.Data = explained{e, e.Verdict(v.Style), e.Absence(v.Style), h}
	return nil
}

// plannedPage is the data of one plan's page.
type plannedPage struct {
	answer.Plan
	Shown []answer.Change
	Left  int // changes that are not shown
}

func (s *server) planPage(ctx context.Context, r *http.Request, v *view) error {
	p, err := s.Log.Plan(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	shown := p.Changes[:min(len(p.Changes), planChanges)]
	v.Title, v.Data = "Plan "+p.ID, plannedPage{p, shown, len(p.Changes) - len(shown)}
	return nil
}
