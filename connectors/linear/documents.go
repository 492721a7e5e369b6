package linear

import (
	"encoding/json"
	"reflect"
	"regexp"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// wants says whether a field with a when tag is asked for.
type wants func(when string) bool

func wantsOf(in issue.Inputs, o Options, s Settings) wants {
	return func(when string) bool {
		switch when {
		case "":
			return true
		case "emails":
			return o.Emails
		case "sla":
			return s.Dates == DatesSLA
		}
		f, ok := issue.ParseInput(when)
		return ok && in.Has(f)
	}
}

var (
	unmarshaler = reflect.TypeFor[json.Unmarshaler]()
	nestedFirst = regexp.MustCompile(`\(first: [0-9]+\)`)
)

// prune builds the type of a selection: t without the fields that nobody
// wants. The library writes documents by reflection, so this is how a policy
// that reads no customers gets documents without them. A wide selection takes
// as many entries of each nested list as Linear gives.
func prune(t reflect.Type, want wants, wide bool) reflect.Type {
	switch t.Kind() {
	case reflect.Pointer:
		return reflect.PointerTo(prune(t.Elem(), want, wide))
	case reflect.Slice:
		return reflect.SliceOf(prune(t.Elem(), want, wide))
	case reflect.Struct:
		if reflect.PointerTo(t).Implements(unmarshaler) {
			return t
		}
		return pruneStruct(t, want, wide)
	}
	return t
}

func pruneStruct(t reflect.Type, want wants, wide bool) reflect.Type {
	var fields []reflect.StructField
	for f := range t.Fields() {
		if !want(f.Tag.Get("when")) {
			continue
		}
		kept := reflect.StructField{Name: f.Name, Type: prune(f.Type, want, wide)}
		if tag, ok := f.Tag.Lookup("graphql"); ok {
			if wide {
				tag = nestedFirst.ReplaceAllString(tag, "(first: 250)")
			}
			kept.Tag = reflect.StructTag(`graphql:"` + tag + `"`)
		}
		fields = append(fields, kept)
	}
	return reflect.StructOf(fields)
}

// document is a query with one root list of nodes, priced.
type document struct {
	query any     // a pointer to the struct that the library writes it from
	node  float64 // points of one node
	size  sizer
}

// The roots of the issue documents. Every one gives its page size.
const (
	rootChanged = "issues(first: $first, after: $after, filter: $filter, orderBy: updatedAt, includeArchived: true)"
	rootScan    = "issues(first: $first, after: $after, filter: $filter, orderBy: createdAt, includeArchived: false)"
	rootByID    = "issues(first: $first, after: $after, filter: $filter, includeArchived: true)"
)

// documentOf makes a document of a root and the type of its nodes.
func documentOf(root string, node reflect.Type) *document {
	list := reflect.StructOf([]reflect.StructField{
		{Name: "Nodes", Type: reflect.SliceOf(node)},
		{Name: "PageInfo", Type: reflect.TypeFor[pageInfo]()},
	})
	query := reflect.StructOf([]reflect.StructField{
		{Name: "Root", Type: list, Tag: reflect.StructTag(`graphql:"` + root + `"`)},
	})
	d := &document{query: reflect.New(query).Interface(), node: points(node)}
	d.size.now, d.size.most = d.fit(maxPoints/2), d.fit(maxPoints*95/100)
	return d
}

// documents are the issue documents of one client.
type documents struct {
	changed, scan, byID, wide, ids, history, older, written, comments, more *document
}

func newDocuments(want wants) *documents {
	node := prune(reflect.TypeFor[issueNode](), want, false)
	return &documents{
		changed: documentOf(rootChanged, node),
		scan:    documentOf(rootScan, node),
		byID:    documentOf(rootByID, node),
		wide:    documentOf(rootByID, prune(reflect.TypeFor[issueNode](), want, true)),
		ids:     documentOf(rootScan, reflect.TypeFor[scanNode]()),
		history: documentOf(rootByID, prune(reflect.TypeFor[issueHistory](), want, false)),
		written: documentOf(rootByID, reflect.TypeFor[writtenNode]()),
		older:   documentOf(rootByID, prune(reflect.TypeFor[olderHistory](), want, false)),

		comments: documentOf(rootByID, prune(reflect.TypeFor[issueComments](), want, false)),
		more:     documentOf(rootByID, prune(reflect.TypeFor[moreComments](), want, false)),
	}
}
