package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// Restore puts a backup in the place of the state file. The backup is copied
// and verified first, and brought up to the present schema. The file that was
// there is kept beside it under the name PATH.before-restore; a file that a
// running lanekeeper holds is refused with ErrLocked.
func Restore(from, to string) error {
	staged := to + ".restoring"
	if err := stage(from, staged); err != nil {
		return errors.Join(err, removeIfThere(staged))
	}
	if err := swap(staged, to); err != nil {
		return errors.Join(err, removeIfThere(staged))
	}
	return nil
}

// stage copies a backup and checks the copy.
func stage(from, staged string) error {
	src, err := os.Open(from)
	if err != nil {
		return classify(from, err)
	}
	err = writeFile(staged, func(w io.Writer) error {
		_, err := io.Copy(w, src)
		return err
	})
	if err := errors.Join(err, src.Close()); err != nil {
		return err
	}
	d, err := Open(staged, Options{})
	if err != nil {
		return fmt.Errorf("backup %s: %w", from, err)
	}
	rep, err := d.Verify()
	if err := errors.Join(err, d.Close()); err != nil {
		return fmt.Errorf("backup %s: %w", from, err)
	}
	if !rep.OK() {
		return &Error{Path: from, Kind: ErrCorrupt, Hint: "choose another backup; nothing was changed",
			Err: errors.New(strings.Join(rep.Problems, "; "))}
	}
	return nil
}

// swap keeps the present file aside and moves the staged one into its place.
// While it does so it holds the lock of the present file.
func swap(staged, to string) error {
	_, err := os.Lstat(to)
	if errors.Is(err, fs.ErrNotExist) {
		return classify(to, os.Rename(staged, to))
	}
	present, err := openBolt(to, Options{})
	if errors.Is(err, ErrLocked) {
		return err
	}
	if err == nil { // else it is damaged, which is a reason to be here
		defer present.Close() // it was opened for its lock; nothing was written
	}
	aside, err := freeName(to + ".before-restore")
	if err != nil {
		return err
	}
	if err := os.Rename(to, aside); err != nil {
		return classify(to, err)
	}
	return classify(to, os.Rename(staged, to))
}

// freeName adds a number to a name that is taken.
func freeName(name string) (string, error) {
	for n := 1; ; n++ {
		try := name
		if n > 1 {
			try = fmt.Sprintf("%s-%d", name, n)
		}
		_, err := os.Lstat(try)
		if errors.Is(err, fs.ErrNotExist) {
			return try, nil
		}
		if err != nil {
			return "", classify(try, err)
		}
	}
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
