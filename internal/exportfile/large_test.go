package exportfile

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// The file is as large as design demands; what reading needs beside the trimmed
// issues must stay below the bound.
const (
	largeFile  = 200 << 20
	largeBound = 150 << 20
)

// generated is a file that is made while it is read.
type generated struct {
	row  func(n int) string
	end  string
	n    int
	left int
	text string
	peak uint64
	step int
}

func (g *generated) Read(b []byte) (int, error) {
	if g.text == "" {
		if g.left <= 0 {
			if g.end == "" {
				return 0, io.EOF
			}
			g.text, g.end = g.end, ""
		} else {
			g.text = g.row(g.n)
			g.n++
			g.left -= len(g.text)
		}
	}
	n := copy(b, g.text)
	g.text = g.text[n:]
	if g.step += n; g.step > 1<<20 {
		g.step = 0
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		g.peak = max(g.peak, m.HeapInuse)
	}
	return n, nil
}

func TestALargeFileNeedsLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads 200 MB")
	}
	long := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 100)
	for name, g := range map[string]*generated{
		"Jira CSV": {row: func(n int) string {
			if n == 0 {
				return "Issue key,Summary,Status,Priority,Labels,Description,Comment\n"
			}
			return fmt.Sprintf("PAY-%d,Title of %d,Open,High,a,\"%s\",\"%s\"\n", n, n, long, long)
		}},
		"Jira JSON": {end: "]}", row: func(n int) string {
			head := ","
			if n == 0 {
				head = `{"issues":[`
			}
			return head + fmt.Sprintf(`{"id":"%d","key":"PAY-%d","fields":{"summary":"Title of %d","status":{"name":"Open","statusCategory":{"key":"new"}},"description":"%s","comment":{"total":1,"comments":[{"body":"%s"}]}}}`, n+1, n+1, n, long, long)
		}},
	} {
		g.left = largeFile
		runtime.GC()
		c, err := Read(g, Options{Inputs: issue.InputLabels, Empty: everything})
		if err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		beside := g.peak - min(g.peak, m.HeapAlloc)
		t.Logf("%s: %d MB, %d issues; at most %.1f MB of heap, %.1f MB beside the issues", name, largeFile>>20, len(c.Issues), float64(g.peak)/(1<<20), float64(beside)/(1<<20))
		if c.BadRows != 0 || c.Cut != "" || len(c.Issues) < largeFile/12000 || beside > largeBound {
			t.Errorf("%s: %d issues, %d bad, %s, %d bytes beside", name, len(c.Issues), c.BadRows, c.Cut, beside)
		}
		runtime.KeepAlive(c)
	}
}
