package state

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// How full pages are left. Where keys only rise nothing is ever inserted
// between, so pages may be full; elsewhere they need room.
const (
	fillRising    = 1.0
	fillScattered = 0.7
)

// Mapped memory is given back after so many records: one that is put among
// others reads a page of its own, and the system maps its neighbours with it.
const (
	releaseRising    = 2000
	releaseScattered = 250
)

// maxKeyLen bounds ids and display keys; trackers use far less.
const maxKeyLen = 1 << 10

// Commit stores a batch in one transaction, on disk when it returns. It sets
// LoggedAs of the batch's records. Of two updates of one issue the later one
// stays and both decisions are logged.
//
// There is no way to let several commits share one sync: the file is sound
// after a power failure only because each commit syncs its pages before the
// page that makes them valid. Who wants fewer syncs makes larger batches.
func (d *DB) Commit(b Batch) error {
	if err := b.check(); err != nil {
		return err
	}
	e := d.writers.Get().(*encoder)
	defer func() { e.reset(); d.writers.Put(e) }()
	for n := range b.Updates {
		if err := e.add(b.Source, &b.Updates[n], b.Now); err != nil {
			return fmt.Errorf("%s: %w", b.Updates[n].Record.Issue.Ref(), err)
		}
	}
	seqs := make([]uint64, len(b.Updates))
	if err := d.update(func(tx *bbolt.Tx) error { return d.store(tx, &b, e, seqs) }); err != nil {
		return err
	}
	for n, u := range b.Updates {
		u.Record.LoggedAs = seqs[n]
		if d.damaged.any(b.Source) {
			d.damaged.remove(b.Source, u.Record.Issue.ID)
		}
	}
	return nil
}

// check refuses what could not be found again.
func (b *Batch) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
	}
	if b.Source == "" && (len(b.Updates) > 0 || b.State != nil || len(b.Introduced) > 0) {
		return bad("it names no source")
	}
	for n, u := range b.Updates {
		switch {
		case u.Record == nil:
			return bad("update %d has no record", n)
		case u.Record.Issue.ID == "":
			return bad("the issue %s has no id", u.Record.Issue.Ref())
		case len(u.Record.Issue.ID) > maxKeyLen || len(u.Record.Issue.Key) > maxKeyLen:
			return bad("the id or key of update %d is longer than %d bytes", n, maxKeyLen)
		}
	}
	for _, e := range b.Entries {
		if b.sourceOf(&e) == "" || !validPlan(e.Plan) || e.N < 0 || e.ID == "" || len(e.ID) > maxKeyLen {
			return bad("entry %d of plan %q needs a source, a plan, a position and an issue id", e.N, e.Plan)
		}
	}
	if p := b.Plan; p != nil && (!validPlan(p.ID) || (p.Source == "" && b.Source == "")) {
		return bad("plan %q needs a source and an id without zero bytes", p.ID)
	}
	return b.checkActs()
}

func validPlan(id string) bool {
	return id != "" && len(id) <= maxKeyLen && strings.IndexByte(id, 0) < 0
}

func (b *Batch) sourceOf(e *Entry) string {
	if e.Source != "" {
		return e.Source
	}
	return b.Source
}

// store does the work of Commit inside the transaction.
func (d *DB) store(tx *bbolt.Tx, b *Batch, e *encoder, seqs []uint64) error {
	if err := storeIntroduced(tx, b); err != nil {
		return err
	}
	if len(b.Updates) > 0 {
		if err := d.storeUpdates(tx, b, e, seqs); err != nil {
			return err
		}
	}
	if b.State != nil {
		s, err := makeSource(tx, b.Source)
		if err != nil {
			return err
		}
		stored := storeSource(b.State)
		if err := d.put(s.root, keyState, &stored); err != nil {
			return err
		}
	}
	if err := d.storePolicies(tx, b); err != nil {
		return err
	}
	if b.Plan != nil {
		if err := d.storePlan(tx, b); err != nil {
			return err
		}
	}
	if b.Pause != nil {
		if err := d.putPause(tx, *b.Pause); err != nil {
			return err
		}
	}
	if err := d.storeActs(tx, b); err != nil {
		return err
	}
	return d.storeEntries(tx, b)
}

