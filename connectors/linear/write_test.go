package linear

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

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

func TestSiblingsWhereTheServerDoesNotNet(t *testing.T) {
	inWorld(t, func(_ *Settings, _ *Options, so *lineartest.Options) { so.Behavior.NoNetting = true }, func(w *world) {
		made := w.create(2, func(i *lineartest.Issue) { i.LabelIDs = []string{w.ids["feature"]} })
		w.ok(w.apply(w.edits(made, lane("lane:feature", "lane:hotfix"), issue.Change{Field: issue.FieldPriority, To: "high"})...), 2)
		for _, i := range made {
			now, _ := w.srv.Issue(i.ID)
			if names := w.srv.LabelNames(i.ID); !slices.Equal(names, []string{"lane:hotfix"}) || now.Priority != 2 {
				t.Errorf("trap 6: %v, priority %d", names, now.Priority)
			}
		}
	})
}

func TestAPersonsLabelInBetweenStays(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1, nil)
		w.srv.SetHooks(lineartest.Hooks{BeforeMutation: func(r *lineartest.Request) {
			if i, _ := w.srv.Issue(made[0].ID); len(i.LabelIDs) == 0 {
				w.edit(made[0].ID, func(i *lineartest.Issue) { i.LabelIDs = []string{w.ids["stability"]} })
			}
		}})
		got := w.apply(w.edits(made, lane("", "lane:hotfix"))...)[made[0].ID]
		if connectors.KindOf(got.Err) != connectors.Conflict {
			t.Errorf("got %v", got.Err)
		}
		if names := w.srv.LabelNames(made[0].ID); !slices.Equal(names, []string{"lane:stability"}) {
			t.Errorf("labels %v", names)
		}
	})
}

// Our record is older than the truth: the label that was to go is gone.
func TestAStaleSiblingIsLookedUpAgain(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1, nil)
		w.ok(w.apply(w.edits(made, lane("lane:feature", "lane:hotfix"))...), 1)
		if names := w.srv.LabelNames(made[0].ID); !slices.Equal(names, []string{"lane:hotfix"}) {
			t.Errorf("labels %v", names)
		}
	})
}

func TestMissingLabelsAreMadeOnce(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(3, nil)
		edits := w.edits(made, lane("", "lane:strategic"), issue.Change{Field: issue.FieldHorizon, To: "horizon:roadmap"})
		w.ok(w.apply(edits...), 3)
		w.ok(w.apply(edits...), 3)
		if n := len(w.wire.of("issueLabelCreate")); n != 3 {
			t.Errorf("%d creations, want lane's child, the group horizon and its child", n)
		}
		if names := w.srv.LabelNames(made[0].ID); !slices.Equal(names, []string{"horizon:roadmap", "lane:strategic"}) {
			t.Errorf("labels %v", names)
		}
		for _, s := range w.wire.of("issueLabelCreate") {
			if strings.Contains(s.Query, "replaceTeamLabels") || s.input()["teamId"] != nil {
				t.Errorf("sent %v in %s", s.input(), s.Query)
			}
		}
	})
}

func TestALabelMadeBySomebodyElseMeanwhileIsUsed(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1, nil)
		w.srv.SetHooks(lineartest.Hooks{BeforeMutation: func(r *lineartest.Request) {
			if r.Fields[0] == "issueLabelCreate" && len(w.srv.Labels()) == 4 {
				w.srv.AddGroup("Horizon", "Roadmap") // by hand, in capitals
			}
		}})
		w.ok(w.apply(w.edits(made, issue.Change{Field: issue.FieldHorizon, To: "horizon:roadmap"})...), 1)
		if names := w.srv.LabelNames(made[0].ID); !slices.Equal(names, []string{"Horizon:Roadmap"}) {
			t.Errorf("labels %v", names)
		}
		time.Sleep(time.Minute)
		if got := w.changed(time.Now().Add(-time.Hour)); len(got) != 1 || !slices.Equal(got[0].Labels, []string{"horizon:roadmap"}) {
			t.Errorf("it reads as %+v", got)
		}
	})
}

