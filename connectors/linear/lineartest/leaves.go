package lineartest

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// leafOf makes a resolver of a function that appends a value's JSON.
func leafOf[T any](f func(b []byte, v T) []byte) resolver {
	return resolver{leaf: func(_ *run, v any, b []byte) []byte { return f(b, v.(T)) }}
}

func text[T any](f func(T) string) resolver {
	return leafOf(func(b []byte, v T) []byte { return appendText(b, f(v)) })
}

// optional is text where "" is null.
func optional[T any](f func(T) string) resolver {
	return leafOf(func(b []byte, v T) []byte { return appendOptional(b, f(v)) })
}

func number[T any](f func(T) float64) resolver {
	return leafOf(func(b []byte, v T) []byte { return appendNumber(b, f(v)) })
}

func boolean[T any](f func(T) bool) resolver {
	return leafOf(func(b []byte, v T) []byte { return strconv.AppendBool(b, f(v)) })
}

// instant is a time; the zero time is null.
func instant[T any](f func(T) time.Time) resolver {
	return leafOf(func(b []byte, v T) []byte { return appendTime(b, f(v)) })
}

func texts[T any](f func(T) []string) resolver {
	return leafOf(func(b []byte, v T) []byte { return appendTexts(b, f(v)) })
}

func null() resolver { return constant("null") }

// constant answers the same JSON for everything.
func constant(json string) resolver {
	return resolver{leaf: func(_ *run, _ any, b []byte) []byte { return append(b, json...) }}
}

// ref leads to one other thing; a nil pointer is null.
func ref[T, U any](f func(x *run, v T) *U) resolver {
	return resolver{one: func(x *run, v any, _ args) (any, error) {
		if u := f(x, v.(T)); u != nil {
			return u, nil
		}
		return nil, nil
	}}
}

// many leads to a plain list of things.
func many[T, U any](f func(x *run, v T) []U) resolver {
	return resolver{list: func(x *run, v any, _ args) ([]any, error) {
		return boxed(f(x, v.(T))), nil
	}}
}

func boxed[U any](items []U) []any {
	out := make([]any, len(items))
	for i, u := range items {
		out[i] = u
	}
	return out
}

func appendOptional(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendText(b, s)
}

func appendNumber(b []byte, f float64) []byte { return strconv.AppendFloat(b, f, 'f', -1, 64) }

const timeForm = "2006-01-02T15:04:05.000Z"

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, timeForm)
	return append(b, '"')
}

func appendTexts(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, s)
	}
	return append(b, ']')
}

// appendText writes a JSON string; most need no escape.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		b = append(b, s[start:i]...)
		b = appendEscape(b, c)
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func appendEscape(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch {
	case c == '"' || c == '\\':
		return append(b, '\\', c)
	case c == '\n':
		return append(b, '\\', 'n')
	case c == '\r':
		return append(b, '\\', 'r')
	case c == '\t':
		return append(b, '\\', 't')
	case c < 0x20:
		return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
	}
	return append(b, `\ufffd`...) // not UTF-8
}