// put stores a small value.
func (d *DB) put(b *bbolt.Bucket, key string, v any) error {
	value, err := d.codec.value(v)
	if err != nil {
		return err
	}
	return b.Put([]byte(key), value)
}

// updater is the work on the updates of one batch.
type updater struct {
	*DB
	tx      *bbolt.Tx
	s       *sourceTx
	log     *bbolt.Bucket
	chain   chain
	sums    sums
	days    daySpans
	release int    // after how many records mapped memory is given back
	newest  []byte // the greatest id before this batch; all above it are new
	key     []byte // scratch
	damaged bool   // an old record did not decode: derive anew
}

func (d *DB) storeUpdates(tx *bbolt.Tx, b *Batch, e *encoder, seqs []uint64) error {
	s, err := makeSource(tx, b.Source)
	if err != nil {
		return err
	}
	u := &updater{DB: d, tx: tx, s: s, log: tx.Bucket([]byte(inLog)), chain: readChain(tx), days: daySpans{}}
	if err := d.readSums(s, &u.sums); err != nil {
		u.damaged = true
	}
	u.tune(b)
	for n := range b.Updates {
		if seqs[n], err = u.store(&b.Updates[n], e, n); err != nil {
			return fmt.Errorf("store %s: %w", b.Updates[n].Record.Issue.Ref(), err)
		}
	}
	if err := u.chain.write(tx); err != nil {
		return err
	}
	if err := u.days.write(tx); err != nil {
		return err
	}
	if u.damaged {
		return d.rebuild(tx, s)
	}
	return d.put(s.root, keySums, &u.sums)
}

// tune leaves pages full where this batch only appends.
func (u *updater) tune(b *Batch) {
	newest, _ := u.s.records.Cursor().Last()
	u.newest = slices.Clone(newest)
	last, fill := slices.Clone(newest), fillRising
	u.release = releaseRising
	for n := range b.Updates {
		u.key = appendID(u.key[:0], b.Updates[n].Record.Issue.ID)
		if bytes.Compare(u.key, last) <= 0 {
			fill, u.release = fillScattered, releaseScattered
			break
		}
		last = append(last[:0], u.key...)
	}
	u.s.records.FillPercent = fill
	u.s.keys.FillPercent = fill
	u.s.work.FillPercent = fill
	u.log.FillPercent = fillRising
}

// store upserts one record, logs its decision and keeps everything derived. It
// returns the number of the record's newest logged decision.
func (u *updater) store(up *Update, e *encoder, n int) (uint64, error) {
	if u.sinceRelease++; u.sinceRelease >= u.release {
		release(u.bolt, u.tx)
		u.sinceRelease = 0
	}
	id := appendID(u.key[:0], up.Record.Issue.ID)
	u.key = id
	value, logged, f := e.recordOf(n), e.loggedOf(n), &e.updates[n].facts
	old, err := u.old(id)
	if err != nil {
		return 0, err
	}
	var seq uint64
	if old != nil {
		seq = old.loggedAs
		if f.oldKeys = formerKeys(old, f.key); len(f.oldKeys) > 0 {
			if value, err = u.codec.encodeRecord(up.Record, f.oldKeys); err != nil {
				return 0, err
			}
		}
	}
	switch {
	case logged != nil:
		if seq, err = u.append(up, logged, old); err != nil {
			return 0, err
		}
		if e.updates[n].same {
			value = value.withoutDecision()
		}
	case seq != 0 && bytes.Equal(logValue(u.log.Get(seqKey(seq))).decisionOrNil(), value.decision()):
		value = value.withoutDecision()
	}
	value.setLoggedAs(seq)
	f.loggedAs = seq
	if err := u.s.records.Put(id, value); err != nil {
		return 0, err
	}
	if old != nil {
		u.sums.add(old, -1)
	}
	u.sums.add(f, 1)
	return seq, u.s.index(old, f, slices.Clone(id))
}

