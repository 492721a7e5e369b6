package lineartest

import (
	"slices"
	"strings"
	"time"
)

// test decides on one thing.
type test[T any] func(T) bool

func all[T any](tests []test[T]) test[T] {
	if len(tests) == 1 {
		return tests[0]
	}
	return func(v T) bool {
		for _, t := range tests {
			if !t(v) {
				return false
			}
		}
		return true
	}
}

// whenText compares texts; "" counts as null.
func whenText[T any](get func(T) string) condition[T] {
	return func(_ *run, v any) test[T] {
		ops := textOps(v.(map[string]any))
		return func(x T) bool { return meets(ops, get(x)) }
	}
}

func meets[V any](ops []func(V) bool, v V) bool {
	for _, op := range ops {
		if !op(v) {
			return false
		}
	}
	return true
}

func textOps(m map[string]any) []func(string) bool {
	var ops []func(string) bool
	for _, name := range sortedKeys(m) {
		want, _ := m[name].(string)
		list := toTexts(m[name])
		isNull, _ := m[name].(bool)
		if m[name] == nil {
			continue
		}
		if name == "null" {
			ops = append(ops, func(s string) bool { return (s == "") == isNull })
			continue
		}
		ops = append(ops, textOp(name, want, list))
	}
	return ops
}

func textOp(name, want string, list []string) func(string) bool {
	lower := strings.ToLower(want)
	switch name {
	case "eq":
		return func(s string) bool { return s == want }
	case "neq":
		return func(s string) bool { return s != want }
	case "in":
		return func(s string) bool { return slices.Contains(list, s) }
	case "nin":
		return func(s string) bool { return !slices.Contains(list, s) }
	case "eqIgnoreCase":
		return func(s string) bool { return strings.EqualFold(s, want) }
	case "neqIgnoreCase":
		return func(s string) bool { return !strings.EqualFold(s, want) }
	case "contains":
		return func(s string) bool { return strings.Contains(s, want) }
	case "notContains":
		return func(s string) bool { return !strings.Contains(s, want) }
	case "containsIgnoreCase", "containsIgnoreCaseAndAccent":
		return func(s string) bool { return strings.Contains(strings.ToLower(s), lower) }
	case "notContainsIgnoreCase":
		return func(s string) bool { return !strings.Contains(strings.ToLower(s), lower) }
	case "startsWith":
		return func(s string) bool { return strings.HasPrefix(s, want) }
	case "startsWithIgnoreCase":
		return func(s string) bool { return strings.HasPrefix(strings.ToLower(s), lower) }
	case "notStartsWith":
		return func(s string) bool { return !strings.HasPrefix(s, want) }
	case "endsWith":
		return func(s string) bool { return strings.HasSuffix(s, want) }
	case "notEndsWith":
		return func(s string) bool { return !strings.HasSuffix(s, want) }
	}
	return func(string) bool { return false }
}

// whenNumber compares numbers; ok false is null.
func whenNumber[T any](get func(T) (float64, bool)) condition[T] {
	return func(x *run, v any) test[T] {
		m := v.(map[string]any)
		var ops []func(*float64) bool
		for _, name := range sortedKeys(m) {
			if m[name] != nil && name != "and" && name != "or" {
				ops = append(ops, numberOp(name, m[name]))
			}
		}
		tests := []test[T]{func(t T) bool {
			if n, ok := get(t); ok {
				return meets(ops, &n)
			}
			return meets(ops, nil)
		}}
		return all(append(tests, nested(x, m, whenNumber(get))...))
	}
}

func numberOp(name string, v any) func(*float64) bool {
	if isNull, ok := v.(bool); ok {
		return func(n *float64) bool { return (n == nil) == isNull }
	}
	want, _ := toNumber(v)
	var list []float64
	for _, e := range toList(v) {
		if f, ok := toNumber(e); ok {
			list = append(list, f)
		}
	}
	op := ordered(name, func(n float64) int { return compareNumbers(n, want) },
		func(n float64) bool { return slices.Contains(list, n) })
	return func(n *float64) bool { return n != nil && op(*n) }
}

func compareNumbers(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// ordered is a comparator over anything with an order.
func ordered[V any](name string, cmp func(V) int, in func(V) bool) func(V) bool {
	switch name {
	case "eq":
		return func(v V) bool { return cmp(v) == 0 }
	case "neq":
		return func(v V) bool { return cmp(v) != 0 }
	case "lt":
		return func(v V) bool { return cmp(v) < 0 }
	case "lte":
		return func(v V) bool { return cmp(v) <= 0 }
	case "gt":
		return func(v V) bool { return cmp(v) > 0 }
	case "gte":
		return func(v V) bool { return cmp(v) >= 0 }
	case "in":
		return in
	}
	return func(v V) bool { return !in(v) } // nin
}

// whenTime compares times; the zero time is null.
func whenTime[T any](get func(T) time.Time) condition[T] {
	return func(x *run, v any) test[T] {
		m := v.(map[string]any)
		var ops []func(time.Time) bool
		for _, name := range sortedKeys(m) {
			if m[name] != nil {
				ops = append(ops, timeOp(name, m[name], x.s.now()))
			}
		}
		return func(t T) bool { return meets(ops, get(t)) }
	}
}

func timeOp(name string, v any, now time.Time) func(time.Time) bool {
	if isNull, ok := v.(bool); ok {
		return func(t time.Time) bool { return t.IsZero() == isNull }
	}
	var list []time.Time
	for _, s := range toTexts(v) {
		if t, err := parseMoment(s, now); err == nil {
			list = append(list, t)
		}
	}
	if len(list) == 0 {
		return func(time.Time) bool { return name == "nin" }
	}
	op := ordered(name, func(t time.Time) int { return t.Compare(list[0]) },
		func(t time.Time) bool { return slices.ContainsFunc(list, t.Equal) })
	return func(t time.Time) bool { return !t.IsZero() && op(t) }
}

// whenDay compares dates without time, written YYYY-MM-DD; "" is null.
func whenDay[T any](get func(T) string) condition[T] {
	return whenTime(func(t T) time.Time {
		day, err := time.Parse(time.DateOnly, get(t))
		if err != nil {
			return time.Time{}
		}
		return day
	})
}

func whenFlag[T any](get func(T) bool) condition[T] {
	return func(_ *run, v any) test[T] {
		m := v.(map[string]any)
		return func(t T) bool {
			if want, ok := m["eq"].(bool); ok && get(t) != want {
				return false
			}
			if not, ok := m["neq"].(bool); ok && get(t) == not {
				return false
			}
			return true
		}
	}
}
