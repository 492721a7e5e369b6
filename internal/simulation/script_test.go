package simulation

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// script is all that makes a world: what it is like, and what happens in it.
type script struct {
	seed    uint64
	sources []sourceScript
	period  time.Duration // between pulls
	ttl     time.Duration // of overrides; 0: no end
	variant int           // of the policy at first
	issues  int           // of each source at first
	guarded bool          // a small guard; its plans are approved
	starts  string        // what starts the clock of the SLA
	events  []event
}

type sourceScript struct {
	kind    string // cloud, datacenter or linear
	mode    string
	skew    time.Duration
	budgets bool
}

// event is one thing that happens. All chance that it needs is in it, so that
// any of them can be left out and the others stay what they are.
type event struct {
	at   time.Duration
	dur  time.Duration // of a state that ends again
	kind string
	src  int
	pick uint64 // which issue, and whatever else is chosen
	n    int
	what string
}

func (e event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "day %d %s %s", 1+e.at/day, clockOf(e.at), e.kind)
	if e.what != "" {
		fmt.Fprintf(&b, " %s", e.what)
	}
	fmt.Fprintf(&b, " source %d pick %d n %d", e.src, e.pick%1000, e.n)
	if e.dur > 0 {
		fmt.Fprintf(&b, " for %s", e.dur.Round(time.Minute))
	}
	return b.String()
}

func clockOf(d time.Duration) string { return time.Time{}.Add(d % day).Format("15:04:05.000") }

const (
	day      = 24 * time.Hour
	lifetime = 14 * day
)

// What people do.
const (
	doCreate   = "create"
	doTitle    = "title"
	doText     = "text"
	doLabel    = "label" // one of their own
	doLane     = "lane"
	doHorizon  = "horizon"
	doPriority = "priority"
	doAssign   = "assign"
	doDue      = "due"
	doStatus   = "status"
	doMove     = "move"
	doLeave    = "leave" // the scope, and come back
	doArchive  = "archive"
	doRemove   = "remove"
)

// What happens to requests: the next ones break.
const (
	doFault = "fault"
	doRace  = "race" // a person edits in the moment before the next write
	doJam   = "jam"  // writes to one issue fail for long
)

// The faults. "after " before one says that the request takes effect first.
const (
	reset       = "reset"
	badGateway  = "502"
	unavailable = "503"
	broken      = "500"
	tooMany     = "429"
	tooManyLong = "429 for long"
	html        = "html"
	cut         = "cut"
	torn        = "torn"
	sameCursor  = "same cursor"
)

func cutAfter(kind string) (after bool, rest string) {
	rest, after = strings.CutPrefix(kind, "after ")
	return after, rest
}

// States of a whole tracker.
const (
	doTrouble   = "trouble"
	lag         = "index lag"
	longLag     = "long index lag"
	smallPages  = "small pages"
	samePages   = "overlapping pages"
	sameToken   = "repeated token"
	absentField = "absent field"
	badToken    = "dead credential"
	hidden      = "hidden project"
	outage      = "outage"
)

// What operators and machines do.
const (
	doKill    = "kill"
	doRestart = "restart"
	doReload  = "reload"
	doMode    = "mode"
	doPause   = "pause"
	doUndo    = "undo"
	doChannel = "channel" // cannot be told
)

var peoplesLabels = []string{"customer", "team-a", "team-b", "urgent-please", "lanes:x"}

// ownValues are lanes and horizons that policy never gives.
var ownValues = []string{"own-a", "own-b"}

var subjects = []string{"Outage in the shop", "Slow page", "New button", "Nicer fonts", "Outage and slow"}

