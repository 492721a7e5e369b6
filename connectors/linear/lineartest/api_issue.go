package lineartest

import (
	"fmt"
	"strings"
	"time"
)

func priorityLabel(p int) string {
	names := [...]string{"No priority", "Urgent", "High", "Medium", "Low"}
	if p < 0 || p >= len(names) {
		return names[0]
	}
	return names[p]
}

func (a *api) addIssue() {
	rec := func(f func(r *record) time.Time) resolver { return instant(f) }
	a.types["Issue"] = fields{
		"id":                  text(func(r *record) string { return r.ID }),
		"identifier":          text(func(r *record) string { return r.Identifier }),
		"number":              number(func(r *record) float64 { return float64(r.Number) }),
		"title":               text(func(r *record) string { return r.Title }),
		"description":         optional(func(r *record) string { return r.Description }),
		"priority":            number(func(r *record) float64 { return float64(r.Priority) }),
		"priorityLabel":       text(func(r *record) string { return priorityLabel(r.Priority) }),
		"prioritySortOrder":   number(func(r *record) float64 { return r.SortOrder }),
		"sortOrder":           number(func(r *record) float64 { return r.SortOrder }),
		"subIssueSortOrder":   null(),
		"estimate":            leafOf(func(b []byte, r *record) []byte { return appendEstimate(b, r.Estimate) }),
		"dueDate":             optional(func(r *record) string { return r.DueDate }),
		"labelIds":            texts(func(r *record) []string { return r.LabelIDs }),
		"previousIdentifiers": texts(func(r *record) []string { return r.Previous }),
		"customerTicketCount": number(func(r *record) float64 { return float64(r.TicketCount) }),
		"branchName":          text(func(r *record) string { return strings.ToLower(r.Identifier) }),
		"trashed":             leafOf(appendTrashed),
		"reactionData":        leafOf(appendReactions),
		"url": resolver{leaf: func(x *run, v any, b []byte) []byte {
			return appendText(b, fmt.Sprintf("https://linear.example.org/%s/issue/%s", x.s.world.org.URLKey, v.(*record).Identifier))
		}},

		"createdAt":              rec(func(r *record) time.Time { return r.CreatedAt }),
		"updatedAt":              rec(func(r *record) time.Time { return r.UpdatedAt }),
		"archivedAt":             rec(func(r *record) time.Time { return r.ArchivedAt }),
		"startedTriageAt":        rec(func(r *record) time.Time { return r.StartedTriageAt }),
		"triagedAt":              rec(func(r *record) time.Time { return r.TriagedAt }),
		"startedAt":              rec(func(r *record) time.Time { return r.StartedAt }),
		"completedAt":            rec(func(r *record) time.Time { return r.CompletedAt }),
		"canceledAt":             rec(func(r *record) time.Time { return r.CanceledAt }),
		"autoClosedAt":           rec(func(r *record) time.Time { return r.AutoClosedAt }),
		"addedToTeamAt":          rec(func(r *record) time.Time { return r.AddedToTeamAt }),
		"snoozedUntilAt":         rec(func(r *record) time.Time { return r.SnoozedUntil }),
		"autoArchivedAt":         null(),
		"addedToCycleAt":         null(),
		"addedToProjectAt":       null(),
		"suggestionsGeneratedAt": null(),
		"slaStartedAt":           rec(func(r *record) time.Time { return r.SLAStartedAt }),
		"slaBreachesAt":          rec(func(r *record) time.Time { return r.SLABreachesAt }),
		"slaMediumRiskAt":        rec(func(r *record) time.Time { return before(r.SLABreachesAt, 7*24*time.Hour) }),
		"slaHighRiskAt":          rec(func(r *record) time.Time { return before(r.SLABreachesAt, 24*time.Hour) }),
		"slaType":                optional(func(r *record) string { return r.SLAType }),

		"team":             ref(teamOf),
		"state":            ref(stateOf),
		"assignee":         ref(assigneeOf),
		"creator":          ref(creatorOf),
		"delegate":         ref(delegateOf),
		"snoozedBy":        ref(func(*run, *record) *User { return nil }),
		"botActor":         ref(func(*run, *record) *User { return nil }),
		"parent":           ref(parentOf),
		"cycle":            ref(cycleOf),
		"project":          ref(projectOf),
		"projectMilestone": ref(milestoneOf),
		"reactions":        many(func(_ *run, r *record) []*Reaction { return r.reactions }),
	}.with(issueLists())
}

// before is t less d; the zero time stays.
func before(t time.Time, d time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-d)
}

func appendEstimate(b []byte, e *float64) []byte {
	if e == nil {
		return append(b, "null"...)
	}
	return appendNumber(b, *e)
}

// appendTrashed writes null, never false, for an issue that is not trashed.
func appendTrashed(b []byte, r *record) []byte {
	if r.Trashed {
		return append(b, "true"...)
	}
	return append(b, "null"...)
}

