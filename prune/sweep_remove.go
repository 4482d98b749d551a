package prune

import (
	"context"
	"maps"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// mark gives a lead container the name that it had in its pool. When this process ends before the container is gone, which may have
// been killed by then, the next one sees from it that the instance is not one that somebody has got and that has ended since.
func (s *sweep) mark(ctx context.Context) {
	for _, c := range s.marks {
		if err := s.e.Rename(ctx, c.ID, label.PooledName(c.Name)); !engine.IsNotFound(err) {
			s.fail(err)
		}
	}
}

// remove removes everything: an instance's network after its volumes, whose names others may use when its name is free, and
// claims after that, since they have the owner. What is left of an instance keeps both.
func (s *sweep) remove(ctx context.Context) {
	s.mark(ctx)
	for _, c := range s.containers {
		if c.Labels[label.Role] == label.RoleCommit && s.fail(resume(ctx, s.e, c)) {
			continue // the next one tries again
		}
		if !s.failOf(c.Labels, s.e.RemoveContainer(ctx, c.ID)) {
			s.report.Containers = append(s.report.Containers, c.ID)
		}
	}
	if volumes, claims, err := s.volumesLeft(ctx); !s.fail(err) { // else the next one does all of it
		s.removeVolumes(ctx, volumes)
		for _, n := range s.networks {
			if !s.stuck[n.Labels[label.Instance]] && !s.failOf(n.Labels, s.e.RemoveNetwork(ctx, n.ID)) {
				s.report.Networks = append(s.report.Networks, n.Name)
			}
		}
		s.removeVolumes(ctx, without(claims, func(v engine.Volume) bool { return s.stuck[v.Labels[label.Instance]] }))
	}
	for _, img := range s.images {
		s.fail(s.report.removeImage(ctx, s.e, img))
	}
}

// volumesLeft returns the volumes to be removed, claims apart, without those of which there is another one by that name now:
// somebody else may have removed the one that was found, and an instance of that name may have been started.
func (s *sweep) volumesLeft(ctx context.Context) (volumes, claims []engine.Volume, err error) {
	if len(s.volumes) == 0 {
		return nil, nil, nil
	}
	there, err := s.e.Volumes(ctx, label.Owner)
	if err != nil {
		return nil, nil, err
	}
	now := map[string]map[string]string{}
	for _, v := range there {
		now[v.Name] = v.Labels
	}
	for _, v := range s.volumes {
		switch {
		case !maps.Equal(now[v.Name], v.Labels):
		case v.Labels[label.Role] == label.RoleClaim:
			claims = append(claims, v)
		default:
			volumes = append(volumes, v)
		}
	}
	return volumes, claims, nil
}

func (s *sweep) removeVolumes(ctx context.Context, list []engine.Volume) {
	for _, v := range list {
		if !s.failOf(v.Labels, s.e.RemoveVolume(ctx, v.Name)) {
			s.report.Volumes = append(s.report.Volumes, v.Name)
		}
	}
}
