package lineartest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// GenerateOptions shape a generated backlog. The zero value is a usable one.
type GenerateOptions struct {
	// Teams are keys; missing teams are added. Empty is ENG and WEB.
	Teams []string
	// Customers is how many companies there are; 0 is 12, negative none.
	Customers int
	// Days is how far back the backlog goes; 0 is 540.
	Days int
	// Wild mixes in texts that break careless programs: emoji, right-to-left
	// text, control characters.
	Wild bool
	// Bare leaves out history, comments, needs and relations, for speed.
	Bare bool
}

// Generate adds n issues of a product that several teams have worked on for a
// while, with people, labels, projects, cycles and customers. The same seed on
// the same workspace gives the same backlog.
func (s *Server) Generate(seed uint64, n int, opt GenerateOptions) {
	s.lock()
	defer s.mu.Unlock()
	if len(opt.Teams) == 0 {
		opt.Teams = []string{"ENG", "WEB"}
	}
	if opt.Customers == 0 {
		opt.Customers = 12
	}
	if opt.Days == 0 {
		opt.Days = 540
	}
	g := &generator{s: s, r: rand.New(rand.NewPCG(seed, 0x6c616e65)), opt: opt, now: s.now()}
	g.workspace()
	for k := range n {
		g.issue(k, n)
	}
}

