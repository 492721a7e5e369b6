package exportfile

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

const everything = ^issue.Inputs(0)

func read(t *testing.T, text string, o Options) *Content {
	t.Helper()
	if o.Inputs == 0 {
		o.Inputs = everything
	}
	c, err := Read(strings.NewReader(text), o)
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, c)
	return c
}

// balanced is what holds for every file: no row is lost without a word.
func balanced(t interface{ Errorf(string, ...any) }, c *Content) {
	if c.Rows != len(c.Issues)+c.BadRows || len(c.Bad) != min(c.BadRows, mostBad) {
		t.Errorf("%d rows, but %d issues and %d bad (%d named)", c.Rows, len(c.Issues), c.BadRows, len(c.Bad))
	}
}

const jiraHead = "Summary,Issue key,Issue id,Issue Type,Status,Priority,Created,Updated,Resolved,Due date,Labels,Labels,Votes,Watchers,Watchers,Description,Component/s,Fix Version/s,Custom field (Story Points),Custom field (Customer tier),Outward issue link (Blocks),Inward issue link (Duplicate),Comment,Comment,Assignee,Reporter\n"

const jiraRow = `"Pay, ""now""",PAY-1,10001,Bug,In Progress,Highest,12/Mar/26 4:05 PM,2026-03-13 08:00,,14/Mär/26,b,a,3,ann,bob,"two
lines",API,1.2,"2,5",Gold,PAY-2,PAY-3,first,second,Ann Lee,Bob Roe
`

func TestAJiraCSVRowBecomesAnIssue(t *testing.T) {
	c := read(t, jiraHead+jiraRow+"Other,PAY-2,10002,Story,Open,Low,,,,,,,,,,,,,,,,,,,,\n", Options{Fields: map[string]string{"customer_tier": ""}})
	want := issue.Issue{
		ID: "10001", Key: "PAY-1", Source: "file", Project: "PAY", Kind: issue.Bug, RawKind: "Bug", Title: `Pay, "now"`, Description: "two\nlines",
		Status: issue.Status{Name: "In Progress", Category: issue.Started}, Priority: issue.Urgent, RawPriority: issue.Named{Name: "Highest"},
		Labels: []string{"a", "b"}, Components: []string{"API"}, Reporter: issue.Person{ID: "Bob Roe", Name: "Bob Roe"}, Assignee: issue.Person{ID: "Ann Lee", Name: "Ann Lee"},
		Created: time.Date(2026, 3, 12, 16, 5, 0, 0, time.UTC), Updated: time.Date(2026, 3, 13, 8, 0, 0, 0, time.UTC), Due: "2026-03-14",
		Estimate: 2.5, Votes: 3, Watchers: 2, Comments: 2, Milestone: issue.Iteration{Name: "1.2", Active: true},
		Links:  []issue.Link{{Type: issue.Blocks, Key: "PAY-2", Open: true}, {Type: issue.Duplicated, Key: "PAY-3"}},
		Fields: map[string]issue.Value{"customer_tier": {Text: "Gold"}},
		// Which sprint is active no CSV tells; the others have no column here.
		Unknown: issue.InputSprint | issue.InputParent | issue.InputStarted | ^(issue.InputKind<<1 - 1),
	}
	got := c.Issues[0]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c.Format != JiraCSV || len(c.Notes) > 0 || c.Newest != want.Updated {
		t.Errorf("%s, %q, %s", c.Format, c.Notes, c.Newest)
	}
}

