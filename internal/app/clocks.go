package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/alert"
	timers "github.com/lanekeeper/lanekeeper/internal/sla"
	"github.com/lanekeeper/lanekeeper/policy/sla"
	"github.com/lanekeeper/lanekeeper/state"
)

const (
	// lead is how long before an instant an issue is read again, so that nobody is
	// told of a clock whose issue was closed meanwhile.
	lead = 20 * time.Second
	// freshFor is how old the last good cycle may be for that not to be needed.
	freshFor = time.Minute
	// lateFor is how long a breach lasts as an event whose issue was closed before
	// anybody could be told.
	lateFor = time.Hour
	// ringAgain is when an instant is tried again that the state did not allow.
	ringAgain = 10 * time.Second
	// gaugeEvery bounds how often instants set the gauges, which takes a look at all
	// clocks of the source.
	gaugeEvery = 10 * time.Second
	// metAgain is how far back targets that were met are told again after a start:
	// a crash may have come between the record and the word. Nothing is told twice.
	metAgain = 24 * time.Hour
)

// clocks is how the issues of an engine stand with their SLAs. It is built once
// from the state and then kept in step by what cycles store and by the timer.
type clocks struct {
	timers *timers.Timers
	// telling is held from looking at the clocks until the alerts have it, so that
	// what is older does not come later.
	telling sync.Mutex

	mu      sync.Mutex
	engine  *engine // that it was built for
	sources map[string]*sourceClocks
}

// sourceClocks are the clocks of one source.
type sourceClocks struct {
	issues map[string]*standing // by id
	counts map[laneState]int    // open issues
	gauged time.Time            // when the gauges were last set
	news   []alert.Event        // moments, and ends, that are to be told
	synced bool                 // the alerts know all that lasts
}

type laneState struct {
	lane, sla string
	state     sla.State
}

// standing is how one issue stands.
type standing struct {
	laneState
	open    bool
	due     time.Time // when it runs out, while it runs
	next    time.Time // when time alone changes something
	events  []alert.Event
	unknown []sla.Kind // targets of which nothing is known now
	results []state.ClockResult
	late    time.Time // until when a breach is told that was over when it was found
	told    bool      // the alerts have the events
}

func newClocks() *clocks { return &clocks{timers: timers.New()} }

// buildClocks reads the clocks of all issues from the state. It does so once for
// each engine.
func (a *App) buildClocks(e *engine) {
	a.clocks.mu.Lock()
	defer a.clocks.mu.Unlock()
	if a.clocks.engine == e {
		return
	}
	a.clocks.engine, a.clocks.sources = e, map[string]*sourceClocks{}
	a.clocks.timers.Rebuild(func(func(timers.Key, time.Time) bool) {})
	now, names := a.opts.Now(), e.slas()
	for _, s := range e.sources {
		k := &sourceClocks{issues: map[string]*standing{}, counts: map[laneState]int{}}
		a.clocks.sources[s.Name] = k
		for _, name := range names {
			a.metrics.SLABreaches(s.Name, name, 0)
		}
		if len(names) == 0 {
			continue // nothing to look for
		}
		err := a.store.Each(s.Name, func(r *state.Record) bool {
			if r.Clock != nil {
				a.standAnew(e, s, k, r, now)
			}
			return true
		})
		if err != nil {
			a.opts.Log.Error("SLA clocks not read; those of issues that change are", "source", s.Name, "err", err)
		}
	}
}

// slas lists the SLAs that lanes of any policy name.
func (e *engine) slas() []string {
	names := map[string]bool{}
	for _, p := range e.cfg.Set.Policies() {
		for _, l := range p.Lanes() {
			if l.SLA != "" {
				names[l.SLA] = true
			}
		}
	}
	return sorted(names)
}

// stored takes in a record that a cycle stored.
func (a *App) stored(e *engine, s *source, r *state.Record) {
	a.contested(e, s, r)
	if r.Clock != nil {
		a.clocked(e, s, r)
	}
}

func (a *App) clocked(e *engine, s *source, r *state.Record) {
	a.clocks.mu.Lock()
	defer a.clocks.mu.Unlock()
	if a.clocks.engine == e {
		k := a.clocks.sources[s.Name]
		k.news = append(k.news, a.stand(e, s, k, r, a.opts.Now())...)
	}
}

