package jiratest

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// writer appends JSON to a buffer and puts the commas. It is the whole cost of
// an answer, so it neither reflects nor allocates.
type writer struct {
	b     []byte
	comma bool
	// badUTF8 lets broken bytes through instead of replacing them.
	badUTF8 bool
}

func (w *writer) sep() {
	if w.comma {
		w.b = append(w.b, ',')
	}
	w.comma = true
}

func (w *writer) obj()    { w.sep(); w.b = append(w.b, '{'); w.comma = false }
func (w *writer) end()    { w.b = append(w.b, '}'); w.comma = true }
func (w *writer) arr()    { w.sep(); w.b = append(w.b, '['); w.comma = false }
func (w *writer) endArr() { w.b = append(w.b, ']'); w.comma = true }

func (w *writer) key(k string) {
	w.sep()
	w.quote(k)
	w.b = append(w.b, ':')
	w.comma = false
}

func (w *writer) str(s string)           { w.sep(); w.quote(s) }
func (w *writer) int(n int64)            { w.sep(); w.b = strconv.AppendInt(w.b, n, 10) }
func (w *writer) bool(v bool)            { w.sep(); w.b = strconv.AppendBool(w.b, v) }
func (w *writer) null()                  { w.sep(); w.b = append(w.b, "null"...) }
func (w *writer) raw(b []byte)           { w.sep(); w.b = append(w.b, b...) }
func (w *writer) num(f float64)          { w.sep(); w.b = appendFloat(w.b, f) }
func (w *writer) kstr(k, v string)       { w.key(k); w.str(v) }
func (w *writer) kint(k string, n int)   { w.key(k); w.int(int64(n)) }
func (w *writer) kbool(k string, v bool) { w.key(k); w.bool(v) }

// strOrNull writes null for the empty text.
func (w *writer) strOrNull(s string) {
	if s == "" {
		w.null()
		return
	}
	w.str(s)
}

func (w *writer) strs(list []string) {
	w.arr()
	for _, s := range list {
		w.str(s)
	}
	w.endArr()
}

// appendFloat writes whole numbers with a decimal point, as Jira does.
func appendFloat(b []byte, f float64) []byte {
	if f == float64(int64(f)) {
		b = strconv.AppendInt(b, int64(f), 10)
		return append(b, '.', '0')
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

const hexDigits = "0123456789abcdef"

func (w *writer) quote(s string) {
	b := append(w.b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 && !w.badUTF8 {
				b = append(b, s[start:i]...)
				b = append(b, "\ufffd"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		b = appendEscaped(b, c)
		i++
		start = i
	}
	b = append(b, s[start:]...)
	w.b = append(b, '"')
}

func appendEscaped(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// platformTime is the form of times in the platform API: no colon in the
// offset, so not RFC 3339 (facts §14).
const platformTime = "2006-01-02T15:04:05.000-0700"

// oddTimes are forms that occur in the wild; the trap OddTimes takes turns.
var oddTimes = [...]string{
	platformTime,
	"2006-01-02T15:04:05.000Z07:00",
	"2006-01-02T15:04:05-0700",
	"2006-01-02T15:04:05-07:00",
}

func (w *writer) time(t time.Time, form string) {
	if t.IsZero() {
		w.null()
		return
	}
	w.sep()
	w.b = append(w.b, '"')
	w.b = t.AppendFormat(w.b, form)
	w.b = append(w.b, '"')
}
