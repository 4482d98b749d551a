package prune

import (
	"context"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/snapshot"
)

// set names one set of a snapshot's images.
type set struct {
	key     string
	created time.Time
}

// halves removes snapshots some of whose images are missing, unless a bootstrap of the same key is under way, or
// something was started from one of the images that are there.
//
// The bootstrap's network, which is its lock, is looked for after the images were listed, and the images are listed
// once more after that, since the bootstrap may have ended well in between.
func (s *sweep) halves(ctx context.Context) {
	before, err := snapshot.List(ctx, s.e)
	if s.fail(err) || !slices.ContainsFunc(before, half) {
		return
	}
	locks, err := s.e.Networks(ctx, snapshot.LabelRole+"="+snapshot.RoleBootstrap)
	if s.fail(err) {
		return
	}
	busy := map[string]bool{}
	for _, n := range locks {
		busy[n.Labels[snapshot.LabelKey]] = true
	}
	given := map[set]bool{}
	for _, h := range before {
		given[set{h.Key, h.Created}] = half(h) && !busy[h.Key]
	}
	after, err := snapshot.List(ctx, s.e)
	if s.fail(err) {
		return
	}
	used, err := InUse(ctx, s.e)
	if s.fail(err) {
		return
	}
	for _, h := range after {
		if given[set{h.Key, h.Created}] && half(h) && !used.Has(h) {
			s.fail(s.report.removeSnapshot(ctx, s.e, h))
		}
	}
}

func half(s snapshot.Snapshot) bool { return !s.Complete() }
