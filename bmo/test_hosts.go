package bmo

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// testHost is an engine that tests run on, and what is started there.
type testHost struct {
	p       *pipeline
	request instance.Request
}

// processors is how many of them the engines have.
func processors(hosts []testHost) (n int) {
	for _, h := range hosts {
		n += h.p.info.CPUs
	}
	return n
}

func closeHosts(ctx context.Context, hosts []testHost) {
	for _, h := range hosts {
		h.p.close(ctx)
	}
}

// spread gives the snapshot to the other engines, all at the same time, and returns those that have it.
func (c *Client) spread(ctx context.Context, st *stack.Stack, s *snapshot.Snapshot, o TestOptions) []testHost {
	hosts, errs := make([]testHost, len(o.Also)), make([]error, len(o.Also))
	var wg sync.WaitGroup
	for i, other := range o.Also {
		wg.Go(func() { hosts[i], errs[i] = c.give(ctx, other, st, s, o) })
	}
	wg.Wait()
	var good []testHost
	for i, h := range hosts {
		switch {
		case errs[i] == nil:
			good = append(good, h)
		case ctx.Err() == nil:
			c.warn(fmt.Errorf("the engine at %s is left out: %w", o.Also[i].Host(), errs[i]))
		}
	}
	return good
}

// give makes sure that another engine has the snapshot.
func (c *Client) give(ctx context.Context, other *Client, st *stack.Stack, s *snapshot.Snapshot, o TestOptions) (h testHost, err error) {
	info, err := other.connectAndSweep(ctx)
	if err != nil {
		return h, err
	}
	if h.p, err = other.newPipeline(ctx, st, info, o.BuildOptions); err != nil {
		return h, err
	}
	defer func() {
		if err != nil {
			h.p.close(ctx)
		}
	}()
	if h.request, err = o.request(ctx, h.p); err != nil {
		return h, err
	}
	if _, err := h.p.resolve(ctx, s.Key); err == nil || ctx.Err() != nil {
		return h, errors.Join(err, context.Cause(ctx))
	}
	_, err = c.Copy(ctx, other, CopyOptions{Key: s.Key, Progress: o.Progress})
	return h, err
}

// instancesOn returns what starts and removes instances on several engines, each slot's on one of them.
func instancesOn(o TestOptions, hosts []testHost, warn func(error)) testInstances {
	client := func(slot int) *Client { return hosts[slot%len(hosts)].p.client }
	return testInstances{
		client: client,
		start: func(ctx context.Context, slot int) (*Instance, error) {
			return o.startForTest(ctx, hosts[slot%len(hosts)], slot)
		},
		remove: func(ctx context.Context, slot int, inst *Instance) {
			if err := client(slot).Remove(ctx, []*Instance{inst}, StopOptions{}); err != nil {
				warn(err)
			}
		},
		check: func(ctx context.Context, slot int, inst *Instance) error { return client(slot).CheckRunning(ctx, inst) },
		warn:  warn,
	}
}
