package config

import (
	"strings"
	"unicode/utf8"
)

// inside returns the place in the file of the character at line and col
// (both from 1) of a text's value: the value of a quoted, folded or block
// scalar is not where its first character is. A place that cannot be followed
// is the scalar's own.
func (n *node) inside(line, col int) pos {
	target, ok := offset(n.text, line, col)
	if !ok || n.kind != text {
		return n.pos
	}
	c := cursor{lines: n.file.lines, pos: n.pos}
	if !c.enter(n) {
		return n.pos
	}
	for i, r := range []rune(n.text) {
		c.settle(r, n.style)
		if i == target {
			return c.pos
		}
		if !c.over(r, n.style) {
			return n.pos
		}
	}
	return c.pos
}

// offset is the number of characters before line:col in s.
func offset(s string, line, col int) (int, bool) {
	lines := strings.Split(s, "\n")
	if line < 1 || line > len(lines) || col < 1 {
		return 0, false
	}
	n := 0
	for _, l := range lines[:line-1] {
		n += utf8.RuneCountInString(l) + 1
	}
	return n + min(col-1, utf8.RuneCountInString(lines[line-1])), true
}

// A cursor walks the source text of a scalar along with its value.
type cursor struct {
	lines  []string
	pos    pos
	indent int // of a block scalar's lines
}

// rest is the source from the cursor to the end of its line.
func (c *cursor) rest() []rune {
	if c.pos.line > len(c.lines) {
		return nil
	}
	l := []rune(c.lines[c.pos.line-1])
	return l[min(c.pos.col-1, len(l)):]
}

// enter moves from the scalar's mark to its first character.
func (c *cursor) enter(n *node) bool {
	switch n.style {
	case single, double:
		c.pos.col++
	case literal, folded:
		c.indent = blockIndent(c.lines, n.pos.line, n.text)
		c.pos = pos{n.pos.line + 1, 1}
		c.unindent()
	}
	return c.pos.line <= len(c.lines)
}

// blockIndent is the indent of a block scalar whose mark is in line: that of
// its first line that is not blank, less the spaces that belong to the value.
func blockIndent(lines []string, line int, value string) int {
	own := 0
	for _, v := range strings.Split(value, "\n") {
		if strings.TrimSpace(v) != "" {
			own = len(v) - len(strings.TrimLeft(v, " "))
			break
		}
	}
	for _, l := range lines[min(line, len(lines)):] {
		if trimmed := strings.TrimLeft(l, " "); trimmed != "" {
			return max(len(l)-len(trimmed)-own, 0)
		}
	}
	return 0
}

// unindent moves past the indent of a block scalar's line.
func (c *cursor) unindent() {
	c.pos.col += min(c.indent, len(c.rest()))
}

// settle leaves a line whose rest spells nothing of the value: its end was a
// blank line's break, or is escaped.
func (c *cursor) settle(r rune, s style) {
	src := string(c.rest())
	ended := strings.TrimSpace(src) == "" && r != ' ' && r != '\n' && s != literal
	if ended || s == double && src == "\\" {
		c.newline(s)
	}
}

// over moves past the source of one character of the value; false is a source
// that does not spell the value.
func (c *cursor) over(r rune, s style) bool {
	src := c.rest()
	ended := strings.TrimSpace(string(src)) == ""
	switch {
	case ended && (r == '\n' || r == ' ' && s != literal):
		c.newline(s)
	case len(src) == 0:
		return false
	case s == double && src[0] == '\\':
		c.pos.col += escape(src)
	case s == single && r == '\'':
		c.pos.col += 2
	case src[0] == r:
		c.pos.col++
	default:
		return false
	}
	return true
}

// newline moves to the first character of the next line that may belong to the
// value.
func (c *cursor) newline(s style) {
	c.pos = pos{c.pos.line + 1, 1}
	if s == literal || s == folded {
		c.unindent()
		return
	}
	if c.pos.line <= len(c.lines) {
		c.pos.col = len(leading(c.lines[c.pos.line-1])) + 1
	}
}

// escape is the number of characters that a backslash escape takes.
func escape(src []rune) int {
	if len(src) < 2 {
		return 1
	}
	switch src[1] {
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	}
	return 2
}