func TestALinearCSVRowBecomesAnIssue(t *testing.T) {
	c := read(t, `ID,Team,Title,Description,Status,Estimate,Priority,Project,Creator,Assignee,Labels,Created,Updated,Started,Completed,Canceled,Archived,Due Date,Parent issue,Project Milestone
ENG-1,Engineering,Crash,"It, crashes",Doing it,3,Urgent,App,ann@x.example,,"Bug, Frontend",2026-03-12T16:05:00.000Z,Fri Mar 13 2026 08:00:00 GMT+0000 (GMT),2026-03-12T17:00:00.000Z,,,,2026-04-01,ENG-9,Beta
ENG-2,Engineering,Old,,Done,,No priority,,,,,2026-01-01T00:00:00.000Z,2026-01-02T00:00:00.000Z,,2026-01-02T00:00:00.000Z,,,,,
ENG-3,Engineering,Not,,Dropped,,Low,,,,,2026-01-01T00:00:00.000Z,2026-01-02T00:00:00.000Z,,,2026-01-02T00:00:00.000Z,,,,
`, Options{Statuses: map[string]issue.Category{"doing it": issue.Started}})
	if c.Format != LinearCSV || c.Absent != linearAbsent {
		t.Errorf("%s, absent %s", c.Format, c.Absent)
	}
	i := c.Issues[0]
	if i.Kind != issue.Bug || !slices.Equal(i.Labels, []string{"Bug", "Frontend"}) || i.Priority != issue.Urgent || i.Status.Category != issue.Started || i.Estimate != 3 ||
		i.Due != "2026-04-01" || i.Parent != "ENG-9" || i.Milestone.Name != "Beta" || !i.Started.Equal(time.Date(2026, 3, 12, 17, 0, 0, 0, time.UTC)) ||
		!i.Updated.Equal(time.Date(2026, 3, 13, 8, 0, 0, 0, time.UTC)) || i.Project != "ENG" || !slices.Equal(i.Components, []string{"App"}) {
		t.Errorf("%+v", i)
	}
	if a, b := c.Issues[1], c.Issues[2]; a.Status.Category != issue.Completed || a.Priority != issue.None || a.Unknown.Has(issue.InputPriority) || b.Status.Category != issue.Canceled {
		t.Errorf("%+v\n%+v", a.Status, b.Status)
	}
}

