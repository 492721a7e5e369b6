package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/policy"
)

// newNoteWorld has the comment speak of the SLA of a hot fix: eight hours in the
// hours of Berlin, where it is 11:01 when the clock starts.
func newNoteWorld(t *testing.T, adjust ...func(*world)) *world {
	return newClockWorld(t, append([]func(*world){func(w *world) {
		s := w.spec.SLAs["urgent-fix"]
		s.Calendar = &policy.CalendarSpec{Timezone: "Europe/Berlin", Hours: map[string]string{"mon-sun": "00:00-24:00"}}
		s.Comment = &policy.SLACommentSpec{From: policy.CommentAtRisk, Workaround: "workaround"}
		w.spec.SLAs["urgent-fix"] = s
	}}, adjust...)...)
}

// said is the text of the comment on an issue.
func (w *world) said(n int) string { return w.tracker.comments[w.record(n).Comment.Marker] }

// commented counts the writes of comments.
func (w *world) commented() (n int) {
	for _, e := range w.tracker.edits {
		if e.Comment != nil {
			n++
		}
	}
	return n
}

func (w *world) fill(n int, text string) {
	i := w.tracker.issues[id(n)]
	i.Fields = map[string]issue.Value{"workaround": {Text: text}}
	i.Updated = w.clock
}

func TestTheCommentTellsHowTheSLAStands(t *testing.T) {
	w := newNoteWorld(t)
	w.tracker.add(1, bug)
	w.tracker.add(2, nil)
	w.at("09:01")
	w.at("12:00")
	w.expect("on track: nothing", w.commented(), 0)
	w.at("13:01")
	w.expect("at risk", w.said(1), "The SLA urgent-fix of PAY-1 is at risk.\n\n- resolve: at risk, expected by Mon 4 May 2026, 19:01 CEST")
	w.quiet()
	w.at("14:00")
	w.fill(1, "Restart\nthe worker.")
	w.once()
	w.expect("a workaround is news", strings.Contains(w.said(1), "- workaround: Restart the worker."), true)
	w.at("15:00")
	w.restatus(1, "Waiting", issue.Started)
	w.once()
	w.expect("paused", strings.Contains(w.said(1), "is paused.\n\n- resolve: paused in Waiting; no time can be told before it goes on"), true)
	w.at("16:00")
	w.restatus(1, "Open", issue.Unstarted)
	w.once()
	w.expect("it goes on, an hour later", strings.Contains(w.said(1), "expected by Mon 4 May 2026, 20:01 CEST"), true)
	w.at("18:01")
	w.expect("breached", strings.Contains(w.said(1), "is breached.\n\n- resolve: breached, was expected by Mon 4 May 2026, 20:01 CEST"), true)
	w.expect("one edit for each news", w.commented(), 5)
	w.quiet()
	w.restart()
	w.quiet()
	w.restatus(1, "Done", issue.Completed)
	w.once()
	w.expect("closed", strings.Contains(w.said(1), "is missed.\n\n- resolve: missed: done at Mon 4 May 2026, 20:03 CEST"), true)
	w.expect("labels and date of a closed issue stay", w.labels(1)+" "+w.due(1), hotfixLabels+" sla:breached 2026-05-04")
	w.quiet()
	w.fill(1, "None is needed.")
	w.quiet()
	w.spec.SLAs["urgent-fix"] = func() policy.SLASpec {
		s := w.spec.SLAs["urgent-fix"]
		s.Targets = []policy.TargetSpec{{Resolve: 90 * time.Hour}}
		return s
	}()
	w.restart()
	w.fill(1, "Nothing is said on a closed issue twice.")
	w.quiet()
	w.restatus(1, "Open", issue.Unstarted)
	w.once()
	w.expect("open again", strings.Contains(w.said(1), "is on track."), true)
	w.expect("one comment", len(w.tracker.comments), 1)
	w.quiet()
}

