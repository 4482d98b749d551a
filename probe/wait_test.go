package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// long is a time that no test waits for, unless something hangs.
const long = time.Minute

// scripted is a probe that does what a function says, given the number of the attempt.
type scripted func(ctx context.Context, n int) error

func (s scripted) probe() Probe { return &script{check: s} }

type script struct {
	check scripted
	n     int
}

func (s *script) Check(ctx context.Context, _ Dialer) error {
	s.n++
	return s.check(ctx, s.n)
}

func (s *script) String() string { return "a script" }

func noDial(context.Context) (net.Conn, error) { return nil, errors.New("nobody to dial") }

func TestReadyAtOnce(t *testing.T) {
	p := scripted(func(context.Context, int) error { return nil }).probe()
	assert.NilError(t, Wait(t.Context(), p, noDial, long, func(err error) { t.Error(err) }))
}

func TestReadyAfterFailures(t *testing.T) {
	p := scripted(func(_ context.Context, n int) error {
		if n < 4 {
			return fmt.Errorf("no %d", n)
		}
		return nil
	}).probe()
	var failed []string
	assert.NilError(t, Wait(t.Context(), p, noDial, long, func(err error) { failed = append(failed, err.Error()) }))
	assert.DeepEqual(t, failed, []string{"no 1", "no 2", "no 3"})
}

func TestNotReadyInTime(t *testing.T) {
	refused := errors.New("connection refused")
	p := scripted(func(context.Context, int) error { return refused }).probe()
	err := Wait(t.Context(), p, noDial, time.Millisecond, nil)
	var late *NotReadyError
	assert.Assert(t, errors.As(err, &late))
	assert.Assert(t, late.After >= time.Millisecond)
	assert.ErrorIs(t, err, refused)
	late.After = 1234 * time.Millisecond
	assert.Error(t, late, "not ready after 1.2s: a script: connection refused")
}

// TestCutOffAttemptSaysLess: the attempt that runs into the deadline does not hide what the one before it found.
func TestCutOffAttemptSaysLess(t *testing.T) {
	refused := errors.New("connection refused")
	p := scripted(func(ctx context.Context, n int) error {
		if n == 1 {
			return refused
		}
		<-ctx.Done()
		return ctx.Err()
	}).probe()
	err := Wait(t.Context(), p, noDial, 2*interval, nil)
	assert.ErrorIs(t, err, refused)
}

func TestFirstAttemptCutOff(t *testing.T) {
	p := scripted(func(ctx context.Context, _ int) error {
		<-ctx.Done()
		return ctx.Err()
	}).probe()
	err := Wait(t.Context(), p, noDial, time.Millisecond, nil)
	var late *NotReadyError
	assert.Assert(t, errors.As(err, &late))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// TestWaitInterrupted: whenever the context ends, its cause is the error, and not that something was not ready.
func TestWaitInterrupted(t *testing.T) {
	stop := errors.New("enough")
	for name, check := range map[string]func(cancel context.CancelCauseFunc) scripted{
		"in an attempt": func(cancel context.CancelCauseFunc) scripted {
			return func(ctx context.Context, _ int) error {
				cancel(stop)
				<-ctx.Done()
				return ctx.Err()
			}
		},
		"between attempts": func(cancel context.CancelCauseFunc) scripted {
			return func(context.Context, int) error {
				time.AfterFunc(0, func() { cancel(stop) })
				return errors.New("not yet")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			err := Wait(ctx, check(cancel).probe(), noDial, long, nil)
			assert.Equal(t, err, stop)
		})
	}
}

// TestAttemptIsBounded: a server that accepts and never answers must not use up the whole time.
func TestAttemptIsBounded(t *testing.T) {
	defer func(was time.Duration) { attemptTimeout = was }(attemptTimeout)
	attemptTimeout = time.Millisecond
	p := scripted(func(ctx context.Context, n int) error {
		if n < 3 {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}).probe()
	assert.NilError(t, Wait(t.Context(), p, noDial, long, nil))
}

// TestAttemptsGrow: a server that takes longer to answer than the first attempt lasts does become ready.
func TestAttemptsGrow(t *testing.T) {
	defer func(d time.Duration) { attemptTimeout = d }(attemptTimeout)
	attemptTimeout = time.Millisecond
	p := scripted(func(ctx context.Context, _ int) error {
		if deadline, _ := ctx.Deadline(); time.Until(deadline) > 3*attemptTimeout {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}).probe()
	assert.NilError(t, Wait(t.Context(), p, noDial, 5*time.Second, nil))
}

// finalError says that trying again is useless.
type finalError struct{ error }

func (finalError) Final() bool { return true }

// TestWaitGivesUpOnFinalErrors: one attempt, and no NotReadyError.
func TestWaitGivesUpOnFinalErrors(t *testing.T) {
	asked := 0
	why := finalError{errors.New("no way there")}
	dial := func(context.Context) (net.Conn, error) { asked++; return nil, fmt.Errorf("connect: %w", why) }
	err := Wait(t.Context(), HTTP{URL: "http://127.0.0.1:1/"}, dial, time.Hour, nil)
	assert.ErrorIs(t, err, why)
	var late *NotReadyError
	assert.Assert(t, !errors.As(err, &late))
	assert.Equal(t, asked, 1)
}
