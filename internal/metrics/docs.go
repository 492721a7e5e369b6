package metrics

import (
	"fmt"
	"io"
	"strings"
)

// WriteDocs writes the documentation of every metric as Markdown.
func WriteDocs(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Metrics\n\nServed at `/metrics`. This page is generated from the code:\n" +
		"`go test ./internal/metrics -update`.\n\n| name | type | labels | meaning |\n|---|---|---|---|\n")
	for _, d := range Definitions() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Name, d.Kind, strings.Join(d.Labels, ", "), d.Help)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
