package config

import (
	"cmp"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/lanekeeper/lanekeeper/policy"
)

// loadPolicy reads the policy from where it stands, merges the teams' parts
// into it and compiles all of it.
func (doc *document) loadPolicy(d *decoder) {
	root, p := doc.policyNode(d)
	if root == nil {
		doc.Policy = policy.Default()
	} else {
		doc.Policy, doc.Teams = d.policies(root, p, doc.Sources)
	}
	set, problems := policy.CompileSet(doc.Policy, doc.Teams, doc.names(d))
	for _, one := range problems {
		d.policyProblem(p, one)
	}
	doc.Set = set
	doc.checkLanes(d)
	doc.checkApprovers(d)
	doc.checkRotas(d)
}

// names are what expressions may ask for. Where the list is not known because
// something in it is wrong, any name will do: one mistake is one problem.
func (doc *document) names(d *decoder) policy.CompileOptions {
	out := policy.CompileOptions{Signals: []string{}, Fields: []string{}, OnCall: []string{}}
	for _, s := range doc.Signals {
		out.Signals = append(out.Signals, s.Name)
	}
	for _, r := range doc.OnCall {
		out.OnCall = append(out.OnCall, r.Name)
	}
	for _, s := range doc.Sources {
		if s.Jira != nil {
			out.Fields = append(out.Fields, sortedKeys(s.Jira.Fields)...)
		}
	}
	for _, spec := range append(teamSpecs(doc.Teams), doc.Policy) {
		out.Fields = append(out.Fields, presetFields(spec.Score.Preset)...)
	}
	if !d.clean("signals") {
		out.Signals = nil
	}
	if !d.clean("on_call") {
		out.OnCall = nil
	}
	if !d.clean("sources") {
		out.Fields = nil
	}
	return out
}

// presetFields are the custom fields that a preset asks for. It does without
// those that no source has.
func presetFields(name string) []string {
	spec, err := policy.Preset(cmp.Or(name, policy.Default().Score.Preset))
	if err != nil {
		return nil // reported when it is compiled
	}
	p, problems := policy.Compile(spec)
	if policy.Failed(problems) {
		return nil
	}
	return p.CustomFields()
}

// policyNode finds the policy: inline, in its own file, or nowhere (nil).
func (doc *document) policyNode(d *decoder) (*node, path) {
	inline := path{text: "policy", table: "policy"}
	if doc.PolicyFile == "" {
		return doc.Inline, inline
	}
	if doc.Inline != nil {
		d.problem("policy_file", "", "policy and policy_file are both given; keep one")
		return doc.Inline, inline
	}
	name := within(d.secrets.dir, filepath.FromSlash(doc.PolicyFile))
	data, err := readFile(name, maxSize)
	if err != nil {
		d.problem("policy_file", "", "read %s: %s", shorten(name), err)
		return nil, inline
	}
	root := read(name, data, d.out)
	if root != nil {
		d.at["policy"] = entry{value: root}
	}
	return root, inline
}

// policies decodes the base policy and the complete policy of each team.
func (d *decoder) policies(root *node, p path, sources []Source) (policy.Spec, map[string]policy.Spec) {
	base, teams := root.without("teams")
	spec := policy.Spec{}
	d.at[p.text] = entry{value: root, key: d.at[p.text].key}
	d.structure(base, p, reflect.ValueOf(&spec).Elem())
	if teams == nil || teams.value.kind == null {
		return spec, nil
	}
	at := p.key("teams")
	d.at[at.text] = *teams
	if teams.value.kind != mapping {
		d.wrong(teams.value, at, "want a mapping, got %s", teams.value.describe())
		return spec, nil
	}
	out := map[string]policy.Spec{}
	for _, e := range teams.value.entries {
		d.team(e, at.member(e.key.text), sources)
		one := policy.Spec{}
		whole := merged(base.forPreset(e.value), e.value)
		if e.value.kind == mapping {
			d.structure(whole, path{at.member(e.key.text).text, "policy"}, reflect.ValueOf(&one).Elem())
			out[e.key.text] = one
		}
	}
	return spec, out
}

