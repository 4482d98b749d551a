package bmo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/registry"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// donor is a snapshot of the same inputs but for the platform.
type donor struct {
	snapshot.Snapshot
	platform string
	from     *registry.Repository // nil for the engine
	found    *registry.Found
}

// String names it for a user.
func (d *donor) String() string { return "snapshot " + snapshot.Short(d.Key) + " (" + d.platform + ")" }

// graft makes the snapshot of images that are built and of the data of one for another platform, in place of a bootstrap. It
// returns nil if the stack does not say that this is possible, or if there is no such snapshot.
func (p *pipeline) graft(ctx context.Context, images, labels map[string]string, self owner.Owner) (*snapshot.Snapshot, error) {
	if !p.mayGraft() {
		return nil, nil
	}
	d, err := p.donor(ctx)
	if d == nil || err != nil {
		return nil, err
	}
	labels = maps.Clone(labels)
	labels[label.Data] = snapshot.DataLabel(d.Snapshot, d.platform)
	s, err := bootstrap.Graft(ctx, bootstrap.Request{
		Engine: p.engine, Stack: p.stack, Snapshot: p.want, Built: images, Labels: labels, Once: p.onceLabels(),
		Platform: p.platform(), Owner: self, Journal: p.journal, Progress: p.options.Progress,
	}, d.Snapshot, "take the data of "+d.String(), func(ctx context.Context, log *progress.Log, grafts []snapshot.Graft) error {
		return p.bring(ctx, d, log, grafts)
	})
	switch {
	case err == nil:
		p.outcome, p.data, p.dataPlatform = Grafted, &d.Snapshot, d.platform
		return s, p.supersede(ctx, *s)
	case ctx.Err() != nil || errors.Is(err, bootstrap.ErrBusy) || engine.IsNoSpace(err) || engine.IsFailure(engine.Lost(err)):
		return nil, err
	}
	p.client.warn(fmt.Errorf("the data of %s cannot be used, and are made anew: %w", d, err))
	return nil, nil
}

// mayGraft reports whether the data of a snapshot for another platform may be taken.
func (p *pipeline) mayGraft() bool { return p.stack.Portable && !p.options.NoCache && !p.options.Pull }

// donor looks for a snapshot of the same inputs for another platform, on the engine and then in the repository.
func (p *pipeline) donor(ctx context.Context) (*donor, error) {
	if d, err := p.donorHere(ctx); d != nil || err != nil {
		return d, err
	}
	if p.repositoryName() == "" || p.noRepository || len(p.others()) == 0 {
		return nil, nil
	}
	r, err := p.repository()
	if err != nil {
		return nil, err
	}
	for _, o := range p.others() {
		f, err := r.FindInputs(ctx, p.inputsFor(o), o)
		if f != nil {
			return &donor{Snapshot: f.Snapshot, platform: o, from: r, found: f}, nil
		}
		if err != nil {
			p.useless(ctx, err)
			return nil, ctx.Err()
		}
	}
	return nil, nil
}

// donorHere is donor for the engine alone.
func (p *pipeline) donorHere(ctx context.Context) (*donor, error) {
	for _, o := range p.others() {
		s, err := snapshot.Find(ctx, p.engine, p.inputsFor(o))
		if err != nil {
			return nil, err
		}
		if s != nil {
			return &donor{Snapshot: *s, platform: o}, nil
		}
	}
	return nil, nil
}

// others are the platforms whose data are the same as those of the pipeline's.
func (p *pipeline) others() []string {
	if !slices.Contains(snapshot.GraftPlatforms, p.platform()) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(snapshot.GraftPlatforms), func(o string) bool { return o == p.platform() })
}

// inputsFor returns the digest of the inputs as they would be for a platform.
func (p *pipeline) inputsFor(platform string) string {
	in := p.inputs
	in.Platform = platform
	return in.Digest()
}

// bring has the engine make images with the data of a snapshot.
func (p *pipeline) bring(ctx context.Context, d *donor, log *progress.Log, grafts []snapshot.Graft) error {
	q := registry.GraftRequest{
		Engine: p.engine, Platform: p.platform(), ByContent: p.info.ContainerdStore, Grafts: grafts, Created: p.want.Created,
		Tell: func(done, total int64) { log.SetBytes("moving layers", done, total) },
	}
	if d.from == nil {
		return registry.GraftOwn(ctx, d.Snapshot, d.platform, p.client.tempDir(), q)
	}
	moved, err := d.from.Graft(ctx, d.found, q)
	p.moved = moved
	return err
}