// standAnew takes in a record as it was found in the state: what it tells was
// told before, but for what a crash may have prevented.
func (a *App) standAnew(e *engine, s *source, k *sourceClocks, r *state.Record, now time.Time) {
	k.issues[r.Issue.ID] = &standing{results: r.Clock.Results}
	for _, x := range r.Clock.Results {
		if now.Sub(x.Ended) < metAgain {
			k.news = append(k.news, metEvents(e, s, r, x)...)
		}
	}
	a.stand(e, s, k, r, now)
	if is := k.issues[r.Issue.ID]; is != nil && is.open && len(is.unknown) > 0 {
		s.cycler.Announce(r.Issue.ID) // what the last run did not come to read
	}
}

// stand computes how an issue stands now, and returns the events that are over.
// The clocks are locked.
func (a *App) stand(e *engine, s *source, k *sourceClocks, r *state.Record, now time.Time) (over []alert.Event) {
	id := r.Issue.ID
	was := k.issues[id]
	if was == nil {
		was = &standing{}
	}
	is := &standing{results: r.Clock.Results, late: was.late}
	breaches := map[string]int{}
	for _, x := range is.results {
		old, known := resultOf(was.results, x)
		switch {
		case !x.Breached.IsZero() && (!known || old.Breached.IsZero()):
			breaches[x.SLA]++
			if !x.Ended.IsZero() {
				is.late = now.Add(lateFor)
			}
		case !x.Ended.IsZero() && (!known || old.Ended.IsZero()):
			k.news = append(k.news, metEvents(e, s, r, x)...)
		}
	}
	for name, n := range breaches {
		a.metrics.SLABreaches(s.Name, name, n)
	}
	res, held := s.cycler.Clock(r, now)
	if held {
		is.laneState = laneState{r.Memory.Lane, res.SLA, res.State()}
		is.open = r.Issue.Open()
		is.next = res.Next()
		is.due = firstDue(res)
		is.unknown = unknownOf(res)
		is.events = a.slaEvents(e, s, r, res, is, was)
	}
	if !is.open {
		is.next = res.Ahead
	}
	if is.late.After(now) && (is.next.IsZero() || is.late.Before(is.next)) {
		is.next = is.late
	}
	k.replace(id, was, is)
	a.clocks.timers.Set(timers.Key{Source: s.Name, ID: id}, early(is, now))
	return ended(was.events, is.events, now)
}

// early is when to wake for an issue: before its instant, so that it can be read
// again, else at it.
func early(is *standing, now time.Time) time.Time {
	if before := is.next.Add(-lead); is.open && before.After(now) {
		return before
	}
	return is.next
}

func resultOf(list []state.ClockResult, x state.ClockResult) (state.ClockResult, bool) {
	for _, o := range list {
		if o.Same(x) {
			return o, true
		}
	}
	return state.ClockResult{}, false
}

func unknownOf(res sla.Result) (out []sla.Kind) {
	for _, x := range []*sla.Reading{res.Respond, res.Resolve} {
		if x != nil && x.State == sla.Unknown {
			out = append(out, x.Kind)
		}
	}
	return out
}

// firstDue is when the first target runs out, zero where none runs.
func firstDue(res sla.Result) (due time.Time) {
	for _, x := range []*sla.Reading{res.Respond, res.Resolve} {
		if x != nil && x.State.Running() && !x.Due.IsZero() && (due.IsZero() || x.Due.Before(due)) {
			due = x.Due
		}
	}
	return due
}

// replace puts a standing in the place of another and keeps the counts.
func (k *sourceClocks) replace(id string, was, is *standing) {
	if was.open {
		if k.counts[was.laneState]--; k.counts[was.laneState] == 0 {
			delete(k.counts, was.laneState)
		}
	}
	if is.open {
		k.counts[is.laneState]++
	}
	if !is.open && len(is.results) == 0 && len(is.events) == 0 {
		delete(k.issues, id)
		return
	}
	k.issues[id] = is
}

// ended lists the events that lasted and do not any more.
func ended(was, is []alert.Event, now time.Time) (out []alert.Event) {
	lasts := map[string]bool{}
	for n := range is {
		lasts[is[n].ID()] = true
	}
	for _, e := range was {
		if !lasts[e.ID()] {
			e.EndedAt = now
			out = append(out, e)
		}
	}
	return out
}

