package jiratest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// document writes text as an Atlassian document: a paragraph for each block,
// hard breaks for the lines.
func document(w *writer, text string) {
	w.obj()
	w.kstr("type", "doc")
	w.kint("version", 1)
	w.key("content")
	w.arr()
	for block := range strings.SplitSeq(text, "\n\n") {
		w.obj()
		w.kstr("type", "paragraph")
		w.key("content")
		w.arr()
		for i, line := range strings.Split(block, "\n") {
			if i > 0 {
				w.obj()
				w.kstr("type", "hardBreak")
				w.end()
			}
			if line = strings.TrimSuffix(line, "\r"); line == "" {
				continue
			}
			w.obj()
			w.kstr("type", "text")
			w.kstr("text", line)
			w.end()
		}
		w.endArr()
		w.end()
	}
	w.endArr()
	w.end()
}

// adfNode is a node of a document as clients send it.
type adfNode struct {
	Type    string          `json:"type"`
	Version int             `json:"version"`
	Text    *string         `json:"text"`
	Content []adfNode       `json:"content"`
	Attrs   json.RawMessage `json:"attrs"`
	Marks   json.RawMessage `json:"marks"`
}

// children are the node types that may stand in a node.
var adfChildren = map[string]string{
	"doc":         " paragraph heading bulletList orderedList codeBlock rule blockquote panel table expand mediaSingle taskList ",
	"paragraph":   " text hardBreak mention emoji inlineCard date status ",
	"heading":     " text hardBreak mention emoji inlineCard date status ",
	"bulletList":  " listItem ",
	"orderedList": " listItem ",
	"listItem":    " paragraph bulletList orderedList codeBlock ",
	"codeBlock":   " text ",
	"blockquote":  " paragraph bulletList orderedList codeBlock ",
	"panel":       " paragraph heading bulletList orderedList ",
	"expand":      " paragraph heading bulletList orderedList codeBlock ",
}

// needsContent are the nodes that may not be empty.
const needsContent = " bulletList orderedList listItem doc "

// parseADF checks a document as strictly as the site and returns its text.
func parseADF(b json.RawMessage) (string, error) {
	var n adfNode
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&n); err != nil {
		return "", errors.New("not a document")
	}
	if n.Type != "doc" || n.Version != 1 {
		return "", errors.New("the top is not a doc of version 1")
	}
	var out strings.Builder
	if err := n.check(&out, 0); err != nil {
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}

func (n *adfNode) check(out *strings.Builder, depth int) error {
	if depth > 50 {
		return errors.New("nested too deeply")
	}
	if n.Type == "text" {
		return n.checkText(out)
	}
	if n.Type == "hardBreak" {
		out.WriteByte('\n')
		return nil
	}
	allowed, container := adfChildren[n.Type]
	if !container {
		return nil
	}
	if len(n.Content) == 0 && strings.Contains(needsContent, " "+n.Type+" ") {
		return fmt.Errorf("an empty %s", n.Type)
	}
	if n.Type == "listItem" {
		out.WriteString("- ")
	}
	for i := range n.Content {
		child := &n.Content[i]
		if !strings.Contains(allowed, " "+child.Type+" ") {
			return fmt.Errorf("%q in %s", child.Type, n.Type)
		}
		if n.Type == "codeBlock" && child.Text != nil {
			out.WriteString(*child.Text)
			continue
		}
		if err := child.check(out, depth+1); err != nil {
			return err
		}
	}
	if n.Type == "paragraph" || n.Type == "heading" || n.Type == "codeBlock" {
		out.WriteString("\n\n")
	}
	return nil
}

// checkText refuses empty texts and raw newlines (facts §7).
func (n *adfNode) checkText(out *strings.Builder) error {
	if n.Text == nil || *n.Text == "" {
		return errors.New("an empty text")
	}
	if strings.ContainsAny(*n.Text, "\n\r") {
		return errors.New("a raw newline in a text")
	}
	out.WriteString(*n.Text)
	return nil
}
