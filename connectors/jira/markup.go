package jira

import (
	"regexp"
	"strings"
	"unicode"
)

// block is a paragraph, or a list where every line is an item.
type block struct {
	list  bool
	lines []string
}

// blocks divides a body: blank lines part paragraphs, lines that start with
// "- " are items. Control characters are left out: Jira refuses them.
func blocks(body string) []block {
	var out []block
	open := false
	for line := range strings.Lines(strings.ReplaceAll(body, "\r\n", "\n")) {
		line = strings.TrimSpace(strings.Map(printable, line))
		item, list := strings.CutPrefix(line, "- ")
		switch {
		case line == "":
			open = false
			continue
		case !open || out[len(out)-1].list != list:
			out, open = append(out, block{list: list}), true
		}
		last := &out[len(out)-1]
		last.lines = append(last.lines, item)
	}
	return out
}

func printable(r rune) rune {
	if unicode.IsControl(r) && r != '\t' {
		return -1
	}
	return r
}

type node = map[string]any

// document renders a body as an Atlassian document. Text nodes hold no line
// breaks and are never empty, both of which Jira refuses.
func document(body string) node {
	content := []node{}
	for _, b := range blocks(body) {
		if b.list {
			var items []node
			for _, l := range b.lines {
				items = append(items, node{"type": "listItem", "content": []node{paragraph(l)}})
			}
			content = append(content, node{"type": "bulletList", "content": items})
			continue
		}
		content = append(content, paragraph(b.lines...))
	}
	return node{"type": "doc", "version": 1, "content": content}
}

func paragraph(lines ...string) node {
	var content []node
	for n, l := range lines {
		if n > 0 {
			content = append(content, node{"type": "hardBreak"})
		}
		content = append(content, node{"type": "text", "text": l})
	}
	return node{"type": "paragraph", "content": content}
}

// wikiSpecial are the characters that start markup anywhere in wiki text.
var wikiSpecial = strings.NewReplacer(`\`, `\\`, `{`, `\{`, `}`, `\}`, `[`, `\[`, `]`, `\]`, `*`, `\*`, `_`, `\_`, `-`, `\-`, `+`, `\+`,
	`^`, `\^`, `~`, `\~`, `|`, `\|`, `!`, `\!`, `?`, `\?`, `#`, `\#`, `@`, `\@`)

// wikiLine starts markup at the head of a line; an invisible space stops it.
var wikiLine = regexp.MustCompile(`^(h[1-6]|bq)\.`)

// wiki renders a body as wiki text, with everything in it escaped.
func wiki(body string) string {
	var out []string
	for _, b := range blocks(body) {
		var lines []string
		for _, l := range b.lines {
			l = wikiSpecial.Replace(l)
			if wikiLine.MatchString(l) {
				l = "\u200b" + l
			}
			if b.list {
				l = "* " + l
			}
			lines = append(lines, l)
		}
		out = append(out, strings.Join(lines, "\n"))
	}
	return strings.Join(out, "\n\n")
}
