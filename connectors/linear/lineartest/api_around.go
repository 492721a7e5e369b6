package lineartest

import "time"

func (a *api) addAround() {
	a.types["Comment"] = fields{
		"id":         text(func(c *Comment) string { return c.ID }),
		"body":       text(func(c *Comment) string { return c.Body }),
		"issueId":    optional(func(c *Comment) string { return c.IssueID }),
		"parentId":   optional(func(c *Comment) string { return c.ParentID }),
		"quotedText": null(),
		"resolvedAt": null(),
		"archivedAt": null(),
		"createdAt":  instant(func(c *Comment) time.Time { return c.CreatedAt }),
		"updatedAt":  instant(func(c *Comment) time.Time { return c.UpdatedAt }),
		"editedAt":   instant(func(c *Comment) time.Time { return c.EditedAt }),
		"url":        text(func(c *Comment) string { return "https://linear.example.org/comment/" + c.ID }),
		"user":       ref(commentUser),
		"botActor":   ref(func(*run, *Comment) *User { return nil }),
		"issue":      ref(commentIssue),
		"parent":     ref(commentParent),
		"children": listOf(commentKeys(), func(x *run, c *Comment, a args) ([]*Comment, error) {
			return apply(x, a, x.replies(c), commentFilter, nil), nil
		}),
	}
	a.types["Attachment"] = fields{
		"id":            text(func(a *Attachment) string { return a.ID }),
		"title":         text(func(a *Attachment) string { return a.Title }),
		"subtitle":      optional(func(a *Attachment) string { return a.Subtitle }),
		"url":           text(func(a *Attachment) string { return a.URL }),
		"metadata":      leafOf(appendMetadata),
		"groupBySource": constant("false"),
		"sourceType":    constant(`"api"`),
		"creator":       ref(func(x *run, a *Attachment) *User { return x.user(a.CreatorID) }),
		"issue":         ref(func(x *run, a *Attachment) *record { return x.issue(a.IssueID) }),
		"originalIssue": ref(func(*run, *Attachment) *record { return nil }),
		"archivedAt":    null(),
		"createdAt":     instant(func(a *Attachment) time.Time { return a.CreatedAt }),
		"updatedAt":     instant(func(a *Attachment) time.Time { return a.UpdatedAt }),
	}
	a.types["IssueRelation"] = fields{
		"id":           text(func(r *Relation) string { return r.ID }),
		"type":         text(func(r *Relation) string { return r.Type }),
		"issue":        ref(func(x *run, r *Relation) *record { return x.issue(r.IssueID) }),
		"relatedIssue": ref(func(x *run, r *Relation) *record { return x.issue(r.RelatedID) }),
		"archivedAt":   null(),
		"createdAt":    instant(func(r *Relation) time.Time { return r.CreatedAt }),
		"updatedAt":    instant(func(r *Relation) time.Time { return r.UpdatedAt }),
	}
	a.types["Reaction"] = fields{
		"id":         text(func(r *Reaction) string { return r.ID }),
		"emoji":      text(func(r *Reaction) string { return r.Emoji }),
		"user":       ref(func(x *run, r *Reaction) *User { return x.user(r.UserID) }),
		"archivedAt": null(),
		"createdAt":  instant(func(r *Reaction) time.Time { return r.CreatedAt }),
		"updatedAt":  instant(func(r *Reaction) time.Time { return r.CreatedAt }),
	}
	a.types["IssueSuggestion"] = suggestionFields()
	a.types["IssueSuggestionMetadata"] = fields{
		"score":   number(func(sg *Suggestion) float64 { return sg.Score }),
		"reasons": texts(func(sg *Suggestion) []string { return sg.Reasons }),
	}
}

func suggestionFields() fields {
	target := func(types ...string) func(*Suggestion) string {
		return func(sg *Suggestion) string {
			for _, t := range types {
				if sg.Type == t {
					return sg.TargetID
				}
			}
			return ""
		}
	}
	issue, label, user, team := target("relatedIssue", "similarIssue"), target("label"), target("assignee"), target("team")
	at := instant(func(sg *Suggestion) time.Time { return sg.CreatedAt })
	return fields{
		"id":               text(func(sg *Suggestion) string { return sg.ID }),
		"type":             text(func(sg *Suggestion) string { return sg.Type }),
		"state":            text(func(sg *Suggestion) string { return sg.State }),
		"suggestedIssueId": optional(issue),
		"suggestedLabelId": optional(label),
		"suggestedUserId":  optional(user),
		"suggestedIssue":   ref(func(x *run, sg *Suggestion) *record { return x.issue(issue(sg)) }),
		"suggestedLabel":   ref(func(x *run, sg *Suggestion) *Label { return x.s.world.labels.byID[label(sg)] }),
		"suggestedUser":    ref(func(x *run, sg *Suggestion) *User { return x.user(user(sg)) }),
		"suggestedTeam":    ref(func(x *run, sg *Suggestion) *Team { return x.s.world.teams.byID[team(sg)] }),
		"metadata":         ref(func(_ *run, sg *Suggestion) *Suggestion { return sg }),
		"archivedAt":       null(),
		"createdAt":        at,
		"updatedAt":        at,
		"stateChangedAt":   at,
	}
}

func appendMetadata(b []byte, a *Attachment) []byte {
	if a.Metadata == nil {
		return append(b, "{}"...)
	}
	return appendJSON(b, a.Metadata)
}

func (x *run) replies(c *Comment) []*Comment {
	var out []*Comment
	if r := x.issue(c.IssueID); r != nil {
		for _, other := range r.comments {
			if other.ParentID == c.ID {
				out = append(out, other)
			}
		}
	}
	return out
}
