package contexts

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/docker/go-units"
)

// build lists, hashes and assembles what has been planned.
func (l *loader) build(ctx context.Context) error {
	cache := openStatCache(l.opts.Cache)
	defer cache.save()
	lists := map[string][]entry{}
	nodes := map[*cachedDir][]*node{}
	for _, name := range slices.Sorted(maps.Keys(l.planned)) {
		list, err := l.planned[name].entries(ctx)
		if err != nil {
			return fmt.Errorf("context %s: %w", name, err)
		}
		lists[name] = list
		for _, e := range list {
			nodes[e.from] = append(nodes[e.from], e.node)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(l.dirs)) {
		from := l.dirs[key]
		nodes[from] = distinct(nodes[from])
		if err := l.hash(ctx, from, nodes[from], cache); err != nil {
			return err
		}
		l.note(from, nodes[from])
	}
	for name, list := range lists {
		l.result.Trees[name] = newTree(list)
	}
	for _, t := range l.result.Trees {
		t.fault = l.result.fault
	}
	return nil
}

// hash gives the files their digests. It reports progress on those that must be read, unless they are in memory anyway.
func (l *loader) hash(ctx context.Context, from *cachedDir, nodes []*node, cache *statCache) error {
	unknown := cache.fill(nodes)
	if len(unknown) == 0 {
		return nil
	}
	part := "hash " + from.at.show()
	_, long := identityOf(unknown[0].info)
	if long {
		l.progress(part, "")
	}
	var mu sync.Mutex
	var done int64
	total := sumOf(unknown)
	err := hashAll(ctx, unknown, cache, func(n *node) {
		if !long || l.opts.Counting == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		done += n.size
		l.opts.Counting(part, done, total)
	})
	if err != nil {
		return err
	}
	if long {
		size := units.HumanSize(float64(total))
		l.progress(part, fmt.Sprintf("%d files, %d of them read (%s)", len(nodes), len(unknown), size))
	}
	return nil
}

// note says what somebody may not expect of a folder: once, however many contexts are made from it.
func (l *loader) note(from *cachedDir, nodes []*node) {
	if n := len(from.leftOut); n > 0 {
		l.progress(from.at.show(), "left out, since no image can hold it: "+from.leftOut[0]+andMore(n))
	}
	first, n := "", 0
	for _, file := range nodes {
		if file.lfs {
			first, n = cmp.Or(first, file.path), n+1
		}
	}
	if n > 0 {
		l.progress(from.at.show(), fmt.Sprintf("a Git LFS pointer in place of a file: %s%s; `git lfs pull` gets the content",
			first, andMore(n)))
	}
}

// andMore continues a sentence that names the first of n.
func andMore(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n-1)
}

func sumOf(nodes []*node) (size int64) {
	for _, n := range nodes {
		size += n.size
	}
	return size
}

// distinct keeps each file once and no folders.
func distinct(nodes []*node) []*node {
	seen := make(map[*node]bool, len(nodes))
	return slices.DeleteFunc(nodes, func(n *node) bool {
		again := seen[n] || n.kind == kindDir
		seen[n] = true
		return again
	})
}
