// Package probe checks whether a server is ready, as its clients would see it: MySQL by a login and a query, HTTP by
// status and body, a port of which nothing is known by what answers on it. A TCP connection alone proves nothing: proxies
// and temporary servers accept it, too. It is not part of the API: programs use package bmo.
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

// Probe checks a server once; a nil error means that it is ready.
type Probe interface {
	Check(ctx context.Context, dial Dialer) error
	// String describes the check, for progress and errors.
	String() string
}

// Bounded is implemented by probes that know how long one attempt may take. They are those that are work for the server:
// between two attempts there is a pause as long as the last one took, up to a second.
type Bounded interface {
	Limit() time.Duration
}

const maxPause = time.Second

// NotReadyError reports that a server was not ready in time, and what the last attempt found.
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

// attemptTimeout limits one attempt: a server that accepts and never answers must not use up the whole time.
var attemptTimeout = 2 * time.Second

// Wait checks until the server is ready. It returns a *NotReadyError after timeout, counted from the call, ctx's cause
// when ctx ends, and at once an error whose method Final returns true. failed, if not nil, is called with the error of
// each attempt after which it checks again or runs out of time.
func Wait(ctx context.Context, p Probe, dial Dialer, timeout time.Duration, failed func(error)) error {
	start := time.Now()
	deadline, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var last error
	for limit := firstLimit(p); ; {
		began := time.Now()
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
		// An attempt that was cut off by the deadline says less than the one before it.
		if deadline.Err() == nil || last == nil {
			last = err
		}
		if failed != nil {
			failed(err)
		}
		if b, ok := p.(Bounded); ok && b.Limit() > 0 {
			tick.Reset(min(max(interval, time.Since(began)), maxPause))
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

// final reports whether an error says, by a method Final, that checking again is useless.
func final(err error) bool {
	var f interface{ Final() bool }
	return errors.As(err, &f) && f.Final()
}

// firstLimit returns how long the first attempt may take.
func firstLimit(p Probe) time.Duration {
	if b, ok := p.(Bounded); ok && b.Limit() > 0 {
		return b.Limit()
	}
	return attemptTimeout
}

// once checks once within limit. If that was too short it is doubled for the next time, up to a maximum: reaching a
// remote engine may take seconds before the server is even contacted.
func once(ctx context.Context, p Probe, dial Dialer, limit *time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	err := p.Check(ctx, dial)
	if ctx.Err() != nil {
		*limit = max(*limit, min(2**limit, 8*attemptTimeout))
	}
	return err
}
