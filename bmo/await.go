package bmo

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/prune"
)

// sweepTries is how often in a row sweeping may fail while another process is waited for, and awaitPause how long to wait
// between two looks at it.
const sweepTries = 20

var awaitPause = time.Second

// awaitMaking is the step in which another process is waited for that makes what is wanted here.
const awaitMaking = "wait for another docker bmo that is making the same "

// await waits until another process has ended its bootstrap of the same snapshot, or is gone.
func (p *pipeline) await(ctx context.Context) error {
	return p.awaitLocks(ctx, awaitMaking+"snapshot", func(ctx context.Context) ([]map[string]string, error) {
		locks, err := p.engine.Networks(ctx, label.Role+"="+label.RoleBootstrap)
		i := slices.IndexFunc(locks, func(n engine.Network) bool { return n.Name == bootstrap.Name(p.want.Key) })
		if i < 0 {
			return nil, err
		}
		return []map[string]string{locks[i].Labels}, err
	})
}

// awaitOther waits until another process has made what err says that it is making, or is gone.
func (p *pipeline) awaitOther(ctx context.Context, err error) error {
	busy := (*bootstrap.CheckpointBusyError)(nil)
	if !errors.As(err, &busy) {
		return p.await(ctx)
	}
	return p.awaitLocks(ctx, awaitMaking+"checkpoint", func(ctx context.Context) ([]map[string]string, error) {
		locks, err := p.engine.Volumes(ctx, label.Role+"="+label.RoleBootstrap, label.Key+"="+busy.Key)
		i := slices.IndexFunc(locks, func(v engine.Volume) bool { return v.Name == bootstrap.Name(busy.Key) })
		if i < 0 {
			return nil, err
		}
		return []map[string]string{locks[i].Labels}, err
	})
}

// awaitLocks waits until others have given back what they hold, whose labels find returns, or are gone. Each look is a call of
// find.
func (p *pipeline) awaitLocks(ctx context.Context, step string, find func(context.Context) ([]map[string]string, error)) error {
	return p.options.Progress.Step(ctx, step, func(ctx context.Context, log *progress.Log) error {
		abandoned := func(lock map[string]string) bool { return prune.Abandoned(ctx, p.engine, p.client.view(), lock) }
		for failures := 0; ; {
			locks, err := find(ctx)
			if len(locks) == 0 || err != nil {
				return err
			}
			log.SetStatus("waiting for "+owner.Describe(locks[0]), "")
			if slices.ContainsFunc(locks, abandoned) {
				// Somebody else may be sweeping at the same time; only trouble that does not pass is ours.
				if _, err := prune.Sweep(ctx, p.engine, p.client.view()); err == nil {
					failures = 0
					continue
				} else if failures++; failures == sweepTries {
					return err
				}
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(awaitPause):
			}
		}
	})
}
