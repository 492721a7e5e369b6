package jiratest

import (
	"slices"
	"sync"
)

// cacheSize allows for parallel pulls of several partitions.
const cacheSize = 64

type cacheKey struct {
	jql           string
	anon, lenient bool
}

type cached struct {
	key   cacheKey
	found *found
}

// resultCache keeps the results of the last queries for one state of the
// world.
type resultCache struct {
	mu    sync.Mutex
	world int64
	list  []cached // oldest first
}

func (r *resultCache) get(key cacheKey, world int64) *found {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.world != world {
		return nil
	}
	for _, c := range r.list {
		if c.key == key {
			return c.found
		}
	}
	return nil
}

func (r *resultCache) put(key cacheKey, world int64, f *found) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.world != world {
		r.world, r.list = world, nil
	}
	if len(r.list) == cacheSize {
		r.list = slices.Delete(r.list, 0, 1)
	}
	r.list = append(r.list, cached{key, f})
}
