package alert

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"
	"time"
	"unicode"

	"github.com/lanekeeper/lanekeeper/state"
)

// Message is what a template makes a text of.
type Message struct {
	// Status is firing, repeated, resolved or digest; digest is what quiet hours
	// held back.
	Status string
	// Event and Source are those of all items, "" where they differ; so are SLA
	// and Severity, the gravest of all.
	Event    string
	Source   string
	SLA      string
	Severity string
	Total    int    // alerts that the message tells
	Items    []Item // of them, the first ones
	More     int    // of them, the ones that are not listed
}

// Item is one alert of a message.
type Item struct {
	Status     string // firing, repeated or resolved
	Event      string
	Source     string
	Lane       string
	SLA        string
	Severity   string
	Ref        string // of the issue; "" where it is about none
	Title      string
	Project    string
	Subject    string
	Summary    string
	Remaining  string // "2 h 5 min left", "12 min over", "" where there is no target
	StartsAt   time.Time
	EndedAt    time.Time // zero while it lasts
	URL        string
	ExplainURL string
}

// The default text: a headline, a line for each alert, and how many more
// there are.
const defaultTemplate = `{{.Headline}}
{{- range .Items}}
{{.Bullet}}
{{- if .Link}} {{.Link}}{{end}}
{{- end}}
{{- if .More}}
… and {{.More}} more
{{- end}}
`

// Template makes the text of messages.
type Template struct{ t *template.Template }

// ParseTemplate reads a Go template over a Message; "" is the default text. What
// can only be found by running it is found here too: it is tried on examples.
func ParseTemplate(text string) (Template, error) {
	t, err := template.New("template").Option("missingkey=error").Parse(cmp.Or(text, defaultTemplate))
	if err != nil {
		return Template{}, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "template: "))
	}
	out := Template{t}
	for _, m := range examples() {
		s, err := out.text(m)
		if err != nil {
			return Template{}, err
		}
		if strings.TrimSpace(s) == "" {
			return Template{}, errors.New("makes an empty text")
		}
	}
	return out, nil
}

// mostText bounds what a template may make, in bytes.
const mostText = 64 << 10

func (t Template) text(m Message) (string, error) {
	var b strings.Builder
	if err := t.t.Execute(&bounded{&b, mostText}, m); err != nil {
		return "", fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "template: "))
	}
	return strings.TrimSpace(b.String()), nil
}

// bounded is a writer that takes so many bytes.
type bounded struct {
	w    io.Writer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, fmt.Errorf("the text is longer than %d KiB", mostText>>10)
	}
	return b.w.Write(p)
}

// examples are messages of every form.
func examples() []Message {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	left := -12 * time.Minute
	e := Event{
		Kind: SLABreached, Source: "payments", Lane: "hotfix", SLA: "urgent-fix", Issue: Issue{ID: "1", Key: "PAY-1", URL: "https://jira.example/browse/PAY-1", Title: "Title"},
		Project: "PAY", Summary: "a summary", StartsAt: now, Remaining: &left, ExplainURL: "http://127.0.0.1:9275/issues/payments/PAY-1",
	}
	a := state.Alert{Raised: now, StartsAt: now}
	e.describe(&a)
	guard := state.Alert{Raised: now, StartsAt: now}
	(&Event{Kind: Guard, Source: "payments", Subject: "p-1", Summary: "a plan waits"}).describe(&guard)
	over := a
	over.Ended, over.EndedAt = true, now.Add(time.Hour)
	var out []Message
	for _, items := range [][]item{
		{{Alert: a, do: outcomeSent}}, {{Alert: guard, do: outcomeRepeated}}, {{Alert: over, do: outcomeResolved}},
		{{Alert: a, do: outcomeSent}, {Alert: guard, do: outcomeSent}, {Alert: over, do: outcomeSent}},
	} {
		out = append(out, message(batch{channel: &Channel{MaxListed: 2}, items: items, digest: len(items) > 1}))
	}
	return out
}

// message describes a batch.
func message(b batch) Message {
	first := &b.items[0]
	m := Message{Status: status(first), Event: first.Kind, Source: first.Source, SLA: first.SLA, Severity: first.Severity, Total: len(b.items)}
	if b.digest {
		m.Status = "digest"
	}
	for n := range b.items {
		i := &b.items[n]
		m.Event, m.Source, m.SLA = common(m.Event, i.Kind), common(m.Source, i.Source), common(m.SLA, i.SLA)
		if gravity(i.Severity) < gravity(m.Severity) {
			m.Severity = i.Severity
		}
		if most := b.channel.MaxListed; most > 0 && len(m.Items) == most {
			m.More++
			continue
		}
		m.Items = append(m.Items, itemOf(i))
	}
	return m
}

