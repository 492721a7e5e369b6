package state

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Keys sort in the order of the scans that need them. An id begins with a tag:
//
//	1..8       a number: the count of its bytes, then the bytes, so that
//	           numeric ids sort as numbers
//	tagUUID    a UUID: its 16 bytes
//	tagText    anything else, as it is
const (
	tagUUID = 0x20
	tagText = 0x40
)

var errBadKey = errors.New("malformed key")

// appendID encodes an issue id.
func appendID(b []byte, id string) []byte {
	if n, ok := canonicalNumber(id); ok {
		return appendNumber(b, n)
	}
	if u, ok := parseUUID(id); ok {
		return append(append(b, tagUUID), u[:]...)
	}
	return append(append(b, tagText), id...)
}

// parseID is the inverse of appendID: it reads what appendID writes and
// nothing else, so that no id has two keys.
func parseID(b []byte) (string, error) {
	if len(b) == 0 {
		return "", errBadKey
	}
	switch tag, rest := b[0], b[1:]; {
	case tag == tagText:
		id := string(rest)
		_, number := canonicalNumber(id)
		_, uuid := parseUUID(id)
		if !number && !uuid {
			return id, nil
		}
	case tag == tagUUID && len(rest) == 16:
		return formatUUID([16]byte(rest)), nil
	case tag >= 1 && tag <= 8 && len(rest) == int(tag) && (rest[0] != 0 || tag == 1):
		var n uint64
		for _, c := range rest {
			n = n<<8 | uint64(c)
		}
		if n <= maxNumber {
			return strconv.FormatUint(n, 10), nil
		}
	}
	return "", fmt.Errorf("%w: id % x", errBadKey, b)
}

// maxNumber is the largest number of maxDigits digits: each fits into 64 bits.
const (
	maxDigits = 19
	maxNumber = 9_999_999_999_999_999_999
)

// canonicalNumber reads digits that print back to themselves, up to maxNumber.
func canonicalNumber(s string) (uint64, bool) {
	if s == "" || len(s) > maxDigits || (s[0] == '0' && len(s) > 1) {
		return 0, false
	}
	var n uint64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return n, true
}

// appendNumber writes the count of the significant bytes and those bytes.
func appendNumber(b []byte, n uint64) []byte {
	var full [8]byte
	binary.BigEndian.PutUint64(full[:], n)
	skip := 0
	for skip < 7 && full[skip] == 0 {
		skip++
	}
	return append(append(b, byte(8-skip)), full[skip:]...)
}

// parseUUID reads the lower-case form with hyphens; other spellings are kept
// as text, so that an id comes back as it was given.
func parseUUID(s string) (u [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' || s != strings.ToLower(s) {
		return u, false
	}
	var digits [32]byte
	n := copy(digits[:], s[:8])
	n += copy(digits[n:], s[9:13])
	n += copy(digits[n:], s[14:18])
	n += copy(digits[n:], s[19:23])
	copy(digits[n:], s[24:])
	_, err := hex.Decode(u[:], digits[:])
	return u, err == nil
}

func formatUUID(u [16]byte) string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// foldKey makes display keys comparable without regard to case.
func foldKey(key string) string { return strings.ToLower(key) }

// appendKey encodes a folded display key: the project, a zero byte and the
// number, so that the issues of a project sort by number; a key of another
// form is a zero byte and the key.
func appendKey(b []byte, folded string) []byte {
	if i := strings.LastIndexByte(folded, '-'); i > 0 && strings.IndexByte(folded[:i], 0) < 0 {
		if n, ok := canonicalNumber(folded[i+1:]); ok {
			return appendNumber(append(append(b, folded[:i]...), 0), n)
		}
	}
	return append(append(b, 0), folded...)
}

// appendTime encodes milliseconds so that earlier sorts first.
func appendTime(b []byte, ms int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(ms)^(1<<63))
}

func parseTime(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ (1 << 63)) }

// appendEntryKey encodes the place of an entry: its plan and position. A plan's
// id holds no zero byte.
func appendEntryKey(b []byte, plan string, n int) []byte {
	return binary.BigEndian.AppendUint32(append(append(b, plan...), 0), uint32(n))
}

// parseEntryKey is the inverse of appendEntryKey.
func parseEntryKey(b []byte) (plan string, n int, ok bool) {
	cut := len(b) - 5
	if cut < 1 || b[cut] != 0 {
		return "", 0, false
	}
	return string(b[:cut]), int(binary.BigEndian.Uint32(b[cut+1:])), true
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// millis is the stored form of a time: Unix milliseconds, 0 for the zero time.
// The instant of 0 itself, in 1970, is kept as one millisecond later.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	if ms := t.UnixMilli(); ms != 0 {
		return ms
	}
	return 1
}

// instant is the inverse of millis, in UTC.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// compareIDs orders ids as the store does: numbers by value, then UUIDs, then
// other texts.
func compareIDs(a, b string) int {
	return bytes.Compare(appendID(nil, a), appendID(nil, b))
}
