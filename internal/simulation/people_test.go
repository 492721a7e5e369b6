package simulation

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// do lets an event happen, or end.
func (w *world) do(m moment) {
	s := w.sources[m.src]
	switch m.kind {
	case doKill, doRestart, doReload, doMode, doPause, doUndo:
		w.say("", "%s%s", endOf(m), m.event)
		w.operate(s, m)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(s.name, "%s%s", endOf(m), m.event)
	switch m.kind {
	case doFault:
		for k := range m.n {
			f := fault{kind: m.what}
			if k == 0 {
				f.after = int(mix(m.pick) % 12)
			}
			s.faults = append(s.faults, f)
		}
	case doRace:
		s.races = append(s.races, m.event)
	case doJam:
		s.doJam(m)
	case doTrouble:
		s.doTrouble(m)
	case doChannel:
		w.doChannel(m)
	case doCreate:
		s.create(m.event)
	default:
		s.peopleDo(m)
	}
}

func endOf(m moment) string {
	if m.ends {
		return "end of "
	}
	return ""
}

// operate is what operators and machines do.
func (w *world) operate(s *source, m moment) {
	if !w.up() && m.kind != doPause && m.kind != doMode {
		return
	}
	switch m.kind {
	case doKill:
		if !m.ends {
			w.mu.Lock()
			w.p.left, w.p.prey = m.n, s.name
			w.mu.Unlock()
		}
	case doRestart:
		w.p.stop()
		w.start()
	case doReload:
		w.variant = int(m.pick % variants)
		w.reload()
	case doMode:
		s.mode = m.what
		w.reload()
	case doPause:
		w.pause(!m.ends)
	case doUndo:
		w.p.undo(s, m.event)
	}
}

// reload changes to what is configured now, as a reload does.
func (w *world) reload() {
	w.mu.Lock()
	w.loading = w.now()
	for _, s := range w.sources {
		s.running, s.before = s.mode, s.running
		s.retry(nil)
		for _, c := range s.cards {
			s.soften(c, w.variant)
		}
	}
	w.mu.Unlock()
	if w.up() {
		w.p.reload()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loading = w.now()
	for _, s := range w.sources {
		s.before = ""
	}
}

// pause stops or lets go on all writes. Nobody can while lanekeeper is down.
func (w *world) pause(on bool) {
	if !w.up() {
		return
	}
	var err error
	if on {
		_, err = w.p.app.Pause(w.p.ctx, "operator", "")
	} else {
		_, err = w.p.app.Resume(w.p.ctx, "operator")
	}
	if err != nil {
		w.fail("pause or resume: %v", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused = time.Time{}
	if on {
		w.paused = w.now()
	}
}

// choose picks an issue that people can see.
func (s *source) choose(pick uint64) *card {
	var can []string
	for _, id := range s.order {
		if c := s.cards[id]; !c.gone && !c.away {
			can = append(can, id)
		}
	}
	if len(can) == 0 {
		return nil
	}
	return s.cards[can[mix(pick)%uint64(len(can))]]
}

// create files an issue, some with values that were there before lanekeeper.
func (s *source) create(e event) {
	label, assignee, priority := "", "", issue.Medium
	if e.n%3 == 0 {
		label = peoplesLabels[e.pick%2]
	}
	if e.n%7 == 0 {
		assignee = people[e.pick%3]
	}
	if e.n%5 == 0 {
		priority = issue.Low
	}
	id := s.site.create(fmt.Sprintf("%s %d", e.what, len(s.order)), label, priority, assignee)
	c := &card{holds: map[issue.Field]*hold{}, wrote: map[issue.Field]bool{}, first: map[issue.Field]string{}, own: map[issue.Field]string{}, agreed: map[issue.Field]string{}, older: map[issue.Field]string{}, people: map[issue.Field]time.Time{}, edited: s.world.now()}
	for _, n := range s.site.list() {
		if n.id == id {
			c.snap = n
		}
	}
	s.keys[c.key] = id
	c.opened(true, s.world.now().Add(s.script.skew))
	if c.assignee != "" {
		c.hold(issue.FieldAssignee, c.assignee, s.world.now())
	}
	c.sweep = c.edited.Before(s.until)
	s.cards[id] = c
	s.order = append(s.order, id)
}

// peopleDo lets a person work on an issue.
func (s *source) peopleDo(m moment) {
	c := s.choose(m.pick)
	if m.dur > 0 {
		s.awayOrBack(c, m)
		return
	}
	if c == nil {
		return
	}
	switch m.kind {
	case doMove:
		c.sweep = true
		s.touch(c, func() { s.site.move(c.id, m.n%2) })
	case doRemove:
		s.site.remove(c.id)
		c.gone = true
	default:
		s.edit(c, s.draw(c, m.event))
	}
}

// awayOrBack takes an issue out of sight for a while.
func (s *source) awayOrBack(c *card, m moment) {
	if m.ends {
		c = s.awayWith(m.pick)
	}
	if c == nil {
		return
	}
	c.away, c.sweep, c.odd = !m.ends, true, true
	s.retry(c)
	s.touch(c, func() {
		switch {
		case m.kind == doArchive:
			s.site.archive(c.id, m.ends)
		case m.ends:
			s.site.move(c.id, m.n%2)
		default:
			s.site.move(c.id, 2)
		}
	})
	c.backWith = m.pick
}

func (s *source) awayWith(pick uint64) *card {
	for _, id := range s.order {
		if c := s.cards[id]; c.away && c.backWith == pick {
			return c
		}
	}
	return nil
}

// touch does what changes where an issue is, and takes over the outcome: its
// key, project and visibility are the tracker's to say.
func (s *source) touch(c *card, do func()) {
	do()
	c.edited = s.world.now()
	for _, n := range s.site.list() {
		if n.id == c.id {
			c.key, c.project, c.visible = n.key, n.project, n.visible
			s.keys[c.key] = c.id
		}
	}
}

// draw says what exactly a person does.
func (s *source) draw(c *card, e event) edit {
	x := edit{by: people[e.pick%uint64(len(people))]}
	switch e.kind {
	case doTitle:
		x.title = ptr(fmt.Sprintf("%s %d", e.what, e.pick%10000))
	case doText:
		x.text = ptr(fmt.Sprintf("Text %d.", e.pick%10000))
	case doLabel:
		if slices.Contains(c.labels, e.what) {
			x.remove = []string{e.what}
		} else {
			x.add = []string{e.what}
		}
	case doLane:
		s.drawLabel(c, &x, e, "lane:", []string{"hotfix", "stability", "feature"})
	case doHorizon:
		s.drawLabel(c, &x, e, "horizon:", []string{"current-sprint", "next-release", "roadmap"})
	case doPriority:
		p := issue.Low
		if e.n < 30 {
			p = issue.Priority(e.n % 5)
		}
		x.priority = &p
	case doAssign:
		x.assignee = ptr(append(people, "")[e.n%4])
	case doStatus:
		x.status = e.what
	case doDue:
		x.due = ptr("")
		if e.n < 80 {
			x.due = ptr(fmt.Sprintf("2031-05-%02d", 1+e.n%28)) // never policy's
		}
	}
	return x
}

// drawLabel replaces, removes or adds to the label of a managed prefix. Linear
// lets an issue have one of a group only.
func (s *source) drawLabel(c *card, x *edit, e event, prefix string, values []string) {
	for _, l := range c.labels {
		if strings.HasPrefix(l, prefix) && (e.what != "beside" || s.script.kind == "linear") {
			x.remove = append(x.remove, l)
		}
	}
	to := prefix + ownValues[e.pick%2]
	switch e.what {
	case "none":
		return
	case "policy":
		to = prefix + values[e.n%3]
	}
	x.remove = slices.DeleteFunc(x.remove, func(l string) bool { return l == to })
	if !slices.Contains(c.labels, to) {
		x.add = []string{to}
	}
}

// edit has a person change an issue, and writes it down.
func (s *source) edit(c *card, x edit) {
	s.retry(c)
	before := c.snap
	s.site.edit(c.id, x)
	if x.title != nil {
		c.title = *x.title
	}
	if x.text != nil {
		c.text = *x.text
	}
	if x.status != "" {
		at := s.world.now().Add(s.script.skew)
		c.open = x.status != "done"
		c.opened(c.open, at)
		c.odd = c.odd || s.script.kind == "linear" && at.Sub(c.spans[0].from) < untold
	}
	c.labels = slices.DeleteFunc(slices.Clone(c.labels), func(l string) bool { return slices.Contains(x.remove, l) })
	c.labels = append(c.labels, x.add...)
	// A label from before lanekeeper's first decision counts as the entry.
	c.odd = c.odd || s.world.script.starts == entered && slices.Contains(x.add, "lane:"+urgent) && c.synced.IsZero()
	slices.Sort(c.labels)
	if x.priority != nil {
		c.priority = *x.priority
	}
	if x.assignee != nil {
		c.assignee = s.site.person(*x.assignee)
	}
	if x.due != nil {
		c.due = *x.due
	}
	if !reflect.DeepEqual(before, c.snap) { // else the tracker notes nothing
		c.edited = s.world.now()
		c.sweep = c.sweep || c.edited.Before(s.until)
	}
	for _, f := range fields {
		if c.field(f) != before.field(f) {
			s.changed(c, f, c.field(f))
		}
	}
	s.soften(c, s.world.variant)
}

// race has a person change something that is theirs in the very moment before
// a write reaches the issue.
func (s *source) race(id string, e event) {
	c := s.cards[id]
	kind := []string{doLabel, doTitle, doLabel, doLane}[e.n%4]
	e.kind, e.what = kind, map[string]string{doLabel: peoplesLabels[e.pick%uint64(len(peoplesLabels))], doTitle: subjects[e.pick%uint64(len(subjects))], doLane: "own"}[kind]
	s.world.note(s.name, "%s %s is changed in the moment before our write: %s", s.name, c.key, e)
	s.edit(c, s.draw(c, e))
}

// doTrouble starts or ends a state of the tracker.
func (s *source) doTrouble(m moment) {
	s.troubles[m.what] = !m.ends
	s.retry(nil)
	s.troubled = s.world.now()
	amount := 1 + m.n%3
	switch m.what {
	case outage:
		s.down = !m.ends
		return
	case lag:
		amount = 1 + m.n%8
	case longLag:
		amount = 15 + m.n%45
	}
	if m.what == longLag || m.what == absentField || m.what == hidden {
		s.until = s.world.now().Add(time.Hour)
		if s.troubles[longLag] || s.troubles[absentField] || s.troubles[hidden] {
			s.until = s.world.now().Add(lifetime)
		}
		for _, c := range s.cards {
			c.sweep = true
			c.odd = c.odd || m.what == hidden // its clock may have ended
			if c.edited.IsZero() {
				c.edited = s.world.now()
			}
		}
	}
	s.site.trouble(m.what, amount, !m.ends)
}

// doJam lets every write to one issue fail for long.
func (s *source) doJam(m moment) {
	if m.ends {
		s.endJam()
		return
	}
	if c := s.choose(m.pick); c != nil && s.jam == "" {
		s.edit(c, s.draw(c, event{kind: doTitle, what: subjects[m.pick%uint64(len(subjects))], pick: m.pick, n: m.n}))
		s.jam, s.tries = c.id, nil
		s.jamKind = []string{broken, unavailable, tooMany}[m.n%3]
	}
}

func (s *source) endJam() { s.jam = "" }

// try is a cycle that tried to write to the jammed issue.
type try struct {
	cycle int
	at    time.Time
}

// late is how long after its beginning a cycle may come to write.
const late = 3 * time.Minute

// untold is how long Linear keeps no history of an issue that was just made.
const untold = 3 * time.Minute

// tried demands that an issue which takes no write is tried ever less: after a
// minute and then twice as long, until it is every six hours. A refusal for too
// many requests is about all writes: nothing is parked, and each cycle asks again.
func (s *source) tried() {
	n := len(s.tries)
	if n > 0 && s.tries[n-1].cycle == s.cycles {
		return
	}
	now := try{s.cycles, s.world.now()}
	if n > 0 && s.world.p.since.After(s.tries[n-1].at) { // a process may have died before it heard what came of it
		n--
		s.tries = s.tries[:n]
	}
	if n > 1 && s.jamKind != tooMany && !s.inTrouble() {
		least := min(6*time.Hour, time.Minute<<min(n-2, 10)) // lanekeeper may have begun anew once
		if gap := now.at.Sub(s.tries[n-1].at); gap+late < least {
			s.world.flunk("%s %s: it took no write in %d cycles, and is tried again after %s", s.name, s.cards[s.jam].key, n, gap)
		}
	}
	s.tries = append(s.tries, now)
}

// retry lets tries be counted from the beginning: what is wanted of the jammed
// issue may be something else now.
func (s *source) retry(c *card) {
	if c == nil || c.id == s.jam {
		s.tries = nil
	}
}
