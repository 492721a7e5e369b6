package app

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
)

// trouble is something that goes wrong with one tracker.
type trouble struct {
	name  string
	kinds []string // the trackers that it can befall
	// first: it is there before the first pull, not only after a good cycle.
	first  bool
	adjust func(*world, *settings)
	cause  func(*world)
	cure   func(*world)
	cycles int // that it lasts; 0 is 2
	// says are words of the source's error; none: the source goes on.
	says []string
	// outcome is that of the requests it spoils; "": none is spoilt.
	outcome string
	// parked are the issues that wait for their own back-off meanwhile, logs
	// what the log says.
	parked int
	logs   []string
	// heals is how long after the cure everything must be in order again; 0 is
	// 20 minutes, longer than a refused credential is left alone.
	heals time.Duration
}

var (
	anyTracker = []string{cloud, datacenter, linearApp}
	anyJira    = []string{cloud, datacenter}
	onlyLinear = []string{linearApp}
)

// TestTroubleWithATracker takes the whole loop through everything that a
// tracker does to its clients. A trouble that stops the source is told with
// what to do, counted, and makes the source unready when it lasts; the other
// source works on without delay; when it is over nothing is lost and nothing
// of people's is touched.
func TestTroubleWithATracker(t *testing.T) {
	for _, tr := range trackerTroubles() {
		for _, kind := range tr.kinds {
			t.Run(tr.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { endure(t, tr, kind) })
			})
		}
	}
}

// TestObserveWritesNothingInAnyTrouble takes a loop that only observes through
// the same troubles.
func TestObserveWritesNothingInAnyTrouble(t *testing.T) {
	for _, tr := range trackerTroubles() {
		for _, kind := range tr.kinds {
			t.Run(tr.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { watch(t, tr, kind) })
			})
		}
	}
}

// stage builds the world up to the moment when the trouble begins.
func stage(t *testing.T, tr trouble, kind, mode string) *world {
	w := newWorld(t, kind, func(w *world, s *settings) {
		s.mode = mode
		if tr.adjust != nil {
			tr.adjust(w, s)
		}
	})
	if tr.first {
		w.note()
		tr.cause(w)
		w.start()
		return w
	}
	w.start()
	w.good()
	if mode == "enforce" {
		w.orderly()
	}
	time.Sleep(5 * time.Minute) // beyond the time in which Linear folds changes into the creation
	tr.cause(w)
	return w
}

func (tr trouble) times() int {
	if tr.cycles == 0 {
		return 2
	}
	return tr.cycles
}

func endure(t *testing.T, tr trouble, kind string) {
	w := stage(t, tr, kind, "enforce")
	defer func() { w.stop() }()
	w.peopleAct()
	fresh := w.other.create("Outage of the other", "")
	w.note()
	for n := range tr.times() {
		began := time.Now().Add(time.Minute)
		c := w.once()
		w.suffers(tr, fault(c, "hurt"), n+1)
		w.unharmed(fault(c, "other"), fresh, n, began)
	}
	w.told(tr)
	if tr.cure != nil {
		tr.cure(w)
	}
	time.Sleep(max(tr.heals, 20*time.Minute))
	w.good()
	w.good()
	w.orderly()
	w.quiet()
	if got := w.metric("cycle_consecutive_failures", "source", "hurt"); got != 0 {
		t.Errorf("cycle_consecutive_failures is %v after the trouble", got)
	}
	if got := w.metric("parked_issues", "source", "hurt"); got != 0 {
		t.Errorf("parked_issues is %v after the trouble", got)
	}
	if r := w.ready(); len(r) > 0 {
		t.Errorf("not ready after the trouble: %v", r)
	}
	w.sound()
}

