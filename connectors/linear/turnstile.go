package linear

import (
	"context"
	"sync"
)

// turnstile lets one at a time read something from the server. A wait for it
// ends with the context, unlike one for a lock. The zero turnstile is free.
type turnstile struct {
	once sync.Once
	room chan struct{}
}

// enter returns what lets the next one in.
func (t *turnstile) enter(ctx context.Context) (leave func(), err error) {
	t.once.Do(func() { t.room = make(chan struct{}, 1) })
	select {
	case t.room <- struct{}{}:
		return func() { <-t.room }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
