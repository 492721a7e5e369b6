package lineartest

import (
	"fmt"
	"time"
)

func (a *api) addPlans() {
	now := func(f func(x *run, c *Cycle) bool) resolver {
		return resolver{leaf: func(x *run, v any, b []byte) []byte { return appendJSON(b, f(x, v.(*Cycle))) }}
	}
	a.types["Cycle"] = fields{
		"id":          text(func(c *Cycle) string { return c.ID }),
		"name":        optional(func(c *Cycle) string { return c.Name }),
		"number":      number(func(c *Cycle) float64 { return float64(c.Number) }),
		"startsAt":    instant(func(c *Cycle) time.Time { return c.StartsAt }),
		"endsAt":      instant(func(c *Cycle) time.Time { return c.EndsAt }),
		"createdAt":   instant(func(c *Cycle) time.Time { return c.StartsAt }),
		"updatedAt":   instant(func(c *Cycle) time.Time { return c.StartsAt }),
		"archivedAt":  null(),
		"completedAt": null(),
		"team":        ref(func(x *run, c *Cycle) *Team { return x.s.world.teams.byID[c.TeamID] }),
		"isActive":    now(func(x *run, c *Cycle) bool { return c.activeAt(x.s.now()) }),
		"isFuture":    now(func(x *run, c *Cycle) bool { return c.StartsAt.After(x.s.now()) }),
		"isPast":      now(func(x *run, c *Cycle) bool { return !c.EndsAt.After(x.s.now()) }),
		"isNext":      now(func(x *run, c *Cycle) bool { return x.nextCycle(c.TeamID) == c }),
		"isPrevious":  now(func(*run, *Cycle) bool { return false }),
	}
	a.types["Project"] = fields{
		"id":            text(func(p *Project) string { return p.ID }),
		"name":          text(func(p *Project) string { return p.Name }),
		"priority":      number(func(p *Project) float64 { return float64(p.Priority) }),
		"priorityLabel": text(func(p *Project) string { return priorityLabel(p.Priority) }),
		"slugId":        text(func(p *Project) string { return p.ID[:8] }),
		"state":         text(func(p *Project) string { return p.State }),
		"health":        optional(func(p *Project) string { return p.Health }),
		"startDate":     optional(func(p *Project) string { return p.StartDate }),
		"targetDate":    optional(func(p *Project) string { return p.TargetDate }),
		"url":           text(func(p *Project) string { return "https://linear.example.org/project/" + p.ID[:8] }),
		"status":        ref(func(_ *run, p *Project) *Project { return p }),
		"archivedAt":    null(),
		"createdAt":     instant(func(p *Project) time.Time { return p.CreatedAt }),
		"updatedAt":     instant(func(p *Project) time.Time { return p.CreatedAt }),
		"initiatives": listOf(keyed[*Initiative]{
			id:      func(i *Initiative) string { return i.ID },
			created: func(i *Initiative) time.Time { return i.CreatedAt },
		}, func(x *run, p *Project, _ args) ([]*Initiative, error) {
			return lookup(x.s.world.initiatives, p.InitiativeIDs), nil
		}),
	}
	a.types["ProjectStatus"] = fields{
		"id":         text(func(p *Project) string { return derivedID("project-status", p.State) }),
		"name":       text(func(p *Project) string { return p.State }),
		"type":       text(func(p *Project) string { return p.State }),
		"color":      constant(`"#5e6ad2"`),
		"position":   constant("0"),
		"archivedAt": null(),
		"createdAt":  instant(func(p *Project) time.Time { return p.CreatedAt }),
		"updatedAt":  instant(func(p *Project) time.Time { return p.CreatedAt }),
	}
	a.types["ProjectMilestone"] = fields{
		"id":         text(func(m *Milestone) string { return m.ID }),
		"name":       text(func(m *Milestone) string { return m.Name }),
		"status":     text(func(m *Milestone) string { return m.Status }),
		"targetDate": optional(func(m *Milestone) string { return m.TargetDate }),
		"project":    ref(func(x *run, m *Milestone) *Project { return x.s.world.projects.byID[m.ProjectID] }),
		"archivedAt": null(),
		"createdAt":  instant(func(m *Milestone) time.Time { return m.CreatedAt }),
		"updatedAt":  instant(func(m *Milestone) time.Time { return m.CreatedAt }),
	}
	a.types["Initiative"] = fields{
		"id":         text(func(i *Initiative) string { return i.ID }),
		"name":       text(func(i *Initiative) string { return i.Name }),
		"status":     text(func(i *Initiative) string { return i.Status }),
		"priority":   number(func(i *Initiative) float64 { return float64(i.Priority) }),
		"health":     optional(func(i *Initiative) string { return i.Health }),
		"targetDate": optional(func(i *Initiative) string { return i.TargetDate }),
		"archivedAt": null(),
		"createdAt":  instant(func(i *Initiative) time.Time { return i.CreatedAt }),
		"updatedAt":  instant(func(i *Initiative) time.Time { return i.CreatedAt }),
	}
	a.types["SlaConfiguration"] = fields{
		"id":         text(func(r *SLARule) string { return r.ID }),
		"name":       text(func(r *SLARule) string { return r.Name }),
		"removesSla": boolean(func(r *SLARule) bool { return r.Remove }),
		"sla":        leafOf(appendSLA),
		"slaType":    leafOf(appendSLAType),
		"conditions": leafOf(func(b []byte, r *SLARule) []byte {
			return appendJSON(b, map[string]any{"priority": map[string]any{"in": r.Priorities}})
		}),
	}
}

// appendSLA writes milliseconds.
func appendSLA(b []byte, r *SLARule) []byte {
	if r.Remove {
		return append(b, "null"...)
	}
	return fmt.Append(b, r.Within.Milliseconds())
}

func appendSLAType(b []byte, r *SLARule) []byte {
	switch {
	case r.Remove:
		return append(b, "null"...)
	case r.BusinessDays:
		return appendText(b, "onlyBusinessDays")
	}
	return appendText(b, "all")
}
