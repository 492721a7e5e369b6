package lineartest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// LoadNDJSON adds a team with its issues: workspace holds team, states, labels
// and users, issues one Linear issue node a line with history, comments and
// relations complete and oldest first. Both may be gzipped. Relations to issues
// that are not in the file are left out.
func (s *Server) LoadNDJSON(issues, workspace io.Reader) error {
	var ws fileWorkspace
	r, err := plain(workspace)
	if err == nil {
		err = json.NewDecoder(r).Decode(&ws)
	}
	if err != nil {
		return fmt.Errorf("load workspace: %w", err)
	}
	r, err = plain(issues)
	if err != nil {
		return fmt.Errorf("load issues: %w", err)
	}
	nodes, err := readNodes(r)
	if err != nil {
		return err
	}
	s.lock()
	defer s.mu.Unlock()
	l := loader{s: s, team: s.loadWorkspace(&ws, nodes)}
	for _, n := range nodes {
		l.issue(n)
	}
	for _, n := range nodes {
		l.around(n)
	}
	return nil
}

// plain unpacks gzip where the first bytes say so.
func plain(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	if head, _ := b.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return gzip.NewReader(b)
	}
	return b, nil
}

func readNodes(r io.Reader) ([]*fileIssue, error) {
	var out []*fileIssue
	dec := json.NewDecoder(r)
	for {
		n := &fileIssue{}
		switch err := dec.Decode(n); err {
		case nil:
			out = append(out, n)
		case io.EOF:
			return out, nil
		default:
			return nil, fmt.Errorf("load issues: line %d: %w", len(out)+1, err)
		}
	}
}

type fileRef struct{ ID string }

type fileUser struct {
	ID, Name, DisplayName, Email string
	Active                       *bool
}

type fileLabel struct {
	ID, Name, Color string
	IsGroup         bool
	Parent          *fileLabel
}

type fileWorkspace struct {
	Team   struct{ ID, Key, Name string }
	States []State
	Labels []fileLabel
	Users  []fileUser
}

type nodes[T any] struct{ Nodes []T }

type fileRelation struct {
	ID           string
	Type         string
	RelatedIssue fileRef
}

type fileComment struct {
	ID, Body                       string
	CreatedAt, UpdatedAt, EditedAt time.Time
	User                           *fileUser
}

type fileEntry struct {
	ID                             string
	CreatedAt, UpdatedAt           time.Time
	Actor                          *fileUser
	FromTitle, ToTitle             *string
	FromPriority, ToPriority       *float64
	FromEstimate, ToEstimate       *float64
	FromDueDate, ToDueDate         *string
	FromAssignee, ToAssignee       *fileUser
	FromState, ToState             *fileRef
	FromParent, ToParent           *fileRef
	AddedLabels, RemovedLabels     []fileLabel
	AddedLabelIDs, RemovedLabelIDs []string
	UpdatedDescription             *bool
}

type fileIssue struct {
	ID, Identifier, Title, Description, DueDate string
	Number, Priority                            float64
	Estimate                                    *float64
	PreviousIdentifiers                         []string
	State                                       fileRef
	Assignee, Creator                           *fileUser
	Parent                                      *fileRef
	Labels                                      nodes[fileLabel]
	LabelIDs                                    []string
	CustomerTicketCount                         int
	CreatedAt, UpdatedAt, StartedAt             time.Time
	CompletedAt, CanceledAt, ArchivedAt         time.Time
	Trashed                                     bool
	History                                     nodes[fileEntry]
	Comments                                    nodes[fileComment]
	Relations                                   nodes[fileRelation]
}

func (s *Server) loadWorkspace(ws *fileWorkspace, issues []*fileIssue) *Team {
	t := s.addTeam(Team{ID: ws.Team.ID, Key: ws.Team.Key, Name: ws.Team.Name, States: ws.States})
	for i := range ws.Users {
		s.loadUser(&ws.Users[i])
	}
	for i := range ws.Labels {
		s.loadLabel(&ws.Labels[i])
	}
	for _, n := range issues {
		for i := range n.Labels.Nodes {
			s.loadLabel(&n.Labels.Nodes[i])
		}
	}
	return t
}

