package state

import (
	"syscall"
	"testing"
)

// mountSmall mounts a file system of 6 MiB; only root may.
func mountSmall(dir string) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m,mode=700")
}

func unmount(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Unmount(dir, 0); err != nil {
		t.Error(err)
	}
}
