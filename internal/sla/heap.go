package sla

// The heap is written out: container/heap would box each entry, and a clock must
// be found by its key to be moved.

func (t *Timers) less(a, b int) bool {
	x, y := &t.heap[a], &t.heap[b]
	if x.at != y.at {
		return x.at < y.at
	}
	return x.key.before(y.key) // so that the order is always the same
}

func (k Key) before(o Key) bool {
	switch {
	case k.Source != o.Source:
		return k.Source < o.Source
	case k.ID != o.ID:
		return k.ID < o.ID
	}
	return k.SLA < o.SLA
}

func (t *Timers) swap(a, b int) {
	t.heap[a], t.heap[b] = t.heap[b], t.heap[a]
	t.place[t.heap[a].key], t.place[t.heap[b].key] = int32(a), int32(b)
}

func (t *Timers) up(n int) {
	for n > 0 {
		parent := (n - 1) / 2
		if !t.less(n, parent) {
			return
		}
		t.swap(n, parent)
		n = parent
	}
}

func (t *Timers) down(n int) {
	for {
		least := n
		for child := 2*n + 1; child <= 2*n+2 && child < len(t.heap); child++ {
			if t.less(child, least) {
				least = child
			}
		}
		if least == n {
			return
		}
		t.swap(n, least)
		n = least
	}
}

func (t *Timers) fix(n int) {
	t.up(n)
	t.down(n)
}

// drop takes the entry at n out of the heap.
func (t *Timers) drop(n int) {
	last := len(t.heap) - 1
	t.swap(n, last)
	delete(t.place, t.heap[last].key)
	t.heap[last] = entry{}
	t.heap = t.heap[:last]
	if n < last {
		t.fix(n)
	}
}
