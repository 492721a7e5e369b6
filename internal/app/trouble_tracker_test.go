package app

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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
