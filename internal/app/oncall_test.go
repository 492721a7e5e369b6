package app

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// duty is a calendar behind a URL: Ann is on duty for the first day of the
// bubble, Bob for the second, and nobody after.
type duty struct {
	status int
	events []string
}

func (d *duty) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(d.status)
	io.WriteString(w, "BEGIN:VCALENDAR\r\n"+strings.Join(d.events, "")+"END:VCALENDAR\r\n")
}

func shiftOf(who, day string) string {
	return fmt.Sprintf("BEGIN:VEVENT\r\nUID:%s\r\nSUMMARY:%s\r\nDTSTART:%sT000000Z\r\nDURATION:P1D\r\nEND:VEVENT\r\n", day, who, day)
}

// dutyPeople are the accounts of both trackers in these tests.
var dutyPeople = []string{"Ann", "Bob", "Eve"}

const rotaYAML = `
on_call:
  - name: platform
    max_age: 2h
    ics: {url: "https://cal.example/platform.ics?key=s3cret", people: {Ann: ann@acme.example, Bob: bob@acme.example, Zoe: zoe@acme.example}}
`

// dutyWorld has Ann and Bob in both trackers and gives hotfix to whoever is on
// duty.
func dutyWorld(t *testing.T, kind, mode, owner string) (*world, *duty) {
	d := &duty{status: 200, events: []string{shiftOf("Ann", "20000101"), shiftOf("Bob", "20000102")}}
	w := newWorld(t, kind, func(w *world, s *settings) {
		w.rotas = connectors.HandlerTransport(d)
		s.mode = mode
		s.policy = strings.Replace(s.policy, "name: hotfix,", "name: hotfix, owner: "+owner+",", 1) + rotaYAML
	})
	for _, p := range []*place{w.hurt, w.other} {
		for _, name := range dutyPeople {
			p.join(name)
		}
	}
	return w, d
}

// join makes a person an account of the tracker.
func (p *place) join(name string) {
	mail := strings.ToLower(name) + "@acme.example"
	if p.linear != nil {
		p.linear.AddUser(lineartest.User{ID: userID(name), Name: name, Email: mail})
		return
	}
	p.jira.AddUser(jiratest.User{AccountID: strings.ToLower(name), Name: name, Email: mail})
}

// userID is the id of a user of Linear, which is a UUID.
func userID(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(strings.ToLower(name))).String()
}

// assignee is who has an issue, and give has Amy give it to somebody.
func (p *place) assignee(id string) string {
	if p.linear != nil {
		i, _ := p.linear.Issue(id)
		for _, name := range dutyPeople {
			if i.AssigneeID == userID(name) {
				return strings.ToLower(name)
			}
		}
		return i.AssigneeID
	}
	i, _ := p.jira.Issue(id)
	return i.Assignee
}

func (p *place) give(id, who string) {
	p.t.Helper()
	if p.linear != nil {
		_, err := p.linear.Edit(id, "", func(i *lineartest.Issue) { i.AssigneeID = userID(who) })
		fatal(p.t, err)
		return
	}
	fatal(p.t, p.jira.Edit(id, "amy", func(e *jiratest.Edit) { e.Assignee(who) }))
}

// hot are the issues in hotfix, with who has them.
func (p *place) hot() map[string]string {
	out := map[string]string{}
	for id, i := range p.issues() {
		if i.open && p.lane(id) == "lane:hotfix" {
			out[id] = p.assignee(id)
		}
	}
	return out
}

// everyHot demands that all issues in hotfix have that person, in both trackers.
func (w *world) everyHot(who string) {
	w.Helper()
	for _, p := range []*place{w.hurt, w.other} {
		if len(p.hot()) < 2 {
			w.Errorf("%s: %d in hotfix", p.kind, len(p.hot()))
		}
		for id, has := range p.hot() {
			if has != who {
				w.Errorf("%s %s is with %q, want %q", p.kind, id, has, who)
			}
		}
		for id := range p.issues() {
			if _, hot := p.hot()[id]; !hot && p.assignee(id) != "" {
				w.Errorf("%s %s is not in hotfix and was given to %s", p.kind, id, p.assignee(id))
			}
		}
	}
}

func (w *world) explain(p *place, id string) answer.Explanation {
	w.Helper()
	source := "hurt"
	if p == w.other {
		source = "other"
	}
	x, err := w.app.Explain(w.Context(), issue.Ref{Source: source, Key: p.issues()[id].key})
	fatal(w, err)
	return x
}

func text(t *testing.T, x answer.Explanation) string {
	var b strings.Builder
	fatal(t, x.WriteText(&b, answer.Style{}))
	return b.String()
}