// peopleAct has people file, change, close and relabel issues of the tracker
// in trouble.
func (w *world) peopleAct() {
	w.Helper()
	w.hurt.create("Outage in the cellar", "")
	w.hurt.create("A quieter colour", "")
	var open []string
	for id, i := range w.hurt.issues() {
		if i.open && strings.Contains(w.hurt.lane(id), "lane:") {
			open = append(open, id)
		}
	}
	slices.Sort(open)
	if len(open) < 2 {
		return // nothing was labelled yet
	}
	moved, closed := open[0], open[1]
	lane := w.hurt.lane(moved)
	to := "lane:feature"
	if lane == to {
		to = "lane:stability"
	}
	fatal(w, w.hurt.edit(moved, []string{lane}, []string{to}))
	w.left[moved] = to
	w.left[closed] = w.hurt.lane(closed) // closed issues keep what they had
	w.hurt.close(closed)
}

// suffers looks at the source in trouble after its nth cycle.
func (w *world) suffers(tr trouble, message string, n int) {
	w.Helper()
	failures := w.metric("cycle_consecutive_failures", "source", "hurt")
	if tr.says == nil {
		if message != "" || failures != 0 {
			w.Errorf("cycle %d failed (%v in a row): %s", n, failures, message)
		}
		return
	}
	mentions(w, "the error", message, tr.says...)
	if failures != float64(n) {
		w.Errorf("cycle_consecutive_failures is %v after %d bad cycles", failures, n)
	}
	if strings.Contains(message+w.log.String(), w.hurt.good) {
		w.Errorf("the credential is in a message: %s", message)
	}
}

// unharmed looks at the other source: its new issue was written at once.
func (w *world) unharmed(message, fresh string, n int, began time.Time) {
	w.Helper()
	if message != "" || w.metric("cycle_consecutive_failures", "source", "other") != 0 {
		w.Errorf("the other source failed too: %s", message)
	}
	if n > 0 {
		return
	}
	if at := w.other.updated(fresh); w.app.current().sources[1].Mode == "enforce" && (at.Before(began) || at.After(began.Add(5*time.Second))) {
		w.Errorf("the other source wrote %s after the start of its cycle", at.Sub(began))
	}
}

// told looks at metrics, readiness and the log at the end of the trouble.
func (w *world) told(tr trouble) {
	w.Helper()
	if tr.outcome != "" && w.metric("requests_total", "source", "hurt", "outcome", tr.outcome) == 0 {
		w.Errorf("requests_total has no outcome %s", tr.outcome)
	}
	if got := w.metric("parked_issues", "source", "hurt"); got != float64(tr.parked) {
		w.Errorf("parked_issues is %v, want %d", got, tr.parked)
	}
	mentions(w, "the log", w.log.String(), tr.logs...)
	if tr.says == nil {
		return
	}
	time.Sleep(10 * time.Minute)
	w.once() // the other source stays fresh
	r := w.ready()
	mentions(w, "readiness", r["hurt"], tr.says...)
	if r["other"] != "" {
		w.Errorf("the other source is not ready: %s", r["other"])
	}
}

// sound verifies the state.
func (w *world) sound() {
	w.Helper()
	if v, err := w.app.Verify(w.Context()); err != nil || !v.OK {
		w.Errorf("state: %v %v", err, v.Problems)
	}
}

func watch(t *testing.T, tr trouble, kind string) {
	w := stage(t, tr, kind, "observe")
	defer func() { w.stop() }()
	w.peopleAct()
	for range tr.times() {
		w.once()
	}
	if tr.cure != nil {
		tr.cure(w)
	}
	time.Sleep(max(tr.heals, 20*time.Minute))
	w.good()
	w.good()
	if a, b := w.hurt.mutations(), w.other.mutations(); a+b > 0 {
		t.Errorf("%d and %d mutations were sent", a, b)
	}
}

// struck breaks every request of Jira's or Linear's from now on.
func struck(f jiratest.Fault, g lineartest.Fault) func(*world) {
	return func(w *world) {
		if w.hurt.jira != nil {
			w.hurt.jira.FailNext("", 1<<30, f)
		} else {
			w.hurt.linear.Inject(g)
		}
	}
}

