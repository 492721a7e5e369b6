package config

import (
	"path/filepath"
	"reflect"

	"github.com/lanekeeper/lanekeeper/policy"
)

// PolicyFile is a policy that stands by itself.
type PolicyFile struct {
	Set      *policy.Set
	Warnings []Problem
}

// wholeKeys are keys that tell a whole configuration from a policy.
var wholeKeys = [...]string{"policy", "policy_file", "sources", "mode", "schedule", "state", "server", "on_call"}

// LoadPolicy reads a policy from a file that holds nothing else, or from a
// whole configuration, of which only the policy is checked. Sources bound the
// teams that it may name; nil allows any. Whatever is wrong comes back as one
// *Problems.
func LoadPolicy(file string, sources []Source) (*PolicyFile, error) {
	data, err := readFile(file, maxSize)
	if err != nil {
		return nil, &Problems{List: []Problem{{File: file, Message: err.Error()}}}
	}
	return ParsePolicy(file, data, sources)
}

// ParsePolicy is LoadPolicy for data; name is the file's path.
func ParsePolicy(name string, data []byte, sources []Source) (*PolicyFile, error) {
	out := &collector{}
	root := read(name, data, out)
	if err := out.err(); err != nil {
		return nil, err
	}
	if root == nil || root.kind != mapping || len(root.entries) == 0 {
		return nil, &Problems{List: []Problem{{File: name, Line: 1, Col: 1, Message: "want a policy, or a configuration with one: a mapping with keys such as score and lanes"}}}
	}
	d := &decoder{out: out, keys: keyTable(), at: map[string]entry{"": {value: root}}, secrets: secrets{dir: filepath.Dir(name)}}
	doc := &document{}
	doc.Sources = sources
	at := path{text: "policy", table: "policy"}
	if root.whole() {
		root = doc.inside(d, root)
	} else {
		d.at["policy"] = entry{value: root}
	}
	spec, teams := policy.Default(), map[string]policy.Spec(nil)
	if root != nil {
		spec, teams = d.policies(root, at, doc.Sources)
	}
	set, problems := policy.CompileSet(spec, teams)
	for _, one := range problems {
		d.policyProblem(at, one)
	}
	if err := out.err(); err != nil {
		return nil, err
	}
	return &PolicyFile{Set: set, Warnings: tidy(out.warnings)}, nil
}

func (n *node) whole() bool {
	for _, k := range wholeKeys {
		if _, ok := n.get(k); ok {
			return true
		}
	}
	return false
}

// inside finds the policy of a whole configuration, nil for the built-in one.
// Its own sources bound its teams; what else is wrong with it is not asked.
func (doc *document) inside(d *decoder, root *node) *node {
	if e, ok := root.get("sources"); ok {
		var own struct {
			Sources []Source `yaml:"sources"`
		}
		aside := &decoder{out: &collector{}, keys: d.keys, at: map[string]entry{}, secrets: d.secrets}
		only := *root
		only.entries = []entry{e}
		aside.structure(&only, path{}, reflect.ValueOf(&own).Elem())
		doc.Sources = own.Sources
	}
	if e, ok := root.get("policy"); ok {
		d.at["policy"] = e
		if e.value.kind != null {
			doc.Inline = e.value
		}
	}
	if e, ok := root.get("policy_file"); ok && e.value.kind == text {
		d.at["policy_file"], doc.PolicyFile = e, e.value.text
	}
	node, _ := doc.policyNode(d)
	return node
}
