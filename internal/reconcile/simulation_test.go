package reconcile_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

var (
	seeds = flag.Int("seeds", 40, "simulated worlds")
	seed  = flag.Uint64("seed", 0, "replay this world only")
)

// TestSimulation lets people, an index that lags, failing writes, broken pulls
// and crashes work on seeded worlds, and holds every one of them to the
// promises:
//
//   - a person's lane is not written over before its override ends
//   - labels that are not managed never change
//   - observe mode sends nothing, suggest mode comments only, one an issue; in a
//     pause nothing is sent
//   - what an undo put back stays as an operator wanted it
//   - a comment of ours that a person deleted stays away
//   - after the trouble ends, everything is in order within a few cycles, and
//     then nothing more is written
//   - no update is missed
//   - in the worlds with an SLA, its labels and comments are as its clocks say
//   - a post-mortem is asked for once for each time that an issue was seen to be
//     completed, never of what was not seen in its lane, and not after a person
//     or an operator ended it; nothing else is written on a closed issue
//
// A failing world is replayed with -run TestSimulation -seed N.
func TestSimulation(t *testing.T) {
	if *seed != 0 {
		simulate(t, *seed)
		return
	}
	for n := range *seeds {
		t.Run(fmt.Sprint(n+1), func(t *testing.T) { simulate(t, uint64(n+1)) })
	}
}

// sim is one world under trouble.
type sim struct {
	*world
	r     *rand.Rand
	next  int
	trace []string
	// held are the lanes that people set, unlike any that policy gives.
	held map[string]hold
	late map[string]time.Time // since when the index stands still for an issue
	ours map[string]bool      // issues whose lane we have written
	fail bool

	shunned  map[string]shunned // issues whose comment a person deleted
	answered map[string]bool    // closed issues whose post-mortem a person ended
	agreed   map[string]string  // what the comment said when a person accepted it by a label

	paused  bool
	undoing bool
	undone  map[string]time.Time // when an operator last had an issue put back
}

type shunned struct {
	marker string
	at     time.Time
}

type hold struct {
	value string
	at    time.Time
}

func simulate(t *testing.T, n uint64) {
	s := &sim{r: rand.New(rand.NewPCG(n, 1)), held: map[string]hold{}, late: map[string]time.Time{}, ours: map[string]bool{}, undone: map[string]time.Time{},
		answered: map[string]bool{}, shunned: map[string]shunned{}, agreed: map[string]string{}}
	s.world = newWorld(t, func(w *world) {
		w.opts.Guard = reconcile.Guard{}
		if n%2 == 0 { // whatever is in the lane when the trouble ends is out of time at the end
			w.spec.Lanes[0].SLA = "urgent-fix"
			w.spec.SLAs = map[string]policy.SLASpec{"urgent-fix": {Starts: policy.StartsEnteredLane, WarnAt: []float64{0.5}, Targets: []policy.TargetSpec{{Resolve: 10 * time.Hour}}}}
		}
		if n%4 == 0 {
			urgent := w.spec.SLAs["urgent-fix"]
			urgent.Comment = &policy.SLACommentSpec{From: policy.CommentAtRisk}
			w.spec.SLAs["urgent-fix"] = urgent
		}
		if n%3 == 0 {
			w.spec.PostMortem = policy.PostMortemSpec{Completed: []string{"hotfix"}}
			if n%2 == 0 {
				w.spec.PostMortem = policy.PostMortemSpec{Missed: []string{"hotfix"}}
			}
		}
		switch {
		case n%7 == 0:
			w.opts.Mode = reconcile.Observe
		case n%7 == 1:
			w.opts.Mode = reconcile.Suggest
		}
	})
	defer func() {
		if t.Failed() {
			t.Logf("replay: go test ./internal/reconcile -run TestSimulation -seed %d\n%s", n, strings.Join(s.trace, "\n"))
		}
	}()
	s.tracker.fail, s.tracker.taken = s.watch, map[string]string{}
	for range 8 {
		s.create()
	}
	for range 80 {
		s.step()
	}
	s.settle()
}

func (s *sim) say(format string, args ...any) {
	s.trace = append(s.trace, s.clock.Format("02 15:04 ")+fmt.Sprintf(format, args...))
}

