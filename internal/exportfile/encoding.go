package exportfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ahead is how far into a file is looked before it is read: a header must fit.
const ahead = 256 << 10

// plain unpacks gzip, and turns UTF-16 into UTF-8 without a byte order mark.
func plain(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, ahead)
	magic, err := b.Peek(4)
	switch {
	case len(magic) == 0 && errors.Is(err, io.EOF):
		return nil, &Error{"the file is empty", "export again; an export of no issues has at least a header"}
	case len(magic) == 0:
		return nil, fmt.Errorf("read the file: %w", err)
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, &Error{fmt.Sprintf("the file looks like gzip and cannot be unpacked (%v)", err), "download it again"}
		}
		b = bufio.NewReaderSize(z, ahead)
		magic, _ = b.Peek(4)
	case bytes.HasPrefix(magic, []byte("PK\x03\x04")):
		return nil, &Error{"this is a zip archive or an Excel workbook", "unpack it, or save the sheet as CSV"}
	}
	switch {
	case bytes.HasPrefix(magic, []byte("\xef\xbb\xbf")):
		_, err := b.Discard(3)
		return b, err
	case bytes.HasPrefix(magic, []byte{0xff, 0xfe}), len(magic) == 4 && magic[1] == 0 && magic[3] == 0 && magic[0] != 0:
		return bufio.NewReaderSize(&utf16Reader{r: b, order: binary.LittleEndian}, ahead), nil
	case bytes.HasPrefix(magic, []byte{0xfe, 0xff}), len(magic) == 4 && magic[0] == 0 && magic[2] == 0 && magic[1] != 0:
		return bufio.NewReaderSize(&utf16Reader{r: b, order: binary.BigEndian}, ahead), nil
	}
	return b, nil
}

// firstByte is the first byte that is no white space; the space is dropped.
func firstByte(b *bufio.Reader) (byte, error) {
	for {
		c, err := b.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return 0, &Error{"the file holds nothing but white space", "export again"}
		case err != nil:
			return 0, &Error{ended(err), "download it again"}
		case c == ' ' || c == '\r' || c == '\n' || c == 0:
			continue
		}
		return c, b.UnreadByte()
	}
}

// notMarkup tells a web page from other markup.
func notMarkup(b *bufio.Reader) error {
	head, _ := b.Peek(512)
	text := strings.ToLower(string(head))
	if strings.Contains(text, "<!doctype html") || strings.Contains(text, "<html") {
		return &Error{"this is a web page, not an export", "the tracker answered with a page, often its sign-in page; sign in and export again, or give curl the token"}
	}
	return &Error{"this is XML, which lanekeeper does not read", "export as CSV, or take the JSON of Jira's REST interface"}
}

// utf16Reader turns UTF-16 into UTF-8. A byte order mark is dropped; half a
// pair is replaced.
type utf16Reader struct {
	r       io.Reader
	order   binary.ByteOrder
	started bool
	high    rune // the first half of a pair, 0 for none
	out     []byte
	in      [4096]byte
}

func (u *utf16Reader) Read(b []byte) (int, error) {
	for len(u.out) == 0 {
		n, err := io.ReadFull(u.r, u.in[:])
		u.add(u.in[:n&^1])
		if n%2 == 1 || (err != nil && u.high != 0) {
			u.out, u.high = utf8.AppendRune(u.out, utf8.RuneError), 0
		}
		if len(u.out) > 0 {
			break
		}
		if errors.Is(err, io.ErrUnexpectedEOF) && n > 0 {
			continue // the end, which the next read tells
		}
		if err != nil {
			return 0, err
		}
	}
	n := copy(b, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) add(b []byte) {
	u.out = u.out[:0]
	for ; len(b) >= 2; b = b[2:] {
		c := rune(u.order.Uint16(b))
		switch {
		case !u.started && c == 0xfeff:
		case u.high != 0:
			pair := utf16.DecodeRune(u.high, c)
			u.high = 0
			u.out = utf8.AppendRune(u.out, pair)
			if pair == utf8.RuneError && !utf16.IsSurrogate(c) {
				u.out = utf8.AppendRune(u.out, c)
			}
		case utf16.IsSurrogate(c) && c < 0xdc00:
			u.high = c
		default:
			u.out = utf8.AppendRune(u.out, c)
		}
		u.started = true
	}
}
