package jira

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// historySize is how many issues Cloud answers the history of in one call.
const historySize = 1000

// historyFields are those whose changes matter: at most ten are allowed.
var historyFields = [...]string{"priority", "labels", "duedate", "assignee", "status", "summary", "issuetype"}

// changes is one entry of a change log.
type changes struct {
	Author  *user     `json:"author"`
	Created timestamp `json:"created"`
	Items   []struct {
		Field      string `json:"field"`
		FieldID    string `json:"fieldId"`
		From       string `json:"from"`
		FromString string `json:"fromString"`
		To         string `json:"to"`
		ToString   string `json:"toString"`
	} `json:"items"`
}

// History reads the change log. A change without an author (automation, or a
// person who is gone) counts as a person's. On Cloud an id without any change
// has an empty, complete history.
func (c *Client) History(ctx context.Context, ids []string) (map[string]issue.History, error) {
	if err := c.ensure(ctx); err != nil {
		return nil, err
	}
	if err := c.readStatuses(ctx); err != nil {
		return nil, err
	}
	ids, _ = usableIDs(opChangelog, ids)
	if c.flavor() == DataCenter {
		return c.dcHistory(ctx, ids)
	}
	out := map[string]issue.History{}
	for chunk := range slices.Chunk(ids, historySize) {
		if err := c.cloudHistory(ctx, chunk, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// cloudHistory adds the histories of up to 1,000 issues; the log of one may be
// divided over pages.
func (c *Client) cloudHistory(ctx context.Context, ids []string, out map[string]issue.History) error {
	logs, bad := map[string][]changes{}, map[string]bool{}
	body := map[string]any{"issueIdsOrKeys": ids, "fieldIds": historyFields[:], "maxResults": 10000}
	seen := map[string]bool{}
	for range pageBudget {
		var page struct {
			Logs []struct {
				ID        string         `json:"issueId"`
				Histories jsontext.Value `json:"changeHistories"`
			} `json:"issueChangeLogs"`
			Token string `json:"nextPageToken"`
		}
		_, err := c.do(ctx, call{op: opChangelog, again: true, method: http.MethodPost, path: "changelog/bulkfetch", body: body, into: &page})
		if err != nil {
			return err
		}
		if page.Logs == nil {
			c.log.Warn("an answer about histories has none", "issues", len(ids))
			return nil // they could not be read, which is not that nothing happened
		}
		for _, l := range page.Logs {
			log, err := readLog(l.Histories)
			if err != nil {
				bad[l.ID] = true
				c.log.Warn("the history of an issue cannot be read", "id", connectors.Excerpt(l.ID))
			}
			logs[l.ID] = append(logs[l.ID], log...)
		}
		if page.Token == "" {
			for _, id := range ids {
				if bad[id] {
					continue
				}
				out[id] = issue.History{Events: c.events(logs[id]), Complete: true}
			}
			return nil
		}
		if seen[page.Token] {
			break
		}
		seen[page.Token], body["nextPageToken"] = true, page.Token
	}
	return &connectors.Error{Kind: connectors.Contract, Op: opChangelog, Detail: "the history has no end: a page token came twice"}
}

// readLog decodes one issue's part, so that an odd one costs only itself.
func readLog(v jsontext.Value) (log []changes, err error) {
	if len(v) > 0 {
		err = decode(v, &log)
	}
	return log, err
}

func (c *Client) dcHistory(ctx context.Context, ids []string) (map[string]issue.History, error) {
	type answer struct {
		Changelog *struct {
			Total     int       `json:"total"`
			Histories []changes `json:"histories"`
		} `json:"changelog"`
	}
	read := func(ctx context.Context, n int) (*issue.History, error) {
		var a answer
		_, err := c.do(ctx, call{op: opChangelog, again: true, method: http.MethodGet, path: "issue/" + ids[n],
			query: url.Values{"fields": {"status"}, "expand": {"changelog"}}, into: &a})
		switch connectors.KindOf(err) {
		case connectors.NotFound, connectors.Forbidden, connectors.Contract:
			return nil, nil // this one cannot be read; the others can
		}
		if err != nil {
			return nil, err
		}
		log := a.Changelog
		if log == nil || log.Histories == nil {
			return nil, nil // not read, which is not that nothing happened
		}
		return &issue.History{Events: c.events(log.Histories), Complete: len(log.Histories) >= log.Total}, nil
	}
	out := map[string]issue.History{}
	n := 0
	for h, err := range ordered(ctx, len(ids), c.reading(), read) {
		if err != nil {
			return nil, err
		}
		if h != nil {
			out[ids[n]] = *h
		}
		n++
	}
	return out, nil
}

// events puts a log in order, oldest first: some answers come newest first.
func (c *Client) events(log []changes) []issue.Event {
	self := c.self()
	return logReader{
		self: func(u *user) bool { return self.is(u) }, rank: c.rankText,
		category: func(id, _ string) issue.Category { return c.statusCategory(id) },
	}.events(log)
}

// logReader turns a change log into events.
type logReader struct {
	self     func(*user) bool                     // whether the account is our own
	rank     func(id, name string) string         // a priority as our name of it
	category func(id, name string) issue.Category // of a status; "" is not known
}

func (r logReader) events(log []changes) []issue.Event {
	slices.SortStableFunc(log, func(a, b changes) int { return a.Created.Compare(b.Created.Time) })
	var out []issue.Event
	for _, entry := range log {
		by := actor(r.self, entry.Author)
		for _, it := range entry.Items {
			e := issue.Event{At: entry.Created.Time, By: by, From: it.From, To: it.To}
			name := it.FieldID
			if name == "" {
				name = strings.ToLower(it.Field)
			}
			switch name {
			case "labels":
				out = append(out, labelEvents(e, it.FromString, it.ToString)...)
				continue
			case "status":
				e.Field, e.From, e.To, e.ToCategory = issue.FieldStatus, it.FromString, it.ToString, r.category(it.To, it.ToString)
			case "priority":
				e.Field, e.From, e.To = issue.FieldPriority, r.rank(it.From, it.FromString), r.rank(it.To, it.ToString)
			case "duedate":
				e.Field, e.From, e.To = issue.FieldDue, day(it.From, it.FromString), day(it.To, it.ToString)
			case "assignee":
				e.Field = issue.FieldAssignee
			case "summary":
				e.Field, e.From, e.To = issue.FieldTitle, it.FromString, it.ToString
			case "issuetype":
				e.Field, e.From, e.To = issue.FieldKind, it.FromString, it.ToString
			default:
				continue
			}
			out = append(out, e)
		}
	}
	return out
}

// actor tells a person from ourselves and from apps. Without an author it is
// nobody.
func actor(self func(*user) bool, u *user) issue.Actor {
	if u == nil {
		return issue.Actor{Self: self(u)}
	}
	return issue.Actor{Person: u.person(), Self: self(u), Bot: u.AccountType == "app"}
}

// labelEvents compares the lists before and after, which Jira joins with
// spaces.
func labelEvents(e issue.Event, before, after string) []issue.Event {
	old, now := strings.Fields(before), strings.Fields(after)
	e.Field = issue.FieldLabels
	var out []issue.Event
	for _, l := range old {
		if !slices.Contains(now, l) {
			e.From, e.To = l, ""
			out = append(out, e)
		}
	}
	for _, l := range now {
		if !slices.Contains(old, l) {
			e.From, e.To = "", l
			out = append(out, e)
		}
	}
	return out
}

// rankText is our name of a priority, Jira's where it is in no known list.
func (c *Client) rankText(id, name string) string {
	if r, ok := c.anyRank(id); ok {
		return r.String()
	}
	return name
}

func day(value, shown string) string {
	for _, s := range []string{value, shown} {
		if d, ok := dayOf(s); ok && d != "" {
			return string(d)
		}
	}
	return ""
}

// readStatuses learns which category each status is in; once, since a status
// that is not known yet only leaves a category open.
func (c *Client) readStatuses(ctx context.Context) error {
	c.mu.Lock()
	known := c.statuses != nil
	c.mu.Unlock()
	if known {
		return nil
	}
	var list []struct {
		ID       string `json:"id"`
		Category keyed  `json:"statusCategory"`
	}
	if _, err := c.do(ctx, call{op: opStatuses, again: true, method: http.MethodGet, path: "status", into: &list}); err != nil {
		return err
	}
	found := map[string]issue.Category{}
	for _, s := range list {
		if cat, ok := category(s.Category.Key); ok {
			found[s.ID] = cat
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statuses = found
	return nil
}

func (c *Client) statusCategory(id string) issue.Category {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.statuses[id]
}

// addStarted fills in when work on the issues first began, where the policy
// reads it.
func (c *Client) addStarted(ctx context.Context, list []issue.Issue) error {
	if !c.inputs.Has(issue.InputStarted) {
		return nil
	}
	var ids []string
	for n := range list {
		ids = append(ids, list[n].ID)
	}
	if len(ids) == 0 {
		return nil
	}
	logs, err := c.History(ctx, ids)
	if err != nil {
		return err
	}
	for n := range list {
		h, ok := logs[list[n].ID]
		if !ok || !h.Complete {
			list[n].Unknown |= issue.InputStarted
		}
		list[n].Started = firstStart(&list[n], h)
	}
	return nil
}

// firstStart is the first change into a started status; an issue that was made
// in one began when it was made.
func firstStart(i *issue.Issue, h issue.History) time.Time {
	moved := false
	for _, e := range h.Events {
		if e.Field != issue.FieldStatus {
			continue
		}
		if e.ToCategory == issue.Started {
			return e.At
		}
		moved = true
	}
	if !moved && i.Status.Category == issue.Started {
		return i.Created
	}
	return time.Time{}
}
