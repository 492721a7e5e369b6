package oncall

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lanekeeper/lanekeeper/internal/fetch"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Options are what a Set takes beside its rotas.
type Options struct {
	Client *http.Client // nil is the default one
	Now    func() time.Time
	Log    *slog.Logger
	// Triage are the Linear sources that rotas of the kind linear_triage ask, by
	// name.
	Triage map[string]Triager
}

// A Triager tells who is responsible for triage.
type Triager interface {
	// Triage returns who is responsible now, by the key of each team in scope;
	// the zero Person is nobody. A team without the responsibility is absent.
	Triage(ctx context.Context) (map[string]issue.Person, error)
}

// Set holds the rotas of a configuration as they were read last. It is safe for
// concurrent use.
type Set struct {
	specs []Spec
	o     Options
	fetch *fetch.Client

	refreshing sync.Mutex // one Refresh at a time
	mu         sync.Mutex
	tables     map[place]*table // never changed, only replaced
	errors     map[place]string // the last error, so that a lasting one is logged once
}

// place is where a rota is read: once, or of each Linear source apart.
type place struct{ rota, source string }

// table is one reading of a rota.
type table struct {
	at     time.Time
	shifts []shift
	none   string             // why there may be no shift
	teams  map[string][]shift // in place of shifts: by team
}

// New prepares the rotas; nothing is read before Refresh.
func New(specs []Spec, o Options) *Set {
	return &Set{specs: specs, o: o, fetch: fetch.New(o.Client, o.Now), tables: map[place]*table{}, errors: map[place]string{}}
}

// Refresh reads every rota anew, a few at a time. One that cannot be read keeps
// its last reading, which grows too old; the error joins one error for each.
func (s *Set) Refresh(ctx context.Context) error {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	var mu sync.Mutex
	var errs []error
	var g errgroup.Group
	g.SetLimit(4)
	for _, spec := range s.specs {
		for _, p := range s.places(spec) {
			g.Go(func() error {
				if err := s.refresh(ctx, spec, p); err != nil {
					mu.Lock()
					defer mu.Unlock()
					errs = append(errs, err)
				}
				return nil
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func (s *Set) places(spec Spec) []place {
	if !spec.LinearTriage {
		return []place{{rota: spec.Name}}
	}
	var out []place
	for _, source := range slices.Sorted(maps.Keys(s.o.Triage)) {
		out = append(out, place{spec.Name, source})
	}
	return out
}

func (s *Set) refresh(ctx context.Context, spec Spec, p place) error {
	t, err := s.load(ctx, spec, p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if s.errors[p] != err.Error() {
			s.o.Log.Warn("rota not read, keeping its last reading", "rota", p.rota, "err", err)
		}
		s.errors[p] = err.Error()
		return fmt.Errorf("rota %s: %w", spec.Name, err)
	}
	if s.errors[p] != "" {
		s.o.Log.Info("rota read again", "rota", p.rota)
		delete(s.errors, p)
	}
	s.tables[p] = t
	return nil
}

func (s *Set) load(ctx context.Context, spec Spec, p place) (*table, error) {
	switch {
	case spec.ICS != nil:
		return s.loadCalendar(ctx, spec)
	case spec.JSON != nil:
		return s.loadDocument(ctx, *spec.JSON)
	case p.source != "":
		return s.loadTriage(ctx, p.source)
	}
	return nil, errors.New("has no place to come from")
}

// read gets the text at a place. A file is as old as its last change.
func (s *Set) read(ctx context.Context, p Place, accept string) ([]byte, time.Time, error) {
	if p.Path != "" {
		data, at, err := fetch.File(p.Path)
		if err != nil {
			return nil, at, fmt.Errorf("read %s: %w", p.Path, err)
		}
		return data, at, nil
	}
	address := p.URL
	if !p.Secret.IsZero() {
		var err error
		if address, err = p.Secret.Reveal(); err != nil {
			return nil, time.Time{}, err
		}
	}
	data, _, err := s.fetch.Get(ctx, fetch.Request{URL: address, Accept: accept, Token: p.Token, Prefix: p.TokenPrefix})
	return data, s.o.Now().UTC(), err
}

// loadCalendar reads a calendar. It tells of the future, so a file of it is as
// old as this reading.
func (s *Set) loadCalendar(ctx context.Context, spec Spec) (*table, error) {
	data, _, err := s.read(ctx, spec.ICS.Place, "text/calendar")
	if err != nil {
		return nil, err
	}
	now := s.o.Now().UTC()
	shifts, err := parseCalendar(ctx, data, *spec.ICS, window{now.Add(-lookBack), now.Add(spec.MaxAge + lookAhead)})
	if err != nil {
		return nil, err
	}
	return &table{at: now, shifts: shifts}, nil
}

// loadDocument reads a JSON document. What it says holds when it was written.
func (s *Set) loadDocument(ctx context.Context, d Document) (*table, error) {
	data, at, err := s.read(ctx, d.Place, "application/json")
	if err != nil {
		return nil, err
	}
	shifts, err := parseDocument(data, d)
	if err != nil {
		return nil, err
	}
	t := &table{at: at, shifts: shifts}
	if len(shifts) == 0 && d.Schedule != "" {
		t.none = fmt.Sprintf("no entry is of the schedule %q", clip(d.Schedule))
	}
	return t, nil
}

func (s *Set) loadTriage(ctx context.Context, source string) (*table, error) {
	people, err := s.o.Triage[source].Triage(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask %s for the triage responsibility: %w", source, err)
	}
	t := &table{at: s.o.Now().UTC(), teams: map[string][]shift{}}
	for team, p := range people {
		t.teams[team] = nil
		if who := cmp.Or(p.Email, p.ID); who != "" {
			t.teams[team] = []shift{{who: who}}
		}
	}
	return t, nil
}

// clip keeps texts from outside short in messages.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:37]) + "..."
	}
	return s
}
