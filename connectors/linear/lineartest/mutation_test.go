package lineartest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const updateDoc = `mutation($id: String!, $in: IssueUpdateInput!) { issueUpdate(id: $id, input: $in) { success lastSyncId issue { id updatedAt } } }`

func update1(t *testing.T, o *office, in map[string]any) reply {
	t.Helper()
	return ask(t, o.Server, updateDoc, map[string]any{"id": o.one.ID, "in": in})
}

func TestLabelsAreRefusedAsLinearDoes(t *testing.T) {
	ids := func(l ...string) []any {
		out := []any{}
		for _, id := range l {
			out = append(out, id)
		}
		return out
	}
	setup := func(t *testing.T) (*office, map[string]string) {
		o := newOffice(t)
		l := map[string]string{
			"group": o.lane[""], "hotfix": o.lane["hotfix"], "feature": o.lane["feature"],
			"mine": o.AddLabel(Label{Name: "mine"}).ID, "other": o.AddLabel(Label{Name: "other"}).ID,
			"ops":     o.AddLabel(Label{Name: "ops", TeamID: o.ops.ID}).ID,
			"retired": o.AddLabel(Label{Name: "old", RetiredAt: o.clock.now()}).ID,
			"unknown": "00000000-0000-4000-8000-000000000000",
		}
		if _, err := o.Edit("ENG-1", o.ann.ID, func(i *Issue) { i.LabelIDs = []string{l["hotfix"], l["mine"]} }); err != nil {
			t.Fatal(err)
		}
		return o, l
	}
	for _, c := range []struct {
		name           string
		add, rem, set  []string
		behavior       func(*Behavior)
		message, after string
	}{
		{name: "adding leaves the others alone", add: []string{"other"}, after: "lane:hotfix mine other"},
		{name: "removing takes only that", rem: []string{"hotfix"}, after: "mine"},
		{name: "a second child of a group is refused, not swapped", add: []string{"feature"}, message: "labelIds not exclusive child labels", after: "lane:hotfix mine"},
		{name: "removing the sibling in the same update passes", add: []string{"feature"}, rem: []string{"hotfix"}, after: "lane:feature mine"},
		{name: "unless the server does not net", add: []string{"feature"}, rem: []string{"hotfix"}, behavior: func(b *Behavior) { b.NoNetting = true }, message: "labelIds not exclusive child labels", after: "lane:hotfix mine"},
		{name: "a group cannot be applied", add: []string{"group"}, message: "labelIds contains a label group", after: "lane:hotfix mine"},
		{name: "another team's label is refused", add: []string{"ops"}, message: "labelIds for incorrect team", after: "lane:hotfix mine"},
		{name: "a retired label is refused", add: []string{"retired"}, message: "labelIds contains a retired label", after: "lane:hotfix mine"},
		{name: "one unknown id fails the whole update", add: []string{"other", "unknown"}, message: "Entity not found: IssueLabel", after: "lane:hotfix mine"},
		{name: "removing a label that is not there does nothing", rem: []string{"other"}, after: "lane:hotfix mine"},
		{name: "labelIds replaces the whole set", set: []string{"other"}, after: "other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, l := setup(t)
			if c.behavior != nil {
				o.Behave(c.behavior)
			}
			in := map[string]any{"priority": 2}
			for field, names := range map[string][]string{"addedLabelIds": c.add, "removedLabelIds": c.rem, "labelIds": c.set} {
				var list []string
				for _, n := range names {
					list = append(list, l[n])
				}
				if names != nil {
					in[field] = ids(list...)
				}
			}
			r := update1(t, o, in)
			if r.message() != c.message {
				t.Errorf("got %q, want %q", r.message(), c.message)
			}
			if got := strings.Join(o.LabelNames("ENG-1"), " "); got != c.after {
				t.Errorf("labels are %q, want %q", got, c.after)
			}
			i, _ := o.Issue("ENG-1")
			if written := i.Priority == 2; written != (c.message == "") {
				t.Errorf("the priority was written: %v", written)
			}
		})
	}
	t.Run("a retired label that is there stays", func(t *testing.T) {
		o, l := setup(t)
		o.EditLabel(l["mine"], func(l *Label) { l.RetiredAt = o.clock.now() })
		if r := update1(t, o, map[string]any{"addedLabelIds": ids(l["other"])}); r.message() != "" {
			t.Errorf("got %s", r.Raw)
		}
	})
}

