package reconcile_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
)

// tracker is a small tracker in memory, with an index that can lag behind and
// writes that can go wrong in every way.
type tracker struct {
	now    func() time.Time
	issues map[string]*issue.Issue
	events map[string][]issue.Event

	index     map[string]issue.Issue // what a lagging index still shows
	hidden    map[string]bool        // ids that our account cannot see
	unlisted  map[string]bool        // ids outside the scope, readable by id
	fail      func(e issue.Edit) error
	lose      func(e issue.Edit) bool // applied, but the answer is lost
	lost      error                   // what comes instead of it; nil: no answer
	refuse    map[issue.Field]bool
	refusal   error // why
	crash     bool  // the process dies after a write arrived
	fetchErr  error
	pullErr   error
	listErr   error
	personErr error
	stopped   error // what ends every Apply
	stopAfter int   // pages of a pull before it breaks; 0 never

	ahead       time.Duration // of the tracker's clock, as a pull tells it
	unreadable  string        // the id that cannot be read now
	noHistory   string        // the id whose history cannot be read now
	historyErr  error
	commentsErr error
	remarks     map[string][]issue.Comment

	edits    []issue.Edit
	comments map[string]string // marker to body
	taken    map[string]string // marker to what a person did to the comment
	calls    map[string]int
	cursors  []string // that All was asked to go on from
}

func newTracker(now func() time.Time) *tracker {
	return &tracker{now: now, issues: map[string]*issue.Issue{}, events: map[string][]issue.Event{}, index: map[string]issue.Issue{},
		hidden: map[string]bool{}, unlisted: map[string]bool{}, refuse: map[issue.Field]bool{}, comments: map[string]string{}, remarks: map[string][]issue.Comment{}, calls: map[string]int{}}
}

var errCrash = errors.New("the process dies here")

var self = issue.Actor{Person: issue.Person{ID: "bot", Name: "lanekeeper"}, Self: true}

// add creates an issue; fn sets more than the defaults.
func (t *tracker) add(n int, fn func(*issue.Issue)) *issue.Issue {
	i := &issue.Issue{ID: fmt.Sprintf("%05d", n), Key: fmt.Sprintf("PAY-%d", n), Project: "PAY", Kind: issue.Story, Title: fmt.Sprintf("Issue %d", n),
		Status: issue.Status{Name: "Open", Category: issue.Unstarted}, Created: t.now(), Updated: t.now()}
	if fn != nil {
		fn(i)
	}
	t.issues[i.ID] = i
	return i
}

// edit changes an issue as a person would.
func (t *tracker) edit(id, who string, c issue.Change) {
	i := t.issues[id]
	c.From = plan.Actual(i, c.Field)
	t.note(i, issue.Actor{Person: issue.Person{ID: who, Name: who}}, c)
}

func (t *tracker) note(i *issue.Issue, by issue.Actor, c issue.Change) {
	plan.Write(i, c)
	i.Updated = t.now()
	e := issue.Event{At: t.now(), By: by, Field: c.Field, From: c.From, To: c.To}
	if c.Field.IsLabel() {
		e.Field = issue.FieldLabels
	}
	t.events[i.ID] = append(t.events[i.ID], e)
}

// lag makes the index show the issue as it is now, whatever happens to it.
func (t *tracker) lag(id string) { t.index[id] = copyOf(t.issues[id]) }

func copyOf(i *issue.Issue) issue.Issue {
	c := *i
	c.Labels = slices.Clone(i.Labels)
	return c
}

func (t *tracker) indexed(id string) issue.Issue {
	if i, ok := t.index[id]; ok {
		return i
	}
	return copyOf(t.issues[id])
}

func (t *tracker) ids(keep func(issue.Issue) bool) []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(t.issues)) {
		if !t.hidden[id] && !t.unlisted[id] && keep(t.indexed(id)) {
			out = append(out, id)
		}
	}
	return out
}

func (t *tracker) pages(ids []string, size int) iter.Seq2[issue.Page, error] {
	began := t.now().Add(t.ahead)
	return func(yield func(issue.Page, error) bool) {
		if t.pullErr != nil {
			yield(issue.Page{}, t.pullErr)
			return
		}
		n := 0
		for batch := range slices.Chunk(ids, size) {
			if n++; t.stopAfter > 0 && n > t.stopAfter {
				yield(issue.Page{}, &connectors.Error{Kind: connectors.Network, Op: "search"})
				return
			}
			p := issue.Page{Total: len(ids), ServerTime: began, Cursor: batch[len(batch)-1]}
			for _, id := range batch {
				p.Issues = append(p.Issues, t.indexed(id))
			}
			if !yield(p, nil) {
				return
			}
		}
		if len(ids) == 0 {
			yield(issue.Page{ServerTime: began}, nil)
		}
	}
}

