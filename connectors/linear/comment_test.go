package linear

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

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
		if got := w.apply(commented(made, marker, marker, "Again."))[made.ID]; got.Err != nil || got.CommentTaken == "" || len(w.srv.Comments(made.ID)) > 0 {
			t.Errorf("a deleted comment gave %+v", got)
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