// watchClocks tells what the SLAs of a source have to tell, after a cycle, and
// sets its gauges. What the alerts know already is not told again.
func (a *App) watchClocks(e *engine, s *source) {
	a.clocks.telling.Lock()
	defer a.clocks.telling.Unlock()
	a.clocks.mu.Lock()
	if a.clocks.engine != e {
		a.clocks.mu.Unlock()
		return
	}
	k := a.clocks.sources[s.Name]
	news := k.news
	k.news = nil
	var lasting []alert.Event
	whole := !k.synced
	unknown := map[string][]sla.Kind{}
	for id, is := range k.issues {
		if (whole || !is.told) && len(is.events) > 0 {
			lasting, is.told = append(lasting, is.events...), true
		}
		if whole && is.open && len(is.unknown) > 0 {
			unknown[id] = is.unknown
		}
	}
	k.synced = !whole || len(unknown) == 0
	a.measureClocks(e, s.Name, k)
	a.clocks.mu.Unlock()
	a.alerts.Report(news...) // an end comes before what began again since
	if !whole {
		a.alerts.Report(lasting...)
		return
	}
	// Whatever else lasted is over since, but for what nothing is known of.
	stays := func(x *state.Alert) bool {
		return slices.ContainsFunc(unknown[x.IssueID], func(k sla.Kind) bool { return strings.HasPrefix(x.State, string(k)) })
	}
	a.alerts.Sync(s.Name, []alert.Kind{alert.SLAWarning, alert.SLABreached}, lasting, stays)
}

// runClocks acts at the instants of an engine's clocks until ctx ends.
func (a *App) runClocks(ctx context.Context, e *engine) {
	err := a.clocks.timers.Run(ctx, func(_ context.Context, due []timers.Due) error {
		all := bySource(due)
		for _, source := range sorted(all) {
			ids := all[source]
			if s := e.source(source); s != nil {
				if err := a.rung(e, s, ids); err != nil {
					a.opts.Log.Error("SLA clocks not read at their instant; they are tried again", "source", source, "err", err)
					for _, id := range ids {
						a.clocks.timers.Set(timers.Key{Source: source, ID: id}, a.opts.Now().Add(ringAgain))
					}
				}
			}
		}
		return nil
	})
	if ctx.Err() == nil {
		a.opts.Log.Error("SLA timer ended", "err", err) // only a receiver's error ends it, and ours has none
	}
}

func bySource(due []timers.Due) map[string][]string {
	out := map[string][]string{}
	for _, d := range due {
		out[d.Key.Source] = append(out[d.Key.Source], d.Key.ID)
	}
	return out
}

// rung looks at the issues whose instant has come, tells what changed, and asks
// for a cycle, which writes it. Of an issue that rang early the tracker is asked
// again, where the last good cycle is not of this moment.
func (a *App) rung(e *engine, s *source, ids []string) error {
	records, err := a.store.Records(s.Name, ids)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	now := a.opts.Now()
	a.clocks.telling.Lock()
	defer a.clocks.telling.Unlock()
	tell, ask := a.ring(e, s, records, now)
	a.alerts.Report(tell...)
	for _, id := range ask {
		s.cycler.Announce(id)
	}
	if len(tell)+len(ask) > 0 {
		s.hint()
	}
	return nil
}

// ring returns what is to be told, and the ids to be read again.
func (a *App) ring(e *engine, s *source, records []*state.Record, now time.Time) (tell []alert.Event, ask []string) {
	a.clocks.mu.Lock()
	defer a.clocks.mu.Unlock()
	if a.clocks.engine != e {
		return nil, nil
	}
	k := a.clocks.sources[s.Name]
	for _, r := range records {
		if r == nil || r.Clock == nil {
			continue
		}
		id := r.Issue.ID
		if is := k.issues[id]; is != nil && now.Before(is.next) {
			a.clocks.timers.Set(timers.Key{Source: s.Name, ID: id}, is.next)
			if !s.fresh(now) {
				ask = append(ask, id)
			}
			continue
		}
		over := a.stand(e, s, k, r, now)
		if !s.tried() && r.Seen.Before(a.began) {
			continue // the state may be old: the end of the first cycle tells
		}
		tell = append(tell, over...)
		if is := k.issues[id]; is != nil {
			tell = append(tell, is.events...)
		}
	}
	if now.Sub(k.gauged) >= gaugeEvery { // else the cycle that is asked for does it
		a.measureClocks(e, s.Name, k)
	}
	return tell, ask
}