func TestWhenTheCommentSaysNothingOfTheSLA(t *testing.T) {
	for name, adjust := range map[string]func(*world){
		"by default": func(w *world) {
			s := w.spec.SLAs["urgent-fix"]
			s.Comment = nil
			w.spec.SLAs["urgent-fix"] = s
		},
		"at risk, where it begins with the breach": func(w *world) {
			s := w.spec.SLAs["urgent-fix"]
			s.Comment = &policy.SLACommentSpec{From: policy.CommentBreached}
			w.spec.SLAs["urgent-fix"] = s
		},
		"in observe mode":       func(w *world) { w.opts.Mode = reconcile.Observe },
		"on a pinned issue":     func(w *world) { w.tracker.issues[id(1)].Labels = []string{issue.PinLabel} },
		"in a lane of its own":  func(w *world) { w.spec.Lanes[0].Mode = "suggest" },
		"where history is lost": func(w *world) { w.tracker.historyErr = &connectors.Error{Kind: connectors.Server, Op: "history"} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newNoteWorld(t)
			w.tracker.add(1, bug)
			adjust(w)
			w.restart()
			w.at("09:01")
			w.at("13:01")
			if strings.Contains(w.said(1), "SLA urgent-fix of") {
				t.Errorf("said: %s", w.said(1))
			}
		})
	}
}

func TestTheSLAInTheCommentEndsWithTheSLA(t *testing.T) {
	w := newNoteWorld(t)
	w.tracker.add(1, bug)
	w.at("09:01")
	w.at("13:01")
	w.tracker.issues[id(1)].Kind, w.tracker.issues[id(1)].Updated = issue.Story, w.clock
	w.once()
	w.expect("it left the lane", w.said(1), "The SLA urgent-fix no longer holds for this issue.")
	w.quiet()
	w.quiet()
}

func TestAMovedTimeAloneIsNoNewsWhereEditsSendMail(t *testing.T) {
	for _, mails := range []bool{false, true} {
		w := newNoteWorld(t, func(w *world) { w.opts.MailsEdits = mails })
		w.tracker.add(1, bug)
		w.at("09:01")
		w.at("14:00")
		w.expect("at risk", w.commented(), 1)
		s := w.spec.SLAs["urgent-fix"]
		s.Targets = []policy.TargetSpec{{Resolve: 9 * time.Hour}}
		w.spec.SLAs["urgent-fix"] = s
		w.restart()
		w.once()
		w.expect("the target is an hour longer", w.commented() == 1, mails)
		w.quiet()
	}
}

func TestACommentOnTheSLAThatAPersonDidNotWantStaysAway(t *testing.T) {
	for name, away := range map[string]func(*world){
		"undone": func(w *world) {
			if r := w.cycler.Undo(w.Context(), reconcile.Undo{ID: id(1), By: "op"}); r.Err != nil {
				w.Fatal(r.Err)
			}
			w.expect("withdrawn", w.said(1), "What lanekeeper said here was withdrawn.")
		},
		"deleted": func(w *world) {
			w.tracker.taken = map[string]string{w.record(1).Comment.Marker: "a person deleted it"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newNoteWorld(t)
			w.tracker.add(1, bug)
			w.at("09:01")
			w.at("13:01")
			away(w)
			w.at("17:01")
			n := w.commented()
			w.restatus(1, "Done", issue.Completed)
			w.once()
			w.restatus(1, "Open", issue.Unstarted)
			w.once()
			w.expect("not a word more", w.commented(), n)
			w.expect("one comment", len(w.tracker.comments), 1)
		})
	}
}

func TestTheSLAAndAPostMortemShareTheComment(t *testing.T) {
	w := newNoteWorld(t, func(w *world) {
		w.spec.PostMortem = policy.PostMortemSpec{Missed: []string{"hotfix"}, Template: "Five times why."}
	})
	w.tracker.add(1, bug)
	w.at("09:01")
	w.at("17:01")
	w.wait(time.Minute)
	w.restatus(1, "Done", issue.Completed)
	w.once()
	body := w.said(1)
	for _, part := range []string{"The SLA urgent-fix of PAY-1 is missed.", "A post-mortem is asked for: the resolve target of the SLA urgent-fix was missed.\n\nFive times why.\n\n"} {
		if !strings.Contains(body, part) {
			t.Errorf("%q is not in %s", part, body)
		}
	}
	w.expect("comments", len(w.tracker.comments), 1)
	w.quiet()
}

func TestACrashBetweenOutboxAndCommentPostsNoSecondOne(t *testing.T) {
	w := newNoteWorld(t)
	w.tracker.add(1, bug)
	w.at("09:01")
	w.clock = monday("13:01")
	w.tracker.fail = func(e issue.Edit) error { w.tracker.crash = e.Comment != nil; return nil }
	func() {
		defer func() {
			if r := recover(); r != errCrash {
				t.Fatalf("the process did not die: %v", r)
			}
		}()
		w.cycler.Run(t.Context(), reconcile.Task{})
	}()
	w.tracker.crash, w.tracker.fail = false, nil
	w.restart()
	w.once()
	w.expect("one comment", len(w.tracker.comments), 1)
	w.quiet()
}