// mended ends scripted faults.
func mended(w *world) {
	if w.hurt.jira != nil {
		w.hurt.jira.ClearFaults()
	} else {
		w.hurt.linear.ClearFaults()
	}
}

// trap switches a trap of the Jira simulator.
func trap(f func(*jiratest.Traps)) func(*world) {
	return func(w *world) { w.hurt.jira.Trap(f) }
}

func untrapped(w *world) { w.hurt.jira.Trap(func(t *jiratest.Traps) { *t = jiratest.Traps{} }) }

// behave changes what the Linear simulator does.
func behave(f func(*lineartest.Behavior)) func(*world) {
	return func(w *world) { w.hurt.linear.Behave(f) }
}

func behaved(w *world) {
	w.hurt.linear.Behave(func(b *lineartest.Behavior) { *b = lineartest.Behavior{} })
}

func project(f func(*jiratest.Project)) func(*world) {
	return func(w *world) { w.hurt.jira.EditProject("PAY", f) }
}

func trackerTroubles() []trouble {
	return slices.Concat(signInTroubles(), scopeTroubles(), fieldTroubles(), wireTroubles(), oddTroubles())
}

func signInTroubles() []trouble {
	wrong := func(w *world) { w.hurt.credential("lin_api_wrong") }
	right := func(w *world) { w.hurt.credential(w.hurt.good) }
	return []trouble{
		{name: "wrong token from the start", kinds: anyJira, first: true, cause: wrong, cure: right,
			says: []string{"auth", "token", "wrong or has expired", "make a new one"}, outcome: "auth"},
		{name: "wrong token from the start", kinds: onlyLinear, first: true, cause: wrong, cure: right,
			says: []string{"auth", "check the api key", "revoked or expired"}, outcome: "auth"},
		{name: "token replaced by a wrong one", kinds: anyTracker, cause: wrong, cure: right, heals: time.Minute,
			says: []string{"auth", "expired"}, outcome: "auth"},
		{name: "token expired: an empty 200 as to a stranger", kinds: anyJira,
			cause: func(w *world) { w.hurt.jira.RevokeToken() }, cure: func(w *world) { w.hurt.jira.RestoreToken() },
			says: []string{"auth", "(HTTP 200)", "as to a stranger", "make a new one"}, outcome: "auth"},
		{name: "key revoked", kinds: onlyLinear,
			cause: func(w *world) { w.hurt.linear.RevokeKey() }, cure: func(w *world) { w.hurt.linear.RestoreKey() },
			says: []string{"auth", "revoked or expired"}, outcome: "auth"},
		{name: "CAPTCHA", kinds: anyJira, cause: trap(func(t *jiratest.Traps) { t.Captcha = true }), cure: untrapped,
			says: []string{"CAPTCHA", "sign in once in a browser"}, outcome: "auth"},
		{name: "credential file gone", kinds: anyTracker,
			cause: func(w *world) { w.hurt.credential("") }, cure: right, heals: time.Minute,
			says: []string{"auth", "is empty", "make the token readable"}, outcome: "auth"},
	}
}

// forbidden refuses as for a token without the scope.
func forbidden(match func(*lineartest.Request) bool, op ...string) func(*world) {
	return func(w *world) {
		if w.hurt.linear != nil {
			w.hurt.linear.Inject(lineartest.Fault{Kind: lineartest.Status, Status: http.StatusForbidden, Match: match})
			return
		}
		for _, o := range op {
			w.hurt.jira.FailNext(o, 1<<30, jiratest.Fault{Status: 403, Body: `{"code":403,"message":"Forbidden; scope does not match"}`})
		}
	}
}

