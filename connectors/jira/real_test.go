package jira_test

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lanekeeper/lanekeeper/connectors/jira"
	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/shared"
)

// TestRealBacklog reads the issues of a real organisation of 2015, relabels
// them all, and reads its history.
func TestRealBacklog(t *testing.T) {
	both(t, func(t *testing.T, flavor jira.Flavor) {
		f, err := os.Open(shared.File(t, "data/jira-duraspace.ndjson.gz"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		synctest.Test(t, func(t *testing.T) {
			s := jiratest.New(jiratest.Options{Flavor: string(flavor)})
			if n, err := s.LoadNDJSON(f); err != nil || n != 3036 {
				t.Fatal(n, err)
			}
			watch(t, s, flavor)
			c := client(t, s, func(set *jira.Settings, o *jira.Options) {
				set.Projects = []string{"FCREPO", "ISLANDORA", "DURACLOUD", "DS"}
				o.Inputs = issue.Inputs(1<<20 - 1)
			})
			all, pages, err := collect(t, c.All(t.Context(), ""))
			if err != nil || len(all) != 307+185+120+10 {
				t.Fatalf("%d open issues, %v", len(all), err)
			}
			var started, estimated, linked int
			var edits []issue.Edit
			for _, i := range all {
				if i.Unknown != 0 || i.Priority == issue.None || i.Kind == "" || i.Created.IsZero() {
					t.Errorf("%s: unknown %v, priority %s, kind %q", i.Key, i.Unknown, i.Priority, i.Kind)
				}
				if !i.Started.IsZero() {
					started++
				}
				if i.Estimate > 0 {
					estimated++
				}
				linked += len(i.Links)
				edits = append(edits, issue.Edit{ID: i.ID, Key: i.Key, Project: i.Project, Kind: i.RawKind, Changes: []issue.Change{lane("", "lane:feature")}})
			}
			if started == 0 || estimated == 0 || linked == 0 {
				t.Errorf("%d started, %d estimated, %d links", started, estimated, linked)
			}
			for _, p := range pages {
				if len(p.Bad) > 0 {
					t.Errorf("%+v", p.Bad[0])
				}
			}
			before := map[string][]string{}
			for _, sn := range s.Issues() {
				before[sn.Key] = sn.Labels
			}
			done, err := apply(t.Context(), c, edits...)
			if err != nil || len(done) != len(edits) {
				t.Fatal(len(done), err)
			}
			for _, e := range edits {
				now := snapshot(t, s, e.Key).Labels
				if len(now) != len(before[e.Key])+1 || !strings.Contains(strings.Join(now, " "), "lane:feature") {
					t.Errorf("%s: %v, before %v", e.Key, now, before[e.Key])
				}
			}
		})
	})
}