func TestUpdatesAreRefusedAsLinearDoes(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(o *office)
		in    map[string]any
		want  string // message
	}{
		{"priority above 4", nil, map[string]any{"priority": 5}, "Argument Validation Error"},
		{"priority below 0", nil, map[string]any{"priority": -1}, "Argument Validation Error"},
		{"empty title", nil, map[string]any{"title": " "}, "Argument Validation Error"},
		{"unknown assignee", nil, map[string]any{"assigneeId": "x"}, "Entity not found: User"},
		{"unknown state", nil, map[string]any{"stateId": "x"}, "Entity not found: WorkflowState"},
		{"unknown project", nil, map[string]any{"projectId": "x"}, "Entity not found: project"},
		{"archived issue", func(o *office) { _ = o.Archive("ENG-1", o.ann.ID) }, map[string]any{"priority": 1}, "Issue is archived"},
		{"trashed issue", func(o *office) { _ = o.Trash("ENG-1", o.ann.ID) }, map[string]any{"priority": 1}, "Issue is archived"},
		{"SLA on a plan without", func(o *office) { o.SetPlan(Basic) }, map[string]any{"slaType": "all"}, "Feature not accessible"},
		{"due date beside an SLA, where refused", func(o *office) {
			o.Behave(func(b *Behavior) { b.DueOnSLA = DueRefusedBySLA })
			_, _ = o.Edit("ENG-1", o.ann.ID, func(i *Issue) { i.SLABreachesAt = o.clock.now() })
		}, map[string]any{"dueDate": "2026-03-03"}, "Cannot set a due date on an issue with an SLA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			if c.setup != nil {
				c.setup(o)
			}
			before, _ := o.Issue("ENG-1")
			r := update1(t, o, c.in)
			if r.Status != 200 || r.Data != nil || r.message() != c.want {
				t.Errorf("got %d %s", r.Status, r.Raw)
			}
			if after, _ := o.Issue("ENG-1"); !after.UpdatedAt.Equal(before.UpdatedAt) {
				t.Error("the issue was touched")
			}
		})
	}
	for _, c := range []struct {
		name string
		edit func(*User)
	}{
		{"an inactive assignee", func(u *User) { u.Inactive = true }},
		{"an unassignable assignee", func(u *User) { u.Unassignable = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			o.EditUser(o.bob.ID, c.edit)
			if r := update1(t, o, map[string]any{"assigneeId": o.bob.ID}); r.code() != "INPUT_ERROR" {
				t.Errorf("got %s", r.Raw)
			}
		})
	}
}

func TestAnUpdateChangesOnlyWhatIsSentAndNullClears(t *testing.T) {
	o := newOffice(t)
	if r := update1(t, o, map[string]any{"dueDate": "2026-03-20", "estimate": 3, "description": "- a\r\n- b  \n"}); len(r.Errors) > 0 {
		t.Fatal(string(r.Raw))
	}
	i, _ := o.Issue("ENG-1")
	if i.DueDate != "2026-03-20" || *i.Estimate != 3 || i.AssigneeID != o.ann.ID || i.Title != "One" {
		t.Errorf("got %+v", i)
	}
	if i.Description != "* a\n* b" {
		t.Errorf("markdown came back byte for byte or broken: %q", i.Description)
	}
	if r := update1(t, o, map[string]any{"dueDate": nil, "estimate": nil, "assigneeId": nil}); len(r.Errors) > 0 {
		t.Fatal(string(r.Raw))
	}
	if i, _ := o.Issue("ENG-1"); i.DueDate != "" || i.Estimate != nil || i.AssigneeID != "" {
		t.Errorf("got %+v", i)
	}
}

