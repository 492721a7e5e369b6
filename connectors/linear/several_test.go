package linear

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// A group has one child on an issue, but a loose label may be called like one,
// and a person may put it beside ours.
func TestSeveralLabelsOfAPrefix(t *testing.T) {
	tests := []struct {
		name     string
		have     []string // of group, loose, spaced
		from, to string
		want     []string
	}{
		{"both are taken away for a third", []string{"feature", "loose"}, "lane:feature lane:loose", "lane:hotfix", []string{"lane:hotfix"}},
		{"one of the two stays", []string{"feature", "loose"}, "lane:feature lane:loose", "lane:loose", []string{"lane:loose"}},
		{"both are taken away", []string{"feature", "loose"}, "lane:feature lane:loose", "", nil},
		{"an undo brings both back", []string{"hotfix"}, "lane:hotfix", "lane:feature lane:loose", []string{"lane:feature", "lane:loose"}},
		{"a name with a space is one label", []string{"spaced"}, "lane:needs a look", "lane:hotfix", []string{"lane:hotfix"}},
		{"an undo brings a name with a space back", []string{"hotfix"}, "lane:hotfix", "lane:needs a look", []string{"lane:needs a look"}},
		{"an undo brings a name with a space and another back", []string{"hotfix"}, "lane:hotfix", "lane:loose lane:needs a look", []string{"lane:loose", "lane:needs a look"}},
	}
	for _, tt := range tests {
		for _, n := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s, %d issues", tt.name, n), func(t *testing.T) {
				inWorld(t, nil, func(w *world) {
					ids := map[string]string{"feature": w.ids["feature"], "hotfix": w.ids["hotfix"]}
					ids["loose"] = w.srv.AddLabel(lineartest.Label{Name: "lane:loose"}).ID
					all := w.srv.Labels()
					group := all[slices.IndexFunc(all, func(l lineartest.Label) bool { return l.ID == w.ids["hotfix"] })].ParentID
					ids["spaced"] = w.srv.AddLabel(lineartest.Label{Name: "needs a look", ParentID: group}).ID
					made := w.create(n, func(i *lineartest.Issue) {
						for _, l := range tt.have {
							i.LabelIDs = append(i.LabelIDs, ids[l])
						}
					})
					w.ok(w.apply(w.edits(made, lane(tt.from, tt.to))...), n)
					for _, i := range made {
						if got := w.srv.LabelNames(i.ID); !slices.Equal(got, tt.want) {
							t.Errorf("%s has %q, want %q", i.Identifier, got, tt.want)
						}
					}
					if got := w.wire.of("issueLabelCreate"); len(got) > 0 {
						t.Errorf("made the label %v", got[0].input())
					}
				})
			})
		}
	}
}

// A loose label written Lane:Hotfix would be found as lane:hotfix when it is
// put on an issue, but never seen there.
func TestALooseLabelIsManagedWhateverItsCase(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		id := w.srv.AddLabel(lineartest.Label{Name: "Lane:Later"}).ID
		other := w.srv.AddLabel(lineartest.Label{Name: "Area:Payments"}).ID
		made := w.create(1, func(i *lineartest.Issue) { i.LabelIDs = []string{id, other} })
		got, err := w.c.Fetch(w.Context(), []string{made[0].ID})
		if err != nil || len(got.Found) != 1 || !slices.Equal(got.Found[0].Labels, []string{"Area:Payments", "lane:later"}) {
			t.Fatalf("%v %+v", err, got.Found)
		}
		w.ok(w.apply(w.edits(made, lane("lane:later", "lane:hotfix"))...), 1)
		if names := w.srv.LabelNames(made[0].ID); !slices.Equal(names, []string{"Area:Payments", "lane:hotfix"}) {
			t.Errorf("labels %q", names)
		}
	})
}

// The label that asks for a post-mortem is in no group: there it would push out a
// label of people's, or be refused for theirs.
func TestThePostMortemLabelLeavesOthersThatBeginLikeItAlone(t *testing.T) {
	for name, own := range map[string]string{"no such label": "", "a loose one in another case": "Needs:Post-Mortem"} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				group := w.srv.AddLabel(lineartest.Label{Name: "needs", Group: true}).ID
				theirs := w.srv.AddLabel(lineartest.Label{Name: "docs", ParentID: group}).ID
				want := []string{"needs:docs", issue.PostMortemLabel}
				if own != "" {
					w.srv.AddLabel(lineartest.Label{Name: own})
					want = []string{own, "needs:docs"}
				}
				made := w.create(1, func(i *lineartest.Issue) { i.LabelIDs = []string{theirs} })
				w.ok(w.apply(w.edits(made, issue.Change{Field: issue.FieldPostMortem, To: issue.PostMortemLabel})...), 1)
				if got := w.srv.LabelNames(made[0].ID); !slices.Equal(got, want) {
					t.Errorf("labels %q, want %q", got, want)
				}
				got, err := w.c.Fetch(w.Context(), []string{made[0].ID})
				if err != nil || len(got.Found) != 1 || !slices.Contains(got.Found[0].Labels, issue.PostMortemLabel) {
					t.Fatalf("%v %+v", err, got.Found)
				}
				w.ok(w.apply(w.edits(made, issue.Change{Field: issue.FieldPostMortem, From: issue.PostMortemLabel})...), 1)
				if got := w.srv.LabelNames(made[0].ID); !slices.Equal(got, []string{"needs:docs"}) {
					t.Errorf("labels %q, want those of people alone", got)
				}
			})
		})
	}
}
