package linear

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestOneUpdateCarriesAllFields(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1, func(i *lineartest.Issue) { i.LabelIDs = []string{w.ids["feature"]}; i.DueDate = "2026-01-01" })
		human := w.srv.AddLabel(lineartest.Label{Name: "Area"})
		w.edit(made[0].ID, func(i *lineartest.Issue) { i.LabelIDs = append(i.LabelIDs, human.ID) })
		before := len(w.srv.Mutations())
		got := w.apply(w.edits(made, lane("lane:feature", "lane:hotfix"), issue.Change{Field: issue.FieldPriority, From: "medium", To: "high"},
			issue.Change{Field: issue.FieldDue, From: "2026-01-01"}, issue.Change{Field: issue.FieldAssignee, To: "ann@acme.example"})...)
		w.ok(got, 1)
		i, _ := w.srv.Issue(made[0].ID)
		if i.Priority != 2 || i.DueDate != "" || i.AssigneeID != w.ann.ID {
			t.Errorf("got %+v", i)
		}
		if names := w.srv.LabelNames(i.ID); !slices.Equal(names, []string{"Area", "lane:hotfix"}) {
			t.Errorf("labels %v", names)
		}
		if n := len(w.srv.Mutations()) - before; n != 1 {
			t.Errorf("%d mutations", n)
		}
		if !got[i.ID].Updated.Equal(i.UpdatedAt) {
			t.Errorf("updated %s, want %s", got[i.ID].Updated, i.UpdatedAt)
		}
		in := w.wire.of("issueUpdate")[0].input()
		for _, never := range []string{"labelIds", "subscriberIds", "stateId", "title"} {
			if _, there := in[never]; there {
				t.Errorf("%s was sent (trap 5)", never)
			}
		}
		if v, there := in["dueDate"]; !there || v != nil {
			t.Errorf("a cleared due date went as %v, %v; want an explicit null (trap 15)", v, there)
		}
	})
}

func TestUntouchedFieldsAreAbsent(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1, nil)
		w.ok(w.apply(w.edits(made, issue.Change{Field: issue.FieldPriority, From: "medium"})...), 1)
		in := w.wire.of("issueUpdate")[0].input()
		if len(in) != 1 || in["priority"] != 0.0 {
			t.Errorf("sent %v", in)
		}
	})
}

func TestAlikeEditsShareBatches(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1000, nil)
		w.wire.reset()
		w.ok(w.apply(w.edits(made, lane("", "lane:hotfix"))...), 1000)
		if n := len(w.wire.all()); n > 23 {
			t.Errorf("%d requests for 1,000 alike edits", n)
		}
		for _, s := range w.wire.of("issueBatchUpdate") {
			if n := len(s.Variables["ids"].([]any)); n > maxBatch {
				t.Errorf("a batch of %d", n)
			}
		}
	})
}

// A team's own label fails every issue of another team in the same batch.
func TestBatchesKeepTeamsApart(t *testing.T) {
	a, b := edit(1, lane("", "lane:hotfix")), edit(2, lane("", "lane:hotfix"))
	b.Project = "OPS"
	got := batches([]*job{{edit: a}, {edit: b}, {edit: a}})
	if len(got) != 2 || len(got[0]) != 2 {
		t.Errorf("trap 7: %d batches", len(got))
	}
}

func TestABatchThatFailsGoesOneByOne(t *testing.T) {
	for _, partial := range []bool{false, true} {
		t.Run(fmt.Sprint("partial ", partial), func(t *testing.T) {
			inWorld(t, func(_ *Settings, _ *Options, so *lineartest.Options) { so.Behavior.BatchPartial = partial }, func(w *world) {
				made := w.create(20, nil)
				w.srv.Archive(made[3].ID, w.ann.ID)
				w.srv.DeleteForever(made[5].ID)
				got := w.apply(w.edits(made, lane("", "lane:hotfix"), issue.Change{Field: issue.FieldPriority, To: "high"})...)
				if len(got) != 20 {
					t.Fatalf("%d results", len(got))
				}
				if k := connectors.KindOf(got[made[3].ID].Err); k != connectors.Conflict {
					t.Errorf("an archived issue (trap 27) gave %q: %v", k, got[made[3].ID].Err)
				}
				if k := connectors.KindOf(got[made[5].ID].Err); k != connectors.NotFound {
					t.Errorf("a deleted issue gave %q: %v", k, got[made[5].ID].Err)
				}
				for k, i := range made {
					if k == 3 || k == 5 {
						continue
					}
					if names := w.srv.LabelNames(i.ID); got[i.ID].Err != nil || !slices.Equal(names, []string{"lane:hotfix"}) {
						t.Errorf("%s: %v %v", i.Identifier, names, got[i.ID].Err)
					}
				}
				if i, _ := w.srv.Issue(made[3].ID); len(i.LabelIDs) > 0 || i.Priority != 3 {
					t.Error("the archived issue was written")
				}
			})
		})
	}
}

