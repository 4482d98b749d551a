package engine

import (
	"context"

	"github.com/docker/docker/api/types"
)

// hijack calls open, which takes over a connection from HTTP, within ctx.
func hijack(ctx context.Context, open func() (types.HijackedResponse, error)) (types.HijackedResponse, error) {
	return within(ctx, open, func(r types.HijackedResponse) { r.Close() })
}

// within calls open and gives up when ctx ends: the client respects its context only until it is connected, not while it
// waits for the response. On a network that drops everything, that would block forever. What comes too late is closed.
func within[T any](ctx context.Context, open func() (T, error), closeLate func(T)) (T, error) {
	type result struct {
		v   T
		err error
	}
	opened := make(chan result)
	go func() {
		v, err := open()
		select {
		case opened <- result{v, err}:
		case <-ctx.Done():
			if err == nil {
				closeLate(v)
			}
		}
	}()
	select {
	case r := <-opened:
		return r.v, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
