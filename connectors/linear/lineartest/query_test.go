package lineartest

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/shared"
)

func TestDocumentsAreReadAsGraphQL(t *testing.T) {
	o := newOffice(t)
	for _, c := range []struct{ name, query, want string }{
		{"aliases", `{ a: viewer { x: app } b: issue(id: "ENG-1") { n: number } }`, `{"a":{"x":true},"b":{"n":1}}`},
		{"fragments and type conditions", `{ issue(id: "ENG-1") { ...f ... on Node { id @skip(if: true) } ... { title } } } fragment f on Issue { number }`,
			`{"issue":{"number":1,"title":"One"}}`},
		{"the same field twice is one", `{ issue(id: "ENG-1") { team { key } team { name } } }`, `{"issue":{"team":{"key":"ENG","name":"Engineering"}}}`},
		{"skip and include", `{ issue(id: "ENG-1") { number @skip(if: true) title @include(if: false) identifier } }`, `{"issue":{"identifier":"ENG-1"}}`},
		{"type names", `{ issue(id: "ENG-1") { __typename state { __typename } } }`, `{"issue":{"__typename":"Issue","state":{"__typename":"WorkflowState"}}}`},
		{"numbers are floats without a point", `{ issue(id: "ENG-1") { priority number estimate } }`, `{"issue":{"priority":0,"number":1,"estimate":null}}`},
		{"trashed is null, not false", `{ issue(id: "ENG-1") { trashed archivedAt } }`, `{"issue":{"trashed":null,"archivedAt":null}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(must(t, o.Server, c.query, nil).Raw); got != `{"data":`+c.want+`}` {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestWrongDocumentsAreRefused(t *testing.T) {
	o := newOffice(t, func(opt *Options) { opt.Schema = nil })
	in := func(fields map[string]any) map[string]any { return map[string]any{"id": "ENG-1", "in": fields} }
	update := `mutation($id: String!, $in: IssueUpdateInput!) { issueUpdate(id: $id, input: $in) { success } }`
	for _, c := range []struct {
		name, query string
		vars        map[string]any
	}{
		{"unknown field", `{ viewer { shoeSize } }`, nil},
		{"unknown argument", `{ issues(limit: 5) { nodes { id } } }`, nil},
		{"unknown field of a filter", `{ issues(filter: {identifier: {eq: "ENG-1"}}) { nodes { id } } }`, nil},
		{"misspelt field of an input in variables", update, in(map[string]any{"labelsIds": []any{}})},
		{"a float priority", update, in(map[string]any{"priority": 1.5})},
		{"native string becomes ID!", `query($id: ID!) { issue(id: $id) { id } }`, map[string]any{"id": "ENG-1"}},
		{"no selection", `{ viewer }`, nil},
		{"required variable missing", update, map[string]any{"id": "ENG-1"}},
		{"not GraphQL", `{ viewer { id `, nil},
		{"empty", ``, nil},
		{"unused variable", `query($x: Int) { viewer { id } }`, map[string]any{"x": 1}},
		{"subscription", `subscription { viewer { id } }`, nil},
		{"a date that is none", update, in(map[string]any{"dueDate": "P1D"})},
		{"a time without zone", update, in(map[string]any{"slaBreachesAt": "2026-01-02 10:00"})},
		{"a batch by identifier", `mutation($ids: [UUID!]!) { issueBatchUpdate(ids: $ids, input: {priority: 1}) { success } }`, map[string]any{"ids": []any{"ENG-1"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ask(t, o.Server, c.query, c.vars)
			if r.Status != http.StatusBadRequest || r.code() != "GRAPHQL_VALIDATION_FAILED" {
				t.Errorf("got %d %s", r.Status, r.Raw)
			}
		})
	}
	if i, _ := o.Issue("ENG-1"); i.Priority != 0 || i.DueDate != "" {
		t.Errorf("something was written: %+v", i)
	}
}

func TestViolationsOfTheWholeSchemaAreRecorded(t *testing.T) {
	if schema(t) == nil {
		shared.File(t, "spec/linear.graphql")
	}
	o := newOffice(t)
	r := ask(t, o.Server, `mutation($in: IssueUpdateInput!) { issueUpdate(id: "ENG-1", input: $in) { success } }`, map[string]any{"in": map[string]any{"dueDate": "tomorrow"}})
	if r.Status != http.StatusBadRequest {
		t.Errorf("got %d", r.Status)
	}
	if v := o.Violations(); len(v) != 1 || !strings.Contains(v[0], "dueDate") {
		t.Errorf("got %q", v)
	}
}

func TestIssueFilters(t *testing.T) {
	o := newOffice(t)
	w := o.Server
	two := o.create(t, Issue{TeamID: "ENG", Title: "Two 🔥", Priority: 1, DueDate: "2026-03-10", LabelIDs: []string{o.lane["hotfix"]}})
	o.clock.advance(time.Hour)
	done, _ := o.eng.StateOf("completed")
	o.create(t, Issue{TeamID: "ENG", Title: "Three", Priority: 4, StateID: done.ID})
	o.create(t, Issue{TeamID: "OPS", Title: "Ops one", Priority: 2})
	gone := o.create(t, Issue{TeamID: "ENG", Title: "Gone"})
	c := w.AddCustomer(Customer{Name: "Blue"})
	if _, err := w.AddNeed(Need{CustomerID: c.ID, IssueID: two.ID, Important: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Relate(two.ID, "blocks", o.one.ID, o.ann.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Archive(gone.ID, o.ann.ID); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, filter, want string }{
		{"nothing", `{}`, "OPS-1 ENG-3 ENG-2 ENG-1"},
		{"team", `{team: {key: {in: ["ENG"]}}}`, "ENG-3 ENG-2 ENG-1"},
		{"in is case-sensitive", `{team: {key: {in: ["eng"]}}}`, ""},
		{"id", `{id: {in: ["` + two.ID + `", "00000000-0000-4000-8000-000000000000"]}}`, "ENG-2"},
		{"team and numbers", `{team: {key: {eq: "ENG"}}, number: {in: [1, 3, 99]}}`, "ENG-3 ENG-1"},
		{"number range", `{team: {key: {eq: "ENG"}}, number: {gte: 2, lt: 3}}`, "ENG-2"},
		{"state type", `{state: {type: {nin: ["completed", "canceled", "duplicate"]}}}`, "OPS-1 ENG-2 ENG-1"},
		{"updated since", `{updatedAt: {gte: "` + o.clock.now().Format(time.RFC3339) + `"}}`, "OPS-1 ENG-3"},
		{"created before", `{createdAt: {lt: "` + o.clock.now().Format(time.RFC3339) + `"}}`, "ENG-2 ENG-1"},
		{"relative time", `{createdAt: {gt: "-PT90M"}}`, "OPS-1 ENG-3 ENG-2"},
		{"a year", `{createdAt: {gt: "2027"}}`, ""},
		{"priority up to high holds none too", `{priority: {lte: 2}}`, "OPS-1 ENG-2 ENG-1"},
		{"priority up to high but not none", `{priority: {lte: 2, neq: 0}}`, "OPS-1 ENG-2"},
		{"no assignee", `{assignee: {null: true}}`, "OPS-1 ENG-3 ENG-2"},
		{"an assignee", `{assignee: {null: false}}`, "ENG-1"},
		{"due", `{dueDate: {null: false}}`, "ENG-2"},
		{"due before", `{dueDate: {lt: "2026-03-11"}}`, "ENG-2"},
		{"label by name", `{labels: {name: {eq: "hotfix"}}}`, "ENG-2"},
		{"label by group", `{labels: {parent: {name: {eqIgnoreCase: "LANE"}}}}`, "ENG-2"},
		{"no label", `{labels: {length: {eq: 0}}}`, "OPS-1 ENG-3 ENG-1"},
		{"every label", `{labels: {every: {name: {eq: "hotfix"}}}}`, "OPS-1 ENG-3 ENG-2 ENG-1"},
		{"or", `{or: [{priority: {eq: 4}}, {team: {key: {eq: "OPS"}}}]}`, "OPS-1 ENG-3"},
		{"and", `{and: [{team: {key: {eq: "ENG"}}}, {priority: {gt: 0}}]}`, "ENG-3 ENG-2"},
		{"customers", `{customerImportantCount: {gte: 1}}`, "ENG-2"},
		{"needs", `{needs: {customer: {name: {eq: "Blue"}}}}`, "ENG-2"},
		{"blocked", `{hasBlockedByRelations: {eq: true}}`, "ENG-1"},
		{"no SLA", `{slaStatus: {null: true}, priority: {eq: 1}}`, "ENG-2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := must(t, w, `{ issues(filter: `+c.filter+`) { nodes { identifier } } }`, nil)
			if got := identifiers(r.at("issues", "nodes")); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	r := must(t, w, `{ issues(includeArchived: true) { nodes { identifier } } }`, nil)
	if got := identifiers(r.at("issues", "nodes")); !strings.Contains(got, "ENG-4") {
		t.Errorf("the archived issue is missing: %q", got)
	}
}

func identifiers(nodes any) string {
	var out []string
	list, _ := nodes.([]any)
	for _, n := range list {
		out = append(out, n.(map[string]any)["identifier"].(string))
	}
	return strings.Join(out, " ")
}

func TestPages(t *testing.T) {
	o := newOffice(t)
	for k := range 9 {
		o.create(t, Issue{TeamID: "ENG", Title: fmt.Sprint(k)})
		if k%3 == 0 {
			o.clock.advance(time.Minute)
		}
	}
	t.Run("first and after walk all of them once, newest first", func(t *testing.T) {
		for _, order := range []string{"createdAt", "updatedAt"} {
			var got []string
			var after any
			for {
				r := must(t, o.Server, `query($a: String) { issues(first: 4, after: $a, orderBy: `+order+`) { nodes { identifier } pageInfo { hasNextPage endCursor } } }`, map[string]any{"a": after})
				got = append(got, strings.Fields(identifiers(r.at("issues", "nodes")))...)
				if after = r.at("issues", "pageInfo", "endCursor"); r.at("issues", "pageInfo", "hasNextPage") != true {
					break
				}
			}
			if want := "ENG-10 ENG-9 ENG-8 ENG-7 ENG-6 ENG-5 ENG-4 ENG-3 ENG-2 ENG-1"; strings.Join(got, " ") != want {
				t.Errorf("%s: got %v", order, got)
			}
		}
	})
	t.Run("last and before walk back", func(t *testing.T) {
		r := must(t, o.Server, `{ issues(last: 3) { nodes { identifier } pageInfo { hasPreviousPage startCursor } } }`, nil)
		if got := identifiers(r.at("issues", "nodes")); got != "ENG-3 ENG-2 ENG-1" || r.at("issues", "pageInfo", "hasPreviousPage") != true {
			t.Errorf("got %q", got)
		}
		r = must(t, o.Server, `query($b: String) { issues(last: 3, before: $b) { nodes { identifier } } }`, map[string]any{"b": r.at("issues", "pageInfo", "startCursor")})
		if got := identifiers(r.at("issues", "nodes")); got != "ENG-6 ENG-5 ENG-4" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("an issue edited during the scan is missed by it", func(t *testing.T) {
		r := must(t, o.Server, `{ issues(first: 5, orderBy: updatedAt) { nodes { identifier } pageInfo { endCursor } } }`, nil)
		o.clock.advance(time.Minute)
		if _, err := o.Edit("ENG-2", o.ann.ID, func(i *Issue) { i.Title = "changed" }); err != nil {
			t.Fatal(err)
		}
		r = must(t, o.Server, `query($a: String) { issues(first: 50, after: $a, orderBy: updatedAt) { nodes { identifier } } }`, map[string]any{"a": r.at("issues", "pageInfo", "endCursor")})
		if got := identifiers(r.at("issues", "nodes")); strings.Contains(got, "ENG-2 ") || !strings.Contains(got, "ENG-1") {
			t.Errorf("got %q", got)
		}
	})
	for _, c := range []struct{ name, args string }{
		{"page of 0", "first: 0"}, {"page of 251", "first: 251"}, {"last of 251", "last: 251"},
		{"a foreign cursor", `after: "eA"`}, {"a number that is none", "first: 99999999999999999999"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			r := ask(t, o.Server, `{ issues(`+c.args+`) { nodes { id } } }`, nil)
			if r.code() == "" || r.Data != nil {
				t.Errorf("got %s", r.Raw)
			}
		})
	}
	t.Run("an expired cursor is refused", func(t *testing.T) {
		o.Behave(func(b *Behavior) { b.CursorLife = time.Minute })
		r := must(t, o.Server, `{ issues(first: 2) { pageInfo { endCursor } } }`, nil)
		o.clock.advance(time.Hour)
		r = ask(t, o.Server, `query($a: String) { issues(first: 2, after: $a) { nodes { id } } }`, map[string]any{"a": r.at("issues", "pageInfo", "endCursor")})
		if r.code() != "INVALID_INPUT" {
			t.Errorf("got %s", r.Raw)
		}
	})
}

func TestOneMissingIssueNullsEverything(t *testing.T) {
	o := newOffice(t)
	r := ask(t, o.Server, `{ a: issue(id: "ENG-1") { id } b: issue(id: "ENG-99") { id } }`, nil)
	if r.Status != 200 || r.Data != nil || r.message() != "Entity not found: Issue" || !slices.Equal(r.Errors[0].Path, []any{"b"}) {
		t.Errorf("got %d %s", r.Status, r.Raw)
	}
}

func TestAMovedIssueKeepsItsOldIdentifier(t *testing.T) {
	o := newOffice(t)
	moved, err := o.MoveTeam("ENG-1", o.ann.ID, "OPS")
	if err != nil || moved.Identifier != "OPS-1" {
		t.Fatalf("got %v %v", moved, err)
	}
	r := must(t, o.Server, `{ issue(id: "ENG-1") { id identifier previousIdentifiers team { key } state { type team { key } } history { nodes { fromTeamId toTeam { key } } } } }`, nil)
	if r.at("issue", "id") != o.one.ID || r.at("issue", "identifier") != "OPS-1" || r.at("issue", "previousIdentifiers", 0) != "ENG-1" ||
		r.at("issue", "state", "team", "key") != "OPS" || r.at("issue", "history", "nodes", 0, "toTeam", "key") != "OPS" {
		t.Errorf("got %s", r.Raw)
	}
	if got := identifiers(must(t, o.Server, `{ issues(filter: {team: {key: {eq: "ENG"}}}) { nodes { identifier } } }`, nil).at("issues", "nodes")); got != "" {
		t.Errorf("ENG still lists %q", got)
	}
}

func TestThreeWaysToBeGone(t *testing.T) {
	o := newOffice(t)
	trashed, archived, deleted := o.create(t, Issue{TeamID: "ENG"}), o.create(t, Issue{TeamID: "ENG"}), o.create(t, Issue{TeamID: "ENG"})
	for _, err := range []error{o.Trash(trashed.ID, o.ann.ID), o.Archive(archived.ID, o.ann.ID), o.DeleteForever(deleted.ID)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	list := func(archived bool) string {
		return identifiers(must(t, o.Server, `query($a: Boolean) { issues(includeArchived: $a) { nodes { identifier trashed } } }`, map[string]any{"a": archived}).at("issues", "nodes"))
	}
	if got := list(false); got != "ENG-1" {
		t.Errorf("default: got %q", got)
	}
	if got := list(true); got != "ENG-3 ENG-2 ENG-1" {
		t.Errorf("with archived: got %q", got)
	}
}

func TestComplexityFollowsThePublishedFormula(t *testing.T) {
	o := newOffice(t)
	for _, c := range []struct {
		name, query string
		want        float64
	}{
		{"a user's name", `{ viewer { name } }`, 1.1},
		{"nested default page", `{ issue(id: "ENG-1") { comments { nodes { id body createdAt } } } }`, 66},
		{"nested page of ten", `{ issue(id: "ENG-1") { comments(first: 10) { nodes { id body createdAt } } } }`, 14},
		{"page information is not multiplied", `{ issues(first: 250) { nodes { id } pageInfo { hasNextPage } } }`, 276.1},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(t, o.Server, c.query, nil)
			log := o.Requests()
			if got := log[len(log)-1].Complexity; got != int(math.Ceil(c.want)) {
				t.Errorf("got %d, want %v", got, c.want)
			}
		})
	}
	t.Run("a query above the limit is refused whatever data there is", func(t *testing.T) {
		r := ask(t, o.Server, `{ issues(first: 100) { nodes { labels { nodes { id name } } relations { nodes { id } } } } }`, nil)
		if r.Status != 400 || r.message() != "Query too complex" || r.code() != "INPUT_ERROR" {
			t.Errorf("got %d %s", r.Status, r.Raw)
		}
	})
	t.Run("what is charged is what the answer holds", func(t *testing.T) {
		r := must(t, o.Server, `{ issues(first: 250) { nodes { id } } }`, nil)
		if got := r.Header.Get("X-Complexity"); got != "2" {
			t.Errorf("got %s", got)
		}
		o.Behave(func(b *Behavior) { b.ChargeListed = true })
		r = must(t, o.Server, `{ issues(first: 250) { nodes { id } } }`, nil)
		if got := r.Header.Get("X-Complexity"); got != "275" {
			t.Errorf("got %s", got)
		}
	})
}
