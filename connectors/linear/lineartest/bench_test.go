package lineartest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkPages reads pages of 250 out of 100,000 issues, by what the filter
// can use.
func BenchmarkPages(b *testing.B) {
	s := New(Options{Limits: Limits{Requests: 1e12, Complexity: 1e12, Query: 1e6}})
	s.Generate(1, 100_000, GenerateOptions{Bare: true})
	issues := s.Issues()
	middle := issues[len(issues)/2].UpdatedAt.Format(timeForm)
	node := `id identifier number title description priority estimate dueDate createdAt updatedAt startedAt labelIds
		state { id name type } team { id key } assignee { id name } cycle { id } project { id } parent { id }`
	for name, args := range map[string]string{
		"team":                   `filter: {team: {key: {eq: "ENG"}}}`,
		"updated since":          `orderBy: updatedAt, filter: {team: {key: {in: ["ENG"]}}, updatedAt: {gte: "` + middle + `"}}`,
		"open":                   `filter: {team: {key: {in: ["ENG", "WEB"]}}, state: {type: {nin: ["completed", "canceled", "duplicate"]}}}`,
		"nothing new":            `orderBy: updatedAt, filter: {updatedAt: {gte: "2027"}}`,
		"nothing matches at all": `filter: {title: {eq: "x"}}`,
	} {
		b.Run(name, func(b *testing.B) {
			body := fmt.Sprintf(`{"query":"{ issues(first: 250, %s) { nodes { %s } pageInfo { hasNextPage endCursor } } }"}`,
				strings.ReplaceAll(args, `"`, `\"`), strings.Join(strings.Fields(node), " "))
			for b.Loop() {
				req, _ := http.NewRequest(http.MethodPost, URL, strings.NewReader(body))
				req.Header.Set("Authorization", APIKey)
				resp, err := s.Client().Do(req)
				if err != nil || resp.StatusCode != 200 {
					b.Fatal(resp, err)
				}
				s.Forget()
			}
		})
	}
}
