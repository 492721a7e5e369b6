package lineartest

import "time"

// The filters of each type, by the names in the schema. They are functions
// because they refer to one another.

func issueFilter() filter[*record] {
	return filter[*record]{
		"id":             whenText(func(r *record) string { return r.ID }),
		"number":         whenNumber(func(r *record) (float64, bool) { return float64(r.Number), true }),
		"title":          whenText(func(r *record) string { return r.Title }),
		"description":    whenText(func(r *record) string { return r.Description }),
		"priority":       whenNumber(func(r *record) (float64, bool) { return float64(r.Priority), true }),
		"estimate":       whenNumber(estimateOf),
		"dueDate":        whenDay(func(r *record) string { return r.DueDate }),
		"createdAt":      whenTime(func(r *record) time.Time { return r.CreatedAt }),
		"updatedAt":      whenTime(func(r *record) time.Time { return r.UpdatedAt }),
		"archivedAt":     whenTime(func(r *record) time.Time { return r.ArchivedAt }),
		"startedAt":      whenTime(func(r *record) time.Time { return r.StartedAt }),
		"completedAt":    whenTime(func(r *record) time.Time { return r.CompletedAt }),
		"canceledAt":     whenTime(func(r *record) time.Time { return r.CanceledAt }),
		"triagedAt":      whenTime(func(r *record) time.Time { return r.TriagedAt }),
		"snoozedUntilAt": whenTime(func(r *record) time.Time { return r.SnoozedUntil }),
		"slaBreachesAt":  whenTime(func(r *record) time.Time { return r.SLABreachesAt }),
		"slaStatus":      whenSLA,
		"team":           whenOne(teamOf, teamFilter),
		"state":          whenOne(stateOf, stateFilter),
		"assignee":       whenOne(assigneeOf, userFilter),
		"creator":        whenOne(creatorOf, userFilter),
		"delegate":       whenOne(delegateOf, userFilter),
		"parent":         whenOne(parentOf, issueFilter),
		"cycle":          whenOne(cycleOf, cycleFilter),
		"project":        whenOne(projectOf, projectFilter),

		"projectMilestone": whenOne(milestoneOf, milestoneFilter),
		"children":         whenMany(func(_ *run, r *record) []*record { return r.children }, issueFilter),
		"labels":           whenMany(labelsOf, labelFilter),
		"comments":         whenMany(func(_ *run, r *record) []*Comment { return r.comments }, commentFilter),
		"attachments":      whenMany(func(_ *run, r *record) []*Attachment { return r.attachments }, attachmentFilter),
		"needs":            whenMany(func(_ *run, r *record) []*Need { return r.needs }, needFilter),
		"subscribers":      whenMany(subscribersOf, userFilter),
		"customerCount":    whenNumber(func(r *record) (float64, bool) { return customerCount(r, false), true }),

		"customerImportantCount": whenNumber(func(r *record) (float64, bool) { return customerCount(r, true), true }),
		"hasBlockedByRelations":  whenFlag(func(r *record) bool { return hasRelation(r.inverse, "blocks") }),
		"hasBlockingRelations":   whenFlag(func(r *record) bool { return hasRelation(r.relations, "blocks") }),
		"hasDuplicateRelations": whenFlag(func(r *record) bool {
			return hasRelation(r.relations, "duplicate") || hasRelation(r.inverse, "duplicate")
		}),
		"hasRelatedRelations": whenFlag(func(r *record) bool {
			return hasRelation(r.relations, "related") || hasRelation(r.inverse, "related")
		}),
	}
}

func estimateOf(r *record) (float64, bool) {
	if r.Estimate == nil {
		return 0, false
	}
	return *r.Estimate, true
}

func whenSLA(x *run, v any) test[*record] {
	ops := textOps(v.(map[string]any))
	return func(r *record) bool { return meets(ops, x.s.slaStatus(r)) }
}

func hasRelation(rels []*Relation, typ string) bool {
	for _, r := range rels {
		if r.Type == typ {
			return true
		}
	}
	return false
}

// customerCount counts customers, each once.
func customerCount(r *record, important bool) float64 {
	seen := map[string]bool{}
	for _, n := range r.needs {
		if !important || n.Important {
			seen[n.CustomerID] = true
		}
	}
	return float64(len(seen))
}

