// Package shared finds the files beside the repository that some tests read:
// the trackers' published schemas and the real issues. A stranger has none of
// them, so those tests skip; where the environment demands the files, as the
// project's own CI does, their absence fails.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// File returns the path of a shared file such as "spec/linear.graphql". Without
// it the test skips with one line, or fails where LANEKEEPER_NEED_SHARED is
// set. LANEKEEPER_SHARED names another folder than the one beside the module.
func File(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("LANEKEEPER_SHARED")
	if dir == "" {
		dir = filepath.Join(module(t), "..", "shared")
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("LANEKEEPER_NEED_SHARED") != "" {
			t.Fatalf("%s is demanded here and missing", path)
		}
		t.Skipf("shared/%s is not beside the repository (set LANEKEEPER_SHARED)", name)
	}
	return path
}

// Read returns the content of a shared file, under the terms of File.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(File(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// module is the folder of go.mod.
func module(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = up
	}
}