func TestTheSameFileInEveryDress(t *testing.T) {
	plain := jiraHead + jiraRow
	semicolons := csvAs(t, plain, ';')
	u16 := func(order func(uint16) []byte) string {
		var b bytes.Buffer
		for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(plain))...) {
			b.Write(order(u))
		}
		return b.String()
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(plain))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	want := read(t, plain, Options{})
	for name, text := range map[string]string{
		"with a byte order mark": "\ufeff" + plain, "with semicolons": semicolons, "with tabs": csvAs(t, plain, '\t'), "with bars": csvAs(t, plain, '|'),
		"with the line of Excel": "sep=;\r\n" + semicolons, "with CRLF": strings.ReplaceAll(plain, "\n", "\r\n"), "with CR": strings.ReplaceAll(plain, "\n", "\r"),
		"in UTF-16, little end first": u16(func(u uint16) []byte { return []byte{byte(u), byte(u >> 8)} }),
		"in UTF-16, big end first":    u16(func(u uint16) []byte { return []byte{byte(u >> 8), byte(u)} }),
		"packed with gzip":            zipped.String(), "without the last line break": strings.TrimSuffix(plain, "\n"), "after blank lines": "\n\n" + plain, "with blank lines inside": plain + "\n\r\n\n",
	} {
		if diff := cmp.Diff(want.Issues, read(t, text, Options{}).Issues); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func csvAs(t *testing.T, text string, delim rune) string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma = delim
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const shortHead = "Issue key,Summary,Status,Created\n"

func TestBadInputSaysWhatIsWrong(t *testing.T) {
	var cut bytes.Buffer
	z := gzip.NewWriter(&cut)
	_, _ = z.Write([]byte(shortHead + strings.Repeat("PAY-1,a,Open,\n", 100)))
	for name, test := range map[string]struct{ text, want string }{
		"an empty file":             {"", "the file is empty"},
		"white space":               {" \n\n ", "nothing but white space"},
		"a web page":                {"\n<!DOCTYPE html><html><body>Log in</body></html>", "this is a web page, not an export"},
		"the XML of Jira":           {"<?xml version=\"1.0\"?><rss></rss>", "this is XML"},
		"a workbook":                {"PK\x03\x04rest", "a zip archive or an Excel workbook"},
		"unknown columns":           {"Schlüssel;Zusammenfassung;Zustand\nPAY-1;a;Offen\n", `no column is known for key, title, status: it has the columns "Schlüssel", "Zusammenfassung", "Zustand"; say which is which, such as --columns "COLUMN=key"`},
		"a header alone":            {shortHead, "a header and no rows"},
		"JSON of something else":    {`{"name": "x"}`, "none of the 1 issues can be read"},
		"an error of Jira":          {`{"errorMessages":["You do not have permission"]}`, "an error of Jira instead of an issue: You do not have permission"},
		"an empty answer":           {`{"issues": [], "total": 0}`, "holds no issue"},
		"JSON that ends at once":    {`{"issues": [`, "ends in the middle"},
		"gzip that is cut":          {cut.String()[:10], "ends in the middle"},
		"no line break anywhere":    {strings.Repeat("a,", 100_000), "the row has more than 65536 columns; a line break is probably missing near line 1"},
		"an open quote in the head": {"Issue key,\"Summary\nPAY-1,a", "the header cannot be read: the quote that opens in line 1 is never closed"},
	} {
		_, err := Read(strings.NewReader(test.text), Options{Inputs: everything})
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestBadRowsAreReportedAndTheOthersRead(t *testing.T) {
	c := read(t, shortHead+"PAY-1,a,Open,\nPAY-2,b,Open\nno key,c,Open,\nPAY-1,again,Open,\nPAY-3,d,,\nPAY-4,\"e\"x,Open,\nPAY-5,f,Open,\n", Options{})
	want := []BadRow{
		{3, "PAY-2", "the row has 3 columns, the header 4; a quote or a delimiter is probably missing"},
		{4, "", "the row has no key such as PAY-12"},
		{5, "PAY-1", "PAY-1 came before, at 2; the first counts"},
		{6, "PAY-3", "the status is empty, so that it is not known whether the issue is open"},
		{7, "PAY-4", "text stands behind the closing quote of column 2 in line 7"},
	}
	if diff := cmp.Diff(want, c.Bad); diff != "" {
		t.Error(diff)
	}
	if len(c.Issues) != 2 || c.Issues[1].Key != "PAY-5" {
		t.Errorf("%d issues", len(c.Issues))
	}
}

func TestAnOpenQuoteEndsTheFileAtItsLine(t *testing.T) {
	c := read(t, shortHead+"PAY-1,a,Open,\nPAY-2,\"b,Open,\nPAY-3,c,Open,\n", Options{})
	if len(c.Issues) != 1 || c.BadRows != 1 || !strings.HasPrefix(c.Cut, "line 3: the quote that opens in line 3 is never closed; lines 3 to 5 are one row") {
		t.Errorf("%d issues, %v, %q", len(c.Issues), c.Bad, c.Cut)
	}
}

func TestTruncatedJSONTellsWhatWasRead(t *testing.T) {
	one := func(n int) string {
		return fmt.Sprintf(`{"id":"%d","key":"PAY-%d","fields":{"summary":"s","status":{"name":"Open","statusCategory":{"key":"new"}}}}`, n, n)
	}
	whole := `{"startAt":0,"issues":[` + one(1) + "," + one(2) + "," + one(3) + `],"total":3}`
	c := read(t, whole[:len(whole)-60], Options{})
	if len(c.Issues) != 2 || !strings.Contains(c.Cut, "the file ends in the middle") || !strings.Contains(c.Cut, "2 issues were read before") {
		t.Errorf("%d issues, %q", len(c.Issues), c.Cut)
	}
	for name, text := range map[string]string{"a search": whole, "a list": "[" + one(1) + "," + one(2) + "," + one(3) + "]", "one a line": one(1) + "\n" + one(2) + "\n" + one(3) + "\n", "two answers": `{"issues":[` + one(1) + "]}\n" + `{"issues":[` + one(2) + "," + one(3) + "]}"} {
		if c := read(t, text, Options{}); len(c.Issues) != 3 || c.Cut != "" || c.BadRows != 0 {
			t.Errorf("%s: %d issues, %q, %v", name, len(c.Issues), c.Cut, c.Bad)
		}
	}
	c = read(t, one(1)+"\n"+`{"id":"2"}`+"\n17\n"+one(1)+"\n"+one(3), Options{})
	if len(c.Issues) != 2 || c.BadRows != 3 {
		t.Errorf("%d issues, bad %v", len(c.Issues), c.Bad)
	}
}

func TestWordsThatAreNotKnownAreListedAndUnknown(t *testing.T) {
	text := "Issue key,Summary,Status,Priority,Issue Type,Resolved\nPAY-1,a,Blocked,P1,Vorfall,\nPAY-2,b,Blocked,P1,Bug,2026-03-04\n"
	c := read(t, text, Options{})
	if diff := cmp.Diff([3]map[string]int{{"Vorfall": 1}, {"P1": 2}, {"Blocked": 1}}, [3]map[string]int{c.Types, c.Priorities, c.Statuses}); diff != "" {
		t.Error(diff)
	}
	if i := c.Issues[0]; !i.Unknown.Has(issue.InputStatus|issue.InputPriority) || i.Kind != issue.Other || i.Status.Category != "" {
		t.Errorf("%+v", i)
	}
	if c.Issues[1].Status.Category != issue.Completed {
		t.Error("what was resolved is not closed")
	}
	c = read(t, text, Options{
		Statuses: map[string]issue.Category{"blocked": issue.Started}, Priorities: map[string]issue.Priority{"P1": issue.High}, Kinds: map[string]issue.Kind{"vorfall": issue.Incident},
	})
	if i := c.Issues[0]; i.Unknown.Any(issue.InputStatus|issue.InputPriority) || i.Kind != issue.Incident || i.Status.Category != issue.Started || i.Priority != issue.High {
		t.Errorf("%+v", i)
	}
}

func TestAMissingColumnIsUnknownAndAnEmptyOneIsNot(t *testing.T) {
	c := read(t, "Issue key,Summary,Status,Labels\nPAY-1,a,Open,\n", Options{Inputs: issue.InputVotes | issue.InputCustomers})
	if i := c.Issues[0]; i.Unknown.Has(issue.InputLabels) || !i.Unknown.Has(issue.InputVotes|issue.InputPriority) || i.Unknown.Has(issue.InputCustomers) {
		t.Errorf("unknown: %s", i.Unknown)
	}
	c = read(t, "Issue key,Summary,Status,Labels\nPAY-1,a,Open,\n", Options{Inputs: issue.InputVotes, Empty: issue.InputVotes})
	if c.Issues[0].Unknown.Has(issue.InputVotes) {
		t.Error("what is said to be empty is unknown")
	}
}

func TestColumnsOfAnotherLanguageCanBeNamed(t *testing.T) {
	text := "Schlüssel;Zusammenfassung;Zustand;Priorität\nPAY-1;a;Open;High\n"
	columns := map[string]string{"Schlüssel": "key", "zusammenfassung": "title", "Zustand": "status", "Priorität": "priority"}
	if c := read(t, text, Options{Columns: columns}); c.Issues[0].Title != "a" || c.Issues[0].Priority != issue.High {
		t.Errorf("%+v", c.Issues[0])
	}
	for theirs, ours := range map[string]string{"Schlüssel": "schlüssel", "Nirgends": "key"} {
		if _, err := Read(strings.NewReader(text), Options{Columns: map[string]string{theirs: ours}}); err == nil || !strings.Contains(err.Error(), "--columns") {
			t.Errorf("%s=%s: %v", theirs, ours, err)
		}
	}
}

func TestDates(t *testing.T) {
	want := time.Date(2026, 4, 13, 0, 0, 0, 0, time.UTC)
	for _, s := range []string{"2026-04-13", "2026/04/13", "13.04.2026", "13.4.26", "13/Apr/26", "13/avr./2026", "13-abr-26", "Apr 13, 2026", "April 13, 2026", "13 avril 2026", "13/04/2026", "04/13/2026", "13. April 2026"} {
		if got, err := parseTime(s, "", time.UTC); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	want = time.Date(2026, 3, 12, 16, 5, 0, 0, time.UTC)
	for _, s := range []string{"12/Mar/26 4:05 PM", "12/März/2026 16:05", "2026-03-12T16:05:00.000+0000", "2026-03-12 16:05", "12.03.2026 16:05", "12.03.26, 16:05:00", "Thu Mar 12 2026 17:05:00 GMT+0100 (CET)", "Mar 12, 2026, 4:05 p.m."} {
		if got, err := parseTime(s, "", time.UTC); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"03/04/2026", "3-4-26", "03/04/2026 10:00 AM"} {
		if _, err := parseTime(s, "", time.UTC); !errors.Is(err, errAmbiguous) {
			t.Errorf("%s: %v", s, err)
		}
		a, aerr := parseTime(s, DayFirst, time.UTC)
		b, berr := parseTime(s, MonthFirst, time.UTC)
		if aerr != nil || berr != nil || a.Month() != time.April || b.Month() != time.March {
			t.Errorf("%s: %v %v, %v %v", s, a, aerr, b, berr)
		}
	}
	for _, s := range []string{"soon", "32/Mar/26", "30/Feb/26", "13/13/2026", "4.13.2026", "12/Mar/26 25:00", "12/Mar/26 13:00 PM", "2026-13-01", "0/0/2026"} {
		if got, err := parseTime(s, "", time.UTC); err == nil {
			t.Errorf("%s reads as %v", s, got)
		}
	}
}

func TestDatesThatCanBeReadInTwoWaysAreReportedWithTheChoice(t *testing.T) {
	text := shortHead + "PAY-1,a,Open,03/04/2026\nPAY-2,b,Open,25/04/2026\nPAY-3,c,Open,whenever\n"
	c := read(t, text, Options{})
	want := []string{
		`1 dates such as "03/04/2026" can be read in two ways and count as not known; "25/04/2026" in the same file speaks for --dates dmy`,
		`1 dates such as "whenever" are in no form that is known and count as not known`,
	}
	if diff := cmp.Diff(want, c.Notes); diff != "" || !c.Issues[0].Created.IsZero() {
		t.Error(diff, c.Issues[0].Created)
	}
	if c := read(t, text, Options{Dates: DayFirst}); c.Issues[0].Created.Month() != time.April {
		t.Error(c.Issues[0].Created)
	}
}

func TestRowsThatOthersWroteAllArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := [][]string{{"Issue key", "Summary", "Status", "Description"}}
		n := rapid.IntRange(1, 30).Draw(t, "rows")
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab,;\"'\n\t üé😀")))
		for k := range n {
			rows = append(rows, []string{fmt.Sprintf("P-%d", k+1), text.Draw(t, "title"), "Open", text.Draw(t, "description")})
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma = rapid.SampledFrom([]rune{',', ';', '\t', '|'}).Draw(t, "delimiter")
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		c, err := Read(&b, Options{Inputs: everything})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Issues) != n || c.BadRows != 0 {
			t.Fatalf("%d of %d rows, bad %v", len(c.Issues), n, c.Bad)
		}
		for k, i := range c.Issues {
			if i.Title != rows[k+1][1] || i.Description != rows[k+1][3] {
				t.Fatalf("row %d: %q %q", k, i.Title, i.Description)
			}
		}
	})
}

