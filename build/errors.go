package build

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	bkerrors "github.com/moby/buildkit/solver/errdefs"
)

// Error reports what failed in an image's build, where in its Dockerfile, and what to do next. BuildKit's own message
// is a chain of what it was about to do.
type Error struct {
	// Services are the services that share the image.
	Services []string
	// Where is the instruction that failed, as FILE:LINE: TEXT, empty if unknown.
	Where string
	// Output is what the instruction printed last, unless it has been shown already.
	Output []string

	cause string
	hint  string
	err   error
}

// newError returns an Error for one of BuildKit's. output are the last lines of what failed, and shown reports whether
// progress has shown them.
func newError(services []string, err error, output []string, shown bool) *Error {
	e := &Error{Services: services, Where: where(err), err: err}
	e.cause, e.hint = explain(err.Error(), e.Where != "", output)
	output, own := cutHints(output)
	e.hint = cmp.Or(own, e.hint)
	if !shown && len(output) > 0 {
		e.Output = output
		e.hint = cmp.Or(e.hint, "`--progress plain` shows all that it printed")
	}
	return e
}

func (e *Error) Error() string {
	text := "image of " + strings.Join(e.Services, " and ") + ": "
	if e.Where != "" {
		text += e.Where + ": "
	}
	text += e.cause
	if len(e.Output) > 0 {
		text += "; its last lines:\n  " + strings.Join(e.Output, "\n  ")
	}
	return text
}

// Unwrap returns BuildKit's error.
func (e *Error) Unwrap() error { return e.err }

// Hint says what to do next.
func (e *Error) Hint() string { return e.hint }

// where returns the innermost place in a Dockerfile that the error knows.
func where(err error) string {
	var source *bkerrors.SourceError
	if !errors.As(err, &source) || source.Info == nil || len(source.Ranges) == 0 {
		return ""
	}
	first, last := int(source.Ranges[0].Start.Line), int(source.Ranges[0].Start.Line)
	for _, r := range source.Ranges {
		first, last = min(first, int(r.Start.Line)), max(last, int(r.End.Line))
	}
	lines := strings.Split(string(source.Info.Data), "\n")
	if first < 1 || first > len(lines) {
		return ""
	}
	text := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(lines[first-1]), `\`))
	if last > first {
		text += " ..."
	}
	return fmt.Sprintf("%s:%d: `%s`", source.Info.Filename, first, text)
}
