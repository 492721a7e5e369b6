package sla

import "cmp"

// Lead is the target that matters most now, nil where there is none: one that is
// used up before one that runs, of those the one that is due first; then what
// stands still, what is unknown, and at last what is over.
func (r Result) Lead() *Reading {
	a, b := r.Respond, r.Resolve
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	if n := cmp.Compare(a.State.rank(), b.State.rank()); n != 0 {
		if n < 0 {
			return a
		}
		return b
	}
	if a.Due.IsZero() || !b.Due.IsZero() && b.Due.Before(a.Due) {
		return b
	}
	return a
}

// rank orders states by how much they matter, the most first.
func (s State) rank() int {
	switch s {
	case Breached:
		return 0
	case OnTrack, Warning: // what is due first matters, not what has warned
		return 1
	case Paused:
		return 2
	case Unknown:
		return 3
	case NotStarted:
		return 4
	}
	return 5
}

// State is how the issue as a whole stands: breached or at risk where any of its
// targets is, else as the target that matters most.
func (r Result) State() State {
	lead := r.Lead()
	if lead == nil {
		return NotStarted
	}
	for _, x := range []*Reading{r.Respond, r.Resolve} {
		if lead.State == OnTrack && x != nil && x.State == Warning {
			return Warning
		}
	}
	return lead.State
}
