package launch

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/probe"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Check returns when services that run answer all of their probes, or the error of the first that does not in time.
func (g *Group) Check(ctx context.Context, services []stack.Service) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range services {
		group.Go(func() error { return g.check(ctx, s) })
	}
	return group.Wait()
}

func (g *Group) check(ctx context.Context, s stack.Service) error {
	defer g.Engine.Release(ctx, g.ID(s.Name))
	probes, err := g.probes(ctx, s)
	if err != nil {
		return err
	}
	for _, p := range probes {
		if err := probe.Wait(ctx, p.Probe, g.dialer(s.Name, p), g.patience(s), func(error) {}); err != nil {
			return &ServiceError{Service: s.Name, Err: err}
		}
	}
	return nil
}
