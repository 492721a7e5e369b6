package lineartest

import (
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/lanekeeper/lanekeeper/internal/shared"
)

func TestEveryFieldOfTheAPIHasAResolver(t *testing.T) {
	a := newAPI()
	for name, def := range a.schema.Types {
		if def.BuiltIn || def.Kind != ast.Object || name == "ActorBot" {
			continue // nothing has a bot, so its fields are never reached
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

func TestEveryFilterOfTheAPIHasAnImplementation(t *testing.T) {
	x := &run{s: New(Options{})}
	check := func(input string, known func(string) bool) {
		for _, f := range x.s.api.schema.Types[input].Fields {
			switch f.Name {
			case "and", "or", "null", "some", "every", "length":
			default:
				if !known(f.Name) {
					t.Errorf("%s.%s is not implemented", input, f.Name)
				}
			}
		}
	}
	for _, c := range []struct {
		inputs []string
		known  func(string) bool
	}{
		{[]string{"IssueFilter", "NullableIssueFilter", "IssueCollectionFilter"}, knows(issueFilter())},
		{[]string{"IssueLabelFilter", "IssueLabelCollectionFilter"}, knows(labelFilter())},
		{[]string{"TeamFilter", "NullableTeamFilter"}, knows(teamFilter())},
		{[]string{"WorkflowStateFilter"}, knows(stateFilter())},
		{[]string{"UserFilter", "NullableUserFilter", "UserCollectionFilter"}, knows(userFilter())},
		{[]string{"NullableCycleFilter"}, knows(cycleFilter())},
		{[]string{"NullableProjectFilter"}, knows(projectFilter())},
		{[]string{"NullableProjectMilestoneFilter"}, knows(milestoneFilter())},
		{[]string{"CustomerFilter", "NullableCustomerFilter"}, knows(customerFilter())},
		{[]string{"CustomerTierFilter"}, knows(tierFilter())},
		{[]string{"CustomerStatusFilter"}, knows(statusFilter())},
		{[]string{"CustomerNeedFilter", "CustomerNeedCollectionFilter"}, knows(needFilter())},
		{[]string{"CommentFilter", "CommentCollectionFilter", "NullableCommentFilter"}, knows(commentFilter())},
		{[]string{"AttachmentFilter", "AttachmentCollectionFilter"}, knows(attachmentFilter())},
	} {
		for _, in := range c.inputs {
			check(in, c.known)
		}
	}
}

func knows[T any](f filter[T]) func(string) bool {
	return func(name string) bool { return f[name] != nil }
}

func TestTheAPIIsAPartOfLinearsSchema(t *testing.T) {
	full := schema(t)
	if full == nil {
		shared.File(t, "spec/linear.graphql")
	}
	for name, def := range newAPI().schema.Types {
		if def.BuiltIn {
			continue
		}
		whole := full.schema.Types[name]
		if whole == nil || whole.Kind != def.Kind {
			t.Errorf("%s is not a %s of Linear's schema", name, def.Kind)
			continue
		}
		for _, f := range def.Fields {
			theirs := whole.Fields.ForName(f.Name)
			if f.Name[:1] == "_" {
				continue
			}
			if theirs == nil || theirs.Type.String() != f.Type.String() {
				t.Errorf("%s.%s: %s is not what Linear has", name, f.Name, f.Type)
				continue
			}
			for _, arg := range f.Arguments {
				if a := theirs.Arguments.ForName(arg.Name); a == nil || a.Type.String() != arg.Type.String() {
					t.Errorf("%s.%s(%s: %s) is not what Linear has", name, f.Name, arg.Name, arg.Type)
				}
			}
		}
		for _, v := range def.EnumValues {
			if whole.EnumValues.ForName(v.Name) == nil {
				t.Errorf("%s.%s is not what Linear has", name, v.Name)
			}
		}
	}
}

// everything selects all fields of a type down to a depth.
func everything(s *ast.Schema, typ string, depth int) string {
	out := "{ __typename"
	for _, f := range s.Types[typ].Fields {
		if f.Name[:1] == "_" {
			continue
		}
		def := s.Types[f.Type.Name()]
		switch {
		case def.Kind != ast.Object && def.Kind != ast.Interface:
			out += " " + f.Name
		case depth > 0:
			arg := ""
			if f.Arguments.ForName("first") != nil {
				arg = "(first: 2)"
			}
			out += " " + f.Name + arg + " " + everything(s, f.Type.Name(), depth-1)
		}
	}
	return out + " }"
}

func TestEveryFieldOfAnIssueAnswers(t *testing.T) {
	s := New(Options{Seed: 3, Limits: Limits{Requests: 100, Complexity: 1e9, Query: 1e9}, Schema: schema(t)})
	s.Generate(5, 40, GenerateOptions{Wild: true})
	s.DefaultSLARules()
	for _, i := range s.Issues()[:10] {
		s.React(i.ID, s.Viewer().ID, "fire")
		s.Suggest(Suggestion{IssueID: i.ID, Type: "relatedIssue", TargetID: i.ID, Score: 0.5, Reasons: []string{"alike"}})
		must(t, s, `mutation($id: String!) { attachmentCreate(input: {issueId: $id, title: "x", url: "https://x.example", metadata: {n: 1}}) { success } }`,
			map[string]any{"id": i.ID})
	}
	r := must(t, s, "{ issues(first: 40) { nodes "+everything(s.api.schema, "Issue", 3)+" } viewer "+everything(s.api.schema, "User", 1)+
		" organization "+everything(s.api.schema, "Organization", 2)+" customers { nodes "+everything(s.api.schema, "Customer", 2)+
		` } slaConfigurations(teamId: "ENG") `+everything(s.api.schema, "SlaConfiguration", 1)+
		" rateLimitStatus "+everything(s.api.schema, "RateLimitPayload", 1)+" }", nil)
	if n := len(r.at("issues", "nodes").([]any)); n != 40 {
		t.Errorf("got %d issues", n)
	}
	for _, v := range s.Violations() {
		t.Error(v)
	}
	for _, i := range r.at("issues", "nodes").([]any) {
		checkNulls(t, s.api.schema, "Issue", i.(map[string]any))
	}
}

// checkNulls finds fields that are null against the schema.
func checkNulls(t *testing.T, s *ast.Schema, typ string, m map[string]any) {
	t.Helper()
	for name, v := range m {
		f := s.Types[typ].Fields.ForName(name)
		if f == nil {
			continue // __typename
		}
		if v == nil && f.Type.NonNull {
			t.Errorf("%s.%s is null", typ, name)
		}
		switch v := v.(type) {
		case map[string]any:
			if s.Types[f.Type.Name()].Kind == ast.Object {
				checkNulls(t, s, f.Type.Name(), v)
			}
		case []any:
			for _, e := range v {
				if o, ok := e.(map[string]any); ok && s.Types[f.Type.Name()].Kind == ast.Object {
					checkNulls(t, s, f.Type.Name(), o)
				}
			}
		}
	}
}
