package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// A Keeper looks after the state: an App on its file, or the client of the
// daemon that holds it.
type Keeper interface {
	web.Keeper
}

// Backup implements web.Keeper. It works while everything else goes on.
func (a *App) Backup(_ context.Context, w io.Writer) error { return a.store.Backup(w) }

// Stats implements web.Keeper.
func (a *App) Stats(context.Context) (answer.StateStats, error) {
	st, err := a.store.Stats()
	if err != nil {
		return answer.StateStats{}, fmt.Errorf("read statistics: %w", err)
	}
	out := answer.StateStats{Path: st.Path, Schema: int(st.Version), SizeBytes: st.Size, FreeBytes: int64(st.FreePages) * int64(st.PageSize), Sources: []answer.SourceStats{}}
	for _, b := range st.Buckets {
		switch b.Name {
		case "log":
			out.Decisions = b.Keys
		case "plans":
			out.Plans = b.Keys
		case "entries":
			out.Entries = b.Keys
		}
	}
	for _, s := range st.Sources {
		damaged, err := a.store.Damaged(s.Name)
		if err != nil {
			return out, fmt.Errorf("count damaged records of %s: %w", s.Name, err)
		}
		out.Damaged += len(damaged)
		out.Sources = append(out.Sources, answer.SourceStats{Source: s.Name, Issues: s.Totals.Issues, Open: s.Totals.Open, Outstanding: s.Totals.Outstanding, Parked: s.Totals.Parked})
	}
	return out, nil
}

// Verify implements web.Keeper.
func (a *App) Verify(context.Context) (answer.Verification, error) {
	rep, err := a.store.Verify()
	if err != nil {
		return answer.Verification{}, fmt.Errorf("verify state: %w", err)
	}
	return verification(rep), nil
}

func verification(rep state.Report) answer.Verification {
	v := answer.Verification{OK: rep.OK(), Records: rep.Records, Decisions: rep.Decisions, Acts: rep.Acts, Plans: rep.Plans, Entries: rep.Entries, Problems: rep.Problems, More: rep.Truncated}
	if v.Problems == nil {
		v.Problems = []string{}
	}
	return v
}

// OpenKeeper returns a Keeper for a configuration, as Open does.
func OpenKeeper(cfg *config.Config, o Options) (Keeper, func() error, error) {
	a, err := New(cfg, o)
	if err == nil {
		return a, a.Close, nil
	}
	c, err := instead(cfg, o, err)
	return c, func() error { return nil }, err
}

// BackupTo writes a backup beside its name and moves it there when it is
// complete.
func BackupTo(ctx context.Context, k Keeper, path string) error {
	err := writeWhole(path, func(w io.Writer) error { return k.Backup(ctx, w) })
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return nil
}

// writeWhole writes a file beside its name and moves it there when it is
// complete.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Restore puts a backup in the place of a configuration's state. The file that
// was there is kept beside it.
func Restore(cfg *config.Config, from string) error { return state.Restore(from, cfg.State.Path) }

// VerifyFile verifies a state file that no daemon holds, such as a backup.
func VerifyFile(path string) (v answer.Verification, err error) {
	if _, err := os.Stat(path); err != nil {
		return v, fmt.Errorf("verify state: %w", err)
	}
	db, err := state.Open(path, state.Options{ReadOnly: true})
	if err != nil {
		return v, fmt.Errorf("verify %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rep, err := db.Verify()
	return verification(rep), err
}

// Schema is the JSON Schema of the configuration.
func Schema() ([]byte, error) {
	b, err := config.Schema()
	return []byte(strings.TrimSpace(string(b))), err
}
