package linear

import (
	"context"
	"fmt"
	"strings"

	"github.com/shurcooL/graphql"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Check looks at everything that a source needs and changes nothing. The error
// is for a check that could not be made; what is wrong is among the findings.
func (c *Client) Check(ctx context.Context) ([]connectors.Finding, error) {
	r := &report{c: c}
	viewer, teams, err := c.readWorkspace(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		r.add(connectors.Failed, "credential", err.Error(), hintOf(err))
		return r.findings, nil
	}
	r.viewer(viewer)
	r.teams(teams)
	for _, step := range []func(context.Context) error{r.labels, r.customers, r.limits} {
		if err := step(ctx); err != nil {
			return r.findings, err
		}
	}
	for _, t := range teams {
		if err := r.slaRules(ctx, t); err != nil {
			return r.findings, err
		}
	}
	return r.findings, nil
}

type report struct {
	c        *Client
	findings []connectors.Finding
}

func (r *report) add(level connectors.Level, what, text, fix string) {
	r.findings = append(r.findings, connectors.Finding{Level: level, What: what, Text: text, Fix: fix})
}

// trouble turns an error into a finding, unless the whole check has to end.
func (r *report) trouble(ctx context.Context, what string, err error) error {
	if fatal(ctx, err) {
		return err
	}
	r.add(connectors.Warning, what, err.Error(), hintOf(err))
	return nil
}

func hintOf(err error) string {
	if e, ok := asError(err); ok {
		return e.Hint
	}
	return ""
}

func (r *report) viewer(v viewerNode) {
	who := v.Name
	if v.App {
		who += " (application)"
	}
	switch {
	case !v.Active:
		r.add(connectors.Failed, "credential", who+" is deactivated", "use the key of an active account")
	case v.Guest:
		r.add(connectors.Warning, "credential", "signed in as "+who+", a guest", "use an account that is a member of the teams")
	default:
		r.add(connectors.OK, "credential", "signed in as "+who, "")
	}
	r.add(connectors.OK, "write access", "not tested, as that needs a write; the key needs Read and Write on the teams", "")
}

func (r *report) teams(teams []teamNode) {
	for _, key := range r.c.invisible(teams) {
		r.add(connectors.Failed, "team "+key, "not found, or not visible to this key", "check the key (upper case) and the account's teams")
	}
	for _, t := range teams {
		if !t.RetiredAt.IsZero() {
			r.add(connectors.Warning, "team "+t.Key, t.Name+" is retired", "remove it from teams")
			continue
		}
		r.add(connectors.OK, "team "+t.Key, fmt.Sprintf("%s, %d issues, zone %s", t.Name, t.IssueCount, t.Timezone), "")
	}
}

// labels looks at the label groups. Children are created when first needed, so
// only what cannot work is wrong.
func (r *report) labels(ctx context.Context) error {
	if err := r.c.loadLabels(ctx); err != nil {
		return r.trouble(ctx, "labels", err)
	}
	for _, prefix := range r.c.o.LabelPrefixes {
		what := "label group " + prefix
		switch g := r.c.labels.workspaceLabel(prefix); {
		case g == nil:
			r.add(connectors.Warning, what, "does not exist yet; it is created with the first label",
				"let an admin create it if label management is restricted in the workspace")
		case g.retired:
			r.add(connectors.Failed, what, "is retired and cannot be applied", "restore it in Settings, Labels")
		case !g.group:
			r.add(connectors.Failed, what, "is a plain label, not a group", "turn it into a group or rename it")
		default:
			r.children(what, g)
		}
	}
	return nil
}

func (r *report) children(what string, g *label) {
	var there, retired []string
	labels := r.c.labels.all()
	for _, id := range sorted(r.c.labels.children([]string{g.id})) {
		if l := labels[id]; l.retired {
			retired = append(retired, l.name)
		} else {
			there = append(there, l.name)
		}
	}
	if strings.EqualFold(g.name+":", issue.FieldLane.Prefix()) && r.c.labels.find(issue.PinLabel, "") == nil {
		r.add(connectors.Warning, what, "has no label pinned, so that people cannot pin an issue", "create the label pinned in the group")
	}
	r.add(connectors.OK, what, fmt.Sprintf("exists with %d labels (%s)", len(there), strings.Join(there, ", ")), "")
	if len(retired) > 0 {
		r.add(connectors.Warning, what, "has retired labels that cannot be applied: "+strings.Join(retired, ", "), "restore them in Settings, Labels, if a lane needs them")
	}
}

func (r *report) customers(ctx context.Context) error {
	if !r.c.in.Has(issue.InputCustomers) {
		return nil
	}
	on, refused, err := r.c.customersOn(ctx)
	switch {
	case err != nil:
		return r.trouble(ctx, "customers", err)
	case refused:
		r.add(connectors.Warning, "customers", "cannot be read: the plan or the key lacks them", "upgrade, widen the key, or give the pillar a default")
	case !on:
		r.add(connectors.Warning, "customers", "are switched off in the workspace", "switch them on in Settings, or give the pillar a default")
	default:
		r.add(connectors.OK, "customers", "can be read", "")
	}
	return nil
}

type limitsQuery struct {
	RateLimitStatus struct {
		Limits []limitNode `json:"limits"`
	} `json:"rateLimitStatus"`
}

type limitNode struct {
	Type      string  `json:"type"`
	Allowed   float64 `json:"allowedAmount" graphql:"allowedAmount"`
	Remaining float64 `json:"remainingAmount" graphql:"remainingAmount"`
}

func (r *report) limits(ctx context.Context) error {
	var q limitsQuery
	if _, err := r.c.query(ctx, call{op: "rateLimitStatus", doc: &q, price: 3, decode: into(&q)}); err != nil {
		return r.trouble(ctx, "rate limit", err)
	}
	for _, l := range q.RateLimitStatus.Limits {
		level, fix := connectors.OK, ""
		if l.Allowed > 0 && l.Remaining < l.Allowed/10 {
			level, fix = connectors.Warning, "give lanekeeper a user of its own: all keys of one user share one budget"
		}
		r.add(level, "rate limit "+l.Type, fmt.Sprintf("%.0f of %.0f left this hour", l.Remaining, l.Allowed), fix)
	}
	return nil
}

type slaQuery struct {
	Rules []slaRule `json:"slaConfigurations" graphql:"slaConfigurations(teamId: $team)"`
}

type slaRule struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	RemovesSLA bool   `json:"removesSla" graphql:"removesSla"`
}

