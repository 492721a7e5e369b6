package oncall

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/lanekeeper/lanekeeper/internal/fetch"
)

// longestAccount is how long an e-mail address may be in bytes.
const longestAccount = 254

// entry is one element of the list. PagerDuty's has a user, a plain one an
// e-mail address.
type entry struct {
	Email string `json:"email"`
	User  *struct {
		Email   string `json:"email"`
		Summary string `json:"summary"`
		Name    string `json:"name"`
	} `json:"user"`
	Schedule *struct {
		ID      string `json:"id"`
		Summary string `json:"summary"`
	} `json:"schedule"`
	Level int    `json:"escalation_level"`
	Start string `json:"start"` // RFC 3339; absent or null: always
	End   string `json:"end"`
}

// parseDocument reads the shifts of a JSON document.
func parseDocument(data []byte, d Document) ([]shift, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	list, err := entries(data)
	if err != nil {
		return nil, err
	}
	var out []shift
	for n, e := range list {
		if d.Schedule != "" && !e.of(d.Schedule) {
			continue
		}
		s, err := e.shift(d.People)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", n, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// entries finds the list: the document itself, or its member oncalls.
func entries(data []byte) (list []entry, err error) {
	var raw json.RawMessage
	if err := fetch.JSON(data, &raw); err != nil {
		return nil, fmt.Errorf("the text %w", err)
	}
	if raw[0] == '{' {
		var page struct {
			OnCalls json.RawMessage `json:"oncalls"`
			More    bool            `json:"more"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return nil, fmt.Errorf("the document has another shape: %w", shape(err))
		}
		if page.More {
			return nil, errors.New("the answer is only a page of the list; narrow the address with schedule_ids[] or raise its limit")
		}
		raw = page.OnCalls
	}
	if len(raw) == 0 || raw[0] != '[' {
		return nil, errors.New(`there is no list: want {"oncalls": [...]}, or a list of {"email", "start", "end"}`)
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("the list has another shape: %w", shape(err))
	}
	return list, nil
}

// shape says which member is of another type, without the words of Go.
func shape(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if e.Field == "" {
			return fmt.Errorf("an element is a %s", e.Value)
		}
		return fmt.Errorf("%s is a %s", e.Field, e.Value)
	}
	return err
}

func (e *entry) of(schedule string) bool {
	return e.Schedule != nil && (e.Schedule.ID == schedule || strings.EqualFold(strings.TrimSpace(e.Schedule.Summary), strings.TrimSpace(schedule)))
}

func (e *entry) shift(people map[string]string) (shift, error) {
	s := shift{who: strings.TrimSpace(e.Email), label: strings.TrimSpace(e.Email), level: e.Level}
	if u := e.User; u != nil && s.who == "" {
		s.who, s.label = strings.TrimSpace(u.Email), u.Summary
		if s.label == "" {
			s.label = u.Name
		}
		if who := account(people, u.Summary+"\n"+u.Name); who != "" {
			s.who = who
		}
	}
	if who := account(people, s.who); who != "" {
		s.who = who
	}
	if s.who == "" && s.label == "" {
		return s, errors.New("it names nobody: want user.email, user.summary or email")
	}
	if len(s.who) > longestAccount || strings.ContainsFunc(s.who, unicode.IsControl) {
		return s, fmt.Errorf("%q is no e-mail address or account id", clip(s.who))
	}
	var err error
	if s.start, err = moment("start", e.Start); err != nil {
		return s, err
	}
	if s.end, err = moment("end", e.End); err != nil {
		return s, err
	}
	if !s.end.IsZero() && !s.end.After(s.start) {
		return s, fmt.Errorf("it ends at %s, before it begins", e.End)
	}
	return s, nil
}

func moment(what, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%s: %q is not a time; want RFC 3339, such as 2026-11-21T09:00:00Z", what, clip(text))
	}
	return t.UTC(), nil
}
