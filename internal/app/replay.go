package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/backtest"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/signal"
	"github.com/lanekeeper/lanekeeper/policy"
)

// ReplayRequest asks for a back-test.
type ReplayRequest struct {
	// Policy and Against are files or names; Against "" compares with nothing.
	Policy, Against string
	// Team narrows to a source or source/PROJECT.
	Team string
	// Since gives the beginning for the end of the period.
	Since    func(until time.Time) (time.Time, error)
	Capacity int
	Hot      string
	File     *ExportRequest // nil: the trackers of the configuration
}

// Replay runs a policy over the past. cfg may be nil for a file. Nothing is
// written: not to the state, of which it takes a copy, and not to a tracker.
func Replay(ctx context.Context, cfg *config.Config, o Options, r ReplayRequest) (answer.Backtest, error) {
	candidates, err := r.candidates(cfg)
	if err != nil {
		return answer.Backtest{}, err
	}
	if err := knownLane(r.Hot, candidates...); err != nil {
		return answer.Backtest{}, err
	}
	opts := backtest.Options{Capacity: r.Capacity, Hot: r.Hot, Managed: managed(candidates)}
	var pasts []backtest.Past
	var notes []string
	if r.File != nil {
		e, err := r.File.read(sets(candidates)...)
		if err != nil {
			return answer.Backtest{}, err
		}
		pasts, opts.Until, opts.Zone, opts.Told = e.pasts(), e.now, e.zone, e.told
		notes = e.limits()
	} else {
		opts.Until, opts.Zone, opts.Told = o.now(), cfg.Schedule.Timezone.Location, told(cfg, r.Team)
	}
	if opts.Since, err = r.Since(opts.Until); err != nil {
		return answer.Backtest{}, err
	}
	if r.File == nil {
		if pasts, err = livePasts(ctx, cfg, o, r.Team, opts.Since, candidates); err != nil {
			return answer.Backtest{}, err
		}
		notes = append(notes, "issues that were deleted, moved away or hidden since are not covered")
	}
	if o.Progress != nil {
		opts.Step = func(done, total int) { o.Progress("replay", done, total) }
	}
	report, err := backtest.Run(pasts, opts, candidates...)
	if err != nil {
		return answer.Backtest{}, err
	}
	report.Coverage.Notes = append(report.Coverage.Notes, append(notes, missingSignals(candidates)...)...)
	return answer.Backtest{Report: *report}, nil
}

func (o Options) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

func (r *ReplayRequest) candidates(cfg *config.Config) ([]backtest.Candidate, error) {
	fresh, err := candidate(r.Policy, cfg)
	if err != nil {
		return nil, err
	}
	if r.Against == "" {
		return []backtest.Candidate{fresh}, nil
	}
	current, err := candidate(r.Against, cfg)
	return []backtest.Candidate{fresh, current}, err
}

func sets(list []backtest.Candidate) []*policy.Set {
	var out []*policy.Set
	for _, c := range list {
		out = append(out, c.Set)
	}
	return out
}

// managed are the label prefixes that any of the policies owns.
func managed(list []backtest.Candidate) []string {
	var out []string
	for _, c := range list {
		out = append(out, prefixes(c.Set)...)
	}
	return out
}

// told is what the histories of the sources in scope hold; Linear's tell no
// kind.
func told(cfg *config.Config, team string) issue.Inputs {
	source, _, _ := strings.Cut(team, "/")
	for _, s := range cfg.Sources {
		if s.Linear != nil && (source == "" || s.Name == source) {
			return backtest.Told
		}
	}
	return backtest.Told | issue.InputKind
}

func missingSignals(list []backtest.Candidate) []string {
	for _, c := range list {
		if names := c.Set.SignalNames(); len(names) > 0 {
			return []string{"signals have no past and are missing in the replay: " + strings.Join(names, ", ")}
		}
	}
	return nil
}

// livePasts reads issues and histories of all sources in scope.
func livePasts(ctx context.Context, cfg *config.Config, o Options, team string, since time.Time, list []backtest.Candidate) (out []backtest.Past, err error) {
	w := scopeOf{}
	w.source, w.project, _ = strings.Cut(team, "/")
	if err := w.check(cfg); err != nil {
		return nil, err
	}
	for _, s := range sets(list) {
		o.Needs |= s.Needs()
	}
	extra := o.Needs &^ (cfg.Set.Needs() | issue.InputManaged)
	snap, err := openSnapshot(ctx, cfg, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snap.close()) }()
	for _, s := range snap.current().sources {
		if w.source != "" && s.Name != w.source {
			continue
		}
		g, err := snap.gather(ctx, s, since, extra)
		if err != nil {
			return nil, err
		}
		if !since.IsZero() {
			if err := g.histories(ctx, s.tracker, w, snap.opts.Progress); err != nil {
				return nil, err
			}
		}
		for _, id := range sorted(g.known) {
			if p := g.known[id]; w.has(&p.Issue) {
				out = append(out, *p)
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no issue is known in scope: run lanekeeper plan first, which reads the trackers and writes nothing to them")
	}
	return out, nil
}

// PolicyDiffRequest asks what two policies make of the present backlog.
type PolicyDiffRequest struct {
	From, To string // files or names
	Team     string
	File     *ExportRequest
}

// DiffPolicies decides the present backlog by two policies. cfg may be nil for
// a file.
func DiffPolicies(ctx context.Context, cfg *config.Config, o Options, r PolicyDiffRequest) (answer.PolicyDiff, error) {
	list, err := (&ReplayRequest{Policy: r.To, Against: r.From}).candidates(cfg)
	if err != nil {
		return answer.PolicyDiff{}, err
	}
	var pasts []backtest.Past
	now := o.now()
	var notes []string
	if r.File != nil {
		e, err := r.File.read(sets(list)...)
		if err != nil {
			return answer.PolicyDiff{}, err
		}
		pasts, now, notes = e.pasts(), e.now, e.limits()
	} else if pasts, err = livePasts(ctx, cfg, o, r.Team, time.Time{}, list); err != nil {
		return answer.PolicyDiff{}, err
	}
	to, from := list[0], list[1]
	changes, err := specChanges(from.Set.Policies()[0].Spec(), to.Set.Policies()[0].Spec())
	if err != nil {
		return answer.PolicyDiff{}, err
	}
	var signals policy.Signals
	if r.File != nil {
		notes = append(notes, missingSignals(list)...)
	} else {
		signals = presentSignals(ctx, cfg, o)
	}
	return answer.PolicyDiff{At: now.UTC(), Changes: changes, Notes: notes, Comparison: *backtest.Diff(pasts, now, signals, to, from)}, nil
}

// presentSignals reads the signals of a configuration once; one that cannot be
// read is missing, and the log says so.
func presentSignals(ctx context.Context, cfg *config.Config, o Options) policy.Signals {
	if len(cfg.Signals) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	s := signal.New(cfg.Signals, &http.Client{Timeout: 30 * time.Second}, o.now, o.Log)
	if err := s.Refresh(ctx); err != nil && o.Log != nil {
		o.Log.Warn("signals not read; they are missing in the comparison", "err", err)
	}
	return s.Snapshot()
}
