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

// findHalves returns snapshots and checkpoints with missing images, unless a bootstrap of the same key, or a commit, is in
// progress, or something was started from one of the images that exist.
//
// The locks (a bootstrap's network, a checkpoint's volume, a commit's container) are looked for after the images are listed,
// and the images are listed once more after that, since the bootstrap may have succeeded in between.
func (s *sweep) findHalves(ctx context.Context) error {
	before, err := snapshot.All(ctx, s.e)
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
	checkpoints, err := s.e.Volumes(ctx, label.Role+"="+label.RoleBootstrap)
	if err != nil {
		return err
	}
	for _, v := range checkpoints {
		busy[v.Labels[label.Key]] = true
	}
	commits, err := s.e.Containers(ctx, label.Role+"="+label.RoleCommit)
	if err != nil {
		return err
	}
	for _, c := range commits {
		busy[c.Labels[label.Key]] = true
	}
	given := map[set]bool{}
	for _, h := range before {
		given[set{h.Key, h.Created}] = half(h) && !busy[h.Key]
	}
	after, err := snapshot.All(ctx, s.e)
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
