package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/state"
)

var kills = flag.Int("kills", killsDefault(), "how often TestKilledAgainAndAgain kills the program; 200 where LANEKEEPER_LONG is set")

func killsDefault() int {
	if os.Getenv("LANEKEEPER_LONG") != "" {
		return 200
	}
	return 6
}

const (
	backlog       = 30              // issues of each tracker
	requestsALife = 150             // at most
	longestLife   = 4 * time.Second // where the machine is too busy for these
)

// TestKilledAgainAndAgain builds the program, runs it against three busy
// trackers behind real sockets, and kills it with SIGKILL at moments that
// nobody chose. People rewrite titles all the time, and the title decides the
// lane, so that each life has dozens of decisions to make and to write. After
// each death the state must be sound and know at least as much as before; in the
// end everything is in order, no comment was posted
// twice, every decision is in the log and every person's edit is still there.
func TestKilledAgainAndAgain(t *testing.T) {
	c := newCrash(t)
	people, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { c.work(people) })
	for n := range *kills {
		c.runAndKill(n)
		c.verify()
		if t.Failed() {
			break
		}
	}
	stop()
	done.Wait()
	c.settle()
	c.inOrder()
}

// crash is the world of the test.
type crash struct {
	*testing.T
	bin, dir string
	cloud    *jiratest.Server // suggest: comments
	dc       *jiratest.Server // enforce: labels
	linear   *lineartest.Server
	user     string // of Linear
	label    string
	rand     *rand.Rand

	requests atomic.Int64 // of the program to all trackers

	decisions int // in the log at the last look
	first     int // after the first death that left any

	mu     sync.Mutex
	edits  int               // by people
	titles map[string]string // by tracker and id, as a person last set them
	tags   map[string]bool   // issues with a label of people's own
	lanes  map[string]string // Data Center: lanes that people chose
}

func newCrash(t *testing.T) *crash {
	c := &crash{T: t, dir: t.TempDir(), rand: rand.New(rand.NewPCG(1, 2)), titles: map[string]string{}, tags: map[string]bool{}, lanes: map[string]string{}}
	c.bin = filepath.Join(c.dir, "lanekeeper")
	if out, err := exec.Command("go", "build", "-o", c.bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	c.cloud = c.jira(jiratest.Cloud)
	c.dc = c.jira(jiratest.DataCenter)
	c.linear = lineartest.New(lineartest.Options{Now: time.Now, Limits: lineartest.Limits{Requests: 1e6, Complexity: 1e9, Query: 10_000}})
	c.user = c.linear.AddUser(lineartest.User{Name: "Amy"}).ID
	c.label = c.linear.AddLabel(lineartest.Label{Name: "by-people"}).ID
	c.linear.AddTeam(lineartest.Team{Key: "ENG"})
	for n := range backlog {
		if _, err := c.linear.Create(lineartest.Issue{TeamID: "ENG", Title: subject(n), Priority: 3}); err != nil {
			t.Fatal(err)
		}
	}
	c.configure()
	return c
}

func subject(n int) string {
	return fmt.Sprintf("%s %d", []string{"Outage in the shop", "A new button", "Nicer fonts", "Crash of the login"}[n%4], n)
}

func (c *crash) jira(flavor string) *jiratest.Server {
	s := jiratest.New(jiratest.Options{Flavor: flavor, Token: "secret-token", Limits: jiratest.Limits{NoPerIssue: true}})
	s.AddUser(jiratest.User{AccountID: "amy", Name: "Amy"})
	s.AddProject(jiratest.Project{Key: "PAY"})
	for n := range backlog {
		s.Create(jiratest.Spec{Project: "PAY", Type: "Task", Summary: subject(n)})
	}
	return s
}

// slow takes a little time for each answer, so that deaths fall between them.
func (c *crash) slow(h http.Handler) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.requests.Add(1)
		time.Sleep(time.Duration(1+rand.IntN(6)) * time.Millisecond)
		h.ServeHTTP(w, r)
		time.Sleep(time.Duration(rand.IntN(6)) * time.Millisecond)
	}))
	c.Cleanup(server.Close)
	return server.URL
}

