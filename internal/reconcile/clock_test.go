package reconcile_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/sla"
	"github.com/lanekeeper/lanekeeper/state"
)

// newClockWorld holds bugs to an SLA: urgent ones are to be done in four hours,
// others in eight; it warns at half. It begins on Monday at 9:00 UTC, and the
// first cycle runs a minute later.
func newClockWorld(t *testing.T, adjust ...func(*world)) *world {
	return newWorld(t, append([]func(*world){clocked}, adjust...)...)
}

func clocked(w *world) {
	w.spec.Lanes[0].SLA = "urgent-fix"
	w.spec.SLAs = map[string]policy.SLASpec{"urgent-fix": {
		Starts: policy.StartsEnteredLane, WarnAt: []float64{0.5}, Pauses: policy.PauseSpec{Statuses: []string{"Waiting"}},
		Targets: []policy.TargetSpec{{When: "issue.priority == 'urgent'", Resolve: 4 * time.Hour}, {Resolve: 8 * time.Hour}},
	}}
}

// An undo reads issues anew, which may have changed: their clocks go on.
func TestAnUndoReadsWhatClocksCountFrom(t *testing.T) {
	w := newClockWorld(t)
	w.tracker.add(1, bug)
	w.at("09:01")
	w.wait(time.Hour)
	w.restatus(1, "Waiting", issue.Started)
	w.wait(time.Minute)
	if r := w.cycler.Undo(t.Context(), reconcile.Undo{ID: id(1), By: "op"}); r.Err != nil {
		t.Fatal(r.Err)
	}
	w.expect("the pause is known", w.resolve(1).State, sla.Paused)
}

// An SLA does not wait for a sweep, nor for anything else that fails.
func TestACycleThatFailsReadsWhatClocksCountFrom(t *testing.T) {
	w := newClockWorld(t)
	w.tracker.add(1, bug)
	w.at("09:01")
	w.clock = w.clock.Add(time.Hour)
	w.restatus(1, "Waiting", issue.Started)
	w.tracker.listErr = errors.New("403")
	w.wait(time.Minute)
	r := w.cycler.Run(t.Context(), reconcile.Task{Sweep: true})
	w.expect("the sweep failed", r.Err != nil, true)
	res, held := w.cycler.Clock(w.record(1), w.clock)
	w.expect("held", held, true)
	w.expect("the pause is known", res.Resolve.State, sla.Paused)
}

// restatus gives an issue another status, as a person would.
func (w *world) restatus(n int, name string, class issue.Category) {
	i := w.tracker.issues[id(n)]
	e := issue.Event{At: w.clock, By: issue.Actor{Person: issue.Person{ID: "ann"}}, Field: issue.FieldStatus, From: i.Status.Name, To: name, ToCategory: class}
	i.Status, i.Updated = issue.Status{Name: name, Category: class}, w.clock
	if class == issue.Completed {
		i.Resolved = w.clock
	}
	w.tracker.events[i.ID] = append(w.tracker.events[i.ID], e)
}

// at runs one cycle at a time of the first day.
func (w *world) at(clock string) {
	w.Helper()
	t, err := time.Parse("15:04", clock)
	if err != nil {
		w.Fatal(err)
	}
	w.clock = time.Date(2026, 5, 4, t.Hour(), t.Minute(), 0, 0, time.UTC).Add(-time.Minute) // cycle waits a minute
	w.once()
}

// resolve is how the resolve target of an issue stands.
func (w *world) resolve(n int) *sla.Reading {
	w.Helper()
	res, held := w.cycler.Clock(w.record(n), w.clock)
	if !held || res.Resolve == nil {
		w.Fatalf("issue %d is held to no SLA", n)
	}
	return res.Resolve
}

func (w *world) sla(n int) string { return plan.Actual(w.tracker.issues[id(n)], issue.FieldSLA) }

func (w *world) due(n int) string { return string(w.tracker.issues[id(n)].Due) }

