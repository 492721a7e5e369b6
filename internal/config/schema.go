package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Schema returns the JSON Schema (draft 2020-12) of the configuration file, for
// editors. It comes from the Go types and the table of keys, as the decoder
// does; what only the whole file shows, such as duplicate names, it cannot say.
func Schema() ([]byte, error) {
	keys := keyTable()
	s := schemaOf(root(), true)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "lanekeeper configuration"
	s["not"] = object{"required": []string{"policy", "policy_file"}}
	s["$defs"] = object{
		"duration":    object{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(w|d|h|ms|m|s))+$`, "examples": []string{"30m", "6h30m", "14d"}},
		"team_policy": schemaOf(policyShape(keys).without("teams"), false),
	}
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(out, '\n'), nil
}

type object = map[string]any

// without is the shape without one of its keys.
func (s *shape) without(name string) *shape {
	out := *s
	out.fields = slices.DeleteFunc(slices.Clone(s.fields), func(f *shape) bool { return f.name == name })
	return &out
}

// schemaOf describes one value. A partial one, as teams have it, requires
// nothing.
func schemaOf(s *shape, whole bool) object {
	out := object{}
	switch s.kind {
	case shapeSection:
		section(out, s, whole)
	case shapeMap:
		freeKeys(out, s, whole)
	case shapeList:
		out["type"], out["items"] = "array", schemaOf(s.elem, whole)
		if s.key.required && whole {
			out["minItems"] = 1
		}
	case shapeTeams:
		out["type"], out["additionalProperties"] = "object", object{"$ref": "#/$defs/team_policy"}
	case shapeAny:
		out["type"] = []string{"string", "number", "boolean", "array"}
	default:
		scalarSchema(out, s)
	}
	if s.key.doc != "" {
		out["description"] = s.key.doc
	}
	if d, ok := s.defaultValue(); ok {
		out["default"] = d
	}
	return out
}

func scalarSchema(out object, s *shape) {
	switch s.kind {
	case shapeNumber:
		out["type"] = "number"
	case shapeWhole:
		out["type"] = "integer"
	case shapeBool:
		out["type"] = "boolean"
	case shapeDuration:
		out["$ref"] = "#/$defs/duration"
	case shapeDate:
		out["type"], out["pattern"] = "string", `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
	default:
		out["type"] = "string"
	}
	if len(s.oneOf) > 0 {
		out["enum"] = s.oneOf
	}
	if p := s.key.form.pattern(); p != "" {
		out["pattern"] = p
	}
	if s.key.form == formFilled {
		out["minLength"] = 1
	}
	for name, bound := range map[string]*float64{"minimum": s.key.least, "exclusiveMinimum": s.key.above, "maximum": s.key.most} {
		if bound != nil {
			out[name] = *bound
		}
	}
}

func section(out object, s *shape, whole bool) {
	properties, required := object{}, []string{}
	for _, f := range s.fields {
		properties[f.name] = schemaOf(f, whole)
		if f.key.required {
			required = append(required, f.name)
		}
	}
	out["type"], out["properties"], out["additionalProperties"] = "object", properties, false
	if !whole {
		return
	}
	if len(required) > 0 {
		out["required"] = required
	}
	if one := alternatives(s); one != nil {
		out["oneOf"] = one
	}
}

// alternatives are the keys of which exactly one must be there.
func alternatives(s *shape) []object {
	var names []string
	switch {
	case s.path == "sources[]":
		names = []string{"jira", "linear"}
	case s.path == "signals[]":
		names = []string{"csv", "ndjson", "http", "prometheus"}
	case s.path == "sources[].linear.auth":
		names = []string{"api_key_file", "api_key_env", "oauth_token_file", "oauth_token_env"}
	case len(s.pairs) > 0:
		names = []string{s.pairs[0] + "_file", s.pairs[0] + "_env"}
	}
	var out []object
	for _, n := range names {
		out = append(out, object{"required": []string{n}})
	}
	return out
}

func freeKeys(out object, s *shape, whole bool) {
	out["type"], out["additionalProperties"] = "object", schemaOf(s.elem, whole)
	switch {
	case len(s.oneOf) > 0:
		out["propertyNames"] = object{"enum": s.oneOf}
	case s.path == "sources[].jira.fields":
		out["propertyNames"] = object{"pattern": formVariable.pattern()}
	}
}

// defaultValue is the default as JSON has it.
func (s *shape) defaultValue() (any, bool) {
	if s.key.def == "" {
		return nil, false
	}
	n := read("default", []byte(s.key.def), &collector{})
	switch n.kind {
	case number:
		f, err := strconv.ParseFloat(n.text, 64)
		return f, err == nil
	case boolean:
		return n.text == "true", true
	}
	return n.text, true
}
