package oncall

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// Snapshot is who is on duty in some rotas at one moment, for the issues of one
// source. It implements policy.Rotas and never changes: one cycle decides every
// issue by the same people.
type Snapshot struct {
	source string
	rotas  map[string]standing
}

// standing is one rota at the moment of a snapshot.
type standing struct {
	all   policy.Duty
	teams map[string]policy.Duty // by team, where the rota differs by it
	sort  string                 // what kind of unknown it is: its words change all the time
}

// Snapshot tells who is on duty now in the named rotas.
func (s *Set) Snapshot(source string, names []string) Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now().UTC()
	out := Snapshot{source, map[string]standing{}}
	for _, spec := range s.specs {
		if slices.Contains(names, spec.Name) {
			out.rotas[spec.Name] = s.standing(spec, source, now)
		}
	}
	return out
}

func (s *Set) standing(spec Spec, source string, now time.Time) standing {
	p := place{rota: spec.Name}
	if spec.LinearTriage {
		if p.source = source; s.o.Triage[source] == nil {
			return standing{all: policy.Duty{Unknown: "asks Linear, and " + source + " is no source of Linear"}, sort: "tracker"}
		}
	}
	t := s.tables[p]
	if t == nil {
		why := "has not been read yet"
		if e := s.errors[p]; e != "" {
			why = "could not be read: " + e
		}
		return standing{all: policy.Duty{Unknown: why}, sort: "unread"}
	}
	if age := now.Sub(t.at); age > spec.MaxAge {
		return standing{all: policy.Duty{Unknown: fmt.Sprintf("is %s old and counts for %s", length(age), length(spec.MaxAge))}, sort: "old"}
	}
	if t.teams == nil {
		return standing{all: t.duty(t.shifts, now)}
	}
	out := standing{all: policy.Duty{Unknown: "has no triage responsibility for this team in Linear"}, teams: map[string]policy.Duty{}}
	for team, shifts := range t.teams {
		out.teams[team] = t.duty(shifts, now)
	}
	return out
}

func (t *table) duty(shifts []shift, now time.Time) policy.Duty {
	d := at(shifts, now)
	out := policy.Duty{Who: d.who, Until: d.until}
	if d.who != "" {
		return out
	}
	switch {
	case d.nobody != "":
		out.Nobody = fmt.Sprintf("%q names nobody", clip(d.nobody))
	default:
		out.Nobody = t.none
	}
	return out
}

// OnDuty implements policy.Rotas.
func (s Snapshot) OnDuty(rota string, i *issue.Issue) policy.Duty {
	r, ok := s.rotas[rota]
	if !ok {
		return policy.Duty{Unknown: "is not configured"}
	}
	if d, ok := r.teams[i.Project]; ok {
		return d
	}
	return r.all
}

// Version changes whenever somebody else is on duty, or whether that is known:
// then issues must be evaluated again.
func (s Snapshot) Version() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(s.rotas)) {
		r := s.rotas[name]
		fmt.Fprintf(h, "%q %q %q\n", name, r.all.Who, r.sort)
		for _, team := range slices.Sorted(maps.Keys(r.teams)) {
			fmt.Fprintf(h, "%q %q\n", team, r.teams[team].Who)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Status is how one rota stands, for people and metrics.
type Status struct {
	Rota   string
	Source string // of a rota that differs by source, else ""
	Team   string // of a rota that differs by team, else ""
	policy.Duty
	// Also are others whose shift lasts too and does not count.
	Also []string
}

// Known reports whether it can be told who is on duty, nobody included.
func (s Status) Known() bool { return s.Unknown == "" }

// Status tells how every rota stands now, in the order of the configuration.
func (s *Set) Status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now().UTC()
	var out []Status
	for _, spec := range s.specs {
		for _, p := range s.places(spec) {
			st := s.standing(spec, p.source, now)
			if st.teams == nil {
				one := Status{Rota: spec.Name, Source: p.source, Duty: st.all}
				if t := s.tables[p]; t != nil && one.Who != "" {
					one.Also = at(t.shifts, now).also
				}
				out = append(out, one)
				continue
			}
			for _, team := range slices.Sorted(maps.Keys(st.teams)) {
				out = append(out, Status{Rota: spec.Name, Source: p.source, Team: team, Duty: st.teams[team]})
			}
		}
	}
	return out
}

// length is a length of time in the largest unit that it fills.
func length(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d d", int(d.Hours())/24)
	case d >= time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d min", int(d.Minutes()))
}
