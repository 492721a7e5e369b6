package lineartest

import "testing"

func TestEveryFieldOfTheAPIHasAResolver(t *testing.T) {
	a := newAPI()
	for name, def := range a.schema.Types {
		if def.BuiltIn || def.Kind != "OBJECT" || name == "ActorBot" {
			continue
		}
		for _, f := range def.Fields {
			if _, ok := a.types[name][f.Name]; !ok && f.Name[:1] != "_" {
				t.Errorf("%s.%s has no resolver", name, f.Name)
			}
		}
		for f := range a.types[name] {
			if def.Fields.ForName(f) == nil {
				t.Errorf("%s.%s is not in api.graphql", name, f)
			}
		}
	}
}

func TestSmoke(t *testing.T) {
	o := newOffice(t)
	r := must(t, o.Server, `query($f: IssueFilter, $n: Int!) { viewer { id app } issues(first: $n, filter: $f, orderBy: updatedAt) {
		nodes { id identifier title priority team { key } state { name type } labels(first: 5) { nodes { name parent { name } } } history(first: 3) { nodes { id } } }
		pageInfo { hasNextPage endCursor } } }`,
		map[string]any{"n": 10, "f": map[string]any{"team": map[string]any{"key": map[string]any{"in": []any{"ENG"}}}}})
	t.Logf("%s", r.Raw)
	r = must(t, o.Server, `mutation($id: String!, $in: IssueUpdateInput!) { issueUpdate(id: $id, input: $in) { success lastSyncId issue { id updatedAt priority labelIds } } }`,
		map[string]any{"id": "ENG-1", "in": map[string]any{"priority": 1, "addedLabelIds": []any{o.lane["hotfix"]}}})
	t.Logf("%s %v", r.Raw, r.Header)
	if v := o.Violations(); len(v) > 0 {
		t.Error(v)
	}
}