// loadUser returns the id of a user, who is added where he is new.
func (s *Server) loadUser(u *fileUser) string {
	if u == nil {
		return ""
	}
	if s.world.users.byID[u.ID] == nil {
		s.addUser(User{
			ID: u.ID, Name: u.Name, DisplayName: u.DisplayName, Email: u.Email, Inactive: u.Active != nil && !*u.Active,
		})
	}
	return u.ID
}

func (s *Server) loadLabel(l *fileLabel) string {
	if s.world.labels.byID[l.ID] != nil {
		return l.ID
	}
	label := Label{ID: l.ID, Name: l.Name, Color: l.Color, Group: l.IsGroup}
	if l.Parent != nil {
		label.ParentID = s.loadLabel(l.Parent)
		s.world.labels.byID[label.ParentID].Group = true
	}
	return s.addLabel(label).ID
}

type loader struct {
	s    *Server
	team *Team
}

func (l *loader) issue(n *fileIssue) {
	i := Issue{
		ID: n.ID, Identifier: n.Identifier, Number: int(n.Number), Previous: n.PreviousIdentifiers,
		Title: n.Title, Description: n.Description, Priority: int(n.Priority), Estimate: n.Estimate, DueDate: n.DueDate,
		StateID: n.State.ID, AssigneeID: l.s.loadUser(n.Assignee), CreatorID: l.s.loadUser(n.Creator), LabelIDs: n.LabelIDs,
		TicketCount: n.CustomerTicketCount, CreatedAt: n.CreatedAt, UpdatedAt: n.UpdatedAt, StartedAt: n.StartedAt,
		CompletedAt: n.CompletedAt, CanceledAt: n.CanceledAt, ArchivedAt: n.ArchivedAt, Trashed: n.Trashed,
	}
	r := l.s.create(l.team, i)
	r.StartedAt, r.CompletedAt, r.CanceledAt, r.StartedTriageAt = n.StartedAt, n.CompletedAt, n.CanceledAt, time.Time{}
}

// around adds what needs all issues: parents, history, comments, relations.
func (l *loader) around(n *fileIssue) {
	w := &l.s.world
	r := w.issues[n.ID]
	if n.Parent != nil && w.issues[n.Parent.ID] != nil {
		p := w.issues[n.Parent.ID]
		r.ParentID = p.ID
		p.children = append(p.children, r)
	}
	for _, e := range n.History.Nodes {
		r.history = append(r.history, l.entry(r, &e))
	}
	for _, c := range n.Comments.Nodes {
		comment := &Comment{
			ID: c.ID, IssueID: r.ID, UserID: l.s.loadUser(c.User), Body: c.Body,
			CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, EditedAt: c.EditedAt,
		}
		w.comments.add(c.ID, comment)
		r.comments = append(r.comments, comment)
	}
	for _, rel := range n.Relations.Nodes {
		if w.issues[rel.RelatedIssue.ID] != nil && w.relations.byID[rel.ID] == nil {
			w.link(&Relation{
				ID: rel.ID, IssueID: r.ID, RelatedID: rel.RelatedIssue.ID, Type: rel.Type, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
			})
		}
	}
}

func (l *loader) entry(r *record, e *fileEntry) *Entry {
	for _, label := range slices.Concat(e.AddedLabels, e.RemovedLabels) {
		l.s.loadLabel(&label)
	}
	return &Entry{
		ID: e.ID, IssueID: r.ID, ActorID: l.s.loadUser(e.Actor), CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt,
		Title: loaded(e.FromTitle, e.ToTitle, value[string]), DueDate: loaded(e.FromDueDate, e.ToDueDate, value[string]),
		Priority: loaded(e.FromPriority, e.ToPriority, func(p *float64) int { return int(value(p)) }),
		Estimate: loaded(e.FromEstimate, e.ToEstimate, func(p *float64) *float64 { return p }),
		Assignee: loaded(e.FromAssignee, e.ToAssignee, l.s.loadUser), State: loaded(e.FromState, e.ToState, refID),
		Parent: loaded(e.FromParent, e.ToParent, refID), AddedLabels: e.AddedLabelIDs, RemovedLabels: e.RemovedLabelIDs,
		Description: value(e.UpdatedDescription),
	}
}

// loaded is a change of which at least one side is given.
func loaded[F, T any](from, to *F, conv func(*F) T) *Moved[T] {
	if from == nil && to == nil {
		return nil
	}
	return &Moved[T]{conv(from), conv(to)}
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func refID(r *fileRef) string { return value(r).ID }
