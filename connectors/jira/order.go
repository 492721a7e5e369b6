package jira

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
)

// ordered runs fetch for 0..n-1, at most limit at a time, and yields the
// results in that order. At most twice as many are under way or wait for the
// consumer. The first
// error ends it; so does a consumer that stops. All work is over when the
// sequence ends.
func ordered[T any](ctx context.Context, n, limit int, fetch func(context.Context, int) (T, error)) iter.Seq2[T, error] {
	type result struct {
		value T
		err   error
	}
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var work sync.WaitGroup
		defer work.Wait()
		defer cancel()
		limit = max(1, limit)
		queue := make(chan chan result, 2*limit-1)
		slots := make(chan struct{}, limit)
		work.Go(func() {
			defer close(queue)
			for i := range n {
				r := make(chan result, 1)
				select {
				case queue <- r:
				case <-ctx.Done():
					return
				}
				select {
				case slots <- struct{}{}:
				case <-ctx.Done():
					r <- result{err: ctx.Err()}
					return
				}
				work.Go(func() {
					defer func() { <-slots }()
					v, err := fetch(ctx, i)
					r <- result{v, err}
				})
			}
		})
		for r := range queue {
			got := <-r
			if !yield(got.value, got.err) || got.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			var none T
			yield(none, err)
		}
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
