package linear

import (
	"math"
	"reflect"
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// The worked examples of Linear's documentation.
func TestPointsOfTheDocumentation(t *testing.T) {
	type node struct{ ID, Title, CreatedAt string }
	type list struct{ Nodes []node }
	for _, tc := range []struct {
		name string
		doc  any
		want float64
	}{
		{"user{name}", struct{ User struct{ Name string } }{}, 2},
		{"50 nodes without first (trap 4)", struct {
			User struct{ CreatedIssues list }
		}{}, 66},
		{"first: 10", struct {
			User struct {
				CreatedIssues list `graphql:"createdIssues(first: 10)"`
			}
		}{}, 14},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := math.Ceil(children(reflect.TypeOf(tc.doc), 0)); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestPagesFitTheLimit(t *testing.T) {
	for _, in := range []issue.Inputs{issue.InputManaged, issue.InputManaged | issue.InputLinks, issue.InputManaged | issue.InputCustomers, ^issue.Inputs(0)} {
		d := newDocuments(wantsOf(in, Options{Emails: true}, Settings{Dates: DatesSLA}))
		for name, doc := range map[string]*document{"changed": d.changed, "scan": d.scan, "byID": d.byID, "wide": d.wide, "ids": d.ids, "history": d.history, "written": d.written} {
			if doc.price(doc.size.get()) > maxPoints/2+int(doc.node)+1 && doc.size.get() > 1 {
				t.Errorf("%s with %v begins at %d points", name, in, doc.price(doc.size.get()))
			}
			if p := doc.price(doc.size.most); p >= maxPoints {
				t.Errorf("%s with %v grows to %d points", name, in, p)
			}
		}
	}
	plain := newDocuments(wantsOf(issue.InputManaged, Options{}, Settings{}))
	if got := plain.scan.size.get(); got != maxFirst {
		t.Errorf("without nested lists a page holds %d", got)
	}
}

func TestPageSizeHalvesAndCreepsUp(t *testing.T) {
	s := sizer{now: 100, most: 180}
	if !s.shrink(100) || s.get() != 50 {
		t.Errorf("after a refusal the size is %d", s.get())
	}
	s.shrink(100) // another page of the old size, refused at the same time
	if s.get() != 50 {
		t.Errorf("a second refusal of the same size made it %d", s.get())
	}
	for range 100 * creepAfter {
		s.grow(s.get())
	}
	if s.get() != 90 {
		t.Errorf("it creeps up to %d, want to stay below what was refused", s.get())
	}
	s.now = 1
	if s.shrink(1) {
		t.Error("one node cannot be halved")
	}
}
