package engine

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"syscall"

	"github.com/docker/docker/client"
)

// LostError reports that the connection to the engine broke while something was under way.
type LostError struct{ Err error }

// request matches how the client begins the message of a failed request: with a URL within its API.
var request = regexp.MustCompile(`error during connect: [A-Z][a-z]+ "[^"\n]*": `)

// Error leaves out what belongs only in the client's own log: the request, and how ssh was called.
func (e *LostError) Error() string {
	text := helperEndedLine.ReplaceAllStringFunc(e.Err.Error(), func(s string) string {
		first, _, _ := strings.Cut(s, "\n")
		return connectionCause(errors.New(first)).Error()
	})
	return "the connection to the docker engine was lost: " + strings.TrimSpace(request.ReplaceAllString(text, ""))
}

// Unwrap returns the error that the broken connection caused.
func (e *LostError) Unwrap() error { return e.Err }

// Hint says what happens to what was under way.
func (e *LostError) Hint() string {
	return "see whether `docker version` answers; what may be left on the engine is removed by the next command"
}

// Lost returns a LostError if err is caused by a broken connection; any other error is returned unchanged.
func Lost(err error) error {
	var unavailable *UnavailableError
	var lost *LostError
	if err == nil || errors.As(err, &unavailable) || errors.As(err, &lost) || !broken(err) {
		return err
	}
	return &LostError{Err: err}
}

// broken reports whether an error comes from the connection to the engine: from the client of its API, the helper it
// goes through, or BuildKit's client.
func broken(err error) bool {
	return client.IsErrConnectionFailed(err) || helperEnded.MatchString(err.Error()) ||
		strings.Contains(err.Error(), "error reading from server: ") || strings.Contains(err.Error(), "connection error: desc = ")
}

// cut returns a LostError for the end of a stream that should have gone on.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		return &LostError{Err: err}
	}
	return Lost(err)
}
