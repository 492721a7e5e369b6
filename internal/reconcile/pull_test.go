package reconcile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

func TestTheIndexLags(t *testing.T) {
	w := newWorld(t)
	w.tracker.add(1, bug)
	w.once()
	old := copyOf(w.tracker.issues[id(1)])
	old.Labels, old.Priority = nil, issue.None
	w.tracker.index[id(1)] = old // the values from before our write, with the time after it
	w.quiet()
	w.expect("overrides", len(w.record(1).Overrides), 0)
	w.wait(time.Hour)
	w.quiet()
}

func TestAnAnnouncedIssueIsReadThoughTheIndexLags(t *testing.T) {
	w := newWorld(t)
	w.tracker.add(1, nil)
	w.tracker.add(2, nil)
	w.once()
	w.tracker.lag(id(1))
	w.wait(time.Minute)
	i := w.tracker.issues[id(1)]
	i.Votes, i.Updated = 60, w.clock
	w.quiet()
	w.cycler.Announce(id(1))
	w.cycler.Announce("nobody knows it")
	w.once()
	w.expect("votes known", w.record(1).Issue.Votes, 60)
	w.expect("lane", w.labels(1), "horizon:next-release lane:stability")
	n := w.tracker.calls["fetch"]
	w.quiet()
	w.expect("readings once it is known", w.tracker.calls["fetch"], n)
}

func TestAnAnnouncementThatCannotBeReadNowIsReadLater(t *testing.T) {
	w := newWorld(t)
	w.tracker.add(1, nil)
	w.once()
	w.tracker.lag(id(1))
	w.wait(time.Minute)
	i := w.tracker.issues[id(1)]
	i.Votes, i.Updated = 60, w.clock
	w.cycler.Announce(id(1))
	w.tracker.fetchErr = &connectors.Error{Kind: connectors.Server, Op: "issues"}
	w.wait(time.Minute)
	if r := w.cycler.Run(w.Context(), reconcile.Task{}); r.Err == nil {
		t.Fatal("the cycle went well")
	}
	w.tracker.fetchErr = nil
	w.once()
	w.expect("votes known", w.record(1).Issue.Votes, 60)
}

func TestAnAnnouncementBringsNothingIntoScope(t *testing.T) {
	w := newWorld(t)
	w.tracker.add(1, nil)
	w.once()
	w.tracker.add(2, nil)
	w.tracker.unlisted[id(2)] = true
	w.cycler.Announce(id(2))
	w.quiet()
}

func TestAnOlderAnswerOfTheIndexIsIgnored(t *testing.T) {
	w := newWorld(t)
	w.tracker.add(1, bug)
	w.tracker.lag(id(1))
	w.once()
	n := w.tracker.calls["fetch"]
	w.quiet()
	w.expect("requests because of it", w.tracker.calls["fetch"], n)
	w.expect("what is known", strings.Join(w.record(1).Issue.Labels, " "), hotfixLabels)
}

