package simulation

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// world is one run of a script.
type world struct {
	script  script
	mutant  mutant
	dir     string
	id      string // as no other world has
	sources []*source
	died    chan struct{}
	failed  chan struct{} // closed

	variant   int
	starts    int
	decisions int // that the state has acknowledged
	counts

	mu        sync.Mutex
	p         *process
	processes []*process
	paused    time.Time
	loading   time.Time // when another configuration was last asked for
	quiet     bool      // all is in order: nothing more may be written
	restarts  time.Time
	trace     []string
	hashes    map[string]uint64 // of what each part of the world has said
	problem   string

	words          map[topic]word
	channelTrouble string
	channelCalm    time.Time // since when the channels have been in order
}

// counts say how much a world has put to the test.
type counts struct {
	lines  int
	writes int // changes that lanekeeper made
	told   int // lines about issues that channels got
	judged int // instants that were held to the second
}

// source is one tracker of a world with its ledger.
type source struct {
	world   *world
	script  sourceScript
	name    string
	site    site
	mode    string // as configured
	running string // as the loops run
	before  string // and as they ran until a moment ago, "" where that is long over

	cards    map[string]*card
	keys     map[string]string // ids by every key that an issue has had
	order    []string          // ids, oldest first
	ordinals map[uint64]seen
	struck   struck
	outbox   map[outboxed]bool // as of the newest request; nil: not looked at

	faults   []fault
	races    []event
	down     bool
	jam      string
	jamKind  string
	tries    []try
	cycles   int       // that ended
	undos    int       // under way
	until    time.Time // a long lag or a field that fails has its effects until then
	troubles map[string]bool
	troubled time.Time // when anything last went wrong
	good     time.Time // since when all cycles have gone well; zero: the newest did not
	anew     time.Time // the first good cycle of the present configuration, which may have read everything anew
	asked    time.Time // when every issue was last looked at for what should have been told
}

// verdict is what a run came to.
type verdict struct {
	problem string // "" when every demand was met
	trace   []string
	hash    uint64
	counts
}

// moment is an event, or its end.
type moment struct {
	event
	ends bool
}

// run plays a script. It must be called in a bubble.
func run(s script, m mutant, dir string) verdict {
	w := &world{script: s, mutant: m, dir: dir, id: fmt.Sprint(worlds.Add(1)), variant: s.variant, died: make(chan struct{}, 1), failed: make(chan struct{}),
		hashes: map[string]uint64{}, words: map[topic]word{}}
	hooks.Store(w.host(), w)
	defer hooks.Delete(w.host())
	for n, src := range s.sources {
		w.sources = append(w.sources, w.found(n, src))
	}
	for k := range w.script.issues {
		for n, s := range w.sources {
			time.Sleep(3 * time.Millisecond) // no two sources have clocks that run out at once
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
	time.Sleep(2 * hangTime) // for a send that hangs beyond the end
	v := verdict{problem: w.problem, trace: w.trace, counts: w.counts}
	for _, h := range w.hashes {
		v.hash += h
	}
	return v
}

// worlds counts the worlds of this run of the tests.
var worlds atomic.Int64

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
	out := &source{world: w, script: s, name: fmt.Sprintf("%s-%d", s.kind, n), mode: s.mode, cards: map[string]*card{}, keys: map[string]string{}, ordinals: map[uint64]seen{}, troubles: map[string]bool{}}
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
	visited := w.visit()
	w.p.stop()
	w.restarts = w.now().Add(w.downtime())
	if earliest := w.now().Add(2 * raceWindow); visited && w.restarts.Before(earliest) {
		w.restarts = earliest
	}
}

// visit has people change what a dead process was writing, after every second
// death. It says whether there was anything.
func (w *world) visit() (some bool) {
	if w.starts%2 == 0 {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sources {
		pending, err := w.p.db.Pending(s.name)
		must(err)
		for _, e := range pending {
			c := s.cards[e.ID]
			if e.Change.Field != issue.FieldLane || c == nil || c.gone || c.away {
				continue
			}
			w.note(s.name, "%s %s is changed after the death", s.name, c.key)
			s.edit(c, s.draw(c, event{kind: doLane, what: "own", pick: mix(w.script.seed + uint64(w.starts))}))
			some = true
			break
		}
	}
	return some
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
		w.note("", "FAILED: %s", w.problem)
		close(w.failed)
	}
}

func (w *world) say(who, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(who, format, args...)
}

// traceKept is how many of the newest lines a failure shows.
const traceKept = 60

// note writes a line of the trace. What two parts of the world do in the same
// moment has no order, so each has a hash of its own.
func (w *world) note(who, format string, args ...any) {
	line := time.Now().Format("02 15:04:05.000000 ") + uuids.ReplaceAllString(fmt.Sprintf(format, args...), "…")
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %x", who, w.hashes[who])
	h.Write([]byte(line))
	w.hashes[who] = h.Sum64()
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
