// Package docs has no code. Its tests keep the pages true: every example
// loads, every policy test in them passes, and every name they use exists.
package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/config"
	"github.com/lanekeeper/lanekeeper/policy"
)

// block is one fenced YAML example of a page.
type block struct {
	page, heading, text string
	line                int // of the page, where the text begins
}

// top reports whether the example has a top-level key.
func (b block) top(key string) bool {
	return strings.HasPrefix(b.text, key+":") || strings.Contains(b.text, "\n"+key+":")
}

func (b block) name() string { return fmt.Sprintf("%s:%d %s", b.page, b.line, b.heading) }

// blocks lists the YAML examples of a page.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	var open *block
	heading := ""
	for n, line := range strings.Split(string(b), "\n") {
		switch {
		case open == nil && strings.HasPrefix(line, "```yaml"):
			open = &block{page: page, heading: heading, line: n + 2}
		case open != nil && strings.HasPrefix(line, "```"):
			out = append(out, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimLeft(line, "# ")
		}
	}
	if open != nil {
		t.Fatalf("%s: the example is never closed", open.name())
	}
	return out
}

// example is the environment that examples are read in.
func example(name string) (string, bool) {
	if strings.HasSuffix(name, "_URL") {
		return "slack://hook:T00000000-B00000000-XXXXXXXXXXXXXXXXXXXXXXXX@webhook", true
	}
	return "a-token", true
}

// load reads an example as a configuration. Parts that the page leaves out,
// because they are not its subject, are added below it, so that the lines of
// messages are those of the example.
func load(t *testing.T, b block) *config.Config {
	t.Helper()
	text := b.text
	if !b.top("mode") {
		text += "mode: observe\n"
	}
	if !b.top("sources") {
		text += "sources: [{name: core, linear: {auth: {api_key_env: LINEAR_API_KEY}, teams: [ENG]}}]\n"
	}
	cfg, err := config.Parse(b.page, []byte(text), config.Options{Env: example})
	if err != nil {
		t.Fatalf("lines count from %s\n%v", b.name(), err)
	}
	for _, w := range cfg.Warnings {
		t.Errorf("lines count from %s\n%v", b.name(), w)
	}
	return cfg
}

func TestEveryExampleLoadsAndItsTestsPass(t *testing.T) {
	for _, page := range []string{"../README.md", "cookbook.md", "operations.md", "architecture.md", "alerts.md"} {
		var cfg *config.Config
		for _, b := range blocks(t, page) {
			t.Run(b.name(), func(t *testing.T) {
				if !b.top("tests") {
					cfg = load(t, b)
					return
				}
				if cfg == nil {
					t.Fatal("a policy test needs an example of a policy before it")
				}
				pass(t, cfg, b)
			})
		}
	}
}

// pass runs a file of policy tests against the example before it.
func pass(t *testing.T, cfg *config.Config, b block) {
	t.Helper()
	tests, problems := policy.LoadTests([]byte(b.text))
	for _, p := range problems {
		t.Errorf("%s: %s", b.name(), p)
	}
	results, _ := cfg.Set.Run(tests)
	for _, r := range results {
		for _, f := range r.Failures {
			t.Errorf("%s: %s: %s", b.name(), r.Name, f)
		}
	}
}

// Every recipe has a policy and a test, and there are ten of them at least.
func TestEveryRecipeHasAPolicyAndATest(t *testing.T) {
	policies, tests := map[string]int{}, map[string]int{}
	for _, b := range blocks(t, "cookbook.md") {
		if b.top("tests") {
			tests[b.heading]++
		} else {
			policies[b.heading]++
		}
	}
	if len(policies) < 10 {
		t.Errorf("the cookbook has %d recipes, want ten at least", len(policies))
	}
	for heading, n := range policies {
		if n != 1 || tests[heading] != 1 {
			t.Errorf("%s: %d policies and %d tests, want one of each", heading, n, tests[heading])
		}
	}
}

func TestTheFirstRecipeIsTheBuiltInPolicy(t *testing.T) {
	first := load(t, blocks(t, "cookbook.md")[0])
	builtIn := load(t, block{page: "cookbook.md", text: "mode: observe\n"})
	if first.Set.Hash() != builtIn.Set.Hash() {
		t.Error("the recipe of the first day decides otherwise than no policy at all")
	}
}
