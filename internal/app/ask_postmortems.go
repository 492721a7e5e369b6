package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/web"
	"github.com/lanekeeper/lanekeeper/state"
)

// PostMortems implements web.Issues.
func (a *App) PostMortems(_ context.Context, f web.IssueFilter) (answer.PostMortems, error) {
	e := a.current()
	if f.Source != "" && e.source(f.Source) == nil {
		return answer.PostMortems{}, web.Errorf(web.NotFound, "source %q is not configured", f.Source)
	}
	list, text := []answer.PostMortem{}, strings.ToLower(f.Text)
	for _, s := range e.sources {
		if f.Source != "" && f.Source != s.Name {
			continue
		}
		err := a.store.Each(s.Name, func(r *state.Record) bool {
			if r.PostMortem.Outstanding() && !r.Issue.Gone && (f.Lane == "" || f.Lane == r.PostMortem.Lane) &&
				strings.Contains(strings.ToLower(r.Issue.Key+" "+r.Issue.Title), text) {
				list = append(list, *answer.PostMortemOf(r))
			}
			return true
		})
		if err != nil {
			return answer.PostMortems{}, fmt.Errorf("list post-mortems of %s: %w", s.Name, err)
		}
	}
	answer.OldestFirst(list)
	out := answer.PostMortems{Total: len(list)}
	var err error
	out.PostMortems, out.Next, err = page(list, f.Limit, f.Cursor)
	return out, err
}
