package lineartest

import (
	"slices"
	"time"
)

func entryKeys() keyed[*Entry] {
	return keyed[*Entry]{
		id:      func(e *Entry) string { return e.ID },
		created: func(e *Entry) time.Time { return e.CreatedAt },
		updated: func(e *Entry) time.Time { return e.UpdatedAt },
	}
}

func issueHistory(x *run, v any, a args) (any, error) {
	entries := v.(*record).history
	if x.s.behavior.HistoryOldestFirst {
		return cut(entries, entryKeys().id, a)
	}
	return connect(entries, entryKeys(), a)
}

// span is the time that an issue spent in one state.
type span struct {
	id, state string
	from, to  time.Time
}

func stateHistory(_ *run, v any, a args) (any, error) {
	spans := v.(*record).spans()
	slices.Reverse(spans)
	return cut(spans, func(s span) string { return s.id }, a)
}

// spans follows the states through history, oldest first.
func (r *record) spans() []span {
	var out []span
	from := r.CreatedAt
	for _, e := range r.history {
		if e.State != nil {
			out = append(out, span{e.ID, e.State.From, from, e.CreatedAt})
			from = e.CreatedAt
		}
	}
	return append(out, span{r.ID, r.StateID, from, time.Time{}})
}

// before and after make fields of the two sides of a change.
func sides[T any](get func(*Entry) *Moved[T], field func(b []byte, v T) []byte) (from, to resolver) {
	side := func(pick func(*Moved[T]) T) resolver {
		return leafOf(func(b []byte, e *Entry) []byte {
			if m := get(e); m != nil {
				return field(b, pick(m))
			}
			return append(b, "null"...)
		})
	}
	return side(func(m *Moved[T]) T { return m.From }), side(func(m *Moved[T]) T { return m.To })
}

// ends make relations of the two sides of a change of ids.
func ends[U any](get func(*Entry) *Moved[string], find func(x *run, id string) *U) (from, to resolver) {
	end := func(pick func(*Moved[string]) string) resolver {
		return ref(func(x *run, e *Entry) *U {
			if m := get(e); m != nil {
				return find(x, pick(m))
			}
			return nil
		})
	}
	return end(func(m *Moved[string]) string { return m.From }), end(func(m *Moved[string]) string { return m.To })
}

