package oncall

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// shift is a time in which somebody is on duty.
type shift struct {
	start, end time.Time // zero: no bound; the end is not part of it
	who        string    // e-mail address or account id; "" where it names nobody
	label      string    // what the place calls it
	level      int       // of escalation; the lowest counts
}

func (s *shift) lasts(at time.Time) bool {
	return !at.Before(s.start) && (s.end.IsZero() || at.Before(s.end))
}

// before orders shifts that last at the same time: the lowest level, then the
// one that began last, for whoever stands in is written over the rotation; then
// the one that ends first, then the name.
func before(a, b shift) int {
	switch c := cmp.Or(cmp.Compare(a.level, b.level), b.start.Compare(a.start)); {
	case c != 0:
		return c
	case a.end.IsZero() != b.end.IsZero():
		if a.end.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(a.end.Compare(b.end), strings.Compare(a.who, b.who), strings.Compare(a.label, b.label))
}

// duty is who is on duty at a moment.
type duty struct {
	who    string
	until  time.Time // when somebody else or nobody is; zero: not in sight
	also   []string  // others whose shift lasts too
	nobody string    // the shift that lasts and names nobody
}

// at tells who is on duty. A shift that names nobody, such as another entry of a
// team's calendar, does not count.
func at(shifts []shift, now time.Time) duty {
	d := pick(shifts, now)
	var edges []time.Time
	for _, s := range shifts {
		for _, t := range []time.Time{s.start, s.end} {
			if t.After(now) {
				edges = append(edges, t)
			}
		}
	}
	slices.SortFunc(edges, time.Time.Compare)
	for _, t := range edges {
		if pick(shifts, t).who != d.who {
			d.until = t
			break
		}
	}
	return d
}

func pick(shifts []shift, now time.Time) duty {
	var best *shift
	var out duty
	for n := range shifts {
		s := &shifts[n]
		switch {
		case !s.lasts(now):
		case s.who == "":
			if out.nobody == "" || s.label < out.nobody {
				out.nobody = s.label
			}
		case best == nil || before(*s, *best) < 0:
			best = s
		}
	}
	if best == nil {
		return out
	}
	out.who, out.nobody = best.who, ""
	for _, s := range shifts {
		if s.who != "" && s.who != best.who && s.level == best.level && s.lasts(now) && !slices.Contains(out.also, s.who) {
			out.also = append(out.also, s.who)
		}
	}
	slices.Sort(out.also)
	return out
}
