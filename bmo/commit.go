package bmo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/version"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// CommitOptions say how an instance is committed. The zero value makes a snapshot without a name.
type CommitOptions struct {
	// Name is what the snapshot is called. One of the same stack that has the name loses it.
	Name string
	// Stack is the instance's stack; nil for the one that is kept with its snapshot.
	Stack *stack.Stack
	// Environ has the variables that secrets of a kept stack come from, as os.Environ returns them.
	Environ []string
	// Source is the application's source tree, for the drift.
	Source string
	// Progress shows the work; nil shows nothing.
	Progress *progress.Printer
}

// Commit makes a snapshot of a running detached instance, which goes on with the same address: what holds data is stopped
// gracefully and started again, the others are paused meanwhile. The snapshot's Drift says what the stack has become since
// the instance's own snapshot was made.
//
// If it returns both a snapshot and an error, the snapshot is good, and the instance did not become ready again. A service
// that does not end well is an error with a hint, and the instance goes on. ErrNotKept is an error of Commit, too.
func (c *Client) Commit(ctx context.Context, name string, o CommitOptions) (*Snapshot, error) {
	if err := snapshot.CheckName(o.Name); err != nil {
		return nil, err
	}
	info, err := c.connectAndSweep(ctx)
	if err != nil {
		return nil, err
	}
	defer c.show(o.Progress)()
	defer c.settle(ctx)
	inst, err := c.workable(ctx, name, "commit")
	if err != nil {
		return nil, err
	}
	parent, st, err := c.startedFrom(ctx, inst, o.Stack, o.Environ)
	if err != nil {
		return nil, meanwhile(name, err)
	}
	platform, err := c.platformOf(ctx, parent)
	if err != nil {
		return nil, err
	}
	labels := parent.Inherited()
	drift, err := c.drift(ctx, info, st, *parent, o)
	if err != nil {
		return nil, err
	}
	if text := snapshot.DriftLabel(drift); text != "" {
		labels[label.Drift] = text
	}
	made, err := bootstrap.CommitInstance(ctx, bootstrap.CommitRequest{
		Request: bootstrap.Request{
			Engine: c.engine, Stack: st, Snapshot: c.committed(*parent, o.Name), Labels: labels, Once: onceOf(*parent),
			Platform: platform, Owner: c.owner(ctx), Journal: journal.New(nil), Progress: o.Progress,
		},
		Instance: inst.Name, Flavor: inst.Flavor, Parent: parent, Containers: inst.Services, Ports: inst.Ports,
		Volume: func(volume string) string { return instance.VolumeName(inst.Name, volume) }, Warn: c.warn,
	})
	return made, meanwhile(name, err)
}

// meanwhile puts an error into words that comes of somebody else having removed an instance, which was there at first.
func meanwhile(name string, err error) error {
	if !engine.IsGone(err) || engine.IsNoImage(err) {
		return err
	}
	return hint.Wrap(fmt.Errorf("instance %s, or a container of it, was removed meanwhile: %w", name, err), "`docker bmo ps -a` lists what there is")
}

// workable returns the instance of that name if it runs, and no command in the foreground would take what is done to it for
// its end.
func (c *Client) workable(ctx context.Context, name, what string) (*Instance, error) {
	inst, err := instance.Find(ctx, c.engine, name)
	switch {
	case err != nil:
		return nil, err
	case !inst.Detached:
		return nil, hint.Wrap(fmt.Errorf("instance %s belongs to a `docker bmo run` that is under way: it would end with that", name),
			"start one with `docker bmo run -d`")
	case inst.State == Starting:
		return nil, hint.Wrap(fmt.Errorf("cannot %s instance %s: it is still starting", what, name), "wait until `docker bmo ps` lists it")
	case inst.State != Ready && what == "commit":
		return nil, hint.Wrap(fmt.Errorf("cannot %s instance %s: not all of its services run", what, name),
			"`docker bmo logs "+name+"` shows why; `docker bmo reset "+name+"` starts it anew from its snapshot")
	}
	return inst, nil
}

// snapshotOf returns the snapshot that an instance was started from: of several of one key the one whose images it has.
func (c *Client) snapshotOf(ctx context.Context, inst *Instance) (*Snapshot, error) {
	list, err := snapshot.List(ctx, c.engine, label.Key+"="+inst.Key)
	if err != nil {
		return nil, err
	}
	detail, err := instance.Inspect(ctx, c.engine, inst.Name)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		same := s.Complete()
		for service, d := range detail.Services {
			same = same && s.Images[service].ID == d.ImageID
		}
		if same {
			return &s, nil
		}
	}
	return nil, hint.Wrap(fmt.Errorf("snapshot %s, which instance %s was started from, is gone", snapshot.Short(inst.Key), inst.Name),
		"start another instance")
}

// committed says what a snapshot of an instance of another one will be. Its key is like no other: what is in it, nobody can
// know from inputs.
func (c *Client) committed(parent Snapshot, name string) Snapshot {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, says crypto/rand
	s := parent
	s.Key, s.Inputs, s.Version, s.Created = hex.EncodeToString(key), "", version.Version, c.engine.Now()
	s.Name, s.Parent, s.Images = name, parent.Key, nil
	return s
}

// onceOf are the labels that only one of a snapshot's images has.
func onceOf(s Snapshot) map[string]string {
	labels := map[string]string{label.Files: s.Once(label.Files), label.Start: s.Once(label.Start)}
	maps.DeleteFunc(labels, func(_, v string) bool { return v == "" })
	return labels
}

// drift returns what of a stack is not as it was when a snapshot was made. Nothing is fetched for that: of a stack whose
// source tree is not named nothing is said, nor of what only flags of a build can say.
func (c *Client) drift(ctx context.Context, info Info, st *stack.Stack, s Snapshot, o CommitOptions) ([]string, error) {
	if o.Source == "" && st.Source.URL != "" {
		return nil, nil
	}
	p := &pipeline{client: c, engine: c.engine, info: info, stack: st, options: BuildOptions{Source: o.Source, Progress: o.Progress}}
	if err := p.loadContexts(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return []string{"the project's files, which could not be read"}, nil
	}
	ofFlags := []string{words(label.BuildArgs, "now", "then"), words(label.Remote, "now", "then")}
	return slices.DeleteFunc(p.differences(s), func(text string) bool { return slices.Contains(ofFlags, text) }), nil
}

// startedFrom returns the snapshot that an instance was started from, and its stack: st, or without one the stack that is
// kept with the snapshot.
func (c *Client) startedFrom(ctx context.Context, inst *Instance, st *stack.Stack, environ []string) (*Snapshot, *stack.Stack, error) {
	s, err := c.snapshotOf(ctx, inst)
	if err != nil {
		return nil, nil, err
	}
	if st == nil {
		if st, err = c.KeptStack(ctx, inst.Key, environ); err != nil {
			return nil, nil, err
		}
	}
	return s, st, s.Fits(st.Name, launch.ServiceNames(st), launch.VolumeNames(launch.Lasting(st)))
}