func TestTheClockIsWrittenBackAndTheSecondCycleWritesNothing(t *testing.T) {
	w := newClockWorld(t)
	w.tracker.add(1, bug)
	w.tracker.add(2, nil)
	w.at("09:01")
	w.expect("on track: no label", w.sla(1), "")
	w.expect("on track: the day of the target", w.due(1), "2026-05-04")
	w.expect("no SLA: no date", w.due(2), "")
	w.quiet()
	w.at("13:00")
	w.expect("one minute before half", w.sla(1), "")
	w.at("13:01")
	w.expect("half is over", w.sla(1), "sla:at-risk")
	w.quiet()
	w.at("17:01")
	w.expect("out of time", w.sla(1), "sla:breached")
	w.expect("the date stays", w.due(1), "2026-05-04")
	w.quiet()
	w.restart()
	w.quiet()
	e := w.tracker.edits[len(w.tracker.edits)-1].Changes[0]
	if !strings.Contains(e.Reason, "SLA urgent-fix, resolve: breached today 17:01 UTC") {
		t.Errorf("reason = %q", e.Reason)
	}
	w.expect("result", w.record(1).Clock.Results, []state.ClockResult{{
		SLA: "urgent-fix", Kind: "resolve", Lane: "hotfix", Start: monday("09:01"), Breached: monday("17:01"),
	}})
}

func monday(clock string) time.Time {
	t, _ := time.Parse("2006-01-02 15:04", "2026-05-04 "+clock) // a text of the test's own
	return t
}

func TestHistoryIsReadOnceForEachChange(t *testing.T) {
	w := newClockWorld(t)
	w.tracker.add(1, bug)
	w.tracker.add(2, nil)
	reads := func() int { return w.tracker.calls["history"] }
	w.at("09:01")
	w.expect("first sight", reads(), 1)
	w.at("09:02")
	w.expect("lanekeeper itself changed the priority", reads(), 1)
	for range 5 {
		w.quiet()
	}
	w.restart()
	w.quiet()
	w.expect("nothing changed", reads(), 1)
	w.restatus(2, "In progress", issue.Started)
	w.once()
	w.expect("an issue without SLA changed", reads(), 1)
	w.restatus(1, "In progress", issue.Started)
	w.once()
	w.expect("an issue with SLA changed", reads(), 2)
	w.spec.SLAs["urgent-fix"] = policy.SLASpec{Starts: policy.StartsEnteredLane, Pauses: policy.PauseSpec{Labels: []string{"blocked"}}, Targets: []policy.TargetSpec{{Resolve: time.Hour}}}
	w.restart()
	w.once()
	w.expect("the clock reads other labels", reads(), 3)
	w.once()
	w.once()
	w.expect("and that was all", reads(), 3)
}

func TestAClockWithoutHistoryIsUnknown(t *testing.T) {
	for name, set := range map[string]func(*tracker, bool){
		"the request fails": func(tr *tracker, on bool) {
			tr.historyErr = nil
			if on {
				tr.historyErr = errors.New("502")
			}
		},
		"the answer leaves it out": func(tr *tracker, on bool) {
			tr.noHistory = ""
			if on {
				tr.noHistory = id(1)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newClockWorld(t)
			w.tracker.add(1, bug)
			set(w.tracker, true)
			w.at("09:01")
			w.expect("state", w.resolve(1).State, sla.Unknown)
			w.expect("nothing is guessed", w.sla(1)+w.due(1), "")
			w.expect("lane", strings.Contains(w.labels(1), "lane:hotfix"), true)
			w.at("09:02")
			n := w.tracker.calls["history"]
			w.once()
			w.expect("not asked for in each cycle", w.tracker.calls["history"], n)
			set(w.tracker, false)
			w.at("10:30")
			w.expect("asked for again after a while", w.resolve(1).State, sla.OnTrack)
			w.expect("date", w.due(1), "2026-05-04")
			w.at("14:00")
			w.expect("label", w.sla(1), "sla:at-risk")
			set(w.tracker, true)
			w.restatus(1, "In progress", issue.Started)
			w.once()
			w.expect("what was written stays", w.sla(1)+" "+w.due(1), "sla:at-risk 2026-05-04")
		})
	}
}

