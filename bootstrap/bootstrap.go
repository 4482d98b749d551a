// Package bootstrap runs an application's slow first run once, in linked containers, and keeps the result as a
// snapshot: start the database until it answers queries, run what ends by itself and the steps, check the result, stop
// everything gracefully, commit. Whatever fails on the way, there is no snapshot and nothing is left on the engine.
//
// This package is not API: it can change at any time. Programs use bmo.
package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Request describes what to bootstrap. Journal and Progress may be nil.
type Request struct {
	Engine *engine.Engine
	Stack  *stack.Stack
	// Snapshot is what the result will be: everything but its images is set.
	Snapshot snapshot.Snapshot
	// Built maps each service to the name of its image as BuildKit made it.
	Built map[string]string
	// Labels are set on the snapshot's images in addition to the snapshot's own.
	Labels map[string]string
	// Once are labels that only one of the images gets, since they are long: a listing of images has all labels.
	Once map[string]string
	// Platform is the engine's, for example "linux/amd64".
	Platform string
	Owner    owner.Owner
	// Checkpoints are those to make on the way, in the order of their steps. They stay, however the bootstrap ends.
	Checkpoints []Checkpoint
	// From is what to go on from; nil for nothing.
	From *Origin
	// KeepFailed leaves the containers of a bootstrap that has failed as they are until the caller's context is done, and
	// says in Progress how to look into them.
	KeepFailed bool
	// Proxies are the environment that a docker configuration has for containers.
	Proxies  map[string]string
	Journal  *journal.Recorder
	Progress *progress.Printer
	// Keeper keeps a record of the bootstrap; nil for none.
	Keeper *journal.Keeper
	// Sealer makes the snapshot's images; nil for Engine.
	Sealer Sealer
}

// Sealer makes images of committed layers with a clean configuration; it is implemented by engine.Engine. It returns
// the identifiers of the images that it has made, even if there is an error.
type Sealer interface {
	Seal(ctx context.Context, platform string, specs ...engine.SealSpec) (ids []string, err error)
}

// ErrBusy reports that another process is making the same snapshot on the engine, or a checkpoint that this one would make
// on its way: see CheckpointBusyError.
var ErrBusy = errors.New("another bootstrap of the same snapshot is under way")

// readyTimeout is how long a service may take to become ready if it has no ready.timeout.
const readyTimeout = 2 * time.Minute

// teardownTimeout limits the teardown, which goes on even if the caller's context is done.
const teardownTimeout = time.Minute

// run is a bootstrap in progress.
type run struct {
	Request
	group   *launch.Group
	record  *journal.Record
	id      string // of the record; empty for none
	network string
	images  map[string]string // what each service's next container is created from
	raw     map[string]string // the image that holds each committed service's layers
	used    map[string]bool   // services that were up while steps ran, and may hold what those wrote
	readers []string          // containers that volumes are read from
	locks   []string          // keys of the checkpoints whose locks this bootstrap has
	kept    []engine.Kept     // secrets and configs that are to be put back after a checkpoint or the commit of an instance
	temp    []string          // names or identifiers of all images to remove when the bootstrap ends
	secrets stack.Secrets     // of this bootstrap: no image has them
	// volumeOf returns the names of volumes; nil for those of a bootstrap.
	volumeOf func(name string) string
	// hintAfter is how long a service takes to end until the display says what may be the matter.
	hintAfter time.Duration
}

// Name returns the lock of a snapshot's bootstrap: the name of its network and, followed by a service, of a container.
func Name(key string) string { return "docker-bmo-bootstrap-" + snapshot.Short(key) }

// Run makes the snapshot. It returns an ErrBusy if another process is making it, or one of its checkpoints, already, a *StepError if a step or a service
// that runs to its end fails, and that wraps a *launch.ServiceError if a service ends or does not become ready. A step that takes too long,
// and a service that holds data and does not stop well, are errors with a hint and have no type of their own.
func Run(ctx context.Context, r Request) (_ *snapshot.Snapshot, err error) {
	b := newRun(r)
	defer func() {
		b.clear(ctx)
		err = b.endRecord(ctx, err)
	}()
	if err := b.lock(ctx); err != nil {
		return nil, err
	}
	b.group = b.newGroup()
	if err := b.lockCheckpoints(ctx); err != nil {
		return nil, err
	}
	b.record = b.Keeper.Begin(ctx, journal.Header{
		ID: b.id, Kind: label.RoleBootstrap, Key: b.Snapshot.Key, Stack: b.Snapshot.Stack,
	}).Record()
	b.group.Record = b.record
	if err := removed(b.all(ctx)); err != nil {
		if r.KeepFailed && ctx.Err() == nil {
			b.keep(ctx, err)
		}
		return nil, err
	}
	return r.made(ctx)
}

// removed returns an *engine.RemovedError if somebody else has removed what the bootstrap works with. Its images are among that:
// they were there when it began.
func removed(err error) error {
	if engine.IsNoImage(launch.Cause(err)) && !errors.As(err, new(*engine.RemovedError)) {
		return &engine.RemovedError{Err: err}
	}
	return launch.Removed(err)
}

