package engine

import (
	"context"

	"github.com/docker/docker/api/types"
)

// hijack calls open, which takes a connection over from HTTP, and gives up on it when ctx ends: the client itself follows
// its context up to the connection only, not while it waits for the answer on it. Over a network that swallows
// everything that would be for ever.
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
