package bootstrap

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/docker/go-units"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// SlowCommit is how long a commit takes at most on a suitable storage driver; longer ones are reported.
const SlowCommit = 5 * time.Second

// commitStep commits the container of a bootstrap step and seals the commit, so that what is started from it (the next
// step, the check) has the configuration of the built image, not the step's command and environment.
func (b *run) commitStep(ctx context.Context, service string) error {
	return b.step(ctx, service, "commit "+service, func(ctx context.Context, log *progress.Log) error {
		if err := b.commit(ctx, service, log); err != nil {
			return err
		}
		return b.sealRaw(ctx, service)
	})
}

// sealRaw gives a service's raw image the configuration of the built one, for what is started from it.
func (b *run) sealRaw(ctx context.Context, service string) error {
	labels := b.labels(service)
	labels[label.Role] = label.RoleRaw
	ref := b.tempTag(service)
	_, err := b.Sealer.Seal(ctx, b.Platform, engine.SealSpec{
		Layers: b.raw[service], Config: b.Built[service], Name: ref, Labels: labels,
		DropPrefix: label.Prefix, Comment: snapshot.SealComment, Created: b.Snapshot.Created,
	})
	b.raw[service], b.images[service] = ref, ref
	return err
}

// tempTag returns a new name for an image that exists only during the bootstrap. No name is used twice: an image whose
// name was moved to another one would be left behind.
func (b *run) tempTag(service string) string {
	ref := fmt.Sprintf("%s-raw%d", snapshot.Tag(b.Snapshot.Stack, service, b.Snapshot.Key), len(b.temp)+1)
	b.temp = append(b.temp, ref)
	return ref
}

// commit makes a raw image of a service's ended container and removes the container.
func (b *run) commit(ctx context.Context, service string, log *progress.Log) error {
	if err := b.blank(ctx, service); err != nil {
		return err
	}
	if err := b.commitRaw(ctx, service, log); err != nil {
		return err
	}
	return b.drop(ctx, service)
}

// drop removes a service's ended container, so that the next one is created from the service's image.
func (b *run) drop(ctx context.Context, service string) error {
	if err := b.Engine.RemoveContainer(ctx, b.group.ID(service)); err != nil {
		return err
	}
	b.group.Forget(service)
	return nil
}

// commitRaw makes a raw image of a service's container as it is.
func (b *run) commitRaw(ctx context.Context, service string, log *progress.Log) error {
	ref := b.tempTag(service)
	labels := b.labels(service)
	labels[label.Role] = label.RoleRaw
	start := time.Now()
	if err := b.Engine.Commit(ctx, b.group.ID(service), ref, labels); err != nil {
		return err
	}
	if took := time.Since(start); took > SlowCommit {
		log.Note(fmt.Sprintf("took %s: the engine's storage driver or disk is slow at this (`docker info` names it)", took.Round(100*time.Millisecond)))
	}
	b.noteSize(ctx, b.images[service], ref, log)
	b.raw[service] = ref
	return nil
}

// noteSize reports how much was committed. It is only informative; if the engine cannot tell, it is left out.
func (b *run) noteSize(ctx context.Context, from, to string, log *progress.Log) {
	var old engine.Image
	var err error
	if from != "" {
		old, err = b.Engine.Image(ctx, from)
	}
	if err != nil {
		return
	}
	if made, err := b.Engine.Image(ctx, to); err == nil && made.Size > old.Size {
		log.Note(units.HumanSize(float64(made.Size-old.Size)) + " committed")
	}
}

