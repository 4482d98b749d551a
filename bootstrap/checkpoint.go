package bootstrap

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Checkpoint is one that a bootstrap makes on its way: a snapshot of what the steps so far have made, under a key of what
// went in so far.
type Checkpoint struct {
	// Snapshot is what it will be: everything but its images is set.
	Snapshot snapshot.Snapshot
	// Labels are set on its images in addition to its own.
	Labels map[string]string
}

// CheckpointBusyError reports that another process is making one of the checkpoints of a bootstrap. It is an ErrBusy.
type CheckpointBusyError struct{ Key string }

func (e *CheckpointBusyError) Error() string {
	return "another bootstrap is making checkpoint " + snapshot.Short(e.Key)
}

// Unwrap returns ErrBusy.
func (e *CheckpointBusyError) Unwrap() error { return ErrBusy }

// Involved returns the services that the first steps of a stack's bootstrap have to do with, in start order: those of the
// steps, those that run to their end, and all that these depend on.
func Involved(st *stack.Stack, steps int) (list []stack.Service) {
	want := map[string]bool{}
	for _, step := range st.Bootstrap[:steps] {
		want[step.Service] = true
	}
	for _, s := range slices.Backward(st.Services) {
		if !want[s.Name] && !s.OneShot {
			continue
		}
		list = append(list, s)
		for _, d := range s.DependsOn {
			want[d] = true
		}
	}
	slices.Reverse(list)
	return list
}

// Kept returns the services and the volumes that a checkpoint after so many steps has something of, sorted.
func Kept(st *stack.Stack, steps int) (services, volumes []string) {
	involved := Involved(st, steps)
	for _, s := range involved {
		if s.Snapshot && !s.OneShot {
			services = append(services, s.Name)
		}
	}
	slices.Sort(services)
	lasting := launch.VolumeNames(launch.Lasting(st))
	for _, name := range launch.VolumeNames(involved) {
		if slices.Contains(lasting, name) {
			volumes = append(volumes, name)
		}
	}
	return services, volumes
}

// lockCheckpoints takes the locks of the checkpoints that are to be made: volumes whose names the engine keeps unique, and
// whose labels say who has made them.
func (b *run) lockCheckpoints(ctx context.Context) error {
	for _, c := range b.Checkpoints {
		labels := b.labels("")
		labels[label.Key], labels[label.Token] = c.Snapshot.Key, rand.Text()
		got, err := b.Engine.KeepVolume(ctx, Name(c.Snapshot.Key), labels)
		if err != nil {
			return err
		}
		if got[label.Token] != labels[label.Token] {
			return &CheckpointBusyError{c.Snapshot.Key}
		}
		b.locks = append(b.locks, c.Snapshot.Key)
	}
	return nil
}

// unlockCheckpoint gives the lock of a checkpoint back, so that others can go on from it.
func (b *run) unlockCheckpoint(ctx context.Context, key string) error {
	if err := b.Engine.RemoveVolume(ctx, Name(key)); err != nil {
		return err
	}
	b.locks = slices.DeleteFunc(b.locks, func(k string) bool { return k == key })
	return nil
}

// makeCheckpoint keeps what the steps so far have made, if there is to be a checkpoint after the last of them. All services
// are stopped for that as at the end of a bootstrap; those that are needed start again, with what is kept and nothing else, so
// that what comes next finds the same as when it goes on from the checkpoint another time.
func (b *run) makeCheckpoint(ctx context.Context, steps int) error {
	i := slices.IndexFunc(b.Checkpoints, func(c Checkpoint) bool { return c.Snapshot.AfterStep == steps })
	if i < 0 {
		return nil
	}
	c := b.Checkpoints[i]
	for _, do := range []func(context.Context) error{
		b.stop,
		b.commitForCheckpoint,
		func(ctx context.Context) error { return b.importVolumes(ctx, c.Snapshot.Volumes) },
		b.goOn,
		func(ctx context.Context) error { return b.sealCheckpoint(ctx, c) },
		func(ctx context.Context) error { return b.unlockCheckpoint(ctx, c.Snapshot.Key) },
	} {
		if err := do(ctx); err != nil {
			return fmt.Errorf("checkpoint after step %d: %w", steps, err)
		}
	}
	return nil
}