// watch sees every write before it happens, and lets some fail.
func (s *sim) watch(e issue.Edit) error {
	if s.opts.Mode == reconcile.Observe {
		s.Fatalf("%s: a write in observe mode", e.Key)
	}
	if s.paused {
		s.Fatalf("%s: a write in a pause", e.Key)
	}
	for _, c := range e.Changes {
		if said, agreed := s.agreed[e.ID]; s.opts.Mode == reconcile.Suggest && c.Field != issue.FieldComment && !s.undoing && (!agreed || !strings.Contains(said, c.To)) {
			s.Fatalf("%s: %s %q written in suggest mode; accepted was %q", e.Key, c.Field, c.To, said)
		}
		if at, undone := s.undone[e.ID]; undone && !s.undoing && c.Field == issue.FieldLane && s.clock.Before(at.Add(14*24*time.Hour)) {
			s.Fatalf("%s: undone at %s, and written again", e.Key, at.Format(time.DateTime))
		}
		add, remove := c.Labels()
		for _, l := range append(add, remove...) {
			if c.Field.IsLabel() && !slices.ContainsFunc([]string{"lane:", "horizon:", "sla:", issue.PostMortemLabel}, func(p string) bool { return strings.HasPrefix(l, p) }) {
				s.Fatalf("%s: label %q is not ours", e.Key, l)
			}
		}
		s.watchClosed(e, c)
		if x, is := s.shunned[e.ID]; is && e.Comment != nil && e.Comment.Marker != x.marker && s.clock.Before(x.at.Add(14*24*time.Hour)) {
			s.Fatalf("%s: a person deleted our comment at %s, and there is another", e.Key, x.at.Format(time.DateTime))
		}
		h, held := s.held[e.ID]
		if c.Field == issue.FieldLane && held && s.clock.Before(h.at.Add(14*24*time.Hour)) {
			s.Fatalf("%s: a person set the lane to %q at %s, and we write %q over it", e.Key, h.value, h.at.Format(time.DateTime), c.To)
		}
	}
	if s.fail && s.r.IntN(3) == 0 {
		kinds := []connectors.Kind{connectors.Network, connectors.Server, connectors.Invalid, connectors.RateLimited, connectors.Conflict}
		k := kinds[s.r.IntN(len(kinds))]
		s.say("write to %s fails: %s", e.Key, k)
		return &connectors.Error{Kind: k, Op: "edit"}
	}
	for _, c := range e.Changes {
		if c.Field != issue.FieldComment {
			delete(s.agreed, e.ID)
		}
		if c.Field == issue.FieldLane {
			s.ours[e.ID] = true
			delete(s.held, e.ID)
		}
	}
	return nil
}

// watchClosed sees what is written on closed issues.
func (s *sim) watchClosed(e issue.Edit, c issue.Change) {
	i, asked := s.tracker.issues[e.ID], s.spec.PostMortem
	if c.Field == issue.FieldPostMortem && c.To != "" {
		switch {
		case i.Open() && !s.undoing:
			s.Fatalf("%s: a post-mortem of an open issue", e.Key)
		case s.answered[e.ID] && !s.undoing:
			s.Fatalf("%s: a post-mortem that was done is asked for again", e.Key)
		case asked.Completed == nil && asked.Missed == nil:
			s.Fatalf("%s: a post-mortem that no policy asks for", e.Key)
		}
	}
	if !i.Open() && c.Field != issue.FieldPostMortem && c.Field != issue.FieldComment {
		s.Fatalf("%s: %s is written on a closed issue", e.Key, c.Field)
	}
}

func (s *sim) create() {
	i := s.tracker.add(s.next, func(i *issue.Issue) {
		i.Labels = []string{"customer"}
		if s.r.IntN(2) == 0 {
			i.Kind = issue.Bug
		}
		i.Votes = s.r.IntN(100)
	})
	s.next++
	s.say("%s is created, a %s with %d votes", i.Key, i.Kind, i.Votes)
}

func (s *sim) any() *issue.Issue { return s.tracker.issues[id(s.r.IntN(s.next))] }

// touch makes an issue's change visible.
func (s *sim) touch(i *issue.Issue, format string, args ...any) {
	i.Updated = s.clock
	s.say(i.Key+" "+format, args...)
}