func labelFilter() filter[*Label] {
	return filter[*Label]{
		"id":        whenText(func(l *Label) string { return l.ID }),
		"name":      whenText(func(l *Label) string { return l.Name }),
		"isGroup":   whenFlag(func(l *Label) bool { return l.Group }),
		"createdAt": whenTime(func(l *Label) time.Time { return l.CreatedAt }),
		"updatedAt": whenTime(func(l *Label) time.Time { return l.UpdatedAt }),
		"parent":    whenOne(groupOf, labelFilter),
		"team":      whenOne(labelTeamOf, teamFilter),
	}
}

func teamFilter() filter[*Team] {
	return filter[*Team]{
		"id":        whenText(func(t *Team) string { return t.ID }),
		"key":       whenText(func(t *Team) string { return t.Key }),
		"name":      whenText(func(t *Team) string { return t.Name }),
		"private":   whenFlag(func(t *Team) bool { return t.Private }),
		"createdAt": whenTime(func(t *Team) time.Time { return t.CreatedAt }),
		"updatedAt": whenTime(func(t *Team) time.Time { return t.UpdatedAt }),
	}
}

func stateFilter() filter[*State] {
	return filter[*State]{
		"id":          whenText(func(st *State) string { return st.ID }),
		"name":        whenText(func(st *State) string { return st.Name }),
		"type":        whenText(func(st *State) string { return st.Type }),
		"description": whenText(func(*State) string { return "" }),
		"position":    whenNumber(func(st *State) (float64, bool) { return st.Position, true }),
		"createdAt":   whenTime(func(st *State) time.Time { return st.CreatedAt }),
		"updatedAt":   whenTime(func(st *State) time.Time { return st.CreatedAt }),
		"team":        whenOne(stateTeamOf, teamFilter),
	}
}

func userFilter() filter[*User] {
	f := filter[*User]{
		"id":          whenText(func(u *User) string { return u.ID }),
		"name":        whenText(func(u *User) string { return u.Name }),
		"displayName": whenText(func(u *User) string { return u.DisplayName }),
		"email":       whenText(func(u *User) string { return u.Email }),
		"active":      whenFlag(func(u *User) bool { return !u.Inactive }),
		"admin":       whenFlag(func(u *User) bool { return u.Admin }),
		"app":         whenFlag(func(u *User) bool { return u.App }),
		"createdAt":   whenTime(func(u *User) time.Time { return u.CreatedAt }),
		"updatedAt":   whenTime(func(u *User) time.Time { return u.UpdatedAt }),
	}
	f["isMe"] = func(x *run, v any) test[*User] {
		return whenFlag(func(u *User) bool { return u == x.s.world.viewer })(x, v)
	}
	return f
}

func cycleFilter() filter[*Cycle] {
	now := func(f func(x *run, c *Cycle) bool) condition[*Cycle] {
		return func(x *run, v any) test[*Cycle] {
			return whenFlag(func(c *Cycle) bool { return f(x, c) })(x, v)
		}
	}
	return filter[*Cycle]{
		"id":        whenText(func(c *Cycle) string { return c.ID }),
		"name":      whenText(func(c *Cycle) string { return c.Name }),
		"number":    whenNumber(func(c *Cycle) (float64, bool) { return float64(c.Number), true }),
		"startsAt":  whenTime(func(c *Cycle) time.Time { return c.StartsAt }),
		"endsAt":    whenTime(func(c *Cycle) time.Time { return c.EndsAt }),
		"createdAt": whenTime(func(c *Cycle) time.Time { return c.StartsAt }),
		"updatedAt": whenTime(func(c *Cycle) time.Time { return c.StartsAt }),
		"isActive":  now(func(x *run, c *Cycle) bool { return c.activeAt(x.s.now()) }),
		"isFuture":  now(func(x *run, c *Cycle) bool { return c.StartsAt.After(x.s.now()) }),
		"isPast":    now(func(x *run, c *Cycle) bool { return !c.EndsAt.After(x.s.now()) }),
		"isNext":    now(func(x *run, c *Cycle) bool { return x.nextCycle(c.TeamID) == c }),
	}
}