func (c *crash) configure() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	c.check(err)
	address := l.Addr().String()
	c.check(l.Close())
	text := fmt.Sprintf(`
mode: enforce
sources:
  - name: cloud
    mode: suggest
    jira: {url: %q, flavor: cloud, auth: {email: bot@acme.example, token_env: JIRA_TOKEN}, projects: [PAY]}
  - name: dc
    jira: {url: %q, flavor: datacenter, auth: {token_env: JIRA_TOKEN}, projects: [PAY]}
  - name: linear
    linear: {url: %q, auth: {api_key_env: LINEAR_KEY}, teams: [ENG]}
schedule: {pull: "@every 1s", sweep: "@every 10s"}
state: {path: %q}
server: {listen: %q}
guard: {max_changes: 100000, max_share: 1.0}
policy:
  score: {pillars: {pain: {weight: 1, expr: "any_word(issue.title, ['outage', 'crash']) ? 90.0 : 40.0"}}, effort: {expr: "1.0"}}
  priority: {bands: {urgent: 85, medium: 35}}
  lanes:
    - {name: hotfix, when: "any_word(issue.title, ['outage'])", horizon: current-sprint}
    - {name: stability, when: "any_word(issue.title, ['crash'])", horizon: next-release}
    - {name: feature, when: "any_word(issue.title, ['button'])", horizon: next-release}
    - {name: unsorted, when: "true", horizon: roadmap}
`, c.slow(c.cloud), c.slow(c.dc), c.slow(c.linear)+"/graphql", filepath.Join(c.dir, "state.db"), address)
	c.check(os.WriteFile(filepath.Join(c.dir, "lanekeeper.yaml"), []byte(text), 0o600))
}

func (c *crash) check(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

func (c *crash) command(args ...string) *exec.Cmd {
	cmd := exec.Command(c.bin, append(args, "--config", filepath.Join(c.dir, "lanekeeper.yaml"))...)
	cmd.Env = append(os.Environ(), "JIRA_TOKEN=secret-token", "LINEAR_KEY="+lineartest.APIKey)
	return cmd
}

// runAndKill lets the program live until it has sent some number of requests,
// or for longestLife: counting requests has deaths fall everywhere in a cycle, on
// a busy machine too.
func (c *crash) runAndKill(n int) {
	cmd := c.command("run")
	var out strings.Builder
	cmd.Stderr = &out
	end := time.NewTimer(longestLife)
	defer end.Stop()
	last := c.requests.Load() + int64(1+c.rand.IntN(requestsALife))
	c.check(cmd.Start())
	for alive := true; alive && c.requests.Load() < last; {
		select {
		case <-end.C:
			alive = false
		case <-time.After(time.Millisecond):
		}
	}
	time.Sleep(time.Duration(c.rand.IntN(20)) * time.Millisecond)
	c.check(cmd.Process.Kill())
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		c.Errorf("run %d ended by itself: %v\n%s", n+1, err, out.String())
	}
}

// verify has the program check the state that a death left behind.
func (c *crash) verify() {
	c.Helper()
	out, err := c.command("state", "verify", "--json").Output()
	if err != nil {
		c.Fatalf("state verify: %v\n%s", err, out)
	}
	var v struct {
		OK        bool `json:"ok"`
		Decisions int  `json:"decisions"`
	}
	c.check(json.Unmarshal(out, &v))
	if !v.OK || v.Decisions < c.decisions {
		c.Errorf("the log had %d decisions, and now: %s", c.decisions, out)
	}
	if c.decisions = v.Decisions; c.first == 0 {
		c.first = v.Decisions
	}
}

// work has people change issues all the time.
func (c *crash) work(ctx context.Context) {
	r := rand.New(rand.NewPCG(3, 4))
	for ctx.Err() == nil {
		time.Sleep(time.Duration(2+r.IntN(8)) * time.Millisecond)
		for range 4 {
			n := r.IntN(1e6)
			switch r.IntN(5) {
			case 0:
				c.onJira("cloud", c.cloud, n)
			case 1, 2:
				c.onJira("dc", c.dc, n)
			case 3:
				c.onLinear(n)
			case 4:
				c.chooseLane(n)
			}
		}
	}
}

// onJira edits issue n; the title does not depend on which it is.
func (c *crash) onJira(name string, s *jiratest.Server, n int) {
	i, title := s.Issues()[n%backlog], subject(n/backlog)
	c.mu.Lock()
	defer c.mu.Unlock()
	must(c, s.Edit(i.ID, "amy", func(e *jiratest.Edit) {
		e.Summary(title)
		e.AddLabel("by-people")
	}))
	c.edits++
	c.titles[name+i.ID], c.tags[name+i.ID] = title, true
}

func (c *crash) onLinear(n int) {
	i, title := c.linear.Issues()[n%backlog], subject(n/backlog)
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.linear.Edit(i.ID, c.user, func(x *lineartest.Issue) {
		x.Title = title
		if !slices.Contains(x.LabelIDs, c.label) {
			x.LabelIDs = append(x.LabelIDs, c.label)
		}
	})
	must(c, err)
	c.edits++
	c.titles["linear"+i.ID], c.tags["linear"+i.ID] = title, true
}

