package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/lanekeeper/lanekeeper/internal/answer"
)

// Decisions implements Log.
func (c *Client) Decisions(ctx context.Context, f DecisionFilter) (all answer.Decisions, err error) {
	all.Decisions = []answer.Moved{}
	all.Next, err = pull(f.Limit, f.Cursor, func(limit int, cursor string) (int, string, error) {
		var page answer.Decisions
		q := query("lane", f.Lane, "source", f.Source, "move", string(f.Move), "since", stamp(f.Since),
			"until", stamp(f.Until), "limit", strconv.Itoa(limit), "cursor", cursor)
		err := c.call(ctx, http.MethodGet, c.at(q, "decisions"), nil, &page)
		all.Decisions = append(all.Decisions, page.Decisions...)
		return len(page.Decisions), page.Next, err
	})
	return all, err
}

// Plans implements Log.
func (c *Client) Plans(ctx context.Context, f PlanFilter) (all answer.Plans, err error) {
	all.Plans = []answer.Plan{}
	all.Next, err = pull(f.Limit, f.Cursor, func(limit int, cursor string) (int, string, error) {
		var page answer.Plans
		q := query("source", f.Source, "status", f.Status, "since", stamp(f.Since), "limit", strconv.Itoa(limit), "cursor", cursor)
		err := c.call(ctx, http.MethodGet, c.at(q, "plans"), nil, &page)
		all.Plans = append(all.Plans, page.Plans...)
		return len(page.Plans), page.Next, err
	})
	return all, err
}

// Plan implements Log.
func (c *Client) Plan(ctx context.Context, id string) (answer.Plan, error) {
	if id == "" {
		return answer.Plan{}, Errorf(Invalid, "name a plan, such as p-7f3a09")
	}
	return call[answer.Plan](ctx, c, http.MethodGet, c.at(nil, "plans", id), nil)
}

// Report implements Log.
func (c *Client) Report(ctx context.Context, f ReportFilter) (answer.PolicyReport, error) {
	anonymous := ""
	if f.Anonymous {
		anonymous = "true"
	}
	q := query("since", stamp(f.Since), "source", f.Source, "team", f.Team, "anonymous", anonymous)
	return call[answer.PolicyReport](ctx, c, http.MethodGet, c.at(q, "policy", "report"), nil)
}

// Changes implements Log.
func (c *Client) Changes(ctx context.Context, f ChangeFilter) (all answer.Changes, err error) {
	all.Changes = []answer.Change{}
	all.Next, err = pull(f.Limit, f.Cursor, func(limit int, cursor string) (int, string, error) {
		var page answer.Changes
		q := query("lane", f.Lane, "source", f.Source, "since", stamp(f.Since), "limit", strconv.Itoa(limit), "cursor", cursor)
		err := c.call(ctx, http.MethodGet, c.at(q, "changes"), nil, &page)
		all.Changes = append(all.Changes, page.Changes...)
		return len(page.Changes), page.Next, err
	})
	return all, err
}

// Sources implements Overview.
func (c *Client) Sources(ctx context.Context) (answer.Sources, error) {
	return call[answer.Sources](ctx, c, http.MethodGet, c.at(nil, "sources"), nil)
}

// Lanes implements Overview.
func (c *Client) Lanes(ctx context.Context, source string) (answer.Lanes, error) {
	return call[answer.Lanes](ctx, c, http.MethodGet, c.at(query("source", source), "lanes"), nil)
}

// PlanNow implements Planner.
func (c *Client) PlanNow(ctx context.Context, source string) (answer.Cycle, error) {
	return call[answer.Cycle](ctx, c, http.MethodGet, c.at(query("source", source), "plan"), nil)
}

// Approve implements Operator.
func (c *Client) Approve(ctx context.Context, r ApproveRequest) (answer.Plan, error) {
	if err := r.Validate(); err != nil {
		return answer.Plan{}, err
	}
	return call[answer.Plan](ctx, c, http.MethodPost, c.at(nil, "approve"), r)
}

// Pause implements Operator.
func (c *Client) Pause(ctx context.Context, by, reason string) (answer.Pause, error) {
	return call[answer.Pause](ctx, c, http.MethodPost, c.at(nil, "pause"), Command{By: by, Reason: reason})
}

// Resume implements Operator.
func (c *Client) Resume(ctx context.Context, by string) (answer.Pause, error) {
	return call[answer.Pause](ctx, c, http.MethodPost, c.at(nil, "resume"), Command{By: by})
}

// Undo implements Operator.
func (c *Client) Undo(ctx context.Context, r UndoRequest) (answer.Undo, error) {
	if err := r.Validate(); err != nil {
		return answer.Undo{}, err
	}
	return call[answer.Undo](ctx, c, http.MethodPost, c.at(nil, "undo"), r)
}

// Reload asks the daemon to load its configuration anew.
func (c *Client) Reload(ctx context.Context) (answer.Reload, error) {
	return call[answer.Reload](ctx, c, http.MethodPost, c.base.JoinPath("-", "reload"), struct{}{})
}