func TestAnIssueThatClosedWhileDownHasItsTrueInstants(t *testing.T) {
	for name, c := range map[string]struct {
		closed   string
		state    sla.State
		breached time.Time
	}{
		"in time": {"16:00", sla.Met, time.Time{}},
		"late":    {"18:00", sla.Missed, monday("17:01")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newClockWorld(t)
			w.tracker.add(1, bug)
			w.at("09:01")
			w.once()
			w.clock = monday(c.closed)
			w.restatus(1, "Done", issue.Completed)
			w.restart()
			w.at("23:00")
			x := w.resolve(1)
			w.expect("state", x.State, c.state)
			w.expect("ended", x.Ended, monday(c.closed))
			w.expect("result", w.record(1).Clock.Results, []state.ClockResult{{
				SLA: "urgent-fix", Kind: "resolve", Lane: "hotfix", Start: monday("09:01"), Breached: c.breached, Ended: monday(c.closed),
			}})
			w.wait(89 * 24 * time.Hour)
			w.cycle(reconcile.Task{Sweep: true})
			w.expect("kept for the longest window", len(w.record(1).Clock.Results), 1)
			w.wait(2 * 24 * time.Hour)
			w.cycle(reconcile.Task{Sweep: true})
			w.expect("and dropped then", w.record(1).Clock, (*state.Clock)(nil))
		})
	}
}

func TestAnIssueThatLeavesTheLaneLosesWhatTheSLAWrote(t *testing.T) {
	w := newClockWorld(t)
	w.tracker.add(1, bug)
	w.at("09:01")
	w.at("14:00")
	w.expect("before", w.sla(1)+" "+w.due(1), "sla:at-risk 2026-05-04")
	w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = issue.Story, w.clock
	w.once()
	w.expect("after", w.sla(1)+w.due(1), "")
	w.quiet()
	w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = issue.Bug, w.clock
	w.once()
	w.once()
	w.expect("a new run begins", w.resolve(1).Start, w.record(1).Memory.LaneSince)
	w.expect("the lanes that were decided", len(w.record(1).Clock.Lanes), 3)
}

func TestIssuesOfAnOlderStateGetTheirClock(t *testing.T) {
	w := newClockWorld(t)
	w.tracker.add(1, bug)
	w.at("09:01")
	r := w.record(1)
	r.Clock, r.Due = nil, time.Time{} // as a lanekeeper without clocks leaves it
	st, err := w.store.Source("payments")
	if err != nil {
		t.Fatal(err)
	}
	st.Policy = w.opts.Policy.Hash()
	if err := w.store.Commit(state.Batch{Source: "payments", Updates: []state.Update{{Record: r}}, State: &st, Now: w.clock}); err != nil {
		t.Fatal(err)
	}
	w.restart()
	w.at("14:00")
	w.expect("the clock counts from the entry into the lane", w.resolve(1).Start, monday("09:01"))
	w.expect("label", w.sla(1), "sla:at-risk")
}

func TestAPersonsChangeJustBeforeOurWriteCountsForTheClock(t *testing.T) {
	w := newClockWorld(t)
	w.tracker.add(1, bug)
	w.at("09:01")
	w.tracker.fail = func(issue.Edit) error { // between our read and our write
		w.restatus(1, "Waiting", issue.Started)
		w.tracker.fail = nil
		return nil
	}
	w.at("13:01")
	w.expect("written", w.sla(1), "sla:at-risk")
	w.at("13:02")
	w.expect("state", w.resolve(1).State, sla.Paused)
	w.at("18:00")
	w.expect("label", w.sla(1), "")
}

func TestAnAnswerJustBeforeOurWriteIsSeen(t *testing.T) {
	w := newClockWorld(t, func(w *world) {
		w.spec.SLAs["urgent-fix"] = policy.SLASpec{Starts: policy.StartsEnteredLane, Targets: []policy.TargetSpec{{Respond: time.Hour, Resolve: 8 * time.Hour}}}
	})
	w.tracker.add(1, bug)
	w.tracker.fail = func(issue.Edit) error { // between our read and our write
		w.tracker.remarks[id(1)] = []issue.Comment{{At: w.clock.Add(time.Second), By: issue.Actor{Person: issue.Person{ID: "ann"}}, Public: true}}
		w.tracker.fail = nil
		return nil
	}
	w.at("09:01")
	w.at("10:30")
	w.expect("label", w.sla(1), "")
	res, _ := w.cycler.Clock(w.record(1), w.clock)
	w.expect("respond", res.Respond.State, sla.Met)
	reads := w.tracker.calls["comments"]
	w.quiet()
	w.quiet()
	w.expect("comments are not read again", w.tracker.calls["comments"], reads)
}

