package bmo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// watchPause is how long Watch waits before it looks at a service again that has ended, and watchTries how often in a row
// the engine may not answer.
var watchPause = time.Second

const watchTries = 10

// Watch watches the containers of a ready instance until ctx ends, and then returns nil. It returns an error as soon as one
// of them is removed, by whomever, or the engine is lost. Of a service that ends by itself ended is told, once each time: it
// may be started again. A service that has done its work when it ends with 0 may end.
func (c *Client) Watch(ctx context.Context, inst *Instance, ended func(error)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	errs := make(chan error, len(inst.Services))
	var wg sync.WaitGroup
	for service, id := range inst.Services {
		wg.Go(func() {
			w := serviceWatch{c.engine, inst.Name, service, id, slices.Contains(inst.MayEnd, service), ended}
			if err := w.run(ctx); err != nil {
				errs <- err
				cancel(nil)
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// serviceWatch watches one service.
type serviceWatch struct {
	e                     *engine.Engine
	instance, service, id string
	mayEnd                bool
	ended                 func(error)
}

func (w serviceWatch) run(ctx context.Context) error {
	for failed := 0; ctx.Err() == nil; {
		code, err := w.e.ExitCode(ctx, w.id)
		switch {
		case ctx.Err() != nil:
			return nil
		case engine.IsNotFound(err):
			return gone(w.instance, w.service)
		case err != nil:
			if failed++; failed == watchTries {
				return fmt.Errorf("instance %s can no longer be watched: %w", w.instance, err)
			}
			w.pause(ctx)
			continue
		case code == 0 && w.mayEnd:
			return nil
		}
		failed = 0
		if err := w.untilStarted(ctx, code); err != nil {
			return err
		}
	}
	return nil
}

// untilStarted returns when a service that has ended runs again. One that was killed may be about to be removed, which says
// more.
func (w serviceWatch) untilStarted(ctx context.Context, code int) error {
	for said := false; ; said = true {
		w.pause(ctx)
		running, err := w.e.IsRunning(ctx, w.id)
		switch {
		case ctx.Err() != nil || running:
			return nil
		case engine.IsNotFound(err):
			return gone(w.instance, w.service)
		case err != nil:
			return nil // the next question says it better
		case !said:
			w.ended(fmt.Errorf("service %s of instance %s ended with exit code %d while the command ran", w.service, w.instance, code))
		}
	}
}

func gone(instance, service string) error {
	return hint.Wrap(fmt.Errorf("instance %s is gone: the container of service %s was removed while the command ran", instance, service),
		"`docker events --since 10m` shows what was done to it; `docker bmo stop` and `docker container rm` remove instances")
}

func (w serviceWatch) pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(watchPause):
	}
}

// CheckRunning returns an error unless all services of an instance run, but for those that have done their work: they may
// end, and have ended with 0.
func (c *Client) CheckRunning(ctx context.Context, inst *Instance) error {
	for _, service := range slices.Sorted(maps.Keys(inst.Services)) {
		s, err := c.engine.Look(ctx, inst.Services[service])
		switch {
		case engine.IsNotFound(err):
			return gone(inst.Name, service)
		case err != nil:
			return fmt.Errorf("service %s of instance %s: %w", service, inst.Name, err)
		case !s.Running && (s.ExitCode != 0 || !slices.Contains(inst.MayEnd, service)):
			err := fmt.Errorf("service %s of instance %s does not run: it ended with exit code %d", service, inst.Name, s.ExitCode)
			return hint.Wrap(err, "`docker bmo events "+inst.Name+"` shows what was done to it, `docker bmo logs "+inst.Name+" "+service+"` its last lines")
		}
	}
	return nil
}