func TestLabelsThatCannotBeApplied(t *testing.T) {
	for _, tc := range []struct {
		name string
		set  func(*lineartest.Options)
		do   func(w *world)
		says []string
	}{
		{"label management is for admins", func(so *lineartest.Options) { so.Behavior.LabelsByAdminsOnly = true }, nil, []string{"ask an admin", "lane:new"}},
		{"the label is retired", nil, func(w *world) {
			w.srv.AddLabel(lineartest.Label{Name: "new", ParentID: w.srv.Labels()[0].ID, RetiredAt: time.Now()})
		}, []string{"retired", "lane:new", "restore"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inWorld(t, func(_ *Settings, _ *Options, so *lineartest.Options) {
				if tc.set != nil {
					tc.set(so)
				}
			}, func(w *world) {
				if tc.do != nil {
					tc.do(w)
				}
				made := w.create(1, nil)
				got := w.apply(w.edits(made, lane("", "lane:new"), issue.Change{Field: issue.FieldPriority, To: "high"})...)[made[0].ID]
				if got.Err == nil || !slices.Equal(got.Refused, []issue.Field{issue.FieldLane}) {
					t.Fatalf("got %+v", got)
				}
				for _, s := range tc.says {
					if !strings.Contains(got.Err.Error(), s) {
						t.Errorf("%q does not say %q", got.Err, s)
					}
				}
				if i, _ := w.srv.Issue(made[0].ID); i.Priority != 2 {
					t.Error("the other field was not written")
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

func commented(i lineartest.Issue, id, marker, body string) issue.Edit {
	return issue.Edit{ID: i.ID, Key: i.Identifier, Project: "ENG", Changes: []issue.Change{{Field: issue.FieldComment, To: "h"}},
		Comment: &issue.CommentEdit{ID: id, Marker: marker, Body: body}}
}

func TestOneCommentWhateverHappens(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1, nil)[0]
		marker := uuid.NewString()
		w.srv.Inject(lineartest.Fault{Kind: lineartest.DropAfter, Times: 1, Match: lineartest.OnField("commentCreate")})
		got := w.apply(commented(made, "", marker, "Lane hotfix.\n\n- score 91"))
		w.ok(got, 1)
		if got[made.ID].CommentID != marker {
			t.Errorf("comment id %q", got[made.ID].CommentID)
		}
		w.ok(w.apply(commented(made, "", marker, "Lane hotfix.")), 1) // the id was lost in a crash
		w.ok(w.apply(commented(made, marker, marker, "Lane feature.")), 1)
		if c := w.srv.Comments(made.ID); len(c) != 1 || !strings.HasPrefix(c[0].Body, "Lane feature.") {
			t.Errorf("trap 21: %+v", c)
		}
		if i, _ := w.srv.Issue(made.ID); slices.Contains(i.Subscribers, w.srv.Viewer().ID) {
			t.Error("our account follows the issue")
		}
		w.srv.DeleteComment(marker)
		if got := w.apply(commented(made, marker, marker, "Again."))[made.ID]; connectors.KindOf(got.Err) != connectors.NotFound {
			t.Errorf("a deleted comment gave %v", got.Err)
		}
	})
}

func TestMarkdownDoesNotActUp(t *testing.T) {
	for in, want := range map[string]string{
		"Lane hotfix.\n\n- score 91 of 85\n- pillar customer_impact": "Lane hotfix.\n\n- score 91 of 85\n- pillar customer\\_impact",
		"see https://linear.app/acme/profiles/ann now":               "see linear.app/acme/profiles/ann now",
		"@ann moved it *now* [x](y) <b>":                             "\\@ann moved it \\*now\\* \\[x\\](y) \\<b\\>",
		"# not a title\n+++ not a fold\n1. not a list":               "\\# not a title\n\\+++ not a fold\n\\1. not a list",
		"ann@acme.example":                                           "ann@acme.example",
	} {
		if got := markdown(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestAWriteThatLostItsAnswerIsNotLost(t *testing.T) {
	for _, kind := range []lineartest.Kind{lineartest.Drop, lineartest.DropAfter, lineartest.InternalError, lineartest.RateLimited} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				made := w.create(1, func(i *lineartest.Issue) { i.LabelIDs = []string{w.ids["feature"]} })
				w.srv.Inject(lineartest.Fault{Kind: kind, Times: 1, Match: lineartest.OnMutation})
				w.ok(w.apply(w.edits(made, lane("lane:feature", "lane:hotfix"))...), 1)
				if names := w.srv.LabelNames(made[0].ID); !slices.Equal(names, []string{"lane:hotfix"}) {
					t.Errorf("labels %v", names)
				}
			})
		})
	}
}

func TestReadsSurviveTrouble(t *testing.T) {
	for _, kind := range []lineartest.Kind{lineartest.Drop, lineartest.InternalError, lineartest.RateLimited, lineartest.PartialData} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.create(30, nil)
				w.srv.Inject(lineartest.Fault{Kind: kind, Status: 400, Times: 1, Match: lineartest.OnField("issues")})
				out, _, err := drain(w.c.All(w.Context(), ""))
				if err != nil || len(out) != 30 {
					t.Errorf("%d issues, %v", len(out), err)
				}
			})
		})
	}
	for _, kind := range []lineartest.Kind{lineartest.HTML, lineartest.Truncated, lineartest.EmptyCursor, lineartest.RepeatedCursor} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.create(30, nil)
				w.srv.Inject(lineartest.Fault{Kind: kind, Match: lineartest.OnField("issues")})
				if _, _, err := drain(w.c.Changed(w.Context(), time.Time{})); connectors.KindOf(err) != connectors.Contract {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestDataBesideErrorsIsNoPage(t *testing.T) {
	c, _ := newWire(t, script{"issues": func(w http.ResponseWriter, _ sent) any {
		fmt.Fprintf(w, `{"data":{"issues":{"nodes":[],"pageInfo":{"hasNextPage":false}}},"errors":[{"message":"partly","extensions":{"type":"user error"}}]}`)
		return nil
	}}, nil)
	if _, _, err := drain(c.Changed(t.Context(), serverTime)); err == nil {
		t.Error("half a page passed for a whole one")
	}
}

func TestDeadKeyStopsApply(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(3, nil)
		w.changed(time.Now())
		w.srv.RevokeKey()
		done := 0
		err := w.c.Apply(w.Context(), w.edits(made, lane("", "lane:hotfix")), func(issue.Result) { done++ })
		if connectors.KindOf(err) != connectors.Auth || done > 0 {
			t.Errorf("%d done, %v", done, err)
		}
	})
}