func TestNothingButManagedFieldsIsWritten(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1, nil)
		for _, ch := range []issue.Change{
			{Field: "team", To: "team:x"}, {Field: issue.FieldStatus, To: "Done"}, {Field: issue.FieldLabels, To: "Bug"},
			{Field: issue.FieldLane, To: "Bug"}, {Field: issue.FieldLane, From: "Bug", To: "lane:hotfix"},
			{Field: issue.FieldPriority, To: "very high"}, {Field: issue.FieldDue, To: "P1D"}, {Field: issue.FieldDue, To: "2026"},
			{Field: issue.FieldAssignee, To: "nobody@acme.example"},
		} {
			got := w.apply(w.edits(made, ch)...)[made[0].ID]
			if got.Err == nil || !slices.Equal(got.Refused, []issue.Field{ch.Field}) {
				t.Errorf("%+v gave %+v", ch, got)
			}
		}
		if n := len(w.srv.Mutations()); n > 0 {
			t.Errorf("%d mutations", n)
		}
	})
}

func TestDatesGoToOneOfTwoFields(t *testing.T) {
	due := issue.Change{Field: issue.FieldDue, To: "2026-04-03"}
	for _, tc := range []struct {
		dates Dates
		sent  []string
	}{
		{DatesDue, []string{"dueDate"}},
		{DatesSLA, []string{"slaBreachesAt", "slaStartedAt", "slaType"}},
		{DatesNone, nil},
	} {
		t.Run(string(tc.dates), func(t *testing.T) {
			inWorld(t, func(s *Settings, _ *Options, _ *lineartest.Options) { s.Dates = tc.dates }, func(w *world) {
				made := w.create(1, nil)
				got := w.apply(w.edits(made, due)...)[made[0].ID]
				if tc.sent == nil {
					if got.Err == nil || len(w.srv.Mutations()) > 0 {
						t.Errorf("dates none wrote: %+v", got)
					}
					return
				}
				if got.Err != nil {
					t.Fatal(got.Err)
				}
				var names []string
				for name := range w.wire.of("issueUpdate")[0].input() {
					names = append(names, name)
				}
				slices.Sort(names)
				if !slices.Equal(names, tc.sent) {
					t.Errorf("trap 8: sent %v", names)
				}
				found, err := w.c.Fetch(w.Context(), []string{made[0].ID})
				if err != nil || found.Found[0].Due != "2026-04-03" {
					t.Errorf("it reads back as %+v, %v", found.Found, err)
				}
				w.ok(w.apply(w.edits(made, issue.Change{Field: issue.FieldDue, From: "2026-04-03"})...), 1)
				if i, _ := w.srv.Issue(made[0].ID); i.DueDate != "" || !i.SLABreachesAt.IsZero() {
					t.Errorf("not cleared: %+v", i)
				}
			})
		})
	}
}

func TestUrgentMovesArePaced(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(60, nil)
		edits := append(w.edits(made[:55], issue.Change{Field: issue.FieldPriority, To: "urgent"}), w.edits(made[55:], issue.Change{Field: issue.FieldPriority, To: "low"})...)
		began := time.Now()
		w.ok(w.apply(edits...), 60)
		if d := time.Since(began); d < 29*time.Second {
			t.Errorf("trap 23: 55 urgent moves took %s", d)
		}
	})
}

func TestUrgentMovesComeLast(t *testing.T) {
	calm, hot := &job{edit: edit(1)}, &job{edit: edit(2), urgent: true}
	one := 1
	hot.input.Priority = &one
	if got := batches([]*job{hot, calm}); len(got) != 2 || got[1][0] != hot {
		t.Errorf("%d batches", len(got))
	}
}

func TestAnUnfinishedPaceIsAnError(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(60, nil)
		ctx, cancel := context.WithTimeout(w.Context(), 2*time.Second)
		defer cancel()
		done := 0
		err := w.c.Apply(ctx, w.edits(made, issue.Change{Field: issue.FieldPriority, To: "urgent"}), func(issue.Result) { done++ })
		if err == nil || done != urgentBurst {
			t.Errorf("%d done, %v", done, err)
		}
	})
}