func TestAHotFixGoesToWhoeverIsOnDutyAndStaysWithThem(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // from midnight of 1 January 2000
				w, d := dutyWorld(t, kind, "enforce", "{on_call: platform}")
				w.start()
				defer func() { w.stop() }()
				w.good()
				w.everyHot("ann")
				w.quiet()
				var one string
				for one = range w.hurt.hot() {
					break
				}
				mentions(t, "explain", text(t, w.explain(w.hurt, one)), "owner ann@acme.example (on duty in rota platform at 2000-01-01 00:01 UTC)")
				w.hurt.give(one, "eve")
				time.Sleep(24 * time.Hour)
				w.quiet() // the hand-over moves nothing, and what a person did holds
				if got := w.hurt.assignee(one); got != "eve" {
					t.Errorf("a person's assignee became %q", got)
				}
				w.hurt.give(one, "ann")
				fresh := w.hurt.create("Outage in the cellar", "")
				w.good()
				if got := w.hurt.assignee(fresh); got != "bob" {
					t.Errorf("a new one went to %q", got)
				}
				w.stop()
				w.start() // a restart forgets nobody
				w.quiet()
				time.Sleep(24 * time.Hour)
				nobody := w.hurt.create("Outage in the attic", "")
				c := w.good()
				if got := w.hurt.assignee(nobody); got != "" {
					t.Errorf("nobody is on duty, and %q got one: %+v", got, c.Changes)
				}
				mentions(t, "explain", text(t, w.explain(w.hurt, nobody)), "nobody is assigned because: nobody is on duty in rota platform.")
				d.status = 401
				time.Sleep(3 * time.Hour)
				w.quiet()
				mentions(t, "explain", text(t, w.explain(w.hurt, nobody)), "nobody is assigned because: rota platform is 3 h old and counts for 2 h.")
				if w.metric("on_call_known", "rota", "platform") != 0 {
					t.Error("a rota that is too old counts as known")
				}
				d.status, d.events = 200, []string{shiftOf("Bob", "20000103")}
				w.good()
				if got := w.hurt.assignee(nobody); got != "bob" {
					t.Errorf("somebody is on duty again, and it is with %q", got)
				}
				if w.metric("on_call_known", "rota", "platform") != 1 {
					t.Error("a rota that was read again counts as unknown")
				}
				w.quiet()
			})
		})
	}
}

func TestOwnersFollowTheHandoverWhereThePolicySaysSo(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, d := dutyWorld(t, kind, "enforce", "{on_call: platform, handover: follow}")
				w.start()
				defer func() { w.stop() }()
				w.good()
				w.everyHot("ann")
				var held string
				for held = range w.hurt.hot() {
					break
				}
				w.hurt.give(held, "eve")
				time.Sleep(24 * time.Hour)
				w.good()
				if got := w.hurt.assignee(held); got != "eve" {
					t.Errorf("a person's assignee became %q", got)
				}
				for id, has := range w.other.hot() {
					if has != "bob" {
						t.Errorf("%s is with %q after the hand-over", id, has)
					}
				}
				w.quiet()
				d.status = 500
				time.Sleep(24 * time.Hour) // nobody knows who is on duty: all stays
				w.quiet()
				d.status = 200
				time.Sleep(time.Hour) // nobody is on duty: all stays
				w.quiet()
			})
		})
	}
}

func TestSomebodyOnDutyWhomTheTrackerDoesNotKnow(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, d := dutyWorld(t, kind, "enforce", "{on_call: platform}")
				d.events[0] = shiftOf("Zoe", "20000101")
				w.start()
				defer func() { w.stop() }()
				w.good()
				w.everyHot("")
				w.quiet()
				if n := strings.Count(w.log.String(), "owner not found"); n != 2 || !strings.Contains(w.log.String(), "zoe@acme.example") {
					t.Errorf("each source warns once, by name: %s", w.log)
				}
				time.Sleep(24 * time.Hour)
				w.good()
				w.everyHot("bob") // who was never given an issue does not keep it
			})
		})
	}
}

func TestObserveTellsWhoWouldGetItAndWritesNothing(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, _ := dutyWorld(t, kind, "observe", "{on_call: platform}")
				w.start()
				defer func() { w.stop() }()
				told := func(who string) {
					t.Helper()
					n := 0
					for _, c := range w.good().Changes {
						if c.Field == issue.FieldAssignee {
							n++
							if c.To != who && c.To != userID(who) || !strings.Contains(c.Reason, "on duty in rota platform") {
								t.Errorf("told %+v", c)
							}
						}
					}
					if n != 4 {
						t.Errorf("%d changes of the assignee", n)
					}
				}
				told("ann")
				time.Sleep(24 * time.Hour)
				told("bob")
				if n := w.hurt.mutations() + w.other.mutations(); n > 0 {
					t.Errorf("%d mutations", n)
				}
			})
		})
	}
}

