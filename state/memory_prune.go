package state

import (
	"slices"
	"time"
)

// Prune does what DB.Prune does.
func (m *Memory) Prune(now time.Time, keepDecisions time.Duration) (removed int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cutoff := millis(now.Add(-keepDecisions))
	all, err := m.decodeEntries()
	if err != nil {
		return 0, err
	}
	removed += m.pruneRecords(cutoff, all)
	removed += m.pruneLog(cutoff)
	n, err := m.prunePlans(cutoff, all)
	return removed + n + m.prunePolicies(cutoff), err
}

func (m *Memory) decodeEntries() (map[memPlace]*storedEntry, error) {
	all := map[memPlace]*storedEntry{}
	for at, v := range m.entries {
		all[at] = &storedEntry{}
		if err := m.codec.read(v, all[at]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (m *Memory) pruneRecords(cutoff int64, entries map[memPlace]*storedEntry) (removed int) {
	awaited := map[[2]string]bool{}
	for _, e := range entries {
		if !finished(e.Status) {
			awaited[[2]string{e.Source, e.ID}] = true
		}
	}
	for name, s := range m.sources {
		for id, r := range s.records {
			if !r.facts.gone || r.facts.seen >= cutoff || awaited[[2]string{name, id}] {
				continue
			}
			delete(s.records, id)
			s.order = nil
			for _, key := range append(slices.Clone(r.facts.oldKeys), r.facts.key) {
				s.keys[key] = without(s.keys[key], id)
			}
			removed++
		}
	}
	return removed
}

func (m *Memory) pruneLog(cutoff int64) (removed int) {
	keep := map[uint64]bool{}
	for _, s := range m.sources {
		for _, r := range s.records {
			seq := r.facts.loggedAs
			if seq == 0 || m.log[seq-1] == nil || m.log[seq-1].at >= cutoff {
				continue
			}
			if r.facts.open {
				keep[seq] = true
			} else {
				r.facts.loggedAs = 0
				r.value.setLoggedAs(0)
			}
		}
	}
	for n, l := range m.log {
		if l != nil && l.at < cutoff && !keep[uint64(n+1)] {
			m.log[n] = nil
			removed++
		}
	}
	return removed
}

func (m *Memory) prunePlans(cutoff int64, entries map[memPlace]*storedEntry) (removed int, err error) {
	left := map[string]bool{}
	for at, e := range entries {
		t := max(e.At, e.Done)
		if p, err := m.plan(at.plan); t == 0 && err == nil {
			t = millis(p.At)
		}
		if !finished(e.Status) || t >= cutoff {
			left[at.plan] = true
			continue
		}
		delete(m.entries, at)
		removed++
	}
	for id := range m.plans {
		p, err := m.plan(id)
		if err != nil {
			return removed, err
		}
		over := p.Status == PlanDone || p.Status == PlanReplaced
		if over && !left[id] && max(millis(p.At), millis(p.ByAt)) < cutoff {
			delete(m.plans, id)
			removed++
		}
	}
	return removed, nil
}

func (m *Memory) prunePolicies(cutoff int64) (removed int) {
	used := map[string]bool{}
	for _, s := range m.sources {
		used[s.state.Policy] = true
		for _, r := range s.records {
			used[r.facts.policy] = true
		}
	}
	for n := range m.log {
		if l, ok, err := m.logged(uint64(n + 1)); ok && err == nil {
			used[l.Decision.PolicyHash] = true
		}
		if l := m.log[n]; l != nil && l.value.isAct() {
			if a, err := m.codec.decodeAct(uint64(n+1), l.value); err == nil {
				used[a.PolicyHash] = true
			}
		}
	}
	for id := range m.plans {
		if p, err := m.plan(id); err == nil {
			used[p.PolicyHash] = true
		}
	}
	for hash, p := range m.policies {
		if p.used < cutoff && !used[hash] {
			delete(m.policies, hash)
			removed++
		}
	}
	return removed
}
