package jiratest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd   tokenKind = iota
	tokWord            // unquoted
	tokText            // quoted
	tokOp              // = != ~ !~ < <= > >= ! && ||
	tokPunct           // ( ) , [ ]
)

type token struct {
	kind tokenKind
	text string
	pos  int
}

func (t token) is(word string) bool { return t.kind == tokWord && strings.EqualFold(t.text, word) }

// jqlError is a refusal with an id of the message table.
type jqlError struct {
	id   msgID
	args []any
}

func (e *jqlError) Error() string { return fmt.Sprintf(english[e.id], e.args...) }

func jqlErr(id msgID, args ...any) error { return &jqlError{id, args} }

// lex splits JQL into tokens; the last one is tokEnd.
func lex(q string) ([]token, error) {
	var out []token
	for i := 0; i < len(q); {
		c := q[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '"' || c == '\'':
			text, n, err := lexQuoted(q[i:])
			if err != nil {
				return nil, err
			}
			out = append(out, token{tokText, text, i})
			i += n
		case strings.IndexByte("(),[]", c) >= 0:
			out = append(out, token{tokPunct, q[i : i+1], i})
			i++
		case strings.IndexByte("=!<>~&|", c) >= 0:
			n := opLen(q[i:])
			out = append(out, token{tokOp, q[i : i+n], i})
			i += n
		case strings.IndexByte("{}*/%+^$#@?;", c) >= 0 && !wordSlash(q, i):
			return nil, jqlErr(msgReservedChar, string(c), c, i+1)
		default:
			n := wordLen(q[i:])
			out = append(out, token{tokWord, unescapeWord(q[i : i+n]), i})
			i += n
		}
	}
	return append(out, token{tokEnd, "", len(q)}), nil
}

// wordSlash lets a slash stand inside a word such as 2026/03/01.
func wordSlash(q string, i int) bool { return q[i] == '/' && i > 0 && q[i-1] >= '0' && q[i-1] <= '9' }

func opLen(s string) int {
	if len(s) > 1 {
		switch s[:2] {
		case "!=", "!~", "<=", ">=", "&&", "||":
			return 2
		}
	}
	return 1
}

func wordLen(s string) int {
	i := 0
	for i < len(s) {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			_, n := utf8.DecodeRuneInString(s[i+1:])
			i += 1 + n
			continue
		}
		if strings.IndexByte(" \t\r\n\"'(),[]=!<>~&|{}*%+^$#@?;", c) >= 0 || c == '/' && !wordSlash(s, i) {
			break
		}
		i++
	}
	return max(i, 1)
}

func unescapeWord(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	out, _, err := unescape(s, 0)
	if err != nil {
		return s
	}
	return out
}

// lexQuoted reads a quoted text at the start of s and returns its length.
func lexQuoted(s string) (string, int, error) {
	text, n, err := unescape(s[1:], s[0])
	if err != nil {
		return "", 0, err
	}
	return text, n + 1, nil
}

// unescape reads up to the closing quote (0: to the end) and resolves escapes.
func unescape(s string, quote byte) (string, int, error) {
	var b strings.Builder
	for i := 0; i < len(s); {
		c := s[i]
		if c == quote && quote != 0 {
			return b.String(), i + 1, nil
		}
		if c != '\\' {
			b.WriteByte(c)
			i++
			continue
		}
		n, err := unescapeOne(s[i:], &b)
		if err != nil {
			return "", 0, err
		}
		i += n
	}
	if quote != 0 {
		return "", 0, jqlErr(msgUnclosed)
	}
	return b.String(), len(s), nil
}

func unescapeOne(s string, b *strings.Builder) (int, error) {
	if len(s) < 2 {
		return 0, jqlErr(msgBadEscape, `\`)
	}
	switch s[1] {
	case 'n':
		b.WriteByte('\n')
	case 't':
		b.WriteByte('\t')
	case 'r':
		b.WriteByte('\r')
	case '"', '\'', '\\', ' ':
		b.WriteByte(s[1])
	case 'u':
		if len(s) < 6 {
			return 0, jqlErr(msgBadEscape, s)
		}
		n, err := strconv.ParseUint(s[2:6], 16, 32)
		if err != nil {
			return 0, jqlErr(msgBadEscape, s[:6])
		}
		b.WriteRune(rune(n))
		return 6, nil
	default:
		return 0, jqlErr(msgBadEscape, s[:2])
	}
	return 2, nil
}

// reserved are words that a value may be only in quotes. Jira's own list is
// longer; these are the ones that a project key, label or status could be.
const reserved = " a abort access add after alias all alter and any as asc audit avg before begin between boolean break by byte" +
	" catch cf char character check checkpoint collate collation column commit connect continue count create current date decimal" +
	" declare default defaults define delete delimiter desc difference distinct divide do double drop else empty encoding end" +
	" equals escape exclusive exec execute exists explain false fetch file field first float for from function go goto grant" +
	" greater group having identified if immediate in increment index initial inner inout input insert int integer intersect" +
	" intersection into is isempty isnull join last left less like limit lock long max min minus mode modify modulo more multiply" +
	" next noaudit not notin nowait null number object of on option or order outer output power previous prior privileges public" +
	" raise raw remainder rename resource return returns revoke right row rowid rownum rows select session set share size sqrt" +
	" start strict string subtract sum synonym table then to trans transaction trigger true uid union unique update user" +
	" validate values view when whenever where while with "

func isReserved(word string) bool {
	return strings.Contains(reserved, " "+strings.ToLower(word)+" ")
}
