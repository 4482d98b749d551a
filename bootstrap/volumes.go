package bootstrap

import (
	"context"
	"fmt"
	"maps"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// volume returns the name of a volume during the bootstrap, or in the instance that is committed.
func (b *run) volume(name string) string {
	if b.volumeOf != nil {
		return b.volumeOf(name)
	}
	return Name(b.Snapshot.Key) + "-volume-" + name
}

// createVolumes makes the volumes that services share.
func (b *run) createVolumes(ctx context.Context) error {
	for _, name := range launch.VolumeNames(b.Stack.Services) {
		if err := b.Engine.CreateVolume(ctx, b.volume(name), b.labels("")); err != nil {
			return err
		}
	}
	return nil
}

// importAll makes a raw image of the content of each volume that instances have.
func (b *run) importAll(ctx context.Context) error { return b.importVolumes(ctx, b.Snapshot.Volumes) }

// importVolumes makes a raw image of the content of each of the volumes.
func (b *run) importVolumes(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	for _, s := range launch.Lasting(b.Stack) { // those that are committed have been blanked
		if b.group.ID(s.Name) == "" {
			continue
		}
		if err := b.group.BlankFiles(ctx, s); err != nil {
			return err
		}
	}
	for _, name := range names {
		err := b.step(ctx, "", "keep volume "+name, func(ctx context.Context, log *progress.Log) error {
			return b.importVolume(ctx, name, log)
		})
		if err != nil {
			return fmt.Errorf("keep volume %s: %w", name, err)
		}
	}
	return nil
}

// importVolume reads the volume from a container that is never started, since the engine gives nothing out of a volume
// itself.
func (b *run) importVolume(ctx context.Context, name string, log *progress.Log) error {
	part := label.Volume(name)
	image := b.Built[b.Snapshot.Services[0]] // any will do
	id, err := b.Engine.CreateContainer(ctx, engine.ContainerSpec{
		Name: b.volume(name), Image: image, Command: []string{"never-started"}, Labels: b.labels(part),
		Mounts: []engine.Mount{{
			Volume: b.volume(name), Target: engine.CarrierPath, ReadOnly: true, NoCopy: true, Labels: launch.Remade(b.labels("")),
		}},
	})
	if err != nil {
		return err
	}
	b.readers = append(b.readers, id)
	if err := b.group.LostVolume(ctx, []string{name}); err != nil {
		return err
	}
	archive, err := b.Engine.ReadArchive(ctx, id, engine.CarrierPath)
	if err != nil {
		return err
	}
	defer archive.Close()
	labels := b.labels(part)
	labels[label.Role] = label.RoleRaw
	ref := b.tempTag(part)
	if err := b.Engine.ImportImage(ctx, ref, b.Platform, archive, labels); err != nil {
		return err
	}
	b.raw[part] = ref
	b.noteSize(ctx, "", ref, log)
	return b.Engine.RemoveContainer(ctx, id)
}

// carrierSpec describes the image that carries a volume's content.
func (b *run) carrierSpec(s snapshot.Snapshot, more map[string]string, name string) engine.SealSpec {
	part := label.Volume(name)
	labels := s.Labels()
	maps.Copy(labels, more)
	labels[label.Service], labels[label.BuiltLayers] = part, "0"
	return engine.SealSpec{
		Layers: b.raw[part], Config: b.raw[part], Name: snapshot.Tag(s.Stack, part, s.Key),
		Labels: labels, DropPrefix: label.Prefix, Comment: snapshot.SealComment, Created: s.Created,
	}
}
