package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a configuration, or that deserves a
// warning.
type Problem struct {
	File string
	// Line and Col count from 1, Col in characters. They are 0 where the file
	// itself could not be read.
	Line, Col  int
	Path       string // such as policy.lanes[2].when; "" is the whole file
	Message    string
	Suggestion string // what to do, such as: did you mean "mode"?

	unread bool // the value at Path could not be taken
}

// String is FILE:LINE:COL: path: message (suggestion), on one line.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Col)
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(strings.Join(strings.Fields(p.Message), " "))
	if p.Suggestion != "" {
		b.WriteString(" (" + p.Suggestion + ")")
	}
	return b.String()
}

// Problems is the error of a configuration that cannot be used: everything
// that is wrong with it, sorted by file, line and column.
type Problems struct{ List []Problem }

// Error gives each problem a line.
func (p *Problems) Error() string {
	lines := make([]string, len(p.List))
	for i, one := range p.List {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// A collector gathers problems and warnings while a file is read.
type collector struct {
	problems, warnings []Problem
	unread             map[string]bool // paths of the values that could not be read
}

func (c *collector) add(p Problem) {
	c.problems = append(c.problems, p)
	if p.unread {
		if c.unread == nil {
			c.unread = map[string]bool{}
		}
		c.unread[p.Path] = true
	}
}

func (c *collector) warn(p Problem) { c.warnings = append(c.warnings, p) }

// err returns the problems as an error, or nil where there are none.
func (c *collector) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	return &Problems{List: tidy(c.problems)}
}

// tidy sorts problems and drops repeated ones, which aliases can cause.
func tidy(ps []Problem) []Problem {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, a.Col-b.Col,
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(ps)
}

// join appends a key to a path.
func join(path, key string) string {
	if !wordKey(key) {
		return fmt.Sprintf("%s[%q]", path, key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// wordKey reports whether a key reads well after a dot.
func wordKey(s string) bool {
	for _, c := range s {
		if c != '_' && c != '-' && c != '/' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// didYouMean suggests the candidate that is nearest to word, if one is near.
func didYouMean(word string, candidates []string) string {
	if s := nearest(word, candidates); s != "" {
		return fmt.Sprintf("did you mean %q?", s)
	}
	return ""
}

// nearest returns the candidate that a person who wrote word probably meant,
// or "".
func nearest(word string, candidates []string) string {
	best, least := "", max(1, len([]rune(word))/3)+1
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < least && d < len(c) {
			best, least = c, d
		}
	}
	if best == word {
		return ""
	}
	return best
}

// distance is the number of characters to insert, drop, replace or swap with
// their neighbour (optimal string alignment) to make b of a. Words too long to
// be a misspelt key are infinitely far.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	if len(s) > 100 || len(t) > 100 {
		return len(s) + len(t)
	}
	d := make([][]int, len(s)+1)
	for i := range d {
		d[i] = make([]int, len(t)+1)
		d[i][0] = i
	}
	for j := range t {
		d[0][j+1] = j + 1
	}
	for i := range s {
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			d[i+1][j+1] = min(d[i][j+1]+1, d[i+1][j]+1, d[i][j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				d[i+1][j+1] = min(d[i+1][j+1], d[i-1][j-1]+1)
			}
		}
	}
	return d[len(s)][len(t)]
}