func TestHistoryTellsWhoChangedWhat(t *testing.T) {
	o := newOffice(t)
	if r := update1(t, o, map[string]any{"priority": 2, "addedLabelIds": []any{o.lane["hotfix"]}}); len(r.Errors) > 0 {
		t.Fatal(string(r.Raw))
	}
	h := o.History("ENG-1")
	if len(h) != 1 || h[0].ActorID != o.Viewer().ID || *h[0].Priority != (Moved[int]{0, 2}) || !slices.Equal(h[0].AddedLabels, []string{o.lane["hotfix"]}) {
		t.Errorf("got %+v", h)
	}
	t.Run("not in the first three minutes", func(t *testing.T) {
		young := o.create(t, Issue{TeamID: "ENG"})
		o.clock.advance(fold - time.Second)
		if _, err := o.Edit(young.ID, o.ann.ID, func(i *Issue) { i.Priority = 1 }); err != nil {
			t.Fatal(err)
		}
		if h := o.History(young.ID); len(h) != 0 {
			t.Errorf("got %+v", h)
		}
		if i, _ := o.Issue(young.ID); !i.UpdatedAt.Equal(o.clock.now()) {
			t.Error("updatedAt did not move")
		}
	})
	t.Run("changes within the window are joined where switched on", func(t *testing.T) {
		o.Behave(func(b *Behavior) { b.MergeHistory = time.Minute })
		n := len(o.History("ENG-1"))
		for _, f := range []func(*Issue){
			func(i *Issue) { i.Title = "New" },
			func(i *Issue) { i.DueDate = "2026-04-01" },
			func(i *Issue) { i.Title = "Newer" },
		} {
			if _, err := o.Edit("ENG-1", o.ann.ID, f); err != nil {
				t.Fatal(err)
			}
		}
		if h := o.History("ENG-1"); len(h) != n+2 || h[n].Title == nil || h[n].DueDate == nil {
			t.Errorf("got %d entries", len(h)-n)
		}
	})
}

func TestAWriteOfTheSameValue(t *testing.T) {
	for _, on := range []bool{false, true} {
		o := newOffice(t, func(opt *Options) { opt.Behavior = Behavior{SameValueTouches: on, SameValueHistory: on} })
		if r := update1(t, o, map[string]any{"title": "One"}); len(r.Errors) > 0 {
			t.Fatal(string(r.Raw))
		}
		i, _ := o.Issue("ENG-1")
		if touched := i.UpdatedAt.After(o.one.UpdatedAt); touched != on {
			t.Errorf("switched %v: touched %v", on, touched)
		}
		if n := len(o.History("ENG-1")); (n == 1) != on {
			t.Errorf("switched %v: %d entries", on, n)
		}
	}
}

func TestWhatMovesUpdatedAtIsSwitchable(t *testing.T) {
	for _, on := range []bool{false, true} {
		o := newOffice(t, func(opt *Options) {
			opt.Behavior = Behavior{CommentsTouch: on, NeedsTouch: on, RelationsTouch: on, AttachmentsTouch: on, ReactionsTouch: on}
		})
		two := o.create(t, Issue{TeamID: "ENG"})
		c := o.AddCustomer(Customer{Name: "Blue"})
		for name, do := range map[string]func() error{
			"comment":  func() error { _, err := o.Comment("ENG-1", o.ann.ID, "x"); return err },
			"need":     func() error { _, err := o.AddNeed(Need{CustomerID: c.ID, IssueID: o.one.ID}); return err },
			"relation": func() error { _, err := o.Relate("ENG-1", "blocks", two.ID, o.ann.ID); return err },
			"reaction": func() error { o.React("ENG-1", o.ann.ID, "+1"); return nil },
			"attachment": func() error {
				r := ask(t, o.Server, `mutation { attachmentCreate(input: {issueId: "ENG-1", title: "x", url: "https://x.example"}) { success } }`, nil)
				return errorOf(r)
			},
		} {
			o.clock.advance(time.Minute)
			if err := do(); err != nil {
				t.Fatal(err)
			}
			i, _ := o.Issue("ENG-1")
			if touched := i.UpdatedAt.Equal(o.clock.now()); touched != on {
				t.Errorf("%s switched %v: touched %v", name, on, touched)
			}
		}
	}
}

func errorOf(r reply) error {
	if len(r.Errors) > 0 {
		return fmt.Errorf("%s", r.Raw)
	}
	return nil
}