func scopeTroubles() []trouble {
	return []trouble{
		{name: "the token lacks the scope to read", kinds: anyJira, cause: forbidden(nil, "search", "searchOld"), cure: mended,
			says: []string{"forbidden", "search", "scope does not match", "lanekeeper check"}, outcome: "forbidden"},
		{name: "the token lacks the scope to read", kinds: onlyLinear, cause: forbidden(lineartest.OnQuery), cure: mended,
			says: []string{"forbidden", "read and write access"}, outcome: "forbidden"},
		{name: "the token lacks the scope to write", kinds: anyTracker, cause: forbidden(lineartest.OnMutation, "edit", "bulkEdit"), cure: mended,
			parked: 2, outcome: "forbidden", logs: []string{"the issue is parked", "forbidden"}},
		{name: "unknown project", kinds: anyJira, first: true,
			adjust: func(_ *world, s *settings) { s.hurt = strings.Replace(s.hurt, "[PAY]", "[PAY, NOPE]", 1) },
			cause:  func(*world) {}, cure: func(w *world) { w.hurt.jira.AddProject(jiratest.Project{Key: "NOPE"}) },
			says: []string{"NOPE", "check projects and jql"}},
		{name: "unknown team", kinds: onlyLinear, first: true,
			adjust: func(_ *world, s *settings) { s.hurt = strings.Replace(s.hurt, "[ENG]", "[ENG, NOPE]", 1) },
			cause:  func(*world) {}, cure: func(w *world) { w.hurt.linear.AddTeam(lineartest.Team{Key: "NOPE"}) },
			says: []string{"not found", "no team NOPE", "check the keys"}},
		{name: "project that the account may not browse", kinds: anyJira, first: true,
			cause: project(func(p *jiratest.Project) { p.Hidden = true }), cure: project(func(p *jiratest.Project) { p.Hidden = false }),
			says: []string{"PAY", "permission"}},
		{name: "project hidden from the account later", kinds: anyJira,
			cause: project(func(p *jiratest.Project) { p.Hidden = true }), cure: project(func(p *jiratest.Project) { p.Hidden = false }),
			says: []string{"PAY", "permission"}},
		{name: "project that the account may not edit", kinds: anyJira,
			cause: project(func(p *jiratest.Project) { p.ReadOnly = true }), cure: project(func(p *jiratest.Project) { p.ReadOnly = false }),
			heals: 30 * time.Hour, logs: []string{"does not let us write a field", "give the account the permission"}},
	}
}

