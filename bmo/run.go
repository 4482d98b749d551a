package bmo

import (
	"context"
	"fmt"
	"time"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// RunOptions say how instances are started. The zero value starts one, which lives and dies with this process.
type RunOptions struct {
	BuildOptions
	// Snapshot is the key of the snapshot to start from, or the beginning of it, whatever the stack's inputs are now.
	Snapshot string
	// NoBuild fails when there is no snapshot of the inputs, instead of making it.
	NoBuild bool
	// Number of instances to start; 0 is 1. All of them become ready, or none stays.
	Number int
	// Name of the instance; several get it with -1, -2 and so on. Empty for one made up.
	Name string
	// Flavor is one of the stack's; empty for the default one.
	Flavor string
	// Detach makes instances that outlive this process.
	Detach bool
	// Env is added to the environment of the application's service, and wins.
	Env map[string]string
	// Publish are ports to publish on 127.0.0.1, as [SERVICE:][HOST:]PORT.
	Publish []string
	// WaitTimeout is how long an instance may take to become ready, whatever its probes say; 0 for no such limit.
	WaitTimeout time.Duration
}

// RunResult is what Run returns.
type RunResult struct {
	// Instances are ready, in the order of their numbers.
	Instances []*Instance
	// Hints say how to reach instances on an engine on another machine that nothing is forwarded from.
	Hints []string
}

// Run starts instances of a stack's snapshot and returns when they are ready: when the database answers a query and the
// web server a valid HTTP response. A missing snapshot is built first. When it fails, no instance stays.
//
// An instance that is not ready in time is a *NotReadyError; the errors of Build come from here, too.
func (c *Client) Run(ctx context.Context, st *stack.Stack, o RunOptions) (*RunResult, error) {
	info, err := c.connectAndSweep(ctx)
	if err != nil {
		return nil, err
	}
	p, err := c.newPipeline(st, info, o.BuildOptions)
	if err != nil {
		return nil, err
	}
	defer p.close()
	request, err := o.request(p)
	if err != nil {
		return nil, err
	}
	if request.Snapshot, err = o.choose(ctx, p); err != nil {
		return nil, p.explain(err)
	}
	list, err := instance.StartMany(ctx, request, max(o.Number, 1), info.CPUs)
	if err != nil {
		return nil, p.explain(err)
	}
	result := &RunResult{Instances: list}
	for _, i := range list {
		if h := c.engine.Tunnel(i.URL); o.Detach && h != "" {
			result.Hints = append(result.Hints, h)
		}
	}
	return result, nil
}

// request says what to start, but for the snapshot.
func (o RunOptions) request(p *pipeline) (instance.Request, error) {
	r := instance.Request{
		Engine: p.engine, Stack: p.stack, Flavor: o.Flavor, Name: o.Name, Detach: o.Detach, Owner: owner.Current(),
		Environment: o.Env, Proxies: p.client.proxies, Within: o.WaitTimeout, Warn: p.client.warn, Journal: p.journal, Progress: o.Progress,
	}
	if o.Flavor != "" {
		if err := p.stack.CheckFlavor(o.Flavor); err != nil {
			return r, err
		}
	}
	var err error
	r.Publish, err = instance.ParsePublish(p.stack, o.Publish)
	return r, err
}

// choose returns the snapshot to start from.
func (o RunOptions) choose(ctx context.Context, p *pipeline) (*snapshot.Snapshot, error) {
	switch {
	case o.Snapshot != "":
		s, err := snapshot.Resolve(ctx, p.engine, o.Snapshot)
		if err != nil {
			return nil, err
		}
		return s, s.Fits(p.stack.Name, launch.ServiceNames(p.stack), launch.VolumeNames(launch.Lasting(p.stack)))
	case o.NoBuild:
		s, err := p.find(ctx)
		if s == nil && err == nil {
			err = hint.Wrap(fmt.Errorf("stack %s has no snapshot of these inputs, and --no-build is given", p.stack.Name),
				"run `docker bmo build` with the same options first")
		}
		return s, err
	default:
		return p.ensure(ctx)
	}
}