func fuzz(f *testing.F, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Read(bytes.NewReader(b), Options{Inputs: everything, Fields: map[string]string{"tier": ""}})
		if err != nil {
			return
		}
		balanced(t, c)
		keys := map[string]bool{}
		for _, i := range c.Issues {
			if i.Key == "" || keys[i.Key] {
				t.Errorf("key %q is empty or came twice", i.Key)
			}
			keys[i.Key] = true
			if i.Status.Name == "" && c.Format != JiraJSON {
				t.Error("an issue without a status")
			}
		}
	})
}

func FuzzJiraCSV(f *testing.F) { fuzz(f, jiraHead+jiraRow, shortHead+"PAY-1,\"a\n,Open,03/04/2026\n") }

func FuzzLinearCSV(f *testing.F) {
	fuzz(f, "ID,Team,Title,Status,Priority,Labels,Canceled\nENG-1,E,t,Todo,Urgent,\"Bug, x\",\n")
}

func FuzzJiraJSON(f *testing.F) {
	fuzz(f, `{"issues":[{"id":"1","key":"PAY-1","self":"https://x/rest/api/2/issue/1","fields":{"summary":"s","status":{"name":"Open","statusCategory":{"key":"new"}},"priority":{"id":"1","name":"High"},"labels":["a"],"created":"2026-03-04T00:00:00.000+0000"},"changelog":{"total":1,"histories":[{"created":"2026-03-05T00:00:00.000+0000","author":{"name":"x"},"items":[{"field":"status","fromString":"a","toString":"Open"}]}]}}]}`)
}

func FuzzDates(f *testing.F) {
	for _, s := range []string{"12/Mar/26 4:05 PM", "03/04/2026", "2026-03-12T16:05:00.000+0000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, aerr := parseTime(s, "", time.UTC)
		b, berr := parseTime(s, DayFirst, time.UTC)
		if aerr == nil && (berr != nil || !a.Equal(b)) {
			t.Errorf("%q reads as %v, and as %v (%v) with an order that it does not need", s, a, b, berr)
		}
	})
}
