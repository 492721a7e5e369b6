package signal

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lanekeeper/lanekeeper/internal/fetch"
)

// row is one measurement.
type row struct {
	key   string
	value float64
	at    time.Time
}

// maxLine bounds a line of NDJSON in bytes.
const maxLine = 1 << 20

// parseCSV reads a CSV text with a header line. The delimiter is the one of
// comma, semicolon and tab that the header line has most of. Rows without a
// time are as old as asOf.
func parseCSV(data []byte, f File, asOf time.Time) ([]row, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, errors.New("is not UTF-8 text")
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = delimiter(data)
	r.TrimLeadingSpace = true
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: a header line is missing: %w", eofAsEmpty(err))
	}
	columns, err := findColumns(header, f)
	if err != nil {
		return nil, err
	}
	var out []row
	for {
		record, err := r.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err // names the line itself
		}
		line, _ := r.FieldPos(0)
		one, ok, err := columns.row(record, asOf)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if ok {
			out = append(out, one)
		}
	}
}

func eofAsEmpty(err error) error {
	if err == io.EOF {
		return errors.New("the file is empty")
	}
	return err
}

// delimiter looks at the first line that holds something.
func delimiter(data []byte) rune {
	line, _, _ := bytes.Cut(bytes.TrimLeft(data, "\r\n"), []byte("\n"))
	best, most := ',', bytes.Count(line, []byte(","))
	for _, c := range ";\t" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// columns are positions in a record; time is -1 where there is none.
type columns struct{ key, value, time int }

func findColumns(header []string, f File) (columns, error) {
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	c := columns{slices.Index(header, f.Key), slices.Index(header, f.Value), -1}
	if c.key < 0 {
		return c, missingColumn(f.Key, header)
	}
	if c.value < 0 {
		return c, missingColumn(f.Value, header)
	}
	if f.Time != "" {
		if c.time = slices.Index(header, f.Time); c.time < 0 {
			return c, missingColumn(f.Time, header)
		}
	}
	return c, nil
}

func missingColumn(name string, header []string) error {
	return fmt.Errorf("line 1: no column %q; there are %s", name, strings.Join(header, ", "))
}

// row reads one record. A record with an empty key or value is none.
func (c columns) row(record []string, asOf time.Time) (row, bool, error) {
	key, value := strings.TrimSpace(record[c.key]), strings.TrimSpace(record[c.value])
	if key == "" || value == "" {
		return row{}, false, nil
	}
	v, err := parseValue(value)
	if err != nil {
		return row{}, false, err
	}
	at := asOf
	if c.time >= 0 && strings.TrimSpace(record[c.time]) != "" {
		if at, err = parseTime(strings.TrimSpace(record[c.time])); err != nil {
			return row{}, false, err
		}
	}
	return row{key, v, at}, true, nil
}

// parseValue reads a number with a decimal point. A comma could separate
// decimals or thousands: it is refused rather than guessed.
func parseValue(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil && strings.Contains(s, ","):
		return 0, fmt.Errorf("%q is not a number; write it with a point and without separators of thousands", clip(s))
	case err != nil || math.IsNaN(v) || math.IsInf(v, 0):
		return 0, fmt.Errorf("%q is not a number", clip(s))
	}
	return v, nil
}

// parseTime reads RFC 3339, or a number of seconds or milliseconds since 1970.
func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a time; write RFC 3339 (2026-11-21T09:00:00Z) or seconds since 1970", clip(s))
	}
	return epoch(f)
}

// epoch reads seconds, or milliseconds where the number is too large to be
// seconds of this millennium.
func epoch(f float64) (time.Time, error) {
	const year3000 = 32503680000
	if math.Abs(f) > year3000 {
		f /= 1000
	}
	if math.IsNaN(f) || math.Abs(f) > year3000 {
		return time.Time{}, errors.New("the time is out of range")
	}
	whole, part := math.Modf(f)
	return time.Unix(int64(whole), int64(part*1e9)).UTC(), nil
}

// clip keeps texts from outside short in messages.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:37]) + "..."
	}
	return s
}

// parseNDJSON reads one JSON object a line; blank lines are skipped.
func parseNDJSON(data []byte, f File, asOf time.Time) ([]row, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	s := bufio.NewScanner(bytes.NewReader(data))
	s.Buffer(nil, maxLine)
	var out []row
	for line := 1; s.Scan(); line++ {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		var item any
		if err := fetch.JSON(s.Bytes(), &item); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		one, ok, err := member{f.Key, f.Value, f.Time}.row(item, asOf)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if ok {
			out = append(out, one)
		}
	}
	return out, s.Err()
}

// member names the members of an object, with dots for objects inside.
type member struct{ key, value, time string }

// row reads one object. An object whose key or value is absent or null is
// none.
func (m member) row(item any, asOf time.Time) (row, bool, error) {
	if _, ok := item.(map[string]any); !ok {
		return row{}, false, fmt.Errorf("want an object with %q and %q", m.key, m.value)
	}
	key, err := plainText(dig(item, m.key))
	if err != nil {
		return row{}, false, fmt.Errorf("%s: %w", m.key, err)
	}
	value, err := plainText(dig(item, m.value))
	if err != nil {
		return row{}, false, fmt.Errorf("%s: %w", m.value, err)
	}
	if key == "" || value == "" {
		return row{}, false, nil
	}
	v, err := parseValue(value)
	if err != nil {
		return row{}, false, fmt.Errorf("%s: %w", m.value, err)
	}
	at, err := m.at(item, asOf)
	return row{key, v, at}, err == nil, err
}

func (m member) at(item any, asOf time.Time) (time.Time, error) {
	if m.time == "" {
		return asOf, nil
	}
	s, err := plainText(dig(item, m.time))
	if err == nil && s == "" {
		return asOf, nil
	}
	if err == nil {
		asOf, err = parseTime(s)
	}
	if err != nil {
		return asOf, fmt.Errorf("%s: %w", m.time, err)
	}
	return asOf, nil
}

// dig follows dots into objects; nil is nothing there.
func dig(v any, path string) any {
	if path == "" {
		return v
	}
	for _, step := range strings.Split(path, ".") {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[step]
	}
	return v
}

// plainText is a text or number as text; "" for null and absent ones.
func plainText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return strings.TrimSpace(v), nil
	case json.Number:
		return v.String(), nil
	}
	return "", errors.New("want text or a number")
}