func projectFilter() filter[*Project] {
	return filter[*Project]{
		"id":         whenText(func(p *Project) string { return p.ID }),
		"name":       whenText(func(p *Project) string { return p.Name }),
		"state":      whenText(func(p *Project) string { return p.State }),
		"health":     whenText(func(p *Project) string { return p.Health }),
		"priority":   whenNumber(func(p *Project) (float64, bool) { return float64(p.Priority), true }),
		"targetDate": whenDay(func(p *Project) string { return p.TargetDate }),
		"createdAt":  whenTime(func(p *Project) time.Time { return p.CreatedAt }),
		"updatedAt":  whenTime(func(p *Project) time.Time { return p.CreatedAt }),
	}
}

func milestoneFilter() filter[*Milestone] {
	return filter[*Milestone]{
		"id":         whenText(func(m *Milestone) string { return m.ID }),
		"name":       whenText(func(m *Milestone) string { return m.Name }),
		"targetDate": whenDay(func(m *Milestone) string { return m.TargetDate }),
	}
}

func customerFilter() filter[*Customer] {
	return filter[*Customer]{
		"id":        whenText(func(c *Customer) string { return c.ID }),
		"name":      whenText(func(c *Customer) string { return c.Name }),
		"revenue":   whenNumber(func(c *Customer) (float64, bool) { return float64(c.Revenue), c.Revenue >= 0 }),
		"size":      whenNumber(func(c *Customer) (float64, bool) { return c.Size, true }),
		"createdAt": whenTime(func(c *Customer) time.Time { return c.CreatedAt }),
		"updatedAt": whenTime(func(c *Customer) time.Time { return c.UpdatedAt }),
		"tier":      whenOne(tierOf, tierFilter),
		"status":    whenOne(func(_ *run, c *Customer) *Customer { return c }, statusFilter),
	}
}

func tierFilter() filter[*Tier] {
	return filter[*Tier]{
		"id":          whenText(func(t *Tier) string { return t.ID }),
		"displayName": whenText(func(t *Tier) string { return t.Name }),
		"position":    whenNumber(func(t *Tier) (float64, bool) { return t.Position, true }),
	}
}

// statusFilter sees a customer as its status.
func statusFilter() filter[*Customer] {
	return filter[*Customer]{
		"id":       whenText(statusID),
		"name":     whenText(func(c *Customer) string { return c.Status }),
		"position": whenNumber(func(*Customer) (float64, bool) { return 0, true }),
	}
}

func needFilter() filter[*Need] {
	return filter[*Need]{
		"id":        whenText(func(n *Need) string { return n.ID }),
		"priority":  whenNumber(func(n *Need) (float64, bool) { return importance(n), true }),
		"createdAt": whenTime(func(n *Need) time.Time { return n.CreatedAt }),
		"updatedAt": whenTime(func(n *Need) time.Time { return n.UpdatedAt }),
		"customer":  whenOne(needCustomer, customerFilter),
		"issue":     whenOne(needIssue, issueFilter),
	}
}

func commentFilter() filter[*Comment] {
	return filter[*Comment]{
		"id":        whenText(func(c *Comment) string { return c.ID }),
		"body":      whenText(func(c *Comment) string { return c.Body }),
		"createdAt": whenTime(func(c *Comment) time.Time { return c.CreatedAt }),
		"updatedAt": whenTime(func(c *Comment) time.Time { return c.UpdatedAt }),
		"user":      whenOne(commentUser, userFilter),
		"issue":     whenOne(commentIssue, issueFilter),
		"parent":    whenOne(commentParent, commentFilter),
	}
}

func attachmentFilter() filter[*Attachment] {
	return filter[*Attachment]{
		"id":        whenText(func(a *Attachment) string { return a.ID }),
		"title":     whenText(func(a *Attachment) string { return a.Title }),
		"url":       whenText(func(a *Attachment) string { return a.URL }),
		"createdAt": whenTime(func(a *Attachment) time.Time { return a.CreatedAt }),
		"updatedAt": whenTime(func(a *Attachment) time.Time { return a.UpdatedAt }),
	}
}
