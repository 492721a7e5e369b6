package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// The bounds of a configuration file. They are far above any real one and keep
// a wrong file from eating the machine.
const (
	maxSize  = 256 << 10 // bytes; the parser takes time with the square of its keys
	maxDepth = 100       // brackets, or marks in a line, inside one another
	maxNodes = 200_000   // values after aliases are followed
)

// readFile reads a regular file of at most limit bytes. The error is short and
// has no path in it.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, bare(err)
	}
	switch {
	case info.IsDir():
		return nil, errors.New("is a directory")
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, bare(err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("is larger than %d KiB", limit>>10)
	}
	return b, nil
}

// bare takes the path out of a file error: the problem names it already.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// read parses YAML into one node. Where it cannot, it reports why and returns
// nil.
func read(name string, data []byte, out *collector) *node {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	f := &file{name: name, lines: strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")}
	if p, ok := unreadable(f, data); ok {
		out.add(p)
		return nil
	}
	tree, err := parse(data)
	if err != nil {
		out.add(syntaxProblem(f, err))
		return nil
	}
	r := &reader{file: f, out: out, anchors: map[string]*node{}}
	return r.document(tree)
}

// unreadable finds what the parser should not even see.
func unreadable(f *file, data []byte) (Problem, bool) {
	if len(data) > maxSize {
		return Problem{File: f.name, Line: 1, Col: 1, Message: fmt.Sprintf("is larger than %d KiB", maxSize>>10)}, true
	}
	depth := 0
	for i, l := range f.lines {
		if !utf8.ValidString(l) {
			col := utf8.RuneCountInString(l[:invalidAt(l)]) + 1
			return Problem{File: f.name, Line: i + 1, Col: col, Message: "is not UTF-8 text; save the file as UTF-8"}, true
		}
		if at := strings.IndexFunc(l, control); at >= 0 {
			col := utf8.RuneCountInString(l[:at]) + 1
			return Problem{File: f.name, Line: i + 1, Col: col, Message: "holds a control character"}, true
		}
		deepest, after := nesting(l, depth)
		if depth = after; deepest+opening(l) > maxDepth {
			return Problem{File: f.name, Line: i + 1, Col: 1, Message: "is nested too deeply"}, true
		}
	}
	return Problem{}, false
}

// control reports characters that YAML does not allow in a file.
func control(c rune) bool { return c < ' ' && c != '\t' && c != '\r' || c == 0x7f }

// invalidAt is the first byte of l that is not UTF-8.
func invalidAt(l string) int {
	for i, c := range l {
		if c == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(l[i:]); size == 1 {
				return i
			}
		}
	}
	return 0
}

// nesting follows the brackets of a line that begins inside of depth others: how
// deep it gets and where it ends. Brackets in texts count too; the limit leaves
// room for them.
func nesting(l string, depth int) (deepest, after int) {
	deepest = depth
	for _, c := range l {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		}
		deepest = max(deepest, depth)
	}
	return deepest, depth
}

// opening counts the list, key, tag and anchor marks that a line begins with:
// each nests what follows.
func opening(l string) int {
	n := 0
	for _, word := range strings.Fields(l) {
		if !strings.ContainsAny(word[:1], "-?!&[{:") {
			break
		}
		n += len(word)
	}
	return n
}

// parse runs the YAML parser and turns a panic of it into an error.
func parse(data []byte) (tree *ast.File, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("is not YAML that can be read: %v", v)
		}
	}()
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

// syntaxProblem gives the parser's error our form.
func syntaxProblem(f *file, err error) Problem {
	p := Problem{File: f.name, Line: 1, Col: 1, Message: err.Error()}
	if e, ok := errors.AsType[yaml.Error](err); ok {
		at := (&reader{}).at(e.GetToken())
		p.Line, p.Col, p.Message = at.line, at.col, "syntax: "+e.GetMessage()
	}
	p.Line = min(p.Line, len(f.lines))
	if strings.Contains(leading(f.lines[p.Line-1]), "\t") {
		p.Message = "syntax: tabs cannot indent in YAML; use spaces"
		p.Col = strings.Index(f.lines[p.Line-1], "\t") + 1
	}
	return p
}

func leading(l string) string { return l[:len(l)-len(strings.TrimLeft(l, " \t"))] }

// document reads the one document that a file holds. A file without any is an
// empty mapping.
func (r *reader) document(tree *ast.File) *node {
	var root *node
	for _, d := range tree.Docs {
		if d.Body == nil {
			continue
		}
		if _, ok := d.Body.(*ast.DirectiveNode); ok {
			continue
		}
		if root != nil {
			r.problem(d.Body, "", "a second document begins here; one file holds one document")
			break
		}
		root = r.value(d.Body, "")
	}
	if root == nil || root.kind == null {
		return &node{kind: mapping, file: r.file, pos: pos{1, 1}}
	}
	return root
}
