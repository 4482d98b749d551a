package prune

import (
	"context"
	"errors"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Sweep removes what nobody will ever finish or ask for again: containers, networks and volumes whose owner is gone,
// images of builds and bootstraps whose owner is gone, and half-made snapshots that nobody is working on. Detached
// instances that are ready stay, whoever started them.
//
// It goes on past what it cannot remove and returns those errors together.
func Sweep(ctx context.Context, e *engine.Engine) (Report, error) {
	s := &sweep{e: e}
	s.containers(ctx)
	s.networks(ctx)
	s.volumes(ctx)
	s.images(ctx)
	s.halves(ctx)
	return s.report, errors.Join(s.errs...)
}

type sweep struct {
	e      *engine.Engine
	report Report
	errs   []error
	// kept are the instances that were found ready and detached, whose networks must stay.
	kept map[string]bool
}

func (s *sweep) fail(err error) bool {
	if err != nil {
		s.errs = append(s.errs, err)
	}
	return err != nil
}

func (s *sweep) containers(ctx context.Context) {
	list, err := s.e.Containers(ctx, snapshot.LabelOwner)
	if s.fail(err) {
		return
	}
	s.kept = map[string]bool{}
	for _, c := range list {
		if c.Labels[snapshot.LabelLead] == "true" && c.Labels[snapshot.LabelDetached] == "true" && !snapshot.Starting(c.Name) {
			s.kept[c.Labels[snapshot.LabelInstance]] = true
		}
	}
	for _, c := range list {
		if s.orphaned(c.Labels) && !s.fail(s.e.RemoveContainer(ctx, c.ID)) {
			s.report.Containers = append(s.report.Containers, c.ID)
		}
	}
}

// orphaned tells whether an object's owner is gone and it was not to outlive it.
func (s *sweep) orphaned(labels map[string]string) bool {
	return snapshot.Orphaned(labels) && !s.kept[labels[snapshot.LabelInstance]]
}

func (s *sweep) networks(ctx context.Context) {
	list, err := s.e.Networks(ctx, snapshot.LabelOwner)
	if s.fail(err) {
		return
	}
	for _, n := range list {
		if s.orphaned(n.Labels) && !s.fail(s.e.RemoveNetwork(ctx, n.ID)) {
			s.report.Networks = append(s.report.Networks, n.Name)
		}
	}
}

func (s *sweep) volumes(ctx context.Context) {
	list, err := s.e.Volumes(ctx, snapshot.LabelOwner)
	if s.fail(err) {
		return
	}
	for _, v := range list {
		if s.orphaned(v.Labels) && !s.fail(s.e.RemoveVolume(ctx, v.Name)) {
			s.report.Volumes = append(s.report.Volumes, v.Name)
		}
	}
}

func (s *sweep) images(ctx context.Context) {
	list, err := s.e.Images(ctx, snapshot.LabelOwner)
	if s.fail(err) {
		return
	}
	for _, img := range list {
		if snapshot.Orphaned(img.Labels) {
			s.fail(s.report.removeImage(ctx, s.e, img))
		}
	}
}

// halves removes snapshots some of whose images are missing, unless a bootstrap of the same key is under way: its
// network, which is its lock, is looked for after the images were listed, and the images are listed once more after
// that, since the bootstrap may have ended well in between.
func (s *sweep) halves(ctx context.Context) {
	before, err := snapshot.List(ctx, s.e)
	if s.fail(err) || !anyHalf(before) {
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
	halves := map[string]time.Time{}
	for _, h := range before {
		if !h.Complete() && !busy[h.Key] {
			halves[h.Key] = h.Created
		}
	}
	after, err := snapshot.List(ctx, s.e)
	if s.fail(err) {
		return
	}
	for _, h := range after {
		if created, ok := halves[h.Key]; ok && !h.Complete() && created.Equal(h.Created) {
			s.fail(s.report.removeSnapshot(ctx, s.e, h))
		}
	}
}

func anyHalf(list []snapshot.Snapshot) bool {
	for _, s := range list {
		if !s.Complete() {
			return true
		}
	}
	return false
}
