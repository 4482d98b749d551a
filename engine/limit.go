package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/docker/docker/client"
)

// SilentError reports that the engine was asked for something and has not answered in time.
type SilentError struct {
	Host, Request string
	After         time.Duration
}

func (e *SilentError) Error() string {
	return fmt.Sprintf("the docker engine at %s has not answered within %s: %s", e.Host, e.After, e.Request)
}

// Hint says what to check.
func (e *SilentError) Hint() string {
	return "see whether `docker version` answers, and what the engine's own log says; what may be left on it is removed by the next command"
}

// Final reports that waiting is of no use.
func (e *SilentError) Final() bool { return true }

// OnSlow has fn told when a request has not been answered for some seconds, and done called when it is. It must be called
// before the engine is used.
func (e *Engine) OnSlow(fn func(text string) (done func())) { e.limits.slow = fn }

// limits are what the requests of one engine may take.
type limits struct {
	host         func() string
	answer, work time.Duration
	// say is after how long slow is told of a question, and of work.
	say, sayWork time.Duration
	slow         func(text string) (done func())
}

func newLimits(host func() string) *limits {
	return &limits{host: host, answer: AnswerTime, work: WorkTime, say: 3 * time.Second, sayWork: time.Minute}
}

// kind is how long a kind of request may take, and after how long it is said.
type kind struct{ limit, say time.Duration }

func (l *limits) question() kind { return kind{l.answer, l.say} }
func (l *limits) labour() kind   { return kind{l.work, l.sayWork} }

// ask makes a request within its limit.
func ask[T any](ctx context.Context, l *limits, k kind, what string, request func(context.Context) (T, error)) (T, error) {
	// Not a deadline: gRPC would tell it to the engine, which may then answer that the time is over a moment before it is here.
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(k.limit, cancel).Stop()
	defer l.saySlow(k.say, what)()
	v, err := request(limited)
	return v, l.explain(ctx, limited, k, what, err)
}

// do is ask for requests that are answered by nothing.
func do(ctx context.Context, l *limits, k kind, what string, request func(context.Context) error) error {
	_, err := ask(ctx, l, k, what, func(ctx context.Context) (struct{}, error) { return struct{}{}, request(ctx) })
	return err
}

// open makes a request for a stream, which must begin in time and then lives as long as ctx.
func open[T any](ctx context.Context, l *limits, what string, request func(context.Context) (T, error)) (T, error) {
	k := l.question()
	limited, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(k.limit, cancel)
	defer l.saySlow(k.say, what)()
	v, err := request(limited)
	if !late.Stop() && err == nil { // it began in the very moment
		err = context.Canceled
	}
	if err = l.explain(ctx, limited, k, what, err); err != nil {
		cancel()
	}
	return v, err
}

// explain says of an error what it means: the engine is silent, or has gone.
func (l *limits) explain(ctx, limited context.Context, k kind, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return outOfTime(ctx, l.host(), err)
	case limited.Err() != nil:
		return &SilentError{Host: l.host(), Request: what, After: k.limit}
	case unconnected(err):
		return &unconnectedError{err}
	case strange(err):
		return &StrangeError{Host: l.host(), Request: what, Err: err}
	}
	return err
}

// unconnectedError is the error of a request without a connection: Lost makes a LostError of it.
type unconnectedError struct{ error }

func (e *unconnectedError) Unwrap() error { return e.error }

// Final reports that waiting is of no use.
func (e *unconnectedError) Final() bool { return true }

// unconnected reports whether a request failed because there was no connection, or no longer one. An engine that has too
// many to accept at the moment is there.
func unconnected(err error) bool {
	if errors.Is(err, syscall.EAGAIN) {
		return false
	}
	return client.IsErrConnectionFailed(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNREFUSED)
}

// saySlow tells slow of a request that is not answered soon. The caller calls done when it is.
func (l *limits) saySlow(after time.Duration, what string) (done func()) {
	if l.slow == nil {
		return func() {}
	}
	over, said := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(said)
		select {
		case <-over:
			return
		case <-time.After(after):
		}
		answered := l.slow("waiting for the engine at " + l.host() + ": " + what)
		<-over
		answered()
	}()
	return func() {
		close(over)
		<-said
	}
}
