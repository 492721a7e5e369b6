package linear

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Linear does not promise that a comment, relation or customer request moves
// the updatedAt of its issue, and the rename of a label or state or a new tier
// of a customer surely does not. So these are followed through their own root
// lists, all in one request, and the issues that they touch are read again.
// What was deleted for good leaves no trace in such a list.

// sideQuery asks for what else changed. A root that nobody wants is left out.
type sideQuery struct {
	Labels    connection[labelNode]    `json:"issueLabels" graphql:"issueLabels(first: 50, after: $afterLabels, filter: $labels, includeArchived: true)"`
	States    connection[idNode]       `json:"workflowStates" graphql:"workflowStates(first: 50, after: $afterStates, filter: $states, includeArchived: true)"`
	Relations connection[relationEnds] `json:"issueRelations" graphql:"issueRelations(first: 25, after: $afterRelations, orderBy: updatedAt, includeArchived: true)" when:"links"`
	Comments  connection[onIssue]      `json:"comments" graphql:"comments(first: 50, after: $afterComments, filter: $comments, includeArchived: true)" when:"comments"`
}

// demandQuery asks for changed customers and their requests. It is apart
// because a plan may lack them.
type demandQuery struct {
	Needs     connection[onIssue] `json:"customerNeeds" graphql:"customerNeeds(first: 50, after: $afterNeeds, filter: $needs, includeArchived: true)"`
	Customers connection[idNode]  `json:"customers" graphql:"customers(first: 50, after: $afterCustomers, filter: $customers, includeArchived: true)"`
}

// onIssue is something that hangs on an issue, or on a project alone.
type onIssue struct {
	Issue *placedNode `json:"issue"`
}

type placedNode struct {
	ID   string  `json:"id"`
	Team teamRef `json:"team"`
}

type relationEnds struct {
	UpdatedAt    time.Time  `json:"updatedAt"`
	Issue        placedNode `json:"issue"`
	RelatedIssue placedNode `json:"relatedIssue"`
}

// touched collects the ids of issues that something beside them changed.
type touched struct {
	c     *Client
	since time.Time
	ids   map[string]bool
}

// touchedSince returns the issues to read again, in a fixed order.
func (c *Client) touchedSince(ctx context.Context, since time.Time) ([]string, error) {
	t := &touched{c: c, since: since, ids: map[string]bool{}}
	if err := t.around(ctx); err != nil {
		return nil, err
	}
	if err := t.demand(ctx); err != nil {
		return nil, err
	}
	out := make([]string, 0, len(t.ids))
	for id := range t.ids {
		out = append(out, id)
	}
	slices.Sort(out)
	return out, nil
}

func (t *touched) add(n *placedNode) {
	if n != nil && t.c.inScope(n.Team.Key) {
		t.ids[n.ID] = true
	}
}

func (t *touched) changed() object { return object{"updatedAt": object{"gte": instant(t.since)}} }

// around follows labels, states, relations and comments.
func (t *touched) around(ctx context.Context) error {
	labels, states, relations, comments := turnOf("afterLabels"), turnOf("afterStates"), turnOf("afterRelations"), turnOf("afterComments")
	turns := []*turn{labels, states}
	vars := map[string]any{"labels": IssueLabelFilter(t.changed()), "states": WorkflowStateFilter(t.changed())}
	if t.c.in.Has(issue.InputLinks) {
		turns = append(turns, relations)
	}
	if t.c.in.Has(issue.InputComments) {
		turns = append(turns, comments)
		f := t.changed()
		f["issue"] = object{"team": object{"key": object{"in": t.c.s.Teams}}}
		vars["comments"] = CommentFilter(f)
	}
	doc := reflect.New(prune(reflect.TypeFor[sideQuery](), wantsOf(t.c.in, t.c.o, t.c.s), false))
	var moved, news []string
	err := t.read(ctx, "changes", doc, turns, vars, func() func([]byte) error {
		var q sideQuery
		decode := into(&q)
		return func(body []byte) error {
			if err := decode(body); err != nil {
				return err
			}
			news = append(news, t.relabelled(q.Labels.Nodes)...)
			for _, n := range q.States.Nodes {
				moved = append(moved, n.ID)
			}
			for _, n := range q.Comments.Nodes {
				t.add(n.Issue)
			}
			labels.saw(q.Labels.PageInfo)
			states.saw(q.States.PageInfo)
			comments.saw(q.Comments.PageInfo)
			relations.saw(t.related(q.Relations))
			return nil
		}
	})
	if err != nil {
		return err
	}
	t.c.labels.follow()
	if err := t.having(ctx, "labels", "some", news); err != nil {
		return err
	}
	return t.having(ctx, "state", "", moved)
}

