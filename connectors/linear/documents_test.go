package linear

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/lanekeeper/lanekeeper/connectors/linear/lineartest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/shared"
)

var update = flag.Bool("update", false, "rewrite golden files")

// Everything that lanekeeper ever sends to Linear, with its price for the
// variables that it was sent with. Review a change of this file like code.
func TestDocuments(t *testing.T) {
	shared.File(t, "spec/linear.graphql") // without it no price is computed
	schema, err := published()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		set  func(*Settings, *Options, *lineartest.Options)
	}{
		{"managed", nil},
		{"everything", func(s *Settings, o *Options, _ *lineartest.Options) {
			s.Dates, o.Inputs, o.Emails = DatesSLA, ^issue.Inputs(0), true
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inWorld(t, tc.set, func(w *world) {
				everyOperation(w)
				lines := map[string]bool{}
				for _, s := range w.wire.all() {
					doc, errs := gqlparser.LoadQueryWithRules(schema, s.Query, rules.NewDefaultRules())
					if len(errs) > 0 {
						t.Fatal(errs)
					}
					p := math.Ceil(priced(doc.Operations[0].SelectionSet, s.Variables, 0))
					lines[fmt.Sprintf("%6.0f  %s", p, s.Query)] = true
				}
				var out []string
				for l := range lines {
					out = append(out, l)
				}
				slices.SortFunc(out, func(a, b string) int { return strings.Compare(a[8:]+a, b[8:]+b) })
				golden(t, tc.name+".documents", strings.Join(out, "\n")+"\n")
			})
		})
	}
}

// everyOperation makes the client send each of its documents.
func everyOperation(w *world) {
	made := w.create(41, nil)
	for _, i := range made[1:] {
		w.srv.Relate(made[0].ID, "blocks", i.ID, w.ann.ID)
	}
	for k := range 60 {
		w.edit(made[0].ID, func(i *lineartest.Issue) { i.Priority = 1 + k%4 })
		time.Sleep(time.Hour)
	}
	ctx := w.Context()
	w.c.Check(ctx)
	drain(w.c.All(ctx, ""))
	drain(w.c.Changed(ctx, time.Time{}))
	w.c.IDs(ctx)
	w.c.History(ctx, []string{made[0].ID})
	w.c.Person(ctx, "ann@acme.example")
	w.c.Triage(ctx)
	w.srv.Archive(made[3].ID, w.ann.ID)
	w.apply(w.edits(made[1:5], lane("", "lane:new"))...)
	marker := uuid.NewString()
	w.apply(commented(made[0], "", marker, "One."))
	w.apply(commented(made[0], "", marker, "Two."))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run go test -update and review the file", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; if that is meant, run go test -update and review it:\n%s", path, diff)
	}
}
