package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Set is the policy of every team.
type Set struct {
	base  *Policy
	teams map[string]*Policy
	hash  string
}

// CompileSet compiles the policy for all and those of teams, by "source" or
// "source/PROJECT". A team's spec is laid over the base: what it gives replaces
// the base's (pillars and SLAs one by one and key by key, lanes as a whole), and
// what it leaves out stays.
func CompileSet(base Spec, teams map[string]Spec, opts ...CompileOptions) (*Set, []Problem) {
	common, problems := Compile(base, opts...)
	s := &Set{base: common, teams: map[string]*Policy{}}
	for _, key := range slices.Sorted(maps.Keys(teams)) {
		if !validTeam(key) {
			problems = append(problems, Problem{
				Path: "teams." + key, Message: "a team is a source, or source/PROJECT", Suggestion: "such as payments/PAY",
			})
			continue
		}
		p, found := Compile(Overlay(teams[key], base), opts...)
		s.teams[key] = p
		problems = append(problems, ofTeam(key, found, problems)...)
	}
	if Failed(problems) {
		return nil, problems
	}
	s.hash = s.digest()
	return s, problems
}

func validTeam(key string) bool {
	source, project, hasProject := strings.Cut(key, "/")
	return source != "" && (!hasProject || project != "") && !strings.Contains(project, "/")
}

// ofTeam gives a team's problems their path, without those that the base has
// as well.
func ofTeam(key string, found, known []Problem) []Problem {
	var out []Problem
	for _, p := range found {
		if !slices.Contains(known, p) {
			p.Path = "teams." + key + "." + p.Path
			out = append(out, p)
		}
	}
	return out
}

func (s *Set) digest() string {
	if len(s.teams) == 0 {
		return s.base.hash
	}
	h := sha256.New()
	fmt.Fprintln(h, s.base.hash)
	for _, key := range slices.Sorted(maps.Keys(s.teams)) {
		fmt.Fprintln(h, key, s.teams[key].hash)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// For returns the policy of a project: its own, else its source's, else the
// one for all.
func (s *Set) For(source, project string) *Policy {
	if len(s.teams) == 0 {
		return s.base
	}
	if p, ok := s.teams[source+"/"+project]; ok {
		return p
	}
	if p, ok := s.teams[source]; ok {
		return p
	}
	return s.base
}

// Decide evaluates an issue with the policy of its project.
func (s *Set) Decide(in Input) (Decision, Memory) {
	return s.For(in.Issue.Source, in.Issue.Project).Decide(in)
}

// Policies returns every policy once: the one for all, then the teams' by key.
func (s *Set) Policies() []*Policy {
	out := []*Policy{s.base}
	for _, key := range slices.Sorted(maps.Keys(s.teams)) {
		out = append(out, s.teams[key])
	}
	return out
}

// Hash identifies all policies together. Without teams it is the hash of the
// one policy.
func (s *Set) Hash() string { return s.hash }

// Needs are the issue fields that any of the policies reads.
func (s *Set) Needs() issue.Inputs {
	var in issue.Inputs
	for _, p := range s.Policies() {
		in |= p.needs
	}
	return in
}

// ClockNeeds are the issue fields that the clocks of SLAs read beside Needs.
func (s *Set) ClockNeeds() issue.Inputs {
	var in issue.Inputs
	for _, p := range s.Policies() {
		in |= p.ClockNeeds()
	}
	return in
}

// CustomFields are the names of the custom fields that are read, sorted.
func (s *Set) CustomFields() []string { return s.union((*Policy).CustomFields) }

// SignalNames are the names of the signals that are read, sorted.
func (s *Set) SignalNames() []string { return s.union((*Policy).SignalNames) }

// RotaNames are the names of the rotas that give lanes their owner, sorted.
func (s *Set) RotaNames() []string { return s.union((*Policy).RotaNames) }

func (s *Set) union(names func(*Policy) []string) []string {
	var out []string
	for _, p := range s.Policies() {
		out = append(out, names(p)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
