package simulation

import (
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/alert"
	"github.com/lanekeeper/lanekeeper/state"
)

// hooks receive what the channels of all worlds post. Channels post through the
// default client, so that is who must find them.
var hooks sync.Map // host → *world

func init() { http.DefaultTransport = posted{} }

type posted struct{}

func (posted) RoundTrip(req *http.Request) (*http.Response, error) {
	w, ok := hooks.Load(req.URL.Host)
	if !ok {
		return nil, fmt.Errorf("no world has the address %s", req.URL.Host)
	}
	return w.(*world).receive(req)
}

func (w *world) host() string { return fmt.Sprintf("hooks-%s.example", w.id) }

// What a channel does while it is in trouble.
const (
	refuses  = "refuses"
	forgets  = "takes the message and says it did not"
	hangs    = "hangs"
	hangTime = 90 * time.Second
)

// receive takes a message of a channel, as the channel's trouble lets it.
func (w *world) receive(req *http.Request) (*http.Response, error) {
	sent := time.Now()
	body, err := io.ReadAll(req.Body)
	must(err)
	channel := strings.Trim(req.URL.Path, "/")
	w.mu.Lock()
	p := w.p
	w.mu.Unlock()
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %s", time.Now().UnixNano(), channel, body)
	wait := 5*time.Millisecond + time.Duration(mix(h.Sum64())%uint64(200*time.Millisecond))
	w.mu.Lock()
	trouble := w.channelTrouble
	w.mu.Unlock()
	if trouble == hangs {
		wait += hangTime // it cannot be stopped
	}
	time.Sleep(wait)
	if !p.point("") || trouble == refuses {
		w.lost(p, channel, string(body))
		return answered(req, http.StatusServiceUnavailable), nil
	}
	doubt := trouble != ""
	w.mu.Lock()
	for _, line := range strings.Split(strings.TrimSpace(string(body)), "\n") {
		w.heard(p, channel, line, sent, doubt)
	}
	w.mu.Unlock()
	if !p.point("") || trouble == forgets {
		return answered(req, http.StatusServiceUnavailable), nil
	}
	return answered(req, http.StatusOK), nil
}

// lost takes note of a message that did not arrive from a process that dies: the
// next one cannot know that it did not.
func (w *world) lost(p *process, channel, body string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !p.dead {
		return
	}
	for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
		var event, status, ref string
		if _, err := fmt.Sscan(line, &event, &status, &ref); err != nil {
			continue
		}
		source, key, _ := strings.Cut(ref, "/")
		if s := w.source(source); s != nil {
			t := topic{channel, source, s.keys[key], event}
			if d, known := w.words[t]; known {
				d.doubt = true
				w.words[t] = d
			}
		}
	}
}

func answered(req *http.Request, status int) *http.Response {
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: http.NoBody, Request: req, Header: http.Header{}}
}

// topic is what a channel is told about an issue.
type topic struct{ channel, source, id, event string }

// word is what a channel was last told of a topic.
type word struct {
	status string
	start  int64 // ms since 1970
	at     time.Time
	by     *process
	doubt  bool // lanekeeper cannot know that it arrived
}

// unsure tells that lanekeeper cannot know that the word arrived: it was not
// told so, or it died before that was written down.
func (d word) unsure() bool {
	return d.doubt || d.by.dead && d.by.died.Sub(d.at) < 30*time.Second
}

