package web_test

import (
	"context"
	"flag"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/answer"
)

var (
	update = flag.Bool("update", false, "rewrite the golden files")
	shots  = flag.String("screenshots", "", "keep screenshots of the pages in this folder")
)

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make it with go test ./internal/web -update", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs; look at the change and run go test ./internal/web -update (-want +got):\n%s", name, d)
	}
}

// small is a fake with few issues, so that goldens can be read.
func small() *fake {
	f := newFake()
	f.items = f.items[:5]
	return f
}

func TestPages(t *testing.T) {
	paused := small()
	paused.sources.Pause = &answer.Pause{Paused: true, At: now.Add(-time.Hour), By: "Ana", Reason: "release freeze"}
	empty := &fake{}
	for _, c := range []struct {
		name, target string
		from         *fake
	}{
		{"overview", "/", small()},
		{"overview-paused", "/", paused},
		{"overview-empty", "/", empty},
		{"issues", "/issues?lane=hotfix", small()},
		{"issues-none", "/issues?q=nothing-like-this", small()},
		{"issue", "/issues/payments/PAY-1", small()},
		{"error", "/issues/payments/NO-1", small()},
	} {
		t.Run(c.name, func(t *testing.T) {
			golden(t, c.name+".html", ask(server(t, c.from), "GET", c.target, "").Body.String())
		})
	}
}

func TestAMaliciousTitleIsOnlyText(t *testing.T) {
	body := ask(server(t, small()), "GET", "/issues/payments/PAY-1", "").Body.String()
	if !strings.Contains(body, "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;") {
		t.Error("the title is not shown as text")
	}
	if strings.Contains(body, "<b>Díaz") {
		t.Error("a person's name is taken for HTML")
	}
}

func TestALinkFromTheTrackerCannotRun(t *testing.T) {
	f := small()
	h := server(t, f)
	body := ask(h, "GET", "/issues?q="+"%22%3E%3Cscript%3E", "").Body.String()
	if strings.Contains(body, `"><script>`) {
		t.Error("the search text leaves its attribute")
	}
}

// TestPagesInABrowser opens pages in Chromium and checks that something was
// drawn. With -screenshots it opens all of them, narrow, wide and dark, and
// keeps the pictures for people to look at.
func TestPagesInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser is slow to start")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed (Debian package chromium)")
	}
	dir := *shots
	if dir == "" {
		dir = t.TempDir()
	}
	f := newFake()
	f.sources.Pause = &answer.Pause{Paused: true, At: now.Add(-time.Hour), By: "Ana", Reason: "release freeze"}
	srv := httptest.NewServer(server(t, f))
	defer srv.Close()
	for name, c := range map[string]struct{ target, size, dark string }{
		"overview":       {"/", "1200,1800", ""},
		"overview-phone": {"/", "500,2400", "dark"},
		"issues":         {"/issues", "1200,1400", "dark"},
		"issue":          {"/issues/payments/PAY-1", "1200,1700", ""},
		"plan":           {"/plans/p-7f3a09", "1200,900", ""},
	} {
		if *shots == "" && name != "overview" && name != "issue" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			file := filepath.Join(dir, name+".png")
			args := []string{
				"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=" + t.TempDir(),
				"--window-size=" + c.size, "--screenshot=" + file,
			}
			if c.dark != "" {
				args = append(args, "--blink-settings=preferredColorScheme=0")
			}
			if out, err := exec.CommandContext(ctx, browser, append(args, srv.URL+c.target)...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() < 20_000 {
				t.Errorf("the page is nearly blank: %d bytes of PNG", info.Size())
			}
		})
	}
}

func TestThePageOfAPlanLetsAPersonJudgeIt(t *testing.T) {
	res := ask(server(t, small()), "GET", "/plans/p-7f3a09", "")
	if res.Code != 200 {
		t.Fatalf("status %d: %s", res.Code, res.Body)
	}
	for _, want := range []string{
		"lanekeeper approve p-7f3a09", "It expires", "As held: 490 · already so: 7 · issue gone: 4", "<td>hotfix</td><td>501</td>",
		"<td>lane</td><td>lane:stability</td><td>lane:hotfix</td><td>501</td>", "The largest moves", "<td>payments/PAY-1</td><td>3</td><td>1</td><td>88.46</td>",
	} {
		if !strings.Contains(res.Body.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
