// Package probe tells whether a server is ready to serve, as its clients would see it: MySQL by a login and a query,
// HTTP by status and body. A TCP connect alone proves nothing: proxies and temporary servers accept it, too.
package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// interval is the pause between two attempts.
const interval = 25 * time.Millisecond

// Dialer opens a connection to the server.
type Dialer func(ctx context.Context) (net.Conn, error)

// Probe asks a server once whether it is ready; a nil error means that it is.
type Probe interface {
	Check(ctx context.Context, dial Dialer) error
	// String says what is asked, for progress and errors.
	String() string
}

// NotReadyError says that a server was not ready in time, and what the last attempt found.
type NotReadyError struct {
	Probe string
	After time.Duration
	Last  error
}

func (e *NotReadyError) Error() string {
	return fmt.Sprintf("not ready after %s: %s: %v", e.After.Round(100*time.Millisecond), e.Probe, e.Last)
}

// Unwrap returns what the last attempt found.
func (e *NotReadyError) Unwrap() error { return e.Last }

// attempt bounds one attempt: a server that accepts and never answers must not use up the whole time.
var attempt = 2 * time.Second

// Wait asks until the server is ready. It fails with a NotReadyError after timeout, and with ctx's cause when ctx ends.
// failed, if not nil, is called with the error of every attempt.
func Wait(ctx context.Context, p Probe, dial Dialer, timeout time.Duration, failed func(error)) error {
	start := time.Now()
	deadline, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var last error
	for limit := attempt; ; {
		err := once(deadline, p, dial, &limit)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if final(err) {
			return err
		}
		// An attempt that the deadline cut off says less than the one before it.
		if deadline.Err() == nil || last == nil {
			last = err
		}
		if failed != nil {
			failed(err)
		}
		select {
		case <-deadline.Done():
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return &NotReadyError{Probe: p.String(), After: time.Since(start), Last: last}
		case <-tick.C:
		}
	}
}

// final tells whether an error says of itself, by a method Final, that it is no use to ask again.
func final(err error) bool {
	var f interface{ Final() bool }
	return errors.As(err, &f) && f.Final()
}

// once asks once within limit. Where that was too short it is doubled for the next time, up to a point: the way to an
// engine elsewhere may take seconds before the server is even met.
func once(ctx context.Context, p Probe, dial Dialer, limit *time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	err := p.Check(ctx, dial)
	if ctx.Err() != nil {
		*limit = min(2**limit, 8*attempt)
	}
	return err
}
