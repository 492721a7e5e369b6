package simulation

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/linear"
	"github.com/lanekeeper/lanekeeper/internal/alert"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/state"
)

// mutant is lanekeeper with a mistake planted at one of its seams. The zero
// mutant is lanekeeper as it is.
type mutant struct {
	name    string
	options func(*reconcile.Options)
	store   func(reconcile.Store, *source) reconcile.Store
	tracker func(reconcile.Source, *source) reconcile.Source
	wire    func(http.RoundTripper) http.RoundTripper
	alerts  func(alert.Store) alert.Store
	start   func(*process) // of every process but the first
}

// mutants are the mistakes that the simulation must find, first those that the
// first worlds find.
var mutants = []mutant{
	{name: "write in observe mode", options: func(o *reconcile.Options) { o.Mode = reconcile.Enforce }},
	{name: "skip the outbox", store: func(s reconcile.Store, _ *source) reconcile.Store { return outboxless{s} }},
	{name: "replace labels", tracker: func(t reconcile.Source, s *source) reconcile.Source {
		return &replacer{Source: t, s: s, seen: map[string][]string{}}
	}},
	{name: "move the watermark though the pull failed", store: func(s reconcile.Store, _ *source) reconcile.Store { return hastyStore{s} }},
	{name: "take an error for the end of a pull", tracker: func(t reconcile.Source, _ *source) reconcile.Source { return deafPuller{t} }},
	{name: "log no decision", store: func(s reconcile.Store, _ *source) reconcile.Store { return silentStore{s} }},
	{name: "drop the overlap", options: func(o *reconcile.Options) { o.Overlap = 0 }},
	{name: "write in a pause", store: func(s reconcile.Store, _ *source) reconcile.Store { return deafStore{s} }},
	{name: "park nothing", store: func(s reconcile.Store, _ *source) reconcile.Store { return restlessStore{s} }},
	{name: "forget unfinished writes", store: func(s reconcile.Store, _ *source) reconcile.Store { return forgetfulStore{s} }},
	{name: "claim over a person's value", store: func(s reconcile.Store, _ *source) reconcile.Store { return greedyStore{s} }},
	{name: "ignore an echo", tracker: func(t reconcile.Source, _ *source) reconcile.Source { return echoless{t} }},
	{name: "trust a short listing", tracker: func(t reconcile.Source, _ *source) reconcile.Source { return &gullible{Source: t} }},
	{name: "treat an unknown field as empty", tracker: func(t reconcile.Source, _ *source) reconcile.Source { return sureOf{t} }},
	{name: "drop a page", tracker: func(t reconcile.Source, _ *source) reconcile.Source { return pageless{t} }},
	{name: "the local clock as watermark", tracker: func(t reconcile.Source, _ *source) reconcile.Source { return ownClock{t} }},
	{name: "post the comment without looking", tracker: func(t reconcile.Source, _ *source) reconcile.Source { return poster{t} }},
	{name: "confirm nothing before writing", tracker: func(t reconcile.Source, _ *source) reconcile.Source {
		return &indexOnly{Source: t, last: map[string]issue.Issue{}}
	}},
	{name: "forget overrides at restart", start: forgetOverrides},
	{name: "resend blindly after a crash", start: resend},
	{name: "forget what was told", alerts: func(s alert.Store) alert.Store { return forgetfulAlerts{s} }},
	{name: "look at clocks only after a start", options: func(o *reconcile.Options) { o.Stored = nil }},
	{name: "run the clock while an issue is closed", tracker: func(t reconcile.Source, _ *source) reconcile.Source { return restless{t} }},
	{name: "ignore the budgets", wire: func(b http.RoundTripper) http.RoundTripper { return headless{b} }},
}

// deafStore hears of no pause.
type deafStore struct{ reconcile.Store }

func (deafStore) Paused() (state.Pause, error) { return state.Pause{}, nil }

// outboxless commits nothing before it is sent.
type outboxless struct{ reconcile.Store }

func (s outboxless) Commit(b state.Batch) error {
	b.Entries = slices.DeleteFunc(slices.Clone(b.Entries), func(e state.Entry) bool { return e.Status == state.EntryPending })
	return s.Store.Commit(b)
}

// hastyStore moves the watermark with every word about the source.
type hastyStore struct{ reconcile.Store }

func (s hastyStore) Commit(b state.Batch) error {
	if b.State != nil && !b.State.Watermark.IsZero() {
		st := *b.State
		st.Watermark = b.Now.Add(-overlap)
		b.State = &st
	}
	return s.Store.Commit(b)
}

// restlessStore lets no issue wait.
type restlessStore struct{ reconcile.Store }

func (s restlessStore) Commit(b state.Batch) error {
	for _, u := range b.Updates {
		u.Record.Parked = nil
	}
	return s.Store.Commit(b)
}

// forgetfulStore knows of no write without an outcome.
type forgetfulStore struct{ reconcile.Store }

