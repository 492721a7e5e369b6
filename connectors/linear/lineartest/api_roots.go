package lineartest

import "time"

// root makes a field of Query or Mutation; roots have no value of their own.
func root(f func(x *run, a args) (any, error)) resolver {
	return resolver{one: func(x *run, _ any, a args) (any, error) { return f(x, a) }}
}

// found answers a thing by id, or Linear's error where it is missing.
func found[T any](v *T, kind string) (any, error) {
	if v == nil {
		return nil, notFound(kind)
	}
	return v, nil
}

func (a *api) addRoots() {
	w := func(x *run) *world { return &x.s.world }
	a.types["Query"] = fields{
		"viewer":       root(func(x *run, _ args) (any, error) { return w(x).viewer, nil }),
		"organization": root(func(x *run, _ args) (any, error) { return &w(x).org, nil }),
		"team":         root(func(x *run, a args) (any, error) { return found(w(x).team(a.text("id")), "Team") }),
		"user":         root(userRoot),
		"issue":        root(func(x *run, a args) (any, error) { return found(w(x).find(a.text("id")), "Issue") }),
		"issueLabel":   root(func(x *run, a args) (any, error) { return found(w(x).labels.byID[a.text("id")], "IssueLabel") }),
		"customer":     root(customerRoot),
		"comment":      root(func(x *run, a args) (any, error) { return found(w(x).comments.byID[a.text("id")], "Comment") }),
		"issues":       root(func(x *run, a args) (any, error) { return x.issuePage(a, nil) }),
		"teams": listOf(teamKeys(), func(x *run, _ any, a args) ([]*Team, error) {
			return apply(x, a, w(x).teams.all, teamFilter, nil), nil
		}),
		"users": listOf(userKeys(), func(x *run, _ any, a args) ([]*User, error) {
			return apply(x, a, w(x).users.all, userFilter, (*User).inactive), nil
		}),
		"issueLabels": listOf(labelKeys(), func(x *run, _ any, a args) ([]*Label, error) {
			return apply(x, a, w(x).labels.all, labelFilter, (*Label).retired), nil
		}),
		"workflowStates": listOf(stateKeys(), func(x *run, _ any, a args) ([]*State, error) {
			return apply(x, a, w(x).states.all, stateFilter, nil), nil
		}),
		"customers":      listOf(customerKeys(), customersRoot),
		"customerTiers":  listOf(tierKeys(), tiersRoot),
		"customerNeeds":  listOf(needKeys(), func(x *run, _ any, a args) ([]*Need, error) { return x.needs(w(x).needs.all, a) }),
		"issueRelations": listOf(relationKeys(), func(x *run, _ any, _ args) ([]*Relation, error) { return w(x).relations.all, nil }),
		"comments": listOf(commentKeys(), func(x *run, _ any, a args) ([]*Comment, error) {
			return apply(x, a, w(x).comments.all, commentFilter, x.commentGone), nil
		}),
		"attachments": listOf(attachmentKeys(), func(x *run, _ any, a args) ([]*Attachment, error) {
			return apply(x, a, w(x).attachments.all, attachmentFilter, nil), nil
		}),
		"attachmentsForURL": listOf(attachmentKeys(), func(x *run, _ any, a args) ([]*Attachment, error) {
			return apply(x, args{}, w(x).attachments.all, attachmentFilter, func(at *Attachment) bool { return at.URL != a.text("url") }), nil
		}),
		"slaConfigurations": {list: slaRoot},
		"rateLimitStatus":   root(func(x *run, _ args) (any, error) { return &x.s.meter, nil }),
	}
	a.types["RateLimitPayload"] = fields{
		"kind":       constant(`"apiKey"`),
		"identifier": {leaf: func(x *run, _ any, b []byte) []byte { return appendText(b, x.s.world.viewer.ID) }},
		"limits":     many(func(_ *run, m *meter) []budget { return m.budgets() }),
	}
	a.types["RateLimitResultPayload"] = fields{
		"type":            text(func(b budget) string { return b.name }),
		"allowedAmount":   number(func(b budget) float64 { return b.limit }),
		"requestedAmount": constant("1"),
		"remainingAmount": number(func(b budget) float64 { return b.left }),
		"period":          constant("3600000"),
		"reset":           number(func(b budget) float64 { return float64(b.at.Add(time.Hour).UnixMilli()) }),
	}
	a.types["Mutation"] = mutations()
	a.addPayloads()
}

// budget is a bucket with its name.
type budget struct {
	bucket
	name string
}

func (m *meter) budgets() []budget {
	return []budget{{m.requests, "requests"}, {m.complexity, "complexity"}}
}

func userRoot(x *run, a args) (any, error) {
	if a.text("id") == "me" {
		return x.s.world.viewer, nil
	}
	return found(x.user(a.text("id")), "User")
}

func customerRoot(x *run, a args) (any, error) {
	if !x.s.world.org.customers() {
		return nil, noFeature("Customer requests")
	}
	return found(x.s.world.customers.byID[a.text("id")], "Customer")
}

func customersRoot(x *run, _ any, a args) ([]*Customer, error) {
	if !x.s.world.org.customers() {
		return nil, noFeature("Customer requests")
	}
	return apply(x, a, x.s.world.customers.all, customerFilter, nil), nil
}

func tiersRoot(x *run, _ any, _ args) ([]*Tier, error) {
	if !x.s.world.org.customers() {
		return nil, noFeature("Customer requests")
	}
	return x.s.world.tiers.all, nil
}

func tierKeys() keyed[*Tier] {
	return keyed[*Tier]{id: func(t *Tier) string { return t.ID }, created: func(*Tier) time.Time { return time.Time{} }}
}

func (x *run) commentGone(c *Comment) bool {
	r := x.issue(c.IssueID)
	return r == nil || r.Gone()
}

func slaRoot(x *run, _ any, a args) ([]any, error) {
	if !x.s.world.org.sla() {
		return nil, noFeature("SLA")
	}
	t := x.s.world.team(a.text("teamId"))
	if t == nil {
		return nil, notFound("Team")
	}
	var out []any
	for i := range x.s.world.slaRules {
		if r := &x.s.world.slaRules[i]; r.TeamID == "" || r.TeamID == t.ID {
			out = append(out, r)
		}
	}
	return out, nil
}