// step lets one thing happen, and then perhaps a cycle.
func (s *sim) step() {
	s.wait(time.Duration(1+s.r.IntN(90)) * time.Minute)
	for k, since := range s.late {
		if s.clock.Sub(since) > 20*time.Hour {
			delete(s.tracker.index, k)
			delete(s.late, k)
		}
	}
	i := s.any()
	switch s.r.IntN(21) {
	case 0:
		s.create()
	case 1, 2, 3:
		s.personSetsLane(i)
	case 4:
		i.Votes = s.r.IntN(100)
		s.touch(i, "gets %d votes", i.Votes)
	case 5:
		i.Kind = []issue.Kind{issue.Bug, issue.Story, issue.Epic}[s.r.IntN(3)]
		s.touch(i, "becomes a %s", i.Kind)
	case 6:
		n, _ := strconv.Atoi(i.ID)
		s.restate(n, []issue.Category{issue.Completed, issue.Started}[s.r.IntN(2)])
	case 7:
		s.say("the index stands still for %s", i.Key)
		if _, lags := s.late[i.ID]; !lags {
			s.tracker.lag(i.ID)
			s.late[i.ID] = s.clock
		}
	case 8:
		clear(s.tracker.index)
		clear(s.late)
		s.say("the index has caught up")
	case 9:
		s.fail = !s.fail
		s.say("writes fail: %v", s.fail)
	case 10:
		lose := s.r.IntN(2) == 0
		s.tracker.lose = func(issue.Edit) bool { return lose && s.r.IntN(2) == 0 }
		s.say("answers are lost: %v", lose)
	case 11:
		s.tracker.stopAfter = s.r.IntN(3)
		s.say("pulls break after %d pages", s.tracker.stopAfter)
	case 12:
		s.tracker.hidden[i.ID] = !s.tracker.hidden[i.ID]
		s.say("%s is hidden: %v", i.Key, s.tracker.hidden[i.ID])
	case 13:
		s.restart()
		s.say("restart")
	case 14:
		s.pause(!s.paused)
	case 15:
		s.spec.Lanes[1].When = fmt.Sprintf("issue.votes > %d", s.r.IntN(90))
		s.restart()
		s.say("policy: stability %s", s.spec.Lanes[1].When)
	case 16:
		s.undo(i)
	case 17:
		s.tracker.historyErr = nil
		if s.r.IntN(2) == 0 {
			s.tracker.historyErr = &connectors.Error{Kind: connectors.Server, Op: "history"}
		}
		s.say("histories: %v", s.tracker.historyErr)
	case 18:
		s.answer()
	case 20:
		s.shun()
	case 19: // quick work on what is urgent
		for n := range s.next {
			if i := s.tracker.issues[id(n)]; i.Kind == issue.Bug && i.Open() && s.r.IntN(3) == 0 {
				s.restate(n, issue.Completed)
				break
			}
		}
	}
	if s.opts.Mode == reconcile.Suggest && s.r.IntN(3) == 0 {
		s.answerProposal(s.any())
	}
	s.tracker.crash = s.r.IntN(12) == 0
	s.try(reconcile.Task{Sweep: s.r.IntN(10) == 0})
}

// personSetsLane has a person choose a lane that policy never gives, take the
// label away, or put ours back.
func (s *sim) personSetsLane(i *issue.Issue) {
	to := fmt.Sprintf("lane:own-%d", len(s.trace))
	if s.r.IntN(3) == 0 {
		to = ""
	}
	s.tracker.edit(i.ID, "ann", issue.Change{Field: issue.FieldLane, To: to})
	s.say("ann sets %s to %q", i.Key, to)
	if s.ours[i.ID] {
		s.held[i.ID] = hold{to, s.clock}
	}
}

// pause stops or lets go on all writes.
func (s *sim) pause(on bool) {
	if err := s.store.SetPaused(state.Pause{On: on, By: "op"}); err != nil {
		s.Fatal(err)
	}
	s.paused = on
	s.cycler.Replan()
	s.say("paused: %v", on)
}

