package state

import (
	"crypto/sha256"
	"encoding/binary"

	"go.etcd.io/bbolt"
)

// Introduction notes that a person was told what lanekeeper does in a lane.
type Introduction struct {
	Person string // account id
	Lane   string
}

// Introductions are kept in a table of 65,536 places a source, which bounds it
// without any clearing out: of two that share a place the newer one stays, and
// the other person is told once more. Only hashes are kept: who was told cannot
// be read from the file.
const toldLen = 8

// place is where an introduction stands, and the note that stands there.
func (i Introduction) place() (slot uint16, note [toldLen]byte) {
	h := sha256.Sum256([]byte(i.Person + "\x00" + i.Lane))
	return binary.BigEndian.Uint16(h[:]), [toldLen]byte(h[2:])
}

func storeIntroduced(tx *bbolt.Tx, b *Batch) error {
	if len(b.Introduced) == 0 {
		return nil
	}
	s, err := makeSource(tx, b.Source)
	if err != nil {
		return err
	}
	told := s.root.Bucket([]byte(inTold))
	for _, i := range b.Introduced {
		slot, note := i.place()
		if err := told.Put(binary.BigEndian.AppendUint16(nil, slot), note[:]); err != nil {
			return err
		}
	}
	return nil
}

// Introduced tells whether a person was told about a lane. A person may have been
// forgotten; nobody is remembered who was not told.
func (d *DB) Introduced(source string, i Introduction) (known bool, err error) {
	err = d.view(func(tx *bbolt.Tx) error {
		s := sourceOf(tx, source)
		if s == nil {
			return nil
		}
		told := s.root.Bucket([]byte(inTold))
		if told == nil {
			return nil // a file from before introductions
		}
		slot, note := i.place()
		known = string(told.Get(binary.BigEndian.AppendUint16(nil, slot))) == string(note[:])
		return nil
	})
	return known, err
}

func (m *Memory) storeIntroduced(b *Batch) {
	for _, i := range b.Introduced {
		s := m.source(b.Source)
		if s.told == nil {
			s.told = map[uint16][toldLen]byte{}
		}
		slot, note := i.place()
		s.told[slot] = note
	}
}

// Introduced does what DB.Introduced does.
func (m *Memory) Introduced(source string, i Introduction) (bool, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := m.sources[source]
	if s == nil {
		return false, nil
	}
	slot, note := i.place()
	kept, ok := s.told[slot]
	return ok && kept == note, nil
}