// slaRules warns of Linear's own rules: they answer every change of priority
// seconds later, and an SLA erases the due date.
func (r *report) slaRules(ctx context.Context, t teamNode) error {
	what := "SLA rules of " + t.Key
	var q slaQuery
	vars := map[string]any{"team": graphql.String(t.ID)}
	_, err := r.c.query(ctx, call{op: "slaConfigurations", doc: &q, vars: vars, price: 3, decode: into(&q)})
	switch {
	case off(err) || err == nil && len(q.Rules) == 0:
		r.add(connectors.OK, what, "none", "")
		return nil
	case err != nil:
		return r.trouble(ctx, what, err)
	}
	var names []string
	for _, rule := range q.Rules {
		names = append(names, rule.Name)
	}
	list := strings.Join(names, ", ")
	switch r.c.s.Dates {
	case DatesNone:
		r.add(connectors.OK, what, list+"; lanekeeper writes no dates here", "")
	case DatesDue:
		r.add(connectors.Warning, what, list+"; an SLA that they apply erases the due date that lanekeeper writes", "delete the rules, or set dates: none")
	default:
		r.add(connectors.Warning, what, list+"; they overwrite the SLA that lanekeeper writes whenever a priority changes", "delete the rules, or set dates: none")
	}
	return nil
}