// undo has an operator take back what was done to an issue. A value that
// policy never gives stays put back.
func (s *sim) undo(i *issue.Issue) {
	s.undoing = true
	defer func() { s.undoing = false }()
	s.survive(func() {
		r := s.cycler.Undo(s.Context(), reconcile.Undo{ID: i.ID, By: "op"})
		s.say("undo of %s: %d lines, error %v", i.Key, len(r.Lines), r.Err)
		for _, l := range r.Lines {
			if l.Change.Field != issue.FieldLane || l.Status != reconcile.Applied {
				continue
			}
			if l.Change.To == "" || strings.HasPrefix(l.Change.To, "lane:own") {
				s.undone[i.ID] = s.clock
			}
		}
	})
}

// try runs a cycle that may fail or die.
func (s *sim) try(t reconcile.Task) {
	s.survive(func() {
		n := len(s.tracker.edits)
		r := s.cycler.Run(s.Context(), t)
		s.say("cycle: %d writes, error %v", len(s.tracker.edits)-n, r.Err)
	})
}

// survive starts a new process where do made the old one die.
func (s *sim) survive(do func()) {
	defer func() {
		if r := recover(); r == errCrash {
			s.say("the process dies")
			s.restart()
		} else if r != nil {
			panic(r)
		}
	}()
	do()
}

// settle ends the trouble and demands order.
func (s *sim) settle() {
	s.fail, s.tracker.lose, s.tracker.stopAfter, s.tracker.crash, s.tracker.historyErr = false, nil, 0, false, nil
	clear(s.tracker.index)
	clear(s.tracker.hidden)
	s.say("the trouble ends")
	s.pause(false)
	for range 3 { // parked issues wait up to six hours
		s.wait(7 * time.Hour)
		s.cycle(reconcile.Task{Sweep: true})
	}
	s.wait(time.Hour)
	s.quiet()
	for n := range s.next {
		i := s.tracker.issues[id(n)]
		if i.Open() {
			s.inOrder(i, s.record(n))
		}
		if r, err := s.store.Records("payments", []string{i.ID}); err == nil && r[0] != nil { // one that was closed before it was seen is not known
			s.lookedBack(i, r[0])
		}
	}
	if s.opts.Mode != reconcile.Observe && len(s.tracker.edits) == 0 {
		s.Error("nothing was ever written: the world proves nothing")
	}
}

func (s *sim) inOrder(i *issue.Issue, r *state.Record) {
	if r.Issue.Votes != i.Votes || r.Issue.Kind != i.Kind || r.Issue.Open() != i.Open() {
		s.Errorf("%s: an update was missed: known %d votes, %s, open %v; is %d votes, %s, open %v", i.Key, r.Issue.Votes, r.Issue.Kind, r.Issue.Open(), i.Votes, i.Kind, i.Open())
	}
	if !strings.Contains(strings.Join(i.Labels, " "), "customer") {
		s.Errorf("%s: the label customer is gone: %q", i.Key, i.Labels)
	}
	_, shunned := s.shunned[i.ID]
	if s.opts.Mode == reconcile.Suggest && r.Outstanding > 0 && !shunned && s.tracker.comments[r.Comment.Marker] == "" {
		s.Errorf("%s: changes are wanted and no comment says so", i.Key)
	}
	s.heard(i, r)
	if s.opts.Mode != reconcile.Enforce {
		return
	}
	if slices.ContainsFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldLane && o.Kind == state.Undone }) {
		return // as an operator wanted it; watch saw to that
	}
	if !slices.ContainsFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldSLA }) {
		want := ""
		if r.Decision.SLA != "" {
			want = "sla:breached"
		}
		if got := plan.Actual(i, issue.FieldSLA); got != want {
			s.Errorf("%s: SLA label %q, want %q", i.Key, got, want)
		}
	}
	if s.opts.Mode == reconcile.Enforce && s.spec.SLAs["urgent-fix"].Comment != nil && r.Decision.SLA != "" && !slices.ContainsFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldComment }) {
		if said := s.tracker.comments[r.Comment.Marker]; !strings.Contains(said, "is breached.") {
			s.Errorf("%s: the comment does not tell of the breach: %q", i.Key, said)
		}
	}
	want := "lane:" + r.Decision.Lane
	if h, held := s.held[i.ID]; held {
		want = h.value
	} else if at := slices.IndexFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldLane && o.Kind == state.ByPerson }); at >= 0 {
		want = r.Overrides[at].Value // set while our first write was under way
	}
	if got := i.Label("lane:"); "lane:"+got != want && !(want == "" && got == "") {
		s.Errorf("%s: lane %q, want %q", i.Key, got, want)
	}
}

