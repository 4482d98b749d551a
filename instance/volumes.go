package instance

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/progress"
)

// VolumeName returns the engine's name of a volume of an instance.
func VolumeName(instance, volume string) string { return objectName(instance) + "-volume-" + volume }

// volume returns the name of the instance's own volume.
func (s *start) volume(name string) string { return VolumeName(s.Name, name) }

// fillVolumes makes the instance's volumes with the content that the snapshot has of them.
func (s *start) fillVolumes(ctx context.Context) error {
	if len(s.Snapshot.Volumes) == 0 {
		return nil
	}
	return s.Progress.Step(ctx, "fill volumes of "+s.Name, func(ctx context.Context, _ *progress.Log) error {
		group, ctx := errgroup.WithContext(ctx)
		for _, name := range s.Snapshot.Volumes {
			group.Go(func() error {
				if err := s.fillVolume(ctx, name); err != nil {
					return fmt.Errorf("fill volume %s: %w", name, err)
				}
				return nil
			})
		}
		return group.Wait()
	})
}

// fillVolume has the engine copy the content: it fills an empty volume from the image when a container is created, with
// all modes, owners, times and links.
func (s *start) fillVolume(ctx context.Context, name string) error {
	labels := s.labels(s.Name, "")
	if err := s.Engine.CreateVolume(ctx, s.volume(name), labels); err != nil {
		return err
	}
	labels[label.Service] = label.Volume(name)
	id, err := s.Engine.CreateContainer(ctx, engine.ContainerSpec{
		Name: s.volume(name), Image: s.Snapshot.Images[label.Volume(name)].ID, Command: []string{"never-started"}, Labels: labels,
		Mounts: []engine.Mount{{Volume: s.volume(name), Target: engine.CarrierPath, Labels: s.labels(s.Name, "")}},
	})
	if err != nil {
		return err
	}
	return s.Engine.RemoveContainer(ctx, id)
}
