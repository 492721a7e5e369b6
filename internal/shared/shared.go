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

// Find returns the path of a shared file such as "spec/linear.graphql", and
// whether it is there. LANEKEEPER_SHARED names another folder than the one
// beside the module.
func Find(name string) (path string, found bool) {
	dir := os.Getenv("LANEKEEPER_SHARED")
	if dir == "" {
		dir = filepath.Join(module(), "..", "shared")
	}
	path = filepath.Join(dir, filepath.FromSlash(name))
	_, err := os.Stat(path)
	return path, err == nil
}

// File is Find for a test that cannot do without the file: the test skips with
// one line where it is missing, or fails where LANEKEEPER_NEED_SHARED is set.
func File(t testing.TB, name string) string {
	t.Helper()
	path, found := Find(name)
	switch {
	case found:
	case os.Getenv("LANEKEEPER_NEED_SHARED") != "":
		t.Fatalf("%s is demanded here and missing", path)
	default:
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

// module is the folder of go.mod above the working directory, "" without one.
func module() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}
