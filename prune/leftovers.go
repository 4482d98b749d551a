package prune

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// LeftOvers returns the names of what Sweep would remove.
func LeftOvers(ctx context.Context, e *engine.Engine, view owner.View) (Report, error) {
	s := newSweep(e, view)
	s.look = true
	if err := s.find(ctx); err != nil {
		return Report{}, err
	}
	if err := s.findHalves(ctx); err != nil {
		return Report{}, err
	}
	var r Report
	for _, c := range s.containers {
		r.Containers = append(r.Containers, c.Name)
	}
	for _, n := range s.networks {
		r.Networks = append(r.Networks, n.Name)
	}
	for _, v := range s.volumes {
		r.Volumes = append(r.Volumes, v.Name)
	}
	images := s.images
	for _, h := range s.halves {
		images = slices.AppendSeq(images, maps.Values(h.Images))
	}
	for _, img := range images {
		r.Deleted = append(r.Deleted, cmp.Or(strings.Join(img.Tags, ", "), img.ID))
	}
	slices.Sort(r.Deleted)
	return r, nil
}
