package signal

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lanekeeper/lanekeeper/internal/fetch"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// Set holds the signals of a configuration with their last good values. It is
// safe for concurrent use.
type Set struct {
	specs  []Spec
	client *fetch.Client
	now    func() time.Time
	log    *slog.Logger

	refreshing sync.Mutex // one Refresh at a time
	mu         sync.Mutex
	tables     map[string]*table // by signal; never changed, only replaced
	errors     map[string]string // the last error by signal, so that a lasting one is logged once
}

// table is one signal's values by key. Several rows of one key give the
// newest, and the largest of equally new ones.
type table struct {
	rows   map[string]row
	loaded time.Time
	hash   [sha256.Size]byte
}

// New prepares the signals; nothing is read before Refresh. The client is used
// for signals behind URLs; each exchange has a time limit and a size limit of
// its own.
func New(specs []Spec, client *http.Client, now func() time.Time, log *slog.Logger) *Set {
	return &Set{specs: specs, client: fetch.New(client, now), now: now, log: log, tables: map[string]*table{}, errors: map[string]string{}}
}

// Names lists the signals in the order of the configuration.
func (s *Set) Names() []string {
	out := make([]string, len(s.specs))
	for i, spec := range s.specs {
		out[i] = spec.Name
	}
	return out
}

// Refresh reads every signal anew, a few at a time. A signal that cannot be
// read keeps its values, which grow stale by their own age; the error joins one
// error for each such signal, by name.
func (s *Set) Refresh(ctx context.Context) error {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	errs := make([]error, len(s.specs))
	var g errgroup.Group
	g.SetLimit(4)
	for i, spec := range s.specs {
		g.Go(func() error {
			errs[i] = s.refresh(ctx, spec)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return errors.Join(errs...)
}

func (s *Set) refresh(ctx context.Context, spec Spec) error {
	rows, err := s.load(ctx, spec)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		err = fmt.Errorf("signal %s: %w", spec.Name, err)
		if s.errors[spec.Name] != err.Error() {
			s.log.Warn("signal not read, keeping its last values", "signal", spec.Name, "err", err)
		}
		s.errors[spec.Name] = err.Error()
		return err
	}
	if s.errors[spec.Name] != "" {
		s.log.Info("signal read again", "signal", spec.Name)
		delete(s.errors, spec.Name)
	}
	s.tables[spec.Name] = newTable(rows, spec.By, s.now())
	return nil
}

func newTable(rows []row, by By, now time.Time) *table {
	t := &table{rows: make(map[string]row, len(rows)), loaded: now}
	for _, r := range rows {
		r.key = normal(by, r.key)
		old, ok := t.rows[r.key]
		if !ok || r.at.After(old.at) || r.at.Equal(old.at) && r.value > old.value {
			t.rows[r.key] = r
		}
	}
	t.hash = t.fingerprint()
	return t
}

// normal makes keys comparable. Trackers write issue keys in capitals; names
// of customers and components are compared without regard to case.
func normal(by By, key string) string {
	if by != ByIssue {
		return strings.ToLower(key)
	}
	if source, k, ok := strings.Cut(key, "/"); ok {
		return source + "/" + strings.ToUpper(k)
	}
	return strings.ToUpper(key)
}

// fingerprint hashes keys and values. Times are not part of it: a value that
// is only confirmed anew changes no decision.
func (t *table) fingerprint() [sha256.Size]byte {
	h := sha256.New()
	var n [8]byte
	for _, k := range slices.Sorted(maps.Keys(t.rows)) {
		binary.BigEndian.PutUint64(n[:], uint64(len(k)))
		h.Write(n[:])
		h.Write([]byte(k))
		binary.BigEndian.PutUint64(n[:], math.Float64bits(t.rows[k].value))
		h.Write(n[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Snapshot returns the values as they are now. It never changes: one cycle
// decides every issue by the same values.
func (s *Set) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Snapshot{at: s.now(), signals: make(map[string]measured, len(s.specs))}
	for _, spec := range s.specs {
		out.signals[spec.Name] = measured{spec.By, spec.MaxAge, s.tables[spec.Name]}
	}
	out.version = out.hash()
	return out
}

// Snapshot is what was known of all signals at one moment. It implements
// policy.Signals.
type Snapshot struct {
	at      time.Time
	signals map[string]measured
	version string
}

type measured struct {
	by     By
	maxAge time.Duration
	table  *table // nil: never read
}

// Signal returns the value of a signal for an issue: the largest fresh one
// where the issue has several components or customers. Without a fresh one it
// is Stale where there was a value once, otherwise Missing.
func (s Snapshot) Signal(name string, i *issue.Issue) (float64, policy.Freshness) {
	m, ok := s.signals[name]
	if !ok || m.table == nil || i == nil {
		return 0, policy.Missing
	}
	best, found := 0.0, policy.Missing
	for _, key := range keys(m.by, i) {
		r, ok := m.table.rows[normal(m.by, key)]
		if !ok {
			continue
		}
		switch {
		case !s.fresh(r, m):
			found = max(found, policy.Stale)
		case found != policy.Fresh || r.value > best:
			best, found = r.value, policy.Fresh
		}
		if m.by == ByIssue {
			break // a row for the ref hides one for the key alone
		}
	}
	return best, found
}

// fresh takes a value from the future, by a clock that runs ahead, as new.
func (s Snapshot) fresh(r row, m measured) bool { return s.at.Sub(r.at) <= m.maxAge }

// keys are the names under which a signal may know an issue, the exact ref
// before the key.
func keys(by By, i *issue.Issue) []string {
	switch by {
	case ByComponent:
		return i.Components
	case ByCustomer:
		out := make([]string, len(i.Customers))
		for n, c := range i.Customers {
			out[n] = c.Name
		}
		return out
	}
	return []string{i.Ref().String(), i.Key}
}

// Version changes whenever a value, or the freshness of one, changes: then
// issues must be evaluated again.
func (s Snapshot) Version() string { return s.version }

// Next is when the next value that is fresh now becomes stale; zero: never.
func (s Snapshot) Next() time.Time {
	var next time.Time
	for _, m := range s.signals {
		if m.table == nil {
			continue
		}
		for _, r := range m.table.rows {
			if ends := r.at.Add(m.maxAge); s.fresh(r, m) && (next.IsZero() || ends.Before(next)) {
				next = ends
			}
		}
	}
	return next
}

func (s Snapshot) hash() string {
	h := sha256.New()
	for _, n := range slices.Sorted(maps.Keys(s.signals)) {
		m := s.signals[n]
		fmt.Fprintf(h, "%q %s\n", n, m.by)
		if m.table == nil {
			continue
		}
		h.Write(m.table.hash[:])
		for _, k := range s.staleKeys(m) {
			fmt.Fprintf(h, "stale %q\n", k)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (s Snapshot) staleKeys(m measured) []string {
	var out []string
	for k, r := range m.table.rows {
		if !s.fresh(r, m) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}
