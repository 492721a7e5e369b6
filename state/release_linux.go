package state

import (
	"os"
	"syscall"

	"go.etcd.io/bbolt"
)

// release gives back the memory of pages of the mapped file. They stay in the
// system's cache and come back when they are read again; without this a long
// pull ends with the whole file counted as memory of this process. It must run
// inside a transaction that writes: only then the map stays where it is.
func release(db *bbolt.DB, tx *bbolt.Tx) {
	page := int64(os.Getpagesize())
	length := (tx.Size() + page - 1) / page * page
	// It is advice: that it was not taken changes nothing but the figure.
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, db.Info().Data, uintptr(length), syscall.MADV_DONTNEED)
}
