package app

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// anyKind are the trackers that an SLA is written back to.
func anyKind() []string { return []string{cloud, datacenter, linearApp} }

// withSLA holds outages to a fix within 90 minutes of entering the lane, warns at
// half of it, and pulls once an hour only.
func withSLA(_ *world, s *settings) {
	s.policy = strings.Replace(testPolicy, "horizon: current-sprint}", "horizon: current-sprint, sla: urgent-fix}", 1) + `
  slas:
    urgent-fix: {calendar: {timezone: Europe/Berlin, hours: {mon-sun: "00:00-24:00"}}, starts: entered_lane, pauses: {statuses: [Waiting]}, warn_at: [0.5], targets: [{resolve: 90m}]}`
}

func hourly(s string) string { return strings.Replace(s, "@every 1m", "@every 1h", 1) }

// slaWorld has one outage in each tracker beside what newWorld makes.
func slaWorld(t *testing.T, kind string, adjust ...func(*world, *settings)) (w *world, hot string) {
	w = newWorld(t, kind, append([]func(*world, *settings){withSLA}, adjust...)...)
	return w, w.hurt.create("Outage of the till", "")
}

// sla is the label and the due date of an issue.
func (p *place) sla(id string) string {
	label := strings.Join(p.issues()[id].managed("sla:"), " ")
	if p.linear != nil {
		i, _ := p.linear.Issue(id)
		return label + " " + i.DueDate
	}
	i, _ := p.jira.Issue(id)
	return label + " " + i.Due
}

// due sets the due date as a person does.
func (p *place) due(id, day string) {
	p.t.Helper()
	if p.linear != nil {
		amy := slices.IndexFunc(p.linear.Users(), func(u lineartest.User) bool { return u.Name == "Amy" })
		_, err := p.linear.Edit(id, p.linear.Users()[amy].ID, func(i *linearIssue) { i.DueDate = day })
		fatal(p.t, err)
		return
	}
	fatal(p.t, p.jira.Edit(id, "amy", func(e *jiraEdit) { e.Due(day) }))
}

// told lists the SLA alerts of an issue, oldest first.
func (w *world) toldOf(id string) (out []state.Alert) {
	w.Helper()
	fatal(w, w.app.store.EachAlert(time.Time{}, func(a state.Alert) bool {
		if a.IssueID == id && strings.HasPrefix(a.Kind, "sla_") {
			out = append(out, a)
		}
		return true
	}))
	slices.SortStableFunc(out, func(a, b state.Alert) int { return a.StartsAt.Compare(b.StartsAt) })
	return out
}

func (w *world) entered(id string) time.Time {
	w.Helper()
	rs, err := w.app.store.Records("hurt", []string{id})
	fatal(w, err)
	return rs[0].Memory.LaneSince
}

func near(a, b time.Time, d time.Duration) bool { return a.Sub(b).Abs() <= d }

