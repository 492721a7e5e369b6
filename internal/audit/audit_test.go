package audit_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lanekeeper/lanekeeper/internal/audit"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2026, 6, 3, 12, 0, 0, 0, time.UTC)

// update of one issue, decided at a time.
func decided(id int, lane, was string, at time.Time) state.Update {
	r := &state.Record{Issue: issue.Issue{ID: fmt.Sprint(id), Key: fmt.Sprintf("PAY-%d", id), Source: "payments", Status: issue.Status{Category: issue.Unstarted}}, Seen: at}
	r.Decision = policy.Decision{At: at, PolicyHash: "3f0a77b1", Lane: lane, Score: 71.25 + float64(id), Priority: issue.High,
		Rules:  []policy.RuleResult{{Lane: "hotfix", Result: policy.No}, {Lane: lane, Result: policy.Yes}},
		Inputs: []policy.Reading{{Path: "issue.kind", Value: "bug"}, {Path: "issue.title", Value: "<b>\xffcrash</b>"}}}
	return state.Update{Record: r, Decision: &r.Decision, Cause: was}
}

func testStore(t testing.TB) *state.DB {
	t.Helper()
	d, err := state.Open(filepath.Join(t.TempDir(), "lanekeeper.db"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	commit := func(b state.Batch) {
		t.Helper()
		b.Source = "payments"
		if err := d.Commit(b); err != nil {
			t.Fatal(err)
		}
	}
	hour := func(n int) time.Time { return now.Add(time.Duration(n-48) * time.Hour) }
	commit(state.Batch{Now: hour(0), Updates: []state.Update{decided(1, "feature", "first seen", hour(0)), decided(2, "feature", "first seen", hour(0))}})
	commit(state.Batch{Now: hour(1), Updates: []state.Update{decided(1, "hotfix", "updated in Jira", hour(1))}})
	entry := func(n, id int, s state.EntryStatus, from, to string) state.Entry {
		e := state.Entry{Plan: "p-7f3a09", N: n, ID: fmt.Sprint(id), Key: fmt.Sprintf("PAY-%d", id), Status: s, At: hour(1), Done: hour(1), Lane: "hotfix",
			Change: issue.Change{Field: issue.FieldLane, From: from, To: to, Reason: "A paying customer is hurt now."}}
		if s == state.EntryFailed {
			e.Error = "edit: invalid (HTTP 400)"
		}
		return e
	}
	commit(state.Batch{Now: hour(1), Entries: []state.Entry{
		entry(0, 1, state.EntryApplied, "lane:feature", "lane:hotfix"), entry(1, 2, state.EntryFailed, "", "lane:feature"),
		entry(2, 2, state.EntryHeld, "", "lane:feature"), entry(3, 1, state.EntryUndone, "", "lane:feature"),
	}})
	commit(state.Batch{Now: hour(30), Acts: []state.Act{
		{ID: "1", Key: "PAY-1", Verb: state.Overrode, By: issue.Person{ID: "5b10", Name: "Ana Díaz"}, Field: issue.FieldLane, From: "lane:hotfix", To: "lane:feature", PolicyHash: "3f0a77b1"},
		{Verb: state.Approved, By: issue.Person{Name: "op"}, Plan: "p-7f3a09"},
	}})
	if err := d.Commit(state.Batch{Now: hour(31), Acts: []state.Act{{Verb: state.PausedWrites, By: issue.Person{Name: "op"}, Reason: "release day"}}}); err != nil {
		t.Fatal(err)
	}
	return d
}

func export(t testing.TB, d *state.DB, f audit.Filter) string {
	t.Helper()
	var b bytes.Buffer
	if err := audit.Export(context.Background(), &b, d, f, now); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAnExportReadsLikeThis(t *testing.T) {
	got := export(t, testStore(t), audit.Filter{})
	path := filepath.Join("testdata", "export.jsonl")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make it with go test ./internal/audit -update", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("look at the change, raise the format, and run go test ./internal/audit -update (-want +got):\n%s", d)
	}
}

func verify(t testing.TB, text string) audit.Report {
	t.Helper()
	r, err := audit.Verify(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAWholeExportIsSound(t *testing.T) {
	d := testStore(t)
	got := verify(t, export(t, d, audit.Filter{}))
	want := audit.Report{At: now, Decisions: 3, Acts: 3, Writes: 3, First: 1, Last: 6}
	if df := cmp.Diff(want, got); df != "" {
		t.Error(df)
	}
	if _, err := d.Prune(now, 20*time.Hour); err != nil {
		t.Fatal(err)
	}
	if got = verify(t, export(t, d, audit.Filter{})); !got.OK() || got.Gaps == 0 || got.Last != 6 {
		t.Errorf("after retention: %+v", got)
	}
}

// TestTheHashesComeOutWithoutOurCode does what README tells an auditor to do.
func TestTheHashesComeOutWithoutOurCode(t *testing.T) {
	last := map[bool]string{false: strings.Repeat("0", 64), true: strings.Repeat("0", 64)}
	n := 0
	for text := range strings.Lines(export(t, testStore(t), audit.Filter{})) {
		var l map[string]any
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		if l["raw"] == nil {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(l["raw"].(string))
		if err != nil {
			t.Fatal(err)
		}
		previous, err := hex.DecodeString(l["previous"].(string))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(append(previous, raw...))
		write := l["kind"] == "write"
		if hex.EncodeToString(sum[:]) != l["hash"] || l["previous"] != last[write] {
			t.Errorf("%s", text)
		}
		last[write] = l["hash"].(string)
		n++
	}
	if n != 9 {
		t.Errorf("%d lines", n)
	}
}

func TestEveryChangedByteIsFound(t *testing.T) {
	for name, f := range map[string]audit.Filter{"whole": {}, "filtered": {Issue: "payments/PAY-1", ID: "1"}} {
		t.Run(name, func(t *testing.T) {
			text := []byte(export(t, testStore(t), f))
			step := 1
			if testing.Short() {
				step = 11
			}
			for n := 0; n < len(text); n += step {
				b, bit := bytes.Clone(text), []byte{1, 0x20, 0x80}[n%3]
				b[n] ^= bit
				if r, err := audit.Verify(bytes.NewReader(b)); err == nil && r.OK() {
					t.Fatalf("bit %x of byte %d, in …%q…, was changed and not found", bit, n, b[max(0, n-30):min(len(b), n+30)])
				}
			}
		})
	}
}

func TestWhatIsWrongIsSaidWithItsPlace(t *testing.T) {
	whole := strings.SplitAfter(strings.TrimSuffix(export(t, testStore(t), audit.Filter{}), "\n"), "\n")
	whole[len(whole)-1] += "\n"
	replace := func(n int, old, new string) func([]string) []string {
		return func(l []string) []string {
			if !strings.Contains(l[n], old) {
				t.Fatalf("line %d has no %q: %s", n+1, old, l[n])
			}
			l[n] = strings.Replace(l[n], old, new, 1)
			return l
		}
	}
	drop := func(n int) func([]string) []string {
		return func(l []string) []string { return slices.Delete(l, n, n+1) }
	}
	tests := []struct {
		name  string
		spoil func([]string) []string
		line  int
		text  string
	}{
		{"a readable field", replace(3, "updated in Jira", "updated in jira"), 4, "its readable part was changed"},
		{"a hash", replace(3, `"hash":"`, `"hash":"0`), 4, "its hash does not fit its stored bytes"},
		{"a stored byte", func(l []string) []string { return replace(3, `"raw":"AwAAA`, `"raw":"AwAAB`)(l) }, 4, "its hash does not fit its stored bytes"},
		{"a removed decision", drop(2), 3, "entry 3 follows entry 1"},
		{"a removed write", drop(8), 9, "write 3 follows write 1"},
		{"two in each other's place", func(l []string) []string { l[3], l[4] = l[4], l[3]; return l }, 4, "entry 4 follows entry 2"},
		{"an entry that came twice", func(l []string) []string { return slices.Insert(l, 4, l[3]) }, 5, "entry 3 follows entry 3"},
		{"a cut end", func(l []string) []string { return l[:len(l)-1] }, 0, "its last line is missing"},
		{"an end that is cut in the middle of a line", func(l []string) []string {
			l = l[:8]
			l[7] = l[7][:100]
			return l
		}, 8, "it is no JSON of ours"},
		{"a line behind the end", func(l []string) []string { return append(l, l[2]) }, len(whole) + 1, "it stands behind the last line"},
		{"the first line", replace(0, "2026", "2025"), len(whole), "the digest of the file does not come out"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := verify(t, strings.Join(tt.spoil(slices.Clone(whole)), ""))
			if !slices.ContainsFunc(r.Problems, func(p audit.Problem) bool { return p.Line == tt.line && strings.Contains(p.Text, tt.text) }) {
				t.Errorf("got %v, want %q in line %d", r.Problems, tt.text, tt.line)
			}
		})
	}
	for _, text := range []string{"", "{}\n", "hello", `{"kind":"audit"}` + "\n"} {
		if _, err := audit.Verify(strings.NewReader(text)); !errors.Is(err, audit.ErrNotExport) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A removed line in the middle of a filtered export shows in the count at its
// end: the hashes cannot tell there.
func TestAFilteredExportMissesNothingEither(t *testing.T) {
	lines := strings.SplitAfter(export(t, testStore(t), audit.Filter{Issue: "payments/PAY-1", ID: "1"}), "\n")
	r := verify(t, strings.Join(slices.Delete(lines, 2, 3), ""))
	if !r.Filtered || len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Text, "the export had 5 entries and 4 are here") {
		t.Errorf("%+v", r)
	}
}

func TestFilters(t *testing.T) {
	d := testStore(t)
	tests := []struct {
		name string
		f    audit.Filter
		want string
	}{
		{"by issue", audit.Filter{Issue: "payments/PAY-1", ID: "1"}, "decision 1, decision 3, act 4, write 1, write 2"},
		{"by an issue that is no longer known, by its key in any case", audit.Filter{Issue: "payments/pay-2"}, "decision 2, write 1"},
		{"by a person's name", audit.Filter{Person: "ana díaz"}, "act 4"},
		{"by a person's account", audit.Filter{Person: "5b10"}, "act 4"},
		{"by an operator", audit.Filter{Person: "op"}, "act 5, act 6"},
		{"by lanekeeper itself", audit.Filter{Person: "lanekeeper", Issue: "payments/PAY-2"}, "decision 2, write 1"},
		{"by rule, with the people who moved issues out of its lane", audit.Filter{Rule: "hotfix"}, "decision 3, act 4, write 1, write 2, write 3"},
		{"by time", audit.Filter{Since: now.Add(-47 * time.Hour), Until: now.Add(-17 * time.Hour)}, "decision 3, act 4, act 5, write 1, write 2, write 3"},
		{"by source", audit.Filter{Source: "core"}, ""},
		{"by source, without what concerns none", audit.Filter{Source: "payments", Person: "op"}, "act 5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := export(t, d, tt.f)
			if r := verify(t, text); !r.OK() || !r.Filtered {
				t.Errorf("%+v", r)
			}
			var got []string
			for l := range strings.Lines(text) {
				var line audit.Line
				if err := json.Unmarshal([]byte(l), &line); err != nil {
					t.Fatal(err)
				}
				if line.Kind != "audit" && line.Kind != "end" {
					got = append(got, fmt.Sprint(line.Kind, " ", line.Seq))
				}
			}
			if g := strings.Join(got, ", "); g != tt.want {
				t.Errorf("got %s, want %s", g, tt.want)
			}
		})
	}
}

func TestAnExportEndsWithItsContextAndItsWriter(t *testing.T) {
	d := testStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := audit.Export(ctx, &bytes.Buffer{}, d, audit.Filter{}, now); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	full := errors.New("full")
	if err := audit.Export(t.Context(), writer{full}, d, audit.Filter{}, now); !errors.Is(err, full) {
		t.Errorf("err = %v", err)
	}
}

type writer struct{ err error }

func (w writer) Write([]byte) (int, error) { return 0, w.err }

func TestAFileOfAnotherFormatIsNotCalledWhole(t *testing.T) {
	_, err := audit.Verify(strings.NewReader(`{"kind":"audit","format":2,"at":"2026-05-04T09:00:00Z","filtered":false}` + "\n"))
	if err == nil || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("error %v, want one that names the format", err)
	}
}

func FuzzVerify(f *testing.F) {
	whole, some := export(f, testStore(f), audit.Filter{}), export(f, testStore(f), audit.Filter{Rule: "hotfix"})
	f.Add([]byte(whole))
	f.Add([]byte(some))
	f.Add([]byte(`{"kind":"audit","format":1,"filtered":true}` + "\n" + `{"kind":"gap","seq":9}` + "\n" + `{"kind":"write","raw":"AA=="}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := audit.Verify(bytes.NewReader(b))
		if err == nil && r.OK() && string(b) != whole && string(b) != some && r.Decisions+r.Acts+r.Writes > 0 {
			// Only a file that carries its own digest can be sound.
			if !bytes.Contains(b, []byte(`"sha256":"`)) {
				t.Errorf("sound: %q", b)
			}
		}
	})
}

func TestCutAndMovedLinesAreFoundWhereverTheyAre(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSuffix(export(t, testStore(t), audit.Filter{}), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	rapid.Check(t, func(t *rapid.T) {
		l := slices.Clone(lines)
		a, b := rapid.IntRange(1, len(l)-1).Draw(t, "a"), rapid.IntRange(1, len(l)-1).Draw(t, "b")
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			l = slices.Delete(l, a, a+1)
		case 1:
			l = slices.Insert(l, b, l[a])
		default:
			if a == b {
				return
			}
			l[a], l[b] = l[b], l[a]
		}
		if r, err := audit.Verify(strings.NewReader(strings.Join(l, ""))); err != nil || r.OK() {
			t.Errorf("not found: %v", err)
		}
	})
}