func TestPull(t *testing.T) {
	broken := func(w *world, what string) {
		w.Helper()
		w.wait(time.Minute)
		if r := w.cycler.Run(w.Context(), reconcile.Task{List: true}); r.Err == nil {
			w.Fatalf("%s: want an error", what)
		}
	}
	t.Run("a first pull that breaks goes on where it stopped", func(t *testing.T) {
		w := newWorld(t)
		for n := range 12 {
			w.tracker.add(n, nil)
		}
		w.tracker.stopAfter = 2
		broken(w, "two pages only")
		w.expect("writes from half a pull", len(w.tracker.edits), 0)
		w.tracker.stopAfter = 0
		w.wait(time.Hour)
		w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = issue.Bug, w.clock
		w.restart()
		w.expect("changed", w.once().Changed, 12)
		w.expect("cursors", w.tracker.cursors, []string{"", id(5)})
		w.expect("what changed meanwhile, and was read before", w.labels(1), hotfixLabels)
	})
	t.Run("an update during a broken pull is not missed", func(t *testing.T) {
		w := newWorld(t)
		for n := range 12 {
			w.tracker.add(n, nil)
		}
		w.once()
		for n := range 12 {
			w.wait(time.Minute)
			w.tracker.issues[id(n)].Kind, w.tracker.issues[id(n)].Updated = issue.Bug, w.clock
		}
		w.tracker.stopAfter = 1
		broken(w, "one page only")
		w.tracker.stopAfter = 0
		w.wait(time.Hour)
		w.once()
		w.expect("the last one", w.labels(11), hotfixLabels)
	})
	t.Run("a doubt that cannot be confirmed keeps the watermark", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.wait(time.Hour)
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldLane, To: "lane:feature"})
		w.wait(time.Hour)
		w.tracker.fetchErr = &connectors.Error{Kind: connectors.Server, Op: "fetch"}
		broken(w, "no answer to the doubt")
		st, err := w.store.Source("payments")
		w.expect("failures", fmt.Sprint(st.Failures, st.ErrorKind, err), "1server<nil>")
		w.wait(time.Hour)
		w.tracker.fetchErr = nil
		w.quiet()
		w.expect("overrides", len(w.record(1).Overrides), 1)
	})
	t.Run("a change that the index shows late is read within the overlap", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, nil)
		w.once()
		w.tracker.lag(id(1))
		w.wait(time.Minute)
		w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = issue.Bug, w.clock
		w.quiet()
		w.wait(5 * time.Minute)
		delete(w.tracker.index, id(1))
		w.once()
		w.expect("labels", w.labels(1), hotfixLabels)
	})
	t.Run("an issue that is closed is not touched any more", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		i := w.tracker.issues[id(1)]
		i.Status.Category, i.Kind = issue.Completed, issue.Story
		w.wait(time.Minute)
		i.Updated = w.clock
		w.quiet()
		w.expect("open", w.record(1).Issue.Open(), false)
	})
	t.Run("a key that changes with a move keeps the record", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.wait(time.Minute)
		w.tracker.issues[id(1)].Key, w.tracker.issues[id(1)].Updated = "WEB-7", w.clock
		w.quiet()
		w.expect("key", w.record(1).Issue.Key, "WEB-7")
		w.expect("applied", w.record(1).Applied[issue.FieldLane], "lane:hotfix")
	})
	t.Run("a new scope reads everything anew", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, nil)
		w.once()
		w.opts.Scope = "two"
		w.restart()
		w.quiet()
		w.expect("first pulls", w.tracker.calls["all"], 2)
	})
	t.Run("what was closed before a new scope is known to be closed after its first pull", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, nil)
		w.tracker.add(2, nil)
		w.once()
		w.wait(time.Minute)
		w.tracker.issues[id(2)].Status.Category, w.tracker.issues[id(2)].Updated = issue.Completed, w.clock
		w.opts.Scope = "two"
		w.restart()
		w.once()
		w.expect("it is open", w.record(2).Issue.Open(), false)
		w.expect("the other one is open", w.record(1).Issue.Open(), true)
	})
	t.Run("a field that failed to load is neither decided nor written from", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Unknown = issue.InputLabels })
		w.once()
		w.expect("labels", w.labels(1), "")
		w.expect("priority", w.tracker.issues[id(1)].Priority, issue.High)
	})
}

func TestRevisit(t *testing.T) {
	t.Run("a new policy decides every stored issue anew", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, bug)
		w.once()
		w.spec.Lanes[0].When = "false || issue.votes > 1000"
		w.restart()
		w.wait(24 * time.Hour)
		w.once()
		w.expect("labels", w.labels(1), featureLabels)
	})
	t.Run("time alone moves an issue", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.spec.Lanes[1].When = "age(issue.created) > duration('240h')" })
		w.tracker.add(1, nil)
		w.once()
		w.expect("young", w.labels(1), featureLabels)
		w.wait(11 * 24 * time.Hour)
		w.once()
		w.expect("old", w.labels(1), "horizon:next-release lane:stability")
		w.quiet()
	})
}

