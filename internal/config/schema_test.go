package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func exampleEnv(k string) (string, bool) {
	if k == "ONCALL_URL" {
		return "slack://hook:T00000000-B00000000-XXXXXXXXXXXXXXXXXXXXXXXX@webhook", true
	}
	return "value-of-" + k, true
}

func TestTheExampleLoadsWithoutWarnings(t *testing.T) {
	c, err := Parse("config.example.yaml", read1(t, "../../config.example.yaml"), Options{Env: exampleEnv})
	if err != nil {
		t.Fatalf("problems:\n%s", err)
	}
	for _, w := range c.Warnings {
		t.Errorf("warning: %s", w)
	}
}

func TestTheExampleHoldsEveryKey(t *testing.T) {
	example := string(read1(t, "../../config.example.yaml"))
	root().walk(func(s *shape) {
		if s.name != "" && !regexp.MustCompile(`(?m)(^|[ {,])`+s.name+`\b(:|,|$)`).MatchString(example) {
			t.Errorf("%s is not in config.example.yaml", s.path)
		}
	})
}

func TestEveryKeyIsDescribedAndEveryDescriptionHasAKey(t *testing.T) {
	keys := keyTable()
	known := map[string]bool{}
	root().walk(func(s *shape) {
		known[s.path] = true
		if s.key.doc == "" && s.name != "" {
			t.Errorf("%s has no description", s.path)
		}
		for _, p := range s.pairs {
			known[s.path+"."+p] = true
		}
		if s.kind == shapeTeams {
			known[s.path+".*"] = true
		}
	})
	for _, path := range slices.Sorted(maps.Keys(keys)) {
		if !known[path] {
			t.Errorf("the table describes %s, which no type has", path)
		}
	}
}

func TestTheReferenceIsUpToDate(t *testing.T) {
	golden(t, "../../docs/configuration.md", string(Reference()))
}

