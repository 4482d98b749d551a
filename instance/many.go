package instance

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// StartMany starts n instances, at most atOnce of them at a time: a start is CPU-bound, and more of them than the
// engine has processors only slow each other down. It starts all of them or none: if one fails, the others are removed.
// The errors are those of Start.
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
		return nil, errors.Join(err, r.removeStarted(ctx, started))
	}
	return started, nil
}

// numbered returns the request for the ith of n instances.
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

// checkMany returns an error for settings that only one instance can have.
func (r Request) checkMany() error {
	for _, p := range r.Publish {
		if p.Public != 0 {
			return hint.Wrap(fmt.Errorf("port %d cannot be published by several instances", p.Public),
				fmt.Sprintf("leave the host's port out: --publish %s:%d", p.Service, p.Port))
		}
	}
	return nil
}

// RemoveAll calls remove once for each name, for all of them at the same time, and done, one call at a time, for each
// that has been removed; done may be nil. It returns the errors joined, in the order of the names.
func RemoveAll(ctx context.Context, names []string, remove func(ctx context.Context, name string) error, done func(name string)) error {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs = make([]error, len(names))
		seen = map[string]bool{}
	)
	for i, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		wg.Go(func() {
			if errs[i] = remove(ctx, name); errs[i] != nil || done == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			done(name)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// removeStarted removes the instances of a start that failed, even if ctx is done.
func (r Request) removeStarted(ctx context.Context, list []*Instance) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	var names []string
	for _, i := range list {
		if i != nil {
			names = append(names, i.Name)
		}
	}
	return RemoveAll(ctx, names, func(ctx context.Context, name string) error { return Remove(ctx, r.Engine, name, 0) }, nil)
}
