package docs

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const module = "github.com/lanekeeper/lanekeeper/"

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// found collects what an expression finds in all Go files whose names end in
// suffix.
func found(t *testing.T, root, suffix string, re *regexp.Regexp) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, suffix) {
			return err
		}
		for _, m := range re.FindAllStringSubmatch(read(t, path), -1) {
			out[m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryTestThatArchitectureNamesExists(t *testing.T) {
	have := found(t, "..", "_test.go", regexp.MustCompile(`(?m)^func (Test\w+)`))
	for _, name := range regexp.MustCompile(`Test\w+`).FindAllString(read(t, "architecture.md"), -1) {
		if !have[name] {
			t.Errorf("%s is not there any more", name)
		}
	}
}

func TestEveryMetricThatThePagesNameExists(t *testing.T) {
	known := read(t, "metrics.md")
	metric := regexp.MustCompile(`lanekeeper_[a-z_]+`)
	for _, page := range []string{"../README.md", "operations.md", "cookbook.md", "alerts.md", "../deploy/prometheus/rules.yaml"} {
		for _, name := range metric.FindAllString(read(t, page), -1) {
			base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
			if !strings.Contains(known, "`"+name+"`") && !strings.Contains(known, "`"+base+"`") {
				t.Errorf("%s: there is no metric %s", page, name)
			}
		}
	}
}

func TestEveryCommandThatThePagesNameExists(t *testing.T) {
	have := found(t, "../cmd/lanekeeper", ".go", regexp.MustCompile(`Use:\s+"([a-z]+)`))
	command := regexp.MustCompile("(?:`|\\./|-u lanekeeper )lanekeeper ([a-z]+)")
	for _, page := range []string{"../README.md", "operations.md", "cookbook.md", "alerts.md"} {
		for _, m := range command.FindAllStringSubmatch(read(t, page), -1) {
			if !have[m[1]] {
				t.Errorf("%s: there is no command %q", page, m[0])
			}
		}
	}
}

func TestLinksBetweenPagesLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for _, page := range []string{"../README.md", "../CHANGELOG.md", "operations.md", "cookbook.md", "architecture.md", "alerts.md", "sla.md"} {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

func TestShippedRulesAreValid(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (Debian package prometheus)")
	}
	if out, err := exec.Command(promtool, "check", "rules", "../deploy/prometheus/rules.yaml").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := exec.Command(promtool, "check", "config", "../deploy/prometheus/scrape.yaml").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// may says what each package may import of ours. A package that is not named
// may import nothing of ours; app and cmd put everything together.
var may = map[string][]string{
	"cmd/lanekeeper":                   {"internal/answer", "internal/app", "internal/config", "internal/issue", "internal/metrics", "internal/pilot", "internal/web"},
	"connectors":                       {"internal/issue"},
	"connectors/jira":                  {"connectors", "internal/issue"},
	"connectors/jira/jiratest":         {"internal/issue"},
	"connectors/jira/jiratest/openapi": {"connectors/jira/jiratest"},
	"connectors/linear":                {"connectors", "internal/issue"},
	"connectors/linear/lineartest":     {"internal/issue"},
	"internal/alert":                   {"connectors", "state"},
	"internal/audit":                   {"internal/issue", "policy", "state"},
	"internal/report":                  {"internal/issue"},
	"internal/answer":                  {"internal/backtest", "internal/issue", "internal/pilot", "internal/report", "policy", "policy/sla", "state"},
	"internal/backtest":                {"internal/issue", "policy"},
	"internal/config":                  {"connectors", "connectors/jira", "connectors/linear", "internal/alert", "internal/issue", "internal/oncall", "internal/signal", "policy"},
	"internal/exportfile":              {"connectors/jira", "connectors/linear", "internal/issue"},
	"internal/metrics":                 {"internal/issue"},
	"internal/pilot":                   {"internal/issue"},
	"internal/plan":                    {"internal/issue"},
	"internal/reconcile":               {"connectors", "internal/issue", "internal/plan", "policy", "policy/sla", "state"},
	"internal/fetch":                   {"connectors"},
	"internal/oncall":                  {"connectors", "internal/fetch", "internal/issue", "policy"},
	"internal/signal":                  {"connectors", "internal/fetch", "internal/issue", "policy"},
	"internal/web":                     {"connectors", "internal/answer", "internal/issue", "internal/pilot"},
	"policy":                           {"internal/issue", "policy/calendar"},
	"policy/sla":                       {"internal/issue", "policy", "policy/calendar"},
	"state":                            {"internal/issue", "policy"},
	"state/statetest":                  {"internal/issue", "policy", "state"},
}

func TestImportsKeepTheRules(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dec := jsontext.NewDecoder(bytes.NewReader(out)); dec.PeekKind() == '{'; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := json.UnmarshalDecode(dec, &p); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		if name == "internal/app" {
			continue // it builds everything
		}
		for _, i := range p.Imports {
			if one, ours := strings.CutPrefix(i, module); ours && !slices.Contains(may[name], one) {
				t.Errorf("%s must not import %s", name, one)
			}
		}
	}
}