// made returns the snapshot that has been made.
func (r Request) made(ctx context.Context) (*snapshot.Snapshot, error) {
	s, err := snapshot.FindKey(ctx, r.Engine, r.Snapshot.Key)
	if s == nil && err == nil {
		err = hint.Wrap(fmt.Errorf("snapshot %s was removed as soon as it was made", snapshot.Short(r.Snapshot.Key)),
			"another process prunes snapshots; try again when it has ended")
	}
	return s, err
}

// all does everything from the first service to the last image.
func (b *run) all(ctx context.Context) error {
	for _, do := range []func(context.Context) error{
		b.createVolumes, b.resume, b.oneShots, b.steps, b.check, b.stop, b.commitStopped, b.importAll, b.seal,
	} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}

func newRun(r Request) *run {
	if r.Sealer == nil {
		r.Sealer = r.Engine
	}
	b := &run{
		Request: r, images: maps.Clone(r.Built), raw: map[string]string{}, used: map[string]bool{}, hintAfter: hintAfter,
	}
	if r.Keeper != nil {
		b.id = journal.NewID(r.Engine.Now())
	}
	return b
}

// endRecord ends the record, when everything has been cleared away, and names it in err.
func (b *run) endRecord(ctx context.Context, err error) error {
	if b.record == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), teardownTimeout)
	defer cancel()
	how := "made"
	if err != nil {
		how = "failed"
	}
	b.Keeper.End(ctx, b.id, how, err)
	return launch.Kept(err, snapshot.Short(b.Snapshot.Key))
}

// step shows and records a step of the bootstrap, which is about a service or, without one, about all of them.
func (b *run) step(ctx context.Context, service, name string, fn func(context.Context, *progress.Log) error) error {
	done := b.record.Step(service, name)
	err := b.Progress.Step(ctx, name, fn)
	done(err)
	return err
}

// lock creates the network. Its name is the lock: the engine allows it only once.
func (b *run) lock(ctx context.Context) error {
	labels := b.labels("")
	if b.From != nil {
		labels[label.From] = b.From.Snapshot.Key // which is in use
	}
	id, err := b.Engine.CreateNetwork(ctx, Name(b.Snapshot.Key), labels, launch.Addresses(b.Stack))
	if engine.IsConflict(err) {
		return ErrBusy
	}
	b.network = id
	return err
}

// labels returns those of containers, networks and images that exist only during the bootstrap.
func (b *run) labels(service string) map[string]string {
	l := map[string]string{
		label.Role: label.RoleBootstrap, label.Key: b.Snapshot.Key,
		label.Stack: b.Snapshot.Stack, label.Owner: b.Owner.String(),
		label.Created: b.Engine.Now().Format(time.RFC3339Nano),
	}
	if service != "" {
		l[label.Service] = service
	}
	if b.id != "" {
		l[label.Record] = b.id
	}
	return l
}

func (b *run) newGroup() *launch.Group {
	g := launch.New(b.Engine)
	g.Network = b.network
	g.Name = func(service string) string { return Name(b.Snapshot.Key) + "-" + service }
	g.Image = func(service string) string { return b.images[service] }
	g.Labels = b.labels
	g.Environment, g.Proxies, g.Secrets = b.environment, b.Proxies, &b.secrets
	g.Volume, g.Content = b.volume, b.Stack.Content
	g.Timeout = readyTimeout
	g.Journal, g.Progress, g.Attach, g.Record = b.Journal, b.Progress, true, b.record
	return g
}

// environment has the application's address, which is its own loopback interface as long as no port is published.
func (b *run) environment(service string) map[string]string {
	if service != b.Stack.URL.Service {
		return nil
	}
	env, err := b.Stack.URL.Render(launch.Vars(b.Stack.URL, b.Stack.URL.Port, Name(b.Snapshot.Key), &b.secrets))
	if err != nil {
		return nil // loading the stack has rendered it already
	}
	return env
}

// closure returns the named services and all that they depend on, in start order, without those that run to their end.
func (b *run) closure(names ...string) []stack.Service { return closure(b.Stack, names...) }

func closure(st *stack.Stack, names ...string) []stack.Service {
	want := map[string]bool{}
	for _, n := range names {
		want[n] = true
	}
	var out []stack.Service
	for _, s := range slices.Backward(st.Services) {
		if !want[s.Name] {
			continue
		}
		for _, d := range s.DependsOn {
			want[d] = true
		}
		if !s.OneShot {
			out = append(out, s.With(stack.DefaultFlavor))
		}
	}
	slices.Reverse(out)
	return out
}

// check starts every service that is not up yet, those with steps from their commit, and waits until all are ready.
func (b *run) check(ctx context.Context) error {
	var names []string
	for _, s := range b.Stack.Services {
		names = append(names, s.Name)
	}
	if err := b.group.Up(ctx, b.closure(names...), nil); err != nil {
		return fmt.Errorf("check the bootstrapped application: %w", err)
	}
	return nil
}
