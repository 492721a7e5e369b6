package state

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
)

// The buckets of the file:
//
//	meta                  version, chain (head of the log), pause
//	sources/NAME          state of the source, and its sums, as values
//	sources/NAME/records  id → record
//	sources/NAME/keys     display key, present and former → id
//	sources/NAME/work     id, of records with changes to write
//	sources/NAME/due      time, id
//	sources/NAME/plans    time, plan
//	sources/NAME/pending  plan, position, of entries to be sent
//	sources/NAME/sent     time, plan, position
//	sources/NAME/touched  id, zero, plan, position
//	log                   number → decision
//	days                  day → first and last number of its decisions
//	plans                 plan → plan
//	entries               plan, position → entry
//	policies              hash → text
//	alerts                log, newest, live: see alertTx; made with the first alert
const (
	inMeta     = "meta"
	inSources  = "sources"
	inLog      = "log"
	inDays     = "days"
	inPlans    = "plans"
	inEntries  = "entries"
	inPolicies = "policies"

	inRecords = "records"
	inKeys    = "keys"
	inWork    = "work"
	inDue     = "due"
	inPending = "pending"
	inSent    = "sent"
	inTouched = "touched"

	keyVersion = "version"
	keyChain   = "chain"
	keyPause   = "pause"
	keyState   = "state"
	keySums    = "sums"
)

func topBuckets() []string {
	return []string{inMeta, inSources, inLog, inDays, inPlans, inEntries, inPolicies}
}

func sourceBuckets() []string {
	return []string{inRecords, inKeys, inWork, inDue, inPlans, inPending, inSent, inTouched}
}

// migration brings a file from the schema before to this one, in one
// transaction.
type migration struct {
	name string
	run  func(*DB, *bbolt.Tx) error
}

// migrations lists the steps from schema 0 on; the schema of this program is
// their number. A step is never changed after a release, only followed.
func migrations() []migration {
	return []migration{
		// Schema 0 has records and nothing that is derived from them.
		{"build indexes and totals", (*DB).rebuildAll},
	}
}

// migrate brings the file to the newest schema. A new file starts there.
func (d *DB) migrate(readOnly bool, steps []migration) error {
	want := uint64(len(steps))
	have, fresh, err := d.version()
	switch {
	case err != nil:
		return err
	case fresh && readOnly:
		return &Error{Path: d.path, Kind: ErrMissing, Hint: "it is empty; let lanekeeper run once"}
	case fresh:
		return d.update(func(tx *bbolt.Tx) error { return setVersion(tx, want) })
	case have > want, have < want && readOnly:
		return &VersionError{Path: d.path, Have: have, Want: want}
	}
	for n := have; n < want; n++ {
		d.log.Info("migrating the state", "path", d.path, "to", n+1, "step", steps[n].name)
		err := d.update(func(tx *bbolt.Tx) error {
			if err := setVersion(tx, n+1); err != nil {
				return err
			}
			return steps[n].run(d, tx)
		})
		if err != nil {
			return fmt.Errorf("migrate to schema %d (%s): %w", n+1, steps[n].name, err)
		}
	}
	return nil
}

// version reads the schema of the file; fresh tells that it holds nothing yet.
func (d *DB) version() (v uint64, fresh bool, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		v, fresh, err = versionOf(tx)
		return err
	})
	return v, fresh, err
}

func versionOf(tx *bbolt.Tx) (v uint64, fresh bool, err error) {
	if k, _ := tx.Cursor().First(); k == nil {
		return 0, true, nil
	}
	meta := tx.Bucket([]byte(inMeta))
	if meta == nil {
		if tx.Bucket([]byte(inSources)) == nil {
			return 0, false, fmt.Errorf("%w: this is not a state file of lanekeeper; correct state.path", ErrCorrupt)
		}
		return 0, false, nil
	}
	if b := meta.Get([]byte(keyVersion)); len(b) == 8 {
		v = binary.BigEndian.Uint64(b)
	}
	return v, false, nil
}

// setVersion makes the buckets that are missing and notes the schema.
func setVersion(tx *bbolt.Tx, v uint64) error {
	for _, name := range topBuckets() {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	return tx.Bucket([]byte(inMeta)).Put([]byte(keyVersion), seqKey(v))
}

// sourceTx are the buckets of one source in a transaction.
type sourceTx struct {
	name                           string
	root, records, keys, work, due *bbolt.Bucket
	plans, pending, sent, touched  *bbolt.Bucket
}

// sourceOf opens the buckets of a source; nil where nothing is known of it.
func sourceOf(tx *bbolt.Tx, name string) *sourceTx {
	if name == "" {
		return nil
	}
	root := tx.Bucket([]byte(inSources)).Bucket([]byte(name))
	if root == nil {
		return nil
	}
	in := func(b string) *bbolt.Bucket { return root.Bucket([]byte(b)) }
	return &sourceTx{
		name: name, root: root, records: in(inRecords), keys: in(inKeys), work: in(inWork), due: in(inDue),
		plans: in(inPlans), pending: in(inPending), sent: in(inSent), touched: in(inTouched),
	}
}

// makeSource opens the buckets of a source and makes those that are missing.
func makeSource(tx *bbolt.Tx, name string) (*sourceTx, error) {
	if name == "" {
		return nil, fmt.Errorf("%w: it names no source", ErrInvalid)
	}
	root, err := tx.Bucket([]byte(inSources)).CreateBucketIfNotExists([]byte(name))
	if err != nil {
		return nil, err
	}
	for _, b := range sourceBuckets() {
		if _, err := root.CreateBucketIfNotExists([]byte(b)); err != nil {
			return nil, err
		}
	}
	return sourceOf(tx, name), nil
}

// sourceNames lists the sources in order.
func sourceNames(tx *bbolt.Tx) []string {
	var names []string
	c := tx.Bucket([]byte(inSources)).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if v == nil {
			names = append(names, string(k))
		}
	}
	return names
}

// chain is the head of the log: the number of its newest entry and the hash
// over all of them.
type chain struct {
	seq  uint64
	hash [32]byte
}

func readChain(tx *bbolt.Tx) (c chain) {
	if b := tx.Bucket([]byte(inMeta)).Get([]byte(keyChain)); len(b) == 8+32 {
		c.seq = binary.BigEndian.Uint64(b)
		c.hash = [32]byte(b[8:])
	}
	return c
}

func (c chain) write(tx *bbolt.Tx) error {
	return tx.Bucket([]byte(inMeta)).Put([]byte(keyChain), append(seqKey(c.seq), c.hash[:]...))
}