func fieldTroubles() []trouble {
	screen := func(w *world, fields ...string) {
		w.hurt.jira.EditProject("PAY", func(p *jiratest.Project) {
			for n := range p.Types {
				p.Types[n].Screen = fields
			}
		})
	}
	return []trouble{
		{name: "unknown custom field", kinds: anyJira, first: true,
			adjust: func(_ *world, s *settings) {
				s.hurt = strings.Replace(s.hurt, "projects:", `fields: {tier: "Customer tier"}, projects:`, 1)
			},
			cause: func(*world) {}, cure: func(w *world) {
				w.hurt.jira.AddField(jiratest.Field{Name: "Customer tier", Custom: jiratest.CustomText})
			},
			says: []string{"fields.tier", `no field "Customer tier"`, "use the field's id"}},
		{name: "urgent is not in the project's priority scheme", kinds: anyJira,
			adjust: func(_ *world, s *settings) {
				s.hurt = strings.Replace(s.hurt, "projects:", "priorities: {urgent: Highest, high: High, medium: Medium, low: Low}, projects:", 1)
			},
			cause: project(func(p *jiratest.Project) { p.Priorities = []string{"3", "4"} }), cure: project(func(p *jiratest.Project) { p.Priorities = nil }),
			heals: 30 * time.Hour, logs: []string{"field refused", "the priority selected is invalid"}},
		{name: "labels are not on the edit screen", kinds: anyJira,
			cause: func(w *world) { screen(w, "summary", "priority") }, cure: func(w *world) { screen(w) },
			heals: 30 * time.Hour, logs: []string{"does not let us write a field", "labels", "put the field on the edit screen"}},
		{name: "priority is not on the edit screen", kinds: anyJira,
			cause: func(w *world) { screen(w, "summary", "labels") }, cure: func(w *world) { screen(w) },
			heals: 30 * time.Hour, logs: []string{"does not let us write a field", "priority", "put the field on the edit screen"}},
		{name: "a label is refused", kinds: anyJira,
			cause: func(w *world) {
				refused := jiratest.Fault{Status: 400, Body: `{"errorMessages":[],"errors":{"labels":"The label is not allowed."}}`}
				w.hurt.jira.FailNext("edit", 1<<30, refused)
				w.hurt.jira.FailNext("bulkEdit", 1<<30, refused)
			}, cure: mended, heals: 30 * time.Hour, outcome: "invalid", parked: 1,
			logs: []string{"field refused; it is tried again after the next sweep", "labels: The label is not allowed", "the issue is parked"}},
		{name: "labels can only be made by admins", kinds: onlyLinear, first: true,
			cause: behave(func(b *lineartest.Behavior) { b.LabelsByAdminsOnly = true }), cure: behaved, heals: 30 * time.Hour,
			logs: []string{"field refused", "not allowed to create labels", "ask an admin to create these workspace labels"}},
		{name: "the labels were retired", kinds: onlyLinear, cause: func(w *world) { w.retire(time.Now()) }, cure: func(w *world) { w.retire(time.Time{}) },
			heals: 30 * time.Hour, logs: []string{"field refused", "retired"}},
		{name: "fields are null", kinds: anyJira,
			cause: trap(func(t *jiratest.Traps) {
				t.NullFields = []string{"description", "assignee", "reporter", "labels", "components"}
			}), cure: untrapped},
		{name: "titles are null", kinds: anyJira, cause: trap(func(t *jiratest.Traps) { t.NullFields = []string{"summary"} }), cure: untrapped,
			heals: 30 * time.Hour, logs: []string{"not readable", "the summary did not load"}},
		{name: "fields did not load", kinds: anyJira,
			cause: trap(func(t *jiratest.Traps) { t.AbsentFields = []string{"labels", "priority"} }), cure: untrapped, heals: 30 * time.Hour},
		{name: "fields are null", kinds: onlyLinear,
			cause: behave(func(b *lineartest.Behavior) {
				b.NullFields = []string{"Issue.assignee", "Issue.description", "Issue.creator"}
			}), cure: behaved},
		{name: "titles are null against the schema", kinds: onlyLinear,
			cause: behave(func(b *lineartest.Behavior) { b.NullFields = []string{"Issue.title"} }), cure: behaved, heals: 30 * time.Hour,
			logs: []string{"not readable", "the issue lacks its id, key, title"}},
	}
}

// retire takes the managed labels out of use, or with no time into use again.
func (w *world) retire(at time.Time) {
	for _, l := range w.hurt.linear.Labels() {
		if l.ID != w.hurt.label {
			w.hurt.linear.EditLabel(l.ID, func(l *lineartest.Label) { l.RetiredAt = at })
		}
	}
}