func TestAPriorityThatChangesCarriesTheElapsedTimeOver(t *testing.T) {
	w := newClockWorld(t)
	w.tracker.add(1, bug)
	w.at("09:01")
	w.clock = monday("11:01")
	w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldPriority, To: "urgent"})
	w.at("11:02")
	x := w.resolve(1)
	w.expect("two hours of four are over", x.State, sla.Warning)
	w.expect("due", x.Due, monday("13:01"))
	w.expect("label", w.sla(1), "sla:at-risk")
}

func TestTheDateGoesByThePriorityThatIsAboutToBeWritten(t *testing.T) {
	w := newClockWorld(t, func(w *world) {
		w.spec.SLAs["urgent-fix"] = policy.SLASpec{Starts: policy.StartsEnteredLane, Targets: []policy.TargetSpec{{When: "issue.priority == 'high'", Resolve: 24 * time.Hour}, {Resolve: 240 * time.Hour}}}
	})
	w.tracker.add(1, bug)
	w.at("09:01")
	w.expect("written once, with the lane", w.due(1), "2026-05-05")
	w.quiet()
}

func TestAPausedClockLeavesTheDateAndTakesTheLabelAway(t *testing.T) {
	w := newClockWorld(t)
	w.tracker.add(1, bug)
	w.at("09:01")
	w.at("14:00")
	w.restatus(1, "Waiting", issue.Started)
	w.at("14:02")
	w.expect("paused", w.sla(1)+" "+w.due(1), " 2026-05-04")
	w.clock = monday("23:30")
	w.restatus(1, "Open", issue.Unstarted)
	w.once()
	w.expect("goes on tomorrow", w.sla(1)+" "+w.due(1), "sla:at-risk 2026-05-05")
}

func TestADueDateThatAPersonSetStays(t *testing.T) {
	t.Run("from before lanekeeper", func(t *testing.T) {
		w := newClockWorld(t)
		w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Due = "2026-06-30" })
		w.at("09:01")
		w.at("14:00")
		w.expect("date and label", w.due(1)+" "+w.sla(1), "2026-06-30 sla:at-risk")
	})
	t.Run("changed later: an override with an end", func(t *testing.T) {
		w := newClockWorld(t)
		w.tracker.add(1, bug)
		w.at("09:01")
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldDue, To: "2026-06-30"})
		w.at("09:10")
		w.quiet()
		w.expect("date", w.due(1), "2026-06-30")
		o := w.record(1).Overrides
		if len(o) != 1 || o[0].Field != issue.FieldDue || o[0].By.ID != "ann" || o[0].Until.IsZero() {
			t.Errorf("overrides = %+v", o)
		}
		w.wait(15 * 24 * time.Hour)
		w.once()
		w.expect("after its end", w.due(1), "2026-05-04")
	})
	t.Run("the label too", func(t *testing.T) {
		w := newClockWorld(t)
		w.tracker.add(1, bug)
		w.at("09:01")
		w.at("14:00")
		w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldSLA, To: ""})
		w.at("14:05")
		w.quiet()
		w.expect("label", w.sla(1), "")
	})
}

func TestWhatTheSLAWroteCanBeUndone(t *testing.T) {
	w := newClockWorld(t)
	w.tracker.add(1, bug)
	w.at("09:01")
	w.at("14:00")
	r := w.cycler.Undo(t.Context(), reconcile.Undo{ID: id(1), By: "ann"})
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	w.expect("as before", w.labels(1)+w.due(1), "")
	w.quiet()
}

func TestNothingOfAnSLAIsWrittenWhereItMustNot(t *testing.T) {
	t.Run("observe", func(t *testing.T) {
		w := newClockWorld(t, func(w *world) { w.opts.Mode = reconcile.Observe })
		w.tracker.add(1, bug)
		w.at("09:01")
		w.at("18:00")
		w.expect("writes", len(w.tracker.edits), 0)
		w.expect("known all the same", w.resolve(1).State, sla.Breached)
	})
	t.Run("dates: none", func(t *testing.T) {
		w := newClockWorld(t, func(w *world) { w.opts.NoDue = true })
		w.tracker.add(1, bug)
		w.at("09:01")
		w.at("18:00")
		w.expect("only the label", w.sla(1)+w.due(1), "sla:breached")
	})
}

