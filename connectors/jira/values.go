package jira

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// user is a person in any of Jira's answers: Cloud gives an account id, Data
// Center a name and a key.
type user struct {
	AccountID    string `json:"accountId"`
	Name         string `json:"name"`
	Key          string `json:"key"`
	DisplayName  string `json:"displayName"`
	EmailAddress string `json:"emailAddress"`
	AccountType  string `json:"accountType"` // "app" is no person; only Cloud tells
}

// id is what the deployment identifies people by.
func (u *user) id() string {
	if u.AccountID != "" {
		return u.AccountID
	}
	return u.Name
}

// timestamp reads a time in any of the forms that Jira's parts use.
type timestamp struct{ time.Time }

// UnmarshalJSON accepts a text, a number and null.
func (t *timestamp) UnmarshalJSON(b []byte) (err error) {
	t.Time, err = timeValue(b)
	return err
}

func timeValue(v jsontext.Value) (time.Time, error) {
	switch v.Kind() {
	case 'n':
		return time.Time{}, nil
	case '"':
		s, err := text(v)
		if err != nil {
			return time.Time{}, err
		}
		return parseTime(s)
	case '0':
		return parseTime(string(v))
	}
	return time.Time{}, errNotATime
}

var errNotATime = errors.New("not a time")

var timeLayouts = [...]string{"2006-01-02T15:04:05.999999999Z0700", time.RFC3339Nano, "2006-01-02T15:04Z0700", "2006-01-02T15:04Z07:00"}

// parseTime reads the platform's form (+0000 without a colon), RFC 3339 and
// seconds or milliseconds since 1970, told apart by their size. The empty text
// is the zero time. Answers are in UTC.
func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(n) || math.Abs(n) > 1e15 {
		return time.Time{}, errNotATime
	}
	if math.Abs(n) >= 1e11 { // seconds would be beyond the year 5000
		return time.UnixMilli(int64(n)).UTC(), nil
	}
	return time.Unix(int64(n), 0).UTC(), nil
}

// text is the content of a JSON string.
func text(v jsontext.Value) (string, error) {
	if v.Kind() != '"' {
		return "", errNotAText
	}
	if inner := v[1 : len(v)-1]; plain(inner) {
		return string(inner), nil
	}
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil && len(b) == 0 {
		return "", err
	}
	return strings.ToValidUTF8(string(b), "\ufffd"), nil // invalid UTF-8 is replaced, not fatal
}

// plain reports whether the inside of a JSON string stands for itself.
func plain(b []byte) bool {
	for _, c := range b {
		if c == '\\' || c >= 0x80 || c < 0x20 {
			return false
		}
	}
	return true
}

var errNotAText = errors.New("not a text")

// numeric reads numbers and numbers in quotes.
func numeric(v jsontext.Value) (float64, bool) {
	s := string(v)
	if v.Kind() == '"' {
		s, _ = text(v)
	} else if v.Kind() != '0' {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}
