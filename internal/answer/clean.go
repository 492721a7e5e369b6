package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from a tracker safe to show on one line of a terminal:
// escape sequences cannot start, direction overrides and invisible characters
// are dropped, white space becomes one blank, and invalid UTF-8 is marked.
// Letters of every script, emoji and their joiners stay.
func Clean(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	blank := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			blank = true
			continue
		case hidden(r):
			continue
		case unicode.IsControl(r):
			r = utf8.RuneError
		}
		if blank && b.Len() > 0 {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(r)
	}
	return b.String()
}

// plain reports whether s is printable ASCII without blanks to fold.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return false
		}
	}
	return true
}

// hidden reports characters that change how others are shown, or pretend not
// to be there: direction marks, embeddings, overrides and isolates, zero-width
// blanks, interlinear marks and tags (tags would only matter for a few flags).
func hidden(r rune) bool {
	switch {
	case r == 0x061C, r == 0x180E, r == 0xFEFF, r == 0x00AD:
		return true
	case 0x200B <= r && r <= 0x200F && r != 0x200C && r != 0x200D:
		return true
	case 0x202A <= r && r <= 0x202E, 0x2060 <= r && r <= 0x206F:
		return true
	case 0xFFF9 <= r && r <= 0xFFFB, 0xE0000 <= r && r <= 0xE007F:
		return true
	}
	return false
}
