package linear

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/shared"
)

// published is Linear's own schema, read once; nil where the file is missing.
var published = sync.OnceValues(func() (*ast.Schema, error) {
	path, found := shared.Find("spec/linear.graphql")
	if !found {
		return nil, nil
	}
	sdl, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return gqlparser.LoadSchema(&ast.Source{Name: "linear.graphql", Input: string(sdl)})
})

func TestSchemaIsPresent(t *testing.T) {
	shared.File(t, "spec/linear.graphql") // without it no document is validated
	if s, err := published(); s == nil || err != nil {
		t.Fatal(err)
	}
}

// sent is one request as it arrived.
type sent struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
	auth      string
	at        time.Time
}

func (s sent) input() map[string]any {
	in, _ := s.Variables["input"].(map[string]any)
	return in
}

func (s sent) filter() map[string]any {
	f, _ := s.Variables["filter"].(map[string]any)
	return f
}

// root is the first field of the document.
func (s sent) root() string {
	body := s.Query[strings.Index(s.Query, "{")+1:]
	return body[:strings.IndexAny(body, "({")]
}

// wire sits before a server: it validates every document against Linear's
// schema and its price against the limit, and keeps what was sent.
type wire struct {
	t    testing.TB
	next http.Handler

	mu   sync.Mutex
	sent []sent
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
	}
	var s sent
	if err := json.Unmarshal(body, &s); err != nil {
		w.t.Errorf("request is not JSON: %v", err)
	}
	s.auth, s.at = r.Header.Get("Authorization"), time.Now()
	if err := validate(s); err != nil {
		w.t.Errorf("document is not valid: %v\n%s", err, s.Query)
	}
	w.mu.Lock()
	w.sent = append(w.sent, s)
	w.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.next.ServeHTTP(rw, r)
}

func (w *wire) all() []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sent(nil), w.sent...)
}

func (w *wire) of(root string) (out []sent) {
	for _, s := range w.all() {
		if s.root() == root {
			out = append(out, s)
		}
	}
	return out
}

func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = nil
}

func validate(s sent) error {
	schema, err := published()
	if schema == nil || err != nil {
		return err
	}
	doc, errs := gqlparser.LoadQueryWithRules(schema, s.Query, rules.NewDefaultRules())
	if len(errs) > 0 {
		return errs
	}
	if n := len(doc.Operations); n != 1 {
		return fmt.Errorf("%d operations", n)
	}
	if _, err := validator.VariableValues(schema, doc.Operations[0], s.Variables); err != nil {
		return err
	}
	if p := priced(doc.Operations[0].SelectionSet, s.Variables, 0); p >= maxPoints {
		return fmt.Errorf("costs %v points", p)
	}
	return unbounded(doc.Operations[0].SelectionSet)
}

// priced is the formula of facts §4 over a parsed document: the check on our
// own calculator, which works on types.
func priced(set ast.SelectionSet, vars map[string]any, first float64) float64 {
	sum := 0.0
	for _, sel := range set {
		f := sel.(*ast.Field)
		one := 0.1
		switch {
		case strings.HasSuffix(f.Definition.Type.Name(), "Connection"):
			n := 50.0
			if a := f.Arguments.ForName("first"); a != nil {
				v, err := a.Value.Value(vars)
				if err == nil {
					fmt.Sscan(fmt.Sprint(v), &n)
				}
			}
			one = priced(f.SelectionSet, vars, n)
		case len(f.SelectionSet) > 0:
			one = 1 + priced(f.SelectionSet, vars, 0)
		}
		if f.Name == "nodes" && first > 0 {
			one *= first
		}
		sum += one
	}
	return sum
}

// unbounded finds a list without an explicit first: it is priced at 50.
func unbounded(set ast.SelectionSet) error {
	for _, sel := range set {
		f := sel.(*ast.Field)
		if f.Alias != f.Name {
			return fmt.Errorf("alias %s: one failure would null all roots (trap 13)", f.Alias)
		}
		if strings.HasSuffix(f.Definition.Type.Name(), "Connection") && f.Arguments.ForName("first") == nil {
			return fmt.Errorf("%s has no first", f.Name)
		}
		if err := unbounded(f.SelectionSet); err != nil {
			return err
		}
	}
	return nil
}

// script answers documents by their root field; every handler gets the request
// and returns the data, or writes the answer itself and returns nil.
type script map[string]func(w http.ResponseWriter, s sent) any

func (s script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in sent
	json.NewDecoder(r.Body).Decode(&in)
	if w.Header().Get("Date") == "" {
		w.Header().Set("Date", serverTime.Format(http.TimeFormat))
	}
	h, ok := s[in.root()]
	if !ok {
		h, ok = standard[in.root()]
	}
	if !ok {
		http.Error(w, "no script for "+in.root(), http.StatusTeapot)
		return
	}
	if data := h(w, in); data != nil {
		json.NewEncoder(w).Encode(object{"data": data})
	}
}

var serverTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	teamID   = "11111111-1111-4111-8111-111111111111"
	viewerID = "22222222-2222-4222-8222-222222222222"
	laneID   = "33333333-3333-4333-8333-333333333330"
	hotfixID = "33333333-3333-4333-8333-333333333331"
	featID   = "33333333-3333-4333-8333-333333333332"
	bugID    = "33333333-3333-4333-8333-333333333333"
)

// standard answers what every test needs: one team, ourselves, a few labels.
var standard = script{
	"viewer": func(http.ResponseWriter, sent) any {
		return object{
			"viewer": object{"id": viewerID, "name": "Lane Keeper", "displayName": "lk", "active": true, "admin": false, "guest": false, "app": false},
			"teams":  conn(object{"id": teamID, "key": "ENG", "name": "Engineering", "timezone": "UTC", "retiredAt": nil, "issueCount": 9}),
		}
	},
	"issueLabels": func(_ http.ResponseWriter, s sent) any {
		if _, side := s.Variables["states"]; side {
			return object{"issueLabels": conn(), "workflowStates": conn(), "issueRelations": conn(), "comments": conn()}
		}
		return object{"issueLabels": conn(
			object{"id": laneID, "name": "lane", "isGroup": true, "createdAt": stamp(0)},
			child(hotfixID, "hotfix"), child(featID, "feature"),
			object{"id": bugID, "name": "Bug", "isGroup": false, "createdAt": stamp(0)},
		)}
	},
	"organization":  func(http.ResponseWriter, sent) any { return object{"organization": object{"customersEnabled": true}} },
	"customerNeeds": func(http.ResponseWriter, sent) any { return object{"customerNeeds": conn(), "customers": conn()} },
	"issues":        func(http.ResponseWriter, sent) any { return object{"issues": conn()} },
}

func child(id, name string) object {
	return object{"id": id, "name": name, "isGroup": false, "createdAt": stamp(0), "parent": object{"id": laneID, "name": "lane"}}
}

func conn(nodes ...object) object {
	if nodes == nil {
		nodes = []object{}
	}
	return object{"nodes": nodes, "pageInfo": object{"hasNextPage": false, "endCursor": nil}}
}

func conn2(cursor string, nodes ...object) object {
	c := conn(nodes...)
	c["pageInfo"] = object{"hasNextPage": true, "endCursor": cursor}
	return c
}

func stamp(minutes int) string { return instant(serverTime.Add(time.Duration(minutes) * time.Minute)) }

func issueID(n int) string { return fmt.Sprintf("aaaaaaaa-aaaa-4aaa-8aaa-%012d", n) }

// anIssue is an open issue of the team; set replaces members.
func anIssue(n int, set object) object {
	o := object{
		"id": issueID(n), "identifier": fmt.Sprintf("ENG-%d", n), "number": n, "url": "https://linear.app/acme/issue/ENG", "title": "Title",
		"priority": 2, "dueDate": nil, "labelIds": []string{hotfixID}, "createdAt": stamp(-100), "updatedAt": stamp(-n), "archivedAt": nil,
		"trashed": nil, "completedAt": nil, "canceledAt": nil, "state": object{"name": "Todo", "type": "unstarted"},
		"team": object{"id": teamID, "key": "ENG"}, "assignee": nil,
	}
	for k, v := range set {
		o[k] = v
	}
	return o
}

func fail(w http.ResponseWriter, status int, ext object) any {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(object{"errors": []object{{"message": "something", "extensions": ext}}})
	return nil
}

var refusedInput = object{"type": "invalid input", "code": "INPUT_ERROR"}

// newWire builds a client whose requests pass the wire to h.
func newWire(t testing.TB, h http.Handler, set func(*Settings, *Options)) (*Client, *wire) {
	t.Helper()
	w := &wire{t: t, next: h}
	s := Settings{Auth: Auth{APIKey: connectors.NewSecret("lin_api_x")}, Teams: []string{"ENG"}}
	o := Options{Source: "core", Base: connectors.HandlerTransport(w)}
	if set != nil {
		set(&s, &o)
	}
	c, err := New(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

// drain reads a sequence to its end.
func drain(seq iter.Seq2[issue.Page, error]) (issues []issue.Issue, bad []issue.Bad, err error) {
	for p, e := range seq {
		if e != nil {
			return issues, bad, e
		}
		issues, bad = append(issues, p.Issues...), append(bad, p.Bad...)
	}
	return issues, bad, nil
}

func keys(issues []issue.Issue) (out []string) {
	for _, i := range issues {
		out = append(out, i.Key)
	}
	return out
}

// applied runs Apply and collects the results by id.
func applied(t *testing.T, c *Client, edits ...issue.Edit) map[string]issue.Result {
	t.Helper()
	out := map[string]issue.Result{}
	err := c.Apply(context.Background(), edits, func(r issue.Result) {
		if _, twice := out[r.ID]; twice {
			t.Errorf("%s is done twice", r.ID)
		}
		out[r.ID] = r
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func edit(n int, changes ...issue.Change) issue.Edit {
	return issue.Edit{ID: issueID(n), Key: fmt.Sprintf("ENG-%d", n), Project: "ENG", Changes: changes}
}

func lane(from, to string) issue.Change {
	return issue.Change{Field: issue.FieldLane, From: from, To: to}
}