func TestAnSLATellsAndWritesAtItsInstantWhateverThePullInterval(t *testing.T) {
	for _, kind := range anyKind() {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, hot := slaWorld(t, kind)
				w.rewrite(hourly)
				w.start()
				defer func() { w.stop() }()
				stop := w.run()
				defer func() { stop() }()
				time.Sleep(time.Minute)
				start := w.entered(hot)
				day := start.Add(90 * time.Minute).In(berlin(t)).Format(time.DateOnly)
				if have := w.hurt.sla(hot); have != " "+day {
					t.Errorf("at first %q, want the due date %s alone", have, day)
				}
				time.Sleep(time.Until(start.Add(45*time.Minute - 2*time.Second)))
				if n := len(w.toldOf(hot)); n != 0 {
					t.Errorf("%d alerts before the time", n)
				}
				time.Sleep(3 * time.Second)
				w.expectAlert(hot, "sla_warning", "resolve 50%", start.Add(45*time.Minute))
				time.Sleep(20 * time.Second)
				if have := w.hurt.sla(hot); have != "sla:at-risk "+day {
					t.Errorf("soon after the warning: %q", have)
				}
				time.Sleep(time.Until(start.Add(90*time.Minute + time.Second)))
				w.expectAlert(hot, "sla_breached", "resolve", start.Add(90*time.Minute))
				time.Sleep(20 * time.Second)
				if have := w.hurt.sla(hot); have != "sla:breached "+day {
					t.Errorf("soon after the breach: %q", have)
				}
				breached := w.metric("sla_issues", "source", "hurt", "sla", "urgent-fix", "state", "breached")
				if n := w.metric("sla_breaches_total", "source", "hurt"); n != breached || n < 1 {
					t.Errorf("%v breaches counted of %v", n, breached)
				}
				mutations := w.hurt.mutations()
				time.Sleep(3 * time.Hour)
				if n := w.hurt.mutations() - mutations; n != 0 {
					t.Errorf("%d more mutations", n)
				}
				w.hurt.close(hot)
				time.Sleep(time.Hour + time.Minute)
				for _, a := range w.toldOf(hot) {
					if !a.Ended && !a.Moment {
						t.Errorf("%s still lasts though the issue is closed", a.Kind)
					}
				}
			})
		})
	}
}

func berlin(t *testing.T) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/Berlin")
	fatal(t, err)
	return z
}

// rewrite changes the text of the configuration.
func (w *world) rewrite(change func(string) string) {
	w.Helper()
	text, err := readText(w.file)
	fatal(w, err)
	fatal(w, writeText(w.file, change(text)))
}

// expectAlert demands that the newest alert of an issue is of a kind, began at an
// instant and was noticed within a second of it.
func (w *world) expectAlert(id, kind, st string, at time.Time) {
	w.Helper()
	list := w.toldOf(id)
	if len(list) == 0 {
		w.Errorf("no alert, want %s", kind)
		return
	}
	a := list[len(list)-1]
	if a.Kind != kind || a.State != st || !near(a.StartsAt, at, 5*time.Millisecond) || !near(a.Raised, at, time.Second) {
		w.Errorf("alert %s %q from %s noticed %s, want %s %q at %s", a.Kind, a.State, a.StartsAt, a.Raised, kind, st, at)
	}
	if a.Title == "" || !a.Timed || a.ExplainURL == "" {
		w.Errorf("alert does not tell all: %+v", a)
	}
}

func TestARestartTellsNothingTwiceAndABreachMeanwhileWithItsInstant(t *testing.T) {
	for _, kind := range anyKind() {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, hot := slaWorld(t, kind)
				late, soon := w.hurt.create("Outage that is closed late", ""), w.hurt.create("Outage that is closed soon", "")
				w.rewrite(hourly)
				w.start()
				stop := w.run()
				time.Sleep(50 * time.Minute)
				start := w.entered(hot)
				w.expectAlert(hot, "sla_warning", "resolve 50%", start.Add(45*time.Minute))
				stop()
				w.stop()
				time.Sleep(10 * time.Minute)
				w.hurt.close(soon)
				time.Sleep(time.Hour)
				w.hurt.close(late)
				closed := time.Now()
				time.Sleep(10 * time.Hour)
				for range 3 { // starts
					w.start()
					stop = w.run()
					time.Sleep(5 * time.Minute)
					stop()
					w.stop()
				}
				w.start()
				defer func() { w.stop() }()
				kinds := func(id string) (out []string) {
					for _, a := range w.toldOf(id) {
						out = append(out, a.Kind+" "+a.State)
					}
					return out
				}
				if have := fmt.Sprint(kinds(hot)); have != "[sla_warning resolve 50% sla_breached resolve]" {
					t.Errorf("told of the open one: %s", have)
				}
				if a := w.toldOf(hot)[1]; !near(a.StartsAt, start.Add(90*time.Minute), 5*time.Millisecond) {
					t.Errorf("the breach is dated %s, want %s", a.StartsAt, start.Add(90*time.Minute))
				}
				if have := kinds(late); len(have) != 2 || have[1] != "sla_breached resolve" {
					t.Errorf("told of the one that was closed late: %v", have)
				}
				if have := kinds(soon); len(have) != 2 || !strings.HasPrefix(have[1], "sla_met resolve") {
					t.Errorf("told of the one that was closed in time: %v", have)
				}
				r := got(w.app.store.Records("hurt", []string{late}))(t)[0]
				if x := r.Clock.Results; len(x) != 1 || !near(x[0].Ended, closed, time.Second) || !near(x[0].Breached, start.Add(90*time.Minute), time.Second) {
					t.Errorf("results of the late one: %+v", x)
				}
				w.app.buildClocks(w.app.current())
				w.app.watchClocks(w.app.current(), w.app.current().source("hurt"))
				if v := w.metric("sla_attainment_ratio", "source", "hurt", "sla", "urgent-fix", "window", "7d"); v <= 0 || v >= 1 {
					t.Errorf("attainment %v", v)
				}
			})
		})
	}
}

