package jira

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestPriorityLists(t *testing.T) {
	list := func(names ...string) []named {
		var out []named
		for i, n := range names {
			out = append(out, named{ID: string(rune('1' + i)), Name: n})
		}
		return out
	}
	tests := []struct {
		name       string
		items      []named
		configured map[issue.Priority]string
		reads      string // rank of each item
		writes     map[issue.Priority]string
	}{
		{"Jira's five", list("Highest", "High", "Medium", "Low", "Lowest"), nil, "urgent high medium low low",
			map[issue.Priority]string{issue.Urgent: "1", issue.High: "2", issue.Medium: "3", issue.Low: "4"}},
		{"three: nothing stands for urgent", list("A", "B", "C"), nil, "high medium low",
			map[issue.Priority]string{issue.High: "1", issue.Medium: "2", issue.Low: "3"}},
		{"eight are divided by four", list("1", "2", "3", "4", "5", "6", "7", "8"), nil, "urgent urgent high high medium medium low low",
			map[issue.Priority]string{issue.Urgent: "1", issue.High: "3", issue.Medium: "5", issue.Low: "7"}},
		{"one", list("Normal"), nil, "medium", map[issue.Priority]string{issue.Medium: "1"}},
		{"configured by name and id; others read as their more urgent neighbour", list("Blocker", "P1", "P2", "P3", "P4"),
			map[issue.Priority]string{issue.Urgent: "p1", issue.High: "3", issue.Low: "P4"}, "urgent urgent high high low",
			map[issue.Priority]string{issue.Urgent: "2", issue.High: "3", issue.Low: "5"}},
		{"configured names that the project has not", list("A"), map[issue.Priority]string{issue.High: "Z"}, "", map[issue.Priority]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newPriorityList(tt.items, tt.configured)
			var reads []string
			for _, it := range tt.items {
				if r, ok := l.ranks[it.ID]; ok {
					reads = append(reads, r.String())
				}
			}
			if got := strings.Join(reads, " "); got != tt.reads {
				t.Errorf("reads %q, want %q", got, tt.reads)
			}
			if diff := cmp.Diff(tt.writes, l.ids); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWrittenPriorityReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var items []named
		for i := range rapid.IntRange(1, 12).Draw(t, "n") {
			items = append(items, named{ID: string(rune('a' + i))})
		}
		l := newPriorityList(items, nil)
		for rank, id := range l.ids {
			if l.ranks[id] != rank {
				t.Fatalf("%d items: writing %s reads %s", len(items), rank, l.ranks[id])
			}
		}
	})
}

func TestLabelEvents(t *testing.T) {
	e := func(from, to string) issue.Event { return issue.Event{Field: issue.FieldLabels, From: from, To: to} }
	got := labelEvents(issue.Event{}, "a lane:x b", "b lane:y c")
	want := []issue.Event{e("a", ""), e("lane:x", ""), e("", "lane:y"), e("", "c")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := labelEvents(issue.Event{}, "", ""); got != nil {
		t.Error(got)
	}
}

func TestQuotedValuesStayValues(t *testing.T) {
	for in, want := range map[string]string{
		`PAY`:                `"PAY"`,
		`a" OR project = "b`: `"a\" OR project = \"b"`,
		`back\slash`:         `"back\\slash"`,
	} {
		if got := quote(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	s := Settings{Projects: []string{"PAY", "WEB"}, JQL: "issuetype != Epic OR x = 1"}
	if got := s.scope(); got != `project in ("PAY", "WEB") AND (issuetype != Epic OR x = 1)` {
		t.Error(got)
	}
	if got := since(time.UnixMilli(1732877091123)); got != " AND updated >= 1732877040000" {
		t.Error(got)
	}
}

const sample = "Lane: hotfix\nbecause {of} *this*\n\n- one_two\n- [link|x]\u0007\n\n\n- \nh1. no heading\nbq. no quote"

func TestDocument(t *testing.T) {
	text := func(s string) node { return node{"type": "text", "text": s} }
	para := func(c ...node) node { return node{"type": "paragraph", "content": c} }
	br := node{"type": "hardBreak"}
	want := node{"type": "doc", "version": 1, "content": []node{
		para(text("Lane: hotfix"), br, text("because {of} *this*")),
		{"type": "bulletList", "content": []node{
			{"type": "listItem", "content": []node{para(text("one_two"))}}, {"type": "listItem", "content": []node{para(text("[link|x]"))}}}},
		para(text("-"), br, text("h1. no heading"), br, text("bq. no quote")),
	}}
	if diff := cmp.Diff(want, document(sample)); diff != "" {
		t.Error(diff)
	}
}

func TestWikiIsEscaped(t *testing.T) {
	want := "Lane: hotfix\nbecause \\{of\\} \\*this\\*\n\n* one\\_two\n* \\[link\\|x\\]\n\n\\-\n\u200bh1. no heading\n\u200bbq. no quote"
	if diff := cmp.Diff(want, wiki(sample)); diff != "" {
		t.Error(diff)
	}
}

func TestDocumentHasNoLineBreaksAndNoEmptyTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var walk func(node)
		walk = func(n node) {
			if s, ok := n["text"].(string); ok && (s == "" || strings.ContainsAny(s, "\r\n")) {
				t.Fatalf("text %q", s)
			}
			content, _ := n["content"].([]node)
			for _, c := range content {
				walk(c)
			}
		}
		walk(document(rapid.String().Draw(t, "body")))
	})
}