// The scripted server answers success and changes nothing.
func TestSuccessWithoutEffectIsAnError(t *testing.T) {
	for name, payload := range map[string]object{
		"success false":      {"success": false, "issue": nil},
		"no issue":           {"success": true, "issue": nil},
		"the old priority":   {"success": true, "issue": anIssue(1, object{"priority": 3})},
		"another issue":      {"success": true, "issue": anIssue(2, object{"priority": 1})},
		"no priority at all": {"success": true, "issue": anIssue(1, object{"priority": nil})},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := newWire(t, script{"issueUpdate": func(http.ResponseWriter, sent) any { return object{"issueUpdate": payload} }}, nil)
			got := applied(t, c, edit(1, issue.Change{Field: issue.FieldPriority, To: "high"}))[issueID(1)]
			if connectors.KindOf(got.Err) != connectors.Contract {
				t.Errorf("got %v", got.Err)
			}
		})
	}
}

func TestCredentialFormByKind(t *testing.T) {
	for _, tc := range []struct {
		name string
		auth Auth
		want string
	}{
		{"a personal key goes raw (trap 1)", Auth{APIKey: connectors.NewSecret("lin_api_k")}, "lin_api_k"},
		{"an OAuth token as bearer (trap 1)", Auth{OAuthToken: connectors.NewSecret("lin_oauth_t")}, "Bearer lin_oauth_t"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, w := newWire(t, script{}, func(s *Settings, _ *Options) { s.Auth = tc.auth })
			if _, err := c.workspace(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := w.all()[0].auth; got != tc.want {
				t.Errorf("sent %q", got)
			}
		})
	}
}

func TestSettingsAreChecked(t *testing.T) {
	_, err := New(Settings{URL: "x", Dates: "soon", Concurrency: 99}, Options{})
	for _, part := range []string{"url", "auth", "teams", "dates", "concurrency"} {
		if err == nil || !strings.Contains(err.Error(), part+":") {
			t.Errorf("%v does not name %s", err, part)
		}
	}
	key := connectors.NewSecret("k")
	if _, err := New(Settings{Teams: []string{"ENG"}, Auth: Auth{APIKey: key, OAuthToken: key}}, Options{}); err == nil {
		t.Error("two credentials were taken")
	}
}

