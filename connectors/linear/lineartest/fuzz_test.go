package lineartest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzExecute sends documents and variables of any kind: whatever they are,
// the answer is JSON with data or errors, and never a panic.
func FuzzExecute(f *testing.F) {
	for _, seed := range [][2]string{
		{`{ viewer { id } }`, `{}`},
		{`query($f: IssueFilter, $n: Int) { issues(first: $n, filter: $f) { nodes { id labels(last: 2) { edges { cursor node { name } } } } pageInfo { endCursor } } }`,
			`{"n": 3, "f": {"or": [{"priority": {"in": [1, null]}}, {"labels": {"every": {"name": {"eq": null}}}}], "updatedAt": {"gt": "-P1D"}}}`},
		{updateDoc, `{"id": "ENG-1", "in": {"priority": null, "labelIds": [], "dueDate": "2026-01-01", "assigneeId": null, "stateId": null, "teamId": null}}`},
		{`mutation { issueBatchUpdate(ids: ["80ac5ffb-d21c-5401-9b6f-8dc1108a3c9c"], input: {subscriberIds: [], trashed: true}) { issues { id } } }`, `null`},
		{`{ ...f } fragment f on Query { ...f }`, `{}`},
		{`{ issues(first: 9999999999999999999999) { nodes { id } } }`, `{}`},
		{`query($x: Boolean!) { viewer @skip(if: $x) { id } }`, `{"x": true}`},
		{`{ __schema { types { name } } __typename }`, `{}`},
		{`mutation { commentCreate(input: {issueId: "ENG-1", body: "\u0000"}) { comment { id } } }`, `{}`},
		{`{ a: issue(id: "") { id } issues(after: "x", before: "y") { nodes { id } } }`, `[]`},
		{`{ issues(filter: {team: {key: {in: null}}, number: {in: []}, estimate: {or: [{null: true}]}}) { nodes { id } } }`, `{}`},
	} {
		f.Add(seed[0], seed[1])
	}
	o := newOffice(f, func(opt *Options) {
		opt.Limits, opt.Schema = Limits{Requests: 1e12, Complexity: 1e12, Query: 10_000}, nil
	})
	f.Fuzz(func(t *testing.T, query, vars string) {
		o.Forget()
		if !json.Valid([]byte(vars)) {
			vars = "{}"
		}
		q, _ := json.Marshal(query)
		req := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":`+string(q)+`,"variables":`+vars+`}`))
		req.Header.Set("Authorization", APIKey)
		w := httptest.NewRecorder()
		o.ServeHTTP(w, req)
		var out map[string]json.RawMessage
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || out["data"] == nil && out["errors"] == nil {
			t.Errorf("got %d %q: %v", w.Code, w.Body, err)
		}
	})
}
