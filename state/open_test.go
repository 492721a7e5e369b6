package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

// wantError checks the kind of an error, and that its text says what, where and
// what to do.
func wantError(t *testing.T, err, kind error, texts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("err = %v, want %v", err, kind)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q does not say %q", err, text)
		}
	}
}

func TestAFileHeldByAnotherIsRefused(t *testing.T) {
	t.Parallel()
	d := openTemp(t)
	_, err := Open(d.path, Options{Timeout: time.Millisecond})
	wantError(t, err, ErrLocked, d.path, "another lanekeeper holds this file", "stop it")
	_, err = Open(d.path, Options{Timeout: time.Millisecond, ReadOnly: true})
	wantError(t, err, ErrLocked)
	wantError(t, Restore(backup(t, d), d.path), ErrLocked, d.path)
}

func backup(t *testing.T, d *DB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backup.db")
	if err := d.BackupTo(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheFileIsPrivate(t *testing.T) {
	d := openTemp(t)
	for _, path := range []string{d.path, backup(t, d)} {
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestAPlaceThatCannotHoldTheFile(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "no", "such", "state.db")
	_, err := Open(missing, Options{})
	wantError(t, err, ErrMissing, missing, "create the folder")
	_, err = Open(filepath.Join(dir, "none.db"), Options{ReadOnly: true})
	wantError(t, err, ErrMissing)
	_, err = Open(dir, Options{})
	wantError(t, err, ErrMissing, "not a regular file")
}

func TestAReadOnlyStoreAnswersAndRefusesToWrite(t *testing.T) {
	d := openTemp(t)
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 3)})
	path := backup(t, d)
	r, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	second, err := Open(path, Options{ReadOnly: true, Timeout: time.Millisecond})
	if err != nil {
		t.Fatalf("two readers: %v", err)
	}
	defer second.Close()
	if tot, err := r.Totals("jira"); err != nil || tot.Issues != 3 {
		t.Errorf("%+v, %v", tot, err)
	}
	if rep, err := r.Verify(); err != nil || !rep.OK() || rep.Records != 3 || rep.Decisions != 3 {
		t.Errorf("%+v, %v", rep, err)
	}
	wantError(t, r.SetPaused(Pause{On: true}), ErrReadOnly, path)
}

