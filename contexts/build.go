package contexts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/docker/go-units"
)

// build lists, hashes and puts together what has been planned.
func (c *composer) build(ctx context.Context) error {
	cache := openStatCache(c.opts.Cache)
	defer cache.save()
	lists := map[string][]entry{}
	nodes := map[*root][]*node{}
	for _, name := range slices.Sorted(maps.Keys(c.planned)) {
		list, err := c.planned[name].entries(ctx)
		if err != nil {
			return fmt.Errorf("context %s: %w", name, err)
		}
		lists[name] = list
		for _, e := range list {
			nodes[e.root] = append(nodes[e.root], e.node)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.roots)) {
		if err := c.hash(ctx, c.roots[key], nodes[c.roots[key]], cache); err != nil {
			return err
		}
	}
	for name, list := range lists {
		c.result.Trees[name] = newTree(list)
	}
	for _, t := range c.result.Trees {
		t.fault = c.result.fault
	}
	return nil
}

// hash gives the files their digests. It speaks of those that have to be read,
// unless they are in memory anyway.
func (c *composer) hash(ctx context.Context, r *root, nodes []*node, cache *statCache) error {
	nodes = distinct(nodes)
	unknown := cache.fill(nodes)
	if len(unknown) == 0 {
		return nil
	}
	part := "hash " + r.at.show()
	_, long := identityOf(unknown[0].info)
	if long {
		c.progress(part, "")
	}
	var mu sync.Mutex
	var done int64
	total := sumOf(unknown)
	err := hashAll(ctx, unknown, cache, func(n *node) {
		if !long || c.opts.Counting == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		done += n.size
		c.opts.Counting(part, done, total)
	})
	if err != nil {
		return err
	}
	if long {
		c.progress(part, fmt.Sprintf("%d files, %d of them read (%s)", len(nodes), len(unknown), units.HumanSize(float64(total))))
	}
	return nil
}

func sumOf(nodes []*node) (size int64) {
	for _, n := range nodes {
		size += n.size
	}
	return size
}

// distinct leaves each file once and no folders.
func distinct(nodes []*node) []*node {
	seen := make(map[*node]bool, len(nodes))
	return slices.DeleteFunc(nodes, func(n *node) bool {
		again := seen[n] || n.kind == kindDir
		seen[n] = true
		return again
	})
}
