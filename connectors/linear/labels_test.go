package linear

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

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
