package oncall

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	ical "github.com/arran4/golang-ical"
)

var address = regexp.MustCompile(`[A-Za-z0-9][A-Za-z0-9._%+'-]*@[A-Za-z0-9][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)+`)

// person finds whom an event names: by a name in its summary that people has,
// the first attendee who has not declined, an e-mail address in the summary or
// the description, the organizer. "" is nobody.
func person(e *ical.ComponentBase, people map[string]string) string {
	summary := value(e, ical.ComponentPropertySummary)
	if who := account(people, summary); who != "" {
		return who
	}
	for _, a := range e.GetProperties(ical.ComponentPropertyAttendee) {
		if attends(a) {
			if who := mailbox(a.Value); who != "" {
				return who
			}
		}
	}
	if who := address.FindString(summary); who != "" {
		return who
	}
	if who := address.FindString(value(e, ical.ComponentPropertyDescription)); who != "" {
		return who
	}
	return mailbox(value(e, ical.ComponentPropertyOrganizer))
}

// attends leaves out rooms and those who declined.
func attends(a *ical.IANAProperty) bool {
	is := func(param ical.Parameter, words ...string) bool {
		return slices.ContainsFunc(a.ICalParameters[string(param)], func(v string) bool { return slices.Contains(words, strings.ToUpper(v)) })
	}
	return !is(ical.ParameterParticipationStatus, "DECLINED") && !is(ical.ParameterCutype, "ROOM", "RESOURCE")
}

// mailbox is the address of a mailto URI, "" where it is none.
func mailbox(uri string) string {
	const scheme = "mailto:"
	if len(uri) < len(scheme) || !strings.EqualFold(uri[:len(scheme)], scheme) {
		return ""
	}
	text, _, _ := strings.Cut(uri[len(scheme):], "?")
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	text = strings.TrimSpace(text)
	if address.FindString(text) != text {
		return ""
	}
	return text
}

// account finds the longest of the names that stands in a text as whole words,
// and returns its account. Names of the same length count in their order.
func account(people map[string]string, text string) string {
	best := ""
	for name := range people {
		if (len(name) > len(best) || len(name) == len(best) && name < best) && named(text, name) {
			best = name
		}
	}
	return people[best]
}

func named(text, name string) bool {
	text, name = strings.ToLower(text), strings.ToLower(strings.TrimSpace(name))
	if name == "" {
		return false
	}
	for from := 0; ; {
		n := strings.Index(text[from:], name)
		if n < 0 {
			return false
		}
		begin, end := from+n, from+n+len(name)
		if !joined(text[:begin], true) && !joined(text[end:], false) {
			return true
		}
		from = begin + 1
	}
}

// joined reports whether a text goes on with a letter or digit at its end, or
// at its beginning.
func joined(text string, last bool) bool {
	runes := []rune(text)
	if len(runes) == 0 {
		return false
	}
	r := runes[0]
	if last {
		r = runes[len(runes)-1]
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func value(e *ical.ComponentBase, p ical.ComponentProperty) string {
	if found := e.GetProperty(p); found != nil {
		return strings.TrimSpace(found.Value)
	}
	return ""
}
