package engine

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"syscall"

	"github.com/docker/docker/client"

	"github.com/docker-bmo/docker-bmo/internal/grpctext"
)

// LostError reports that the connection to the engine broke while something was under way.
type LostError struct{ Err error }

// request matches how the client begins the message of a failed request: with a URL within its API.
var request = regexp.MustCompile(`error during connect: [A-Z][a-z]+ "[^"\n]*": `)

// Error leaves out what belongs only in the client's own log: the request, how ssh was called, and what gRPC adds.
func (e *LostError) Error() string {
	text := helperEndedLine.ReplaceAllStringFunc(e.Err.Error(), func(s string) string {
		first, _, _ := strings.Cut(s, "\n")
		return connectionCause(errors.New(first)).Error()
	})
	text = grpctext.Plain(request.ReplaceAllString(text, ""))
	return "the connection to the docker engine was lost: " + strings.TrimSpace(text)
}

// Unwrap returns the error that the broken connection caused.
func (e *LostError) Unwrap() error { return e.Err }

// Hint says what happens to what was under way.
func (e *LostError) Hint() string {
	return "see whether `docker version` answers; what may be left on the engine is removed by the next command"
}

// Final reports that waiting is of no use.
func (e *LostError) Final() bool { return true }

// Lost returns a LostError if err is caused by a broken connection, and what it means where the engine has refused BuildKit's
// session; any other error is returned unchanged.
func Lost(err error) error {
	var unavailable *UnavailableError
	var lost *LostError
	var silent *SilentError
	var strange *StrangeError
	if err == nil || errors.As(err, &unavailable) || errors.As(err, &lost) || errors.As(err, &silent) || errors.As(err, &strange) {
		return err
	}
	if refused := asSession(err.Error()); refused != nil {
		return refused
	}
	if !broken(err) {
		return err
	}
	return &LostError{Err: err}
}

// grpcBroken matches what BuildKit's client says of a connection that broke, or that nothing comes through any more.
var grpcBroken = regexp.MustCompile(`error reading from server: |no active session for |connection error: desc = |keepalive ping failed`)

// broken reports whether an error comes from the connection to the engine: from the client of its API, the helper it
// goes through, or BuildKit's client.
func broken(err error) bool {
	var unconnected *unconnectedError
	return errors.As(err, &unconnected) || client.IsErrConnectionFailed(err) || helperEnded.MatchString(err.Error()) || grpcBroken.MatchString(err.Error())
}

// cut returns a LostError for the end of a stream that should have gone on, and a StrangeError for one that is none.
func cut(err error) error {
	if err != nil && strange(err) {
		return &StrangeError{Request: "read a stream", Err: err}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		return &LostError{Err: err}
	}
	return Lost(err)
}