func TestAClosedStoreSaysSo(t *testing.T) {
	d, err := Open(t.TempDir()+"/state.db", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = d.Sources()
	wantError(t, err, ErrClosed)
	wantError(t, d.SetPaused(Pause{}), ErrClosed)
	if err := d.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

// rewrite changes a closed store through the engine.
func rewrite(t *testing.T, path string, fn func(*bbolt.Tx) error) {
	t.Helper()
	b, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Update(fn); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAFileOfANewerVersionIsRefused(t *testing.T) {
	path := backup(t, openTemp(t))
	rewrite(t, path, func(tx *bbolt.Tx) error { return setVersion(tx, 99) })
	_, err := Open(path, Options{})
	v, ok := errors.AsType[*VersionError](err)
	if !ok || v.Have != 99 || v.Want != uint64(len(migrations())) {
		t.Fatalf("err = %v", err)
	}
	wantError(t, err, v, path, "newer", "schema 99", "this one knows 1", "run that version")
	if err := Restore(path, filepath.Join(t.TempDir(), "state.db")); !errors.As(err, &v) {
		t.Errorf("restore: %v", err)
	}
}

func TestAForeignBoltFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.db")
	rewrite(t, path, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
	_, err := Open(path, Options{})
	wantError(t, err, ErrCorrupt, path, "not a state file of lanekeeper")
}

// versionZero makes a file as it was before indexes were kept: records and a
// decision log, no version.
func versionZero(t *testing.T, path string, records ...*Record) {
	t.Helper()
	c := testCodec(t)
	rewrite(t, path, func(tx *bbolt.Tx) error {
		sources, err := tx.CreateBucket([]byte("sources"))
		if err != nil {
			return err
		}
		jira, err := sources.CreateBucket([]byte("jira"))
		if err != nil {
			return err
		}
		b, err := jira.CreateBucket([]byte("records"))
		if err != nil {
			return err
		}
		for _, r := range records {
			v, err := c.encodeRecord(r, nil)
			if err != nil {
				return err
			}
			if err := b.Put(appendID(nil, r.Issue.ID), v); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestVersionZeroIsMigrated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	a, b := sampleRecord("jira", 1), sampleRecord("jira", 2)
	a.Due, b.Outstanding = epoch(), 0
	versionZero(t, path, a, b)

	_, err := Open(path, Options{ReadOnly: true})
	v, ok := errors.AsType[*VersionError](err)
	if !ok || v.Have != 0 {
		t.Fatalf("read-only: %v", err)
	}
	wantError(t, err, v, "schema 0 must be brought to 1", "open it once for writing")

	for range 2 { // the second time there is nothing to do
		d, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if rep, err := d.Verify(); err != nil || !rep.OK() || rep.Records != 2 {
			t.Errorf("%+v, %v", rep, err)
		}
		if r, err := d.Find("", a.Issue.Key); err != nil || !cmp.Equal(r, a) {
			t.Errorf("%v, %v", err, cmp.Diff(a, r))
		}
		if due, err := d.DueBefore("jira", epoch(), 0); err != nil || len(due) != 1 {
			t.Errorf("%v, %v", due, err)
		}
		if tot, err := d.Totals("jira"); err != nil || tot.Issues != 2 || tot.Outstanding != 1 {
			t.Errorf("%+v, %v", tot, err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAMigrationThatFailsChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	versionZero(t, path, sampleRecord("jira", 1))
	broken := errors.New("no room")
	steps := append(migrations(), migration{"fails", func(_ *DB, tx *bbolt.Tx) error {
		if err := tx.DeleteBucket([]byte(inSources)); err != nil {
			return err
		}
		return broken
	}})
	if _, err := open(path, Options{}, steps); !errors.Is(err, broken) {
		t.Fatalf("err = %v", err)
	}
	d, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if tot, err := d.Totals("jira"); err != nil || tot.Issues != 1 {
		t.Errorf("%+v, %v", tot, err)
	}
}

func TestRestore(t *testing.T) {
	d := openTemp(t)
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 3)})
	from := backup(t, d)
	dir := t.TempDir()
	to := filepath.Join(dir, "state.db")
	for round := range 3 {
		if err := Restore(from, to); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		restored, err := Open(to, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if tot, err := restored.Totals("jira"); err != nil || tot.Issues != 3 {
			t.Errorf("%+v, %v", tot, err)
		}
		if err := restored.Close(); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if d := cmp.Diff([]string{"state.db", "state.db.before-restore", "state.db.before-restore-2"}, names); d != "" {
		t.Error(d)
	}
}

func TestRestoreTakesTheOldFileAwayOnlyForASoundBackup(t *testing.T) {
	d := openTemp(t)
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 50)})
	bad := backup(t, d)
	rewrite(t, bad, func(tx *bbolt.Tx) error { return sourceOf(tx, "jira").keys.Delete([]byte("absent")) })
	rewrite(t, bad, func(tx *bbolt.Tx) error {
		s := sourceOf(tx, "jira")
		k, _ := s.work.Cursor().First()
		return s.work.Delete(k)
	})
	to := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(to, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantError(t, Restore(bad, to), ErrCorrupt, bad, "work index", "nothing was changed")
	if b, err := os.ReadFile(to); err != nil || string(b) != "mine" {
		t.Errorf("%q, %v", b, err)
	}
	wantError(t, Restore(filepath.Join(t.TempDir(), "none"), to), ErrMissing)
	if err := Restore(backup(t, d), to); err != nil { // a damaged file may be replaced
		t.Error(err)
	}
	if left, err := filepath.Glob(to + ".restoring*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestABackupLeavesNothingBehindWhenItFails(t *testing.T) {
	d := openTemp(t)
	dir := t.TempDir()
	target := filepath.Join(dir, "taken")
	if err := os.Mkdir(target, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.BackupTo(target); err == nil {
		t.Error("a folder was replaced")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestABackupIsMadeWhileOthersWrite(t *testing.T) {
	t.Parallel()
	d := openTemp(t)
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 500)})
	done := make(chan error, 1)
	go func() {
		var err error
		for n := 0; n < 20 && err == nil; n++ {
			err = d.Commit(Batch{Source: "jira", Updates: firstPull("jira", 500+n*50, 50), Now: epoch()})
		}
		done <- err
	}()
	for range 3 {
		b, err := Open(backup(t, d), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if rep, err := b.Verify(); err != nil || !rep.OK() || rep.Records < 500 {
			t.Errorf("%+v, %v", rep, err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWorksInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openTemp(t)
		commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 3), Now: time.Now()})
		start := time.Now()
		_, err := Open(d.path, Options{})
		wantError(t, err, ErrLocked)
		if waited := time.Since(start); waited < defaultTimeout {
			t.Errorf("waited %v for the lock", waited)
		}
		if rep, err := d.Verify(); err != nil || !rep.OK() {
			t.Errorf("%+v, %v", rep, err)
		}
	})
}

func TestStats(t *testing.T) {
	d := openTemp(t)
	commit(t, d, Batch{Source: "jira", Updates: firstPull("jira", 0, 300)})
	st, err := d.Stats()
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]int{}
	for _, b := range st.Buckets {
		keys[b.Name] = b.Keys
		if b.Bytes < 0 || b.Bytes > st.Size {
			t.Errorf("%+v", b)
		}
	}
	if keys["log"] != 300 || keys["jira/records"] != 300 || keys["jira/work"] != 300 || keys["meta"] != 2 {
		t.Errorf("keys = %v", keys)
	}
	if st.Size != d.Size() || st.Version != 1 || len(st.Sources) != 1 || st.Sources[0].Records != 300 {
		t.Errorf("%+v", st)
	}
}