type generator struct {
	s   *Server
	r   *rand.Rand
	opt GenerateOptions
	now time.Time

	teams      []*Team
	people     []*User
	types      []*Label
	components []*Label
	tags       []*Label
	customers  []*Customer
	projects   []*Project
	cycles     map[string][]*Cycle
	made       []*record
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// chance is true in p of 100 cases.
func (g *generator) chance(p int) bool { return g.r.IntN(100) < p }

func (g *generator) workspace() {
	for _, key := range g.opt.Teams {
		t := g.s.world.team(key)
		if t == nil {
			t = g.s.addTeam(Team{Key: key, Timezone: "Europe/Berlin", EstimationType: "fibonacci"})
		}
		g.teams = append(g.teams, t)
	}
	for _, name := range []string{
		"Ada Berg", "Ben Ito", "Chloé Roux", "Dmitri Orlov", "Elif Kaya", "Farid Haddad", "Grace Odoya", "Hugo Lima", "Ines Novak", "Jun Park",
	} {
		g.people = append(g.people, g.s.addUser(User{Name: name}))
	}
	g.types = g.group("Type", "Bug", "Feature", "Improvement", "Chore")
	g.components = g.group("Area", "checkout", "search", "login", "billing", "reports", "mobile", "api", "imports")
	for _, name := range []string{"regression", "security", "customer", "quick win", "tech debt", "flaky"} {
		g.tags = append(g.tags, g.s.addLabel(Label{Name: name}))
	}
	g.plans()
	g.clients()
}

func (g *generator) group(name string, children ...string) []*Label {
	group := g.s.addLabel(Label{Name: name, Group: true})
	var out []*Label
	for _, c := range children {
		out = append(out, g.s.addLabel(Label{Name: c, ParentID: group.ID}))
	}
	return out
}

func (g *generator) plans() {
	for _, name := range []string{"New checkout", "Search that finds", "Billing in euros", "Mobile offline", "Faster imports"} {
		p := Project{
			ID: g.s.newID("project"), Name: name, Priority: g.r.IntN(5), State: "started", CreatedAt: g.now,
			Health: pick(g.r, []string{"onTrack", "atRisk", ""}), TargetDate: g.now.AddDate(0, g.r.IntN(6), 0).Format(time.DateOnly),
		}
		g.s.world.projects.add(p.ID, &p)
		g.projects = append(g.projects, &p)
	}
	g.cycles = map[string][]*Cycle{}
	for _, t := range g.teams {
		for k := range 3 {
			start := g.now.Truncate(24*time.Hour).AddDate(0, 0, 14*(k-1))
			c := Cycle{ID: g.s.newID("cycle"), TeamID: t.ID, Number: 30 + k, StartsAt: start, EndsAt: start.AddDate(0, 0, 14)}
			g.s.world.cycles.add(c.ID, &c)
			g.cycles[t.ID] = append(g.cycles[t.ID], &c)
		}
	}
}

func (g *generator) clients() {
	var tiers []string
	for k, name := range []string{"Enterprise", "Growth", "Starter"} {
		t := Tier{ID: g.s.newID("tier"), Name: name, Position: float64(k)}
		g.s.world.tiers.add(t.ID, &t)
		tiers = append(tiers, t.ID)
	}
	for k := range max(0, g.opt.Customers) {
		c := Customer{
			Name: fmt.Sprintf("%s %s", pick(g.r, companyFirst()), pick(g.r, companyLast())), TierID: tiers[min(g.r.IntN(4), 2)],
			Revenue: (1 + g.r.IntN(400)) * 1000, Size: float64(5 + g.r.IntN(3000)), Domains: []string{fmt.Sprintf("customer%d.example", k+1)},
		}
		if g.chance(10) {
			c.TierID, c.Revenue = "", -1
		}
		g.customers = append(g.customers, g.s.addCustomer(c))
	}
}

// issue adds the k-th of n: the older, the more likely it is closed.
func (g *generator) issue(k, n int) {
	t := pick(g.r, g.teams)
	age := time.Duration(float64(n-k) / float64(n) * float64(g.opt.Days) * float64(24*time.Hour))
	created := g.now.Add(-age).Add(-time.Duration(g.r.IntN(3600)) * time.Second)
	i := Issue{
		CreatedAt: created, StateID: g.state(t, age).ID, CreatorID: pick(g.r, g.people).ID,
		Priority: pick(g.r, []int{0, 0, 0, 1, 2, 2, 3, 3, 3, 4, 4}),
	}
	i.UpdatedAt = created.Add(time.Duration(g.r.Int64N(int64(age) + 1))).Truncate(time.Millisecond)
	typ, area := pick(g.r, g.types), pick(g.r, g.components)
	i.LabelIDs = []string{typ.ID, area.ID}
	i.Title, i.Description = g.texts(typ.Name, area.Name)
	g.extras(t, &i)
	r := g.s.create(t, i)
	if !g.opt.Bare {
		g.around(r)
	}
	if len(g.made) < 1000 {
		g.made = append(g.made, r)
	}
}

func (g *generator) extras(t *Team, i *Issue) {
	if g.chance(55) {
		i.AssigneeID = pick(g.r, g.people).ID
	}
	if g.chance(60) {
		e := pick(g.r, []float64{1, 2, 3, 5, 8, 13})
		i.Estimate = &e
	}
	if g.chance(15) {
		i.LabelIDs = append(i.LabelIDs, pick(g.r, g.tags).ID)
	}
	if g.chance(8) {
		i.DueDate = g.now.AddDate(0, 0, g.r.IntN(60)-10).Format(time.DateOnly)
	}
	if g.chance(30) {
		i.ProjectID = pick(g.r, g.projects).ID
	}
	if g.chance(20) {
		i.CycleID = pick(g.r, g.cycles[t.ID]).ID
	}
	if g.chance(10) && len(g.made) > 0 {
		if p := pick(g.r, g.made); p.TeamID == t.ID {
			i.ParentID = p.ID
		}
	}
}

func (g *generator) state(t *Team, age time.Duration) State {
	closed := 25 + int(age.Hours()/24/float64(g.opt.Days)*55)
	typ := pick(g.r, []string{"triage", "backlog", "backlog", "unstarted", "started"})
	if g.chance(closed) {
		typ = pick(g.r, []string{"completed", "completed", "completed", "canceled", "duplicate"})
	}
	if st, ok := t.StateOf(typ); ok {
		return st
	}
	return firstState(t)
}

// around adds what people did to an issue since.
func (g *generator) around(r *record) {
	span := max(time.Millisecond, r.UpdatedAt.Sub(r.CreatedAt))
	for k := range g.r.IntN(3) {
		at := r.CreatedAt.Add(span * time.Duration(k+1) / 4)
		e := &Entry{ID: g.s.newID("history"), IssueID: r.ID, ActorID: pick(g.r, g.people).ID, CreatedAt: at, UpdatedAt: at}
		if k == 0 {
			e.Priority = &Moved[int]{0, r.Priority}
		} else {
			e.State = &Moved[string]{firstState(g.s.world.teams.byID[r.TeamID]).ID, r.StateID}
		}
		r.history = append(r.history, e)
	}
	for k := range max(0, g.r.IntN(6)-2) {
		at := r.CreatedAt.Add(span * time.Duration(k+1) / 5)
		c := &Comment{
			ID: g.s.newID("comment"), IssueID: r.ID, UserID: pick(g.r, g.people).ID, Body: pick(g.r, remarks()), CreatedAt: at, UpdatedAt: at,
		}
		g.s.world.comments.add(c.ID, c)
		r.comments = append(r.comments, c)
	}
	if len(g.customers) > 0 && g.chance(22) {
		for range 1 + g.r.IntN(3) {
			n := &Need{
				ID: g.s.newID("need"), CustomerID: pick(g.r, g.customers).ID, IssueID: r.ID, Important: g.chance(25), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
			}
			g.s.world.needs.add(n.ID, n)
			r.needs = append(r.needs, n)
		}
	}
	if g.chance(6) && len(g.made) > 0 {
		g.s.world.link(&Relation{
			ID: g.s.newID("relation"), IssueID: r.ID, RelatedID: pick(g.r, g.made).ID, Type: pick(g.r, []string{"blocks", "related"}),
			CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		})
	}
}

func (g *generator) texts(typ, area string) (title, description string) {
	title = fmt.Sprintf(pick(g.r, titles(typ)), area)
	var b strings.Builder
	for range 2 + g.r.IntN(5) {
		fmt.Fprintf(&b, pick(g.r, sentences())+" ", area)
	}
	description = strings.TrimSpace(b.String())
	if g.opt.Wild && g.chance(10) {
		w := pick(g.r, wildTexts())
		title, description = title+" "+w, w+"\n\n"+description
	}
	return title, description
}
