package bmo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/registry"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// PullOptions say what Pull gets from where.
type PullOptions struct {
	// Repository is [HOST[:PORT]/]PATH, without a tag.
	Repository string
	// Key is the snapshot's key or the beginning of it. Without one, it is the newest snapshot of the inputs with the digest
	// Inputs.
	Key, Inputs string
	// Verify is the key that the snapshot must be signed by; nil for any snapshot.
	Verify *VerifyingKey
	// Progress shows the work; nil shows nothing.
	Progress *progress.Printer
}

// TransferResult is what Pull, Load and Copy return.
type TransferResult struct {
	Snapshot *Snapshot
	// Found reports that the engine had the snapshot already.
	Found bool
	Moved
}

// Pull gets a snapshot from a repository. Everything about it is read and checked before the engine gets the layers that it
// lacks, each by its digest. Without such a snapshot the error is a *NotInRepositoryError, with one that is not what it is
// said to be an *InvalidSnapshotError, with one that is not signed by the key that is asked for a *SignatureError.
func (c *Client) Pull(ctx context.Context, o PullOptions) (*TransferResult, error) {
	info, err := c.connectAndSweep(ctx)
	if err != nil {
		return nil, err
	}
	r, err := c.repository(o.Repository)
	if err != nil {
		return nil, err
	}
	r.Require(o.Verify)
	var f *registry.Found
	if o.Key != "" {
		f, err = findIn(ctx, r, o.Key, info.Platform())
	} else if f, err = r.FindInputs(ctx, o.Inputs, info.Platform()); f == nil && err == nil {
		err = hint.Wrap(&registry.NotFoundError{Repository: r.String(), What: "of these inputs"}, "run `docker bmo build --push` with the same options")
	}
	if err != nil {
		return nil, err
	}
	return c.takeIn(ctx, f.Snapshot, o.Progress, pullStep(r, f), c.puller(info.Platform(), r, f))
}

// pullStep is what a pull of a snapshot shows.
func pullStep(r *registry.Repository, f *registry.Found) string {
	return "pull snapshot " + snapshot.Short(f.Key) + " from " + r.String()
}

// puller has the engine get a snapshot from a repository.
func (c *Client) puller(platform string, r *registry.Repository, f *registry.Found) mover {
	return func(ctx context.Context, log *progress.Log) (Moved, error) {
		return r.Pull(ctx, c.engine, f, platform, func(done, total int64) { log.SetBytes("pulling layers", done, total) })
	}
}

// alone does something that puts a snapshot's images onto the engine one after the other. It holds the lock of the
// snapshot's bootstrap meanwhile, so that half of it is not taken for garbage; it returns bootstrap.ErrBusy when another
// process has that.
func (c *Client) alone(ctx context.Context, s snapshot.Snapshot, do func() error) error {
	network, err := c.engine.CreateNetwork(ctx, bootstrap.Name(s.Key), map[string]string{
		label.Role: label.RoleBootstrap, label.Key: s.Key, label.Stack: s.Stack, label.Owner: c.owner(ctx).String(),
		label.Created: c.engine.Now().Format(time.RFC3339Nano),
	}, 1)
	if engine.IsConflict(err) {
		return bootstrap.ErrBusy
	}
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if err := c.engine.RemoveNetwork(ctx, network); err != nil && !engine.IsNotFound(err) {
			c.warn(err)
		}
	}()
	return do()
}

// fetch returns the snapshot that find finds in the stack's repository, pulled, or nil when there is no repository or none
// such in it. A repository that is of no use is no reason not to bootstrap: it is said, and that is all.
func (p *pipeline) fetch(ctx context.Context, find func(*registry.Repository) (*registry.Found, error)) (*snapshot.Snapshot, error) {
	if p.repositoryName() == "" {
		return nil, nil
	}
	r, err := p.repository()
	if err != nil {
		return nil, err
	}
	var f *registry.Found
	err = p.options.Progress.Step(ctx, "ask "+r.String()+" for the snapshot", func(context.Context, *progress.Log) (err error) {
		if f, err = find(r); err != nil {
			p.useless(ctx, err)
			f = nil
		}
		return ctx.Err()
	})
	if f == nil || err != nil {
		return nil, err
	}
	p.want = f.Snapshot
	result, err := p.client.takeInAlone(ctx, f.Snapshot, p.options.Progress, pullStep(r, f), p.client.puller(p.platform(), r, f))
	switch {
	case err == nil:
		p.outcome, p.moved = Pulled, result.Moved
		return result.Snapshot, nil
	case ctx.Err() != nil || errors.Is(err, bootstrap.ErrBusy) || engine.IsNoSpace(err) || engine.IsFailure(engine.Lost(err)):
		return nil, err
	}
	p.useless(ctx, err)
	return nil, nil
}

// useless says that the repository is of no use.
func (p *pipeline) useless(ctx context.Context, err error) {
	p.noRepository = true
	if ctx.Err() == nil {
		p.client.warn(fmt.Errorf("the snapshot is not taken from its repository: %w", err))
	}
}

// resolve returns the snapshot whose key begins with prefix, from the engine, else from the stack's repository.
func (p *pipeline) resolve(ctx context.Context, prefix string) (*snapshot.Snapshot, error) {
	s, err := snapshot.Resolve(ctx, p.engine, prefix)
	if !errors.Is(err, snapshot.ErrNone) || p.repositoryName() == "" {
		return s, err
	}
	r, err := p.repository()
	if err != nil {
		return nil, err
	}
	f, err := findIn(ctx, r, prefix, p.platform())
	if err != nil {
		return nil, err
	}
	result, err := p.client.takeIn(ctx, f.Snapshot, p.options.Progress, pullStep(r, f), p.client.puller(p.platform(), r, f))
	if err != nil {
		return nil, err
	}
	return result.Snapshot, nil
}