// old reads the facts of the record that is about to be replaced, nil where
// there is none. For a damaged one only its place in the log is saved.
func (u *updater) old(id []byte) (*facts, error) {
	if bytes.Compare(id, u.newest) > 0 {
		// Above everything before this batch; only an earlier update of the
		// batch can have stored it.
		u.newest = append(u.newest[:0], id...)
		return nil, nil
	}
	v := recordValue(u.s.records.Get(id))
	if v == nil {
		return nil, nil
	}
	f, err := u.facts(u.tx, v)
	if err == nil {
		return &f, nil
	}
	u.damaged = true
	f = facts{}
	if len(v) >= recordHeader {
		f.loggedAs = u.ownEntry(v.loggedAs(), id)
	}
	return &f, nil
}

// ownEntry returns seq if it is the number of an entry of this issue, else 0.
func (u *updater) ownEntry(seq uint64, id []byte) uint64 {
	v := logValue(u.log.Get(seqKey(seq)))
	if v.check() != nil {
		return 0
	}
	l, err := u.codec.decodeLogged(seq, v)
	if err != nil || l.Source != u.s.name || !bytes.Equal(appendID(nil, l.ID), id) {
		return 0
	}
	return seq
}

// append adds an entry to the log and the chain.
func (u *updater) append(up *Update, v logValue, old *facts) (uint64, error) {
	if old != nil {
		if before := old.outcome(); before != (Outcome{}) {
			head, err := u.codec.enc.Marshal(&storedHead{
				Source: u.s.name, ID: up.Record.Issue.ID, Key: up.Record.Issue.Key, Cause: up.Cause,
				Lane: before.Lane, Priority: uint8(before.Priority), Score: before.Score,
			})
			if err != nil {
				return 0, err
			}
			v = v.withHead(head)
		}
		v.setPrevious(old.loggedAs)
	}
	v.setBefore(u.chain.hash)
	u.chain.seq++
	u.chain.hash = linkHash(u.chain.hash, v)
	u.days.add(v.at(), u.chain.seq)
	return u.chain.seq, u.log.Put(seqKey(u.chain.seq), v)
}

// formerKeys are the keys that the issue had and has no more, oldest first.
func formerKeys(old *facts, key string) []string {
	if len(old.oldKeys) == 0 && (old.key == key || old.key == "") {
		return nil
	}
	var keys []string
	for _, k := range append(slices.Clone(old.oldKeys), old.key) {
		if k != key && k != "" && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func (d *DB) readSums(s *sourceTx, t *sums) error {
	b := s.root.Get([]byte(keySums))
	if b == nil {
		return nil
	}
	return d.codec.read(b, t)
}

// daySpans are the first and last log numbers by day.
type daySpans map[uint32][2]uint64

const dayMillis = int64(24 * time.Hour / time.Millisecond)

// dayOf is the number of the UTC day, kept within what the key can hold.
func dayOf(ms int64) uint32 {
	return uint32(min(max(ms/dayMillis, 0), 1<<32-1))
}

func (s daySpans) add(ms int64, seq uint64) {
	day := dayOf(ms)
	span, ok := s[day]
	if !ok {
		span[0] = seq
	}
	span[1] = seq
	s[day] = span
}

func (s daySpans) write(tx *bbolt.Tx) error {
	b := tx.Bucket([]byte(inDays))
	for _, day := range slices.Sorted(maps.Keys(s)) {
		key, span := binary.BigEndian.AppendUint32(nil, day), s[day]
		if old := b.Get(key); len(old) == 16 {
			span[0] = min(span[0], binary.BigEndian.Uint64(old))
		}
		if err := b.Put(key, append(seqKey(span[0]), seqKey(span[1])...)); err != nil {
			return err
		}
	}
	return nil
}
