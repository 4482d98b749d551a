package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"
)

// hinted is an error that also says what to do next.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// Hint attaches to err a line that says what to do next; a nil err stays nil.
func Hint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return hinted{err, hint}
}

// Hints returns the hints of err and of all errors that it wraps, outermost first, each once. Any error with a method
// `Hint() string` may carry one.
func Hints(err error) []string {
	var hints []string
	if h, ok := err.(interface{ Hint() string }); ok && h.Hint() != "" {
		hints = append(hints, h.Hint())
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		hints = append(hints, Hints(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			hints = append(hints, Hints(inner)...)
		}
	}
	return unique(hints)
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func (h hinted) Hint() string { return h.hint }

// IsNotFound tells whether the engine said that it has no such object.
func IsNotFound(err error) bool { return errdefs.IsNotFound(err) }

// IsConflict tells whether the engine said that a name is taken or an object is in use.
func IsConflict(err error) bool { return errdefs.IsConflict(err) }

// IsPortTaken tells whether a start failed because the published port belongs to somebody else. Engines have no code
// for it, only these words (libnetwork's portallocator, and bind(2) as Go prints it).
func IsPortTaken(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "port is already allocated") ||
		strings.Contains(err.Error(), "address already in use"))
}

// IsNoSpace tells whether the engine's disk is full.
func IsNoSpace(err error) bool {
	return err != nil && strings.Contains(err.Error(), "no space left on device")
}

// IsFailure tells whether the engine itself is at fault: it is not there, not usable, or could not do what it was asked
// for. That it refused something, since it has no such object or one in use, is no failure.
func IsFailure(err error) bool {
	var unavailable *UnavailableError
	var unusable *UnusableError
	return errors.As(err, &unavailable) || errors.As(err, &unusable) || client.IsErrConnectionFailed(err) ||
		errdefs.IsInternal(err) || errdefs.IsUnavailable(err)
}

// UnusableError says that an engine answered that does not do.
type UnusableError struct{ Reason string }

func (e *UnusableError) Error() string { return e.Reason }

// Hint says what to do about it.
func (e *UnusableError) Hint() string {
	return "upgrade the engine, or choose another one with `docker context use` or DOCKER_HOST"
}

// UnavailableError says that no engine answered.
type UnavailableError struct {
	Host string
	Err  error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("cannot reach a docker engine at %s: %v", e.Host, e.Err)
}

// Unwrap returns the client's own error.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Hint says what to look at first.
func (e *UnavailableError) Hint() string {
	return "start the engine, or choose another one with `docker context use` or DOCKER_HOST"
}

func unreachable(host string, err error) error {
	if client.IsErrConnectionFailed(err) {
		// The client's text already repeats the host and asks whether the daemon runs; the cause is enough.
		err = errors.New("is it running?")
	}
	return &UnavailableError{Host: host, Err: err}
}
