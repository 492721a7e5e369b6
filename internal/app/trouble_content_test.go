package app

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

// odd is an issue that breaks careless programs.
type odd struct {
	name  string
	kinds []string
	title string
	text  string
	// lane is where it belongs.
	lane string
	make func(*place) string // in place of title and text
	trap func(*jiratest.Traps)
}

// TestOddIssues takes issues with wild content through the whole loop: they
// are written like others, keep their labels, and can be explained on a
// terminal.
func TestOddIssues(t *testing.T) {
	for _, o := range oddIssues() {
		for _, kind := range o.kinds {
			t.Run(o.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { wild(t, o, kind) })
			})
		}
	}
}

func oddIssues() []odd {
	wilds := "zero\u200bwidth, bell\a and escape\x1b[31m, \u202eright to left\u202c, 🧑‍🚒🔥"
	return []odd{
		{name: "a description of a megabyte", kinds: anyTracker, title: "Long", text: strings.Repeat("All is well and nothing burns here. ", 30_000) + "security", lane: "lane:stability"},
		{name: "a description of megabytes of emoji", kinds: anyTracker, title: "Many", text: strings.Repeat("🧑‍🚒", 100_000), lane: "lane:feature"},
		{name: "ten thousand labels", kinds: anyTracker, make: manyLabels, lane: "lane:hotfix"},
		{name: "emoji and right-to-left text", kinds: anyTracker, title: "🔥 outage عاجل תקלה", text: "日本語 עברית العربية", lane: "lane:hotfix"},
		{name: "control characters", kinds: anyTracker, title: "outage " + wilds, text: wilds + "\x00\x01\x7f", lane: "lane:hotfix"},
		{name: "invalid UTF-8", kinds: anyJira, title: "outage \xff\xfe of \xc3", text: "\xf0\x9f\x94 security", lane: "lane:hotfix", trap: func(t *jiratest.Traps) { t.InvalidUTF8 = true }},
		{name: "a title of one letter", kinds: anyTracker, title: "é", lane: "lane:feature"},
		{name: "a title of a thousand words", kinds: anyTracker, title: strings.Repeat("word ", 1000) + "outage", lane: "lane:hotfix"},
		{name: "a date before the epoch and one far away", kinds: anyJira, make: oldAndFar, lane: "lane:hotfix"},
	}
}

// manyLabels files an issue with ten thousand labels of people's.
func manyLabels(p *place) string {
	id := p.create("Outage of labels", "")
	if p.jira != nil {
		fatal(p.t, p.jira.Edit(id, "amy", func(e *jiratest.Edit) {
			var all []string
			for n := range 10_000 {
				all = append(all, fmt.Sprintf("label-%05d", n))
			}
			e.Labels(all...)
		}))
		return id
	}
	var all []string
	for n := range 10_000 {
		all = append(all, p.linear.AddLabel(lineartest.Label{Name: fmt.Sprintf("label-%05d", n)}).ID)
	}
	_, err := p.linear.Edit(id, "", func(i *lineartest.Issue) { i.LabelIDs = all })
	fatal(p.t, err)
	return id
}

func oldAndFar(p *place) string {
	key := p.jira.Create(jiratest.Spec{Project: "PAY", Type: "Task", Summary: "Outage of time", Labels: []string{"team-a"},
		Created: time.Date(1901, 1, 1, 0, 0, 0, 0, time.UTC), Due: "9999-12-31"})
	i, _ := p.jira.Issue(key)
	return i.ID
}

func wild(t *testing.T, o odd, kind string) {
	w := newWorld(t, kind)
	if o.trap != nil {
		w.hurt.jira.Trap(o.trap)
	}
	id := ""
	if o.make != nil {
		id = o.make(w.hurt)
	} else {
		id = w.hurt.create(o.title, o.text)
	}
	w.note()
	w.start()
	defer func() { w.stop() }()
	w.good()
	w.good()
	w.orderly()
	if got := w.hurt.lane(id); got != o.lane {
		t.Errorf("lane %q, want %q", got, o.lane)
	}
	w.quiet()
	w.explained("hurt/" + w.hurt.issues()[id].key)
	w.sound()
}

