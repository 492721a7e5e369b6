package lineartest

import (
	"cmp"
	"slices"
	"time"
)

// orders are the two orders that a list of issues can be asked in.
type orders struct{ created, updated order }

func newOrders() *orders {
	return &orders{created: order{by: byCreated}, updated: order{by: byUpdated}}
}

func (o *orders) add(r *record) {
	o.created.insert(r)
	o.updated.insert(r)
}

func (o *orders) drop(r *record) {
	o.created.remove(r)
	o.updated.remove(r)
}

func (o *orders) in(field string) *order {
	if field == "updatedAt" {
		return &o.updated
	}
	return &o.created
}

func byCreated(i *Issue) time.Time { return i.CreatedAt }
func byUpdated(i *Issue) time.Time { return i.UpdatedAt }

// place is a position in an order: a time, and the record's number among those
// of the same time.
type place struct{ at, seq int64 }

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.at, q.at), cmp.Compare(p.seq, q.seq))
}

type slot struct {
	place
	r *record
}

// order keeps records oldest first. Moving one is a search and a shift of
// memory, which for 100,000 records takes microseconds.
type order struct {
	by    func(*Issue) time.Time
	slots []slot
	loose bool // slots were appended unsorted
}

func placeOf(by func(*Issue) time.Time, r *record) place {
	return place{by(&r.Issue).UnixMilli(), r.seq}
}

func (o *order) insert(r *record) {
	s := slot{placeOf(o.by, r), r}
	if n := len(o.slots); n > 0 && o.slots[n-1].compare(s.place) > 0 {
		o.loose = true
	}
	o.slots = append(o.slots, s)
}

func (o *order) remove(r *record) {
	o.tidy()
	if i, ok := o.search(placeOf(o.by, r)); ok {
		o.slots = slices.Delete(o.slots, i, i+1)
	}
}

// tidy sorts after insertions out of order, such as a load.
func (o *order) tidy() {
	if !o.loose {
		return
	}
	slices.SortFunc(o.slots, func(a, b slot) int { return a.compare(b.place) })
	o.loose = false
}

func (o *order) search(p place) (int, bool) {
	o.tidy()
	return slices.BinarySearchFunc(o.slots, p, func(s slot, p place) int { return s.compare(p) })
}
