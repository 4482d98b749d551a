package bootstrap

import (
	"context"
	"maps"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Relabel makes a snapshot like r.Snapshot, which exists, with r.Labels added to its images. Nothing is bootstrapped:
// the images are sealed once more. The old images are removed with their names, unless an instance was started from
// them: those keep the temporary names until they are pruned. It returns ErrBusy if another process is making the same
// snapshot.
func Relabel(ctx context.Context, r Request) (*snapshot.Snapshot, error) {
	from := r.Snapshot
	r.Snapshot.Created = r.Engine.Now()
	b := newRun(r)
	b.group = b.newGroup() // without containers
	defer b.clear(ctx)
	if err := b.lock(ctx); err != nil {
		return nil, err
	}
	var specs []engine.SealSpec
	for _, service := range from.Parts() {
		img := from.Images[service]
		ref := b.tempTag(service)
		if err := b.Engine.TagImage(ctx, img.ID, ref); err != nil {
			return nil, err
		}
		labels := maps.Clone(img.Labels)
		maps.Copy(labels, r.Snapshot.Labels())
		maps.Copy(labels, r.Labels)
		specs = append(specs, engine.SealSpec{
			Layers: ref, Config: ref, Name: snapshot.Tag(from.Stack, service, from.Key), Labels: labels,
			DropPrefix: label.Prefix, Comment: snapshot.SealComment, Created: r.Snapshot.Created,
		})
	}
	if _, err := b.Sealer.Seal(ctx, b.Platform, specs...); err != nil {
		return nil, err
	}
	return snapshot.FindKey(ctx, r.Engine, from.Key)
}
