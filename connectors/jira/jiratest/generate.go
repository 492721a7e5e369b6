package jiratest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// GenerateOptions shape a made-up backlog; the zero value is realistic.
type GenerateOptions struct {
	// Projects limits the backlog to these keys of PAY, WEB, MOB and HELP (a
	// service desk); nil: all four.
	Projects []string
	// Open is the share of issues that are not done; default 0.35.
	Open float64
	// Span is how far back issues were created; default a year and a half.
	Span time.Duration
}

// The custom fields of a generated site.
const (
	FieldStoryPoints  = "customfield_10016"
	FieldSprint       = "customfield_10020"
	FieldEstimate     = "customfield_10026" // the second story point field
	FieldTier         = "customfield_10050"
	FieldSeverity     = "customfield_10051"
	FieldCustomer     = "customfield_10052"
	FieldOrganization = "customfield_10053"
	FieldSLA          = "customfield_10060"
)

// generator makes issues from a seed.
type generator struct {
	s        *Server
	r        *rand.Rand
	now      time.Time
	opt      GenerateOptions
	projects []*Project
	people   []*User
	sprints  []Sprint
	epics    map[*Project][]int64
}

// Generate adds n made-up issues with people, fields, links and histories. The
// same seed, clock and options give the same backlog.
func (s *Server) Generate(seed int64, n int, opt GenerateOptions) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if opt.Open == 0 {
		opt.Open = 0.35
	}
	if opt.Span == 0 {
		opt.Span = 550 * 24 * time.Hour
	}
	g := &generator{s: s, r: rand.New(rand.NewPCG(uint64(seed), uint64(s.opt.Seed))), now: now, opt: opt, epics: map[*Project][]int64{}}
	g.world()
	g.fields()
	for i := range n {
		g.issue(i, n)
	}
}

// world adds what is missing of projects and people, and makes the sprints.
func (g *generator) world() {
	for _, p := range genProjects {
		if g.opt.Projects != nil && !strings.Contains(" "+strings.Join(g.opt.Projects, " ")+" ", " "+p.key+" ") {
			continue
		}
		proj := g.s.project(p.key)
		if proj == nil {
			proj = g.s.addProject(Project{Key: p.key, Name: p.name, Type: p.kind, Components: genComponents, Versions: []string{"2026.1", "2026.2", "2026.3"}})
		}
		g.projects = append(g.projects, proj)
	}
	for i, name := range genPeople {
		first, _, _ := strings.Cut(strings.ToLower(name), " ")
		id := "5f0" + strconv.Itoa(1000+i) + first
		u := g.s.users[id]
		if u == nil {
			u = g.s.addUser(User{AccountID: id, Username: first, Name: name, Email: first + "@acme.example", HideEmail: i%4 == 3})
		}
		g.people = append(g.people, u)
	}
	for i := range 6 {
		from := g.now.Add(time.Duration(i-4) * 14 * 24 * time.Hour).Truncate(24 * time.Hour)
		state := "closed"
		if i == 4 {
			state = "active"
		} else if i > 4 {
			state = "future"
		}
		g.sprints = append(g.sprints, Sprint{ID: 100 + i, Name: fmt.Sprintf("Sprint %d, [core]", 40+i), State: state, Start: from, End: from.Add(14 * 24 * time.Hour)})
	}
}

