package linear

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestWhoIsResponsibleForTriage(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		ask := func() map[string]issue.Person {
			w.Helper()
			out, err := w.c.Triage(w.Context())
			if err != nil {
				w.Fatal(err)
			}
			return out
		}
		if got := ask(); len(got) != 0 {
			w.Errorf("a team without the responsibility: %v", got)
		}
		w.srv.SetOnDuty("ENG", w.ann.ID)
		if diff := cmp.Diff(map[string]issue.Person{"ENG": {ID: w.ann.ID, Name: w.ann.Name, Email: w.ann.Email}}, ask()); diff != "" {
			w.Error(diff)
		}
		w.srv.SetOnDuty("ENG", "nobody")
		if diff := cmp.Diff(map[string]issue.Person{"ENG": {}}, ask()); diff != "" {
			w.Error(diff)
		}
		w.srv.SetPlan(lineartest.Free)
		if _, err := w.c.Triage(w.Context()); connectors.KindOf(err) != connectors.Unavailable {
			w.Errorf("a plan without it: %v", err)
		}
		if _, err := w.c.IDs(w.Context()); err != nil {
			w.Errorf("issues are read all the same: %v", err)
		}
	})
}