func TestATeamThatWeCannotSeeIsAnError(t *testing.T) {
	inWorld(t, func(s *Settings, _ *Options, _ *lineartest.Options) { s.Teams = []string{"ENG", "eng"} }, func(w *world) {
		_, err := w.c.IDs(w.Context())
		if connectors.KindOf(err) != connectors.NotFound || !strings.Contains(err.Error(), "eng") {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnEmptiedSweepIsAnError(t *testing.T) {
	for _, tc := range []struct {
		name  string
		count int
		want  connectors.Kind
	}{
		{"the team counts issues that we do not see", 9, connectors.Forbidden},
		{"a new team has none", 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, _ := newWire(t, script{"viewer": func(w http.ResponseWriter, s sent) any {
				data := standard["viewer"](w, s).(object)
				data["teams"].(object)["nodes"].([]object)[0]["issueCount"] = tc.count
				return data
			}}, nil)
			ids, err := c.IDs(t.Context())
			if connectors.KindOf(err) != tc.want || len(ids) > 0 {
				t.Errorf("%v %v", ids, err)
			}
		})
	}
}

func TestTooComplexPagesAreHalved(t *testing.T) {
	var sizes []float64
	c, _ := newWire(t, script{"issues": func(w http.ResponseWriter, s sent) any {
		first := s.Variables["first"].(float64)
		if sizes = append(sizes, first); first > 40 {
			return fail(w, http.StatusBadRequest, refusedInput)
		}
		return object{"issues": conn(anIssue(1, nil))}
	}}, nil)
	out, _, err := drain(c.Changed(t.Context(), serverTime))
	if err != nil || len(out) != 1 || !slices.Equal(sizes, []float64{250, 125, 62, 31}) {
		t.Errorf("%d issues, sizes %v, %v", len(out), sizes, err)
	}
}

func TestCustomersAreAskedForApart(t *testing.T) {
	want := func(s *Settings, o *Options, so *lineartest.Options) { o.Inputs = issue.InputCustomers }
	t.Run("a plan without customers costs no page", func(t *testing.T) {
		inWorld(t, func(s *Settings, o *Options, so *lineartest.Options) {
			want(s, o, so)
			so.Organization.Plan = lineartest.Basic
		}, func(w *world) {
			w.create(2, nil)
			if got := w.changed(time.Time{}); len(got) != 2 {
				t.Errorf("got %v", keys(got))
			}
		})
	})
	t.Run("a refusal in the middle makes the field unknown", func(t *testing.T) {
		asked := 0
		c, _ := newWire(t, script{"issues": func(w http.ResponseWriter, s sent) any {
			if asked++; strings.Contains(s.Query, "needs(") {
				return fail(w, http.StatusOK, object{"type": "feature not accessible"})
			}
			return object{"issues": conn(anIssue(1, nil))}
		}}, func(_ *Settings, o *Options) { o.Inputs = issue.InputCustomers })
		for range 2 {
			out, _, err := drain(c.Changed(t.Context(), serverTime))
			if err != nil || len(out) != 1 || out[0].Unknown != issue.InputCustomers {
				t.Errorf("%+v, %v", out, err)
			}
		}
		if asked != 3 {
			t.Errorf("%d page requests", asked)
		}
	})
}

func TestOnlyWhatThePolicyReadsIsAskedFor(t *testing.T) {
	c, w := newWire(t, script{}, nil)
	if _, _, err := drain(c.Changed(t.Context(), serverTime)); err != nil {
		t.Fatal(err)
	}
	for _, s := range w.all() {
		for _, private := range []string{"email", "customer", "description", "creator", "comments", "relations"} {
			if s.root() != "issueLabels" && strings.Contains(s.Query, private) {
				t.Errorf("trap 28: %s is asked for in %s", private, s.Query)
			}
		}
	}
}

func TestHistoryIsNormalised(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1, nil)[0]
		w.edit(made.ID, func(i *lineartest.Issue) { i.Priority = 2; i.DueDate = "2026-05-01"; i.AssigneeID = w.ann.ID })
		time.Sleep(time.Hour)
		w.edit(made.ID, func(i *lineartest.Issue) { i.StateID = w.state("started"); i.LabelIDs = []string{w.ids["feature"]} })
		time.Sleep(time.Hour)
		w.ok(w.apply(w.edits([]lineartest.Issue{made}, lane("lane:feature", "lane:hotfix"))...), 1)
		got, err := w.c.History(w.Context(), []string{made.ID, uuid.NewString()})
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		h := got[made.ID]
		if !h.Complete || !slices.IsSortedFunc(h.Events, func(a, b issue.Event) int { return a.At.Compare(b.At) }) {
			t.Errorf("%+v", h)
		}
		for _, tc := range []struct {
			field    issue.Field
			from, to string
			self     bool
		}{
			{issue.FieldPriority, "medium", "high", false}, {issue.FieldDue, "", "2026-05-01", false},
			{issue.FieldAssignee, "", w.ann.ID, false}, {issue.FieldLane, "", "lane:hotfix", true},
		} {
			e, ok := h.Last(tc.field)
			if !ok || e.From != tc.from || e.To != tc.to || e.By.Self != tc.self || e.By.ID == "" {
				t.Errorf("%s: %+v", tc.field, e)
			}
		}
		if e, _ := h.Last(issue.FieldStatus); e.ToCategory != issue.Started || e.By.Email != "ann@acme.example" {
			t.Errorf("status: %+v", e)
		}
	})
}