func got[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		fatal(t, err)
		return v
	}
}

func TestAnSLAOnTheTrackersIsAdoptedOverriddenAndUndone(t *testing.T) {
	for _, kind := range anyKind() {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, hot := slaWorld(t, kind)
				dated := w.hurt.create("Outage with a date", "")
				w.hurt.due(dated, "2000-07-01")
				w.start()
				defer func() { w.stop() }()
				w.good()
				if have := w.hurt.sla(dated); have != " 2000-07-01" {
					t.Errorf("a date from before: %q", have)
				}
				w.good()
				w.quiet()
				time.Sleep(50 * time.Minute)
				w.good()
				day := w.entered(hot).Add(90 * time.Minute).In(berlin(t)).Format(time.DateOnly)
				if have := w.hurt.sla(hot); have != "sla:at-risk "+day {
					t.Errorf("at risk: %q", have)
				}
				w.quiet()
				w.quiet()
				w.hurt.due(hot, "2000-08-01")
				w.good()
				w.quiet()
				if have := w.hurt.sla(hot); have != "sla:at-risk 2000-08-01" {
					t.Errorf("a person's date: %q", have)
				}
				ref := "hurt/" + w.hurt.issues()[hot].key
				x := got(w.app.Explain(t.Context(), issue.ParseRef(ref)))(t)
				if x.SLA == nil || x.SLA.State != "warning" || x.SLA.Resolve == nil || !strings.Contains(x.SLA.Why, "due ") {
					t.Errorf("explained: %+v", x.SLA)
				}
				got(w.app.Undo(t.Context(), web.UndoRequest{Ref: ref, By: "amy"}))(t)
				if have := w.hurt.sla(hot); have != " 2000-08-01" {
					t.Errorf("undone: %q", have)
				}
				w.quiet()
			})
		})
	}
}

func TestAnSLAInObserveModeSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, hot := slaWorld(t, cloud, func(_ *world, s *settings) { s.mode = "observe" })
		w.start()
		defer func() { w.stop() }()
		stop := w.run()
		defer func() { stop() }()
		time.Sleep(2 * time.Hour)
		if n := w.hurt.mutations() + w.other.mutations(); n != 0 {
			t.Errorf("%d mutations", n)
		}
		if len(w.toldOf(hot)) != 2 {
			t.Errorf("told: %+v", w.toldOf(hot))
		}
		list := got(w.app.SLAs(t.Context(), web.IssueFilter{State: "breached"}))(t)
		if list.Total == 0 || list.SLAs[0].Remaining == nil || *list.SLAs[0].Remaining >= 0 {
			t.Errorf("listed: %+v", list)
		}
	})
}

func TestAReloadGivesTheClocksTheirNewTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, hot := slaWorld(t, cloud)
		w.rewrite(hourly)
		w.start()
		defer func() { w.stop() }()
		stop := w.run()
		defer func() { stop() }()
		time.Sleep(30 * time.Minute)
		start := w.entered(hot)
		w.rewrite(func(s string) string { return strings.Replace(s, "resolve: 90m", "resolve: 40m", 1) })
		got(w.app.Reload(t.Context()))(t)
		time.Sleep(10 * time.Second)
		if list := w.toldOf(hot); len(list) != 1 || list[0].Kind != "sla_warning" || !near(list[0].StartsAt, start.Add(20*time.Minute), 5*time.Millisecond) {
			t.Errorf("after the reload: %+v", list)
		}
		time.Sleep(time.Until(start.Add(40*time.Minute + time.Second)))
		w.expectAlert(hot, "sla_breached", "resolve", start.Add(40*time.Minute))
	})
}

func TestAnIssueThatWasClosedBeforeItsInstantIsNotToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, hot := slaWorld(t, cloud)
		w.rewrite(hourly)
		w.start()
		defer func() { w.stop() }()
		stop := w.run()
		defer func() { stop() }()
		time.Sleep(30 * time.Minute)
		w.hurt.close(hot)
		time.Sleep(20 * time.Minute) // no pull until now, but the instant has come
		for _, a := range w.toldOf(hot) {
			if a.Kind != "sla_met" {
				t.Errorf("told %s of an issue that was done", a.Kind)
			}
		}
	})
}

// The state may be old after a start: an instant that comes before the first cycle
// has ended is not told from it.
func TestAnInstantDuringTheFirstCycleAfterAStartIsNotToldFromOldState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, hot := slaWorld(t, cloud)
		late := w.hurt.create("Outage that nobody mends", "")
		w.rewrite(hourly)
		var slow atomic.Bool
		w.between = func(_ string, next http.RoundTripper) http.RoundTripper {
			return link(func(r *http.Request) (*http.Response, error) {
				if slow.Load() {
					time.Sleep(5 * time.Second)
				}
				return next.RoundTrip(r)
			})
		}
		w.start()
		stop := w.run()
		time.Sleep(10 * time.Minute)
		instant := w.entered(hot).Add(45 * time.Minute)
		stop()
		w.stop()
		w.hurt.close(hot)
		time.Sleep(time.Until(instant.Add(-2 * time.Second)))
		slow.Store(true)
		w.start()
		defer func() { w.stop() }()
		stop = w.run()
		defer func() { stop() }()
		time.Sleep(2 * time.Minute)
		for _, a := range w.toldOf(hot) {
			if a.Kind != "sla_met" {
				t.Errorf("told %s of an issue that was done: %s %s", a.Kind, a.Raised, w.log)
			}
		}
		if list := w.toldOf(late); len(list) != 1 || list[0].Kind != "sla_warning" || !near(list[0].StartsAt, w.entered(late).Add(45*time.Minute), 5*time.Millisecond) {
			t.Errorf("told of the open one: %+v", list)
		}
	})
}

type (
	linearIssue = lineartest.Issue
	jiraEdit    = jiratest.Edit
)

func readText(file string) (string, error) {
	b, err := os.ReadFile(file)
	return string(b), err
}

func writeText(file, text string) error { return os.WriteFile(file, []byte(text), 0o600) }

// Linear's SLA ends with a day in UTC: it is the first one that ends after the
// target, wherever the team sits.
func TestLinearsOwnSLAEndsWithinADayOfTheTarget(t *testing.T) {
	for _, zone := range []string{"Pacific/Auckland", "America/Los_Angeles", "UTC"} {
		t.Run(zone, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, hot := slaWorld(t, linearApp, func(_ *world, s *settings) {
					s.hurt = strings.TrimSuffix(s.hurt, "}") + ", dates: sla}"
					s.policy = strings.NewReplacer("timezone: Europe/Berlin", "timezone: "+zone, "resolve: 90m", "resolve: 30h").Replace(s.policy)
				})
				w.start()
				defer func() { w.stop() }()
				for range 6 { // at several times of the day
					w.good()
					due := w.entered(hot).Add(30 * time.Hour)
					i, _ := w.hurt.linear.Issue(hot)
					if late := i.SLABreachesAt.Sub(due); late < -time.Second || late > 24*time.Hour {
						t.Errorf("due %s, Linear's SLA until %s", due, i.SLABreachesAt)
					}
					w.quiet()
					w.hurt.close(hot)
					time.Sleep(4 * time.Hour)
					hot = w.hurt.create("Outage of the till", "")
				}
			})
		})
	}
}

