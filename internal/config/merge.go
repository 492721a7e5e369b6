package config

import "slices"

// without returns a mapping without one key, and that key's entry.
func (n *node) without(key string) (*node, *entry) {
	i := slices.IndexFunc(n.entries, func(e entry) bool { return e.key.text == key })
	if i < 0 {
		return n, nil
	}
	out := *n
	out.entries = slices.Delete(slices.Clone(n.entries), i, i+1)
	return &out, &n.entries[i]
}

// forPreset is the base for a team's policy: without its score where the team
// takes another preset, because its pillars are not that preset's.
func (n *node) forPreset(team *node) *node {
	own, ok := team.lookup("score", "preset")
	if base, found := n.lookup("score", "preset"); !ok || found && base.text == own.text {
		return n
	}
	out, _ := n.without("score")
	return out
}

// lookup follows keys into mappings.
func (n *node) lookup(keys ...string) (*node, bool) {
	for _, k := range keys {
		e, ok := n.get(k)
		if !ok {
			return nil, false
		}
		n = e.value
	}
	return n, true
}

// merged lays a team's part over the base: mappings key by key, lists whose
// elements are all named element by element, anything else as a whole. An
// empty value takes the base's away. Every node keeps its own place.
func merged(base, over *node) *node {
	switch {
	case base.kind == mapping && over.kind == mapping:
		return mergeMappings(base, over)
	case base.kind == list && over.kind == list:
		if by := identity(base, over); by != "" {
			return mergeLists(base, over, by)
		}
	}
	return over
}

func mergeMappings(base, over *node) *node {
	out := *over
	out.entries = nil
	for _, e := range base.entries {
		o, ok := over.get(e.key.text)
		switch {
		case !ok:
			out.entries = append(out.entries, e)
		case o.value.kind != null:
			out.entries = append(out.entries, entry{o.key, merged(e.value, o.value)})
		}
	}
	for _, o := range over.entries {
		if _, ok := base.get(o.key.text); !ok {
			out.entries = append(out.entries, o)
		}
	}
	return &out
}

// identity is the key by which the elements of two lists are told apart: every
// element of both has it.
func identity(base, over *node) string {
	for _, by := range []string{"name", "prefix"} {
		lacks := func(n *node) bool { e, ok := n.get(by); return !ok || e.value.kind != text }
		if len(base.items) > 0 && !slices.ContainsFunc(slices.Concat(base.items, over.items), lacks) {
			return by
		}
	}
	return ""
}

// mergeLists merges elements of the same name in the base's order. New ones go
// before the base's last, which is the catch-all among lanes.
func mergeLists(base, over *node, by string) *node {
	named := func(n, like *node) bool {
		a, _ := n.get(by)
		b, _ := like.get(by)
		return a.value.text == b.value.text
	}
	out := *over
	out.items = nil
	for _, b := range base.items {
		i := slices.IndexFunc(over.items, func(o *node) bool { return named(o, b) })
		if i < 0 {
			out.items = append(out.items, b)
			continue
		}
		out.items = append(out.items, merged(b, over.items[i]))
	}
	var added []*node
	for i, o := range over.items {
		same := func(n *node) bool { return named(n, o) }
		if !slices.ContainsFunc(base.items, same) || slices.ContainsFunc(over.items[:i], same) {
			added = append(added, o)
		}
	}
	out.items = slices.Insert(out.items, len(out.items)-1, added...)
	return &out
}
