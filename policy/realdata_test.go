package policy

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/shared"
)

// realIssue is as much of an issue in Jira's shape as the default policy reads.
type realIssue struct {
	Key    string
	Fields struct {
		Summary   string
		Created   string
		Labels    []string
		IssueType struct{ Name string }
		Status    struct{ StatusCategory struct{ Key string } }
		Votes     struct{ Votes int }
		Watches   struct{ WatchCount int }
		Comment   struct{ Total int }
		Points    float64                 `json:"customfield_10023"`
		Versions  []struct{ Name string } `json:"fixVersions"`
	}
}

// realIssues loads the open issues of the Duraspace projects.
func realIssues(t testing.TB) []*issue.Issue {
	t.Helper()
	file, err := os.Open(shared.File(t, "data/jira-duraspace.ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]issue.Kind{"Bug": issue.Bug, "Story": issue.Story, "Improvement": issue.Story, "New Feature": issue.Story, "Epic": issue.Epic, "Task": issue.Task}
	var out []*issue.Issue
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var r realIssue
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		f := r.Fields
		if f.Status.StatusCategory.Key == "done" {
			continue
		}
		created, err := time.Parse("2006-01-02T15:04:05.999-0700", f.Created)
		if err != nil {
			t.Fatal(err)
		}
		i := &issue.Issue{
			Key: r.Key, Title: f.Summary, Created: created, Labels: f.Labels, Kind: cmp.Or(kinds[f.IssueType.Name], issue.Task),
			Votes: f.Votes.Votes, Watchers: f.Watches.WatchCount, Comments: f.Comment.Total, Estimate: f.Points,
		}
		if len(f.Versions) > 0 {
			i.Milestone.Name = f.Versions[0].Name
		}
		out = append(out, i)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDefaultPolicySortsRealIssuesUsefully(t *testing.T) {
	issues := realIssues(t)
	p := mustCompile(t, Default())
	now := time.Date(2014, 9, 1, 0, 0, 0, 0, time.UTC)
	lanes, bands, scores := map[string]int{}, map[issue.Priority]int{}, []float64{}
	for _, i := range issues {
		d, _ := p.Decide(Input{Issue: i, Now: now})
		if d.Undecided != "" {
			t.Fatalf("%s: %s", i.Key, d.Undecided)
		}
		lanes[d.Lane]++
		bands[d.Priority]++
		scores = append(scores, d.Score)
	}
	slices.Sort(scores)
	t.Logf("%d issues, lanes %v, priorities %v, score from %.0f over %.0f to %.0f", len(issues), lanes, bands,
		scores[0], scores[len(scores)/2], scores[len(scores)-1])
	for name, n := range lanes {
		if share := float64(n) / float64(len(issues)); share > 0.7 || name == "unsorted" && share > 0.1 {
			t.Errorf("%.0f %% of the issues are in lane %s", share*100, name)
		}
	}
	if len(lanes) < 4 || len(bands) < 3 {
		t.Errorf("the issues are not told apart: %v, %v", lanes, bands)
	}
	var worst []string
	for _, i := range issues {
		if d, _ := p.Decide(Input{Issue: i, Now: now}); d.Lane == "hotfix" {
			worst = append(worst, i.Key+" "+i.Title)
		}
	}
	t.Log("hotfix:\n" + strings.Join(worst, "\n"))
}