func (g *generator) fields() {
	for _, f := range []Field{
		{ID: FieldStoryPoints, Name: "Story Points", Custom: CustomNumber},
		{ID: FieldSprint, Name: "Sprint", Custom: CustomSprint},
		{ID: FieldEstimate, Name: "Story point estimate", Custom: CustomStoryPoints},
		{ID: FieldTier, Name: "Customer tier", Custom: CustomSelect, Options: genTiers},
		{ID: FieldSeverity, Name: "Severity", Custom: CustomSelect, Options: genSeverities},
		{ID: FieldCustomer, Name: "Customer", Custom: CustomText},
		{ID: FieldOrganization, Name: "Organizations", Custom: CustomOrganization, Projects: []string{"HELP"}},
		{ID: FieldSLA, Name: "Time to resolution", Custom: CustomSLA, Projects: []string{"HELP"}},
	} {
		if g.s.fieldByID[f.ID] == nil {
			g.s.addField(f)
		}
	}
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (g *generator) chance(p float64) bool { return g.r.Float64() < p }

// issue makes one issue. Ids rise with the time of creation.
func (g *generator) issue(i, n int) {
	age := g.opt.Span - time.Duration(float64(g.opt.Span)*(float64(i)+g.r.Float64())/float64(n))
	v := g.draft(pick(g.r, g.projects), ms(g.now.Add(-age)))
	g.life(v)
	g.s.number(v, v.proj)
	v.since = v.updated
	r := g.s.put(v, v.since)
	for _, c := range v.comments {
		g.s.commentOf[c.ID] = r
	}
	if v.typ.Epic {
		g.epics[v.proj] = append(g.epics[v.proj], v.id)
	}
	g.link(v)
}

// draft is the issue as it was created.
func (g *generator) draft(p *Project, created time.Time) *issue {
	component := pick(g.r, genComponents)
	v := &issue{
		proj: p, created: created, updated: created, status: g.s.category(ToDo), reporter: pick(g.r, g.people),
		components: []string{component}, description: pick(g.r, genDetails) + "\n\n" + pick(g.r, genDetails), custom: map[string]any{},
	}
	g.kind(v, component)
	list := g.s.scheme(p)
	// Most people leave the middle; urgency is claimed more often than its lack.
	v.prio = list[min(len(list)-1, max(0, int(math.Round(float64(len(list)/2)+g.r.NormFloat64()*0.9-0.2))))]
	for g.chance(0.3) {
		v.labels = sortedSet(append(v.labels, pick(g.r, genLabels)))
	}
	if g.chance(0.6) {
		v.custom[FieldTier] = genTiers[min(2, g.r.IntN(5))]
		v.custom[FieldCustomer] = pick(g.r, genCustomers)
	}
	if g.chance(0.15) {
		v.due = ms(created.Add(time.Duration(g.r.IntN(120)) * 24 * time.Hour)).Format(time.DateOnly)
	}
	return v
}

// kind chooses the type with the title and fields that go with it.
func (g *generator) kind(v *issue, component string) {
	name, titles := "Task", genTasks
	switch x := g.r.Float64(); {
	case v.proj.desk():
		titles = genRequests
		v.custom[FieldOrganization] = []string{pick(g.r, genCustomers)}
	case x < 0.45:
		name, titles = "Bug", genBugs
		v.custom[FieldSeverity] = genSeverities[min(2, g.r.IntN(4))]
	case x < 0.78:
		name, titles = "Story", genStories
	case x < 0.81:
		name, titles = "Epic", genEpics
	}
	if v.typ = v.proj.issueType(name); v.typ == nil {
		v.typ = &v.proj.Types[0]
	}
	title := fmt.Sprintf(pick(g.r, titles), component)
	v.summary = strings.ToUpper(title[:1]) + title[1:]
	switch {
	case name == "Epic" || !g.chance(0.55):
	case v.proj.Key == "MOB":
		v.custom[FieldEstimate] = pick(g.r, []float64{1, 2, 3, 5, 8})
	default:
		v.custom[FieldStoryPoints] = pick(g.r, []float64{0.5, 1, 2, 3, 5, 8, 13})
	}
	if list := g.epics[v.proj]; name != "Epic" && len(list) > 0 && g.chance(0.4) {
		v.parent = pick(g.r, list)
	}
}

// life is what happened to the issue since: priority, work, comments, the end.
func (g *generator) life(v *issue) {
	left := g.now.Sub(v.created)
	at := v.created
	step := func() time.Time {
		at = ms(at.Add(time.Duration(g.r.ExpFloat64() * float64(left) / 6)))
		return at
	}
	if g.chance(0.25) {
		g.past(v, step(), pick(g.r, g.people), func(d *issue) { d.prio = pick(g.r, g.s.scheme(d.proj)) })
	}
	if g.chance(0.6) {
		who := pick(g.r, g.people)
		g.past(v, step(), who, func(d *issue) { d.assignee = who })
		if v.assignee != nil && g.chance(0.5) {
			g.past(v, step(), who, func(d *issue) { d.status = g.s.category(InProgress) })
		}
	}
	g.plan(v)
	for range g.r.IntN(4) {
		g.comment(v, step())
	}
	if !g.chance(g.opt.Open) {
		g.past(v, step(), pick(g.r, g.people), func(d *issue) {
			d.status, d.resolution, d.resolved = g.s.category(Done), "Done", at
		})
	}
	v.votes = int(g.r.ExpFloat64() * 2)
	v.watches = 1 + int(g.r.ExpFloat64()*3)
	if v.proj.desk() {
		v.custom[FieldSLA] = g.sla(v)
	}
}

// past applies a change in the past; one that would lie ahead never was.
func (g *generator) past(v *issue, at time.Time, by *User, f func(*issue)) {
	if !at.Before(g.now) {
		return
	}
	before := *v
	f(v)
	if items := g.s.diff(&before, v); len(items) > 0 {
		g.s.record(v, by, at, nil, items)
	}
}

func (g *generator) plan(v *issue) {
	if v.proj.desk() || !g.chance(0.3) {
		return
	}
	if v.status.Category == InProgress {
		v.custom[FieldSprint] = []Sprint{g.sprints[4]}
		return
	}
	v.custom[FieldSprint] = []Sprint{pick(g.r, g.sprints)}
}

func (g *generator) comment(v *issue, at time.Time) {
	if !at.Before(g.now) {
		return
	}
	cm := &Comment{ID: strconv.FormatInt(g.s.nextID(), 10), Author: pick(g.r, g.people).AccountID, Body: pick(g.r, genComments), Created: at, Updated: at}
	v.comments = append(v.comments, cm)
	v.updated = at
}

func (g *generator) sla(v *issue) SLA {
	goal := time.Duration(4+g.r.IntN(20)) * time.Hour
	return SLA{Name: "Time to resolution", Goal: goal, Started: v.created, Breach: v.created.Add(goal), Stopped: v.resolved}
}

// link relates the issue to an earlier one of the last few.
func (g *generator) link(v *issue) {
	n := len(g.s.recs)
	if n < 10 || !g.chance(0.12) {
		return
	}
	other := g.s.recs[n-2-g.r.IntN(8)].cur
	typ := pick(g.r, g.s.linkTypes)
	id := g.s.nextID()
	v.links = append(v.links, link{id, typ.Name, true, other.id})
	other.links = append(other.links, link{id, typ.Name, false, v.id})
}

// category returns the first status of a category.
func (s *Server) category(key string) *Status {
	for _, st := range s.statuses {
		if st.Category == key {
			return st
		}
	}
	return s.statuses[0]
}
