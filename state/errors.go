package state

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"
)

// The kinds of failure that a caller may tell apart with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrLocked   = errors.New("another lanekeeper holds this file")
	ErrCorrupt  = errors.New("the file is damaged")
	ErrReadOnly = errors.New("the file cannot be written")
	ErrMissing  = errors.New("there is no such file or folder")
	ErrFull     = errors.New("the disk is full")
	ErrClosed   = errors.New("the state is closed")
	ErrInvalid  = errors.New("invalid batch")
)

// Error is a failure of the state file as a whole. It says where, what, and
// what to do.
type Error struct {
	Path string
	Kind error  // one of the kinds above
	Hint string // what a person can do
	Err  error  // the cause, or nil
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "state %s: %v", e.Path, e.Kind)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, " (%v)", e.Err)
	}
	return b.String()
}

// Unwrap gives the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// VersionError is a file whose schema this program cannot use.
type VersionError struct {
	Path string
	Have uint64 // of the file
	Want uint64 // of this program
}

func (e *VersionError) Error() string {
	if e.Have > e.Want {
		return fmt.Sprintf("state %s: written by a newer lanekeeper (schema %d, this one knows %d); "+
			"run that version, or restore a backup made by this one", e.Path, e.Have, e.Want)
	}
	return fmt.Sprintf("state %s: schema %d must be brought to %d first; "+
		"open it once for writing, for example with 'lanekeeper state verify' while no daemon runs", e.Path, e.Have, e.Want)
}

// AmbiguousError is a key that several sources have.
type AmbiguousError struct {
	Key     string
	Sources []string // sorted
}

func (e *AmbiguousError) Error() string {
	refs := make([]string, len(e.Sources))
	for n, s := range e.Sources {
		refs[n] = s + "/" + e.Key
	}
	return fmt.Sprintf("%s is in several sources: say %s", e.Key, strings.Join(refs, " or "))
}

// classify turns a failure of the engine or the file system into an Error.
func classify(path string, err error) error {
	if err == nil {
		return nil
	}
	hint, kind := kindOf(err)
	if kind == nil {
		return fmt.Errorf("state %s: %w", path, err)
	}
	return &Error{Path: path, Kind: kind, Hint: hint, Err: err}
}

// kindOf sorts a failure and says what to do about it; kind is nil for one that
// is not known.
func kindOf(err error) (hint string, kind error) {
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	switch {
	case is(berrors.ErrTimeout):
		return "ask the running daemon instead, or stop it", ErrLocked
	case is(berrors.ErrInvalid, berrors.ErrChecksum, berrors.ErrVersionMismatch, berrors.ErrInvalidMapping):
		return corruptHint, ErrCorrupt
	case is(berrors.ErrDatabaseReadOnly, berrors.ErrTxNotWritable, syscall.EROFS, fs.ErrPermission):
		return "give the user that runs lanekeeper the right to read and write the file and its folder", ErrReadOnly
	case is(fs.ErrNotExist):
		return "create the folder, or correct state.path", ErrMissing
	case is(syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG):
		return "free some space or raise the limit; nothing of this batch was stored and it will be tried again", ErrFull
	case is(berrors.ErrDatabaseNotOpen):
		return "", ErrClosed
	}
	return "", nil
}

const corruptHint = "restore a backup with 'lanekeeper state restore', or move the file away: lanekeeper then reads everything anew from the trackers"
