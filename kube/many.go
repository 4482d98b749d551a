package kube

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/progress"
)

// atOnce is how many instances start at a time unless it is said: the cluster has its own order for what it has no room for.
const atOnce = 32

// StartMany starts instances. The errors are those of Start. Of several, those that have started are returned, with an
// *instance.FailedError if others have not; with m.AllOrNone, or when ctx ends, none stays.
func (c *Cluster) StartMany(ctx context.Context, r Request, m instance.Many) ([]*instance.Instance, error) {
	if m.Number <= 1 {
		i, err := c.Start(ctx, r)
		if err != nil {
			return nil, err
		}
		if m.Started != nil {
			m.Started(i)
		}
		return []*instance.Instance{i}, nil
	}
	for _, p := range r.Publish {
		if p.Public != 0 && (!r.Detach || r.ServiceType == "NodePort") {
			return nil, hint.Wrap(fmt.Errorf("port %d cannot be published by several instances", p.Public),
				fmt.Sprintf("leave the host's port out: --publish %s:%d", p.Service, p.Port))
		}
	}
	var list []*instance.Instance
	err := r.Progress.Step(ctx, fmt.Sprintf("start %d instances", m.Number), func(ctx context.Context, _ *progress.Log) (err error) {
		list, err = c.several(ctx, r, m)
		return err
	})
	return list, err
}

func (c *Cluster) several(ctx context.Context, r Request, m instance.Many) ([]*instance.Instance, error) {
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	parallel := m.AtOnce
	if parallel <= 0 {
		parallel = atOnce
	}
	list, errs, slots := make([]*instance.Instance, m.Number), make([]error, m.Number), make(chan struct{}, parallel)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range m.Number { // in their order
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if errs[i] = context.Cause(own); errs[i] != nil {
				return
			}
			list[i], errs[i] = c.Start(own, numbered(r, i, m.Number))
			switch {
			case errs[i] != nil && m.AllOrNone:
				cancel(errs[i]) // of which only the first counts
			case errs[i] == nil && m.Started != nil:
				mu.Lock()
				defer mu.Unlock()
				m.Started(list[i])
			}
		})
	}
	wg.Wait()
	return c.result(ctx, own, r, list, errs)
}

// result returns the instances that have started, and why others have not; it removes them when none is to stay.
func (c *Cluster) result(ctx, own context.Context, r Request, list []*instance.Instance, errs []error) ([]*instance.Instance, error) {
	var started []*instance.Instance
	failed := &instance.FailedError{Number: len(list)}
	for i, inst := range list {
		if inst != nil {
			started = append(started, inst)
			continue
		}
		q := numbered(r, i, len(list))
		name := q.Title
		if r.Name != "" {
			name = q.Name
		}
		failed.Failed = append(failed.Failed, instance.Failure{Instance: name, Err: errs[i]})
	}
	if err := context.Cause(own); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTime)
		defer cancel()
		return nil, errors.Join(err, c.RemoveAll(ctx, started))
	}
	if len(failed.Failed) == 0 {
		return started, nil
	}
	return started, failed
}

// RemoveAll removes instances at once.
func (c *Cluster) RemoveAll(ctx context.Context, list []*instance.Instance) error {
	names := make([]string, len(list))
	for i, inst := range list {
		names[i] = inst.Name
	}
	return instance.RemoveAll(ctx, names, func(ctx context.Context, name string) error { return c.Remove(ctx, name, 0) }, nil)
}

// numbered returns the request for the ith of n instances.
func numbered(r Request, i, n int) Request {
	r.Title = fmt.Sprintf("%d/%d", i+1, n)
	if r.Name != "" {
		r.Name = fmt.Sprintf("%s-%d", r.Name, i+1)
	}
	return r
}
