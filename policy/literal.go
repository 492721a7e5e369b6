package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Literal is an issue as people write it in tests and examples. Its fields
// carry the names that expressions use; what is left out is empty. Kind is
// "other" and category "unstarted" where they are not given.
type Literal struct {
	Key         string            `yaml:"key"`
	Project     string            `yaml:"project"`
	Source      string            `yaml:"source"`
	Kind        issue.Kind        `yaml:"kind"`
	RawKind     string            `yaml:"raw_kind"`
	Title       string            `yaml:"title"`
	Description string            `yaml:"description"`
	Status      string            `yaml:"status"`
	Category    issue.Category    `yaml:"category"`
	Priority    string            `yaml:"priority"`
	RawPriority string            `yaml:"raw_priority"`
	Labels      []string          `yaml:"labels"`
	Components  []string          `yaml:"components"`
	Reporter    string            `yaml:"reporter"`
	Assignee    string            `yaml:"assignee"`
	Created     Moment            `yaml:"created"`
	Updated     Moment            `yaml:"updated"`
	Started     Moment            `yaml:"started"`
	Resolved    Moment            `yaml:"resolved"`
	Due         issue.Date        `yaml:"due"`
	Estimate    float64           `yaml:"estimate"`
	Parent      string            `yaml:"parent"`
	Links       []LiteralLink     `yaml:"links"`
	Blocks      int               `yaml:"blocks_count"`  // so many open links in place of Links
	BlockedBy   int               `yaml:"blocked_count"` // likewise
	Votes       int               `yaml:"votes"`
	Watchers    int               `yaml:"watchers"`
	Comments    int               `yaml:"comments"`
	Sprint      string            `yaml:"sprint"`
	InSprint    bool              `yaml:"sprint_active"`
	Milestone   string            `yaml:"milestone"`
	Ends        Moment            `yaml:"milestone_ends"`
	Customers   []LiteralCustomer `yaml:"customers"`
	URL         string            `yaml:"url"`
	// Fields are custom fields: texts, numbers or lists of texts.
	Fields map[string]any `yaml:"fields"`
	// Unknown names fields that failed to load.
	Unknown []string `yaml:"unknown"`
}

// Moment is an instant in a file: 2026-03-04T12:00:00Z, or a day for its first
// moment in UTC.
type Moment struct{ time.Time }

// UnmarshalText reads both forms. What it cannot read is an error: a test that
// silently ran at another time would prove nothing.
func (m *Moment) UnmarshalText(b []byte) error {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, string(b)); err == nil {
			m.Time = t.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q is no time: want 2026-03-04T12:00:00Z or 2026-03-04", b)
}

// LiteralLink is a link of a Literal. Open is true where it is not given.
type LiteralLink struct {
	Type issue.LinkType `yaml:"type"`
	Key  string         `yaml:"key"`
	Open *bool          `yaml:"open"`
}

// LiteralCustomer is a customer of a Literal.
type LiteralCustomer struct {
	Name      string  `yaml:"name"`
	Tier      string  `yaml:"tier"`
	Revenue   float64 `yaml:"revenue"`
	Size      float64 `yaml:"size"`
	Important bool    `yaml:"important"`
}

