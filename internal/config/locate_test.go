package config

import (
	"strings"
	"testing"
)

// The value of each document's key holds one @; its place in the source is what
// inside must find.
func TestAPlaceInsideAScalarIsItsPlaceInTheFile(t *testing.T) {
	for name, src := range map[string]string{
		"plain":                              "k: abc @ d\n",
		"plain over lines":                   "k: abc\n  def\n   @ d\n",
		"plain with a blank line":            "k: abc\n\n  def @\n",
		"plain with two blank lines":         "k: abc\n\n\n  @\n",
		"after a comment and wide letters":   "# ü\n\nk: 'äöü ☂ @'\n",
		"single quotes with a doubled quote": "k: 'it''s ''x'' @'\n",
		"single quotes over lines":           "k: 'a ''b''\n  c\n\n  @ d'\n",
		"double quotes with escapes":         `k: "\"a\" \u00e4 \x41 \U0001F600 \\ @"` + "\n",
		"double quotes with a line break":    `k: "a\nb @"` + "\n",
		"double quotes over lines":           "k: \"a\n  b\n\n  @ c\"\n",
		"double quotes with an escaped end":  "k: \"a \\\n    @ b\"\n",
		"literal block":                      "k: |\n  a\n  b @\n",
		"literal block, indented text":       "k: |\n    a\n      b\n\n    c @\n",
		"literal block, first line indented": "k: |2\n     a\n  b @\n",
		"literal block, kept end":            "k: |+\n  a\n\n  @\n\n",
		"literal block, blank line first":    "k: |\n\n  a @\n",
		"folded block":                       "k: >-\n  a b\n  c @ d\n",
		"folded block with blank lines":      "k: >\n  a\n\n  b\n\n\n  c @\n",
		"carriage returns":                   "k: |\r\n  a\r\n  b @\r\n",
		"flow mapping":                       "{k: \"a @\", l: 1}\n",
	} {
		t.Run(name, func(t *testing.T) {
			out := &collector{}
			root := read("f", []byte(src), out)
			if root == nil || out.err() != nil {
				t.Fatalf("not read: %v", out.err())
			}
			e, _ := root.get("k")
			before, _, ok := strings.Cut(e.value.text, "@")
			if !ok {
				t.Fatalf("the value %q lost its mark", e.value.text)
			}
			line := strings.Count(before, "\n") + 1
			col := len([]rune(before[strings.LastIndex(before, "\n")+1:])) + 1
			head, _, _ := strings.Cut(src, "@")
			want := pos{strings.Count(head, "\n") + 1, len([]rune(head[strings.LastIndex(head, "\n")+1:])) + 1}
			if got := e.value.inside(line, col); got != want {
				t.Errorf("%q at %d:%d is %v, want %v", e.value.text, line, col, got, want)
			}
		})
	}
}

func TestAPlaceThatDoesNotExistIsTheScalars(t *testing.T) {
	root := read("f", []byte("k: 'a'\n"), &collector{})
	e, _ := root.get("k")
	for _, at := range []pos{{0, 0}, {2, 1}, {-1, 5}} {
		if got := e.value.inside(at.line, at.col); got != (pos{1, 4}) {
			t.Errorf("%v is %v", at, got)
		}
	}
	if got := e.value.inside(1, 99); got != (pos{1, 6}) {
		t.Errorf("past the end is %v, want the end", got)
	}
}
