package lineartest

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// everyIssue reads all issues in one canonical answer.
const everyIssue = `{ issues(first: 250, includeArchived: true) { nodes { id identifier title description priority estimate dueDate updatedAt labelIds
	state { name } assignee { name } comments(first: 3) { nodes { id body } } history(first: 3) { nodes { id toPriority } } needs(first: 2) { nodes { id customer { name } } } } } }`

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	world := func(seed uint64) string {
		c := newClock()
		s := New(Options{Now: c.now, Seed: seed})
		s.Generate(seed, 80, GenerateOptions{Wild: true})
		r := rand.New(rand.NewPCG(seed, 1))
		var actions []Action
		for range 300 {
			c.advance(time.Duration(r.IntN(600)) * time.Second)
			actions = append(actions, s.Tick(r))
		}
		s.SetLimits(Limits{Requests: 10, Complexity: 1e6, Query: 1e6})
		log, _ := json.Marshal(actions)
		return string(must(t, s, everyIssue, nil).Raw) + string(log)
	}
	once, again := world(7), world(7)
	if once != again {
		t.Error("two runs of one seed differ")
	}
	if world(7) == world(8) {
		t.Error("two seeds give the same")
	}
}

func TestABacklogLooksLikeOne(t *testing.T) {
	s := New(Options{})
	s.Generate(1, 2000, GenerateOptions{})
	var open, urgent, estimated, labelled, due, withNeeds int
	for _, i := range s.Issues() {
		if i.CompletedAt.IsZero() && i.CanceledAt.IsZero() {
			open++
		}
		urgent += one(i.Priority == 1)
		estimated += one(i.Estimate != nil)
		labelled += one(len(i.LabelIDs) >= 2)
		due += one(i.DueDate != "")
		withNeeds += one(len(s.world.issues[i.ID].needs) > 0)
		if i.UpdatedAt.Before(i.CreatedAt) || i.UpdatedAt.After(s.Now()) {
			t.Fatalf("%s: updated %v, created %v", i.Identifier, i.UpdatedAt, i.CreatedAt)
		}
	}
	for name, c := range map[string][3]int{
		"open": {open, 700, 1300}, "urgent": {urgent, 100, 300}, "estimated": {estimated, 1000, 1400}, "labelled": {labelled, 2000, 2000},
		"due": {due, 80, 250}, "wanted by customers": {withNeeds, 300, 600},
	} {
		if c[0] < c[1] || c[0] > c[2] {
			t.Errorf("%s: %d, want %d to %d", name, c[0], c[1], c[2])
		}
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestTicksKeepTheWorkspaceWhole(t *testing.T) {
	c := newClock()
	s := New(Options{Now: c.now})
	s.Generate(3, 100, GenerateOptions{})
	s.DefaultSLARules()
	r := rand.New(rand.NewPCG(1, 2))
	kinds := map[string]int{}
	for range 3000 {
		c.advance(time.Minute)
		kinds[s.Tick(r).Kind]++
	}
	for _, k := range strings.Fields("created priority state assignee label due title comment need relation archived trashed deleted moved") {
		if kinds[k] == 0 {
			t.Errorf("nobody ever did %q", k)
		}
	}
	checkWorld(t, s)
}

// checkWorld compares the indexes with the issues.
func checkWorld(t *testing.T, s *Server) {
	t.Helper()
	w := &s.world
	sum := 0
	for team, o := range w.teamOrder {
		for _, ord := range []*order{&o.created, &o.updated} {
			ord.tidy()
			for _, sl := range ord.slots {
				if sl.r.TeamID != team || w.issues[sl.r.ID] != sl.r || sl.place != placeOf(ord.by, sl.r) {
					t.Errorf("%s is in a wrong place of team %s", sl.r.Identifier, team)
				}
			}
			sum += len(ord.slots)
		}
	}
	if n := len(w.issues); sum != 2*n || len(w.order.created.slots) != n || len(w.order.updated.slots) != n {
		t.Errorf("%d issues, %d places of teams, %d and %d in all", n, sum, len(w.order.created.slots), len(w.order.updated.slots))
	}
	for _, r := range w.issues {
		groups := map[string]bool{}
		for _, id := range r.LabelIDs {
			l := w.labels.byID[id]
			if l.ParentID != "" && groups[l.ParentID] {
				t.Errorf("%s has two labels of one group", r.Identifier)
			}
			groups[l.ParentID] = true
			if sc := w.scope(l); sc != "" && sc != r.TeamID {
				t.Errorf("%s has another team's label", r.Identifier)
			}
		}
		if w.byIdentifier[r.Identifier] != r || w.states.byID[r.StateID].TeamID != r.TeamID {
			t.Errorf("%s is broken", r.Identifier)
		}
	}
}

func TestStateTimesFollowTheState(t *testing.T) {
	o := newOffice(t)
	to := func(typ string) Issue {
		o.clock.advance(time.Hour)
		st, _ := o.eng.StateOf(typ)
		i, err := o.Edit("ENG-1", o.ann.ID, func(i *Issue) { i.StateID = st.ID })
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	if i := to("started"); !i.StartedAt.Equal(o.clock.now()) {
		t.Errorf("started %v", i.StartedAt)
	}
	if i := to("completed"); !i.CompletedAt.Equal(o.clock.now()) || i.StartedAt.IsZero() {
		t.Errorf("completed %v", i.CompletedAt)
	}
	if i := to("duplicate"); !i.CanceledAt.Equal(o.clock.now()) || !i.CompletedAt.IsZero() {
		t.Errorf("canceled %v", i.CanceledAt)
	}
	if i := to("unstarted"); !i.CanceledAt.IsZero() || !i.StartedAt.IsZero() {
		t.Errorf("reopened %v", i)
	}
	r := must(t, o.Server, `{ issue(id: "ENG-1") { stateHistory(first: 10) { nodes { state { type } startedAt endedAt } } } }`, nil)
	if spans := r.at("issue", "stateHistory", "nodes").([]any); len(spans) != 5 || spans[0].(map[string]any)["endedAt"] != nil {
		t.Errorf("got %s", r.Raw)
	}
}

func TestHostileTextsSurvive(t *testing.T) {
	o := newOffice(t)
	big := strings.Repeat("x", 1<<20)
	texts := append(wildTexts(), "bad \xff utf-8", big)
	for _, text := range texts {
		i := o.create(t, Issue{TeamID: "ENG", Title: "t", Description: text})
		r := must(t, o.Server, `query($id: String!) { issue(id: $id) { description } }`, map[string]any{"id": i.ID})
		if got := r.at("issue", "description"); got != strings.ToValidUTF8(text, "\uFFFD") {
			t.Errorf("%.40q came back as %.40q", text, got)
		}
	}
}

func TestManyLabels(t *testing.T) {
	o := newOffice(t)
	for k := range 10_000 {
		o.AddLabel(Label{Name: "label " + string(rune('a'+k%26)) + strings.Repeat("x", k%7)})
	}
	seen := 0
	var after any
	for {
		r := must(t, o.Server, `query($a: String) { issueLabels(first: 250, after: $a) { nodes { id } pageInfo { hasNextPage endCursor } } }`, map[string]any{"a": after})
		seen += len(r.at("issueLabels", "nodes").([]any))
		if after = r.at("issueLabels", "pageInfo", "endCursor"); r.at("issueLabels", "pageInfo", "hasNextPage") != true {
			break
		}
	}
	if seen != 10_003 {
		t.Errorf("saw %d labels", seen)
	}
}

func TestConcurrentUse(t *testing.T) {
	o := newOffice(t)
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(k), 0))
			for range 50 {
				o.Tick(r)
				o.clock.advance(time.Second)
				req, _ := http.NewRequest(http.MethodPost, URL, strings.NewReader(`{"query":"{ issues(first: 20, orderBy: updatedAt) { nodes { id labels(first: 3) { nodes { name } } } } }"}`))
				req.Header.Set("Authorization", APIKey)
				resp, err := o.Client().Do(req)
				if err != nil || resp.StatusCode != 200 {
					t.Errorf("got %v %v", resp, err)
				}
				o.Issues()
				o.Counters()
			}
		})
	}
	wg.Wait()
	checkWorld(t, o.Server)
}
