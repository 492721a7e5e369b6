package linear

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// page is one decoded page of a root list.
type page[N any] struct {
	nodes []N
	bad   []issue.Bad
	info  pageInfo
}

// rooted is the data of a document with one root list, under either name that
// the API gives it.
type rooted[N any] struct {
	Root *struct {
		Nodes    []N       `json:"nodes"`
		PageInfo *pageInfo `json:"pageInfo"`
	} `json:"issues"`
}

// complete reports whether the list and its end are there. A page that lacks
// them is not empty: what is missing from it would be taken for gone.
func (r *rooted[N]) complete() bool {
	return r != nil && r.Root != nil && r.Root.Nodes != nil && r.Root.PageInfo != nil
}

// decode reads a page. When one node is not what the schema promises the page
// is read again node by node, and only that node is lost.
func (p *page[N]) decode(body []byte) error {
	var out answer[rooted[N]]
	if err := json.Unmarshal(body, &out, jsonOptions); err != nil {
		return p.decodeLoosely(body)
	}
	if !out.Data.complete() {
		return errNoData
	}
	p.nodes, p.info, p.bad = out.Data.Root.Nodes, *out.Data.Root.PageInfo, nil
	return nil
}

func (p *page[N]) decodeLoosely(body []byte) error {
	var out answer[rooted[jsontext.Value]]
	if err := json.Unmarshal(body, &out, jsonOptions); err != nil {
		return fmt.Errorf("decode page: %w", err)
	}
	if !out.Data.complete() {
		return errNoData
	}
	p.nodes, p.bad, p.info = nil, nil, *out.Data.Root.PageInfo
	for _, raw := range out.Data.Root.Nodes {
		var n N
		if err := json.Unmarshal(raw, &n, jsonOptions); err != nil {
			p.bad = append(p.bad, badNode(raw, err))
			continue
		}
		p.nodes = append(p.nodes, n)
	}
	return nil
}

// badNode names a node that cannot be read as far as it can be.
func badNode(raw jsontext.Value, err error) issue.Bad {
	var members map[string]jsontext.Value
	_ = json.Unmarshal(raw, &members, jsonOptions) // not even an object: it stays nameless
	text := func(name string) (s string) {
		_ = json.Unmarshal(members[name], &s, jsonOptions) // not a text: likewise
		return s
	}
	return issue.Bad{ID: text("id"), Key: text("identifier"), Err: fmt.Errorf("decode issue: %w", err)}
}