// appendReactions writes an array where the schema promises an object, as
// recorded from the service.
func appendReactions(b []byte, r *record) []byte {
	out := []map[string]any{}
	for _, re := range r.reactions {
		out = append(out, map[string]any{"emoji": re.Emoji, "reactions": []any{map[string]any{"userId": re.UserID}}})
	}
	return appendJSON(b, out)
}

// listOf makes a connection of what f finds on an issue.
func listOf[V, T any](k keyed[T], f func(x *run, v V, a args) ([]T, error)) resolver {
	return resolver{one: func(x *run, v any, a args) (any, error) {
		v2, _ := v.(V) // roots have no value
		items, err := f(x, v2, a)
		if err != nil {
			return nil, err
		}
		p, err := connect(items, k, a)
		if err != nil {
			return nil, err
		}
		x.spoil(p, a)
		return p, nil
	}}
}

func issueLists() fields {
	return fields{
		"labels": listOf(labelKeys(), func(x *run, r *record, a args) ([]*Label, error) {
			return apply(x, a, x.labels(r.LabelIDs), labelFilter, nil), nil
		}),
		"children": listOf(issueKeys(), func(x *run, r *record, a args) ([]*record, error) {
			return apply(x, a, r.children, issueFilter, (*record).gone), nil
		}),
		"comments": listOf(commentKeys(), func(x *run, r *record, a args) ([]*Comment, error) {
			return apply(x, a, r.comments, commentFilter, nil), nil
		}),
		"attachments":      listOf(attachmentKeys(), func(x *run, r *record, _ args) ([]*Attachment, error) { return r.attachments, nil }),
		"relations":        listOf(relationKeys(), func(_ *run, r *record, _ args) ([]*Relation, error) { return r.relations, nil }),
		"inverseRelations": listOf(relationKeys(), func(_ *run, r *record, _ args) ([]*Relation, error) { return r.inverse, nil }),
		"needs": listOf(needKeys(), func(x *run, r *record, a args) ([]*Need, error) {
			return x.needs(r.needs, a)
		}),
		"formerNeeds": listOf(needKeys(), func(x *run, r *record, a args) ([]*Need, error) {
			return x.needs(r.former, a)
		}),
		"subscribers":  listOf(userKeys(), func(x *run, r *record, a args) ([]*User, error) { return subscribersOf(x, r), nil }),
		"suggestions":  listOf(suggestionKeys(), func(_ *run, r *record, _ args) ([]*Suggestion, error) { return r.suggestions, nil }),
		"stateHistory": {one: stateHistory},
		"history":      {one: issueHistory},
	}
}

func (r *record) gone() bool { return r.Gone() }

func (x *run) needs(needs []*Need, a args) ([]*Need, error) {
	if !x.s.world.org.customers() {
		return nil, noFeature("Customer requests")
	}
	return apply(x, a, needs, needFilter, func(n *Need) bool { return !n.ArchivedAt.IsZero() }), nil
}

func issueKeys() keyed[*record] {
	return keyed[*record]{
		id:      func(r *record) string { return r.ID },
		created: func(r *record) time.Time { return r.CreatedAt },
		updated: func(r *record) time.Time { return r.UpdatedAt },
	}
}

func labelKeys() keyed[*Label] {
	return keyed[*Label]{
		id:      func(l *Label) string { return l.ID },
		created: func(l *Label) time.Time { return l.CreatedAt },
		updated: func(l *Label) time.Time { return l.UpdatedAt },
	}
}

func commentKeys() keyed[*Comment] {
	return keyed[*Comment]{
		id:      func(c *Comment) string { return c.ID },
		created: func(c *Comment) time.Time { return c.CreatedAt },
		updated: func(c *Comment) time.Time { return c.UpdatedAt },
	}
}

func attachmentKeys() keyed[*Attachment] {
	return keyed[*Attachment]{
		id:      func(a *Attachment) string { return a.ID },
		created: func(a *Attachment) time.Time { return a.CreatedAt },
		updated: func(a *Attachment) time.Time { return a.UpdatedAt },
	}
}

func relationKeys() keyed[*Relation] {
	return keyed[*Relation]{
		id:      func(r *Relation) string { return r.ID },
		created: func(r *Relation) time.Time { return r.CreatedAt },
		updated: func(r *Relation) time.Time { return r.UpdatedAt },
	}
}

func needKeys() keyed[*Need] {
	return keyed[*Need]{
		id:      func(n *Need) string { return n.ID },
		created: func(n *Need) time.Time { return n.CreatedAt },
		updated: func(n *Need) time.Time { return n.UpdatedAt },
	}
}

func userKeys() keyed[*User] {
	return keyed[*User]{
		id:      func(u *User) string { return u.ID },
		created: func(u *User) time.Time { return u.CreatedAt },
		updated: func(u *User) time.Time { return u.UpdatedAt },
	}
}

func suggestionKeys() keyed[*Suggestion] {
	return keyed[*Suggestion]{
		id:      func(sg *Suggestion) string { return sg.ID },
		created: func(sg *Suggestion) time.Time { return sg.CreatedAt },
	}
}
