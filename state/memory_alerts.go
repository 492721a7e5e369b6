package state

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// memAlert is an alert as it is stored: its key in the log and its value.
type memAlert struct{ key, value []byte }

// PutAlerts does what DB.PutAlerts does.
func (m *Memory) PutAlerts(list []Alert) error {
	for n := range list {
		if err := list[n].check(); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for n := range list {
		stored := storeAlert(&list[n])
		value, err := m.codec.value(&stored)
		if err != nil {
			return err
		}
		key := alertKey(list[n].ID, millis(list[n].Raised))
		at, found := slices.BinarySearchFunc(m.alerts, key, func(a memAlert, k []byte) int { return bytes.Compare(a.key, k) })
		if found {
			m.alerts[at].value = value
			continue
		}
		m.alerts = slices.Insert(m.alerts, at, memAlert{key, value})
	}
	return nil
}

// stored decodes all alerts, the oldest first.
func (m *Memory) allAlerts() (list []Alert, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, a := range m.alerts {
		var s storedAlert
		if err := m.codec.read(a.value, &s); err != nil {
			return nil, err
		}
		list = append(list, s.load(string(a.key[8:]), parseTime(a.key)))
	}
	return list, nil
}

// LiveAlerts does what DB.LiveAlerts does.
func (m *Memory) LiveAlerts() ([]Alert, error) {
	list, err := m.allAlerts()
	return slices.DeleteFunc(list, func(a Alert) bool { return !a.Live }), err
}

// NewestAlert does what DB.NewestAlert does.
func (m *Memory) NewestAlert(id string) (Alert, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, a := range slices.Backward(m.alerts) {
		if string(a.key[8:]) == id {
			var s storedAlert
			err := m.codec.read(a.value, &s)
			return s.load(id, parseTime(a.key)), err
		}
	}
	return Alert{}, fmt.Errorf("alert %s: %w", id, ErrNotFound)
}

// EachAlert does what DB.EachAlert does.
func (m *Memory) EachAlert(since time.Time, fn func(Alert) bool) error {
	list, err := m.allAlerts()
	for _, a := range slices.Backward(list) {
		if millis(a.Raised) < millis(since) || !fn(a) {
			break
		}
	}
	return err
}

// PruneAlerts does what DB.PruneAlerts does.
func (m *Memory) PruneAlerts(now time.Time, keep time.Duration) (int, error) {
	cutoff := millis(now.Add(-keep))
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.alerts)
	m.alerts = slices.DeleteFunc(m.alerts, func(a memAlert) bool {
		var s storedAlert
		err := m.codec.read(a.value, &s)
		return parseTime(a.key) < cutoff && (err != nil || !s.Live && s.touched(parseTime(a.key)) < cutoff)
	})
	return before - len(m.alerts), nil
}
