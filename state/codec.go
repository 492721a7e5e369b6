package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// valueVersion is the first byte of every stored value. Fields that are added
// need no new version: unknown keys are skipped and missing ones are zero.
const valueVersion = 1

var (
	errValueVersion = errors.New("value of an unknown version")
	errShort        = errors.New("value is cut short")
)

// codec writes and reads values as deterministic CBOR (RFC 8949 §4.2.1). Text
// that is not UTF-8 comes back as it was.
type codec struct {
	enc   cbor.UserBufferEncMode
	dec   cbor.DecMode
	words wordBook
}

func newCodec() (*codec, error) {
	enc, err := cbor.CoreDetEncOptions().UserBufferEncMode()
	if err != nil {
		return nil, fmt.Errorf("cbor encoder: %w", err)
	}
	dec, err := cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		UTF8:             cbor.UTF8DecodeInvalid,
		MaxNestedLevels:  16,
		MaxArrayElements: 1 << 20,
		MaxMapPairs:      1 << 20,
	}.DecMode()
	if err != nil {
		return nil, fmt.Errorf("cbor decoder: %w", err)
	}
	return &codec{enc: enc, dec: dec, words: newWordBook()}, nil
}

// value encodes a small value: the version byte and one item.
func (c *codec) value(v any) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, 128))
	buf.WriteByte(valueVersion)
	if err := c.enc.MarshalToBuffer(v, buf); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// read decodes what value encoded.
func (c *codec) read(b []byte, v any) error {
	if len(b) == 0 {
		return errShort
	}
	if b[0] != valueVersion {
		return fmt.Errorf("%w: %d", errValueVersion, b[0])
	}
	return c.dec.Unmarshal(b[1:], v)
}

// A record is the version byte, the number of the newest logged decision in 8
// bytes, the length of the body in 4, the body, and the decision. The decision
// is absent where it is byte for byte the logged one, which saves a third of
// the file.
const recordHeader = 1 + 8 + 4

// recordValue is a view of an encoded record.
type recordValue []byte

func (v recordValue) check() error {
	switch {
	case len(v) < recordHeader:
		return errShort
	case v[0] != valueVersion:
		return fmt.Errorf("%w: %d", errValueVersion, v[0])
	case uint64(v.bodyLen()) > uint64(len(v)-recordHeader):
		return errShort
	}
	return nil
}

func (v recordValue) loggedAs() uint64       { return binary.BigEndian.Uint64(v[1:]) }
func (v recordValue) setLoggedAs(seq uint64) { binary.BigEndian.PutUint64(v[1:], seq) }
func (v recordValue) bodyLen() uint32        { return binary.BigEndian.Uint32(v[9:]) }
func (v recordValue) body() []byte           { return v[recordHeader:][:v.bodyLen()] }
func (v recordValue) decision() []byte       { return v[recordHeader+int(v.bodyLen()):] }
func (v recordValue) withoutDecision() recordValue {
	end := recordHeader + int(v.bodyLen())
	return v[:end:end]
}

// A logged decision is the version byte, its time in 8 bytes, the number of the
// issue's entry before it in 8, the length of the head in 4, the chain's hash
// before it in 32, the head and the decision. Those of version 1 have no hash:
// the chain goes over them all the same, and says less exactly where it breaks.
// The mark of a gap is a zero byte, a time in 8 bytes and the chain's hash in
// 32: retention removed the entries before it.
const (
	logHeader     = 1 + 8 + 8 + 4
	linkLen       = 32
	linkedVersion = 3
	gapVersion    = 0
	gapLen        = 1 + 8 + linkLen
)

// logValue is a view of an encoded log entry.
type logValue []byte

func (v logValue) isGap() bool { return len(v) == gapLen && v[0] == gapVersion }

func (v logValue) check() error {
	switch {
	case len(v) < logHeader:
		return errShort
	case v[0] != valueVersion && v[0] != linkedVersion:
		return fmt.Errorf("%w: %d", errValueVersion, v[0])
	case len(v) < v.start() || uint64(v.headLen()) > uint64(len(v)-v.start()):
		return errShort
	}
	return nil
}

func (v logValue) linked() bool { return v[0] == linkedVersion }

// start is where the head begins.
func (v logValue) start() int {
	if v.linked() {
		return logHeader + linkLen
	}
	return logHeader
}

// before is the chain's hash that an entry carries; ok is false for one that
// carries none.
func (v logValue) before() (hash [32]byte, ok bool) {
	switch {
	case v.isAct():
		return v.actBefore(), true
	case v.check() == nil && v.linked():
		return [32]byte(v[logHeader:v.start()]), true
	}
	return hash, false
}

func (v logValue) setBefore(hash [32]byte) { copy(v[logHeader:v.start()], hash[:]) }

func (v logValue) at() int64              { return int64(binary.BigEndian.Uint64(v[1:])) }
func (v logValue) previous() uint64       { return binary.BigEndian.Uint64(v[9:]) }
func (v logValue) setPrevious(seq uint64) { binary.BigEndian.PutUint64(v[9:], seq) }
func (v logValue) headLen() uint32        { return binary.BigEndian.Uint32(v[17:]) }
func (v logValue) head() []byte           { return v[v.start():][:v.headLen()] }
func (v logValue) decision() []byte       { return v[v.start()+int(v.headLen()):] }
func (v logValue) gapHash() [32]byte      { return [32]byte(v[9:gapLen]) }

// gapValue is the mark of a gap.
func gapValue(at int64, hash [32]byte) []byte {
	b := binary.BigEndian.AppendUint64([]byte{gapVersion}, uint64(at))
	return append(b, hash[:]...)
}

// withHead replaces the head of an entry.
func (v logValue) withHead(head []byte) logValue {
	out := make(logValue, 0, v.start()+len(head)+len(v.decision()))
	out = append(out, v[:17]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(head)))
	out = append(out, v[logHeader:v.start()]...)
	out = append(out, head...)
	return append(out, v.decision()...)
}

// decisionOrNil is the decision of an entry, nil where there is no entry.
func (v logValue) decisionOrNil() []byte {
	if v.check() != nil {
		return nil
	}
	return v.decision()
}
