package linear

import (
	"slices"
	"strings"
	"testing"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestAccount(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		gone := w.srv.AddUser(lineartest.User{Name: "Gone", Email: "gone@acme.example", Inactive: true})
		lead := w.srv.AddUser(lineartest.User{Name: "Ann", Email: "lead@acme.example", Unassignable: true}) // named like another
		for who, want := range map[string]string{"ann@acme.example": w.ann.ID, "LEAD@acme.example": lead.ID, lead.ID: lead.ID} {
			if p, err := w.c.Account(w.Context(), who); err != nil || p.ID != want {
				t.Errorf("%s: %+v %v", who, p, err)
			}
		}
		for _, who := range []string{gone.Email, gone.ID, "nobody@acme.example", "Ann"} {
			if _, err := w.c.Account(w.Context(), who); connectors.KindOf(err) != connectors.NotFound {
				t.Errorf("%s: %v", who, err)
			}
		}
		if _, err := w.c.Members(w.Context(), "leads"); connectors.KindOf(err) != connectors.Invalid || !strings.Contains(err.Error(), "no groups") {
			t.Errorf("groups: %v", err)
		}
	})
}

func TestThePinIsMadeWithTheGroupOfTheLanes(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(1, nil)
		for _, l := range w.srv.Labels() {
			if l.Name == "lane" {
				w.srv.EditLabel(l.ID, func(l *lineartest.Label) { l.Name = "old" })
			}
		}
		w.ok(w.apply(w.edits(made, lane("", "lane:hotfix"))...), 1)
		pinned := slices.ContainsFunc(w.srv.Labels(), func(l lineartest.Label) bool { return l.Name == "pinned" && l.ParentID != "" })
		if names := w.srv.LabelNames(made[0].ID); !pinned || !slices.Equal(names, []string{"lane:hotfix"}) {
			t.Errorf("labels %v, pin made: %v", names, pinned)
		}
		if w.c.labels.find(issue.PinLabel, "") == nil {
			t.Error("the label book does not know the pin")
		}
	})
}