// Issue builds the issue.
func (l *Literal) Issue() (*issue.Issue, error) {
	i := &issue.Issue{
		ID: l.Key, Key: l.Key, Source: l.Source, Project: l.Project, URL: l.URL,
		Kind: l.Kind, RawKind: l.RawKind, Title: l.Title, Description: l.Description,
		Status:      issue.Status{Name: l.Status, Category: l.Category},
		RawPriority: issue.Named{Name: l.RawPriority},
		Labels:      sortedCopy(l.Labels), Components: sortedCopy(l.Components),
		Reporter: issue.Person{ID: l.Reporter, Name: l.Reporter},
		Assignee: issue.Person{ID: l.Assignee, Name: l.Assignee},
		Created:  l.Created.Time, Updated: l.Updated.Time, Started: l.Started.Time, Resolved: l.Resolved.Time,
		Due: l.Due, Estimate: l.Estimate, Parent: l.Parent,
		Votes: l.Votes, Watchers: l.Watchers, Comments: l.Comments,
		Sprint:    issue.Iteration{Name: l.Sprint, Active: l.InSprint},
		Milestone: issue.Iteration{Name: l.Milestone, Ends: l.Ends.Time},
	}
	if i.Kind == "" {
		i.Kind = issue.Other
	}
	if !slices.Contains(kinds, string(i.Kind)) {
		return nil, unknownWord("kind", string(i.Kind), kinds)
	}
	if i.Status.Category == "" {
		i.Status.Category = issue.Unstarted
	}
	if !slices.Contains(categories, string(i.Status.Category)) {
		return nil, unknownWord("category", string(i.Status.Category), categories)
	}
	if l.Due != "" {
		if _, err := time.Parse(time.DateOnly, string(l.Due)); err != nil {
			return nil, fmt.Errorf("due: %q is not a day like 2026-12-31", l.Due)
		}
	}
	if err := l.fill(i); err != nil {
		return nil, err
	}
	return i, nil
}

// fill sets what needs converting.
func (l *Literal) fill(i *issue.Issue) (err error) {
	if l.Priority != "" {
		if i.Priority, err = issue.ParsePriority(l.Priority); err != nil {
			return err
		}
	}
	for _, k := range l.Links {
		if !slices.Contains(linkTypes, string(k.Type)) {
			return unknownWord("links: type", string(k.Type), linkTypes)
		}
		i.Links = append(i.Links, issue.Link{Type: k.Type, Key: k.Key, Open: k.Open == nil || *k.Open})
	}
	i.Links = appendLinks(i.Links, issue.Blocks, l.Blocks)
	i.Links = appendLinks(i.Links, issue.BlockedBy, l.BlockedBy)
	for _, c := range l.Customers {
		i.Customers = append(i.Customers, issue.Customer(c))
	}
	for name, v := range l.Fields {
		value, err := literalValue(v)
		if err != nil {
			return fmt.Errorf("fields.%s: %w", name, err)
		}
		if i.Fields == nil {
			i.Fields = map[string]issue.Value{}
		}
		i.Fields[name] = value
	}
	for _, name := range l.Unknown {
		in, ok := issue.ParseInput(name)
		if !ok {
			return fmt.Errorf("unknown: there is no field %q", name)
		}
		i.Unknown |= in
	}
	return nil
}

var (
	kinds      = []string{"bug", "story", "task", "epic", "incident", "other"}
	categories = []string{"triage", "backlog", "unstarted", "started", "completed", "canceled"}
	linkTypes  = []string{"blocks", "blocked_by", "duplicates", "duplicated_by", "relates_to"}
)

func appendLinks(links []issue.Link, t issue.LinkType, n int) []issue.Link {
	const most = 10_000 // a literal is written by hand
	for k := range min(n, most) {
		links = append(links, issue.Link{Type: t, Key: fmt.Sprintf("OTHER-%d", k+1), Open: true})
	}
	return links
}

func literalValue(v any) (issue.Value, error) {
	switch v := v.(type) {
	case string:
		return issue.Value{Text: v}, nil
	case []any:
		var list []string
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return issue.Value{}, fmt.Errorf("want a list of texts, found %v", e)
			}
			list = append(list, s)
		}
		return issue.Value{List: list}, nil
	}
	n, ok := nativeNumber(v)
	if !ok {
		return issue.Value{}, fmt.Errorf("want a text, a number or a list of texts, found %v", v)
	}
	return issue.Value{Number: &n}, nil
}

// nativeNumber converts what a YAML decoder makes of a number.
func nativeNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func sortedCopy(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func unknownWord(what, word string, known []string) error {
	return fmt.Errorf("%s: %q is not one of %s", what, word, quoteList(known))
}