func (t *tracker) Changed(_ context.Context, since time.Time) iter.Seq2[issue.Page, error] {
	t.calls["changed"]++
	return t.pages(t.ids(func(i issue.Issue) bool { return !i.Updated.Before(since) }), 3)
}

func (t *tracker) All(_ context.Context, cursor string) iter.Seq2[issue.Page, error] {
	t.calls["all"]++
	t.cursors = append(t.cursors, cursor)
	return t.pages(t.ids(func(i issue.Issue) bool { return i.Open() && i.ID > cursor }), 3)
}

func (t *tracker) IDs(context.Context) ([]string, error) {
	t.calls["ids"]++
	return t.ids(func(i issue.Issue) bool { return i.Open() }), t.listErr
}

func (t *tracker) Fetch(_ context.Context, ids []string) (issue.Lookup, error) {
	t.calls["fetch"]++
	if t.fetchErr != nil {
		return issue.Lookup{}, t.fetchErr
	}
	var out issue.Lookup
	for _, id := range ids {
		if id == t.unreadable {
			out.Bad = append(out.Bad, issue.Bad{ID: id, Err: errors.New("not readable")})
			continue
		}
		i, ok := t.issues[id]
		if !ok || t.hidden[id] {
			out.Gone = append(out.Gone, id)
			continue
		}
		out.Found = append(out.Found, copyOf(i))
	}
	return out, nil
}

func (t *tracker) History(_ context.Context, ids []string) (map[string]issue.History, error) {
	t.calls["history"]++
	if t.historyErr != nil {
		return nil, t.historyErr
	}
	out := map[string]issue.History{}
	for _, id := range ids {
		if id != t.noHistory {
			out[id] = issue.History{Events: t.events[id], Complete: true}
		}
	}
	return out, nil
}

func (t *tracker) Comments(_ context.Context, ids []string) (map[string][]issue.Comment, error) {
	t.calls["comments"]++
	if t.commentsErr != nil {
		return nil, t.commentsErr
	}
	out := map[string][]issue.Comment{}
	for _, id := range ids {
		out[id] = append([]issue.Comment{}, t.remarks[id]...)
	}
	return out, nil
}

func (t *tracker) Person(_ context.Context, who string) (issue.Person, error) {
	t.calls["person"]++
	if t.personErr != nil {
		return issue.Person{}, t.personErr
	}
	if who == "gone@acme.example" {
		return issue.Person{}, errors.New("no such account")
	}
	return issue.Person{ID: "id-of-" + who, Email: who}, nil
}

func (t *tracker) Apply(ctx context.Context, edits []issue.Edit, done func(issue.Result)) error {
	if t.stopped != nil {
		return t.stopped
	}
	for _, e := range edits {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		t.edits = append(t.edits, e)
		res := t.write(e)
		if t.crash {
			panic(errCrash)
		}
		done(res)
	}
	return nil
}

func (t *tracker) write(e issue.Edit) issue.Result {
	res := issue.Result{ID: e.ID}
	if t.fail != nil {
		if res.Err = t.fail(e); res.Err != nil {
			return res
		}
	}
	for _, c := range e.Changes {
		switch {
		case t.refuse[c.Field]:
			res.Refused, res.Err = append(res.Refused, c.Field), t.refusal
		case c.Field == issue.FieldComment && t.taken[e.Comment.Marker] != "":
			res.CommentTaken = t.taken[e.Comment.Marker]
		case c.Field == issue.FieldComment:
			t.comments[e.Comment.Marker] = e.Comment.Body
			res.CommentID = cmp.Or(e.Comment.ID, "c-"+e.ID)
		default:
			t.note(t.issues[e.ID], self, c)
		}
	}
	res.Updated = t.issues[e.ID].Updated
	if t.lose != nil && t.lose(e) {
		res.Err = cmp.Or(t.lost, error(&connectors.Error{Kind: connectors.Network, Op: "edit"}))
	}
	return res
}