func TestChoosingAPerson(t *testing.T) {
	ann, bob := user{AccountID: "1", DisplayName: "Ann", EmailAddress: "ann@x"}, user{AccountID: "2", DisplayName: "Bob"}
	tests := []struct {
		name, who string
		list      []user
		id        string
	}{
		{"exact address", "ANN@x", []user{bob, ann}, "1"},
		{"account id", "2", []user{bob}, "2"},
		{"the only one, with a hidden address", "bob@x", []user{bob}, "2"},
		{"the only one has another address", "bob@x", []user{ann}, ""},
		{"several with hidden addresses", "bob@x", []user{bob, {AccountID: "3"}}, ""},
		{"nobody", "eve@x", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := choose(tt.who, tt.list, "PAY")
			switch {
			case tt.id == "" && connectors.KindOf(err) != connectors.NotFound:
				t.Errorf("%v %v", u, err)
			case tt.id != "" && (err != nil || u.id() != tt.id):
				t.Errorf("%v %v", u, err)
			}
		})
	}
}

func TestOrdered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		fetch := func(ctx context.Context, n int) (int, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			select {
			case <-time.After(time.Duration(rand.IntN(100)) * time.Millisecond):
			case <-ctx.Done():
				return 0, ctx.Err()
			}
			return n, nil
		}
		next := 0
		for v, err := range ordered(t.Context(), 50, 4, fetch) {
			if err != nil || v != next {
				t.Fatalf("%d %v, want %d", v, err, next)
			}
			next++
		}
		if next != 50 || most.Load() != 4 {
			t.Errorf("%d results, %d at a time", next, most.Load())
		}
		for range ordered(t.Context(), 50, 4, fetch) {
			break
		}
		if now.Load() != 0 {
			t.Error("work goes on after the consumer stopped")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var last error
		for _, err := range ordered(ctx, 50, 4, fetch) {
			last = err
		}
		if !errors.Is(last, context.Canceled) {
			t.Errorf("an ended context looks like the end: %v", last)
		}
	})
}

func TestOrderedStopsAtTheFirstError(t *testing.T) {
	boom := errors.New("boom")
	var got []int
	for v, err := range ordered(t.Context(), 10, 3, func(_ context.Context, n int) (int, error) {
		if n == 4 {
			return 0, boom
		}
		return n, nil
	}) {
		if err != nil {
			if !errors.Is(err, boom) {
				t.Error(err)
			}
			continue
		}
		got = append(got, v)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 3}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSettings(t *testing.T) {
	good := Settings{URL: "https://acme.example", Projects: []string{"PAY"}, Auth: Auth{Token: connectors.NewSecret("x")}}
	good.JQL = `summary ~ "a ) \" ( b" AND (x = 1 OR y = ')')`
	if _, err := New(good, Options{}); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Settings){
		"no project":                          func(s *Settings) { s.Projects = nil },
		"a project's name":                    func(s *Settings) { s.Projects = []string{`P" OR x`} },
		"another flavor":                      func(s *Settings) { s.Flavor = "server" },
		"jql that breaks out of its brackets": func(s *Settings) { s.JQL = "a = 1) OR (b = 2" },
		"jql that hides its brackets":         func(s *Settings) { s.JQL = `text ~ a\" ) OR (text ~ b\"` },
		"an open quotation mark":              func(s *Settings) { s.JQL = `summary ~ "x` },
		"no token":                            func(s *Settings) { s.Auth.Token = connectors.Secret{} },
		"no scheme":                           func(s *Settings) { s.URL = "acme.example" },
	} {
		s := good
		change(&s)
		if _, err := New(s, Options{}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestUnsafeTaskIDs(t *testing.T) {
	for _, id := range []string{"", "../x", "a/b", "a?b", strings.Repeat("1", 65)} {
		if safeTask(id) {
			t.Errorf("%q", id)
		}
	}
	if !safeTask("10641") {
		t.Error("a number")
	}
}
