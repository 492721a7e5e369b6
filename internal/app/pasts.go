package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/backtest"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/state"
)

// historyBatch is how many histories are asked for together.
const historyBatch = 500

// pastReader is the part of a tracker that a replay uses. It cannot write.
type pastReader interface {
	Changed(ctx context.Context, since time.Time) iter.Seq2[issue.Page, error]
	All(ctx context.Context, cursor string) iter.Seq2[issue.Page, error]
	History(ctx context.Context, ids []string) (map[string]issue.History, error)
}

// snapshot is an App on a copy of the state: it holds up no daemon, and what
// happens to it is gone with it.
type snapshot struct {
	*App
	dir string
}

// openSnapshot copies the state, through the daemon that holds it where one
// does. A state that is not there is an error.
func openSnapshot(ctx context.Context, cfg *config.Config, o Options) (*snapshot, error) {
	if _, err := os.Stat(cfg.State.Path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("nothing is known yet (no state at %s): run lanekeeper plan first, which reads the trackers and writes nothing to them", cfg.State.Path)
	}
	dir, err := os.MkdirTemp("", "lanekeeper-")
	if err != nil {
		return nil, fmt.Errorf("copy the state: %w", err)
	}
	s := &snapshot{dir: dir}
	k, done, err := OpenKeeper(cfg, o)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	copied := *cfg
	copied.State.Path = filepath.Join(dir, "state.db")
	if err = errors.Join(BackupTo(ctx, k, copied.State.Path), done()); err == nil {
		s.App, err = New(&copied, o)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *snapshot) close() error { return errors.Join(s.Close(), os.RemoveAll(s.dir)) }

// scopeOf narrows a question to a source, or to one of its teams.
type scopeOf struct{ source, project string }

func (w scopeOf) check(cfg *config.Config) error {
	if w.source != "" && !knownTeam(cfg, w.source, w.project) {
		return misuse("%q is no source or source/PROJECT of the configuration", strings.TrimSuffix(w.source+"/"+w.project, "/"))
	}
	return nil
}

func (w scopeOf) has(i *issue.Issue) bool {
	return (w.source == "" || i.Source == w.source) && (w.project == "" || i.Project == w.project)
}

// gathering collects the issues of one source by id.
type gathering struct {
	source string
	known  map[string]*backtest.Past
	extra  issue.Inputs // fields that the state does not hold
}

// gather reads the known issues of a source, and from the tracker what changed
// since, which are those that were closed meanwhile. Fields that the policy in
// force does not read are not in the state: then every open issue is read anew.
func (s *snapshot) gather(ctx context.Context, src *source, since time.Time, extra issue.Inputs) (*gathering, error) {
	g := &gathering{source: src.Name, known: map[string]*backtest.Past{}, extra: extra}
	err := s.store.Each(src.Name, func(r *state.Record) bool {
		if !r.Issue.Gone && r.Absent == 0 {
			i := r.Issue
			i.Unknown |= extra
			g.known[i.ID] = &backtest.Past{Issue: i, Memory: r.Memory}
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("list issues of %s: %w", src.Name, err)
	}
	var t pastReader = src.tracker
	if extra != 0 {
		if err := g.pages(t.All(ctx, ""), s.opts.Progress); err != nil {
			return nil, err
		}
	}
	if !since.IsZero() {
		return g, g.pages(t.Changed(ctx, since), s.opts.Progress)
	}
	return g, nil
}

func (g *gathering) pages(pages iter.Seq2[issue.Page, error], progress func(string, int, int)) error {
	n := 0
	for p, err := range pages {
		if err != nil {
			return fmt.Errorf("source %s: %w", g.source, err)
		}
		for _, i := range p.Issues {
			i.Source = g.source
			if old := g.known[i.ID]; old != nil {
				old.Issue = i
			} else {
				g.known[i.ID] = &backtest.Past{Issue: i}
			}
		}
		if n += len(p.Issues); progress != nil {
			progress(g.source+" issues", n, p.Total)
		}
	}
	return nil
}

// histories reads what happened to the issues in scope, in batches.
func (g *gathering) histories(ctx context.Context, t pastReader, w scopeOf, progress func(string, int, int)) error {
	var ids []string
	for _, id := range sorted(g.known) {
		if w.has(&g.known[id].Issue) {
			ids = append(ids, id)
		}
	}
	done := 0
	for batch := range slices.Chunk(ids, historyBatch) {
		found, err := t.History(ctx, batch)
		if err != nil {
			return fmt.Errorf("source %s: read histories: %w", g.source, err)
		}
		for id, h := range found {
			if p := g.known[id]; p != nil {
				p.History = &h
			}
		}
		if done += len(batch); progress != nil {
			progress(g.source+" histories", done, len(ids))
		}
	}
	return nil
}