// heard demands that a label which answers no proposal is told so.
func (s *sim) heard(i *issue.Issue, r *state.Record) {
	labelled := slices.ContainsFunc(i.Labels, func(l string) bool { return l == issue.AcceptLabel || l == issue.RejectLabel })
	withdrawn := slices.ContainsFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldComment })
	_, shunned := s.shunned[i.ID]
	said := s.tracker.comments[r.Comment.Marker]
	if s.opts.Mode == reconcile.Suggest && r.Outstanding > 0 && labelled && !withdrawn && !shunned && !strings.Contains(said, "no answer to this") {
		s.Errorf("%s: %q is left unanswered and the comment does not say why: %q", i.Key, i.Labels, said)
	}
}

// restate closes an issue, or opens it.
func (s *sim) restate(n int, class issue.Category) {
	if i := s.tracker.issues[id(n)]; class.Open() && !i.Open() {
		delete(s.answered, i.ID)
	}
	s.restatus(n, string(class), class)
	s.say("PAY-%d is %s", n, class)
}

// answer has a person remove the label of a post-mortem that is done.
func (s *sim) answer() {
	for n := range s.next {
		i := s.tracker.issues[id(n)]
		if !slices.Contains(i.Labels, issue.PostMortemLabel) || s.r.IntN(2) == 0 {
			continue
		}
		s.tracker.edit(i.ID, "ann", issue.Change{Field: issue.FieldPostMortem})
		s.answered[i.ID] = !i.Open()
		s.say("ann removes the label %s of %s", issue.PostMortemLabel, i.Key)
	}
}

// answerProposal has a person accept or reject by a label what the comment says,
// or take the label away.
func (s *sim) answerProposal(i *issue.Issue) {
	delete(s.agreed, i.ID)
	if at := slices.IndexFunc(i.Labels, func(l string) bool { return l == issue.AcceptLabel || l == issue.RejectLabel }); at >= 0 {
		s.say("ann removes %s of %s", i.Labels[at], i.Key)
		s.tracker.relabel(i.ID, person("ann"), []string{i.Labels[at]}, nil)
		return
	}
	label := []string{issue.AcceptLabel, issue.AcceptLabel, issue.RejectLabel}[s.r.IntN(3)]
	r, err := s.store.Records("payments", []string{i.ID})
	if err == nil && r[0] != nil && label == issue.AcceptLabel {
		s.agreed[i.ID] = s.tracker.comments[r[0].Comment.Marker]
	}
	s.say("ann answers %s with %s", i.Key, label)
	s.tracker.relabel(i.ID, person("ann"), nil, []string{label})
}

// shun has a person delete our comment on an issue.
func (s *sim) shun() {
	for n := range s.next {
		r, err := s.store.Records("payments", []string{id(n)})
		if err != nil || r[0] == nil || r[0].Comment.ID == "" || s.r.IntN(2) == 0 {
			continue
		}
		m := r[0].Comment.Marker
		s.tracker.taken[m], s.shunned[id(n)] = "a person deleted it", shunned{m, s.clock}
		s.say("ann deletes the comment on PAY-%d", n)
		return
	}
}

// lookedBack demands that who is asked for a post-mortem is to be asked.
func (s *sim) lookedBack(i *issue.Issue, r *state.Record) {
	p, has := r.PostMortem, slices.Contains(i.Labels, issue.PostMortemLabel)
	held := slices.ContainsFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldPostMortem })
	switch {
	case held:
	case i.Open() && has:
		s.Errorf("%s is open and asks for a post-mortem", i.Key)
	case !i.Open() && has != p.Outstanding():
		s.Errorf("%s: the label %s is there: %v, and known is %+v", i.Key, issue.PostMortemLabel, has, p)
	case p.Outstanding() && !p.Said && !slices.ContainsFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldComment }):
		s.Errorf("%s: no comment asks for the post-mortem: %+v", i.Key, p)
	case s.answered[i.ID] && has:
		s.Errorf("%s: a post-mortem that was done is asked for", i.Key)
	}
}
