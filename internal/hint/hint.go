// Package hint attaches to an error what to do next, and collects that again where the error is shown.
package hint

import "slices"

// hinted is an error with a hint.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// Hint returns the hint alone; see All.
func (h hinted) Hint() string { return h.hint }

// Wrap attaches to err a line that says what to do next. A nil err stays nil, and an empty hint changes nothing.
func Wrap(err error, hint string) error {
	if err == nil || hint == "" {
		return err
	}
	return hinted{err, hint}
}

// All returns the hints of err and of all errors that it wraps, outermost first, each once. An error type has a hint
// when it has a method `Hint() string`.
func All(err error) []string {
	var hints []string
	if h, ok := err.(interface{ Hint() string }); ok && h.Hint() != "" {
		hints = append(hints, h.Hint())
	}
	switch e := err.(type) { //nolint:errorlint // it walks the chain itself
	case interface{ Unwrap() error }:
		hints = append(hints, All(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			hints = append(hints, All(inner)...)
		}
	}
	return distinct(hints)
}

// distinct returns the hints in their order, each once.
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