func (a *api) addHistory() {
	f := fields{
		"id":            text(func(e *Entry) string { return e.ID }),
		"actorId":       optional(func(e *Entry) string { return e.ActorID }),
		"actor":         ref(func(x *run, e *Entry) *User { return x.user(e.ActorID) }),
		"botActor":      ref(func(*run, *Entry) *User { return nil }),
		"issue":         ref(func(x *run, e *Entry) *record { return x.issue(e.IssueID) }),
		"createdAt":     instant(func(e *Entry) time.Time { return e.CreatedAt }),
		"updatedAt":     instant(func(e *Entry) time.Time { return e.UpdatedAt }),
		"archivedAt":    null(),
		"autoArchived":  null(),
		"archived":      leafOf(func(b []byte, e *Entry) []byte { return appendFlag(b, e.Archived) }),
		"trashed":       leafOf(func(b []byte, e *Entry) []byte { return appendFlag(b, e.Trashed) }),
		"autoClosed":    leafOf(func(b []byte, e *Entry) []byte { return appendIf(b, e.AutoClosed) }),
		"addedLabelIds": leafOf(func(b []byte, e *Entry) []byte { return appendTextsOrNull(b, e.AddedLabels) }),
		"removedLabelIds": leafOf(func(b []byte, e *Entry) []byte {
			return appendTextsOrNull(b, e.RemovedLabels)
		}),
		"addedLabels":                      {list: func(x *run, v any, _ args) ([]any, error) { return boxed(x.labels(v.(*Entry).AddedLabels)), nil }},
		"removedLabels":                    {list: func(x *run, v any, _ args) ([]any, error) { return boxed(x.labels(v.(*Entry).RemovedLabels)), nil }},
		"updatedDescription":               leafOf(func(b []byte, e *Entry) []byte { return appendIf(b, e.Description) }),
		"relationChanges":                  many(func(_ *run, e *Entry) []RelationChange { return e.Relations }),
		"triageResponsibilityAutoAssigned": null(),
		"fromSlaBreached":                  null(),
		"toSlaBreached":                    null(),
	}
	f["fromTitle"], f["toTitle"] = sides(func(e *Entry) *Moved[string] { return e.Title }, appendText)
	f["fromPriority"], f["toPriority"] = sides(func(e *Entry) *Moved[int] { return e.Priority },
		func(b []byte, p int) []byte { return appendNumber(b, float64(p)) })
	f["fromEstimate"], f["toEstimate"] = sides(func(e *Entry) *Moved[*float64] { return e.Estimate }, appendEstimate)
	f["fromDueDate"], f["toDueDate"] = sides(func(e *Entry) *Moved[string] { return e.DueDate }, appendOptional)
	f["fromSlaStartedAt"], f["toSlaStartedAt"] = sides(func(e *Entry) *Moved[time.Time] { return e.SLAStart }, appendTime)
	f["fromSlaBreachesAt"], f["toSlaBreachesAt"] = sides(func(e *Entry) *Moved[time.Time] { return e.SLABreach }, appendTime)
	f["fromSlaType"], f["toSlaType"] = sides(func(e *Entry) *Moved[string] { return e.SLAType }, appendOptional)
	for name, m := range moves() {
		f["from"+name+"Id"], f["to"+name+"Id"] = sides(m, appendOptional)
	}
	m := moves()
	f["fromAssignee"], f["toAssignee"] = ends(m["Assignee"], (*run).user)
	f["fromParent"], f["toParent"] = ends(m["Parent"], (*run).issue)
	f["fromState"], f["toState"] = ends(m["State"], func(x *run, id string) *State { return x.s.world.states.byID[id] })
	f["fromTeam"], f["toTeam"] = ends(m["Team"], func(x *run, id string) *Team { return x.s.world.teams.byID[id] })
	f["fromCycle"], f["toCycle"] = ends(m["Cycle"], func(x *run, id string) *Cycle { return x.s.world.cycles.byID[id] })
	f["fromProject"], f["toProject"] = ends(m["Project"], func(x *run, id string) *Project { return x.s.world.projects.byID[id] })
	a.types["IssueHistory"] = f
	a.types["IssueRelationHistoryPayload"] = fields{
		"identifier": text(func(c RelationChange) string { return c.Identifier }),
		"type":       text(func(c RelationChange) string { return c.Type }),
	}
	a.types["IssueStateSpan"] = fields{
		"id":        text(func(s span) string { return s.id }),
		"stateId":   text(func(s span) string { return s.state }),
		"state":     ref(func(x *run, s span) *State { return x.s.world.states.byID[s.state] }),
		"startedAt": instant(func(s span) time.Time { return s.from }),
		"endedAt":   instant(func(s span) time.Time { return s.to }),
	}
}

// moves are the changes that lead from one thing to another.
func moves() map[string]func(*Entry) *Moved[string] {
	return map[string]func(*Entry) *Moved[string]{
		"Assignee": func(e *Entry) *Moved[string] { return e.Assignee },
		"Parent":   func(e *Entry) *Moved[string] { return e.Parent },
		"State":    func(e *Entry) *Moved[string] { return e.State },
		"Team":     func(e *Entry) *Moved[string] { return e.Team },
		"Cycle":    func(e *Entry) *Moved[string] { return e.Cycle },
		"Project":  func(e *Entry) *Moved[string] { return e.Project },
	}
}

func appendFlag(b []byte, f *bool) []byte { return appendJSON(b, f) }

// appendIf writes true or, never false, null.
func appendIf(b []byte, on bool) []byte {
	if on {
		return append(b, "true"...)
	}
	return append(b, "null"...)
}

func appendTextsOrNull(b []byte, list []string) []byte {
	if len(list) == 0 {
		return append(b, "null"...)
	}
	return appendTexts(b, list)
}
