package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"syscall"

	"github.com/docker/cli/cli"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/printable"
)

// Exit codes in addition to 0, 1 for invalid input or a failed build, and a test command's own.
const (
	exitNotReady    = 124 // an instance did not become ready in time
	exitEngine      = 125 // the engine is missing, too old or failed; in `run`, any failure that is not the command's own
	exitInterrupted = 130
	exitBrokenPipe  = 141 // nobody reads any more what is printed
)

// coded is an error that determines the exit code.
type coded struct {
	error
	code int
}

func (c coded) Unwrap() error { return c.error }

// parsing matches what Go adds to the reason why a flag's value is invalid.
var parsing = regexp.MustCompile(`\bstrconv\.Parse\w+: parsing "[^"]*": `)

// report prints an error with its hints and returns the exit code.
func report(w io.Writer, err error) int {
	var st cli.StatusError
	if errors.As(err, &st) {
		if st.Error() != "" {
			fmt.Fprintln(w, printable.Text(parsing.ReplaceAllString(st.Error(), "")))
		}
		return max(st.StatusCode, 1)
	}
	err = bmo.ConnectionLost(err)
	code := exitCode(err)
	switch code {
	case exitInterrupted:
		fmt.Fprintln(w, "interrupted")
		return code
	case exitBrokenPipe:
		return code // whoever has gone knows
	}
	for _, e := range each(err) {
		if strings.HasPrefix(e.Error(), "docker: ") {
			fmt.Fprintln(w, printable.Text(e.Error())) // docker's own message, as docker prints it
		} else {
			fmt.Fprintf(w, "error: %s\n", printable.Text(e.Error()))
		}
	}
	hints := hint.All(err)
	if last := lastHint(err); len(hints) == 0 && last != "" {
		hints = []string{last}
	}
	for _, h := range hints {
		fmt.Fprintf(w, "hint: %s\n", printable.Text(h))
	}
	return code
}

// each returns the errors that were joined in err, or err alone.
func each(err error) []error {
	if c, ok := err.(coded); ok { //nolint:errorlint // the outermost one has the code
		err = c.error
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() { // one that has a message of its own
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, each(e)...)
	}
	return all
}

func exitCode(err error) int {
	var notReady *bmo.NotReadyError
	var sig interrupted
	var c coded
	signaled := errors.As(err, &sig)
	switch {
	case signaled && sig.sig == syscall.SIGPIPE:
		return exitBrokenPipe
	case signaled || errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &notReady):
		return exitNotReady
	case bmo.IsEngineFailure(err), errors.As(err, new(*bmo.ClusterUnreachableError)):
		return exitEngine
	case errors.As(err, &c):
		return c.code
	default:
		return 1
	}
}