func (forgetfulStore) Pending(string) ([]state.Entry, error) { return nil, nil }

// greedyStore takes what a person set for lanekeeper's own.
type greedyStore struct{ reconcile.Store }

func (s greedyStore) Commit(b state.Batch) error {
	for _, u := range b.Updates {
		for _, o := range u.Record.Overrides {
			if o.Kind == state.ByPerson && u.Record.Applied != nil {
				u.Record.Applied[o.Field] = plan.Actual(&u.Record.Issue, o.Field)
			}
		}
		u.Record.Overrides = slices.DeleteFunc(u.Record.Overrides, func(o state.Override) bool { return o.Kind == state.ByPerson })
	}
	return s.Store.Commit(b)
}

// silentStore logs no decision but the first of each issue.
type silentStore struct{ reconcile.Store }

func (s silentStore) Commit(b state.Batch) error {
	for n := range b.Updates {
		if b.Updates[n].Record.LoggedAs > 0 {
			b.Updates[n].Decision = nil
		}
	}
	return s.Store.Commit(b)
}

// replacer writes all labels as it last saw them, instead of what differs.
type replacer struct {
	reconcile.Source
	s    *source
	mu   sync.Mutex
	seen map[string][]string
}

func (r *replacer) Fetch(ctx context.Context, ids []string) (issue.Lookup, error) {
	l, err := r.Source.Fetch(ctx, ids)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range l.Found {
		r.seen[i.ID] = i.Labels
	}
	return l, err
}

func (r *replacer) Apply(ctx context.Context, edits []issue.Edit, done func(issue.Result)) error {
	return r.Source.Apply(ctx, edits, func(res issue.Result) {
		w := r.s.world
		w.mu.Lock()
		if c := r.s.cards[res.ID]; c != nil && !c.gone && res.Err == nil {
			r.mu.Lock()
			lost := slices.DeleteFunc(slices.Clone(c.labels), func(l string) bool { return managed(l) || slices.Contains(r.seen[res.ID], l) })
			r.mu.Unlock()
			if len(lost) > 0 {
				r.s.site.edit(res.ID, edit{remove: lost})
				r.s.compare("a write of all labels")
			}
		}
		w.mu.Unlock()
		done(res)
	})
}

// echoless does not know its own account.
type echoless struct{ reconcile.Source }

func (t echoless) History(ctx context.Context, ids []string) (map[string]issue.History, error) {
	h, err := t.Source.History(ctx, ids)
	for _, x := range h {
		for n := range x.Events {
			x.Events[n].By.Self = false
		}
	}
	return h, err
}

// gullible takes what a listing leaves out for gone, and half of one for all.
type gullible struct {
	reconcile.Source
	mu     sync.Mutex
	listed []string
}

func (t *gullible) IDs(ctx context.Context) ([]string, error) {
	ids, err := t.Source.IDs(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil && len(t.listed) > 0 { // as if the pages before the error were all
		return t.listed[:len(t.listed)*2/3], nil
	}
	t.listed = ids
	return ids, err
}

func (t *gullible) Fetch(ctx context.Context, ids []string) (issue.Lookup, error) {
	l, err := t.Source.Fetch(ctx, ids)
	t.mu.Lock()
	defer t.mu.Unlock()
	l.Found = slices.DeleteFunc(l.Found, func(i issue.Issue) bool {
		gone := i.Open() && len(t.listed) > 0 && !slices.Contains(t.listed, i.ID) && time.Since(i.Updated) > 2*time.Hour
		if gone {
			l.Gone = append(l.Gone, i.ID)
		}
		return gone
	})
	return l, err
}

// sureOf knows every field.
type sureOf struct{ reconcile.Source }

func (t sureOf) Changed(ctx context.Context, since time.Time) iter.Seq2[issue.Page, error] {
	return pagesOf(t.Source.Changed(ctx, since), func(_ int, p *issue.Page) bool {
		for n := range p.Issues {
			p.Issues[n].Unknown = 0
		}
		return true
	})
}

func (t sureOf) Fetch(ctx context.Context, ids []string) (issue.Lookup, error) {
	l, err := t.Source.Fetch(ctx, ids)
	for n := range l.Found {
		l.Found[n].Unknown = 0
	}
	return l, err
}

// pagesOf passes on the pages that keep says yes to.
func pagesOf(pages iter.Seq2[issue.Page, error], keep func(int, *issue.Page) bool) iter.Seq2[issue.Page, error] {
	return func(yield func(issue.Page, error) bool) {
		n := 0
		for p, err := range pages {
			if err == nil && !keep(n, &p) {
				n++
				continue
			}
			n++
			if !yield(p, err) {
				return
			}
		}
	}
}

// pageless loses the second page of a pull.
type pageless struct{ reconcile.Source }

func (t pageless) Changed(ctx context.Context, since time.Time) iter.Seq2[issue.Page, error] {
	return pagesOf(t.Source.Changed(ctx, since), func(n int, _ *issue.Page) bool { return n != 1 })
}

// ownClock believes its own clock.
type ownClock struct{ reconcile.Source }

func (t ownClock) Changed(ctx context.Context, since time.Time) iter.Seq2[issue.Page, error] {
	return pagesOf(t.Source.Changed(ctx, since), func(_ int, p *issue.Page) bool {
		p.ServerTime = time.Now()
		return true
	})
}

// poster posts its comment whatever is there.
type poster struct{ reconcile.Source }

func (t poster) Apply(ctx context.Context, edits []issue.Edit, done func(issue.Result)) error {
	for n := range edits {
		if c := edits[n].Comment; c != nil && c.ID == "" {
			c.Marker = uuid.NewString()
		}
	}
	return t.Source.Apply(ctx, edits, done)
}

// indexOnly answers from what a pull last showed.
type indexOnly struct {
	reconcile.Source
	mu   sync.Mutex
	last map[string]issue.Issue
}

func (t *indexOnly) Changed(ctx context.Context, since time.Time) iter.Seq2[issue.Page, error] {
	return pagesOf(t.Source.Changed(ctx, since), func(_ int, p *issue.Page) bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, i := range p.Issues {
			t.last[i.ID] = i
		}
		return true
	})
}

