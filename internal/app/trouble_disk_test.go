//go:build linux || darwin

package app

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// fullDisk marks the process in which the limit is lowered.
const fullDisk = "LANEKEEPER_TEST_FULL_DISK"

// TestTheDiskIsFull lets the system refuse to make the state file longer, in a
// process of its own because the limit is the process's.
func TestTheDiskIsFull(t *testing.T) {
	if os.Getenv(fullDisk) != "" {
		signal.Ignore(syscall.SIGXFSZ) // else the refusal ends the process
		synctest.Test(t, outOfSpace)
		return
	}
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestTheDiskIsFull$")
	cmd.Env = append(os.Environ(), fullDisk+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func outOfSpace(t *testing.T) {
	w := newWorld(t, cloud)
	w.start()
	defer func() { w.stop() }()
	w.good()
	w.note()
	info, err := os.Stat(filepath.Join(w.dir, "state.db"))
	fatal(t, err)
	var was syscall.Rlimit
	fatal(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was))
	fatal(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(info.Size()), Max: was.Max}))
	for n := range 1500 {
		w.hurt.create(fmt.Sprintf("Outage %d", n), "")
	}
	sent := w.hurt.mutations()
	c := w.once()
	says := []string{"the disk is full", "state.db", "free some space or raise the limit", "nothing of this batch was stored"}
	mentions(t, "the error", fault(c, "hurt"), says...)
	if w.metric("cycle_consecutive_failures", "source", "hurt") != 1 {
		t.Error("the failure is not counted")
	}
	time.Sleep(10 * time.Minute)
	mentions(t, "readiness", w.ready()["hurt"], says[0])
	if _, err := w.app.Stats(t.Context()); err != nil {
		t.Errorf("what is stored is not readable: %v", err)
	}
	if n := w.hurt.mutations() - sent; n != 0 {
		t.Errorf("%d mutations were sent that no outbox holds", n)
	}

	fatal(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was))
	w.good()
	w.good()
	w.orderly()
	w.quiet()
	w.sound()
}
