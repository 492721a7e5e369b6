package connectors

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

const excerptRunes = 200

// Excerpt makes a short single line of text that came from outside, fit for
// logs and errors: no control or formatting characters, runs of white space
// joined, at most 200 characters.
func Excerpt(s string) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = n > 0
			continue
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			continue
		}
		if n >= excerptRunes {
			b.WriteString("…")
			break
		}
		if space {
			b.WriteByte(' ')
			n++
			space = false
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// ExcerptBody is Excerpt for the body of an answer. Pages meant for people are
// named, not quoted: they are long and may hold private text.
func ExcerptBody(body []byte) string {
	if IsHTML(body) {
		return "the answer is an HTML page"
	}
	if len(body) > 4*excerptRunes {
		body = body[:4*excerptRunes]
	}
	return Excerpt(string(body))
}

// IsHTML reports whether a body is markup, as login pages and the error pages
// of proxies are.
func IsHTML(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n\ufeff"), []byte("<"))
}
