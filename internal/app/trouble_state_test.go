package app

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"github.com/lanekeeper/lanekeeper/internal/reconcile"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// ailing is a store whose commits fail while broken says so.
type ailing struct {
	reconcile.Store
	broken *error
}

func (s ailing) Commit(b state.Batch) error {
	if *s.broken != nil {
		return *s.broken
	}
	return s.Store.Commit(b)
}

// TestStateThatCannotBeWritten lets the commits of one source fail for a while:
// it is told although the state cannot record it, no write reaches the tracker
// that the outbox does not hold, and nothing is lost.
func TestStateThatCannotBeWritten(t *testing.T) {
	for name, tt := range map[string]struct {
		err  *state.Error
		says []string
	}{
		"the disk is full":      {&state.Error{Kind: state.ErrFull, Hint: "free some space", Err: syscall.ENOSPC}, []string{"the disk is full", "state.db", "free some space"}},
		"the file is read-only": {&state.Error{Kind: state.ErrReadOnly, Hint: "give the user the right", Err: syscall.EROFS}, []string{"cannot be written", "state.db", "give the user the right"}},
	} {
		for _, kind := range anyTracker {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var broken error
					w := newWorld(t, kind)
					w.start()
					defer func() { w.stop() }()
					c := w.app.current().source("hurt").cycler
					c.Store = ailing{c.Store, &broken}
					w.good()
					time.Sleep(5 * time.Minute)
					w.peopleAct()
					w.other.create("Outage of the other", "")
					w.note()
					before := w.hurt.mutations()
					err := *tt.err
					err.Path = filepath.Join(w.dir, "state.db")
					broken = &err
					for n := range 2 {
						c := w.once()
						w.suffers(trouble{says: tt.says}, fault(c, "hurt"), n+1)
						if got := fault(c, "other"); got != "" {
							t.Errorf("the other source failed too: %s", got)
						}
					}
					if n := w.hurt.mutations() - before; n != 0 {
						t.Errorf("%d mutations were sent that no outbox holds", n)
					}
					w.told(trouble{says: tt.says})
					broken = nil
					w.good()
					w.good()
					w.orderly()
					w.quiet()
					if len(w.ready()) > 0 || w.metric("cycle_consecutive_failures") != 0 {
						t.Errorf("not ready after the trouble: %v", w.ready())
					}
					w.sound()
				})
			})
		}
	}
}

// TestStateFullBetweenWriteAndRecord loses the state between the answer of the
// tracker and its record: the outbox tells what happened, nothing is written
// twice.
func TestStateFullBetweenWriteAndRecord(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var broken error
				w := newWorld(t, kind)
				w.note()
				w.start()
				defer func() { w.stop() }()
				c := w.app.current().source("hurt").cycler
				c.Store = failingOutcomes{ailing{c.Store, &broken}}
				if got := fault(w.once(), "hurt"); !strings.Contains(got, "the disk is full") {
					t.Errorf("the error is %q", got)
				}
				w.orderly() // the tracker has it all
				w.stop()
				w.start() // with a disk that has room again
				w.quiet()
				w.orderly()
				w.sound()
			})
		})
	}
}

// failingOutcomes refuses what would record the outcome of a write.
type failingOutcomes struct{ ailing }

func (s failingOutcomes) Commit(b state.Batch) error {
	for _, e := range b.Entries {
		if e.Status == state.EntryApplied {
			return &state.Error{Path: "state.db", Kind: state.ErrFull, Hint: "free some space"}
		}
	}
	return s.Store.Commit(b)
}

// damage is something wrong with the state file at the start.
type damage struct {
	name string
	do   func(t *testing.T, path string)
	kind error
	says []string
}

func TestStateFilesThatCannotBeOpened(t *testing.T) {
	for _, d := range []damage{
		{"written by a newer version", newerVersion, nil, []string{"state.db", "newer lanekeeper", "run that version", "restore a backup"}},
		{"not a state file at all", func(t *testing.T, path string) {
			fatal(t, os.WriteFile(path, []byte(strings.Repeat("no bbolt ", 5000)), 0o600))
		},
			state.ErrCorrupt, []string{"state.db", "damaged", "lanekeeper state restore", "move the file away"}},
		{"cut short", func(t *testing.T, path string) { fatal(t, os.Truncate(path, 8192)) },
			state.ErrCorrupt, []string{"state.db", "damaged", "lanekeeper state restore", "move the file away"}},
		{"a folder", func(t *testing.T, path string) { fatal(t, errors.Join(os.Remove(path), os.Mkdir(path, 0o700))) },
			state.ErrMissing, []string{"state.db", "not a regular file", "correct state.path"}},
		{"not allowed to be read", func(t *testing.T, path string) {
			if os.Geteuid() == 0 {
				t.Skip("root may read and write every file")
			}
			fatal(t, os.Chmod(path, 0))
		}, state.ErrReadOnly, []string{"state.db", "the right to read and write"}},
	} {
		t.Run(d.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, cloud)
				w.start()
				w.good()
				w.note()
				w.stop()
				path := filepath.Join(w.dir, "state.db")
				d.do(t, path)
				cfg, err := w.load()
				fatal(t, err)
				_, err = New(cfg, w.options())
				if err == nil || d.kind != nil && !errors.Is(err, d.kind) {
					t.Fatalf("the error is %v", err)
				}
				mentions(t, "the error", err.Error(), append(d.says, "open state")...)

				fatal(t, os.Rename(path, path+".away"))
				w.start()
				defer func() { w.stop() }()
				w.quiet() // the trackers still hold everything
				w.orderly()
				w.sound()
			})
		})
	}
}

// newerVersion marks the file as of a schema that nobody knows yet.
func newerVersion(t *testing.T, path string) {
	raw(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("version"), binary.BigEndian.AppendUint64(nil, 99))
	})
}

// raw changes the file behind the back of the store.
func raw(t *testing.T, path string, f func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	fatal(t, err)
	fatal(t, errors.Join(db.Update(f), db.Close()))
}

// TestCorruptValues damages single records: the cycle goes on, the issue is
// read again with the next sweep, and nothing is written for it meanwhile.
func TestCorruptValues(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, kind)
				w.start()
				w.good()
				w.good()
				time.Sleep(time.Hour) // beyond what a pull reads again
				w.good()
				w.note()
				w.stop()
				raw(t, filepath.Join(w.dir, "state.db"), func(tx *bbolt.Tx) error {
					records := tx.Bucket([]byte("sources")).Bucket([]byte("hurt")).Bucket([]byte("records"))
					k, v := records.Cursor().First()
					if k == nil {
						return errors.New("no record")
					}
					return records.Put(append([]byte{}, k...), append([]byte{}, v[:len(v)/2]...))
				})
				w.start()
				defer func() { w.stop() }()
				v, err := w.app.Verify(t.Context())
				fatal(t, err)
				if v.OK {
					t.Error("the damage is not seen by verify")
				}
				mentions(t, "verify", fmt.Sprint(v.Problems), "hurt", "does not decode")
				w.quiet()
				_, err = w.app.Issues(t.Context(), web.IssueFilter{}) // looks at every record
				fatal(t, err)
				st, err := w.app.Stats(t.Context())
				fatal(t, err)
				if st.Damaged != 1 {
					t.Errorf("%d damaged records are counted, want 1", st.Damaged)
				}
				time.Sleep(25 * time.Hour) // over the time of the sweep
				w.quiet()
				w.sound()
				w.orderly()
			})
		})
	}
}