// explained explains an issue to a terminal and demands clean text.
func (w *world) explained(ref string) {
	w.Helper()
	x, err := w.app.Explain(w.Context(), issue.ParseRef(ref))
	fatal(w, err)
	var b bytes.Buffer
	fatal(w, x.WriteText(&b, answer.Style{}))
	list, err := w.app.Issues(w.Context(), web.IssueFilter{})
	fatal(w, err)
	fatal(w, list.WriteText(&b, answer.Style{}))
	if !utf8.Valid(b.Bytes()) {
		w.Errorf("%s: the text is not UTF-8", ref)
	}
	for _, r := range b.String() {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			w.Errorf("%s: %U reaches the terminal", ref, r)
			return
		}
	}
	if b.Len() > 64<<10 {
		w.Errorf("%s: the explanation has %d bytes", ref, b.Len())
	}
}

// TestAnExpressionThatFailsOnOneIssue leaves that issue alone and undecided,
// and writes the others.
func TestAnExpressionThatFailsOnOneIssue(t *testing.T) {
	for _, kind := range anyTracker {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, kind, func(_ *world, s *settings) {
					s.policy = strings.Replace(testPolicy, "any_word(issue.description, ['security'])", "10 / (size(issue.title) - 4) > 100", 1)
				})
				id := w.hurt.create("Oops", "")
				w.note()
				w.start()
				defer func() { w.stop() }()
				w.good()
				if got := w.hurt.lane(id) + w.hurt.issues()[id].priority; got != "Medium" && got != "3" {
					t.Errorf("an undecided issue was written: %q", got)
				}
				x, err := w.app.Explain(t.Context(), issue.ParseRef("hurt/"+w.hurt.issues()[id].key))
				fatal(t, err)
				mentions(t, "the explanation", x.Undecided, "lanes[1].when", "division by zero")
				if got := w.metric("issues", "source", "hurt", "lane", ""); got != 1 {
					t.Errorf("issues without a lane: %v, want 1", got)
				}
				w.left[id] = ""
				w.orderly()
				w.quiet()

				w.retitle(id, "Oops, an outage")
				delete(w.left, id)
				w.good()
				w.orderly()
				w.quiet()
			})
		})
	}
}

// retitle changes a title as a person would.
func (w *world) retitle(id, title string) {
	w.Helper()
	if w.hurt.jira != nil {
		fatal(w, w.hurt.jira.Edit(id, "amy", func(e *jiratest.Edit) { e.Summary(title) }))
		return
	}
	_, err := w.hurt.linear.Edit(id, "", func(i *lineartest.Issue) { i.Title = title })
	fatal(w, err)
}

// TestInvalidExpressionsStopTheStart reports every one with its place, and
// starts nothing.
func TestInvalidExpressionsStopTheStart(t *testing.T) {
	w := newWorld(t, cloud, func(_ *world, s *settings) {
		s.policy = strings.NewReplacer("['outage'])\", horizon", "['outage']) &&\", horizon", "any_word(issue.description", "any_wrd(issue.description").Replace(testPolicy)
	})
	_, err := w.load()
	if err == nil {
		t.Fatal("the file was taken")
	}
	mentions(t, "the error", err.Error(), w.file+":", "policy.lanes[0].when", "policy.lanes[1].when", "any_wrd", `did you mean "any_word"?`)
	for _, line := range strings.Split(strings.TrimSpace(err.Error()), "\n") {
		if strings.HasPrefix(line, w.file) && strings.Count(strings.TrimPrefix(line, w.file), ":") < 3 {
			t.Errorf("no line and column: %s", line)
		}
	}
}

// TestTheNightsWhenClocksChange runs through the two nights in Berlin in which
// 02:30 does not exist or comes twice. Nothing is missed, and the sweep that is
// due at that time happens within a day and not again and again.
func TestTheNightsWhenClocksChange(t *testing.T) {
	for name, night := range map[string]time.Time{
		"an hour is left out": time.Date(2000, 3, 25, 18, 0, 0, 0, time.UTC),
		"an hour comes twice": time.Date(2000, 10, 28, 18, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(night))
				w := newWorld(t, cloud)
				w.start()
				defer func() { w.stop() }()
				w.good()
				sweeps := map[time.Time]bool{}
				for hour := range 54 {
					w.hurt.create(fmt.Sprintf("Outage in hour %d", hour), "")
					w.other.create(fmt.Sprintf("Hour %d", hour), "")
					for range 2 {
						time.Sleep(29 * time.Minute)
						w.good()
						st, err := w.app.store.Source("hurt")
						fatal(t, err)
						sweeps[st.LastSweep] = true
					}
					w.note()
					w.orderly()
				}
				delete(sweeps, time.Time{})
				// The first pull counts as one; cron runs twice what comes twice.
				if n := len(sweeps); n < 2 || n > 4 {
					t.Errorf("%d sweeps in 54 hours: %v", n, sweeps)
				}
				w.quiet()
			})
		})
	}
}