// related takes the relations up to the watermark; the list has no filter and
// is newest first.
func (t *touched) related(r connection[relationEnds]) pageInfo {
	for k := range r.Nodes {
		n := &r.Nodes[k]
		if n.UpdatedAt.Before(t.since) {
			return pageInfo{}
		}
		t.add(&n.Issue)
		t.add(&n.RelatedIssue)
	}
	return r.PageInfo
}

// relabelled returns the labels whose text may differ from the one that stored
// issues carry. Before the first look nothing is known of older texts, so every
// changed label that is not new counts.
func (t *touched) relabelled(nodes []labelNode) (ids []string) {
	b := &t.c.labels
	if b.isFollowed() {
		for _, l := range b.add(nodes) {
			ids = append(ids, l.id)
		}
		return append(ids, b.children(ids)...)
	}
	b.add(nodes)
	for _, n := range nodes {
		if n.CreatedAt.Before(t.since) {
			ids = append(ids, n.ID)
		}
	}
	return append(ids, b.children(ids)...)
}

// demand follows customers and their requests.
func (t *touched) demand(ctx context.Context) error {
	on, _, err := t.c.customersOn(ctx)
	if err != nil || !on {
		return err
	}
	f := t.changed()
	f["issue"] = object{"team": object{"key": object{"in": t.c.s.Teams}}}
	richer, err := t.needs(ctx, CustomerNeedFilter(f), CustomerFilter(t.changed()))
	if off(err) {
		t.c.customersRefused(ctx, err)
		return nil
	}
	for part := range slices.Chunk(richer, maxLookup) {
		if err != nil {
			return err
		}
		of := CustomerNeedFilter{"customer": object{"id": object{"in": part}}}
		_, err = t.needs(ctx, of, CustomerFilter{"id": object{"in": []string{}}})
	}
	return err
}

// needs takes the issues of requests and returns the ids of customers.
func (t *touched) needs(ctx context.Context, needs CustomerNeedFilter, who CustomerFilter) (ids []string, err error) {
	needsTurn, customersTurn := turnOf("afterNeeds"), turnOf("afterCustomers")
	vars := map[string]any{"needs": needs, "customers": who}
	err = t.read(ctx, "customers", reflect.ValueOf(new(demandQuery)), []*turn{needsTurn, customersTurn}, vars, func() func([]byte) error {
		var q demandQuery
		decode := into(&q)
		return func(body []byte) error {
			if err := decode(body); err != nil {
				return err
			}
			for _, n := range q.Needs.Nodes {
				t.add(n.Issue)
			}
			for _, n := range q.Customers.Nodes {
				ids = append(ids, n.ID)
			}
			needsTurn.saw(q.Needs.PageInfo)
			customersTurn.saw(q.Customers.PageInfo)
			return nil
		}
	})
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// having adds the open issues whose labels or state are among ids.
func (t *touched) having(ctx context.Context, field, quantor string, ids []string) error {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	for part := range slices.Chunk(ids, maxLookup) {
		cond := object{"id": object{"in": part}}
		if quantor != "" {
			cond = object{quantor: cond}
		}
		for _, team := range t.c.s.Teams {
			f := openIn(team, nil)
			if field == "state" {
				cond["type"] = object{"nin": closedTypes}
			}
			f[field] = cond
			for p, err := range pages[scanNode](ctx, t.c, list{op: "changes", doc: t.c.docs.ids, filter: f}) {
				if err != nil {
					return err
				}
				for _, n := range p.nodes {
					t.ids[n.ID] = true
				}
			}
		}
	}
	return nil
}

// turn walks one root of a document with several.
type turn struct {
	pager
	name string // of its cursor variable
	info pageInfo
	done bool
}

func turnOf(name string) *turn { return &turn{name: name} }

func (t *turn) saw(info pageInfo) { t.info = info }

// read sends the document until every root came to its end. A root that ended
// early is asked for its last page again, which is harmless and rare.
func (t *touched) read(ctx context.Context, op string, doc reflect.Value, turns []*turn, vars map[string]any, target func() func([]byte) error) error {
	for {
		left := false
		for _, r := range turns {
			vars[r.name] = after(r.cursor)
		}
		_, err := t.c.query(ctx, call{op: op, doc: doc.Interface(), vars: vars, price: int(children(doc.Type().Elem(), 0)) + 1, decode: target()})
		if err != nil {
			return err
		}
		for _, r := range turns {
			if r.done {
				continue
			}
			if r.done, err = r.next(op, r.info); err != nil {
				return err
			}
			left = left || !r.done
		}
		if !left {
			return nil
		}
	}
}