func TestSweep(t *testing.T) {
	sweep := reconcile.Task{Sweep: true, List: true}
	filled := func(t *testing.T, n int) *world {
		w := newWorld(t)
		for k := range n {
			w.tracker.add(k, nil)
		}
		w.once()
		w.wait(2 * time.Hour)
		return w
	}
	gone := func(w *world) []int {
		var out []int
		for n := range len(w.tracker.issues) {
			if w.record(n).Issue.Gone {
				out = append(out, n)
			}
		}
		return out
	}
	t.Run("a deleted issue is confirmed and marked gone", func(t *testing.T) {
		w := filled(t, 5)
		w.tracker.hidden[id(3)] = true
		w.cycle(sweep)
		w.expect("gone", gone(w), []int{3})
	})
	t.Run("an issue whose labels failed to load is read again", func(t *testing.T) {
		w := filled(t, 5)
		w.tracker.issues[id(3)].Unknown = issue.InputLabels
		w.tracker.issues[id(3)].Updated = w.clock
		w.cycle(reconcile.Task{})
		w.expect("unknown", w.record(3).Issue.Unknown, issue.InputLabels)
		w.cycle(sweep)
		w.wait(50 * time.Hour)
		w.cycle(sweep) // the next one no longer reaches back to the edit
		w.tracker.issues[id(3)].Unknown = 0
		w.wait(time.Hour)
		w.cycle(sweep)
		w.expect("unknown", w.record(3).Issue.Unknown, issue.Inputs(0))
	})
	t.Run("an issue that left the scope is not written to at once, and gone with the second sweep", func(t *testing.T) {
		w := filled(t, 5)
		w.tracker.unlisted[id(3)] = true
		w.cycle(sweep)
		w.expect("gone", gone(w), []int(nil))
		w.spec.Lanes[2].Name = "later"
		w.restart()
		w.wait(time.Hour)
		w.once()
		w.expect("labels", w.labels(3), featureLabels)
		w.wait(24 * time.Hour)
		w.cycle(sweep)
		w.expect("gone", gone(w), []int{3})
		delete(w.tracker.unlisted, id(3))
		w.cycle(sweep)
		w.expect("came back", gone(w), []int(nil))
	})
	t.Run("an issue that the pulls missed is found", func(t *testing.T) {
		w := filled(t, 5)
		w.tracker.add(5, func(i *issue.Issue) { bug(i); i.Updated = w.clock.Add(-100 * time.Hour) })
		w.cycle(sweep)
		w.expect("labels", w.labels(5), hotfixLabels)
	})
	t.Run("one that could not be read when it was found is read with the next cycle", func(t *testing.T) {
		w := filled(t, 5)
		w.tracker.add(5, func(i *issue.Issue) { bug(i); i.Updated = w.clock.Add(-100 * time.Hour) })
		w.tracker.unreadable = id(5)
		w.expect("soon", w.cycle(sweep).Behind, true)
		w.tracker.unreadable = ""
		w.expect("and that is all", w.once().Behind, false)
		w.expect("labels", w.labels(5), hotfixLabels)
	})
	t.Run("an answer that misses most issues is an error, and nothing is gone", func(t *testing.T) {
		w := filled(t, 30)
		for n := range 20 {
			w.tracker.hidden[id(n)] = true
		}
		r := w.cycler.Run(t.Context(), sweep)
		if !errors.Is(r.Err, reconcile.ErrMassLoss) {
			t.Fatalf("got %v, want ErrMassLoss", r.Err)
		}
		w.expect("gone", gone(w), []int(nil))
	})
}

