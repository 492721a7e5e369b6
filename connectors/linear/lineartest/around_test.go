package lineartest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestListsBesideIssues(t *testing.T) {
	o := newOffice(t)
	tier := o.AddTier(Tier{Name: "Gold", Position: 1})
	blue := o.AddCustomer(Customer{Name: "Blue", TierID: tier.ID, Revenue: 1000})
	o.AddCustomer(Customer{Name: "Green", Revenue: -1})
	need, err := o.AddNeed(Need{CustomerID: blue.ID, IssueID: o.one.ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Comment("ENG-1", o.ann.ID, "from Ann"); err != nil {
		t.Fatal(err)
	}
	two := o.create(t, Issue{TeamID: "ENG", Title: "Two"})
	if _, err := o.Relate("ENG-1", "blocks", two.ID, o.ann.ID); err != nil {
		t.Fatal(err)
	}
	o.AddCycle(Cycle{TeamID: o.eng.ID, Number: 4, StartsAt: o.clock.now().Add(-time.Hour), EndsAt: o.clock.now().Add(time.Hour)})
	o.EditUser(o.bob.ID, func(u *User) { u.Inactive = true })
	since := o.clock.now().Add(time.Second).Format(time.RFC3339)
	o.clock.advance(time.Minute)
	o.EditNeed(need.ID, func(n *Need) { n.Important = true })
	o.EditCustomer(blue.ID, func(c *Customer) { c.Revenue = 2000 })
	o.EditLabel(o.lane["feature"], func(l *Label) { l.Name = "features" })
	for _, c := range []struct{ name, query, want string }{
		{"customers by time", `{ customers(filter: {updatedAt: {gte: "` + since + `"}}) { nodes { name revenue tier { name } status { name } } } }`, `{"customers":{"nodes":[{"name":"Blue","revenue":2000,"tier":{"name":"Gold"},"status":{"name":"Active"}}]}}`},
		{"a customer without revenue and tier", `{ customers(filter: {name: {eq: "Green"}}) { nodes { revenue tier { name } approximateNeedCount } } }`, `{"customers":{"nodes":[{"revenue":null,"tier":null,"approximateNeedCount":0}]}}`},
		{"customers by tier", `{ customers(filter: {tier: {displayName: {eq: "Gold"}}, status: {name: {eq: "Active"}}}) { nodes { name } } }`, `{"customers":{"nodes":[{"name":"Blue"}]}}`},
		{"one customer", `{ customer(id: "` + blue.ID + `") { needs { priority issue { identifier } } } }`, `{"customer":{"needs":[{"priority":1,"issue":{"identifier":"ENG-1"}}]}}`},
		{"needs by time", `{ customerNeeds(filter: {updatedAt: {gt: "` + since + `"}, customer: {name: {eq: "Blue"}}}) { nodes { priority issue { identifier } } } }`, `{"customerNeeds":{"nodes":[{"priority":1,"issue":{"identifier":"ENG-1"}}]}}`},
		{"needs by issue", `{ customerNeeds(filter: {issue: {title: {contains: "wo"}}}) { nodes { id } } }`, `{"customerNeeds":{"nodes":[]}}`},
		{"tiers", `{ customerTiers { nodes { name position } } }`, `{"customerTiers":{"nodes":[{"name":"Gold","position":1}]}}`},
		{"comments by issue and user", `{ comments(filter: {issue: {team: {key: {eq: "ENG"}}}, user: {name: {startsWith: "A"}}}) { nodes { body issue { identifier } parent { id } } } }`, `{"comments":{"nodes":[{"body":"from Ann","issue":{"identifier":"ENG-1"},"parent":null}]}}`},
		{"relations", `{ issueRelations(orderBy: updatedAt) { nodes { type issue { identifier } relatedIssue { identifier } } } }`, `{"issueRelations":{"nodes":[{"type":"blocks","issue":{"identifier":"ENG-1"},"relatedIssue":{"identifier":"ENG-2"}}]}}`},
		{"active users", `{ users(filter: {app: {eq: false}}) { nodes { name isAssignable isMe } } }`, `{"users":{"nodes":[{"name":"Ann","isAssignable":true,"isMe":false}]}}`},
		{"all users by mail", `{ users(includeArchived: true, filter: {email: {in: ["bob@example.org"]}}) { nodes { name active } } }`, `{"users":{"nodes":[{"name":"Bob","active":false}]}}`},
		{"me", `{ user(id: "me") { isMe app } }`, `{"user":{"isMe":true,"app":true}}`},
		{"a team by key", `{ team(id: "ENG") { timezone issueEstimationType activeCycle { number isActive } triageIssueState { type } issueCount } }`, `{"team":{"timezone":"Europe/Berlin","issueEstimationType":"notUsed","activeCycle":{"number":4,"isActive":true},"triageIssueState":{"type":"triage"},"issueCount":2}}`},
		{"teams", `{ teams(filter: {key: {in: ["OPS"]}}) { nodes { key states(filter: {type: {eq: "duplicate"}}) { nodes { name } } } } }`, `{"teams":{"nodes":[{"key":"OPS","states":{"nodes":[{"name":"Duplicate"}]}}]}}`},
		{"states of a team", `{ workflowStates(filter: {team: {key: {eq: "ENG"}}, type: {in: ["triage"]}}) { nodes { name position } } }`, `{"workflowStates":{"nodes":[{"name":"Triage","position":0}]}}`},
		{"a group", `{ issueLabels(filter: {name: {eqIgnoreCase: "LANE"}, isGroup: {eq: true}, team: {null: true}}) { nodes { name children { nodes { name } } } } }`, `{"issueLabels":{"nodes":[{"name":"lane","children":{"nodes":[{"name":"features"},{"name":"hotfix"}]}}]}}`},
		{"children of a group", `{ issueLabels(filter: {parent: {name: {eq: "lane"}}, name: {neq: "hotfix"}}) { nodes { name parent { name } } } }`, `{"issueLabels":{"nodes":[{"name":"features","parent":{"name":"lane"}}]}}`},
		{"budgets", `{ rateLimitStatus { kind limits { type allowedAmount period } } }`, `{"rateLimitStatus":{"kind":"apiKey","limits":[{"type":"requests","allowedAmount":2500,"period":3600000},{"type":"complexity","allowedAmount":3000000,"period":3600000}]}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(`{"data":`+c.want+`}`, string(must(t, o.Server, c.query, nil).Raw)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTextComparators(t *testing.T) {
	for _, c := range []struct {
		op   string
		want any
		yes  string
		no   string
	}{
		{"eq", "a", "a", "A"},
		{"neq", "a", "A", "a"},
		{"in", []any{"a", "b"}, "b", "c"},
		{"nin", []any{"a", "b"}, "c", "a"},
		{"eqIgnoreCase", "a", "A", "b"},
		{"neqIgnoreCase", "a", "b", "A"},
		{"contains", "ell", "hello", "HELLO"},
		{"notContains", "ell", "HELLO", "hello"},
		{"containsIgnoreCase", "ell", "HELLO", "help"},
		{"notContainsIgnoreCase", "ell", "help", "HELLO"},
		{"startsWith", "he", "hello", "Hello"},
		{"startsWithIgnoreCase", "he", "Hello", "oh"},
		{"notStartsWith", "he", "Hello", "hello"},
		{"endsWith", "lo", "hello", "lot"},
		{"notEndsWith", "lo", "lot", "hello"},
		{"null", true, "", "x"},
		{"null", false, "x", ""},
	} {
		ops := textOps(map[string]any{c.op: c.want})
		if !meets(ops, c.yes) || meets(ops, c.no) {
			t.Errorf("%s %v: %q %v, %q %v", c.op, c.want, c.yes, meets(ops, c.yes), c.no, meets(ops, c.no))
		}
	}
}

func TestDatesInFilters(t *testing.T) {
	now := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{
		"2026-01-02T03:04:05Z":      "2026-01-02T03:04:05Z",
		"2026-01-02T03:04:05+02:00": "2026-01-02T01:04:05Z",
		"2026-01-02T03:04:05.678Z":  "2026-01-02T03:04:05.678Z",
		"2021":                      "2021-01-01T00:00:00Z",
		"2021-05":                   "2021-05-01T00:00:00Z",
		"2021-05-06":                "2021-05-06T00:00:00Z",
		"P1D":                       "2026-04-01T12:00:00Z",
		"-P2W":                      "2026-03-17T12:00:00Z",
		"-P1DT2H30M":                "2026-03-30T09:30:00Z",
		"soon":                      "",
		"P":                         "",
		"PT":                        "",
		"":                          "",
	} {
		got, err := parseMoment(in, now)
		if want == "" != (err != nil) || err == nil && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: got %v %v, want %q", in, got, err, want)
		}
	}
}

func TestWhatPeopleUndo(t *testing.T) {
	o := newOffice(t)
	c, err := o.Comment("ENG-1", o.ann.ID, "first")
	if err != nil {
		t.Fatal(err)
	}
	o.EditComment(c.ID, "second")
	if got := o.Comments("ENG-1"); len(got) != 1 || got[0].Body != "second" || got[0].EditedAt.IsZero() {
		t.Errorf("got %+v", got)
	}
	o.DeleteComment(c.ID)
	if got := o.Comments("ENG-1"); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	two := o.create(t, Issue{TeamID: "ENG"})
	rel, err := o.Relate("ENG-1", "related", two.ID, o.ann.ID)
	if err != nil {
		t.Fatal(err)
	}
	o.Unrelate(rel.ID)
	if own, inverse := o.Relations(two.ID); len(own)+len(inverse) != 0 {
		t.Errorf("got %v %v", own, inverse)
	}
	if err := o.Trash("ENG-1", o.ann.ID); err != nil {
		t.Fatal(err)
	}
	if err := o.Restore("ENG-1", o.ann.ID); err != nil {
		t.Fatal(err)
	}
	if i, _ := o.Issue("ENG-1"); i.Gone() {
		t.Error("still gone")
	}
	checkWorld(t, o.Server)
}
