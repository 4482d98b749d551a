package launch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// MayEnd reports whether a service may end by itself with exit code 0: one that nobody waits for has done its work then.
// An image's own health check does not count, since not every image has one.
func MayEnd(s stack.Service) bool {
	r := s.Ready
	return r.MySQL == nil && r.HTTP == nil && r.TCP == nil && r.Exec == nil && len(r.Ports) == 0
}

// watch calls the others off if a service that counts as ready ends although it should go on, until all are ready. One
// that has a restart policy is started again.
func (g *Group) watch(ctx context.Context, s stack.Service, b bringing) {
	for began := time.Now(); ; {
		p := g.Process(s.Name)
		if p == nil {
			return
		}
		select {
		case <-p.Done():
		case <-b.grp.Done():
			return
		}
		if g.startAgain(b.grp, s, ended(p), began) && b.start(ctx, s) == nil {
			continue
		}
		if b.grp.Err() != nil {
			return
		}
		if err := g.endedEarly(b.grp, s, p); err != nil {
			b.fail(err)
		}
		return
	}
}

// restartPause is how long a service with a restart policy rests between its end and its next start, as long as docker
// waits at most in the beginning.
var restartPause = time.Second

// startAgain reports whether a service that has failed with err is to be started again: it has a restart policy and has
// time left. Many applications are written so that they end until their database can be reached.
func (g *Group) startAgain(ctx context.Context, s stack.Service, err error, began time.Time) bool {
	var exit *ExitError
	if !s.Restart || !errors.As(err, &exit) || exit.Code == 0 && MayEnd(s) || time.Since(began) > g.patience(s) {
		return false
	}
	select {
	case <-time.After(restartPause):
		return true
	case <-ctx.Done():
		return false
	}
}

// firstEnded returns the error of the first service that has ended although it should go on; one with a restart policy is
// started once more.
func (g *Group) firstEnded(ctx context.Context, services []stack.Service, start func(context.Context, stack.Service) error) error {
	for _, s := range services {
		p := g.Process(s.Name)
		if p == nil {
			continue
		}
		select {
		case <-p.Done():
			if g.startAgain(ctx, s, ended(p), time.Now()) && start(ctx, s) == nil {
				continue
			}
			if err := g.endedEarly(ctx, s, p); err != nil {
				return err
			}
		default:
		}
	}
	return nil
}

// endedEarly returns why the end of a service is a failure, nil if it is none.
func (g *Group) endedEarly(ctx context.Context, s stack.Service, p *engine.Process) error {
	err := ended(p)
	var exit *ExitError
	if errors.As(err, &exit) {
		switch {
		case exit.Code == 0 && MayEnd(s):
			return nil
		case !MayEnd(s):
			err = &lateError{exit}
		}
	}
	return g.failure(ctx, s.Name, err, &progress.Log{})
}

// lateError reports that a service ended when it was ready and others were not yet.
type lateError struct{ exit *ExitError }

func (e *lateError) Error() string {
	return fmt.Sprintf("ended with exit code %d before the others were ready", e.exit.Code)
}

// Unwrap returns the same without the time.
func (e *lateError) Unwrap() error { return e.exit }