// commitStopped commits the services that have no step of their own, such as the database, and those that were up while
// steps of others ran, one after the other: concurrent commits can fail on older containerd stores.
func (b *run) commitStopped(ctx context.Context) error {
	for _, s := range launch.Lasting(b.Stack) {
		if !b.commits(s) {
			continue
		}
		err := b.step(ctx, s.Name, "commit "+s.Name, func(ctx context.Context, log *progress.Log) error {
			return b.commit(ctx, s.Name, log)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// commits reports whether the state in which a service is stopped is committed: not if its filesystem is not kept, and
// not if it was only started to check what its steps have made.
func (b *run) commits(s stack.Service) bool {
	_, done := b.raw[s.Name]
	return s.Snapshot && (!done || b.used[s.Name])
}

// blank takes the content of secrets and configs out of a service's container before it is committed.
func (b *run) blank(ctx context.Context, service string) error {
	s, ok := b.Stack.Service(service)
	if !ok || len(s.Files) == 0 {
		return nil
	}
	return b.group.BlankFiles(ctx, s)
}

// seal makes the snapshot's images. It is a snapshot only once the last image exists.
func (b *run) seal(ctx context.Context) error {
	return b.sealAs(ctx, "write snapshot images "+snapshot.Short(b.Snapshot.Key), b.Snapshot, b.Labels, b.Once)
}

// sealAs makes images of the layers that there are now: the committed ones, or the built ones for services that are not
// committed, with the built image's configuration and the labels of what they will be. Only one of them has those in once.
func (b *run) sealAs(ctx context.Context, name string, s snapshot.Snapshot, labels, once map[string]string) error {
	return b.step(ctx, "", name, func(ctx context.Context, log *progress.Log) error {
		var specs []engine.SealSpec
		for i, service := range s.Services {
			spec, err := b.sealSpec(ctx, s, labels, service)
			if err != nil {
				return err
			}
			if i == 0 {
				maps.Copy(spec.Labels, once)
			}
			specs = append(specs, spec)
		}
		for _, name := range s.Volumes {
			specs = append(specs, b.carrierSpec(s, labels, name))
		}
		ids, err := b.Sealer.Seal(ctx, b.Platform, specs...)
		for i, id := range ids {
			fmt.Fprintf(log, "%s %s\n", id, specs[i].Name)
		}
		if err != nil {
			b.temp = append(b.temp, ids...) // by identifier: an older snapshot may still have the names
		}
		return err
	})
}

func (b *run) sealSpec(ctx context.Context, s snapshot.Snapshot, more map[string]string, service string) (engine.SealSpec, error) {
	built, err := b.Engine.Image(ctx, b.Built[service])
	if err != nil {
		return engine.SealSpec{}, err
	}
	labels := s.Labels()
	maps.Copy(labels, more)
	labels[label.Service] = service
	labels[label.Parent], labels[label.BuiltLayers] = built.ID, strconv.Itoa(len(built.Layers))
	layers := b.Built[service]
	if raw, ok := b.raw[service]; ok {
		layers = raw
	}
	return engine.SealSpec{
		Layers: layers, Config: b.Built[service], Name: snapshot.Tag(s.Stack, service, s.Key),
		Labels: labels, DropPrefix: label.Prefix, Comment: snapshot.SealComment, Created: s.Created,
	}, nil
}

// clear removes containers, volumes, network and raw images, even if the caller's context is done. What it cannot remove now has
// an owner that will soon be gone: the next command that changes something removes it.
func (b *run) clear(ctx context.Context) {
	b.Journal.Flush()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), teardownTimeout)
	defer cancel()
	if b.network == "" {
		return // another process has the lock, and all objects are its own
	}
	_ = b.step(ctx, "", "clean up after bootstrap", func(ctx context.Context, log *progress.Log) error {
		for _, s := range b.Stack.Services {
			if id := b.group.ID(s.Name); id != "" {
				log.SetStatus("removing the container of "+s.Name, "")
				b.note(engine.Retry(ctx, func() error { return b.Engine.RemoveContainer(ctx, id) }))
			}
		}
		for _, id := range b.readers {
			b.note(engine.Retry(ctx, func() error { return b.Engine.RemoveContainer(ctx, id) }))
		}
		for _, ref := range b.temp {
			log.SetStatus("removing "+ref, "")
			b.note(engine.Retry(ctx, func() error { return b.removeImage(ctx, ref) }))
		}
		for _, name := range launch.VolumeNames(b.Stack.Services) {
			log.SetStatus("removing volume "+name, "")
			b.note(engine.Retry(ctx, func() error { return b.Engine.RemoveVolume(ctx, b.volume(name)) }))
		}
		for _, key := range b.locks {
			b.note(engine.Retry(ctx, func() error { return b.Engine.RemoveVolume(ctx, Name(key)) }))
		}
		log.SetStatus("removing the network", "")
		b.note(engine.Retry(ctx, func() error { return b.Engine.RemoveNetwork(ctx, b.network) }))
		return nil
	})
}

func (b *run) removeImage(ctx context.Context, ref string) error {
	_, _, err := b.Engine.RemoveImage(ctx, ref)
	if engine.IsNotFound(err) {
		return nil
	}
	return err
}

func (b *run) note(err error) {
	if err != nil {
		b.Journal.Note("clear away: %v", err)
		b.record.Note(fmt.Sprintf("clear away: %v", err))
	}
}
