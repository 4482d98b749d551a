package bmo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// ResetOptions say how an instance is put back.
type ResetOptions struct {
	// Stack is the instance's stack; nil for the one that is kept with its snapshot.
	Stack *stack.Stack
	// Environ has the variables that secrets of a kept stack come from, as os.Environ returns them.
	Environ []string
	// WaitTimeout is how long the instance may take to become ready, whatever its probes say; 0 for no such limit.
	WaitTimeout time.Duration
	// Progress shows the work; nil shows nothing.
	Progress *progress.Printer
}

// Reset puts a detached instance back to what its snapshot has, and returns when it is ready: under the same name, at the same
// address, in the flavor and with the environment that it was started with. All that was written to it is gone.
//
// What can be known to fail is an error before anything is done. If the instance does not start anew, it is gone; the error
// says so, and is one of Run's. An instance that has ended can be reset, too.
func (c *Client) Reset(ctx context.Context, name string, o ResetOptions) (*Instance, error) {
	if _, err := c.connectAndSweep(ctx); err != nil {
		return nil, err
	}
	defer c.show(o.Progress)()
	defer c.settle(ctx)
	inst, err := c.workable(ctx, name, "reset")
	if err != nil {
		return nil, err
	}
	r, err := c.resetRequest(ctx, inst, o)
	if err != nil {
		return nil, meanwhile(name, err)
	}
	err = o.Progress.Step(ctx, "remove what "+name+" has become", func(ctx context.Context, _ *progress.Log) error {
		return instance.Remove(ctx, c.engine, inst, 0)
	})
	if err != nil {
		return nil, err
	}
	again, err := instance.Start(ctx, r)
	if err != nil {
		return nil, notReset(name, err)
	}
	return again, nil
}

// notReset says that an instance is gone. Between its end and its start nothing runs from the snapshot, which a prune may
// take then, and the name is free for others, of which another reset is one.
func notReset(name string, err error) error {
	if taken := (*instance.TakenError)(nil); errors.As(err, &taken) {
		return hint.Wrap(fmt.Errorf("instance %s was not reset: another process has started one of that name meanwhile", name),
			"if that was another `docker bmo reset`, it has done the same; `docker bmo ps` lists the instance when it is ready")
	}
	gone := fmt.Errorf("instance %s is gone: it did not start anew from its snapshot: %w", name, err)
	if engine.IsNoImage(launch.Cause(err)) {
		return hint.Wrap(gone, "another process has removed the snapshot meanwhile; `docker bmo run` makes it again")
	}
	return gone
}

// resetRequest says what to start, and makes sure that all of it is there.
func (c *Client) resetRequest(ctx context.Context, inst *Instance, o ResetOptions) (instance.Request, error) {
	r := instance.Request{
		Engine: c.engine, Stack: o.Stack, Owner: c.owner(ctx), Proxies: c.proxies, Within: o.WaitTimeout, Warn: c.warn,
		Journal: journal.New(nil), Progress: o.Progress, Keeper: c.keeper,
	}
	var err error
	if r.Snapshot, err = c.snapshotOf(ctx, inst); err != nil {
		return r, err
	}
	if r.Stack == nil {
		if r.Stack, err = c.KeptStack(ctx, inst.Key, o.Environ); err != nil {
			return r, err
		}
	}
	if err := r.Snapshot.Fits(r.Stack.Name, launch.ServiceNames(r.Stack), launch.VolumeNames(launch.Lasting(r.Stack))); err != nil {
		return r, err
	}
	if err := r.Stack.CheckFlavor(inst.Flavor); inst.Flavor != stack.DefaultFlavor && err != nil {
		return r, err
	}
	var errs []error
	for _, s := range launch.Lasting(r.Stack) {
		for _, f := range s.Files {
			if _, err := r.Stack.Content(f.Source); err != nil {
				errs = append(errs, fmt.Errorf("service %s: %s: %w", s.Name, f.Name, err))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return r, err
	}
	return r.Again(ctx, inst)
}
