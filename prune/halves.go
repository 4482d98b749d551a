package prune

import (
	"context"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// set identifies one set of a snapshot's images.
type set struct {
	key     string
	created time.Time
}

// findHalves returns snapshots with missing images, unless a bootstrap of the same key is in progress, or something was
// started from one of the images that exist.
//
// The bootstrap's network, which is its lock, is looked for after the images are listed, and the images are listed once
// more after that, since the bootstrap may have succeeded in between.
func (s *sweep) findHalves(ctx context.Context) error {
	before, err := snapshot.List(ctx, s.e)
	if err != nil || !slices.ContainsFunc(before, half) {
		return err
	}
	locks, err := s.e.Networks(ctx, label.Role+"="+label.RoleBootstrap)
	if err != nil {
		return err
	}
	busy := map[string]bool{}
	for _, n := range locks {
		busy[n.Labels[label.Key]] = true
	}
	given := map[set]bool{}
	for _, h := range before {
		given[set{h.Key, h.Created}] = half(h) && !busy[h.Key]
	}
	after, err := snapshot.List(ctx, s.e)
	if err != nil {
		return err
	}
	used, err := InUse(ctx, s.e)
	if err != nil {
		return err
	}
	s.halves = without(after, func(h snapshot.Snapshot) bool {
		return !given[set{h.Key, h.Created}] || !half(h) || used.Has(h)
	})
	return nil
}

func half(s snapshot.Snapshot) bool { return !s.Complete() }
