package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"reflect"
	"time"

	"github.com/lanekeeper/lanekeeper/policy"
)

// encoder turns updates into stored values before the transaction begins, so
// that other writers wait only for what must be done inside it. All values of a
// batch lie in one buffer, which must live until the transaction ends.
type encoder struct {
	codec    *codec
	buf      bytes.Buffer
	updates  []encoded
	record   storedRecord // scratch
	decision storedDecision
}

// encoded is one update as far as it is known before the transaction.
type encoded struct {
	start, end       int // of the record
	logStart, logEnd int // equal where nothing is logged
	same             bool
	facts            facts
}

func newEncoder(c *codec) *encoder { return &encoder{codec: c} }

// maxKept bounds the buffer that an idle encoder keeps.
const maxKept = 4 << 20

// reset forgets the batch and whatever it referred to.
func (e *encoder) reset() {
	if e.buf.Cap() > maxKept {
		e.buf = bytes.Buffer{}
	}
	e.buf.Reset()
	clear(e.updates)
	e.updates = e.updates[:0]
	e.record, e.decision = storedRecord{}, storedDecision{}
}

// add encodes one update.
func (e *encoder) add(source string, u *Update, now time.Time) error {
	x := encoded{facts: factsOf(u.Record), start: e.buf.Len()}
	bodyEnd, err := e.addRecord(u.Record)
	if err != nil {
		return err
	}
	x.end = e.buf.Len()
	if u.Decision != nil {
		x.logStart = x.end
		x.same = sameDecision(u.Decision, &u.Record.Decision)
		if err := e.addLogged(source, u, now, bodyEnd, x); err != nil {
			return err
		}
		x.logEnd = e.buf.Len()
	}
	e.updates = append(e.updates, x)
	return nil
}

// addRecord writes header, body and decision and returns where the body ends.
func (e *encoder) addRecord(r *Record) (bodyEnd int, err error) {
	start := e.buf.Len()
	e.buf.Write(make([]byte, recordHeader))
	e.record = storeRecord(e.codec.words, r, nil)
	if err := e.codec.enc.MarshalToBuffer(&e.record, &e.buf); err != nil {
		return 0, fmt.Errorf("encode record: %w", err)
	}
	bodyEnd = e.buf.Len()
	e.decision.set(e.codec.words, &r.Decision)
	if err := e.codec.enc.MarshalToBuffer(&e.decision, &e.buf); err != nil {
		return 0, fmt.Errorf("encode decision: %w", err)
	}
	header := e.buf.Bytes()[start:]
	header[0] = valueVersion
	binary.BigEndian.PutUint32(header[9:], uint32(bodyEnd-start-recordHeader))
	return bodyEnd, nil
}

// addLogged writes the log entry as it is for an issue without a past.
func (e *encoder) addLogged(source string, u *Update, now time.Time, bodyEnd int, x encoded) error {
	start := e.buf.Len()
	e.buf.Write(make([]byte, logHeader+linkLen))
	head := storedHead{Source: source, ID: u.Record.Issue.ID, Key: u.Record.Issue.Key, Cause: u.Cause}
	if err := e.codec.enc.MarshalToBuffer(&head, &e.buf); err != nil {
		return fmt.Errorf("encode log entry: %w", err)
	}
	headLen := e.buf.Len() - start - logHeader - linkLen
	if x.same {
		e.buf.Write(e.buf.Bytes()[bodyEnd:x.end])
	} else {
		e.decision.set(e.codec.words, u.Decision)
		if err := e.codec.enc.MarshalToBuffer(&e.decision, &e.buf); err != nil {
			return fmt.Errorf("encode decision: %w", err)
		}
	}
	at := u.Decision.At
	if at.IsZero() {
		at = now
	}
	header := e.buf.Bytes()[start:]
	header[0] = linkedVersion
	binary.BigEndian.PutUint64(header[1:], uint64(millis(at)))
	binary.BigEndian.PutUint32(header[17:], uint32(headLen))
	return nil
}

// recordOf is the encoded record of the update at n.
func (e *encoder) recordOf(n int) recordValue {
	x := &e.updates[n]
	return recordValue(e.buf.Bytes()[x.start:x.end:x.end])
}

// loggedOf is its log entry, nil where nothing is logged.
func (e *encoder) loggedOf(n int) logValue {
	x := &e.updates[n]
	if x.logStart == x.logEnd {
		return nil
	}
	return logValue(e.buf.Bytes()[x.logStart:x.logEnd:x.logEnd])
}

// encodeRecord encodes a record on its own, with its former keys.
func (c *codec) encodeRecord(r *Record, oldKeys []string) (recordValue, error) {
	e := newEncoder(c)
	if _, err := e.addRecord(r); err != nil {
		return nil, err
	}
	if len(oldKeys) == 0 {
		return e.buf.Bytes(), nil
	}
	decision := bytes.Clone(recordValue(e.buf.Bytes()).decision())
	body := storeRecord(c.words, r, oldKeys)
	b, err := c.enc.Marshal(&body)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	out := append(make(recordValue, 0, recordHeader+len(b)+len(decision)), valueVersion, 0, 0, 0, 0, 0, 0, 0, 0)
	out = binary.BigEndian.AppendUint32(out, uint32(len(b)))
	return append(append(out, b...), decision...), nil
}

// decodeRecord reads a record whose decision was found.
func (c *codec) decodeRecord(source, id string, v recordValue, decision []byte) (*Record, error) {
	var body storedRecord
	if err := c.dec.Unmarshal(v.body(), &body); err != nil {
		return nil, err
	}
	var d storedDecision
	if err := c.dec.Unmarshal(decision, &d); err != nil {
		return nil, fmt.Errorf("decision: %w", err)
	}
	r := body.load(c.words, source, id)
	r.Decision, r.LoggedAs = d.load(c.words), v.loggedAs()
	return r, nil
}

// decodeLogged reads a log entry that passed check.
func (c *codec) decodeLogged(seq uint64, v logValue) (Logged, error) {
	var head storedHead
	if err := c.dec.Unmarshal(v.head(), &head); err != nil {
		return Logged{}, err
	}
	var d storedDecision
	if err := c.dec.Unmarshal(v.decision(), &d); err != nil {
		return Logged{}, fmt.Errorf("decision: %w", err)
	}
	return Logged{
		Seq: seq, Previous: v.previous(), Source: head.Source, ID: head.ID, Key: head.Key, Cause: head.Cause,
		Before: head.before(), Decision: d.load(c.words),
	}, nil
}

// sameDecision tells whether the decision to log is the one in the record.
// Usually they share their lists, which makes this cheap.
func sameDecision(a, b *policy.Decision) bool {
	return a == b || reflect.DeepEqual(a, b)
}

// linkHash is the chain's next hash: over the one before and the entry.
func linkHash(before [32]byte, entry []byte) (next [32]byte) {
	h := sha256.New()
	h.Write(before[:])
	h.Write(entry)
	h.Sum(next[:0])
	return next
}