func TestLongHistoryIsFollowed(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1, nil)[0]
		for k := range 130 {
			w.edit(made.ID, func(i *lineartest.Issue) { i.Priority = 1 + k%4 })
			time.Sleep(time.Hour)
		}
		got, err := w.c.History(w.Context(), []string{made.ID})
		if h := got[made.ID]; err != nil || !h.Complete || len(h.Events) < 125 {
			t.Errorf("%d events, %v", len(h.Events), err)
		}
	})
}

func TestPerson(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		gone := w.srv.AddUser(lineartest.User{Name: "Gone", Email: "gone@acme.example", Inactive: true})
		bot := w.srv.AddUser(lineartest.User{Name: "Bot", Email: "bot@acme.example", Unassignable: true})
		for _, who := range []string{"ann@acme.example", "ANN@acme.example", w.ann.ID} {
			if p, err := w.c.Person(w.Context(), who); err != nil || p.ID != w.ann.ID || p.Email != "ann@acme.example" {
				t.Errorf("%s: %+v %v", who, p, err)
			}
		}
		for _, who := range []string{gone.Email, bot.Email, "nobody@acme.example", uuid.NewString()} {
			_, err := w.c.Person(w.Context(), who)
			if e, ok := errors.AsType[*connectors.Error](err); !ok || e.Kind != connectors.NotFound || e.Hint == "" {
				t.Errorf("%s: %v", who, err)
			}
		}
	})
}

func TestCheckSaysWhatIsMissing(t *testing.T) {
	inWorld(t, func(s *Settings, o *Options, so *lineartest.Options) {
		s.Teams, o.Inputs = []string{"ENG", "NOPE"}, issue.InputCustomers
		so.Organization.CustomersDisabled = true
	}, func(w *world) {
		w.srv.DefaultSLARules()
		w.srv.AddLabel(lineartest.Label{Name: "sla"})
		w.srv.EditLabel(w.ids["feature"], func(l *lineartest.Label) { l.RetiredAt = time.Now() })
		got, err := w.c.Check(w.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []connectors.Finding{
			{Level: connectors.OK, What: "credential"}, {Level: connectors.Failed, What: "team NOPE"}, {Level: connectors.OK, What: "team ENG"},
			{Level: connectors.OK, What: "label group lane"}, {Level: connectors.Warning, What: "label group lane"},
			{Level: connectors.Warning, What: "label group horizon"}, {Level: connectors.Failed, What: "label group sla"},
			{Level: connectors.Warning, What: "customers"}, {Level: connectors.Warning, What: "SLA rules of ENG"},
		} {
			k := slices.IndexFunc(got, func(f connectors.Finding) bool { return f.What == want.What && f.Level == want.Level })
			if k < 0 || got[k].Text == "" || want.Level != connectors.OK && got[k].Fix == "" {
				t.Errorf("no %s finding on %s in %+v", want.Level, want.What, got)
			}
		}
		if n := len(w.srv.Mutations()); n > 0 {
			t.Errorf("check wrote %d times", n)
		}
	})
}

func TestCheckOfADeadKey(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.srv.RevokeKey()
		got, err := w.c.Check(w.Context())
		if err != nil || len(got) != 1 || got[0].Level != connectors.Failed || got[0].Fix == "" {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// A first pull in parallel takes at most 0.3 of a sequential loop's time when
// each answer takes 20 ms.
func TestParallelPullIsFasterThanALoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, latency = 5000, 20 * time.Millisecond
		c, w := newWire(t, nil, nil)
		w.next = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			time.Sleep(latency)
			numbered(n).ServeHTTP(rw, r)
		})
		if err := c.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		out, _, err := drain(c.All(t.Context(), ""))
		if err != nil || len(out) != n {
			t.Fatal(len(out), err)
		}
		if loop, took := n/maxFirst*latency, time.Since(began); took > loop*35/100 {
			t.Errorf("%s, a loop takes %s", took, loop)
		}
	})
}

