package bench

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// figures are what one run of a process took. Memory is in bytes. The state
// file is mapped into memory; what of it was touched counts as file.
type figures struct {
	wall, cpu          time.Duration
	peak, anon, mapped int64
}

// measure runs a command to its end and looks at its memory all the while. The
// kernel's own peak after the fact is of no use: a child inherits its parent's.
func measure(t testing.TB, cmd *exec.Cmd) figures {
	t.Helper()
	var stderr bytes.Buffer
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop, sampled := make(chan struct{}), make(chan figures)
	go func() {
		var f figures
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			f.sample(cmd.Process.Pid)
			select {
			case <-tick.C:
			case <-stop:
				sampled <- f
				return
			}
		}
	}()
	err := cmd.Wait()
	wall := time.Since(began)
	close(stop)
	f := <-sampled
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd.Path, err, stderr.Bytes())
	}
	f.wall, f.cpu = wall, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	return f
}

// sample takes the greatest values of a process's memory so far.
func (f *figures) sample(pid int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return // not Linux, or it just ended
	}
	for line := range strings.Lines(string(b)) {
		name, rest, _ := strings.Cut(line, ":")
		kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		if err != nil {
			continue
		}
		switch name {
		case "VmHWM":
			f.peak = max(f.peak, kb<<10)
		case "RssAnon":
			f.anon = max(f.anon, kb<<10)
		case "RssFile":
			f.mapped = max(f.mapped, kb<<10)
		}
	}
}

// median is the middle by each figure.
func median(all []figures) figures {
	return figures{
		wall: middle(all, func(f figures) time.Duration { return f.wall }), cpu: middle(all, func(f figures) time.Duration { return f.cpu }),
		peak: middle(all, func(f figures) int64 { return f.peak }), anon: middle(all, func(f figures) int64 { return f.anon }),
		mapped: middle(all, func(f figures) int64 { return f.mapped }),
	}
}

func middle[T cmp.Ordered](all []figures, of func(figures) T) T {
	var list []T
	for _, f := range all {
		list = append(list, of(f))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func (f figures) String() string {
	return fmt.Sprintf("wall %6.2f s  cpu %6.2f s  peak %4d MiB (anonymous %d, mapped file %d)",
		f.wall.Seconds(), f.cpu.Seconds(), f.peak>>20, f.anon>>20, f.mapped>>20)
}

// report writes a line of figures.
func report(t testing.TB, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	if *reportFile == "" {
		return
	}
	f, err := os.OpenFile(*reportFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintln(f, line)
	if cerr := f.Close(); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
}

// ownCPU is the CPU time that this process took so far.
func ownCPU(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
