package bench

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/bench/fastserver"
)

// The flags scale the measurements; the defaults only prove that they work.
var (
	issueCount = flag.Int("issues", 2000, "issues in the backlog")
	latencies  = flag.String("latency", "0s", "latencies of a request, by comma")
	shapeNames = flag.String("shapes", "cloud,dc,linear", "shapes of trackers, by comma")
	rounds     = flag.Int("rounds", 1, "how often each is measured; the median counts")
	binaryPath = flag.String("binary", "", "lanekeeper to measure; built anew where it is not given")
	alike      = flag.Int("alike", 400, "issues to relabel alike")
	reportFile = flag.String("report", "", "file to append the figures to")
	noBare     = flag.Bool("nobare", false, "leave the yardstick out")
)

// role is what a copy of the test binary does instead of testing: the server
// and the yardstick run in processes of their own, so that their work and
// memory is not counted for lanekeeper.
const role = "LANEKEEPER_BENCH_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		code := m.Run()
		if built.dir != "" {
			_ = os.RemoveAll(built.dir) // at worst it stays in the temporary folder
		}
		os.Exit(code)
	case "server":
		exit(serve())
	case "bare":
		exit(bareMain())
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// helper starts this binary in a role with its parameters as JSON.
func helper(t testing.TB, what string, params any) *exec.Cmd {
	t.Helper()
	b, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), role+"="+what, "LANEKEEPER_BENCH_PARAMS="+string(b))
	cmd.Stderr = os.Stderr
	return cmd
}

func params(into any) error {
	return json.Unmarshal([]byte(os.Getenv("LANEKEEPER_BENCH_PARAMS")), into)
}

// serve runs the fast server until standard input ends, and prints where.
func serve() error {
	var o fastserver.Options
	if err := params(&o); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	s := &http.Server{Handler: fastserver.New(o), ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }() // ends with the process
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// remote is a fast server in its own process.
type remote struct {
	t    testing.TB
	base string
}

func start(t testing.TB, o fastserver.Options) *remote {
	t.Helper()
	cmd := helper(t, "server", o)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	var addr string
	if _, err := fmt.Fscanln(out, &addr); err != nil {
		t.Fatal(err)
	}
	return &remote{t: t, base: "http://" + addr}
}

// counts returns the requests by operation since the last call.
func (r *remote) counts() map[string]int {
	r.t.Helper()
	resp, err := http.Get(r.base + "/counts")
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var m map[string]int
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil {
		r.t.Fatal(err)
	}
	return m
}

func sum(m map[string]int, in string) (n int) {
	for op, k := range m {
		if strings.Contains(op, in) {
			n += k
		}
	}
	return n
}

var built struct {
	once      sync.Once
	dir, path string
	err       error
}

// lanekeeper returns the binary to measure.
func lanekeeper(t testing.TB) string {
	t.Helper()
	if *binaryPath != "" {
		return *binaryPath
	}
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "lanekeeper-bench"); built.err != nil {
			return
		}
		built.path = filepath.Join(built.dir, "lanekeeper")
		out, err := exec.Command("go", "build", "-o", built.path, "../../cmd/lanekeeper").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}