// team checks that a team's policy is one and belongs to a source or project
// that is configured.
func (d *decoder) team(e entry, p path, sources []Source) {
	d.at[p.text] = e
	if e.value.kind != mapping && e.value.kind != broken {
		d.problem(p.text, "", "want a mapping with a part of a policy, got %s", e.value.describe())
	}
	var known []string
	for i := range sources {
		known = append(known, sources[i].Name)
		for _, key := range sources[i].Projects() {
			known = append(known, sources[i].Name+"/"+key)
		}
	}
	if len(known) > 0 && !slices.Contains(known, e.key.text) {
		d.out.add(Problem{File: e.key.file.name, Line: e.key.pos.line, Col: e.key.pos.col, Path: p.text,
			Message: "no such source or project; write source or source/PROJECT", Suggestion: didYouMean(e.key.text, known)})
	}
}

// clean reports whether a part of the file has had no problem so far.
func (d *decoder) clean(part string) bool {
	return !slices.ContainsFunc(d.out.problems, func(o Problem) bool {
		return o.Path == part || strings.HasPrefix(o.Path, part+".") || strings.HasPrefix(o.Path, part+"[")
	})
}

// policyProblem gives a problem of the compiler its place in the file. Its
// line and column count inside the expression.
func (d *decoder) policyProblem(p path, one policy.Problem) {
	full := strings.TrimSuffix(p.text+"."+one.Path, ".")
	if d.spoiled(full) {
		return
	}
	out := d.place(full, one.Suggestion, one.Message)
	if e, ok := d.at[full]; ok && one.Line > 0 {
		at := e.value.inside(one.Line, one.Col)
		out.Line, out.Col = at.line, at.col
	}
	if one.Warning {
		d.out.warn(out)
		return
	}
	d.out.add(out)
}

// spoiled reports whether a value, or what it stands in, could not be read: then
// the compiler misses what is there.
func (d *decoder) spoiled(path string) bool {
	for ; path != ""; path = parent(path) {
		if d.out.unread[path] {
			return true
		}
	}
	return false
}

// checkLanes checks the lanes that alert channels name.
func (doc *document) checkLanes(d *decoder) {
	var lanes []string
	for _, spec := range append(teamSpecs(doc.Teams), doc.Policy) {
		effective, _ := policy.Effective(spec)
		for _, l := range effective.Lanes {
			lanes = append(lanes, l.Name)
		}
	}
	for _, l := range sortedKeys(doc.Guard.Lanes) {
		if !slices.Contains(lanes, l) {
			d.problem("guard.lanes."+l, didYouMean(l, lanes), "no lane has the name %q", shorten(l))
		}
	}
	for i, ch := range doc.Alerts.Channels {
		for j, l := range ch.Lanes {
			if !slices.Contains(lanes, l) {
				d.problem(fmt.Sprintf("alerts.channels[%d].lanes[%d]", i, j), didYouMean(l, lanes), "no lane has the name %q", shorten(l))
			}
		}
	}
}

// checkApprovers refuses lanes whose approvers are groups only where a source is
// Linear, which has none: nobody could decide there. Other approvers beside
// groups are worth a warning.
func (doc *document) checkApprovers(d *decoder) {
	if doc.Set == nil {
		return
	}
	for i := range doc.Sources {
		s := &doc.Sources[i]
		if s.Linear == nil {
			continue
		}
		lanes := doc.Set.For(s.Name, "").Lanes()
		for n, l := range lanes {
			groups := 0
			for _, who := range l.Approvers {
				if strings.HasPrefix(who, policy.GroupPrefix) {
					groups++
				}
			}
			if groups == 0 {
				continue
			}
			at := fmt.Sprintf("policy.lanes[%d].approvers", n)
			if groups < len(l.Approvers) {
				d.warn(at, "the source %s is Linear, which has no groups: only the accounts may decide there", s.Name)
				continue
			}
			d.problem(at, "", "the source %s is Linear, which has no groups: name accounts too, or other approvers for it under policy.teams.%s", s.Name, s.Name)
		}
	}
}

func teamSpecs(teams map[string]policy.Spec) []policy.Spec {
	var out []policy.Spec
	for _, k := range sortedKeys(teams) {
		out = append(out, teams[k])
	}
	return out
}
