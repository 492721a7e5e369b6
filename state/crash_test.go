//go:build unix

package state

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests of this file run the test binary again as another process. What it
// does there is said by this variable.
const helperEnv = "LANEKEEPER_STATE_TEST_HELPER"

func TestMain(m *testing.M) {
	if job := os.Getenv(helperEnv); job != "" {
		if err := helper(job, os.Args[len(os.Args)-1]); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func helper(job, path string) error {
	switch job {
	case "commit":
		return commitForEver(path)
	case "hold":
		d, err := Open(path, Options{})
		if err != nil {
			return err
		}
		fmt.Println("held")
		time.Sleep(time.Hour) // until the test kills this process
		return d.Close()
	case "small":
		return fillSmall(path)
	case "open":
		d, err := Open(path, Options{})
		if err != nil {
			return fmt.Errorf("locked=%v readonly=%v: %w", errors.Is(err, ErrLocked), errors.Is(err, ErrReadOnly), err)
		}
		return d.Close()
	}
	return fmt.Errorf("unknown job %s", job)
}

func command(job, path string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^$", path)
	cmd.Env = append(os.Environ(), helperEnv+"="+job)
	cmd.Stderr = os.Stderr
	return cmd
}

// commitForEver writes batches of every kind and says after each how many
// issues are safe.
func commitForEver(path string) error {
	d, err := Open(path, Options{})
	if err != nil {
		return err
	}
	tot, err := d.Totals("jira")
	if err != nil {
		return err
	}
	for n := tot.Issues; ; n += 40 {
		list := firstPull("jira", n, 40)
		if n >= 40 {
			list = append(list, firstPull("jira", n-40, 20)...) // and some again
		}
		plan := "p-" + strconv.Itoa(n)
		b := Batch{Source: "jira", Updates: list, Now: epoch(), State: &SourceState{Cursor: strconv.Itoa(n + 40)},
			Plan:    &Plan{ID: plan, At: epoch(), Status: PlanRunning},
			Entries: []Entry{{Plan: plan, ID: list[0].Record.Issue.ID, Status: EntryPending, At: epoch()}}}
		if err := d.Commit(b); err != nil {
			return err
		}
		fmt.Println(n + 40)
		if n%400 == 0 {
			if _, err := d.Prune(epoch().AddDate(0, 0, 1), 0); err != nil {
				return err
			}
		}
	}
}

func TestKilledInTheMiddleNothingIsLost(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	for round := range 20 {
		safe := runAndKill(t, path, 1+round%7)
		d, err := Open(path, Options{})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		rep, err := d.Verify()
		if err != nil || !rep.OK() {
			t.Fatalf("round %d: %v %q", round, err, rep.Problems)
		}
		tot, err := d.Totals("jira")
		if err != nil || tot.Issues < safe {
			t.Fatalf("round %d: %d issues, %d were reported as stored, %v", round, tot.Issues, safe, err)
		}
		if st, err := d.Source("jira"); err != nil || st.Cursor != strconv.Itoa(tot.Issues) {
			t.Fatalf("round %d: cursor %q and %d issues, %v", round, st.Cursor, tot.Issues, err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// runAndKill starts the helper, waits for some of its commits and kills it while
// it works on the next. It returns how many issues were said to be safe.
func runAndKill(t *testing.T, path string, commits int) (safe int) {
	t.Helper()
	cmd := command("commit", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range commits {
		if !lines.Scan() {
			break
		}
		if safe, err = strconv.Atoi(lines.Text()); err != nil {
			t.Errorf("the helper said %q", lines.Text())
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // what it said before it died counts too
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			safe = n
		}
	}
	_ = cmd.Wait() // killed
	return safe
}

func TestAnotherProcessThatHoldsTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	cmd := command("hold", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatalf("%q, %v", line, err)
	}
	_, err = Open(path, Options{Timeout: time.Millisecond})
	wantError(t, err, ErrLocked, path)
	wantError(t, Restore(path, path), ErrLocked)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	d, err := Open(path, Options{})
	if err != nil {
		t.Fatalf("a dead process still holds it: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// fillSmall writes until the disk is full and shows that the store then goes
// on with what it has.
func fillSmall(path string) error {
	signal.Ignore(syscall.SIGXFSZ)
	d, err := Open(path, Options{})
	if err != nil {
		return err
	}
	stored := 0
	for ; ; stored += 100 {
		err = d.Commit(Batch{Source: "jira", Updates: firstPull("jira", stored, 100), Now: epoch()})
		if err != nil || stored > 1e5 {
			break
		}
	}
	fmt.Println("full:", errors.Is(err, ErrFull), err)
	tot, err := d.Totals("jira")
	if err != nil || tot.Issues != stored {
		return fmt.Errorf("%d issues of %d, %w", tot.Issues, stored, err)
	}
	rep, err := d.Verify()
	if err != nil || !rep.OK() {
		return fmt.Errorf("verify: %w %q", err, rep.Problems)
	}
	if err := d.Close(); err != nil {
		return err
	}
	if d, err = Open(path, Options{}); err != nil {
		return err
	}
	if rep, err = d.Verify(); err != nil || !rep.OK() || rep.Records != stored {
		return fmt.Errorf("verify again: %w %+v", err, rep)
	}
	fmt.Println("sound:", stored > 0)
	return d.Close()
}

func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	t.Run("by the size limit of a process", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "state.db")
		cmd := command("small", path)
		cmd.Args = append([]string{"sh", "-c", `ulimit -f 6000; exec "$0" "$@"`}, cmd.Args...)
		var err error
		if cmd.Path, err = exec.LookPath("sh"); err != nil {
			t.Skip("there is no shell to set a limit with")
		}
		checkFull(t, cmd)
	})
	t.Run("by a small file system", func(t *testing.T) {
		dir := t.TempDir()
		if err := mountSmall(dir); err != nil {
			t.Skip("a small file system cannot be mounted here:", err)
		}
		defer unmount(t, dir)
		checkFull(t, command("small", filepath.Join(dir, "state.db")))
	})
}

func checkFull(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.Output()
	if err != nil || !strings.Contains(string(out), "full: true") || !strings.Contains(string(out), "sound: true") {
		t.Errorf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "free some space") {
		t.Errorf("it does not say what to do:\n%s", out)
	}
}

func TestAReadOnlyFolderAndFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.db")
	d, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, dir} {
		if err := os.Chmod(p, 0o555); err != nil {
			t.Fatal(err)
		}
	}
	defer os.Chmod(dir, 0o755)
	for _, p := range []string{path, filepath.Join(dir, "new.db")} {
		cmd := command("open", p)
		if os.Geteuid() == 0 { // the rules do not hold for root
			if err := asNobody(cmd, dir); err != nil {
				t.Skip("cannot become another user:", err)
			}
		}
		out, _ := cmd.Output()
		if !strings.Contains(string(out), "readonly=true") || !strings.Contains(string(out), p) || !strings.Contains(string(out), "give the user") {
			t.Errorf("%s: %s", p, out)
		}
	}
}

// asNobody makes a command run without rights. Its program must be readable for
// all, and so must the folders on the way.
func asNobody(cmd *exec.Cmd, dir string) error {
	for p := dir; p != os.TempDir() && len(p) > 1; p = filepath.Dir(p) {
		info, err := os.Stat(p)
		if err != nil {
			return err
		}
		if err := os.Chmod(p, info.Mode()|0o055); err != nil {
			return err
		}
	}
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		return err
	}
	bin := filepath.Join(filepath.Dir(dir), "helper.test")
	if err := os.WriteFile(bin, self, 0o755); err != nil {
		return err
	}
	cmd.Path = bin
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	return nil
}
