package launch

import (
	"context"
	"errors"
	"fmt"

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

// watch calls fail if a service that counts as ready ends although it should go on, until ctx is done.
func (g *Group) watch(ctx context.Context, s stack.Service, fail context.CancelCauseFunc) {
	p := g.Process(s.Name)
	if p == nil {
		return
	}
	select {
	case <-p.Done():
		if err := g.endedEarly(ctx, s, p); err != nil {
			fail(err)
		}
	case <-ctx.Done():
	}
}

// firstEnded returns the error of the first service that has ended although it should go on.
func (g *Group) firstEnded(ctx context.Context, services []stack.Service) error {
	for _, s := range services {
		p := g.Process(s.Name)
		if p == nil {
			continue
		}
		select {
		case <-p.Done():
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