// numbered answers number ranges over n open issues.
func numbered(n int) script {
	return script{"issues": func(_ http.ResponseWriter, s sent) any {
		first := int(s.Variables["first"].(float64))
		number, ok := s.filter()["number"].(map[string]any)
		if !ok {
			return object{"issues": conn(object{"id": issueID(n), "number": n})}
		}
		lo, hi := int(number["gte"].(float64)), n+1
		if v, ok := number["lt"].(float64); ok {
			hi = min(hi, int(v))
		}
		var nodes []object
		for k := lo; k < hi && len(nodes) < first; k++ {
			nodes = append(nodes, anIssue(k, nil))
		}
		return object{"issues": conn(nodes...)}
	}}
}

func TestADeletedLabelIsMadeAgain(t *testing.T) {
	deleted, made := false, "77777777-7777-4777-8777-777777777777"
	c, w := newWire(t, script{
		"issueLabels": func(rw http.ResponseWriter, s sent) any {
			data := standard["issueLabels"](rw, s).(object)
			if deleted {
				data["issueLabels"] = conn()
			}
			return data
		},
		"issueLabelCreate": func(_ http.ResponseWriter, s sent) any {
			return object{"issueLabelCreate": object{"success": true, "issueLabel": child(made, s.input()["name"].(string))}}
		},
		"issueUpdate": func(rw http.ResponseWriter, s sent) any {
			if s.input()["addedLabelIds"].([]any)[0] != made {
				return fail(rw, http.StatusOK, refusedInput)
			}
			return object{"issueUpdate": object{"success": true, "issue": anIssue(1, object{"labelIds": []string{made}})}}
		},
		"issues": func(http.ResponseWriter, sent) any {
			return object{"issues": conn(anIssue(1, object{"labelIds": []string{}}))}
		},
	}, nil)
	if err := c.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	deleted = true
	got := applied(t, c, edit(1, lane("", "lane:hotfix")))[issueID(1)]
	if got.Err != nil || len(w.of("issueLabelCreate")) != 1 {
		t.Errorf("%v, %d labels made", got.Err, len(w.of("issueLabelCreate")))
	}
}

func TestARefusalToCreateLabelsIsRemembered(t *testing.T) {
	inWorld(t, func(_ *Settings, _ *Options, so *lineartest.Options) { so.Behavior.LabelsByAdminsOnly = true }, func(w *world) {
		made := w.create(1, nil)
		for range 3 {
			if got := w.apply(w.edits(made, lane("", "lane:new"))...)[made[0].ID]; connectors.KindOf(got.Err) != connectors.Forbidden {
				t.Errorf("got %v", got.Err)
			}
		}
		if n := len(w.wire.of("issueLabelCreate")); n != 1 {
			t.Errorf("tried %d times", n)
		}
		w.srv.AddLabel(lineartest.Label{Name: "new", ParentID: w.srv.Labels()[0].ID}) // the admin helps
		time.Sleep(time.Minute)
		w.changed(time.Now().Add(-time.Hour))
		w.ok(w.apply(w.edits(made, lane("", "lane:new"))...), 1)
	})
}

// Rate limiting in the middle of a pull: it waits for the refill and goes on.
func TestARateLimitIsWaitedOut(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.create(600, nil)
		w.srv.SetLimits(lineartest.Limits{Requests: 1200, Complexity: 3_000_000, Query: 10_000})
		w.srv.SetRemaining(2, 3_000_000)
		began := time.Now()
		out, _, err := drain(w.c.Changed(w.Context(), time.Time{}))
		if err != nil || len(out) != 600 {
			t.Fatalf("%d issues, %v", len(out), err)
		}
		if d := time.Since(began); d > time.Minute {
			t.Errorf("trap 3: waited %s", d)
		}
		if n := w.srv.Counters().Limited; n > 2 {
			t.Errorf("%d requests went over the budget", n)
		}
	})
}

func TestServerPriceAboveOursIsSurvived(t *testing.T) {
	inWorld(t, func(_ *Settings, o *Options, so *lineartest.Options) {
		o.Inputs, so.Limits = issue.InputLinks, lineartest.Limits{Requests: 2500, Complexity: 3_000_000, Query: 1500}
	}, func(w *world) {
		w.create(100, nil)
		if out, _, err := drain(w.c.All(w.Context(), "")); err != nil || len(out) != 100 {
			t.Errorf("%d issues, %v", len(out), err)
		}
	})
}