// commitForCheckpoint commits what has been stopped, without its secrets and configs.
func (b *run) commitForCheckpoint(ctx context.Context) error {
	for _, s := range b.withContainer() {
		if len(s.Files) > 0 {
			kept, err := b.group.KeepFiles(ctx, s)
			if err != nil {
				return err
			}
			if err := b.group.BlankFiles(ctx, s); err != nil {
				return err
			}
			b.kept = append(b.kept, kept...)
		}
		if !b.commits(s) {
			continue
		}
		err := b.step(ctx, s.Name, "commit "+s.Name, func(ctx context.Context, log *progress.Log) error {
			return b.commitRaw(ctx, s.Name, log)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// goOn makes what was stopped ready to be started again: what is kept in its container, which is cheaper than another one of
// what was committed, the others in new ones.
func (b *run) goOn(ctx context.Context) error {
	for _, k := range b.kept {
		if err := b.Engine.PutBack(ctx, k); err != nil {
			return err
		}
	}
	b.kept = nil
	for _, s := range b.withContainer() {
		if b.commits(s) {
			b.group.Ended(s.Name)
		} else if err := b.drop(ctx, s.Name); err != nil {
			return err
		}
	}
	return nil
}

// withContainer returns the services that have a container, in start order.
func (b *run) withContainer() []stack.Service {
	return slices.DeleteFunc(launch.Lasting(b.Stack), func(s stack.Service) bool { return b.group.ID(s.Name) == "" })
}

// sealCheckpoint makes the checkpoint's images. It is one only once the last image exists.
func (b *run) sealCheckpoint(ctx context.Context, c Checkpoint) error {
	name := fmt.Sprintf("write checkpoint %s after step %d of %d", snapshot.Short(c.Snapshot.Key), c.Snapshot.AfterStep, len(b.Stack.Bootstrap))
	return b.sealAs(ctx, name, c.Snapshot, c.Labels, nil)
}

// Origin is what a bootstrap goes on from instead of beginning from nothing: a checkpoint of what it would make itself, or
// the nearest snapshot.
type Origin struct {
	Snapshot *snapshot.Snapshot
	// Steps is how many of the steps it has behind it.
	Steps int
	// Services and Volumes are those whose state is taken from it; the others begin as they are built.
	Services, Volumes []string
	// Nearest reports that it was made of something else: the images of Services may have another configuration by now.
	Nearest bool
}

// OriginOf returns a checkpoint as what to go on from.
func OriginOf(c snapshot.Snapshot) *Origin {
	return &Origin{Snapshot: &c, Steps: c.AfterStep, Services: c.Services, Volumes: c.Volumes}
}

func (o *Origin) title(of int) string {
	what := "checkpoint"
	if o.Nearest {
		what = "the nearest snapshot"
	}
	return fmt.Sprintf("go on from %s %s, after step %d of %d", what, snapshot.Short(o.Snapshot.Key), o.Steps, of)
}

// resume makes the state of the origin that of the bootstrap.
func (b *run) resume(ctx context.Context) error {
	o := b.From
	if o == nil {
		return nil
	}
	return b.step(ctx, "", o.title(len(b.Stack.Bootstrap)), func(ctx context.Context, _ *progress.Log) error {
		for _, service := range o.Services {
			ref := b.tempTag(service) // it stays as long as this needs it
			if err := b.Engine.TagImage(ctx, o.Snapshot.Images[service].ID, ref); err != nil {
				return err
			}
			b.raw[service], b.images[service] = ref, ref
			if !o.Nearest {
				continue
			}
			if err := b.sealRaw(ctx, service); err != nil {
				return err
			}
		}
		b.used = usedAfter(b.Stack, o.Steps)
		for _, volume := range o.Volumes {
			if err := b.fillVolume(ctx, volume, o.Snapshot.Images[label.Volume(volume)].ID); err != nil {
				return fmt.Errorf("fill volume %s: %w", volume, err)
			}
		}
		return nil
	})
}

// usedAfter returns the services that were up while so many steps ran, and may hold what those wrote.
func usedAfter(st *stack.Stack, steps int) map[string]bool {
	used := map[string]bool{}
	up := func(names ...string) {
		for _, s := range closure(st, names...) {
			used[s.Name] = true
		}
	}
	for _, s := range st.Services {
		if s.OneShot {
			up(s.DependsOn...)
		}
	}
	for _, step := range st.Bootstrap[:steps] {
		if step.Exec {
			up(step.Service)
			continue
		}
		s, _ := st.Service(step.Service)
		up(s.DependsOn...)
		delete(used, s.Name) // its state was committed before the step
	}
	return used
}

// fillVolume has the engine copy the content of a volume out of the image that carries it, as at the start of an instance.
func (b *run) fillVolume(ctx context.Context, name, carrier string) error {
	id, err := b.Engine.CreateContainer(ctx, engine.ContainerSpec{
		Name: b.volume(name), Image: carrier, Command: []string{"never-started"}, Labels: b.labels(label.Volume(name)),
		Mounts: []engine.Mount{{Volume: b.volume(name), Target: engine.CarrierPath, Labels: b.labels("")}},
	})
	if err != nil {
		return err
	}
	b.readers = append(b.readers, id)
	return b.Engine.RemoveContainer(ctx, id)
}
