package state

import (
	"cmp"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Act is something that a person did, or the end of it. It stands in the same
// log and the same chain as the decisions, so that the log alone tells who did
// what and when.
type Act struct {
	Seq uint64 // the store sets it
	// At is when it was done; the zero time means the batch's Now.
	At     time.Time
	Source string // "" for what concerns all sources, such as a pause
	ID     string // of the issue, "" for none
	Key    string
	Verb   Verb
	// By is who did it: an account of the tracker, or the name that an operator
	// gave. Nobody means that time or policy did it.
	By       issue.Person
	Field    issue.Field // "" for none
	From, To string      // of the field
	Plan     string
	// Rule is the lane whose rule had proposed what was accepted or declined, ""
	// for other acts.
	Rule       string
	Reason     string
	PolicyHash string
}

// Verb says what was done.
type Verb string

// What people do. More may be added; a reader passes over those it does not
// know.
const (
	Approved      Verb = "approved"       // a held plan was let through
	PausedWrites  Verb = "paused"         // all writes were stopped
	ResumedWrites Verb = "resumed"        // and go on
	UndidChange   Verb = "undone"         // a written value was taken back
	Overrode      Verb = "override_began" // a person changed what lanekeeper wrote
	Released      Verb = "override_ended" // the field is lanekeeper's again
)

// checkActs refuses acts that nobody could make sense of later.
func (b *Batch) checkActs() error {
	for n, a := range b.Acts {
		switch {
		case a.Verb == "":
			return fmt.Errorf("%w: act %d has no verb", ErrInvalid, n)
		case len(a.ID) > maxKeyLen || len(a.Key) > maxKeyLen:
			return fmt.Errorf("%w: the id or key of act %d is longer than %d bytes", ErrInvalid, n, maxKeyLen)
		}
	}
	return nil
}

// act completes the act at n: one without a source or a time has the batch's.
func (b *Batch) act(n int) Act {
	a := b.Acts[n]
	a.Source = cmp.Or(a.Source, b.Source)
	if a.At.IsZero() {
		a.At = b.Now
	}
	return a
}

// storeActs appends the acts of a batch to the log, behind its decisions.
func (d *DB) storeActs(tx *bbolt.Tx, b *Batch) error {
	if len(b.Acts) == 0 {
		return nil
	}
	log, run, days := tx.Bucket([]byte(inLog)), readChain(tx), daySpans{}
	log.FillPercent = fillRising
	for n := range b.Acts {
		a := b.act(n)
		v, err := d.codec.encodeAct(&a, run.hash)
		if err != nil {
			return err
		}
		run = chain{seq: run.seq + 1, hash: linkHash(run.hash, v)}
		days.add(v.at(), run.seq)
		if err := log.Put(seqKey(run.seq), v); err != nil {
			return err
		}
	}
	if err := run.write(tx); err != nil {
		return err
	}
	return days.write(tx)
}

// Acts visits what people did from one time up to another (exclusive), in the
// order of their numbers, until fn says false. A source of "" means all, and
// what concerns no single one. It reads in short transactions, and the visitor
// may use the store.
func (d *DB) Acts(from, to time.Time, source string, fn func(Act) bool) error {
	return walkLog(d, from, to, logValue.isAct, func(seq uint64, v logValue) (Act, bool) {
		a, err := d.codec.decodeAct(seq, v)
		if err != nil {
			d.log.Warn("skipping a damaged act in the log", "seq", seq, "err", err)
		}
		return a, err == nil && (source == "" || a.Source == source)
	}, fn)
}
