package state

import "time"

// storeActs does what DB.storeActs does. Memory keeps no chain: the hash before
// an act is zero.
func (m *Memory) storeActs(b *Batch) error {
	for n := range b.Acts {
		a := b.act(n)
		v, err := m.codec.encodeAct(&a, [32]byte{})
		if err != nil {
			return err
		}
		m.log = append(m.log, &memLogged{at: v.at(), value: v})
	}
	return nil
}

// Acts does what DB.Acts does.
func (m *Memory) Acts(from, to time.Time, source string, fn func(Act) bool) error {
	list, err := m.actsBetween(millis(from), millis(to), source)
	if err != nil {
		return err
	}
	for _, a := range list {
		if !fn(a) {
			break
		}
	}
	return nil
}

func (m *Memory) actsBetween(from, to int64, source string) (list []Act, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for n, l := range m.log {
		if l == nil || !l.value.isAct() || l.at < from || l.at >= to {
			continue
		}
		a, err := m.codec.decodeAct(uint64(n+1), l.value)
		if err != nil {
			return nil, err
		}
		if source == "" || a.Source == source {
			list = append(list, a)
		}
	}
	return list, nil
}
