package config

import (
	"encoding"
	"fmt"
	"reflect"
	"time"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// Redacted is the configuration in force as plain values under the keys of the
// file, with every default filled in and every secret hidden: for the API and
// for support. Of the policy only what teams differ in has a place of its own;
// the policy itself is shown by its compiled form.
func (c *Config) Redacted() map[string]any {
	return plainValue(reflect.ValueOf(*c)).(map[string]any)
}

// plainValue turns a value into maps, lists and scalars.
func plainValue(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case connectors.Secret:
		if x.IsZero() {
			return nil
		}
		return x.String()
	case time.Duration:
		return FormatDuration(x)
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		if err != nil {
			return nil
		}
		return string(b)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return plainValue(v.Elem())
	case reflect.Struct:
		return plainStruct(v)
	case reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = plainValue(v.Index(i))
		}
		return out
	case reflect.Map:
		out := map[string]any{}
		for _, k := range v.MapKeys() {
			out[fmt.Sprint(plainValue(k))] = plainValue(v.MapIndex(k))
		}
		return out
	}
	return v.Interface()
}

func plainStruct(v reflect.Value) map[string]any {
	out := map[string]any{}
	for _, f := range fieldsOf(v.Type()) {
		if x := plainValue(v.FieldByIndex(f.index)); x != nil {
			out[f.name] = x
		}
	}
	return out
}
