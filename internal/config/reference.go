package config

import (
	"fmt"
	"strings"
)

// Reference returns the reference of all keys as Markdown, from the same types
// and table that the decoder uses. docs/configuration.md is its output.
func Reference() []byte {
	var b strings.Builder
	b.WriteString(referenceHead)
	top := root()
	var loose []*shape
	for _, f := range top.fields {
		if f.fields == nil && f.elem == nil {
			loose = append(loose, f)
		}
	}
	section := func(title string, keys []*shape) {
		fmt.Fprintf(&b, "\n## %s\n\n| key | type | default | meaning |\n|---|---|---|---|\n", title)
		for _, k := range keys {
			b.WriteString(k.row())
		}
	}
	section("Single keys", loose)
	for _, f := range top.fields {
		if f.fields == nil && f.elem == nil {
			continue
		}
		keys := []*shape{f}
		f.walk(func(s *shape) {
			if s.name != "" { // an element is told by its list
				keys = append(keys, s)
			}
		})
		section("`"+f.name+"`", keys)
	}
	return []byte(b.String())
}

const referenceHead = `# Configuration reference

This page is generated from the code; ` + "`go test ./internal/config -update`" + ` writes it anew. ` + "`config.example.yaml`" + ` shows every key in
use, and ` + "`lanekeeper schema`" + ` prints a JSON Schema for editors.

- The file is YAML. Unknown and repeated keys are errors, and so are values of another type: text that looks like a number goes in quotes.
  Anchors, aliases and ` + "`<<`" + ` work. An empty value counts as absent.
- All problems are reported together, each as ` + "`FILE:LINE:COL: path: what is wrong`" + `.
- A duration is one or more numbers with units: ` + "`w d h m s ms`" + `, such as ` + "`30m`, `6h30m`, `14d`" + `. A day is 24 hours.
- A relative path starts from the folder of the configuration file.
- A secret never stands in the file: ` + "`…_file`" + ` names a file that holds it, ` + "`…_env`" + ` an environment variable.
- In the tables ` + "`[]`" + ` stands for each element of a list and ` + "`*`" + ` for a name of your choice.
`

// row is the key's line in its table.
func (s *shape) row() string {
	value := "none"
	switch {
	case s.key.required:
		value = "**required**"
	case s.key.def != "":
		value = "`" + strings.Trim(s.key.def, `"`) + "`"
	case s.key.given != "":
		value = s.key.given
	case s.kind == shapeSection:
		value = "see below"
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s%s |\n", s.path, s.typeName(), cell(value), cell(s.key.doc), s.bounds())
}

// cell keeps a text from ending its table cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

// bounds says between which numbers a value must be.
func (s *shape) bounds() string {
	var out []string
	if s.key.least != nil {
		out = append(out, fmt.Sprintf("at least %g", *s.key.least))
	}
	if s.key.above != nil {
		out = append(out, fmt.Sprintf("above %g", *s.key.above))
	}
	if s.key.most != nil {
		out = append(out, fmt.Sprintf("at most %g", *s.key.most))
	}
	if s.key.shortest > 0 {
		out = append(out, "at least "+FormatDuration(s.key.shortest))
	}
	if len(out) == 0 {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}