func (t *indexOnly) Fetch(ctx context.Context, ids []string) (issue.Lookup, error) {
	l, err := t.Source.Fetch(ctx, ids)
	t.mu.Lock()
	defer t.mu.Unlock()
	for n, i := range l.Found {
		if old, ok := t.last[i.ID]; ok {
			l.Found[n] = old
		} else {
			t.last[i.ID] = i
		}
	}
	return l, err
}

// deafPuller takes a broken pull for a complete one.
type deafPuller struct{ reconcile.Source }

func (t deafPuller) Changed(ctx context.Context, since time.Time) iter.Seq2[issue.Page, error] {
	return func(yield func(issue.Page, error) bool) {
		for p, err := range t.Source.Changed(ctx, since) {
			if err != nil {
				yield(issue.Page{ServerTime: time.Now()}, nil)
				return
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// forgetOverrides has a new process know nothing of what was held.
func forgetOverrides(p *process) {
	for _, s := range p.world.sources {
		b := state.Batch{Source: s.name, Now: time.Now()}
		must(p.db.Each(s.name, func(r *state.Record) bool {
			if len(r.Overrides) > 0 {
				r.Overrides = nil
				b.Updates = append(b.Updates, state.Update{Record: r})
			}
			return true
		}))
		must(p.db.Commit(b))
	}
}

// resend has a new process send again what has no outcome, without a look.
func resend(p *process) {
	for _, s := range p.world.sources {
		pending, err := p.db.Pending(s.name)
		must(err)
		if s.mode != "enforce" || !p.world.paused.IsZero() {
			continue
		}
		tracker := s.connect(&wire{process: p, src: s, base: s.site.transport()})
		for _, e := range pending {
			if c := s.cards[e.ID]; c != nil && !c.gone && !c.away && e.Change.Field != issue.FieldComment {
				_ = tracker.Apply(p.ctx, []issue.Edit{{ID: e.ID, Key: e.Key, Project: c.project, Changes: []issue.Change{e.Change}}}, func(issue.Result) {})
			}
		}
	}
}

// connect makes the real connector of a source.
func (s *source) connect(base http.RoundTripper) reconcile.Source {
	var out reconcile.Source
	var err error
	if c := s.site.config(); c.Jira != nil {
		out, err = jira.New(c.Jira.Settings(), jira.Options{Source: s.name, Base: base, Now: time.Now})
	} else {
		out, err = linear.New(c.Linear.Settings(), linear.Options{Source: s.name, Base: base, Now: time.Now})
	}
	must(err)
	return out
}

// forgetfulAlerts knows of nothing that was told before a start.
type forgetfulAlerts struct{ alert.Store }

func (forgetfulAlerts) LiveAlerts() ([]state.Alert, error) { return nil, nil }

func (forgetfulAlerts) NewestAlert(string) (state.Alert, error) {
	return state.Alert{}, state.ErrNotFound
}

// restless tells of no status but the present one.
type restless struct{ reconcile.Source }

func (t restless) History(ctx context.Context, ids []string) (map[string]issue.History, error) {
	h, err := t.Source.History(ctx, ids)
	for id, x := range h {
		x.Events = slices.DeleteFunc(x.Events, func(e issue.Event) bool { return e.Field == issue.FieldStatus })
		h[id] = x
	}
	return h, err
}

// headless never sees what is left of a budget.
type headless struct{ http.RoundTripper }

func (h headless) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := h.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, errors.Join(err)
	}
	for k := range resp.Header {
		if strings.HasPrefix(strings.ToLower(k), "x-ratelimit") || k == "Retry-After" {
			resp.Header.Del(k)
		}
	}
	return resp, nil
}
