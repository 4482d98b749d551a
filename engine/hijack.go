package engine

import (
	"context"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
)

// hijack calls open, which takes over a connection from HTTP, within ctx.
func hijack(ctx context.Context, open func() (types.HijackedResponse, error)) (types.HijackedResponse, error) {
	r, err := within(ctx, open, func(r types.HijackedResponse) { r.Close() })
	return r, notUpgraded(err)
}

// upgradeError is the error of a request that was to take over its connection, with what the engine's status means: the client
// only quotes that.
type upgradeError struct{ err, kind error }

func (e *upgradeError) Error() string   { return e.err.Error() }
func (e *upgradeError) Unwrap() []error { return []error{e.err, e.kind} }

// notUpgraded returns such an error with its kind; any other error is returned unchanged.
func notUpgraded(err error) error {
	if err == nil {
		return nil
	}
	m := refusal.FindStringSubmatch(err.Error())
	switch {
	case m == nil:
		return err
	case m[1] == "404":
		return &upgradeError{err, errdefs.ErrNotFound}
	case m[1] == "409":
		return &upgradeError{err, errdefs.ErrConflict}
	case m[1] >= "500":
		return &upgradeError{err, errdefs.ErrInternal}
	}
	return err
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
