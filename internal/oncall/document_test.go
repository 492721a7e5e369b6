package oncall

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestWhoADocumentSaysIsOnDuty(t *testing.T) {
	const pages = `{"oncalls": [
	  {"user": {"summary": "Eve", "email": "eve@acme.example"}, "schedule": {"id": "P1", "summary": "Platform"}, "escalation_level": 2, "start": null, "end": null},
	  {"user": {"summary": "Ann Lee", "email": "ann@acme.example"}, "schedule": {"id": "P1", "summary": "Platform"}, "escalation_level": 1, "start": "2026-03-02T08:00:00Z", "end": "2026-03-09T09:00:00+01:00"},
	  {"user": {"summary": "Bob"}, "schedule": {"id": "P2", "summary": "Data"}, "escalation_level": 1, "start": null, "end": null},
	  {"user": {"summary": "Lead", "email": "lead@acme.example"}, "schedule": null, "escalation_level": 3, "start": null, "end": null}
	], "limit": 25, "offset": 0, "more": false, "total": null}`
	for _, tc := range []struct {
		name, text string
		d          Document
		at, who    string
		until      string
	}{
		{"the lowest level counts", pages, Document{Schedule: "P1"}, "2026-03-03 08:00", "ann@acme.example", "2026-03-09 08:00"},
		{"the next level where the lowest has nobody", pages, Document{Schedule: "platform"}, "2026-03-01 08:00", "eve@acme.example", "2026-03-02 08:00"},
		{"a user without an address, by the list of people", pages, Document{Schedule: "Data", People: map[string]string{"bob": "bob@acme.example"}}, "2026-03-03 08:00", "bob@acme.example", ""},
		{"a user without an address whom nobody knows", pages, Document{Schedule: "Data"}, "2026-03-03 08:00", "", ""},
		{"every schedule", pages, Document{}, "2026-03-03 08:00", "ann@acme.example", "2026-03-09 08:00"},
		{"a plain list", `[{"email": "ann@acme.example", "start": "2026-03-02T08:00:00Z", "end": "2026-03-03T08:00:00Z"},
			{"email": "bob@acme.example", "start": "2026-03-03T08:00:00Z", "end": "2026-03-04T08:00:00Z"}]`, Document{}, "2026-03-03 08:00", "bob@acme.example", "2026-03-04 08:00"},
		{"an address that the list of people maps to an account", `[{"email": "ann@old.example"}]`, Document{People: map[string]string{"ann@old.example": "acc-1"}}, "2026-03-03 08:00", "acc-1", ""},
		{"an empty list", `{"oncalls": []}`, Document{}, "2026-03-03 08:00", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			shifts, err := parseDocument([]byte(tc.text), tc.d)
			if err != nil {
				t.Fatal(err)
			}
			d := at(shifts, clockAt(t, tc.at))
			if d.who != tc.who {
				t.Errorf("on duty is %q, want %q", d.who, tc.who)
			}
			if (tc.until == "") != d.until.IsZero() || tc.until != "" && !d.until.Equal(clockAt(t, tc.until)) {
				t.Errorf("until %s, want %s", d.until, tc.until)
			}
		})
	}
}

func TestDocumentsThatCannotBeRead(t *testing.T) {
	for name, tc := range map[string]struct{ text, says string }{
		"HTML":                     {"<html><body>Sign in</body></html>", "the text is not JSON"},
		"nothing":                  {"", "the text is not JSON"},
		"two values":               {"[] []", "the text is not one JSON value"},
		"an object of its own":     {`{"on_call": "ann"}`, `there is no list: want {"oncalls"`},
		"a text":                   {`"ann"`, "there is no list"},
		"a list of texts":          {`["ann"]`, "an element is a string"},
		"a member of another type": {`[{"email": 7}]`, "email is a number"},
		"null for the list":        {`{"oncalls": null}`, "there is no list"},
		"one page of several":      {`{"oncalls": [], "more": true}`, "only a page of the list"},
		"an address of no sense":   {`[{"email": "a\u0007@b.example"}]`, "is no e-mail address or account id"},
		"an entry about nobody":    {`[{"start": null}]`, "entry 0: it names nobody"},
		"a time that is none":      {`[{"email": "a@b.example", "start": "Monday"}]`, `entry 0: start: "Monday" is not a time`},
		"an end before the start":  {`[{"email": "a@b.example", "start": "2026-03-02T08:00:00Z", "end": "2026-03-02T08:00:00Z"}]`, "before it begins"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parseDocument([]byte(tc.text), Document{}); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want it to say %q", err, tc.says)
			}
		})
	}
}

// A document that is read gives one shift for each entry, and who is on duty is
// sound; the same entries written anew give the same answer.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"oncalls":[{"user":{"email":"a@b.example"},"escalation_level":1,"start":null,"end":"2026-03-05T00:00:00Z"}]}`))
	f.Add([]byte(`[{"email":"a@b.example","start":"2026-03-04T00:00:00+02:00","end":"2026-03-05T00:00:00Z"},{"email":"c@d.example"}]`))
	f.Add([]byte(`{"oncalls":[{"user":{"summary":"Jane"}}],"more":false}`))
	now := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
	people := map[string]string{"Jane": "jane@acme.example"}
	f.Fuzz(func(t *testing.T, data []byte) {
		shifts, err := parseDocument(data, Document{People: people})
		if err != nil {
			return
		}
		soundDuty(t, shifts, now)
		plain := []map[string]any{}
		for _, s := range shifts {
			e := map[string]any{"email": s.who, "user": map[string]string{"summary": s.label}, "escalation_level": s.level}
			if !s.start.IsZero() {
				e["start"] = s.start.Format(time.RFC3339Nano)
			}
			if !s.end.IsZero() {
				e["end"] = s.end.Format(time.RFC3339Nano)
			}
			plain = append(plain, e)
		}
		again, err := json.Marshal(plain)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := parseDocument(again, Document{})
		if err != nil || at(twice, now).who != at(shifts, now).who {
			t.Errorf("written anew as %s: %v", again, err)
		}
	})
}
