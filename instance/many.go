package instance

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// StartMany starts n instances, at most atOnce of them at a time: a start is all computing, and more of them than the
// engine has processors only make each other late. It is all of them or none: when one fails, the others are removed.
func StartMany(ctx context.Context, r Request, n, atOnce int) ([]*Instance, error) {
	if n > 1 {
		if err := r.checkMany(); err != nil {
			return nil, err
		}
	}
	started := make([]*Instance, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(atOnce, 1))
	for i := range n {
		group.Go(func() (err error) {
			if ctx.Err() != nil {
				return context.Cause(ctx) // not even begun
			}
			started[i], err = Start(ctx, r.numbered(i, n))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, errors.Join(err, removeAll(r.Engine, started))
	}
	return started, nil
}

// numbered is the request for one instance of n.
func (r Request) numbered(i, n int) Request {
	if n == 1 {
		return r
	}
	r.Title = fmt.Sprintf("%d/%d", i+1, n)
	if r.Name != "" {
		r.Name = fmt.Sprintf("%s-%d", r.Name, i+1)
	}
	return r
}

// checkMany refuses what only one instance can have.
func (r Request) checkMany() error {
	for _, p := range r.Publish {
		if p.Public != 0 {
			return hint.Wrap(fmt.Errorf("port %d cannot be published by several instances", p.Public),
				fmt.Sprintf("leave the host's port out: --publish %s:%d", p.Service, p.Port))
		}
	}
	return nil
}

func removeAll(e *engine.Engine, list []*Instance) error {
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	var group errgroup.Group
	for _, i := range list {
		if i != nil {
			group.Go(func() error { return Remove(ctx, e, i.Name, 0) })
		}
	}
	return group.Wait()
}