// chooseLane has a person put an issue that lanekeeper has labelled into a lane
// of their own. It is done once for a few issues.
func (c *crash) chooseLane(n int) {
	i := c.dc.Issues()[n%backlog]
	lane := slices.IndexFunc(i.Labels, func(l string) bool { return strings.HasPrefix(l, "lane:") })
	c.mu.Lock()
	defer c.mu.Unlock()
	if n%3 != 0 || lane < 0 || c.lanes[i.ID] != "" {
		return
	}
	c.lanes[i.ID] = fmt.Sprintf("lane:own-%d", n%7)
	must(c, c.dc.Edit(i.ID, "amy", func(e *jiratest.Edit) {
		e.RemoveLabel(i.Labels[lane])
		e.AddLabel(c.lanes[i.ID])
	}))
}

func must(t testing.TB, err error) {
	if err != nil {
		t.Error(err) // of a goroutine beside the test
	}
}

// settle runs cycles until nothing is left to do, and demands that it stays so.
func (c *crash) settle() {
	for try := 0; ; try++ {
		if out, err := c.command("once").CombinedOutput(); err != nil {
			c.Fatalf("once: %v\n%s", err, out)
		}
		left := c.plan()
		if left == 0 {
			break
		}
		if try == 10 {
			c.Fatalf("%d changes are still planned after %d quiet cycles", left, try)
		}
	}
	before := [...]int{len(c.cloud.Mutations()), len(c.dc.Mutations()), len(c.linear.Mutations())}
	if out, err := c.command("once").CombinedOutput(); err != nil {
		c.Fatalf("once: %v\n%s", err, out)
	}
	if after := [...]int{len(c.cloud.Mutations()), len(c.dc.Mutations()), len(c.linear.Mutations())}; after != before {
		c.Errorf("all was in order, and the mutations went from %d to %d", before, after)
	}
	c.verify()
}

// plan counts what the program would write now.
func (c *crash) plan() int {
	out, err := c.command("plan", "--json").Output()
	if err != nil {
		c.Fatalf("plan: %v\n%s", err, out)
	}
	var p struct {
		Changes []struct {
			Status string `json:"status"`
		} `json:"changes"`
	}
	c.check(json.Unmarshal(out, &p))
	n := 0
	for _, ch := range p.Changes {
		if ch.Status == "planned" {
			n++
		}
	}
	return n
}

// inOrder demands that people's edits are there, that there is one comment at
// most, and that each record's decision is in the log.
func (c *crash) inOrder() {
	written := 0
	for name, s := range map[string]*jiratest.Server{"cloud": c.cloud, "dc": c.dc} {
		for _, i := range s.Issues() {
			ours := 0
			for _, m := range i.Comments {
				if m.Author == s.Account() {
					ours++
				}
			}
			written += ours
			if ours > 1 {
				c.Errorf("%s %s has %d comments of ours", name, i.Key, ours)
			}
			c.edited(name+i.ID, i.Key, i.Summary, i.HasLabel("by-people"))
			if lane := c.lanes[i.ID]; name == "dc" && lane != "" && !i.HasLabel(lane) {
				c.Errorf("dc %s: a person chose %s, and the labels are %q", i.Key, lane, i.Labels)
			}
		}
	}
	for _, i := range c.linear.Issues() {
		c.edited("linear"+i.ID, i.Identifier, i.Title, slices.Contains(i.LabelIDs, c.label))
	}
	if written == 0 || len(c.linear.Mutations()) == 0 || c.decisions <= c.first {
		c.Errorf("%d comments, %d decisions, of them %d in the first life: the test proves nothing", written, c.decisions, c.first)
	}
	c.logged()
	c.Logf("%d kills, %d decisions (%d a life), %d+%d+%d writing requests, %d comments checked, %d edits and %d lanes of people", *kills,
		c.decisions, c.decisions/max(1, *kills), len(c.cloud.Mutations()), len(c.dc.Mutations()), len(c.linear.Mutations()), written, c.edits, len(c.lanes))
}

func (c *crash) edited(id, key, title string, tagged bool) {
	if want, ok := c.titles[id]; ok && (title != want || !tagged) {
		c.Errorf("%s: a person set the title %q with a label, and it is %q, label %v", key, want, title, tagged)
	}
}

func (c *crash) logged() {
	db, err := state.Open(filepath.Join(c.dir, "state.db"), state.Options{ReadOnly: true})
	c.check(err)
	defer db.Close()
	for _, source := range []string{"cloud", "dc", "linear"} {
		n := 0
		c.check(db.Each(source, func(r *state.Record) bool {
			n++
			l, err := db.LogEntry(r.LoggedAs)
			if err != nil || l.ID != r.Issue.ID || l.Decision.Lane != r.Decision.Lane || l.Decision.Priority != r.Decision.Priority {
				c.Errorf("%s: its newest decision is not in the log: %v", r.Issue.Ref(), err)
			}
			return true
		}))
		if n != backlog {
			c.Errorf("%s: %d issues are known, want %d", source, n, backlog)
		}
	}
}
