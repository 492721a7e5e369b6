package jira

import (
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

const (
	memoEntries = 1024
	memoSize    = 2048 // bytes of one value
)

// memo remembers what values came to that many issues repeat byte for byte,
// such as a status or a person: reading them again costs more than all the rest
// of an issue. It also makes those issues share one copy. Errors are not
// remembered, and what is shared must not be changed.
type memo[T any] struct {
	mu    sync.RWMutex
	known map[string]T
}

func (m *memo[T]) read(v jsontext.Value, read func(jsontext.Value) (T, error)) (T, error) {
	m.mu.RLock()
	out, ok := m.known[string(v)]
	m.mu.RUnlock()
	if ok {
		return out, nil
	}
	out, err := read(v)
	if err != nil || len(v) > memoSize {
		return out, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= memoEntries {
		m.known = map[string]T{} // values that come again are soon back
	}
	m.known[string(v)] = out
	return out, nil
}

// memos are the kinds of values that are remembered.
type memos struct {
	projects memo[string]
	kinds    memo[rawKind]
	statuses memo[issue.Status]
	ranks    memo[named]
	people   memo[issue.Person]
	texts    memo[string] // of objects in custom fields
}
