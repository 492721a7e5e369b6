package lineartest

import (
	"os"
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/shared"
)

func TestRealIssuesLoadWithEverythingOnThem(t *testing.T) {
	issues, err := os.Open(shared.File(t, "data/linear-islandora.ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer issues.Close()
	workspace, err := os.Open(shared.File(t, "data/linear-islandora.workspace.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer workspace.Close()
	s := New(Options{Schema: schema(t)})
	if err := s.LoadNDJSON(issues, workspace); err != nil {
		t.Fatal(err)
	}
	var n, open, history, comments, relations, parents int
	var after any
	for {
		r := must(t, s, `query($after: String) { issues(first: 100, after: $after, filter: {team: {key: {eq: "ISL"}}}) {
			nodes { id identifier updatedAt state { type } parent { id } labels(first: 10) { nodes { name parent { name } } } }
			pageInfo { hasNextPage endCursor } } }`, map[string]any{"after": after})
		for _, node := range r.at("issues", "nodes").([]any) {
			i := node.(map[string]any)
			n++
			switch i["state"].(map[string]any)["type"] {
			case "completed", "canceled", "duplicate":
			default:
				open++
			}
			if i["parent"] != nil {
				parents++
			}
			id := i["id"].(string)
			history += len(s.History(id))
			comments += len(s.Comments(id))
			own, _ := s.Relations(id)
			relations += len(own)
		}
		if r.at("issues", "pageInfo", "hasNextPage") != true {
			break
		}
		after = r.at("issues", "pageInfo", "endCursor")
	}
	got := [...]int{n, open, history, comments, relations, parents}
	if want := [...]int{981, 120, 2206, 2341, 26, 15}; got != want {
		t.Errorf("issues, open, history, comments, relations, parents: got %v, want %v", got, want)
	}
	for _, v := range s.Violations() {
		t.Error(v)
	}
}

func TestHistoryAndCommentsOfARealIssueArePaged(t *testing.T) {
	o := newOffice(t)
	for range 7 {
		if _, err := o.Comment(o.one.ID, o.ann.ID, "again"); err != nil {
			t.Fatal(err)
		}
		o.clock.advance(1e9)
	}
	seen := map[any]bool{}
	var after any
	for pages := 0; ; pages++ {
		r := must(t, o.Server, `query($a: String) { issue(id: "ENG-1") { comments(first: 3, after: $a) { edges { cursor node { id } } pageInfo { hasNextPage endCursor hasPreviousPage } } } }`,
			map[string]any{"a": after})
		for _, e := range r.at("issue", "comments", "edges").([]any) {
			seen[e.(map[string]any)["cursor"]] = true
		}
		if r.at("issue", "comments", "pageInfo", "hasNextPage") != true {
			if pages != 2 {
				t.Errorf("took %d further pages, want 2", pages)
			}
			break
		}
		after = r.at("issue", "comments", "pageInfo", "endCursor")
	}
	if len(seen) != 7 {
		t.Errorf("saw %d comments, want 7", len(seen))
	}
}
