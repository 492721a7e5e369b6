package state

import (
	"fmt"
	"slices"
)

// Policy does what DB.Policy does.
func (m *Memory) Policy(hash string) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	p, ok := m.policies[hash]
	if !ok {
		return nil, fmt.Errorf("policy %s: %w", hash, ErrNotFound)
	}
	return slices.Clone(p.text), nil
}

// Paused does what DB.Paused does.
func (m *Memory) Paused() (Pause, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.pause, nil
}

// SetPaused does what DB.SetPaused does.
func (m *Memory) SetPaused(p Pause) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := storePause(p)
	m.pause = s.load()
	return nil
}

// Size is the number of bytes that encoded values take.
func (m *Memory) Size() (n int64) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, s := range m.sources {
		for _, r := range s.records {
			n += int64(len(r.value))
		}
	}
	for _, l := range m.log {
		if l != nil {
			n += int64(len(l.value))
		}
	}
	return n
}
