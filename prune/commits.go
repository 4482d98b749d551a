package prune

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// resumeGrace is how long a service that a killed commit was stopping may take to end.
const resumeGrace = 2 * time.Minute

// resume puts an instance back to work whose commit was killed in the middle: lock is the container that the commit had as
// its lock, and names what it stops.
func resume(ctx context.Context, e *engine.Engine, lock engine.Container) error {
	list, err := e.Containers(ctx, label.Instance+"="+lock.Labels[label.CommitOf])
	if err != nil {
		return err
	}
	if err := putBack(ctx, e, lock, list); err != nil {
		return err
	}
	names := strings.Split(lock.Labels[label.Services], ",")
	stops := func(c engine.Container) bool { return slices.Contains(names, c.Labels[label.Service]) }
	// The commit stops nothing before all others are paused, so while one of them is not, what runs goes on running.
	stopping := !slices.ContainsFunc(list, func(c engine.Container) bool { return c.State == "running" && !stops(c) })
	var errs []error
	for _, c := range list {
		switch {
		case stops(c) && (c.State == "exited" || c.State == "running" && stopping):
			errs = append(errs, startAgain(ctx, e, c, lock))
		case c.State == "paused":
			errs = append(errs, e.Unpause(ctx, c.ID))
		}
	}
	return errors.Join(errs...)
}

// putBack gives the services of the instance back the secrets and configs that the commit had taken out of them.
func putBack(ctx context.Context, e *engine.Engine, lock engine.Container, list []engine.Container) error {
	kept, err := e.KeptIn(ctx, lock.ID)
	if err != nil || len(kept) == 0 {
		return err
	}
	for _, k := range kept {
		if !slices.ContainsFunc(list, func(c engine.Container) bool { return c.ID == k.Container }) {
			continue // it was removed
		}
		if err := e.PutBack(ctx, k); err != nil {
			return err
		}
	}
	// From now on the services have them, and this process may be killed, too, before the lock is gone.
	if err := e.ForgetKept(ctx, lock.ID); !engine.IsNotFound(err) { // another sweep of the same commit was faster
		return err
	}
	return nil
}

// startAgain starts a container that has ended, or has been sent its stop signal and will end, unless the commit has done so.
func startAgain(ctx context.Context, e *engine.Engine, c, lock engine.Container) error {
	now, err := e.Look(ctx, c.ID)
	if err != nil {
		return err
	}
	began, err := e.Look(ctx, lock.ID)
	switch {
	case engine.IsNotFound(err) && now.Running: // another sweep of the same commit was faster
		return nil
	case err != nil && !engine.IsNotFound(err), now.Running && now.Started.After(began.Created):
		return err
	}
	if now.Running {
		if err := e.StopContainer(ctx, c.ID, resumeGrace); err != nil {
			return err
		}
	}
	_, err = e.Start(ctx, c.ID, nil, nil)
	return err
}
