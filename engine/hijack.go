package engine

import (
	"context"

	"github.com/docker/docker/api/types"
)

// hijack calls open, which takes over a connection from HTTP, and gives up when ctx ends: the client respects its
// context only until it is connected, not while it waits for the response. On a network that drops everything, that
// would block forever.
func hijack(ctx context.Context, open func() (types.HijackedResponse, error)) (types.HijackedResponse, error) {
	type result struct {
		types.HijackedResponse
		error
	}
	opened := make(chan result)
	go func() {
		r, err := open()
		select {
		case opened <- result{r, err}:
		case <-ctx.Done():
			if err == nil {
				r.Close()
			}
		}
	}()
	select {
	case r := <-opened:
		return r.HijackedResponse, r.error
	case <-ctx.Done():
		return types.HijackedResponse{}, context.Cause(ctx)
	}
}
