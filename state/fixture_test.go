package state

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// epoch is the present of the tests.
func epoch() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

// sampleHash is the shape of a policy's hash.
const sampleHash = "3f0a77b1c2d94e5f60718293a4b5c6d7e8f90123456789abcdef0123456789ab"

// sampleRecord is a record as a first pull makes it, by the tracker's example
// policy: about what a real Jira issue leaves after trimming.
func sampleRecord(source string, n int) *Record {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	created := epoch().Add(-time.Duration(r.IntN(900*24)) * time.Hour)
	key := fmt.Sprintf("%s-%d", pick("PAY", "WEB", "CORE"), n)
	lane := pick("hotfix", "stability", "strategic", "feature", "unsorted")
	rec := &Record{
		Issue: issue.Issue{
			ID: strconv.Itoa(10000 + n), Key: key, Source: source, Project: key[:strings.IndexByte(key, '-')],
			URL:  "https://acme.atlassian.net/browse/" + key,
			Kind: issue.Bug, RawKind: "Bug",
			Title:    "Checkout fails with a timeout when the basket holds more than " + strconv.Itoa(r.IntN(90)) + " items",
			Status:   issue.Status{Name: pick("To Do", "In Progress", "Waiting for customer"), Category: issue.Unstarted},
			Priority: issue.Medium, RawPriority: issue.Named{ID: "3", Name: "Medium"},
			Labels: []string{"backend", "checkout"}, Components: []string{pick("Checkout", "Ledger", "Search")},
			Reporter: issue.Person{ID: fmt.Sprintf("5b10a2844c20165700ede%03d", r.IntN(400)), Name: "Robin Example"},
			Assignee: issue.Person{ID: fmt.Sprintf("5b10a2844c20165700ede%03d", r.IntN(40)), Name: "Sam Sample"},
			Created:  created, Updated: created.Add(time.Duration(r.IntN(5000)) * time.Minute),
			Estimate: float64(r.IntN(8)), Votes: r.IntN(9), Watchers: r.IntN(5), Comments: r.IntN(20),
			Sprint: issue.Iteration{ID: "77", Name: "Sprint 77", Active: true, Ends: epoch().Add(96 * time.Hour)},
			Fields: map[string]issue.Value{"customer_tier": {Text: pick("enterprise", "pro", "free")}, "severity": {Text: "S2"}},
		},
		Memory: policy.Memory{Lane: lane, LaneSince: epoch(), Band: issue.High, BandSince: epoch()},
		Seen:   epoch(), Outstanding: 2,
	}
	rec.Decision = policy.Decision{
		At: epoch(), PolicyHash: sampleHash, Lane: lane, Horizon: "next-release",
		Score: float64(r.IntN(10000)) / 100, Effort: 3, Confidence: 0.8, Band: issue.High, Priority: issue.High,
		Pillars: []policy.Pillar{
			{Name: "business_value", Value: 60, Weight: 0.35},
			{Name: "customer_impact", Value: float64(r.IntN(100)), Weight: 0.45},
			{Name: "technical_risk", Value: float64(r.IntN(100)), Weight: 0.2, Defaulted: true, Missing: []string{"issue.components"}},
		},
		Rules: []policy.RuleResult{
			{Lane: "hotfix", Result: policy.No}, {Lane: "stability", Result: policy.No},
			{Lane: "strategic", Result: policy.No}, {Lane: "feature", Result: policy.Yes}, {Lane: "unsorted"},
		},
		Inputs: []policy.Reading{
			{Path: "issue.estimate", Value: "3"}, {Path: "issue.fields.customer_tier", Value: "enterprise"},
			{Path: "issue.fields.severity", Value: "S2"}, {Path: "issue.kind", Value: "bug"},
			{Path: "issue.labels", Value: "backend, checkout"}, {Path: "issue.votes", Value: "4"},
		},
	}
	return rec
}

// firstPull makes the updates of a first pull with rising ids.
func firstPull(source string, from, n int) []Update {
	list := make([]Update, n)
	for i := range list {
		r := sampleRecord(source, from+i)
		list[i] = Update{Record: r, Decision: &r.Decision, Cause: "first seen"}
	}
	return list
}

// openTemp opens a store in a folder of the test, and verifies it at the end.
func openTemp(t testing.TB) *DB {
	t.Helper()
	d, err := Open(t.TempDir()+"/state.db", Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func commit(t testing.TB, d *DB, b Batch) {
	t.Helper()
	if b.Now.IsZero() {
		b.Now = epoch()
	}
	if err := d.Commit(b); err != nil {
		t.Fatal(err)
	}
}