func TestBatches(t *testing.T) {
	doc := `mutation($ids: [UUID!]!, $in: IssueUpdateInput!) { issueBatchUpdate(ids: $ids, input: $in) { success issues { id } } }`
	setup := func(t *testing.T, n int) (*office, []any) {
		o := newOffice(t)
		var ids []any
		for range n {
			ids = append(ids, o.create(t, Issue{TeamID: "ENG"}).ID)
		}
		return o, ids
	}
	urgent := func(o *office) (n int) {
		for _, i := range o.Issues() {
			if i.Priority == 1 {
				n++
			}
		}
		return n
	}
	t.Run("50 get the same patch", func(t *testing.T) {
		o, ids := setup(t, 50)
		r := must(t, o.Server, doc, map[string]any{"ids": ids, "in": map[string]any{"priority": 1}})
		if n := len(r.at("issueBatchUpdate", "issues").([]any)); n != 50 || urgent(o) != 50 {
			t.Errorf("answered %d, wrote %d", n, urgent(o))
		}
	})
	t.Run("51 are refused", func(t *testing.T) {
		o, ids := setup(t, 51)
		if r := ask(t, o.Server, doc, map[string]any{"ids": ids, "in": map[string]any{"priority": 1}}); r.code() != "INVALID_INPUT" || urgent(o) != 0 {
			t.Errorf("got %s, wrote %d", r.Raw, urgent(o))
		}
	})
	for _, partial := range []bool{false, true} {
		t.Run(fmt.Sprintf("one archived issue, partial %v", partial), func(t *testing.T) {
			o, ids := setup(t, 3)
			o.Behave(func(b *Behavior) { b.BatchPartial = partial })
			if err := o.Archive(ids[1].(string), o.ann.ID); err != nil {
				t.Fatal(err)
			}
			r := ask(t, o.Server, doc, map[string]any{"ids": ids, "in": map[string]any{"priority": 1}})
			if want := map[bool]int{false: 0, true: 2}[partial]; urgent(o) != want || (len(r.Errors) == 0) != partial {
				t.Errorf("wrote %d, want %d: %s", urgent(o), want, r.Raw)
			}
		})
	}
}

func TestAliasedMutationsHideWhichWereDone(t *testing.T) {
	o := newOffice(t)
	r := ask(t, o.Server, `mutation { a: issueUpdate(id: "ENG-1", input: {priority: 1}) { success } b: issueUpdate(id: "ENG-9", input: {priority: 1}) { success } }`, nil)
	if i, _ := o.Issue("ENG-1"); r.Data != nil || i.Priority != 1 {
		t.Errorf("priority %d, answer %s", i.Priority, r.Raw)
	}
}

func TestCreatingLabels(t *testing.T) {
	doc := `mutation($in: IssueLabelCreateInput!) { issueLabelCreate(input: $in) { success issueLabel { id name isGroup parent { name } } } }`
	o := newOffice(t)
	team := o.AddLabel(Label{Name: "team label", TeamID: o.eng.ID})
	for _, c := range []struct {
		name string
		in   map[string]any
		want string
	}{
		{"a new group", map[string]any{"name": "horizon", "isGroup": true}, ""},
		{"a child", map[string]any{"name": "stability", "parentId": o.lane[""]}, ""},
		{"the same name in another group", map[string]any{"name": "lane"}, "duplicate label name"},
		{"a name that exists in other letters", map[string]any{"name": "HOTFIX", "parentId": o.lane[""]}, "duplicate label name"},
		{"a workspace label over a team's", map[string]any{"name": team.Name}, "duplicate label name"},
		{"a reserved name", map[string]any{"name": "Priority"}, "Reserved label name"},
		{"a parent that is no group", map[string]any{"name": "x", "parentId": team.ID}, "Parent label is not a group"},
		{"an unknown parent", map[string]any{"name": "x", "parentId": "y"}, "Entity not found: IssueLabel"},
		{"an empty name", map[string]any{"name": " "}, "Argument Validation Error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := ask(t, o.Server, doc, map[string]any{"in": c.in}); r.message() != c.want {
				t.Errorf("got %s", r.Raw)
			}
		})
	}
	t.Run("the 251st of a group", func(t *testing.T) {
		for k := range 250 - 3 {
			o.AddLabel(Label{Name: fmt.Sprint("n", k), ParentID: o.lane[""]})
		}
		if r := ask(t, o.Server, doc, map[string]any{"in": map[string]any{"name": "x", "parentId": o.lane[""]}}); r.message() != "Label group is full" {
			t.Errorf("got %s", r.Raw)
		}
	})
	t.Run("only by admins where limited", func(t *testing.T) {
		o.Behave(func(b *Behavior) { b.LabelsByAdminsOnly = true })
		if r := ask(t, o.Server, doc, map[string]any{"in": map[string]any{"name": "free"}}); r.code() != "FORBIDDEN" {
			t.Errorf("got %s", r.Raw)
		}
	})
}