// heard judges one line of a message that has arrived, some time after it was sent.
func (w *world) heard(p *process, channel, line string, sent time.Time, doubt bool) {
	var event, status, ref string
	var start int64
	if _, err := fmt.Sscan(line, &event, &status, &ref, &start); err != nil {
		w.flunk("channel %s got %q: %v", channel, line, err)
		return
	}
	source, key, isIssue := strings.Cut(ref, "/")
	s := w.source(source)
	w.note(channel, "channel %s hears %s", channel, line)
	if s == nil || !isIssue || !strings.HasPrefix(event, "sla_") {
		return
	}
	c := s.cards[s.keys[key]]
	if c == nil {
		w.flunk("channel %s: %s is about an issue that nobody filed", channel, line)
		return
	}
	t := topic{channel, source, c.id, event}
	old, known := w.words[t]
	again := known && !old.unsure()
	switch {
	case event == string(alert.SLAMet):
		if again && old.start == start {
			w.flunk("%s %s: channel %s is told twice that a target was met at %s", source, c.key, channel, instant(start))
		}
	case status == "firing":
		if again && old.status != "resolved" {
			w.flunk("%s %s: channel %s is told %s twice, first at %s", source, c.key, channel, event, old.at.Format(time.DateTime))
		}
		s.judge(c, t, instant(start), sent)
	case status == "repeated":
		if known && old.status == "resolved" && again || w.now().Sub(old.at) < repeat-time.Minute && again {
			w.flunk("%s %s: channel %s is told %s again, and the last word is %q of %s", source, c.key, channel, event, old.status, old.at.Format(time.DateTime))
		}
	case status == "resolved":
		if again && old.status == "resolved" {
			w.flunk("%s %s: channel %s is told twice that %s is over", source, c.key, channel, event)
		}
	}
	w.words[t] = word{status, start, w.now(), p, doubt}
	w.told++
}

func instant(ms int64) time.Time { return time.UnixMilli(ms) }

// prompt is how soon after its instant an alert must have arrived.
const prompt = time.Second

// judge demands of a warning or breach that it is true, and in time where
// nothing stood in its way.
func (s *source) judge(c *card, t topic, start, sent time.Time) {
	w := s.world
	now := w.now()
	share := 1.0
	if t.event == string(alert.SLAWarning) {
		share = warnAt
	}
	r := s.record(c.id)
	if r == nil {
		w.flunk("%s %s: %s is told of an issue that the state does not know", s.name, c.key, t.event)
		return
	}
	if c.odd || blinked(r) || !c.edited.IsZero() || s.anew.Before(w.p.since) || s.anew.Before(w.loading) || sent.Sub(s.anew) < settling {
		return
	}
	due, ok := s.due(c, r, share)
	early := due.Sub(start)
	if since := r.Memory.LaneSince; share < 1 && start.After(due) && !start.After(since.Add(prompt)) {
		early = 0 // nobody is warned of an issue that is not in the lane: it begins with that
	}
	if !ok || early.Abs() > prompt || start.After(now.Add(prompt)) {
		w.flunk("%s %s: channel %s is told of %s at %s, and it should be at %s (%v; recorded lanes %v, events %v, open %v)", s.name, c.key, t.channel, t.event,
			start.Format(time.DateTime), due.Format(time.DateTime), ok, r.Clock.Lanes, r.Clock.History.Events, c.spans)
		return
	}
	if t.channel != "oncall" { // it waits for a group
		return
	}
	free := due.Add(-settling)
	// A small budget may take longer to read an issue again than is left.
	if !s.script.budgets && s.well(free) && w.p.since.Before(free) && w.channelCalm.Before(free.Add(-backOff)) && s.calm().Before(free) && c.synced.Before(free) && r.Memory.LaneSince.Before(free) {
		w.judged++
		if now.Sub(due) > prompt {
			w.flunk("%s %s: channel %s is told of %s of %s only now", s.name, c.key, t.channel, t.event, due.Format(time.DateTime))
		}
	}
}

// settling is how long things must have been in order for an instant to be held
// to the second.
const settling = 2 * time.Minute

// backOff is how long a channel that was in trouble may be left alone.
const backOff = 12 * time.Minute

// calm is since when nothing has troubled the source.
func (s *source) calm() time.Time {
	if s.inTrouble() {
		return s.world.now()
	}
	return s.troubled
}

func (s *source) inTrouble() bool {
	for _, on := range s.troubles {
		if on {
			return true
		}
	}
	return s.down
}

