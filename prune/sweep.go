package prune

import (
	"context"
	"errors"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Sweep removes what nobody will ever finish or use again: containers, networks and volumes whose owner is gone, images
// of builds and bootstraps whose owner is gone, and incomplete snapshots that no process is working on. Detached
// instances that are ready are kept, no matter who started them.
//
// Sweep continues after what it cannot remove and returns those errors joined.
func Sweep(ctx context.Context, e *engine.Engine) (Report, error) {
	s := &sweep{e: e}
	if err := s.find(ctx); err != nil {
		return s.report, err
	}
	s.remove(ctx)
	// Containers that have just been removed no longer keep them.
	s.fail(s.findHalves(ctx))
	for _, h := range s.halves {
		s.fail(s.report.removeSnapshot(ctx, s.e, h))
	}
	return s.report, errors.Join(s.errs...)
}

type sweep struct {
	e      *engine.Engine
	report Report
	errs   []error

	// objects whose owner is gone
	containers []engine.Container
	networks   []engine.Network
	volumes    []engine.Volume
	images     []engine.Image
	// snapshots with missing images
	halves []snapshot.Snapshot
}

func (s *sweep) fail(err error) bool {
	if err != nil {
		s.errs = append(s.errs, err)
	}
	return err != nil
}

// find returns the objects whose owner is gone and which are not part of a detached instance that is ready. It asks for
// the latter last: once its owner is gone, no instance becomes ready any more, but before that it may, between any two
// requests.
func (s *sweep) find(ctx context.Context) (err error) {
	if s.containers, err = orphans(ctx, s.e.Containers, func(c engine.Container) map[string]string { return c.Labels }); err != nil {
		return err
	}
	if s.networks, err = orphans(ctx, s.e.Networks, func(n engine.Network) map[string]string { return n.Labels }); err != nil {
		return err
	}
	if s.volumes, err = orphans(ctx, s.e.Volumes, func(v engine.Volume) map[string]string { return v.Labels }); err != nil {
		return err
	}
	if s.images, err = orphans(ctx, s.e.Images, func(i engine.Image) map[string]string { return i.Labels }); err != nil {
		return err
	}
	if len(s.containers)+len(s.networks)+len(s.volumes) == 0 {
		return nil
	}
	ready, err := detached(ctx, s.e)
	if err != nil {
		return err
	}
	s.containers = without(s.containers, func(c engine.Container) bool { return ready[c.Labels[label.Instance]] })
	s.networks = without(s.networks, func(n engine.Network) bool { return ready[n.Labels[label.Instance]] })
	s.volumes = without(s.volumes, func(v engine.Volume) bool { return ready[v.Labels[label.Instance]] })
	return nil
}

// orphans returns the objects whose owner is gone.
func orphans[T any](ctx context.Context, list func(context.Context, ...string) ([]T, error), labels func(T) map[string]string) ([]T, error) {
	all, err := list(ctx, label.Owner)
	return without(all, func(o T) bool { return !owner.Orphaned(labels(o)) }), err
}

func without[T any](list []T, drop func(T) bool) []T {
	var out []T
	for _, o := range list {
		if !drop(o) {
			out = append(out, o)
		}
	}
	return out
}

// detached returns the names of the detached instances that are ready.
func detached(ctx context.Context, e *engine.Engine) (map[string]bool, error) {
	leads, err := e.Containers(ctx, label.Lead+"=true", label.Detached+"=true")
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, c := range leads {
		if !label.IsStarting(c.Name) {
			names[c.Labels[label.Instance]] = true
		}
	}
	return names, nil
}

func (s *sweep) remove(ctx context.Context) {
	for _, c := range s.containers {
		if !s.fail(s.e.RemoveContainer(ctx, c.ID)) {
			s.report.Containers = append(s.report.Containers, c.ID)
		}
	}
	for _, n := range s.networks {
		if !s.fail(s.e.RemoveNetwork(ctx, n.ID)) {
			s.report.Networks = append(s.report.Networks, n.Name)
		}
	}
	for _, v := range s.volumes {
		if !s.fail(s.e.RemoveVolume(ctx, v.Name)) {
			s.report.Volumes = append(s.report.Volumes, v.Name)
		}
	}
	for _, img := range s.images {
		s.fail(s.report.removeImage(ctx, s.e, img))
	}
}
