package simulation

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"
)

// world is one run of a script.
type world struct {
	script  script
	mutant  mutant
	dir     string
	sources []*source
	p       *process
	died    chan struct{}
	failed  chan struct{} // closed

	variant   int
	starts    int
	writes    int // changes that lanekeeper made
	decisions int // that the state has acknowledged

	mu       sync.Mutex
	paused   time.Time
	quiet    bool // all is in order: nothing more may be written
	restarts time.Time
	trace    []string
	lines    int
	hash     uint64
	problem  string
}

// source is one tracker of a world with its ledger.
type source struct {
	world   *world
	script  sourceScript
	name    string
	site    site
	mode    string // as configured
	running string // as the loops run

	cards    map[string]*card
	order    []string // ids, oldest first
	ordinals map[uint64]seen
	struck   struck

	faults   []string
	races    []event
	down     bool
	jam      string
	jamKind  string
	tries    []time.Time // of writes to the jammed issue
	undos    int         // under way
	until    time.Time   // a long lag or a field that fails has its effects until then
	troubles map[string]bool
}

// verdict is what a run came to.
type verdict struct {
	problem string // "" when every demand was met
	trace   []string
	hash    uint64
	lines   int
	writes  int
}

// moment is an event, or its end.
type moment struct {
	event
	ends bool
}

// run plays a script. It must be called in a bubble.
func run(s script, m mutant, dir string) verdict {
	w := &world{script: s, mutant: m, dir: dir, variant: s.variant, died: make(chan struct{}, 1), failed: make(chan struct{})}
	for n, src := range s.sources {
		w.sources = append(w.sources, w.found(n, src))
	}
	for n, s := range w.sources {
		for k := range w.script.issues {
			s.create(event{pick: mix(w.script.seed*31 + uint64(n*1000+k)), n: k, what: subjects[k%len(subjects)]})
		}
	}
	w.start()
	begin := time.Now()
	for _, m := range agenda(s.events) {
		if !w.until(begin.Add(m.at)) {
			break
		}
		w.do(m)
	}
	if w.until(begin.Add(lifetime)) {
		w.settle()
	}
	w.p.stop()
	return verdict{w.problem, w.trace, w.hash, w.lines, w.writes}
}

// agenda lists the events and their ends by time.
func agenda(events []event) []moment {
	var out []moment
	for _, e := range events {
		out = append(out, moment{e, false})
		if e.dur > 0 {
			end := e
			end.at = min(e.at+e.dur, lifetime-time.Second)
			out = append(out, moment{end, true})
		}
	}
	slices.SortStableFunc(out, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	return out
}

func (w *world) found(n int, s sourceScript) *source {
	out := &source{world: w, script: s, name: fmt.Sprintf("%s-%d", s.kind, n), mode: s.mode, cards: map[string]*card{}, ordinals: map[uint64]seen{}, troubles: map[string]bool{}}
	switch s.kind {
	case "linear":
		out.site = newLinear(out.name, w.script.seed, s.skew, s.budgets)
	default:
		out.site = newJira(out.name, s.kind, s.skew, s.budgets)
	}
	return out
}

func (w *world) now() time.Time { return time.Now() }

// until lets the world go on until a moment, and buries a process that dies
// meanwhile. It says whether every demand has been met so far.
func (w *world) until(at time.Time) bool {
	for w.ok() {
		next := at
		if !w.restarts.IsZero() && w.restarts.Before(at) {
			next = w.restarts
		}
		t := time.NewTimer(time.Until(next))
		select {
		case <-w.died:
			t.Stop()
			w.revive()
			continue
		case <-w.failed:
			t.Stop()
			return false
		case <-t.C:
		}
		if w.restarts.IsZero() || w.restarts.After(next) {
			return w.ok()
		}
		w.restarts = time.Time{}
		w.start()
	}
	return false
}

// revive buries the dead process and sets when the next one starts.
func (w *world) revive() {
	w.p.bury()
	w.restarts = w.now().Add(w.downtime())
}

// downtime follows from how often the process was started.
func (w *world) downtime() time.Duration {
	return time.Duration(mix(w.script.seed+uint64(w.starts))%uint64(2*time.Hour)) * time.Duration(w.starts%2) / 2
}

// up says that a process is running.
func (w *world) up() bool { return w.restarts.IsZero() && !w.isDead() }

func (w *world) ok() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.problem == ""
}

// fail ends the world with a demand that was not met. The first one counts.
func (w *world) fail(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flunk(format, args...)
}

// flunk is fail for those who hold the lock.
func (w *world) flunk(format string, args ...any) {
	if w.problem == "" {
		w.problem = time.Now().Format("day 2 15:04:05.000 ") + fmt.Sprintf(format, args...)
		w.note("FAILED: %s", w.problem)
		close(w.failed)
	}
}

func (w *world) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(format, args...)
}

// traceKept is how many of the newest lines a failure shows.
const traceKept = 60

// note writes a line of the trace.
func (w *world) note(format string, args ...any) {
	line := time.Now().Format("02 15:04:05.000000 ") + uuids.ReplaceAllString(fmt.Sprintf(format, args...), "…")
	h := fnv.New64a()
	fmt.Fprintf(h, "%x", w.hash)
	h.Write([]byte(line))
	w.hash = h.Sum64()
	w.lines++
	if w.trace = append(w.trace, line); len(w.trace) > 2*traceKept && !keepTrace {
		w.trace = slices.Delete(w.trace, 0, traceKept)
	}
}

// keepTrace keeps whole traces, to look for where two runs differ.
var keepTrace = false

// seen is how often a request was seen, and when last.
type seen struct {
	n  int
	at time.Time
}

// ordinal counts the moments at which a request was sent.
func (s *source) ordinal(id uint64) int {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	o := s.ordinals[id]
	if now := s.world.now(); !o.at.Equal(now) {
		o = seen{o.n + 1, now}
		s.ordinals[id] = o
	}
	return o.n
}

func (s *source) known(id string) bool {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	return s.cards[id] != nil
}
