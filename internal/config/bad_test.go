package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text with a file of testdata, or writes the file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		write(t, path, got)
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update and read what it wrote", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: want - got + (run with -update to accept)\n%s", path, diff)
	}
}

func TestEachMistakeHasItsMessages(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".yaml"), func(t *testing.T) {
			c, err := Parse(f, read1(t, f), Options{Env: testEnv})
			var b strings.Builder
			if err != nil {
				b.WriteString(err.Error() + "\n")
			} else {
				for _, w := range c.Warnings {
					b.WriteString("warning: " + w.String() + "\n")
				}
			}
			if b.Len() == 0 {
				t.Error("neither a problem nor a warning")
			}
			golden(t, strings.TrimSuffix(f, ".yaml")+".txt", b.String())
		})
	}
}