func TestComments(t *testing.T) {
	doc := `mutation($in: CommentCreateInput!) { commentCreate(input: $in) { success comment { id body user { id } } } }`
	const id = "3b241101-e2bb-4255-8caf-4136c566a962"
	o := newOffice(t)
	in := func() map[string]any {
		return map[string]any{"in": map[string]any{"id": id, "issueId": "ENG-1", "body": "hello", "doNotSubscribeToIssue": true}}
	}
	if r := must(t, o.Server, doc, in()); r.at("commentCreate", "comment", "id") != id {
		t.Errorf("got %s", r.Raw)
	}
	if r := ask(t, o.Server, doc, in()); r.message() != "Entity Comment with id "+id+" already exists." || r.code() != "INPUT_ERROR" {
		t.Errorf("sent twice: got %s", r.Raw)
	}
	if n := len(o.Comments("ENG-1")); n != 1 {
		t.Errorf("%d comments", n)
	}
	if i, _ := o.Issue("ENG-1"); len(i.Subscribers) != 0 {
		t.Errorf("subscribed: %v", i.Subscribers)
	}
	v := in()
	v["in"].(map[string]any)["id"] = "5d2e61e1-1f3e-5c72-ae01-a99c1972a6f7"
	if r := ask(t, o.Server, doc, v); r.code() != "INVALID_INPUT" {
		t.Errorf("an id of version 5: got %s", r.Raw)
	}
	r := must(t, o.Server, `mutation { commentUpdate(id: "`+id+`", input: {body: "changed"}) { comment { body editedAt } } }`, nil)
	if r.at("commentUpdate", "comment", "body") != "changed" || r.at("commentUpdate", "comment", "editedAt") == nil {
		t.Errorf("got %s", r.Raw)
	}
	theirs, err := o.Comment("ENG-1", o.ann.ID, "mine")
	if err != nil {
		t.Fatal(err)
	}
	if r := ask(t, o.Server, `mutation { commentUpdate(id: "`+theirs.ID+`", input: {body: "changed"}) { success } }`, nil); r.code() != "FORBIDDEN" {
		t.Errorf("another's comment: got %s", r.Raw)
	}
	delete(v["in"].(map[string]any), "id")
	delete(v["in"].(map[string]any), "doNotSubscribeToIssue")
	must(t, o.Server, doc, v)
	if i, _ := o.Issue("ENG-1"); !slices.Equal(i.Subscribers, []string{o.Viewer().ID}) {
		t.Errorf("not subscribed: %v", i.Subscribers)
	}
}

func TestAnAttachmentWithTheSameURLIsUpdated(t *testing.T) {
	o := newOffice(t)
	for _, title := range []string{"First", "Second"} {
		must(t, o.Server, `mutation($in: AttachmentCreateInput!) { attachmentCreate(input: $in) { success } }`, map[string]any{
			"in": map[string]any{"issueId": "ENG-1", "title": title, "url": "https://lane.example/ENG-1", "metadata": map[string]any{"title": "x"}},
		})
	}
	if a := o.Attachments("ENG-1"); len(a) != 1 || a[0].Title != "Second" {
		t.Errorf("got %+v", a)
	}
	r := must(t, o.Server, `{ attachmentsForURL(url: "https://lane.example/ENG-1") { nodes { title issue { identifier } } } }`, nil)
	if r.at("attachmentsForURL", "nodes", 0, "issue", "identifier") != "ENG-1" {
		t.Errorf("got %s", r.Raw)
	}
}

func TestADuplicateGoesToTheSystemStateAndItsNeedsMove(t *testing.T) {
	o := newOffice(t)
	two := o.create(t, Issue{TeamID: "ENG"})
	c := o.AddCustomer(Customer{Name: "Blue"})
	if _, err := o.AddNeed(Need{CustomerID: c.ID, IssueID: two.ID}); err != nil {
		t.Fatal(err)
	}
	must(t, o.Server, `mutation { issueRelationCreate(input: {issueId: "ENG-2", relatedIssueId: "ENG-1", type: duplicate}) { issueRelation { type } } }`, nil)
	r := must(t, o.Server, `{ two: issue(id: "ENG-2") { state { type } needs { nodes { id } } formerNeeds { nodes { id } } relations { nodes { relatedIssue { identifier } } } }
		one: issue(id: "ENG-1") { needs { nodes { originalIssue { identifier } } } relations { nodes { id } } inverseRelations { nodes { type issue { identifier } } } } }`, nil)
	if r.at("two", "state", "type") != "duplicate" || len(r.at("two", "needs", "nodes").([]any)) != 0 ||
		r.at("one", "needs", "nodes", 0, "originalIssue", "identifier") != "ENG-2" || len(r.at("one", "relations", "nodes").([]any)) != 0 ||
		r.at("one", "inverseRelations", "nodes", 0, "issue", "identifier") != "ENG-2" {
		t.Errorf("got %s", r.Raw)
	}
}

