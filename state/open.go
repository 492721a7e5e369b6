package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
)

// DB is the state in a bbolt file. Its methods may be called from several
// goroutines; transactions that write follow one another.
type DB struct {
	path    string
	bolt    *bbolt.DB
	codec   *codec
	log     *slog.Logger
	writers sync.Pool // of *encoder
	damaged damage
	pruning sync.Mutex
	// sinceRelease counts the records stored since mapped memory was given back;
	// only transactions that write touch it.
	sinceRelease int
	// broken is set once the file proved damaged: a transaction that was cut off
	// in the middle leaves the engine in an unknown state, so nothing is tried
	// after it.
	broken atomic.Pointer[Error]
}

const (
	defaultTimeout = 2 * time.Second
	fileMode       = 0o600
	// The file grows in steps, each of which costs a sync.
	allocSmall = 512 << 10 // while it is smaller than allocMin
	allocMin   = 4 << 20
	allocMax   = 16 << 20
)

// mapSize is how much address space is reserved for the file. As long as the
// file fits, a long read, such as a backup, never makes a write wait for the
// map to grow. Only what is touched takes memory.
func mapSize() int {
	if strconv.IntSize < 64 || runtime.GOOS == "windows" {
		return 0
	}
	return 1 << 30
}

// Open opens the state file, makes it where it is missing, and brings an older
// schema up to date. The error is an *Error or a *VersionError that says what to
// do.
func Open(path string, opts Options) (*DB, error) {
	return open(path, opts, migrations())
}

func open(path string, opts Options, steps []migration) (*DB, error) {
	c, err := newCodec()
	if err != nil {
		return nil, err
	}
	d := &DB{path: path, codec: c, log: opts.Log}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	d.writers.New = func() any { return newEncoder(c) }
	if d.bolt, err = openBolt(path, opts); err != nil {
		return nil, err
	}
	if err := d.prepare(opts.ReadOnly, steps); err != nil {
		return nil, errors.Join(err, d.bolt.Close())
	}
	return d, nil
}

// openBolt opens the engine's file. A damaged file can make the engine panic
// while it reads its list of free pages.
func openBolt(path string, opts Options) (db *bbolt.DB, err error) {
	if err := checkPath(path, opts.ReadOnly); err != nil {
		return nil, err
	}
	var file *os.File
	options := &bbolt.Options{
		Timeout:         opts.Timeout,
		ReadOnly:        opts.ReadOnly,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: mapSize(),
		OpenFile: func(name string, flag int, mode fs.FileMode) (*os.File, error) {
			var err error
			file, err = os.OpenFile(name, flag, mode)
			return file, err
		},
	}
	if options.Timeout <= 0 {
		options.Timeout = defaultTimeout
	}
	err = shield(path, func() error {
		db, err = bbolt.Open(path, fileMode, options)
		return err
	})
	if err != nil && file != nil {
		_ = file.Close() // after a panic the engine has not done it; a second close does no harm
	}
	if err != nil {
		return nil, classify(path, err)
	}
	return db, nil
}

// checkPath finds what the engine would report unclearly: a path that is no
// file, and a file that was cut short.
func checkPath(path string, readOnly bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !readOnly:
		return nil
	case err != nil:
		return classify(path, err)
	case !info.Mode().IsRegular():
		return &Error{Path: path, Kind: ErrMissing, Hint: "this is not a regular file; correct state.path"}
	}
	return nil
}

// prepare checks that the file is whole, and brings its schema up to date.
func (d *DB) prepare(readOnly bool, steps []migration) error {
	if err := d.checkWhole(); err != nil {
		return err
	}
	return d.migrate(readOnly, steps)
}

// checkWhole compares the length of the file with the pages that are in use:
// reading beyond the end of a mapped file would end the process.
func (d *DB) checkWhole() error {
	info, err := os.Stat(d.path)
	if err != nil {
		return classify(d.path, err)
	}
	return d.view(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return &Error{Path: d.path, Kind: ErrCorrupt, Hint: corruptHint,
				Err: fmt.Errorf("it has %d bytes and should have %d", info.Size(), tx.Size())}
		}
		return nil
	})
}

// Close closes the file after the transactions that are under way.
func (d *DB) Close() error {
	return classify(d.path, d.bolt.Close())
}

// Size is the number of bytes of the file, 0 where it cannot be told.
func (d *DB) Size() int64 {
	info, err := os.Stat(d.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// view runs fn in a transaction that reads. Bytes that fn sees die with it.
func (d *DB) view(fn func(*bbolt.Tx) error) error {
	return d.run(func() error { return d.bolt.View(fn) })
}

// update runs fn in a transaction that writes.
func (d *DB) update(fn func(*bbolt.Tx) error) error {
	return d.run(func() error {
		committing := false
		err := d.bolt.Update(func(tx *bbolt.Tx) error {
			d.bolt.AllocSize = growStep(tx.Size())
			err := fn(tx)
			committing = err == nil
			return err
		})
		if _, kind := kindOf(err); err != nil && kind == nil && committing {
			return errors.Join(err, d.growth())
		}
		return err
	})
}

// growStep is by how much a file of some size grows.
func growStep(size int64) int {
	if size < allocMin {
		return allocSmall
	}
	return int(min(max(size/8, allocMin), allocMax))
}

// growth asks the system for what the engine asked in vain: of a failure to
// make the file longer the engine keeps only the text, and not the cause.
func (d *DB) growth() error { return os.Truncate(d.path, d.Size()+allocMax) }

func (d *DB) run(fn func() error) error {
	if e := d.broken.Load(); e != nil {
		return e
	}
	err := shield(d.path, fn)
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == ErrCorrupt {
		d.broken.Store(e)
	}
	return passOrClassify(d.path, err)
}

// passOrClassify leaves the errors of this package as they are.
func passOrClassify(path string, err error) error {
	if _, ok := errors.AsType[*Error](err); ok || isOwn(err) {
		return err
	}
	return classify(path, err)
}

func isOwn(err error) bool {
	if _, ok := errors.AsType[*VersionError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*AmbiguousError](err); ok {
		return true
	}
	return errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid)
}

// shield turns a panic of the engine, or a fault on its mapped file, into an
// ErrCorrupt: pages carry no checksums, so damage shows where they are read.
func shield(path string, fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = &Error{Path: path, Kind: ErrCorrupt, Hint: corruptHint, Err: fmt.Errorf("%v", r)}
		}
	}()
	return fn()
}

// BackupTo writes a copy of the state to a new file while the store stays in
// use. The file appears under its name only when it is whole.
func (d *DB) BackupTo(path string) error {
	return writeFile(path, d.Backup)
}

// Backup writes a copy of the state as it is now.
func (d *DB) Backup(w io.Writer) error {
	return d.view(func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(w)
		return err
	})
}

// writeFile writes path through a temporary file beside it.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp-*") // mode 0600
	if err != nil {
		return classify(path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(classify(path, err), f.Close(), os.Remove(f.Name()))
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename durable. Where a folder cannot be synced, as on
// Windows, the system does without.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil && runtime.GOOS != "windows" {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}
