package jiratest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var sprintParts = regexp.MustCompile(`\[.*?state=(\w+),name=(.*),startDate=([^,]*),endDate=([^,]*),.*\bid=(\d+)`)

// parseSprints reads the texts of Java objects.
func parseSprints(list []string) []Sprint {
	var out []Sprint
	for _, text := range list {
		m := sprintParts.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		start, _ := time.Parse("2006-01-02T15:04:05.000-07:00", m[3])
		end, _ := time.Parse("2006-01-02T15:04:05.000-07:00", m[4])
		out = append(out, Sprint{ID: atoi(m[5]), Name: m[2], State: strings.ToLower(m[1]), Start: start.UTC(), End: end.UTC()})
	}
	return out
}

func (l *loader) comments(v *issue, in *loadedIssue) error {
	var page struct {
		Comments []struct {
			ID, Body, Created, Updated string
			Author                     *loadedUser
		}
	}
	if b := in.Fields["comment"]; b != nil {
		if err := json.Unmarshal(b, &page); err != nil {
			return fmt.Errorf("comment: %w", err)
		}
	}
	for _, c := range page.Comments {
		created, err := loadTime(c.Created)
		if err != nil {
			return err
		}
		updated, err := loadTime(c.Updated)
		if err != nil {
			return err
		}
		cm := &Comment{ID: c.ID, Body: c.Body, Created: created, Updated: updated}
		if u := l.user(c.Author); u != nil {
			cm.Author = u.AccountID
		}
		v.comments = append(v.comments, cm)
		l.taken(c.ID)
		l.later = append(l.later, func() { l.s.commentOf[cm.ID] = l.s.byID[v.id] })
	}
	return nil
}

// taken keeps the site's own ids clear of the loaded ones.
func (l *loader) taken(id string) {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		l.s.lastID = max(l.s.lastID, n)
	}
}

func (l *loader) links(v *issue, in *loadedIssue) error {
	var list []struct {
		ID                        string
		Type                      struct{ ID, Name, Inward, Outward string }
		InwardIssue, OutwardIssue *struct{ Key string }
	}
	if b := in.Fields["issuelinks"]; b != nil {
		if err := json.Unmarshal(b, &list); err != nil {
			return fmt.Errorf("issuelinks: %w", err)
		}
	}
	for _, ln := range list {
		t := LinkType(ln.Type)
		if !slices.Contains(l.s.linkTypes, t) {
			l.s.linkTypes = append(l.s.linkTypes, t)
		}
		id, _ := strconv.ParseInt(ln.ID, 10, 64)
		other := ln.OutwardIssue
		if other == nil {
			other = ln.InwardIssue
		}
		if other == nil {
			continue
		}
		l.later = append(l.later, func() {
			if r := l.s.byKey[other.Key]; r != nil {
				cur := l.s.byID[v.id].cur
				cur.links = append(cur.links, link{id, t.Name, ln.OutwardIssue != nil, r.id})
			}
		})
	}
	return nil
}

// historyFields are the ids of the fields that a history names otherwise.
var historyFields = map[string]string{
	"Component": "components", "Fix Version": "fixVersions", "Story Points": "customfield_10023",
	"Sprint": "customfield_10290", "Rank": "customfield_10590",
}

func (l *loader) history(v *issue, in *loadedIssue) error {
	for _, h := range in.Changelog.Histories {
		at, err := loadTime(h.Created)
		if err != nil {
			return err
		}
		c := &Change{ID: h.ID, At: at}
		if u := l.user(h.Author); u != nil {
			c.Author = u.AccountID
		}
		for _, it := range h.Items {
			id := historyFields[it.Field]
			if id == "" && l.s.sys[it.Field] != nil {
				id = it.Field
			}
			c.Items = append(c.Items, Item{it.Field, id, it.FieldType, text(it.From), text(it.FromString), text(it.To), text(it.ToString)})
		}
		v.history = append(v.history, c)
		l.formerKey(v, c)
		l.taken(h.ID)
	}
	return nil
}

// formerKey lets a key from before a move go on to resolve.
func (l *loader) formerKey(v *issue, c *Change) {
	for _, it := range c.Items {
		if it.Field == "Key" && it.FromString != "" {
			l.s.oldKeys[strings.ToUpper(it.FromString)] = v.id
		}
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
