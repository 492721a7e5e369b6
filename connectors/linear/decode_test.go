package linear

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// convertOne decodes one issue and converts it with the standard labels.
func convertOne(t *testing.T, set object, dates Dates) issue.Issue {
	t.Helper()
	c, _ := newWire(t, script{}, func(s *Settings, o *Options) {
		s.Dates = dates
		o.Inputs = ^issue.Inputs(0)
	})
	if err := c.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	body, _ := json.Marshal(object{"data": object{"issues": conn(anIssue(1, set))}})
	var p page[issueNode]
	if err := p.decode(body); err != nil {
		t.Fatal(err)
	}
	out, bad, err := c.convert(t.Context(), p)
	if err != nil || len(bad) > 0 || len(out) != 1 {
		t.Fatal(out, bad, err)
	}
	return out[0]
}

func TestConvertIssue(t *testing.T) {
	got := convertOne(t, object{
		"description": "text", "creator": object{"id": "u2", "name": "Ann"}, "assignee": object{"id": "u1", "name": "Bob"}, "estimate": 3.0,
		"startedAt": stamp(-50), "parent": object{"identifier": "ENG-9"}, "project": object{"name": "Checkout"}, "dueDate": "2026-04-01",
		"cycle":            object{"id": "c1", "name": nil, "number": 7, "endsAt": stamp(600), "isActive": true},
		"projectMilestone": object{"id": "m1", "name": "Beta", "targetDate": "2026-05-01"},
		"reactions":        []object{{"emoji": "+1", "user": object{"id": "a"}}, {"emoji": "👍🏽", "user": object{"id": "b"}}, {"emoji": "eyes", "user": object{"id": "c"}}, {"emoji": "thumbsup", "user": object{"id": "a"}}},
		"labelIds":         []string{bugID, hotfixID},
		"relations":        conn(object{"type": "blocks", "relatedIssue": object{"identifier": "ENG-3", "state": object{"type": "started"}}}),
		"inverseRelations": conn(
			object{"type": "blocks", "issue": object{"identifier": "ENG-4", "state": object{"type": "completed"}}},
			object{"type": "duplicate", "issue": object{"identifier": "ENG-5", "state": object{"type": "duplicate"}}}),
		"needs": conn(
			object{"priority": 0, "customer": object{"id": "x", "name": "Acme", "revenue": 5000, "size": 20.0, "tier": object{"name": "pro"}}},
			object{"priority": 1, "customer": object{"id": "x", "name": "Acme", "revenue": 5000, "size": 20.0, "tier": object{"name": "pro"}}},
			object{"priority": 0, "customer": nil}),
		"comments":    conn(object{"id": "1", "user": object{"id": "u1"}}, object{"id": "2", "user": nil}, object{"id": "3", "user": object{"id": viewerID}}),
		"subscribers": conn(object{"id": "1"}),
	}, DatesDue)
	want := issue.Issue{
		ID: issueID(1), Key: "ENG-1", Source: "core", Project: "ENG", URL: "https://linear.app/acme/issue/ENG", Kind: issue.Bug, RawKind: "Bug",
		Title: "Title", Description: "text", Status: issue.Status{Name: "Todo", Category: issue.Unstarted}, Priority: issue.High,
		RawPriority: issue.Named{ID: "2", Name: "High"}, Labels: []string{"Bug", "lane:hotfix"}, Components: []string{"Checkout"},
		Reporter: issue.Person{ID: "u2", Name: "Ann"}, Assignee: issue.Person{ID: "u1", Name: "Bob"}, Created: serverTime.Add(-100 * time.Minute),
		Updated: serverTime.Add(-time.Minute), Started: serverTime.Add(-50 * time.Minute), Due: "2026-04-01", Estimate: 3, Parent: "ENG-9",
		Links: []issue.Link{{Type: issue.BlockedBy, Key: "ENG-4"}, {Type: issue.Blocks, Key: "ENG-3", Open: true}, {Type: issue.Duplicated, Key: "ENG-5"}},
		Votes: 2, Watchers: 1, Comments: 2, Sprint: issue.Iteration{ID: "c1", Name: "Cycle 7", Active: true, Ends: serverTime.Add(10 * time.Hour)},
		Milestone: issue.Iteration{ID: "m1", Name: "Beta", Ends: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)},
		Customers: []issue.Customer{{Name: "Acme", Tier: "pro", Revenue: 5000, Size: 20, Important: true}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestConvertTraps(t *testing.T) {
	for _, tc := range []struct {
		name string
		set  object
		ok   func(issue.Issue) bool
	}{
		{"trashed is null, not false, where it is not (trap 20)", object{"trashed": nil}, func(i issue.Issue) bool { return !i.Gone }},
		{"trashed is gone (trap 20)", object{"trashed": true}, func(i issue.Issue) bool { return i.Gone }},
		{"archived is gone (trap 20)", object{"archivedAt": stamp(0)}, func(i issue.Issue) bool { return i.Gone }},
		{"an issue that moved to another team is gone", object{"team": object{"key": "OPS"}}, func(i issue.Issue) bool { return i.Gone && i.Project == "OPS" }},
		{"duplicate is the seventh type and closed (trap 18)", object{"state": object{"name": "Dup", "type": "duplicate"}}, func(i issue.Issue) bool { return i.Status.Category == issue.Canceled && !i.Open() }},
		{"an eighth type makes the status unknown", object{"state": object{"name": "New", "type": "novel"}}, func(i issue.Issue) bool { return i.Unknown.Has(issue.InputStatus) && !i.Open() }},
		{"priority 0 is none, below low (trap 19)", object{"priority": 0}, func(i issue.Issue) bool { return i.Priority == issue.None && i.RawPriority.Name == "No priority" }},
		{"priority 1 is urgent (trap 19)", object{"priority": 1.0}, func(i issue.Issue) bool { return i.Priority == issue.Urgent }},
		{"priority 4 is low", object{"priority": 4}, func(i issue.Issue) bool { return i.Priority == issue.Low }},
		{"a priority that is missing is unknown, not none", object{"priority": nil}, func(i issue.Issue) bool { return i.Unknown.Has(issue.InputPriority) }},
		{"a priority out of range is unknown", object{"priority": 7}, func(i issue.Issue) bool { return i.Unknown.Has(issue.InputPriority) }},
		{"labels that are missing are unknown, not empty", object{"labelIds": nil}, func(i issue.Issue) bool { return i.Unknown.Has(issue.InputLabels) }},
		{"no labels are none, and the kind is task", object{"labelIds": []string{}}, func(i issue.Issue) bool {
			return i.Unknown == 0 && len(i.Labels) == 0 && i.Kind == issue.Task && i.RawKind == ""
		}},
		{"a label that Linear does not explain makes labels unknown", object{"labelIds": []string{hotfixID, "99999999-9999-4999-8999-999999999999"}}, func(i issue.Issue) bool { return i.Unknown.Has(issue.InputLabels | issue.InputKind) }},
		{"no nested list is an issue with nothing around it", nil, func(i issue.Issue) bool { return i.Links == nil && i.Customers == nil && i.Unknown == 0 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := convertOne(t, tc.set, DatesDue); !tc.ok(got) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestDueFollowsTheSetting(t *testing.T) {
	set := object{"dueDate": "2026-04-01", "slaBreachesAt": "2026-04-03T23:59:59.000Z"}
	if got := convertOne(t, set, DatesDue).Due; got != "2026-04-01" {
		t.Errorf("due: %q", got)
	}
	if got := convertOne(t, set, DatesSLA).Due; got != "2026-04-03" {
		t.Errorf("sla: %q", got)
	}
	if got := convertOne(t, object{"slaBreachesAt": nil}, DatesSLA).Due; got != "" {
		t.Errorf("no sla: %q", got)
	}
}

func TestKindComesFromLabels(t *testing.T) {
	b := labelBook{kinds: kindNames(map[string]issue.Kind{"Fire": issue.Incident})}
	node := func(name, group string) labelNode {
		n := labelNode{ID: group + name, Name: name}
		if group != "" {
			n.Parent = &groupNode{ID: group, Name: group}
		}
		return n
	}
	b.add([]labelNode{node("Bug", ""), node("Feature", "Type"), node("Spike", "Type"), node("Bug", "Area"), node("fire", ""), node("Improvement", "")})
	for _, tc := range []struct {
		name string
		ids  []string
		kind issue.Kind
		raw  string
	}{
		{"the group Type counts before a loose label", []string{"Bug", "TypeFeature"}, issue.Story, "Feature"},
		{"an unknown type is other, with its name", []string{"TypeSpike"}, issue.Other, "Spike"},
		{"a child of another group is no kind", []string{"AreaBug"}, issue.Task, ""},
		{"names of the configuration count", []string{"fire"}, issue.Incident, "fire"},
		{"the graver of two loose labels", []string{"Improvement", "Bug"}, issue.Bug, "Bug"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := converter{labels: b.all()}
			var i issue.Issue
			v.setLabels(&i, &issueNode{LabelIDs: tc.ids})
			if i.Kind != tc.kind || i.RawKind != tc.raw {
				t.Errorf("got %s %q", i.Kind, i.RawKind)
			}
		})
	}
}

func TestPrioritiesMapBothWays(t *testing.T) {
	for p := issue.None; p <= issue.Urgent; p++ {
		if got, ok := toPriority(float64(fromPriority(p))); !ok || got != p {
			t.Errorf("%s became %s", p, got)
		}
	}
}

func TestOneBadNodeDoesNotCostThePage(t *testing.T) {
	nodes := []object{anIssue(1, nil), anIssue(2, object{"updatedAt": "yesterday"}), anIssue(3, object{"labelIds": "none"}), anIssue(4, nil)}
	body, _ := json.Marshal(object{"data": object{"issues": conn(nodes...)}})
	body = []byte(strings.Replace(string(body), `"nodes":[`, `"nodes":[17,null,`, 1))
	var p page[issueNode]
	if err := p.decode(body); err != nil {
		t.Fatal(err)
	}
	if len(p.nodes) != 3 || p.nodes[0].ID != "" || p.nodes[1].Identifier != "ENG-1" || p.nodes[2].Identifier != "ENG-4" {
		t.Errorf("nodes %+v", p.nodes)
	}
	var bad []string
	for _, b := range p.bad {
		bad = append(bad, b.Key)
	}
	if diff := cmp.Diff([]string{"", "ENG-2", "ENG-3"}, bad); diff != "" {
		t.Error(diff)
	}
}

func TestBrokenPagesAreErrors(t *testing.T) {
	for _, body := range []string{"", "null", "{}", `{"data":null}`, `{"data":{}}`, `{"data":{"issues":null}}`, `{"data":{"issues":{"nodes":[{"id":"x"`, `<html>`} {
		var p page[issueNode]
		if err := p.decode([]byte(body)); err == nil {
			t.Errorf("%q was read as a page of %d", body, len(p.nodes))
		}
	}
}

func TestTextThatIsNotUTF8IsKept(t *testing.T) {
	body := fmt.Sprintf(`{"data":{"issues":{"nodes":[{"id":"x","title":"caf%s \ud83d z 👩‍💻 שלום"}],"pageInfo":{"hasNextPage":false}}}}`, "\xe9")
	var p page[issueNode]
	if err := p.decode([]byte(body)); err != nil || len(p.nodes) != 1 || !strings.HasSuffix(*p.nodes[0].Title, "שלום") {
		t.Errorf("%+v %v", p, err)
	}
}

// FuzzDecodePage: no answer makes the decoder panic, every node is either read
// or set aside, and what is read survives the conversion's checks.
func FuzzDecodePage(f *testing.F) {
	good, _ := json.Marshal(object{"data": object{"issues": conn(anIssue(1, nil), anIssue(2, object{"priority": "x"}))}})
	for _, seed := range []string{string(good), `{"data":{"issues":{"nodes":[1]}}}`, `{"errors":[{}]}`, "null", `{"data":{"issues":{"nodes":[{"needs":{"nodes":[null]}}]}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var p page[issueNode]
		if p.decode(body) != nil {
			return
		}
		var loose page[json.RawMessage]
		if err := loose.decode(body); err == nil && len(loose.nodes) != len(p.nodes)+len(p.bad) {
			t.Errorf("%d nodes became %d and %d bad", len(loose.nodes), len(p.nodes), len(p.bad))
		}
		v := converter{c: &Client{s: Settings{Teams: []string{"ENG"}}}}
		for k := range p.nodes {
			if i, err := v.issue(&p.nodes[k]); err == nil && (i.ID == "" || i.Key == "" || i.Updated.IsZero()) {
				t.Errorf("an issue without identity: %+v", i)
			}
		}
	})
}

// FuzzErrors: whatever stands under errors, the answer is classified without a
// panic and never taken for a page.
func FuzzErrors(f *testing.F) {
	for _, seed := range []string{`{"errors":[{"extensions":{"type":"ratelimited"}}]}`, `{"errors":[{"extensions":null,"path":[1,"a"]}]}`, `{"errors":{}}`, `{"errors":"x"}`, "<html>\"errors\""} {
		f.Add([]byte(seed), 200)
	}
	c, err := New(Settings{Auth: Auth{APIKey: secretForTest}, Teams: []string{"ENG"}}, Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		e := c.judge("fuzz", answerOf(status, nil), body)
		if errs, _ := errorsOf(body); len(errs) > 0 && (e == nil || e.Kind == "") {
			t.Errorf("errors in %q gave %v", body, e)
		}
	})
}

func BenchmarkDecodePage(b *testing.B) {
	nodes := make([]object, 100)
	for k := range nodes {
		nodes[k] = anIssue(k, object{"description": strings.Repeat("Lorem ipsum dolor sit amet, \"consectetur\".\n", 70)})
	}
	body, _ := json.Marshal(object{"data": object{"issues": conn(nodes...)}})
	c, err := New(Settings{Auth: Auth{APIKey: secretForTest}, Teams: []string{"ENG"}}, Options{Inputs: issue.InputDescription})
	if err != nil {
		b.Fatal(err)
	}
	c.people.known = true // nothing to ask
	c.labels.add([]labelNode{{ID: hotfixID, Name: "hotfix", Parent: &groupNode{ID: laneID, Name: "lane"}}})
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var p page[issueNode]
		if c.judge("scan", answerOf(200, nil), body) != nil || p.decode(body) != nil {
			b.Fatal("not decoded")
		}
		if out, _, err := c.convert(b.Context(), p); err != nil || len(out) != 100 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "issues/s")
}
