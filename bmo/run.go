package bmo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// RunOptions say how instances are started. The zero value starts one, which lives and dies with this process.
type RunOptions struct {
	BuildOptions
	// Snapshot is the name of the snapshot to start from, or its key or the beginning of that, whatever the stack's inputs
	// are now.
	Snapshot string
	// NoBuild fails when neither the engine nor the stack's repository has a snapshot of the inputs, instead of making it.
	NoBuild bool
	// Number of instances to start; 0 is 1.
	Number int
	// Parallel is how many start at a time; 0 is as many as the engine has processors. Each also waits for memory and
	// addresses, for ten minutes at most.
	Parallel int
	// AllOrNone removes all of several instances when one of them fails to start. Else that one alone is missing.
	AllOrNone bool
	// Started, if not nil, is called with each instance when it is ready, one at a time.
	Started func(*Instance)
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
	// Live mounts the project's own files, those of bind mounts, in place of the copies that the snapshot has. It needs an
	// engine on this machine. A snapshot that differs only in those files serves.
	Live bool
	// WaitTimeout is how long an instance may take to become ready, whatever its probes say; 0 for no such limit.
	WaitTimeout time.Duration
}

// RunResult is what Run returns.
type RunResult struct {
	// Instances are ready, in the order of their numbers.
	Instances []*Instance
	// Hints say how to reach instances on an engine on another machine that nothing is forwarded from.
	Hints []string
	// Refill are the identifiers of pools that are to be filled again, by PoolFill: the application's own, and those that
	// instances were taken out of.
	Refill []string
}

// Run starts instances of a stack's snapshot and returns when they are ready: when the database answers a query and the
// web server a valid HTTP response. A missing snapshot is built first. When it fails, no instance stays, but for this:
// of several instances those that are ready are in the result, with a *FailedError if others have failed to start.
//
// An instance that is not ready in time is a *NotReadyError; the errors of Build come from here, too.
func (c *Client) Run(ctx context.Context, st *stack.Stack, o RunOptions) (*RunResult, error) {
	info, err := c.connectAndSweep(ctx)
	if err != nil {
		return nil, err
	}
	p, err := c.newPipeline(ctx, st, info, o.BuildOptions)
	if err != nil {
		return nil, err
	}
	defer p.close(ctx)
	request, err := o.request(ctx, p)
	if err != nil {
		return nil, err
	}
	list, pool, err := o.start(ctx, p, request)
	if len(list) == 0 {
		return nil, err
	}
	result := &RunResult{Instances: list, Refill: c.refill(pool, list)}
	for _, i := range list {
		if h := c.engine.Tunnel(i.URL); o.Detach && h != "" {
			result.Hints = append(result.Hints, h)
		}
	}
	return result, err
}

// lookTries is how often a snapshot is looked up that is removed before it has been started.
const lookTries = 3

// start looks up the snapshot, or makes it, and starts the instances. A snapshot that somebody removes meanwhile is looked
// up again. pool is the application's own, if it has one.
func (o RunOptions) start(ctx context.Context, p *pipeline, r instance.Request) (list []*Instance, pool string, err error) {
	for try := 1; ; try++ {
		if r.Snapshot, err = o.choose(ctx, p); err != nil {
			return nil, "", err
		}
		if pool, err = o.poolOf(ctx, p, &r); err != nil {
			return nil, "", err
		}
		list, err = instance.StartMany(ctx, r, instance.Many{
			Number: o.Number, AtOnce: cmp.Or(o.Parallel, p.info.CPUs), AllOrNone: o.AllOrNone, Started: o.Started,
		})
		if len(list) > 0 || !engine.IsNoImage(launch.Cause(err)) || try == lookTries || ctx.Err() != nil {
			return list, pool, snapshotGone(err)
		}
	}
}

// snapshotGone adds what to do to the error of a start whose snapshot somebody has removed; any other error is returned
// unchanged.
func snapshotGone(err error) error {
	if !engine.IsNoImage(launch.Cause(err)) {
		return err
	}
	return hint.Wrap(err, "the snapshot was removed meanwhile, as `docker system prune --all` and `docker bmo prune --all` do: run the command again")
}

// refill returns the pools that are to be filled: the application's own and those that instances come from, each once, but
// not those that another process is filling.
func (c *Client) refill(own string, list []*Instance) []string {
	var pools []string
	if own != "" {
		pools = append(pools, own)
	}
	for _, i := range list {
		if i.Pool != "" && !slices.Contains(pools, i.Pool) {
			pools = append(pools, i.Pool)
		}
	}
	return slices.DeleteFunc(pools, c.beingFilled)
}

// request says what to start, but for the snapshot.
func (o RunOptions) request(ctx context.Context, p *pipeline) (instance.Request, error) {
	r := instance.Request{
		Engine: p.engine, Stack: p.stack, Flavor: o.Flavor, Name: o.Name, Detach: o.Detach, Owner: p.client.owner(ctx),
		Environment: o.Env, Proxies: p.client.proxies, Within: o.WaitTimeout, Warn: p.client.warn, Journal: p.journal, Progress: o.Progress,
		Keeper: p.client.keeper,
	}
	if r.Live = o.Live; r.Live {
		r.Prefix = livePrefix(p.stack)
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
		s, err := p.resolve(ctx, o.Snapshot)
		if err != nil {
			return nil, err
		}
		return s, s.Fits(p.stack.Name, launch.ServiceNames(p.stack), launch.VolumeNames(launch.Lasting(p.stack)))
	case o.NoBuild:
		s, err := p.existing(ctx)
		if s == nil && err == nil && o.Live {
			s, err = p.findLive(ctx)
		}
		if s == nil && err == nil {
			err = hint.Wrap(fmt.Errorf("stack %s has no snapshot of these inputs, and --no-build is given", p.stack.Name),
				"run `docker bmo build` with the same options first")
		}
		return s, err
	case o.Live:
		return p.ensureLive(ctx)
	default:
		return p.ensure(ctx)
	}
}
