package bmo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/build"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/registry"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// find returns the snapshot of the inputs, or nil. It takes one question to the engine.
func (p *pipeline) find(ctx context.Context) (*snapshot.Snapshot, error) {
	if err := p.loadContexts(ctx); err != nil {
		return nil, err
	}
	return snapshot.Find(ctx, p.engine, p.inputs.Digest())
}

// findAnywhere returns the snapshot of the inputs: from the engine, else from the stack's repository, or nil.
func (p *pipeline) findAnywhere(ctx context.Context) (*snapshot.Snapshot, error) {
	s, err := p.find(ctx)
	if s != nil && err == nil {
		p.outcome = Found
	}
	if s != nil || err != nil {
		return s, err
	}
	return p.fetchInputs(ctx)
}

// fetchInputs returns the snapshot of the inputs from the stack's repository, or nil.
func (p *pipeline) fetchInputs(ctx context.Context) (*snapshot.Snapshot, error) {
	return p.fetch(ctx, func(r *registry.Repository) (*registry.Found, error) {
		return r.FindInputs(ctx, p.inputs.Digest(), p.platform())
	})
}

// askAgain looks into the stack's repository once more before the snapshot that is wanted is bootstrapped: building its
// images takes minutes where nothing is cached, and another machine may have pushed it meanwhile.
func (p *pipeline) askAgain(ctx context.Context, want snapshot.Snapshot) (*snapshot.Snapshot, error) {
	if p.options.NoCache || p.options.Pull || p.noRepository {
		return nil, nil
	}
	s, err := p.fetchInputs(ctx)
	if err != nil {
		return nil, err
	}
	if s == nil {
		p.want = want
		return nil, nil
	}
	return p.labelled(ctx, s)
}

// existing returns the snapshot of the inputs, or nil. It makes none, but waits for another process that is at it.
func (p *pipeline) existing(ctx context.Context) (*snapshot.Snapshot, error) {
	for {
		s, err := p.findAnywhere(ctx)
		if !errors.Is(err, bootstrap.ErrBusy) {
			return s, err
		}
		if err := p.awaitOther(ctx, err); err != nil {
			return nil, err
		}
	}
}

// ensure returns the snapshot of the inputs, with the user's labels. One that is there is found; else it is made, here
// or by another process that is at it already.
func (p *pipeline) ensure(ctx context.Context) (*snapshot.Snapshot, error) {
	if err := p.loadContexts(ctx); err != nil {
		return nil, err
	}
	force := p.options.NoCache || p.options.Pull
	for removed := 0; ; {
		s, err := p.ensureOnce(ctx, force)
		if p.beginsAgain(ctx, err, removed) {
			removed++
			continue
		}
		if !errors.Is(err, bootstrap.ErrBusy) {
			p.warnNearest(s)
			return s, err
		}
		if err := p.awaitOther(ctx, err); err != nil {
			return nil, err
		}
		force = force && errors.As(err, new(*bootstrap.CheckpointBusyError)) // else it has just been made
	}
}

// removedTries is how often a bootstrap is begun again when somebody else has removed its containers, its network or its images.
const removedTries = 2

// beginsAgain reports whether a bootstrap that ended with err is begun again, as it has been so often: the images' layers are
// in the cache, most often, and another one may get through.
func (p *pipeline) beginsAgain(ctx context.Context, err error, before int) bool {
	return errors.As(err, new(*engine.RemovedError)) && before < removedTries && ctx.Err() == nil && !p.options.KeepFailed
}

func (p *pipeline) ensureOnce(ctx context.Context, force bool) (*snapshot.Snapshot, error) {
	if !force {
		s, err := p.findAnywhere(ctx)
		if err != nil {
			return nil, err
		}
		if s == nil && p.options.FromNearest {
			if s, err = snapshot.Find(ctx, p.engine, snapshot.NearestInputs(p.inputs.Digest())); s != nil {
				p.outcome = Found
			}
		}
		if err != nil {
			return nil, err
		}
		if s != nil {
			return p.labelled(ctx, s)
		}
	}
	return p.make(ctx)
}

