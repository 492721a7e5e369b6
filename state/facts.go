package state

import (
	"fmt"
	"slices"
	"sync"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"go.etcd.io/bbolt"
)

// The heads are the parts of stored values that facts are read from; the rest
// is skipped.

type issueHead struct {
	Key      string         `cbor:"0,keyasint"`
	Category issue.Category `cbor:"8,keyasint"`
	Estimate float64        `cbor:"20,keyasint"`
	Gone     bool           `cbor:"-7,keyasint"`
}

type overrideHead struct {
	Field     issue.Field `cbor:"1,keyasint"`
	Contested []string    `cbor:"11,keyasint"`
}

type parkedHead struct {
	Since int64 `cbor:"1,keyasint"`
}

type postMortemHead struct {
	Lane   string `cbor:"1,keyasint"`
	Closed int64  `cbor:"2,keyasint"`
	Done   int64  `cbor:"5,keyasint"`
}

type recordHead struct {
	Issue       issueHead      `cbor:"1,keyasint"`
	Overrides   []overrideHead `cbor:"4,keyasint"`
	Parked      *parkedHead    `cbor:"6,keyasint"`
	Seen        int64          `cbor:"8,keyasint"`
	Outstanding int            `cbor:"10,keyasint"`
	Due         int64          `cbor:"11,keyasint"`
	OldKeys     []string       `cbor:"12,keyasint"`

	PostMortem *postMortemHead `cbor:"17,keyasint"`
}

type decisionHead struct {
	Policy     []byte            `cbor:"2,keyasint"`
	PolicyText string            `cbor:"21,keyasint"`
	Lane       string            `cbor:"4,keyasint"`
	Score      float64           `cbor:"6,keyasint"`
	Priority   uint8             `cbor:"11,keyasint"`
	Marks      map[string]string `cbor:"12,keyasint"`
}

// facts reads what indexes and totals need from a stored record.
func (d *DB) facts(tx *bbolt.Tx, v recordValue) (facts, error) {
	if err := v.check(); err != nil {
		return facts{}, err
	}
	decision, err := decisionOf(tx, v)
	if err != nil {
		return facts{}, err
	}
	return d.codec.facts(v, decision)
}

// facts reads a record whose decision was found.
func (c *codec) facts(v recordValue, decision []byte) (facts, error) {
	var r recordHead
	if err := c.dec.Unmarshal(v.body(), &r); err != nil {
		return facts{}, err
	}
	var o decisionHead
	if err := c.dec.Unmarshal(decision, &o); err != nil {
		return facts{}, fmt.Errorf("decision: %w", err)
	}
	f := facts{
		key: foldKey(r.Issue.Key), oldKeys: r.OldKeys, loggedAs: v.loggedAs(),
		gone: r.Issue.Gone, open: !r.Issue.Gone && r.Issue.Category.Open(), parked: r.Parked != nil,
		outstanding: r.Outstanding, due: r.Due, seen: r.Seen, estimate: r.Issue.Estimate,
		lane: c.words.unpack(o.Lane), priority: o.Priority, score: o.Score, marks: o.Marks, policy: unpackHash(o.Policy, o.PolicyText),
	}
	for _, w := range r.Overrides {
		f.overrides = append(f.overrides, w.Field)
		f.contested = append(f.contested, w.Contested...)
	}
	if p := r.PostMortem; p != nil && p.Closed != 0 && p.Done == 0 {
		f.postMortem, f.lookedBack = true, p.Lane
	}
	return f, nil
}

// decisionOf finds the decision of a record: behind its body, or in the log.
func decisionOf(tx *bbolt.Tx, v recordValue) ([]byte, error) {
	if b := v.decision(); len(b) > 0 {
		return b, nil
	}
	entry := logValue(tx.Bucket([]byte(inLog)).Get(seqKey(v.loggedAs())))
	if err := entry.check(); err != nil {
		return nil, fmt.Errorf("logged decision %d: %w", v.loggedAs(), err)
	}
	return entry.decision(), nil
}

// damage remembers records that did not decode when they were read.
type damage struct {
	mu  sync.Mutex
	ids map[string]map[string]bool
}

// add notes an id and tells whether it is new.
func (d *damage) add(source, id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ids == nil {
		d.ids = map[string]map[string]bool{}
	}
	if d.ids[source] == nil {
		d.ids[source] = map[string]bool{}
	}
	known := d.ids[source][id]
	d.ids[source][id] = true
	return !known
}

func (d *damage) remove(source, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.ids[source], id)
}

func (d *damage) any(source string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.ids[source]) > 0
}

func (d *damage) list(source string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var ids []string
	for id := range d.ids[source] {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

// found reports a record that does not decode, once.
func (d *DB) found(source string, key []byte, err error) {
	id, idErr := parseID(key)
	if idErr != nil {
		d.log.Warn("skipping a record with a damaged key", "source", source, "key", fmt.Sprintf("%x", key), "err", err)
		return
	}
	if d.damaged.add(source, id) {
		d.log.Warn("skipping a damaged record; it will be read again from the tracker", "source", source, "id", id, "err", err)
	}
}