func TestWhereLinearKeepsTheResolveTarget(t *testing.T) {
	for dates, want := range map[string]func(i lineartest.Issue, day string) bool{
		"due":  func(i lineartest.Issue, day string) bool { return i.DueDate == day && i.SLABreachesAt.IsZero() },
		"none": func(i lineartest.Issue, _ string) bool { return i.DueDate == "" && i.SLABreachesAt.IsZero() },
		"sla": func(i lineartest.Issue, day string) bool {
			return i.DueDate == "" && i.SLABreachesAt.UTC().Format(time.DateOnly) == day
		},
	} {
		t.Run(dates, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, hot := slaWorld(t, linearApp, func(_ *world, s *settings) {
					s.hurt = strings.TrimSuffix(s.hurt, "}") + ", dates: " + dates + "}"
				})
				w.start()
				defer func() { w.stop() }()
				w.good()
				zone := berlin(t)
				if dates == "sla" {
					zone = time.UTC
				}
				day := w.entered(hot).Add(90 * time.Minute).In(zone).Format(time.DateOnly)
				if i, _ := w.hurt.linear.Issue(hot); !want(i, day) {
					t.Errorf("due date %q, SLA until %s, want %s", i.DueDate, i.SLABreachesAt, day)
				}
				w.quiet()
				time.Sleep(50 * time.Minute)
				w.good()
				if have := strings.Join(w.hurt.issues()[hot].managed("sla:"), " "); have != "sla:at-risk" {
					t.Errorf("label %q", have)
				}
				w.quiet()
				got(w.app.Undo(t.Context(), web.UndoRequest{Ref: "hurt/" + w.hurt.issues()[hot].key, By: "amy"}))(t)
				if i, _ := w.hurt.linear.Issue(hot); i.DueDate != "" || !i.SLABreachesAt.IsZero() {
					t.Errorf("undone: due date %q, SLA until %s", i.DueDate, i.SLABreachesAt)
				}
				w.quiet()
			})
		})
	}
}

// A target that was answered late while lanekeeper was down is told for an hour,
// however long the issue stays open.
func TestALateAnswerWhileDownIsToldForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, hot := slaWorld(t, cloud)
		w.rewrite(func(s string) string {
			return hourly(strings.Replace(s, "{resolve: 90m}", "{respond: 30m, resolve: 30d}", 1))
		})
		w.start()
		stop := w.run()
		time.Sleep(5 * time.Minute)
		stop()
		w.stop()
		time.Sleep(time.Hour)
		fatal(t, w.hurt.jira.Edit(hot, "amy", func(e *jiraEdit) { e.Status("In Progress") }))
		time.Sleep(time.Hour)
		w.start()
		defer func() { w.stop() }()
		stop = w.run()
		defer func() { stop() }()
		breach := func() state.Alert {
			t.Helper()
			for _, a := range w.toldOf(hot) {
				if a.Kind == "sla_breached" {
					return a
				}
			}
			t.Fatalf("no breach among %+v", w.toldOf(hot))
			return state.Alert{}
		}
		time.Sleep(50 * time.Minute)
		if a := breach(); a.Ended || a.State != "respond" || !near(a.StartsAt, w.entered(hot).Add(30*time.Minute), time.Second) {
			t.Errorf("told %+v", a)
		}
		time.Sleep(15 * time.Minute)
		if a := breach(); !a.Ended {
			t.Errorf("it still lasts after an hour: %+v", a)
		}
	})
}
