package lineartest

import (
	"maps"
	"slices"
)

// condition compiles one entry of a filter into a test.
type condition[T any] func(x *run, v any) test[T]

// filter names the conditions that a filter input knows.
type filter[T any] map[string]condition[T]

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// compile joins the entries of a filter by and. The schema has made sure that
// each entry is known; one without a condition here matches nothing.
func (f filter[T]) compile(x *run, m map[string]any) test[T] {
	var tests []test[T]
	for _, name := range sortedKeys(m) {
		v := m[name]
		if v == nil || name == "and" || name == "or" || name == "null" {
			continue
		}
		c := f[name]
		if c == nil {
			return func(T) bool { return false }
		}
		tests = append(tests, c(x, v))
	}
	tests = append(tests, nested(x, m, func(x *run, v any) test[T] { return f.compile(x, v.(map[string]any)) })...)
	return all(tests)
}

// nested compiles the lists under and and or. An empty or matches everything.
func nested[T any](x *run, m map[string]any, one condition[T]) []test[T] {
	var tests []test[T]
	for _, sub := range toList(m["and"]) {
		tests = append(tests, one(x, sub))
	}
	var either []test[T]
	for _, sub := range toList(m["or"]) {
		either = append(either, one(x, sub))
	}
	if len(either) > 0 {
		tests = append(tests, func(v T) bool {
			return slices.ContainsFunc(either, func(t test[T]) bool { return t(v) })
		})
	}
	return tests
}

// whenOne follows a relation to one thing, which may be missing.
func whenOne[T, U any](get func(x *run, v T) *U, f func() filter[*U]) condition[T] {
	return func(x *run, v any) test[T] {
		m := v.(map[string]any)
		isNull, asked := m["null"].(bool)
		inner := f().compile(x, m)
		only := onlyNull(m)
		return func(t T) bool {
			u := get(x, t)
			if asked && (u == nil) != isNull {
				return false
			}
			if u == nil {
				return only
			}
			return inner(u)
		}
	}
}

// onlyNull reports a filter that asks for nothing but presence.
func onlyNull(m map[string]any) bool {
	for k, v := range m {
		if k != "null" && v != nil {
			return false
		}
	}
	return true
}

// whenMany follows a relation to many: plain conditions and some mean at least
// one, every all of them, length how many.
func whenMany[T, U any](get func(x *run, v T) []U, f func() filter[U]) condition[T] {
	return func(x *run, v any) test[T] {
		m := maps.Clone(v.(map[string]any))
		some, every, length := m["some"], m["every"], m["length"]
		isNull, asked := m["null"].(bool)
		subs := nested(x, m, whenMany(get, f))
		for _, k := range []string{"some", "every", "length", "and", "or", "null"} {
			delete(m, k)
		}
		var tests []test[[]U]
		if asked {
			tests = append(tests, func(us []U) bool { return (len(us) == 0) == isNull })
		}
		if length != nil {
			tests = append(tests, whenNumber(func(us []U) (float64, bool) { return float64(len(us)), true })(x, length))
		}
		if every != nil {
			t := f().compile(x, every.(map[string]any))
			tests = append(tests, func(us []U) bool { return !slices.ContainsFunc(us, func(u U) bool { return !t(u) }) })
		}
		for _, cond := range []any{some, orNil(m)} {
			if cond != nil {
				t := f().compile(x, cond.(map[string]any))
				tests = append(tests, func(us []U) bool { return slices.ContainsFunc(us, t) })
			}
		}
		return all(append(subs, func(v T) bool { return all(tests)(get(x, v)) }))
	}
}

func orNil(m map[string]any) any {
	if len(m) == 0 {
		return nil
	}
	return m
}

// apply keeps the items that the arguments' filter lets through, and drops
// archived ones unless they are asked for.
func apply[T any](x *run, a args, items []T, f func() filter[T], gone func(T) bool) []T {
	t := func(T) bool { return true }
	if m := a.object("filter"); len(m) > 0 {
		t = f().compile(x, m)
	}
	archived := a.flag("includeArchived")
	var out []T
	for _, v := range items {
		if (archived || gone == nil || !gone(v)) && t(v) {
			out = append(out, v)
		}
	}
	return out
}
