package bmo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/build"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/prune"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// find returns the snapshot of the inputs, or nil. It takes one question to the engine.
func (p *pipeline) find(ctx context.Context) (*snapshot.Snapshot, error) {
	if err := p.loadContexts(ctx); err != nil {
		return nil, err
	}
	return snapshot.Find(ctx, p.engine, p.inputs.Digest())
}

// ensure returns the snapshot of the inputs, with the user's labels. One that is there is found; else it is made, here
// or by another process that is at it already.
func (p *pipeline) ensure(ctx context.Context) (*snapshot.Snapshot, error) {
	if err := p.loadContexts(ctx); err != nil {
		return nil, err
	}
	force := p.options.NoCache || p.options.Pull
	for {
		s, err := p.ensureOnce(ctx, force)
		if !errors.Is(err, bootstrap.ErrBusy) {
			return s, err
		}
		if err := p.await(ctx); err != nil {
			return nil, err
		}
		force = false
	}
}

func (p *pipeline) ensureOnce(ctx context.Context, force bool) (*snapshot.Snapshot, error) {
	if !force {
		s, err := p.find(ctx)
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
	p.outcome = Found
	if s.HasLabels(p.options.Labels) {
		return s, nil
	}
	p.want = *s
	var made *snapshot.Snapshot
	err := p.options.Progress.Step(ctx, "label snapshot "+snapshot.Short(s.Key), func(ctx context.Context, _ *progress.Log) (err error) {
		made, err = bootstrap.Relabel(ctx, bootstrap.Request{
			Engine: p.engine, Stack: p.stack, Snapshot: *s, Labels: p.options.Labels, Platform: p.info.Platform(),
			Owner: owner.Current(), Journal: p.journal,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	p.outcome = Labeled
	return made, p.supersede(ctx, made)
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
		if s, err := snapshot.FindKey(ctx, p.engine, want.Key); err != nil {
			return nil, err
		} else if s != nil {
			return p.labelled(ctx, s) // the registries have nothing newer
		}
	}
	self := owner.Current()
	suffix := randomSuffix()
	name := func(service string) string { return snapshot.Tag(p.stack.Name, service, want.Key) + "-built-" + suffix }
	images, err := build.Images(ctx, p.engine, p.request, name, func(service string) map[string]string {
		return map[string]string{
			label.Role: label.RoleBuilt, label.Key: want.Key, label.Stack: p.stack.Name,
			label.Service: service, label.Owner: self.String(),
			label.Created: time.Now().UTC().Format(time.RFC3339Nano),
		}
	}, p.options.Progress)
	defer p.untag(ctx, images)
	if err != nil {
		return nil, err
	}
	s, err := bootstrap.Run(ctx, bootstrap.Request{
		Engine: p.engine, Stack: p.stack, Snapshot: want, Built: images, Labels: p.imageLabels(bases),
		Platform: p.info.Platform(), Owner: self, KeepFailed: p.options.KeepFailed, Proxies: p.client.proxies, Journal: p.journal, Progress: p.options.Progress,
	})
	if err != nil {
		return nil, err
	}
	p.outcome = Made
	return s, p.supersede(ctx, s)
}

// supersede removes older snapshots with the same key, which a build with --no-cache leaves without names. One that an
// instance still runs from stays until it is pruned.
func (p *pipeline) supersede(ctx context.Context, s *snapshot.Snapshot) error {
	same, err := snapshot.List(ctx, p.engine, label.Key+"="+s.Key)
	if err != nil {
		return err
	}
	old := slices.DeleteFunc(same, func(o snapshot.Snapshot) bool { return o.Created.Equal(s.Created) })
	if _, err = prune.Remove(ctx, p.engine, old); engine.IsConflict(err) {
		return nil
	}
	return err
}

// untag takes the names of the built images away; their layers live on in the snapshot and in BuildKit's cache.
func (p *pipeline) untag(ctx context.Context, images map[string]string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for _, ref := range slices.Compact(slices.Sorted(maps.Values(images))) {
		if _, _, err := p.engine.RemoveImage(ctx, ref); err != nil && !engine.IsNotFound(err) {
			p.journal.Note("remove %s: %v", ref, err)
		}
	}
}

// sweepTries is how often in a row sweeping may fail while another process is waited for.
const sweepTries = 20

// await waits until another process has ended its bootstrap of the same snapshot, or is gone.
func (p *pipeline) await(ctx context.Context) error {
	return p.options.Progress.Step(ctx, "wait for another docker bmo that is making the same snapshot", func(ctx context.Context, log *progress.Log) error {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for failures := 0; ; {
			locks, err := p.engine.Networks(ctx, label.Role+"="+label.RoleBootstrap)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(locks, func(n engine.Network) bool { return n.Name == bootstrap.Name(p.want.Key) })
			if i < 0 {
				return nil
			}
			log.SetStatus("waiting for "+owner.Describe(locks[i].Labels), "")
			// Somebody else may be sweeping at the same time; only trouble that does not pass is ours.
			if _, err := prune.Sweep(ctx, p.engine); err == nil {
				failures = 0
			} else if failures++; failures == sweepTries {
				return err
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-tick.C:
			}
		}
	})
}

func randomSuffix() string {
	b := make([]byte, 4)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	return hex.EncodeToString(b)
}
