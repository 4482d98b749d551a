package bootstrap

import (
	"context"
	"fmt"

	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// oneShots runs the services that end by themselves to their end, in start order, each when what it depends on is ready.
// What they write to other services or into volumes is kept, their own filesystem is not.
func (b *run) oneShots(ctx context.Context) error {
	if b.From != nil {
		return nil // it has what they did
	}
	for _, s := range b.Stack.Services {
		if !s.OneShot {
			continue
		}
		s = s.With(stack.DefaultFlavor)
		if err := b.bringUp(ctx, s.DependsOn...); err != nil {
			return fmt.Errorf("before service %s: %w", s.Name, err)
		}
		step := stack.Step{Service: s.Name, Command: s.Command}
		err := b.step(ctx, s.Name, "run "+s.Name+" to its end", func(ctx context.Context, log *progress.Log) error {
			return b.limited(ctx, step, log, func(ctx context.Context) (int, error) { return b.runAlone(ctx, s, log) })
		})
		if err != nil {
			return err
		}
		if err := b.group.BlankFiles(ctx, s); err != nil { // they may be in a volume
			return err
		}
		if err := b.Engine.RemoveContainer(ctx, b.group.ID(s.Name)); err != nil {
			return err
		}
		b.group.Forget(s.Name)
	}
	return nil
}

// bringUp starts the named services and what they depend on, and waits until they are ready. From then on they may hold
// what a step or a service that runs to its end has written.
func (b *run) bringUp(ctx context.Context, names ...string) error {
	needs := b.closure(names...)
	if err := b.group.Up(ctx, needs, nil); err != nil {
		return err
	}
	for _, n := range needs {
		b.used[n.Name] = true
	}
	return nil
}

// runAlone runs a service's container to its end and returns the exit code.
func (b *run) runAlone(ctx context.Context, s stack.Service, log *progress.Log) (int, error) {
	id, err := b.group.Create(ctx, s)
	if err != nil {
		return 0, fmt.Errorf("service %s: %w", s.Name, err)
	}
	stdout, stderr := b.Journal.Source(s.Name, log), b.Journal.Source(s.Name, log)
	defer stderr.Close()
	defer stdout.Close()
	p, err := b.Engine.Start(ctx, id, stdout, stderr)
	if err != nil {
		return 0, fmt.Errorf("service %s: %w", s.Name, err)
	}
	return p.Wait(ctx)
}