// told demands after a good cycle that what has been over for a while was told.
func (s *source) told(c *card, r *state.Record) {
	w := s.world
	now := w.now()
	late := now.Add(-20 * time.Minute)
	if !s.well(late) || c.odd || blinked(r) || !c.open || !c.edited.IsZero() || c.synced.After(late) || w.p.since.After(late) || w.loading.After(late) || w.channelCalm.After(late) || s.calm().After(late) || s.undos > 0 {
		return
	}
	due, ok := s.due(c, r, 1)
	for _, channel := range channels {
		d, known := w.words[topic{channel, s.name, c.id, string(alert.SLABreached)}]
		lasts := known && (d.status != "resolved" || d.unsure())
		switch {
		case ok && due.Before(late) && r.Memory.LaneSince.Before(late) && !lasts:
			w.flunk("%s %s: it is out of time since %s, and channel %s was not told (last %q at %s)", s.name, c.key, due.Format(time.DateTime), channel, d.status, d.at.Format(time.DateTime))
		case lasts && !d.unsure() && d.at.Before(late) && (!ok || due.After(now.Add(prompt))) && r.Memory.LaneSince.Before(late):
			w.flunk("%s %s: it is not out of time, and channel %s was told so at %s", s.name, c.key, channel, d.at.Format(time.DateTime))
		}
	}
}

// blinked tells that a lane was left and entered again within one cycle, as an
// issue was read once more: its label never left, and so the clock goes on.
func blinked(r *state.Record) bool {
	if r.Clock == nil || len(r.Clock.Lanes) < 3 {
		return false
	}
	l := r.Clock.Lanes[len(r.Clock.Lanes)-3:]
	return l[0].Lane == l[2].Lane && l[2].From.Sub(l[1].From) < raceWindow
}

// channels are those of every world.
var channels = []string{"oncall", "team"}

// doChannel lets the channels get into trouble and out of it.
func (w *world) doChannel(m moment) {
	w.channelCalm = w.now()
	w.channelTrouble = ""
	if !m.ends {
		w.channelTrouble = m.what
		w.channelCalm = w.now().Add(lifetime)
	}
}

// The SLA of every world: so much time for what is in the lane, and a warning at
// half of it.
const (
	urgent  = "hotfix"
	warnAt  = 0.5
	created = "created"
	entered = "entered_lane"
)

var targets = [variants]time.Duration{30 * time.Hour, 100 * time.Hour, 30 * time.Hour, 240 * time.Hour}

// due is when a share of the target is or will be used up, told a second time in
// the simplest words; ok is false where no clock runs. Stamps are the tracker's.
func (s *source) due(c *card, r *state.Record, share float64) (at time.Time, ok bool) {
	w := s.world
	if r.Memory.Lane != urgent {
		return at, false
	}
	start := c.spans[0].from
	if w.script.starts == entered {
		start = r.Memory.LaneSince
	}
	left := time.Duration(share * float64(targets[w.variant]))
	for _, x := range c.spans {
		from := x.from
		if from.Before(start) {
			from = start
		}
		if x.to.IsZero() || left <= x.to.Sub(from) {
			return from.Add(left), true
		}
		if d := x.to.Sub(from); d > 0 {
			left -= d
		}
	}
	return at, false // it is closed, and was in time
}

// span is a time in which an issue was open; to is zero while it is.
type span struct{ from, to time.Time }

// opened writes down that an issue is open now, or is not.
func (c *card) opened(open bool, at time.Time) {
	last := len(c.spans) - 1
	switch now := last >= 0 && c.spans[last].to.IsZero(); {
	case open && !now:
		c.spans = append(c.spans, span{from: at})
	case !open && now:
		c.spans[last].to = at
	}
}

// promised is what the SLA has written at an issue, in the simplest words, and
// whether that is beyond doubt now.
func (s *source) promised(c *card) (label, day string, sure bool) {
	r := s.record(c.id)
	if r == nil {
		return "", "", false
	}
	now := s.world.now()
	far := func(t time.Time) bool { return t.Sub(now).Abs() > s.world.script.period+time.Hour }
	due, ok := s.due(c, r, 1)
	warn, _ := s.due(c, r, warnAt)
	switch {
	case !ok:
		return "", "", true
	case !now.Before(due):
		label = "sla:breached"
	case !now.Before(warn):
		label = "sla:at-risk"
	}
	return label, due.UTC().Format(time.DateOnly), far(due) && far(warn)
}

func (s *source) record(id string) *state.Record {
	list, err := s.world.p.db.Records(s.name, []string{id})
	must(err)
	return list[0]
}

// position is the place of a source among the others.
func (w *world) position(s *source) int { return slices.Index(w.sources, s) }

func (w *world) source(name string) *source {
	for _, s := range w.sources {
		if s.name == name {
			return s
		}
	}
	return nil
}
