package jira

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

var errNotANumber = errors.New("not a number")

// maxDepth bounds the nesting that rich text is read to; documents made by
// people stay far below.
const maxDepth = 64

// adfNode is one node of an Atlassian document.
type adfNode struct {
	Type    string         `json:"type"`
	Text    string         `json:"text"`
	Attrs   jsontext.Value `json:"attrs"`
	Content []adfNode      `json:"content"`
}

// richText flattens a rich text to plain text: a document on Cloud, a wiki
// text (kept as it is) on Data Center, null to nothing.
func richText(v jsontext.Value) (string, error) {
	switch v.Kind() {
	case 'n':
		return "", nil
	case '"':
		return text(v)
	}
	var doc adfNode
	if err := decode(v, &doc); err != nil {
		return "", err
	}
	var b strings.Builder
	doc.flatten(&b, 0)
	return strings.TrimSpace(b.String()), nil
}

func (n *adfNode) flatten(b *strings.Builder, depth int) {
	if depth > maxDepth {
		return
	}
	switch n.Type {
	case "text":
		b.WriteString(n.Text)
	case "hardBreak":
		b.WriteByte('\n')
	case "mention", "emoji", "status", "date", "inlineCard":
		b.WriteString(n.label())
	case "listItem":
		b.WriteString("- ")
	}
	for k := range n.Content {
		n.Content[k].flatten(b, depth+1)
	}
	switch n.Type {
	case "paragraph", "heading", "codeBlock", "blockquote", "tableRow", "rule":
		b.WriteByte('\n')
	}
}

// label is the text of a node that keeps it in its attributes.
func (n *adfNode) label() string {
	var a struct {
		Text      string `json:"text"`
		ShortName string `json:"shortName"`
		URL       string `json:"url"`
	}
	if n.Attrs.Kind() != '{' || decode(n.Attrs, &a) != nil {
		return ""
	}
	for _, s := range []string{a.Text, a.ShortName, a.URL} {
		if s != "" {
			return s
		}
	}
	return ""
}