func wireTroubles() []trouble {
	return []trouble{
		{name: "server answers HTML", kinds: anyJira, cause: struck(jiratest.LoginPage(), lineartest.Fault{}), cure: mended,
			says: []string{"HTML", "login page or proxy", "check url"}, outcome: "contract"},
		{name: "server answers HTML", kinds: onlyLinear, cause: struck(jiratest.Fault{}, lineartest.Fault{Kind: lineartest.HTML}), cure: mended,
			says: []string{"HTML", "check url"}, outcome: "contract"},
		{name: "JSON is cut short", kinds: anyTracker, cause: struck(jiratest.Fault{Cut: 40}, lineartest.Fault{Kind: lineartest.Truncated}), cure: mended,
			says: []string{"contract", "a proxy may have cut or changed the answer"}},
		{name: "connection is cut in the middle of answers", kinds: anyJira, cause: struck(jiratest.Fault{Truncate: 20}, lineartest.Fault{}), cure: mended,
			says: []string{"network", "connection reset", "check url and the network"}, outcome: "network"},
		{name: "body without an end", kinds: anyTracker, cycles: 1, cause: struck(jiratest.Fault{Endless: 1 << 30}, lineartest.Fault{Kind: lineartest.Endless, Size: 1 << 30}), cure: mended,
			says: []string{"contract", "more than 33554432 bytes", "check url"}, outcome: "contract"},
		{name: "slow drip", kinds: anyJira, cause: struck(jiratest.Fault{Drip: 1, DripPause: 10 * time.Second}, lineartest.Fault{}), cure: mended,
			says: []string{"network", "no complete answer within 1m0s", "check url and the network"}, outcome: "network"},
		{name: "no connection", kinds: anyTracker, cause: struck(jiratest.Fault{Abort: true}, lineartest.Fault{Kind: lineartest.Drop}), cure: mended,
			says: []string{"network", "connection reset", "check url and the network"}, outcome: "network"},
		{name: "5xx for an hour", kinds: anyTracker, cycles: 30,
			cause: struck(jiratest.ServerError(503), lineartest.Fault{Kind: lineartest.Status, Status: 503}), cure: mended,
			says: []string{"server (HTTP 503)", "asked again with the next cycle"}, outcome: "server"},
		{name: "429 storm", kinds: anyTracker, cycles: 5,
			cause: struck(jiratest.TooMany(jiratest.ReasonBurst, 30*time.Second, time.Time{}), lineartest.Fault{Kind: lineartest.RateLimited}), cure: mended,
			says: []string{"rate limited", "an account of its own"}, outcome: "rate_limited"},
		{name: "429 that asks for hours", kinds: anyJira, cycles: 3,
			cause: struck(jiratest.TooMany(jiratest.ReasonGlobal, 3*time.Hour, time.Time{}), lineartest.Fault{}), cure: mended,
			says: []string{"rate limited", "an account of its own"}, outcome: "rate_limited", heals: 4 * time.Hour},
		{name: "write applied, connection lost", kinds: anyTracker,
			cause: func(w *world) {
				if w.hurt.linear != nil {
					w.hurt.linear.Inject(lineartest.Fault{Kind: lineartest.DropAfter, Match: lineartest.OnMutation})
					return
				}
				w.hurt.jira.FailAfter("edit", 1<<30, jiratest.Fault{Abort: true})
				w.hurt.jira.FailAfter("bulkEdit", 1<<30, jiratest.Fault{Abort: true})
			}, cure: mended, outcome: "network"},
	}
}

func oddTroubles() []trouble {
	return []trouble{
		{name: "times in several forms", kinds: anyJira, cause: trap(func(t *jiratest.Traps) { t.OddTimes = true; t.EpochChangelog = 1 })},
		{name: "the tracker's clock is an hour ahead", kinds: anyJira, cause: trap(func(t *jiratest.Traps) { t.ClockSkew = time.Hour })},
		{name: "the tracker's clock is an hour behind", kinds: anyJira, first: true, cause: trap(func(t *jiratest.Traps) { t.ClockSkew = -time.Hour })},
		{name: "the tracker's clock is an hour ahead", kinds: onlyLinear, cause: behave(func(b *lineartest.Behavior) { b.DateSkew = time.Hour }), cure: behaved, heals: 2 * time.Hour},
		{name: "the tracker's clock is an hour behind", kinds: onlyLinear, cause: behave(func(b *lineartest.Behavior) { b.DateSkew = -time.Hour }), cure: behaved},
		{name: "the index lags by minutes", kinds: anyJira, cause: trap(func(t *jiratest.Traps) { t.IndexLag = 5 * time.Minute }), cure: untrapped},
		{name: "fields of other types than promised", kinds: anyJira, cure: untrapped,
			cause: func(w *world) {
				w.hurt.jira.Trap(func(t *jiratest.Traps) { t.Undecodable = []string{"PAY-3"} })
				fatal(w, w.hurt.jira.Edit("PAY-3", "amy", func(e *jiratest.Edit) { e.Summary("Outage of the fonts") }))
			},
			heals: 30 * time.Hour},
	}
}
