package engine

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
)

// StrangeError reports an answer that no engine gives, such as the web page of a proxy that stands in between.
type StrangeError struct {
	Host    string // empty where it is not known
	Request string
	Err     error
}

func (e *StrangeError) Error() string {
	at := ""
	if e.Host != "" {
		at = " at " + e.Host
	}
	return "what answers" + at + " is not a docker engine, or not always: " + e.Request
}

// Unwrap returns the error of whatever could not read the answer.
func (e *StrangeError) Unwrap() error { return e.Err }

// Hint says what to check.
func (e *StrangeError) Hint() string {
	return "see whether `docker version` answers, and what stands between docker and the engine; " +
		"what may be left on the engine is removed by the next command"
}

// Final reports that waiting is of no use.
func (e *StrangeError) Final() bool { return true }

// unread matches what the client says of other parts of an answer than JSON that it cannot read.
var unread = regexp.MustCompile(`unable to upgrade to \w+, received 2\d\d|unable to decode container path stat header|` +
	`Error (?:retrieving disk usage|reading remote info): invalid character|Unrecognized input header: \d`)

// strange reports whether a request failed because its answer could not be read.
func strange(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind) || unread.MatchString(err.Error())
}

// waitFailed returns why a container's end is not known. The client makes an error of the text of an answer that it cannot
// read, and of nothing else.
func (e *Engine) waitFailed(ctx context.Context, err error) error {
	err = cut(outOfTime(ctx, e.host, err))
	if !IsFailure(err) && errors.Unwrap(err) == nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return &StrangeError{Request: "wait for a container", Err: err}
	}
	return err
}