func TestAnAnswerByAPersonMeetsTheRespondTarget(t *testing.T) {
	w := newClockWorld(t, func(w *world) {
		w.spec.SLAs["urgent-fix"] = policy.SLASpec{Starts: policy.StartsEnteredLane, WarnAt: []float64{0.5}, Targets: []policy.TargetSpec{{Respond: time.Hour, Resolve: 8 * time.Hour}}}
	})
	reporter := issue.Person{ID: "rita"}
	w.tracker.add(1, func(i *issue.Issue) { bug(i); i.Reporter = reporter })
	w.at("09:01")
	w.tracker.remarks[id(1)] = []issue.Comment{
		{At: monday("09:10"), By: issue.Actor{Person: reporter}, Public: true},
		{At: monday("09:20"), By: issue.Actor{Person: issue.Person{ID: "ann", Name: "Ann"}}, Public: true},
	}
	w.tracker.issues[id(1)].Updated = monday("09:20")
	w.at("09:30")
	res, _ := w.cycler.Clock(w.record(1), w.clock)
	w.expect("state", res.Respond.State, sla.Met)
	w.expect("ended", res.Respond.Ended, monday("09:20"))
	w.expect("only what may count is kept", len(w.record(1).Clock.History.Comments), 1)
	n := w.tracker.calls["comments"]
	w.tracker.issues[id(1)].Updated = monday("09:40")
	w.at("09:41")
	w.expect("who was answered is not asked about again", w.tracker.calls["comments"], n)
}

func TestCommentsThatCannotBeReadLeaveTheResponseUnknown(t *testing.T) {
	w := newClockWorld(t, func(w *world) {
		w.spec.SLAs["urgent-fix"] = policy.SLASpec{Starts: policy.StartsEnteredLane, WarnAt: []float64{0.5}, Targets: []policy.TargetSpec{{Respond: time.Hour, Resolve: 8 * time.Hour}}}
	})
	w.tracker.add(1, bug)
	w.tracker.commentsErr = errors.New("502")
	w.at("09:01")
	res, _ := w.cycler.Clock(w.record(1), w.clock)
	w.expect("respond", res.Respond.State, sla.Unknown)
	w.expect("resolve", res.Resolve.State, sla.OnTrack)
	w.expect("the date is known", w.due(1), "2026-05-04")
	w.tracker.commentsErr = nil
	w.at("09:02")
	w.at("09:10")
	res, _ = w.cycler.Clock(w.record(1), w.clock)
	w.expect("asked for again", res.Respond.State, sla.OnTrack)
}

// The tracker's time of update after a write of ours covers a change that a person
// made just before it: the history tells when that was.
func TestAPersonsChangeJustBeforeAWriteIsInTheHistory(t *testing.T) {
	w := newClockWorld(t, func(w *world) {
		s := w.spec.SLAs["urgent-fix"]
		s.Pauses = policy.PauseSpec{Labels: []string{"blocked"}}
		w.spec.SLAs["urgent-fix"] = s
	})
	w.tracker.add(1, bug)
	w.at("09:01")
	w.tracker.fail = func(issue.Edit) error {
		i := w.tracker.issues[id(1)]
		w.tracker.note(i, issue.Actor{Person: issue.Person{ID: "ann"}}, issue.Change{Field: issue.FieldLabels, To: "blocked"})
		w.tracker.fail = nil
		return nil
	}
	w.at("13:01") // writes that it is at risk
	w.expect("written", w.sla(1), "sla:at-risk")
	w.at("14:01")
	x := w.resolve(1)
	w.expect("state", x.State, sla.Paused)
	w.expect("elapsed", x.Elapsed, 4*time.Hour)
}

