package config

import (
	"reflect"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
)

// A shape is one key of the file with its type: the tree that the JSON Schema
// and the reference are made of.
type shape struct {
	name string // the key; "" for an element of a list or mapping
	path string // in the key table
	key  key
	kind shapeKind
	// oneOf are the allowed texts, for a mapping with free keys the allowed keys.
	oneOf  []string
	fields []*shape // of a section
	elem   *shape   // of a list or a mapping with free keys
	// pairs names the secrets that are given as NAME_file or NAME_env.
	pairs []string
}

type shapeKind string

const (
	shapeSection  shapeKind = "section"
	shapeMap      shapeKind = "mapping"
	shapeList     shapeKind = "list"
	shapeText     shapeKind = "text"
	shapeNumber   shapeKind = "number"
	shapeWhole    shapeKind = "whole number"
	shapeBool     shapeKind = "true or false"
	shapeDuration shapeKind = "duration"
	shapeDate     shapeKind = "date"
	shapeTime     shapeKind = "time"
	shapeAny      shapeKind = "text, number or list"
	shapeTeams    shapeKind = "mapping of policies"
)

// root is the shape of the whole file.
func root() *shape {
	s := shapeOf(reflect.TypeFor[document](), "", keyTable())
	for i, f := range s.fields {
		if f.name == "policy" {
			s.fields[i] = policyShape(keyTable())
		}
	}
	return s
}

// policyShape is the shape of a policy with its teams.
func policyShape(keys map[string]key) *shape {
	s := shapeOf(reflect.TypeFor[policy.Spec](), "policy", keys)
	s.name = "policy"
	s.fields = append(s.fields, &shape{name: "teams", path: "policy.teams", key: keys["policy.teams"], kind: shapeTeams})
	return s
}

func shapeOf(t reflect.Type, path string, keys map[string]key) *shape {
	s := &shape{path: path, key: keys[path], kind: scalarShape(t), oneOf: choices(t)}
	if s.oneOf == nil {
		s.oneOf = keys[path].oneOf
	}
	switch {
	case s.kind != "":
	case t.Kind() == reflect.Pointer:
		return shapeOf(t.Elem(), path, keys)
	case t.Kind() == reflect.Struct:
		s.kind = shapeSection
		s.addFields(t, keys)
	case t.Kind() == reflect.Slice:
		s.kind, s.elem = shapeList, shapeOf(t.Elem(), path+"[]", keys)
	case t.Kind() == reflect.Map:
		s.kind, s.oneOf, s.elem = shapeMap, choices(t.Key()), shapeOf(t.Elem(), path+".*", keys)
	}
	return s
}

func scalarShape(t reflect.Type) shapeKind {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return shapeDuration
	case t == reflect.TypeFor[issue.Date]():
		return shapeDate
	case t == reflect.TypeFor[policy.Moment]():
		return shapeTime
	case textual(t) || t.Kind() == reflect.String:
		return shapeText
	}
	switch t.Kind() {
	case reflect.Bool:
		return shapeBool
	case reflect.Int:
		return shapeWhole
	case reflect.Float64:
		return shapeNumber
	case reflect.Interface:
		return shapeAny
	}
	return ""
}

func (s *shape) addFields(t reflect.Type, keys map[string]key) {
	for _, f := range fieldsOf(t) {
		at := join(s.path, f.name)
		if f.secret {
			for _, k := range []string{"_file", "_env"} {
				s.fields = append(s.fields, &shape{name: f.name + k, path: at + k, key: keys[at+k], kind: shapeText})
			}
			if keys[at].required {
				s.pairs = append(s.pairs, f.name)
			}
			continue
		}
		child := shapeOf(t.FieldByIndex(f.index).Type, at, keys)
		child.name = f.name
		s.fields = append(s.fields, child)
	}
}

// walk calls visit for everything below, parents first.
func (s *shape) walk(visit func(*shape)) {
	for _, f := range s.fields {
		visit(f)
		f.walk(visit)
	}
	if s.elem != nil {
		visit(s.elem)
		s.elem.walk(visit)
	}
}

// typeName says for people what to write.
func (s *shape) typeName() string {
	switch s.kind {
	case shapeList:
		return "list of " + plural(s.elem.typeName())
	case shapeMap:
		return "mapping to " + s.elem.typeName()
	}
	if len(s.oneOf) > 0 {
		return strings.Join(s.oneOf, ", ")
	}
	return string(s.kind)
}

func plural(s string) string {
	switch s {
	case "text":
		return "texts"
	case "section":
		return "sections"
	case "number":
		return "numbers"
	case "date":
		return "dates"
	}
	return s
}