// schema returns the schema and a document read as JSON has it.
func schema(t *testing.T) object {
	t.Helper()
	b, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var s object
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func asJSON(t *testing.T, data []byte) any {
	t.Helper()
	b, err := yaml.YAMLToJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheSchemaAcceptsTheExamples(t *testing.T) {
	s := schema(t)
	for _, f := range []string{"../../config.example.yaml", "testdata/design.yaml"} {
		if err := errors.Join(validate(s, s, asJSON(t, read1(t, f)), "$")...); err != nil {
			t.Errorf("%s:\n%v", f, err)
		}
	}
}

func TestTheSchemaRefusesMistakes(t *testing.T) {
	s := schema(t)
	for name, change := range map[string][2]string{
		"an unknown key":              {"guard:", "gard:"},
		"an unknown key deep inside":  {"max_share: 0.10", "max_shar: 0.10"},
		"an unknown mode":             {"mode: observe", "mode: watch"},
		"a missing mode":              {"mode: observe", ""},
		"a number as text":            {"max_changes: 200", `max_changes: "200"`},
		"a number out of bounds":      {"max_share: 0.10", "max_share: 1.10"},
		"a duration without a unit":   {"settle: 6h", "settle: 6"},
		"a duration of another kind":  {"settle: 6h", "settle: 6 hours"},
		"a source of two trackers":    {"  - name: legacy", "    linear: {auth: {api_key_env: X}, teams: [A]}\n  - name: legacy"},
		"a source without a tracker":  {"  - name: legacy", "  - name: none\n  - name: legacy"},
		"a secret given twice":        {"auth: {token_env: JIRA_DC_TOKEN}", "auth: {token_env: A, token_file: B}"},
		"a secret in the file":        {"auth: {token_env: JIRA_DC_TOKEN}", "auth: {token: hunter2}"},
		"no secret":                   {"auth: {token_env: JIRA_DC_TOKEN}", "auth: {}"},
		"an unknown band":             {"bands: {urgent: 85", "bands: {urgnt: 85"},
		"an unknown key of a team":    {"      settle: 1d", "      settel: 1d"},
		"a policy and a policy file":  {"policy:\n", "policy_file: x\npolicy:\n"},
		"no project":                  {"projects: [OLD]", "projects: []"},
		"a signal from nowhere":       {"    ndjson: {path: crashes.ndjson, key: component, value: crashes, time: seen_at}\n", ""},
		"a day that is no day":        {"holidays: [2026-12-25]", "holidays: [25.12.2026]"},
		"a name with capital letters": {"name: legacy", "name: Legacy"},
	} {
		t.Run(name, func(t *testing.T) {
			good := read1(t, "../../config.example.yaml")
			bad := bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1)
			if bytes.Equal(good, bad) {
				t.Fatalf("the example has no %q", change[0])
			}
			if len(validate(s, s, asJSON(t, bad), "$")) == 0 {
				t.Error("accepted")
			}
		})
	}
}

// validate checks a value against the part of JSON Schema that Schema uses; a
// keyword it does not know is an error, so that none goes unchecked.
func validate(root, s object, v any, at string) (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(at+": "+format, args...)) }
	for keyword, want := range s {
		switch keyword {
		case "$schema", "title", "description", "default", "$defs", "examples", "format":
		case "$ref":
			name := strings.TrimPrefix(want.(string), "#/$defs/")
			errs = append(errs, validate(root, root["$defs"].(object)[name].(object), v, at)...)
		case "type":
			if !hasType(want, v) {
				fail("is %T, want %v", v, want)
			}
		case "enum":
			if !slices.Contains(want.([]any), v) {
				fail("%v is not one of %v", v, want)
			}
		case "pattern":
			if s, ok := v.(string); ok && !regexp.MustCompile(want.(string)).MatchString(s) {
				fail("%q does not match %s", s, want)
			}
		case "minLength", "minItems":
			if n, ok := length(v); ok && n < int(want.(float64)) {
				fail("has %d, want %v", n, want)
			}
		case "minimum", "maximum", "exclusiveMinimum":
			if f, ok := v.(float64); ok && outside(keyword, f, want.(float64)) {
				fail("%v breaks %s %v", f, keyword, want)
			}
		case "not":
			if len(validate(root, want.(object), v, at)) == 0 {
				fail("is what it must not be")
			}
		case "oneOf":
			n := 0
			for _, one := range want.([]any) {
				if len(validate(root, one.(object), v, at)) == 0 {
					n++
				}
			}
			if n != 1 {
				fail("matches %d of %v", n, want)
			}
		case "required":
			for _, k := range want.([]any) {
				if m, ok := v.(object); ok && m[k.(string)] == nil {
					fail("lacks %s", k)
				}
			}
		case "items":
			items, _ := v.([]any)
			for i, item := range items {
				errs = append(errs, validate(root, want.(object), item, fmt.Sprintf("%s[%d]", at, i))...)
			}
		case "properties", "additionalProperties", "propertyNames":
			errs = append(errs, validateKeys(root, s, keyword, v, at)...)
		default:
			fail("unknown keyword %s", keyword)
		}
	}
	return errs
}

func validateKeys(root, s object, keyword string, v any, at string) (errs []error) {
	m, _ := v.(object)
	properties, _ := s["properties"].(object)
	for k, value := range m {
		own, known := properties[k]
		switch {
		case keyword == "properties" && known:
			errs = append(errs, validate(root, own.(object), value, at+"."+k)...)
		case keyword == "propertyNames":
			errs = append(errs, validate(root, s[keyword].(object), k, at+"."+k)...)
		case keyword == "additionalProperties" && !known:
			if one, ok := s[keyword].(object); ok {
				errs = append(errs, validate(root, one, value, at+"."+k)...)
			} else if s[keyword] == false {
				errs = append(errs, fmt.Errorf("%s: unknown key %s", at, k))
			}
		}
	}
	return errs
}

func hasType(want, v any) bool {
	if many, ok := want.([]any); ok {
		return slices.ContainsFunc(many, func(w any) bool { return hasType(w, v) })
	}
	switch v := v.(type) {
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case float64:
		return want == "number" || want == "integer" && v == math.Trunc(v)
	case []any:
		return want == "array"
	case object:
		return want == "object"
	}
	return false
}

func length(v any) (int, bool) {
	switch v := v.(type) {
	case string:
		return len(v), true
	case []any:
		return len(v), true
	}
	return 0, false
}

func outside(keyword string, f, bound float64) bool {
	switch keyword {
	case "minimum":
		return f < bound
	case "maximum":
		return f > bound
	}
	return f <= bound
}