func TestTheTriageResponsibilityOfLinearGivesOwners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, linearApp, func(_ *world, s *settings) {
			s.policy = strings.Replace(s.policy, "name: hotfix,", "name: hotfix, owner: {on_call: triage},", 1) + "\non_call: [{name: triage, linear_triage: true}]\n"
		})
		w.hurt.join("Ann")
		w.hurt.join("Bob")
		mentions(t, "a team without it", checkedRotas(w), "warning rota triage hurt: the team ENG has no triage responsibility")
		w.hurt.linear.SetOnDuty("ENG", userID("Ann"))
		mentions(t, "a team with it", checkedRotas(w), "ok rota triage hurt: ann@acme.example is on duty for ENG", "ok rota triage hurt: ann@acme.example is Ann (")
		w.start()
		defer func() { w.stop() }()
		w.good()
		for id, has := range w.hurt.hot() {
			if has != "ann" {
				t.Errorf("%s is with %q", id, has)
			}
		}
		for id, has := range w.other.hot() {
			if has != "" {
				t.Errorf("%s of Jira is with %q", id, has)
			}
			mentions(t, "explain", text(t, w.explain(w.other, id)), "rota triage asks Linear, and other is no source of Linear")
		}
		w.hurt.linear.SetOnDuty("ENG", userID("Bob"))
		fresh := w.hurt.create("Outage in the cellar", "")
		w.good()
		if got := w.hurt.assignee(fresh); got != "bob" {
			t.Errorf("a new one went to %q", got)
		}
		w.hurt.linear.SetPlan(lineartest.Free)
		time.Sleep(2 * time.Hour)
		late := w.hurt.create("Outage in the attic", "")
		w.good()
		mentions(t, "explain", text(t, w.explain(w.hurt, late)), "rota triage is 2 h old and counts for 1 h")
	})
}

// checkedRotas is what check says of rotas.
func checkedRotas(w *world) string {
	cfg, err := w.load()
	fatal(w, err)
	var b strings.Builder
	for _, f := range Check(w.Context(), cfg, w.options()).Findings {
		if strings.HasPrefix(f.What, "rota ") {
			fmt.Fprintf(&b, "%s %s %s: %s\n", f.Level, f.What, f.Source, f.Text)
		}
	}
	return b.String()
}

func TestCheckSaysWhoIsOnDutyAndWhetherTheTrackersKnowThem(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, d := dutyWorld(t, kind, "observe", "{on_call: platform}")
				mentions(t, "one on duty", checkedRotas(w), "ok rota platform : ann@acme.example is on duty until 2000-01-02 01:00 CET\n",
					"ok rota platform hurt: ann@acme.example is Ann (", "ok rota platform other: ann@acme.example is Ann (")
				d.events = append(d.events, strings.Replace(shiftOf("Zoe", "20000101"), "P1D", "PT2H", 1))
				mentions(t, "two at once", checkedRotas(w), "warning rota platform : zoe@acme.example is on duty until 2000-01-01 03:00 CET, and so is ann@acme.example",
					"warning rota platform hurt: zoe@acme.example cannot be given issues")
				d.status = 401
				mentions(t, "a refused token", checkedRotas(w), "failed rota platform : could not be read: cal.example answered HTTP 401")
			})
		})
	}
}

func TestAReloadChangesRotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.json")
		fatal(t, os.WriteFile(path, []byte(`[{"email": "ann@acme.example"}]`), 0o600))
		fatal(t, os.Chtimes(path, time.Now(), time.Now()))
		w, _ := dutyWorld(t, cloud, "observe", "{on_call: platform}")
		w.start()
		defer func() { w.stop() }()
		w.good()
		old := w.app.current()
		text, err := os.ReadFile(w.file)
		fatal(t, err)
		changed := string(text[:strings.Index(string(text), "on_call:\n")]) + fmt.Sprintf("on_call: [{name: hotline, json: {path: %q}}]\n", path)
		fatal(t, os.WriteFile(w.file, []byte(strings.Replace(changed, "on_call: platform", "on_call: hotline", 1)), 0o600))
		cfg, err := w.load()
		fatal(t, err)
		e, err := w.app.build(cfg)
		fatal(t, err)
		w.app.replace(e)
		w.good()
		if w.metric("on_call_known", "rota", "hotline") != 1 || w.metric("on_call_known", "rota", "platform") != 0 || old == w.app.current() {
			t.Error("the metrics tell of the rotas before")
		}
	})
}