func TestUrgentIsMailedAtOnce(t *testing.T) {
	o := newOffice(t)
	for range 2 {
		if r := update1(t, o, map[string]any{"priority": 1}); len(r.Errors) > 0 {
			t.Fatal(string(r.Raw))
		}
	}
	var urgent []Mail
	for _, m := range o.Mails() {
		if m.Reason == "urgent" {
			urgent = append(urgent, m)
		}
	}
	if len(urgent) != 1 || urgent[0].To != o.ann.ID || urgent[0].IssueID != o.one.ID {
		t.Errorf("got %+v", urgent)
	}
}

func TestDueDateAndSLAEraseEachOther(t *testing.T) {
	sla := map[string]any{"slaStartedAt": "2026-03-02T10:00:00Z", "slaBreachesAt": "2026-03-04T10:00:00Z", "slaType": "all"}
	o := newOffice(t)
	for _, step := range []struct {
		in       map[string]any
		due, sla bool
	}{
		{map[string]any{"dueDate": "2026-03-20"}, true, false},
		{sla, false, true},
		{map[string]any{"dueDate": "2026-03-20"}, true, false},
		{sla, false, true},
		{map[string]any{"slaBreachesAt": nil}, false, false},
	} {
		if r := update1(t, o, step.in); len(r.Errors) > 0 {
			t.Fatal(string(r.Raw))
		}
		i, _ := o.Issue("ENG-1")
		if (i.DueDate != "") != step.due || !i.SLABreachesAt.IsZero() != step.sla || i.SLABreachesAt.IsZero() != (i.SLAType == "") {
			t.Errorf("after %v: due %q, SLA %v", step.in, i.DueDate, i.SLABreachesAt)
		}
	}
	o.Behave(func(b *Behavior) { b.DueOnSLA = DueKeepsSLA })
	update1(t, o, sla)
	update1(t, o, map[string]any{"dueDate": "2026-03-20"})
	if i, _ := o.Issue("ENG-1"); i.DueDate == "" || i.SLABreachesAt.IsZero() {
		t.Error("switched to keep: one erased the other")
	}
}

func TestSLAWritesWithoutAPlan(t *testing.T) {
	for want, b := range map[bool]SLAWithoutPlan{false: SLAIgnored, true: SLAAllowed} {
		o := newOffice(t, func(opt *Options) {
			opt.Organization.Plan = Basic
			opt.Behavior.SLAWithoutPlan = b
		})
		if r := update1(t, o, map[string]any{"slaBreachesAt": "2026-03-04T10:00:00Z"}); len(r.Errors) > 0 {
			t.Fatal(string(r.Raw))
		}
		if i, _ := o.Issue("ENG-1"); !i.SLABreachesAt.IsZero() != want {
			t.Errorf("fate %d: SLA %v", b, i.SLABreachesAt)
		}
	}
}

func TestLinearsOwnSLARulesAnswerLater(t *testing.T) {
	o := newOffice(t)
	o.DefaultSLARules()
	if r := update1(t, o, map[string]any{"priority": 1, "slaBreachesAt": "2026-03-02T15:00:00Z"}); len(r.Errors) > 0 {
		t.Fatal(string(r.Raw))
	}
	i, _ := o.Issue("ENG-1")
	if i.SLABreachesAt.Hour() != 15 {
		t.Errorf("the rule was too quick: %v", i.SLABreachesAt)
	}
	written := i.UpdatedAt
	o.clock.advance(2500 * time.Millisecond)
	i, _ = o.Issue("ENG-1")
	if want := o.clock.now().Add(24 * time.Hour); !i.SLABreachesAt.Equal(want) || !i.UpdatedAt.After(written) {
		t.Errorf("the rule did not act: %v, want %v", i.SLABreachesAt, want)
	}
	if h := o.History("ENG-1"); h[len(h)-1].ActorID != "" || h[len(h)-1].SLABreach == nil {
		t.Errorf("got %+v", h[len(h)-1])
	}
	update1(t, o, map[string]any{"priority": 4})
	o.clock.advance(3 * time.Second)
	if i, _ = o.Issue("ENG-1"); !i.SLABreachesAt.IsZero() {
		t.Error("the removal rule did not act")
	}
}
