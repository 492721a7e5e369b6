package linear

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestCommentsTellWhoAndWhen(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		made := w.create(3, nil)
		for range 130 {
			if _, err := w.srv.Comment(made[0].ID, w.ann.ID, "One more."); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		got, err := w.c.Comments(w.Context(), []string{made[0].ID, made[1].ID, uuid.NewString()})
		if err != nil || len(got) != 2 {
			t.Fatalf("%d issues, %v", len(got), err)
		}
		list := got[made[0].ID]
		if len(list) != 130 || !slices.IsSortedFunc(list, func(a, b issue.Comment) int { return a.At.Compare(b.At) }) {
			t.Errorf("%d comments", len(list))
		}
		if c := list[0]; c.By.ID != w.ann.ID || c.By.Self || !c.Public || c.At.IsZero() {
			t.Errorf("%+v", c)
		}
		if none, ok := got[made[1].ID]; !ok || len(none) != 0 {
			t.Errorf("an issue without comments: %v, %v", none, ok)
		}
	})
}

func TestStatusesAreThoseOfTheTeams(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		got, err := w.c.Statuses(w.Context())
		if err != nil || !slices.Contains(got, "In Progress") {
			t.Errorf("%q, %v", got, err)
		}
	})
}
