package answer

import (
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"
)

// document collects the text of one answer.
type document struct {
	strings.Builder
	Style
}

func (d *document) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, d.String())
	return err
}

// blank separates sections; at the top of the text it does nothing.
func (d *document) blank() {
	if d.Len() > 0 {
		d.WriteByte('\n')
	}
}

// heading starts a section.
func (d *document) heading(s string) {
	d.blank()
	d.WriteString(d.paint(bold, s) + "\n")
}

// line writes a paragraph, folded at the width.
func (d *document) line(format string, args ...any) { d.para(0, none, fmt.Sprintf(format, args...)) }

// item writes an indented paragraph.
func (d *document) item(c color, format string, args ...any) {
	d.para(2, c, fmt.Sprintf(format, args...))
}

// para folds cleaned text at blanks; words are never cut. Lines after the first
// are indented by two more, where there is an indent.
func (d *document) para(indent int, c color, s string) {
	lead := strings.Repeat(" ", indent)
	for n, l := range fold(Clean(s), d.Width-2*indent) {
		if n == 1 && indent > 0 {
			lead += "  "
		}
		d.WriteString(lead + d.paint(c, l) + "\n")
	}
}

// fold breaks s into lines of at most width columns at the places where its
// script allows it.
func fold(s string, width int) []string {
	if width <= 0 || Width(s) <= width {
		return []string{s}
	}
	var lines []string
	var line strings.Builder
	used, state := 0, -1
	for s != "" {
		var part string
		part, s, _, state = uniseg.FirstLineSegmentInString(s, state)
		w := Width(strings.TrimRight(part, " "))
		if used > 0 && used+w > width {
			lines = append(lines, strings.TrimRight(line.String(), " "))
			line.Reset()
			used = 0
		}
		line.WriteString(part)
		used += Width(part)
	}
	return append(lines, strings.TrimRight(line.String(), " "))
}

func (d *document) table(t *table) { t.write(&d.Builder, d.Style) }