// write makes the script of a seed.
func write(seed uint64) script {
	r := rand.New(rand.NewPCG(seed, 0x1a9e))
	s := script{seed: seed, period: time.Duration(300+r.IntN(500)) * time.Minute, starts: []string{created, entered}[r.IntN(2)], variant: r.IntN(variants), issues: 56,
		ttl: []time.Duration{0, 36 * time.Hour, 72 * time.Hour}[r.IntN(3)], guarded: r.IntN(4) == 0}
	if r.IntN(60) == 0 { // few, for most of their cycles find nothing
		s.period = time.Duration(30+r.IntN(30)) * time.Minute
	}
	kinds := []string{"cloud", "datacenter", "linear"}
	first := r.IntN(3)
	for n := range []int{1, 1, 1, 1, 1, 2, 2, 3}[r.IntN(8)] {
		src := sourceScript{kind: kinds[(first+n)%3], mode: "enforce", budgets: r.IntN(3) == 0}
		switch r.IntN(8) {
		case 0:
			src.mode = "observe"
		case 1:
			src.mode = "suggest"
		}
		if r.IntN(2) == 0 {
			src.skew = time.Duration(r.IntN(40)-20) * time.Minute
		}
		s.sources = append(s.sources, src)
	}
	s.issues = (s.issues + len(s.sources) - 1) / len(s.sources)
	for _, k := range frequencies {
		for range (k.times + r.IntN(k.times+1)) / 2 * len(s.sources) / k.share(len(s.sources)) {
			s.events = append(s.events, s.draw(r, k.kind))
		}
	}
	slices.SortStableFunc(s.events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return s
}

// frequency is how often something happens in a world; once says that it is for
// the whole world and not for each source.
type frequency struct {
	kind  string
	times int
	once  bool
}

func (f frequency) share(sources int) int {
	if f.once {
		return sources
	}
	return 1
}

var frequencies = []frequency{
	{doCreate, 8, false}, {doTitle, 18, false}, {doText, 6, false}, {doLabel, 28, false}, {doLane, 18, false},
	{doHorizon, 8, false}, {doPriority, 14, false}, {doAssign, 8, false}, {doDue, 6, false}, {doStatus, 16, false}, {doMove, 5, false},
	{doLeave, 4, false}, {doArchive, 4, false}, {doRemove, 2, false},
	{doFault, 48, false}, {doRace, 20, false}, {doJam, 1, false}, {doTrouble, 6, false},
	{doKill, 12, true}, {doRestart, 3, true}, {doReload, 5, true}, {doMode, 2, false}, {doPause, 3, true}, {doUndo, 5, false},
	{doChannel, 4, true},
}

func (s *script) draw(r *rand.Rand, kind string) event {
	e := event{at: time.Duration(r.Int64N(int64(lifetime))), kind: kind, src: r.IntN(len(s.sources)), pick: r.Uint64(), n: r.IntN(100)}
	choose := func(list ...string) string { return list[r.IntN(len(list))] }
	switch kind {
	case doCreate, doTitle:
		e.what = choose(subjects...)
	case doLabel:
		e.what = choose(peoplesLabels...)
	case doLane, doHorizon:
		e.what = choose("none", "own", "own", "beside", "policy")
	case doStatus:
		e.what = choose("done", "done", "started", "open", "open")
	case doLeave, doArchive:
		e.dur = time.Duration(r.Int64N(int64(3 * day)))
	case doFault:
		e.what, e.n = s.drawFault(r, e.src), 1+r.IntN(5)*r.IntN(2)
	case doJam:
		e.dur = day + time.Duration(r.Int64N(int64(day)))
	case doTrouble:
		e.what, e.dur = s.drawTrouble(r, e.src)
	case doChannel:
		e.what, e.dur = choose(refuses, forgets, hangs), time.Duration(r.Int64N(int64(8*time.Hour)))
	case doMode:
		e.what = choose("observe", "suggest", "enforce", "enforce")
	case doPause, doKill:
		e.dur = time.Duration(r.Int64N(int64(6 * time.Hour)))
		if kind == doKill {
			e.n, e.dur = 1+r.IntN(60), e.dur/4
		}
	}
	return e
}

func (s *script) drawFault(r *rand.Rand, src int) string {
	kinds := []string{reset, badGateway, unavailable, broken, tooMany, tooMany, tooManyLong, html, cut, torn}
	if s.sources[src].kind == "linear" {
		kinds = append(kinds, sameCursor)
	}
	k := kinds[r.IntN(len(kinds))]
	if r.IntN(2) == 0 && slices.Contains([]string{reset, badGateway, unavailable, torn, cut}, k) {
		k = "after " + k
	}
	return k
}

func (s *script) drawTrouble(r *rand.Rand, src int) (string, time.Duration) {
	kinds := []string{lag, lag, longLag, badToken, outage}
	if s.sources[src].kind != "linear" {
		kinds = append(kinds, smallPages, samePages, sameToken, absentField, hidden)
	}
	kind, dur := kinds[r.IntN(len(kinds))], 20*time.Minute+time.Duration(r.Int64N(int64(18*time.Hour)))
	if slices.Contains([]string{badToken, outage, hidden}, kind) {
		dur /= 6 // most of the cycles in it only fail
	}
	return kind, dur
}
