package simulation

import (
	"fmt"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// card is the world's own account of one issue: every edit by a person is
// written down here as it is made, and compared with the tracker afterwards.
type card struct {
	snap
	away     bool // archived or out of scope, to come back
	backWith uint64
	gone     bool // for ever
	holds    map[issue.Field]*hold
	// wrote are the fields that lanekeeper has written, first their values from
	// before that, people when a person last changed them.
	wrote  map[issue.Field]bool
	first  map[issue.Field]string
	own    map[issue.Field]string // what lanekeeper last wrote
	agreed map[issue.Field]string // what it may have taken for its own since: policy wanted it too
	older  map[issue.Field]string // what it wrote before that, as an undo may bring back
	undone bool
	people map[issue.Field]time.Time

	edited time.Time // zero: lanekeeper has been seen to know everything
	synced time.Time // when it was
	sweep  bool      // only a sweep can be trusted to find it

	spans []span // in which it was open, by the tracker's clock
	odd   bool   // its clock may have ended: it was out of sight once
}

// hold is a value that a person chose, or an operator by an undo.
type hold struct {
	value string
	at    time.Time
	// soft tells that policy has wanted the same meanwhile, or that it was set
	// before lanekeeper had written the field: then it may end at any time.
	soft bool
	undo bool // an operator's, who may undo more
	// before is what was held when an undo failed, which may have arrived or not.
	before *hold
}

// is tells that a field holds what was chosen.
func (h *hold) is(value string) bool {
	return h != nil && (value == h.value || h.before.is(value))
}

func (h *hold) String() string {
	if h == nil {
		return "nobody holds it"
	}
	return fmt.Sprintf("%q is held since %s, soft %v", h.value, h.at.Format(time.DateTime), h.soft)
}

// raceWindow is how long a write may be under way since lanekeeper last looked:
// requests of one batch wait for one another, and for the tracker's pauses.
const raceWindow = 10 * time.Minute

func (c *card) hold(f issue.Field, value string, at time.Time) {
	c.holds[f] = &hold{value: value, at: at}
}

// lately tells that a person changed the field within the race window.
func (c *card) lately(f issue.Field, now time.Time) bool {
	return now.Sub(c.people[f]) < raceWindow
}

// changed writes down that a person changed a field.
func (s *source) changed(c *card, f issue.Field, value string) {
	now := s.world.now()
	c.people[f] = now
	c.hold(f, value, now)
	// A person may put back what was lanekeeper's; that ends an override.
	ours := false
	for _, m := range []map[issue.Field]string{c.own, c.agreed} {
		v, ok := m[f]
		ours = ours || ok && strings.Contains(v, value)
	}
	ours = ours || c.undone && value != "" && strings.Contains(c.older[f], value)
	c.holds[f].soft = !c.wrote[f] && (f != issue.FieldAssignee && f != issue.FieldDue || value == "") || f == issue.FieldDue && value == "" || ours
	s.soften(c, s.world.variant)
}

// soften marks the holds that policy agrees with.
func (s *source) soften(c *card, variant int) {
	for f, v := range wanted(variant, c.title, c.labels, s.site.person) {
		if h := c.holds[f]; h != nil && h.value == v {
			h.soft = true
			c.agreed[f] = v
		}
	}
}

// compare demands of every issue that nothing but managed fields was changed by
// anybody but people, and returns to the ledger what lanekeeper wrote.
func (s *source) compare(how string) {
	w := s.world
	seen := map[string]bool{}
	s.outbox = nil
	for _, now := range s.site.list() {
		c := s.cards[now.id]
		seen[now.id] = true
		if c == nil || c.gone {
			w.flunk("%s %s: after %s there is an issue that nobody filed", s.name, now.key, how)
			continue
		}
		switch {
		case now.title != c.title, now.text != c.text, now.open != c.open, now.project != c.project, now.visible != c.visible, now.others != c.others:
			w.flunk("%s %s: %s changed what is not managed: %+v became %+v", s.name, c.key, how, c.snap, now)
		case now.unmanaged() != c.unmanaged():
			w.flunk("%s %s: %s changed people's labels from %q to %q", s.name, c.key, how, c.unmanaged(), now.unmanaged())
		}
		s.comments(c, &now)
		for _, f := range fields {
			if was, is := c.field(f), now.field(f); was != is {
				s.wroteField(c, f, was, is)
			}
		}
		c.labels, c.priority, c.assignee, c.due, c.ours, c.said = now.labels, now.priority, now.assignee, now.due, now.ours, now.said
	}
	for id, c := range s.cards {
		if !c.gone && !seen[id] {
			w.flunk("%s %s: it vanished with %s", s.name, c.key, how)
		}
	}
}

// comments demands at most one comment of ours, and only as a suggestion.
func (s *source) comments(c *card, now *snap) {
	if now.ours <= c.ours {
		return
	}
	if now.ours > 1 {
		s.world.flunk("%s %s: %d comments of ours", s.name, c.key, now.ours)
	}
	s.allowed(c, issue.FieldComment, "suggest")
}

// allowed demands that the mode lets a field be written, and that nothing is
// paused.
func (s *source) allowed(c *card, f issue.Field, mode string) {
	w := s.world
	if s.running != mode && s.before != mode {
		w.flunk("%s %s: %s written in mode %s", s.name, c.key, f, s.running)
	}
	if !w.paused.IsZero() && w.now().Sub(w.paused) > pauseGrace {
		w.flunk("%s %s: %s written in a pause that began at %s", s.name, c.key, f, w.paused.Format(time.DateTime))
	}
}

// pauseGrace is how long a request may be under way when a pause begins.
const pauseGrace = 5 * time.Minute

// wroteField judges a change that lanekeeper made.
func (s *source) wroteField(c *card, f issue.Field, was, is string) {
	w := s.world
	now := w.now()
	w.writes++
	s.allowed(c, f, "enforce")
	if !s.announced(c, f) {
		w.flunk("%s %s: %s was written and the outbox does not know of it", s.name, c.key, f)
	}
	if w.quiet && !s.ripe(c, f) && !s.timely(c, f, is) {
		w.flunk("%s %s: all is in order, and %s is changed from %q to %q", s.name, c.key, f, was, is)
	}
	if !c.wrote[f] {
		c.wrote[f], c.first[f] = true, was
	}
	if s.undos == 0 { // what an undo sets is not lanekeeper's own
		c.older[f] += " " + is
		c.own[f] = is
	}
	h := c.holds[f]
	switch {
	case h == nil:
	case h.undo && s.undos > 0:
		delete(c.holds, f)
	case !h.soft && s.holding(h) && now.Sub(h.at) >= raceWindow:
		w.flunk("%s %s: %s is %q since %s by a person's or operator's will, and was changed from %q to %q (%s)", s.name, c.key, f, h.value, h.at.Format(time.DateTime), was, is, s.overrides(c))
	case now.Sub(h.at) < raceWindow && h.value != "" && strings.Contains(is, h.value):
		h.value = is // both were there in the end
	default:
		delete(c.holds, f)
	}
}

// holding tells that the hold's time is not over by any clock.
func (s *source) holding(h *hold) bool {
	ttl := s.world.script.ttl
	return ttl == 0 || s.world.now().Before(h.at.Add(ttl-s.script.skew.Abs()-time.Minute))
}

// ripe tells that a hold of the field has come to its end, so that policy may
// have its way.
func (s *source) ripe(c *card, f issue.Field) bool {
	h := c.holds[f]
	return h != nil && (h.soft || !s.holding(h))
}

// timely tells that time alone has policy want the value.
func (s *source) timely(c *card, f issue.Field, value string) bool {
	label, day, _ := s.promised(c)
	return f == issue.FieldSLA && value == label || f == issue.FieldDue && value == day
}

// announced tells that the change is in the outbox.
func (s *source) announced(c *card, f issue.Field) bool {
	if s.outbox == nil {
		pending, err := s.world.p.db.Pending(s.name)
		must(err)
		s.outbox = map[outboxed]bool{}
		for _, e := range pending {
			s.outbox[outboxed{e.ID, e.Change.Field}] = true
		}
	}
	return s.outbox[outboxed{c.id, f}]
}

// outboxed is a change that waits for its outcome.
type outboxed struct {
	id    string
	field issue.Field
}

// written looks at everything after a request that may have changed something.
func (s *source) written(op, text string) {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	s.compare(op)
}
