package engine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
)

// lateError reports that the engine has not answered before the time of whoever asked was up, which may be less than a
// request's own. Waiting may be of use: probes give a question little time.
type lateError struct{ host string }

func (e *lateError) Error() string {
	return fmt.Sprintf("the docker engine at %s has not answered before the time was up", e.host)
}

// Hint says what to check.
func (e *lateError) Hint() string { return (*SilentError)(nil).Hint() }

func (e *lateError) Unwrap() error { return context.DeadlineExceeded }

// outOfTime says of the error of a request what it means that its context has ended, without the address that was asked for. As
// long as the context lives it returns err.
func outOfTime(ctx context.Context, host string, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	var address *url.Error
	switch {
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded) && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)):
		return &lateError{host}
	case errors.As(err, &address):
		return address.Err
	}
	return err
}