func common(a, b string) string {
	if a == b {
		return a
	}
	return ""
}

func gravity(severity string) int { return slices.Index(Severities(), Severity(severity)) }

func status(i *item) string {
	switch {
	case i.Ended:
		return "resolved"
	case i.do == outcomeRepeated:
		return "repeated"
	}
	return "firing"
}

func itemOf(i *item) Item {
	out := Item{
		Status: status(i), Event: i.Kind, Source: i.Source, Lane: i.Lane, SLA: i.SLA, Severity: i.Severity, Title: clean(i.Title), Project: i.Project,
		Subject: i.Subject, Summary: clean(i.Summary), StartsAt: i.StartsAt, EndedAt: i.EndedAt, URL: i.URL, ExplainURL: i.ExplainURL,
	}
	if i.Key != "" {
		out.Ref = i.Source + "/" + i.Key
	}
	if i.Timed {
		out.Remaining = remaining(i.Remaining)
	}
	return out
}

// Headline says in one line what the message is about.
func (m Message) Headline() string {
	what := m.what()
	switch {
	case m.Status == "digest":
		return fmt.Sprintf("🌙 While it was quiet: %s", count(m.Total, "alert"))
	case m.Status == "resolved":
		return "✅ Over: " + what
	case m.Status == "repeated":
		return m.mark() + " Still: " + what
	}
	return m.mark() + " " + what
}

// what names the kind of event, how many there are and where.
func (m Message) what() string {
	text := m.Event
	for _, k := range Kinds() {
		if string(k) == m.Event {
			text = k.words()
		}
	}
	if m.SLA != "" {
		text += " (" + m.SLA + ")"
	}
	if m.Source != "" {
		text += " in " + m.Source
	}
	if m.Total > 1 {
		text += ": " + count(m.Total, "alert")
	}
	return text
}

func (m Message) mark() string {
	switch Severity(m.Severity) {
	case Critical:
		return "🔴"
	case Warning:
		return "🟠"
	}
	return "🔵"
}

// words names a kind for people.
func (k Kind) words() string {
	return map[Kind]string{
		SLAWarning: "SLA at risk", SLABreached: "SLA breached", SLAMet: "SLA met", Guard: "Plan waits for approval", SourceDown: "Source down",
		SourceRecovered: "Source recovered", AuthFailed: "Credential refused", Contested: "Contested move", ParkedTooLong: "Cannot be written",
		LaneOutOfBalance: "Lane out of balance", Report: "Report",
	}[k]
}

// Bullet says in one line what one alert is about.
func (i Item) Bullet() string {
	mark := "•"
	if i.Status == "resolved" {
		mark = "✓"
	}
	var parts []string
	for _, s := range []string{i.Ref, i.Title, i.Summary} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	text := mark + " " + strings.Join(parts, " · ")
	if i.Remaining != "" && i.Status != "resolved" {
		text += " (" + i.Remaining + ")"
	}
	return text
}

// Link is the page that tells more.
func (i Item) Link() string { return cmp.Or(i.URL, i.ExplainURL) }

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// remaining says a time to a target in words.
func remaining(d time.Duration) string {
	if d < 0 {
		return span2(-d) + " over"
	}
	return span2(d) + " left"
}

// span2 says a length of time in its two largest units, rounded down.
func span2(d time.Duration) string {
	h, m := int(d.Hours()), int(d.Minutes())%60
	switch {
	case h >= 24:
		return strings.TrimSuffix(fmt.Sprintf("%d d %d h", h/24, h%24), " 0 h")
	case h > 0:
		return strings.TrimSuffix(fmt.Sprintf("%d h %d min", h, m), " 0 min")
	case m > 0:
		return fmt.Sprintf("%d min", m)
	}
	return fmt.Sprintf("%d s", int(d.Seconds()))
}

// mostTitle bounds a text that comes from a tracker, in characters.
const mostTitle = 200

// clean makes a text from outside one line without characters that hide or
// reorder others, of bounded length. A mention that would wake a whole chat is
// taken apart.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	s = strings.NewReplacer("<!", "<\u200b!", "@channel", "@\u200bchannel", "@here", "@\u200bhere", "@everyone", "@\u200beveryone", "@all", "@\u200ball").Replace(s)
	if r := []rune(s); len(r) > mostTitle {
		s = string(r[:mostTitle-1]) + "…"
	}
	return s
}
