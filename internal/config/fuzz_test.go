package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse: whatever the file holds, Parse neither panics nor fails without
// saying where, and no message breaks a line or shows a secret.
func FuzzParse(f *testing.F) {
	seeds, _ := filepath.Glob("testdata/bad/*.yaml")
	for _, s := range append(seeds, "testdata/design.yaml", "../../config.example.yaml") {
		b, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, s := range []string{
		"a: &a [*a]", "? [a]\n: b", "&a", "*a", "!!str", "<<: *x", "a: |\n", "- - - -", "%YAML 1.2\n---\n", "{", "mode: 'x", "\ufeffmode: observe",
		"a: &x {b: &y [*x]}", "policy: {teams: {x: *x}}", "mode: !!str 1", "? a", ": b", "'': ''", "mode: &m observe\nsources: *m",
	} {
		f.Add([]byte(s))
	}
	env := func(k string) (string, bool) { return "hunter2", k != "" }
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.Contains(string(data), "hunter2") {
			t.Skip()
		}
		c, err := Parse("x.yaml", data, Options{Env: env})
		if err == nil {
			if c.Mode == "" || len(c.Sources) == 0 || c.Set == nil || c.Schedule.Pull.Schedule == nil {
				t.Fatalf("a configuration loaded that is not valid: %+v", c)
			}
			checkPlaces(t, c.Warnings, string(data))
			return
		}
		ps, ok := errors.AsType[*Problems](err)
		if !ok || len(ps.List) == 0 {
			t.Fatalf("not a list of problems: %v", err)
		}
		checkPlaces(t, ps.List, string(data))
		if n := strings.Count(err.Error(), "\n") + 1; n != len(ps.List) {
			t.Errorf("%d problems in %d lines:\n%s", len(ps.List), n, err)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a secret is in the message:\n%s", err)
		}
	})
}

// checkPlaces checks that every problem points into its file.
func checkPlaces(t *testing.T, ps []Problem, data string) {
	t.Helper()
	// A carriage return alone is a line break too (YAML 1.2, 5.4).
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(data), "\n")
	for _, p := range ps {
		if p.File != "x.yaml" {
			continue // a policy_file that the fuzzer found
		}
		if p.Line < 1 || p.Line > len(lines) || p.Col < 1 || p.Col > len([]rune(lines[p.Line-1]))+2 {
			t.Errorf("%q points outside of the file (%d lines)", p, len(lines))
		}
	}
}