// labelled returns the snapshot with the user's labels: as it is when it has them, else made anew from its images.
func (p *pipeline) labelled(ctx context.Context, s *snapshot.Snapshot) (*snapshot.Snapshot, error) {
	if s.HasLabels(p.options.Labels) {
		return s, nil
	}
	p.want = *s
	var made *snapshot.Snapshot
	err := p.options.Progress.Step(ctx, "label snapshot "+snapshot.Short(s.Key), func(ctx context.Context, _ *progress.Log) (err error) {
		made, err = bootstrap.Relabel(ctx, bootstrap.Request{
			Engine: p.engine, Stack: p.stack, Snapshot: *s, Labels: p.options.Labels, Platform: p.platform(),
			Owner: p.client.owner(ctx), Journal: p.journal,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	p.outcome = Labeled
	return made, p.supersede(ctx, *made)
}

// make builds the images and bootstraps them.
func (p *pipeline) make(ctx context.Context) (*snapshot.Snapshot, error) {
	bases, err := build.Bases(ctx, p.engine, p.request, p.options.Progress)
	if err != nil {
		return nil, err
	}
	want := p.describe(bases)
	p.want = want
	if p.options.Pull && !p.options.NoCache {
		if s, err := p.known(ctx, want.Key); err != nil {
			return nil, err
		} else if s != nil {
			return p.labelled(ctx, s) // the registries have nothing newer
		}
	}
	self := p.client.owner(ctx)
	suffix := randomSuffix()
	name := func(service string) string { return snapshot.Tag(p.stack.Name, service, want.Key) + "-built-" + suffix }
	images, err := build.Images(ctx, p.engine, p.request, name, func(service string) map[string]string {
		return map[string]string{
			label.Role: label.RoleBuilt, label.Key: want.Key, label.Stack: p.stack.Name,
			label.Service: service, label.Owner: self.String(),
			label.Created: p.engine.Now().Format(time.RFC3339Nano),
		}
	}, p.options.Progress)
	defer p.untag(ctx, images)
	if err != nil {
		return nil, err
	}
	if s, err := p.askAgain(ctx, want); s != nil || err != nil {
		return s, err
	}
	labels := p.imageLabels(bases)
	if s, err := p.graft(ctx, images, labels, self); s != nil || err != nil {
		return s, err
	}
	return p.bootstrap(ctx, images, labels, self)
}

// bootstrap makes the snapshot of images that are built, from the last checkpoint that is there.
func (p *pipeline) bootstrap(ctx context.Context, images, labels map[string]string, self owner.Owner) (*snapshot.Snapshot, error) {
	list, err := p.checkpoints(ctx, images, labels)
	if err != nil {
		return nil, err
	}
	from, missing, err := p.origin(ctx, list)
	if err != nil {
		return nil, err
	}
	if p.options.FromNearest {
		if from, err = p.fromNearest(ctx, from, images, labels); err != nil {
			return nil, err
		}
		if from != nil && from.Nearest {
			missing = nil // what comes of it is not what their keys say
		}
	}
	if from != nil && !from.Nearest {
		labels[label.Checkpoint] = from.Snapshot.Key
	}
	s, err := bootstrap.Run(ctx, bootstrap.Request{
		Engine: p.engine, Stack: p.stack, Snapshot: p.want, Built: images, Labels: labels, Once: p.onceLabels(),
		Platform: p.platform(), Owner: self, KeepFailed: p.options.KeepFailed, Proxies: p.client.proxies, Journal: p.journal, Progress: p.options.Progress,
		Keeper: p.client.keeper, Checkpoints: missing, From: from,
	})
	if err != nil {
		return nil, err
	}
	p.outcome, p.from = Made, from
	made := []snapshot.Snapshot{*s}
	for _, c := range missing {
		made = append(made, c.Snapshot)
	}
	return s, p.supersede(ctx, made...)
}

// known returns the snapshot with that key, from the engine or the repository, or nil if neither has it.
func (p *pipeline) known(ctx context.Context, key string) (*snapshot.Snapshot, error) {
	s, err := snapshot.FindKey(ctx, p.engine, key)
	if err != nil || s != nil {
		p.outcome = Found
		return s, err
	}
	return p.fetch(ctx, func(r *registry.Repository) (*registry.Found, error) { return r.FindKey(ctx, key, p.platform()) })
}

// untag takes the names of the built images away; their layers live on in the snapshot and in BuildKit's cache.
func (p *pipeline) untag(ctx context.Context, images map[string]string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for _, ref := range slices.Compact(slices.Sorted(maps.Values(images))) {
		if _, _, err := p.engine.RemoveImage(ctx, ref); err != nil && !engine.IsNotFound(err) {
			p.client.warn(fmt.Errorf("remove %s: %w", ref, err))
		}
	}
}

func randomSuffix() string {
	b := make([]byte, 4)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	return hex.EncodeToString(b)
}
