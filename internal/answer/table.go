package answer

import (
	"strings"

	"github.com/rivo/uniseg"
)

// column is one column of a table.
type column struct {
	head  string
	right bool // numbers
	flex  bool // may be cut to fit the width
}

// cell is a text with the colour it is shown in.
type cell struct {
	text  string
	color color
}

// table is aligned by display width, which is not the number of characters.
type table struct {
	columns []column
	rows    [][]cell
	indent  int
}

const (
	gap     = 2  // between columns
	minFlex = 12 // a flexible column is not cut below this
)

func (t *table) row(cells ...cell) { t.rows = append(t.rows, cells) }

// text makes a cell without colour.
func text(s string) cell { return cell{text: s} }

// write renders the table; without rows nothing.
func (t *table) write(b *strings.Builder, s Style) {
	if len(t.rows) == 0 {
		return
	}
	for _, r := range t.rows {
		for i := range r {
			r[i].text = Clean(r[i].text)
		}
	}
	widths := t.widths(s.Width)
	if t.headed() {
		head := make([]cell, len(t.columns))
		for i, c := range t.columns {
			head[i] = cell{c.head, faint}
		}
		t.line(b, s, head, widths)
	}
	for _, r := range t.rows {
		t.line(b, s, r, widths)
	}
}

func (t *table) headed() bool {
	for _, c := range t.columns {
		if c.head != "" {
			return true
		}
	}
	return false
}

// widths are the columns' natural widths; the widest flexible column gives way
// until the table fits.
func (t *table) widths(limit int) []int {
	w := make([]int, len(t.columns))
	for i, c := range t.columns {
		w[i] = Width(c.head)
		for _, r := range t.rows {
			w[i] = max(w[i], Width(r[i].text))
		}
	}
	over := t.indent + gap*(len(w)-1) - limit
	for _, n := range w {
		over += n
	}
	for limit > 0 && over > 0 {
		i := t.widest(w)
		if i < 0 {
			break
		}
		w[i]--
		over--
	}
	return w
}

// widest is the widest flexible column that may still be cut, -1 for none.
func (t *table) widest(w []int) int {
	best := -1
	for i, c := range t.columns {
		if c.flex && w[i] > minFlex && (best < 0 || w[i] > w[best]) {
			best = i
		}
	}
	return best
}

func (t *table) line(b *strings.Builder, s Style, cells []cell, widths []int) {
	var line strings.Builder
	line.WriteString(strings.Repeat(" ", t.indent))
	for i, c := range cells {
		shown := Truncate(c.text, widths[i])
		pad := strings.Repeat(" ", max(0, widths[i]-Width(shown)))
		if t.columns[i].right {
			line.WriteString(pad)
		}
		line.WriteString(s.paint(c.color, shown))
		if i < len(cells)-1 {
			if !t.columns[i].right {
				line.WriteString(pad)
			}
			line.WriteString(strings.Repeat(" ", gap))
		}
	}
	b.WriteString(strings.TrimRight(line.String(), " "))
	b.WriteByte('\n')
}

// Width is the number of terminal columns that s takes: 2 for CJK and emoji, 0
// for combining marks.
func Width(s string) int { return uniseg.StringWidth(s) }

// Truncate cuts s to at most width columns, between characters as people see
// them, and marks the cut with an ellipsis. A width of 0 or less is no limit.
func Truncate(s string, width int) string {
	if width <= 0 || Width(s) <= width {
		return s
	}
	used, end, state := 0, 0, -1
	for rest := s; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+w > width-1 {
			break
		}
		used += w
		end += len(cluster)
	}
	return s[:end] + "…"
}