func TestALabelThatTheHistoryDoesNotTellIsNotFromTheBeginning(t *testing.T) {
	w := newClockWorld(t)
	w.spec.SLAs["urgent-fix"] = policy.SLASpec{Starts: policy.StartsEnteredLane, Targets: []policy.TargetSpec{{Resolve: 8 * time.Hour}}}
	w.restart()
	w.tracker.add(1, bug)
	w.at("09:30")
	entered := w.record(1).Memory.LaneSince
	w.wait(2 * time.Hour)
	w.tracker.events[id(1)] = nil // as Linear tells of an issue's first minutes
	w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldLane, From: "lane:hotfix"})
	w.once()
	w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldLane, To: "lane:hotfix"})
	w.once()
	w.expect("the clock starts with the decision", w.resolve(1).Start, entered)
}

func TestASourceIsBehindUntilItsHistoriesAreRead(t *testing.T) {
	for name, broken := range map[string]func(*world, error){
		"the history":  func(w *world, err error) { w.tracker.historyErr = err },
		"the comments": func(w *world, err error) { w.tracker.commentsErr = err },
	} {
		t.Run(name, func(t *testing.T) {
			w := newClockWorld(t, func(w *world) {
				w.spec.SLAs["urgent-fix"] = policy.SLASpec{Starts: policy.StartsEnteredLane, Targets: []policy.TargetSpec{{Respond: time.Hour, Resolve: 8 * time.Hour}}}
			})
			touch := func() { w.wait(time.Second); w.tracker.issues[id(1)].Updated = w.clock }
			broken(w, errors.New("502"))
			w.tracker.add(1, bug)
			w.expect("not read", w.once().Behind, true)
			w.expect("not asked for again yet", w.once().Behind, true)
			w.restart()
			w.expect("after a restart", w.once().Behind, true)
			broken(w, nil)
			w.restart()
			w.expect("asked for at once by the next process", w.once().Behind, false)
			broken(w, errors.New("502"))
			touch()
			w.expect("the issue changed", w.once().Behind, true)
			broken(w, nil)
			w.wait(5 * time.Minute)
			w.expect("read in its time", w.once().Behind, false)
			broken(w, errors.New("502"))
			touch()
			w.expect("the issue changed again", w.once().Behind, true)
			w.tracker.issues[id(1)].Status.Category = issue.Completed
			touch()
			broken(w, nil)
			w.expect("it is closed", w.once().Behind, false)
		})
	}
}

func TestAnUndoThatCannotReadAHistoryLeavesTheSourceBehind(t *testing.T) {
	w := newClockWorld(t)
	w.tracker.add(1, bug)
	w.once()
	w.wait(time.Minute)
	w.tracker.edit(id(1), "ann", issue.Change{Field: issue.FieldPriority, To: "low"})
	w.tracker.historyErr = errors.New("502")
	r := w.cycler.Undo(t.Context(), reconcile.Undo{ID: id(1), By: "op"})
	w.expect("err", r.Err, nil)
	w.expect("behind", r.Behind, true)
	w.tracker.historyErr = nil
	w.wait(5 * time.Minute)
	w.expect("read in its time", w.once().Behind, false)
}

func TestWhatATrackerDatesAheadOfOurClockCountsFromThenOn(t *testing.T) {
	w := newClockWorld(t)
	w.tracker.add(1, bug)
	w.at("09:01")
	w.at("18:00")
	w.expect("out of time", w.sla(1), "sla:breached")
	restate := func(class issue.Category) {
		w.restatus(1, string(class), class)
		events := w.tracker.events[id(1)]
		events[len(events)-1].At = w.clock.Add(15 * time.Minute)
	}
	w.wait(time.Minute)
	restate(issue.Completed)
	w.once()
	w.expect("its end is to come", len(w.record(1).Clock.Results) == 1 && w.record(1).Clock.Results[0].Ended.IsZero(), true)
	w.wait(15 * time.Minute)
	w.once()
	w.expect("and came", w.record(1).Clock.Results[0].Ended.IsZero(), false)
	w.wait(time.Hour)
	restate(issue.Started)
	w.once()
	w.wait(15 * time.Minute)
	w.once()
	w.expect("open again, and out of time", w.sla(1), "sla:breached")
	w.expect("state", w.resolve(1).State, sla.Breached)
}
