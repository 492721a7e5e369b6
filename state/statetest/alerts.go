package statetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/state"
)

// alertOf makes a live alert that was raised at a time after the epoch.
func alertOf(id string, after time.Duration) state.Alert {
	return state.Alert{
		ID: id, Raised: Epoch().Add(after), Kind: "sla_breached", Severity: "critical", Source: "jira", Lane: "hotfix", SLA: "urgent",
		Project: "PAY", IssueID: "10012", Key: "PAY-12", URL: "https://jira.example/browse/PAY-12", Title: "Checkout fails",
		Subject: "", State: "breached", Summary: "PAY-12 breached urgent", ExplainURL: "http://127.0.0.1:9275/issues/jira/PAY-12",
		StartsAt: Epoch().Add(after - time.Minute), Remaining: -time.Minute, Timed: true, Live: true,
	}
}

func alertIDs(list []state.Alert) (out []string) {
	for _, a := range list {
		out = append(out, fmt.Sprintf("%s@%s", a.ID, a.Raised.Sub(Epoch())))
	}
	return out
}

func (w world) putAlerts(list ...state.Alert) {
	w.Helper()
	if err := w.PutAlerts(list); err != nil {
		w.Fatal(err)
	}
}

func (w world) since(t time.Time) (list []state.Alert) {
	w.Helper()
	if err := w.EachAlert(t, func(a state.Alert) bool { list = append(list, a); return true }); err != nil {
		w.Fatal(err)
	}
	return list
}

func alertCases() []testCase {
	return []testCase{
		{"an alert comes back as it was stored", func(t *testing.T, w world) {
			a := alertOf("a", hour)
			a.Ended, a.EndedAt, a.Moment, a.Subject = true, Epoch().Add(2*hour), true, "p-1"
			a.Sent = []state.Delivery{{
				Channel: "oncall", First: Epoch().Add(hour), Last: Epoch().Add(90 * time.Minute), Times: 2, Done: Epoch().Add(2 * hour),
				Outcome: "resolved", Tries: 3, Error: "no route", ErrorAt: Epoch().Add(80 * time.Minute), Doubt: true,
			}}
			w.putAlerts(a)
			if d := cmp.Diff(a, must[state.Alert](t)(w.NewestAlert("a"))); d != "" {
				t.Errorf("want - got +\n%s", d)
			}
		}},
		{"what is stored again takes the place of what was there", func(t *testing.T, w world) {
			a := alertOf("a", 0)
			w.putAlerts(a)
			a.Summary, a.Live = "news", false
			w.putAlerts(a)
			if got := w.since(time.Time{}); len(got) != 1 || got[0].Summary != "news" {
				t.Errorf("got %v", got)
			}
			if live := must[[]state.Alert](t)(w.LiveAlerts()); len(live) != 0 {
				t.Errorf("live: %v", alertIDs(live))
			}
		}},
		{"live alerts are listed as they were raised, others are not", func(t *testing.T, w world) {
			over := alertOf("b", hour)
			over.Live = false
			w.putAlerts(alertOf("c", 2*hour), over, alertOf("a", 3*hour))
			if got := alertIDs(must[[]state.Alert](t)(w.LiveAlerts())); !slices.Equal(got, []string{"c@2h0m0s", "a@3h0m0s"}) {
				t.Errorf("got %v", got)
			}
		}},
		{"the newest alert of an id is found, in whatever order they came", func(t *testing.T, w world) {
			w.putAlerts(alertOf("a", 2*hour), alertOf("a", hour), alertOf("ab", 3*hour))
			if got := must[state.Alert](t)(w.NewestAlert("a")); !got.Raised.Equal(Epoch().Add(2 * hour)) {
				t.Errorf("raised %s", got.Raised)
			}
			if _, err := w.NewestAlert("b"); !errors.Is(err, state.ErrNotFound) {
				t.Errorf("err %v", err)
			}
		}},
		{"alerts since a time come newest first, for more than one page, until enough", func(t *testing.T, w world) {
			var list []state.Alert
			for n := range 1300 {
				list = append(list, alertOf(fmt.Sprintf("a%04d", n), time.Duration(n)*time.Second))
			}
			w.putAlerts(list...)
			got := w.since(Epoch().Add(100 * time.Second))
			if len(got) != 1200 || got[0].ID != "a1299" || got[1199].ID != "a0100" {
				t.Errorf("%d alerts", len(got))
			}
			seen := 0
			if err := w.EachAlert(time.Time{}, func(state.Alert) bool { seen++; return seen < 7 }); err != nil || seen != 7 {
				t.Errorf("seen %d, %v", seen, err)
			}
		}},
		{"retention removes what is long over, and nothing that lasts", func(t *testing.T, w world) {
			over, late, lasts := alertOf("over", 0), alertOf("late", 0), alertOf("lasts", 0)
			over.Live, late.Live = false, false
			late.Sent = []state.Delivery{{Channel: "oncall", Done: Epoch().Add(80 * day)}}
			w.putAlerts(over, late, lasts, alertOf("new", 95*day))
			n := must[int](t)(w.PruneAlerts(Epoch().Add(100*day), 90*day))
			if got := alertIDs(w.since(time.Time{})); n != 1 || !slices.Equal(got, []string{"new@2280h0m0s", "late@0s", "lasts@0s"}) {
				t.Errorf("removed %d, left %v", n, got)
			}
			if _, err := w.NewestAlert("over"); !errors.Is(err, state.ErrNotFound) {
				t.Errorf("err %v", err)
			}
		}},
		{"retention goes through more than one transaction", func(t *testing.T, w world) {
			var list []state.Alert
			for n := range 1200 {
				a := alertOf(fmt.Sprintf("a%04d", n), time.Duration(n)*time.Second)
				a.Live = n%3 == 0
				list = append(list, a)
			}
			w.putAlerts(list...)
			if n := must[int](t)(w.PruneAlerts(Epoch().Add(100*day), 90*day)); n != 800 || len(w.since(time.Time{})) != 400 {
				t.Errorf("removed %d", n)
			}
		}},
		{"an alert without id or time is refused, and nothing is stored", func(t *testing.T, w world) {
			if err := w.PutAlerts([]state.Alert{alertOf("a", 0), alertOf("", 0)}); !errors.Is(err, state.ErrInvalid) {
				t.Errorf("err %v", err)
			}
			if err := w.PutAlerts([]state.Alert{{ID: "a"}}); !errors.Is(err, state.ErrInvalid) {
				t.Errorf("err %v", err)
			}
			if got := w.since(time.Time{}); len(got) != 0 {
				t.Errorf("stored %v", alertIDs(got))
			}
		}},
		{"without any alert all questions have an empty answer", func(t *testing.T, w world) {
			live, err := w.LiveAlerts()
			n, perr := w.PruneAlerts(Epoch(), hour)
			if len(live)+len(w.since(time.Time{}))+n != 0 || err != nil || perr != nil {
				t.Errorf("live %v, pruned %d, %v, %v", live, n, err, perr)
			}
		}},
	}
}
