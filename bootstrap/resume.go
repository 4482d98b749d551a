package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// An instance that was stopped or paused for a commit goes back to work.

// portTries is how often a service is started again whose published port somebody else has taken meanwhile, and portPause
// how long to wait in between.
const portTries = 20

var portPause = 500 * time.Millisecond

// resume puts the instance back to work, also when ctx is done; only then it does not wait until the instance is ready.
func (c *committing) resume(ctx context.Context) error {
	on := c.on
	errs := c.putBack(on)
	for _, s := range slices.Backward(c.stopped) {
		if len(c.kept) > 0 {
			break // none works without its secrets: the next command puts them back and starts it
		}
		errs = append(errs, c.step(on, s.Name, "start "+s.Name+" of "+c.of.Instance, func(_ context.Context, log *progress.Log) error {
			return c.startAgain(ctx, s, log)
		}))
	}
	for _, s := range c.paused {
		errs = append(errs, insist(func() error {
			err := c.Engine.Unpause(on, c.group.ID(s.Name))
			if engine.IsConflict(err) {
				return nil // it goes on already
			}
			return err
		}))
	}
	c.lead(on) // each request has a limit of its own
	if err := errors.Join(errs...); err != nil {
		return c.notBack(err)
	}
	for _, s := range c.paused {
		err := c.step(ctx, s.Name, "wait for "+s.Name+" of "+c.of.Instance, func(ctx context.Context, log *progress.Log) error {
			return c.group.Await(ctx, s, log)
		})
		if err != nil && ctx.Err() == nil {
			return c.notBack(err)
		}
	}
	return nil
}

// putBack gives the services their secrets and configs back. If it cannot, they stay in the lock, and that stays, too.
func (c *committing) putBack(ctx context.Context) (errs []error) {
	for _, k := range c.kept {
		if err := insist(func() error { return c.Engine.PutBack(ctx, k) }); err != nil {
			errs = append(errs, err)
		}
	}
	if len(c.kept) > 0 && len(errs) == 0 {
		c.note(insist(func() error { return c.Engine.ForgetKept(ctx, c.lockID) }))
		c.kept = nil
	}
	return errs
}

// failureTries is how often the engine is asked for what puts the instance back to work, which nobody else does, and
// failurePause how long it has between two failures.
const failureTries = 3

var failurePause = 500 * time.Millisecond

// insist makes a request again when the engine has failed, but not when it has kept silent for so long as is waited.
func insist(request func() error) error {
	for try := 1; ; try++ {
		err := request()
		silent := (*engine.SilentError)(nil)
		switch {
		case !engine.IsFailure(err), engine.IsPortTaken(err), errors.As(err, &silent), try == failureTries:
			return err
		}
		time.Sleep(failurePause)
	}
}

func (c *committing) notBack(err error) error {
	return hint.Wrap(fmt.Errorf("instance %s is not ready again: %w", c.of.Instance, err),
		"`docker bmo reset "+c.of.Instance+"` starts it anew from its snapshot; an application has to connect to its database again by itself")
}

// startAgain starts a service that was stopped, and awaits it unless ctx is done.
func (c *committing) startAgain(ctx context.Context, s stack.Service, log *progress.Log) error {
	if running, err := c.Engine.IsRunning(c.on, c.group.ID(s.Name)); err == nil && running {
		return nil // it could not be stopped
	}
	for try := 1; ; try++ {
		err := insist(func() error { _, err := c.group.Start(c.on, s); return err })
		if err == nil {
			break
		}
		if !engine.IsPortTaken(err) || try == portTries {
			return err
		}
		time.Sleep(portPause)
	}
	if err := c.group.Await(ctx, s, log); err != nil && ctx.Err() == nil {
		return err
	}
	for port, public := range c.of.Ports[s.Name] {
		now, err := c.Engine.PublishedPort(c.on, c.group.ID(s.Name), port)
		if err == nil && now != public {
			c.warn(fmt.Errorf("port %d of service %s of instance %s is at %s now, not at %s any more", port, s.Name, c.of.Instance,
				launch.Address(now), launch.Address(public)))
		}
	}
	return nil
}
