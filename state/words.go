package state

import "unicode/utf8"

// words are texts that stand in nearly every decision: the names of the example
// policy and the paths that policies read. They are stored as one character, by
// their place in this list, so it may only ever grow at its end. Names of an
// operator's own are stored as they are.
var words = [...]string{
	"hotfix", "stability", "strategic", "feature", "unsorted",
	"business_value", "customer_impact", "technical_risk",
	"current-sprint", "next-release", "roadmap",
	"issue.kind", "issue.priority", "issue.labels", "issue.estimate", "issue.components", "issue.customers",
	"issue.votes", "issue.watchers", "issue.comments", "issue.links", "issue.created", "issue.updated",
	"issue.title", "issue.description", "issue.status", "issue.due", "issue.sprint", "issue.milestone", "issue.project",
	"issue.fields", "issue.fields.customer_tier", "issue.fields.severity", "issue.fields.story_points",
	"issue.assignee", "issue.reporter", "issue.parent", "issue.started",
	"priority", "label", "score", "band", "lane", "margin", "settle", "confidence",
	"reach", "impact", "effort", "time_criticality", "risk_reduction", "ease", "moscow", "must", "should", "could", "wont",
}

// wordCode is the character that stands for the word at n: the control
// characters, which no name consists of, first those of one byte.
func wordCode(n int) string {
	if n < 0x1f {
		return string(rune(n + 1))
	}
	return string(rune(n - 0x1f + 0x80))
}

// wordBook packs and unpacks words.
type wordBook struct {
	codes map[string]string
	words map[string]string
}

func newWordBook() wordBook {
	b := wordBook{codes: make(map[string]string, len(words)), words: make(map[string]string, len(words))}
	for n, w := range words {
		b.codes[w], b.words[wordCode(n)] = wordCode(n), w
	}
	return b
}

// pack shortens a word. A text that could be taken for a code is marked with a
// zero byte.
func (b wordBook) pack(s string) string {
	if c, ok := b.codes[s]; ok {
		return c
	}
	if s != "" && (s[0] == 0 || isCode(s)) {
		return "\x00" + s
	}
	return s
}

// unpack is the inverse of pack. A code of a later program stays as it is.
func (b wordBook) unpack(s string) string {
	switch {
	case s == "" || s[0] != 0 && !isCode(s):
		return s
	case s[0] == 0:
		return s[1:]
	}
	if w, ok := b.words[s]; ok {
		return w
	}
	return s
}

// isCode tells whether a text is one character of those that codes are made of.
func isCode(s string) bool {
	r, size := utf8.DecodeRuneInString(s)
	return size == len(s) && r != utf8.RuneError && (r > 0 && r < 0x20 || r >= 0x80 && r < 0x800)
}

func (b wordBook) packAll(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, b.pack(s))
	}
	return out
}

func (b wordBook) unpackAll(list []string) []string {
	for n, s := range list {
		list[n] = b.unpack(s)
	}
	return list
}