func TestNothingIsMissedWhenSettingsAndClocksChange(t *testing.T) {
	t.Run("a policy that came and went with a crash leaves no decision behind", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.opts.Mode = reconcile.Observe })
		for n := range 4 {
			w.tracker.add(n, nil)
		}
		w.once()
		w.wait(24 * time.Hour)
		w.spec.Lanes[2].Name = "later"
		w.opts.Observer = diesAfter("revisit")
		w.restart()
		func() {
			defer func() { w.expect("died", recover() == errCrash, true) }()
			w.once()
		}()
		w.opts.Observer = nil
		w.expect("decided meanwhile", w.record(1).Decision.Lane, "later")
		w.spec.Lanes[2].Name = "feature"
		w.restart()
		w.wait(24 * time.Hour)
		w.once()
		w.expect("decided by what is in force", w.record(1).Decision.Lane, "feature")
	})
	t.Run("a tracker's clock that was ahead for one pull", func(t *testing.T) {
		w := newWorld(t)
		w.tracker.add(1, nil)
		w.once()
		w.tracker.ahead = 10 * time.Hour
		w.quiet()
		w.tracker.ahead = 0
		w.wait(time.Minute)
		w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = issue.Bug, w.clock
		w.once()
		w.once()
		w.expect("labels", w.labels(1), hotfixLabels)
	})
	for name, crash := range map[string]bool{"a doubt that is not readable is asked for again": false, "and outlives a crash": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.tracker.add(1, bug)
			w.once()
			w.wait(time.Hour)
			w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldLane, To: "lane:feature"})
			w.tracker.unreadable = id(1)
			w.quiet()
			w.wait(time.Hour)
			w.expect("soon", w.once().Behind, true)
			w.quiet()
			if crash {
				w.restart()
			}
			w.tracker.unreadable = ""
			w.wait(time.Hour)
			w.quiet()
			w.expect("overrides", len(w.record(1).Overrides), 1)
		})
	}
	t.Run("a scope that is narrowed on purpose is no lost permission", func(t *testing.T) {
		w := newWorld(t)
		for n := range 30 {
			w.tracker.add(n, nil)
		}
		w.once()
		for n := range 20 {
			w.tracker.unlisted[id(n)] = true
		}
		w.opts.Scope = "narrow"
		w.spec.Lanes[2].Name = "later"
		w.restart()
		w.wait(2 * time.Hour)
		w.once()
		w.expect("out of scope: not written to", w.labels(3), featureLabels)
		w.expect("in scope", w.labels(25), "horizon:next-release lane:later")
		w.wait(24 * time.Hour)
		w.cycle(reconcile.Task{Sweep: true})
		w.expect("gone", w.record(3).Issue.Gone, true)
		w.expect("still there", w.record(25).Issue.Open(), true)
	})
	t.Run("a return that is held is counted once, though it was confirmed", func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.spec.Settle = 6 * time.Hour })
		w.tracker.add(1, nil)
		w.once()
		change := func(votes int) {
			w.wait(time.Minute)
			w.tracker.issues[id(1)].Votes, w.tracker.issues[id(1)].Updated = votes, w.clock
		}
		change(60)
		w.once()
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldHorizon, To: "horizon:mine"})
		change(0)
		w.once()
		st, err := w.store.Source("payments")
		w.expect("flaps", fmt.Sprint(st.Flaps, err), "2 <nil>") // the lane's and the band's
	})
}

// diesAfter is an observer that kills the process after a step.
type diesAfter string

func (d diesAfter) Step(_, step string, _ time.Duration) {
	if step == string(d) {
		panic(errCrash)
	}
}
func (diesAfter) Change(string, issue.Field, string) {}
func (diesAfter) Flap(string)                        {}

func TestADryRunKnowsWhatACycleWould(t *testing.T) {
	w := newWorld(t)
	w.tracker.add(1, bug)
	r := w.once()
	w.tracker.crash = true
	func() {
		defer func() { w.expect("died", recover() == errCrash, true) }()
		w.wait(time.Minute)
		w.cycler.Undo(t.Context(), reconcile.Undo{Plan: r.Plan})
	}()
	w.tracker.crash = false
	w.restart()
	w.expect("planned", changes(w.cycle(reconcile.Task{List: true, DryRun: true})), []string(nil))
	w.quiet()
}

// blind is a store that cannot read one record.
type blind struct {
	reconcile.Store
	id string
}

func (b blind) Records(source string, ids []string) ([]*state.Record, error) {
	rs, err := b.Store.Records(source, ids)
	for n := range rs {
		if ids[n] == b.id {
			rs[n] = nil
		}
	}
	return rs, err
}

func TestADamagedRecordThatIsDueHoldsNothingUp(t *testing.T) {
	w := newWorld(t, func(w *world) { w.spec.Lanes[1].When = "age(issue.created) > duration('240h')" })
	w.tracker.add(1, nil)
	w.tracker.add(2, nil)
	w.once()
	w.opts.Store = blind{w.store, id(1)}
	w.restart()
	w.wait(11 * 24 * time.Hour)
	w.once()
	w.expect("the other", w.labels(2), "horizon:next-release lane:stability")
}
