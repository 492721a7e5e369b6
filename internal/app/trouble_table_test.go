package app

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
)

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
