package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Found is a snapshot in a repository whose manifests and configurations have been read and checked. Its images have the
// digests of their manifests as identifiers.
type Found struct {
	snapshot.Snapshot
	// Attestations are what is attested of its images.
	Attestations []Attestation
	repo         name.Repository
	digest       v1.Hash // of the index
	parts        map[string]part
}

// Size is the number of bytes of the layers as they are in the registry; what images share counts once.
func (f *Found) Size() int64 { return newMeter(nil).sum(f.parts).Total }

// FindInputs returns the newest snapshot of the inputs with that digest, or nil if there is none.
func (r *Repository) FindInputs(ctx context.Context, inputs, platform string) (*Found, error) {
	f, err := r.find(ctx, inputsTag(inputs), platform)
	if f != nil && f.Inputs != inputs {
		return nil, r.invalid(inputsTag(inputs), fmt.Errorf("it is one of the inputs %s", f.Inputs))
	}
	return f, err
}

// FindKey returns the snapshot with that key, or nil if there is none.
func (r *Repository) FindKey(ctx context.Context, key, platform string) (*Found, error) {
	f, err := r.find(ctx, key, platform)
	if f != nil && f.Key != key {
		return nil, r.invalid(key, fmt.Errorf("its key is %s", f.Key))
	}
	return f, err
}

// Resolve returns the key that begins with prefix.
func (r *Repository) Resolve(ctx context.Context, prefix string) (string, error) {
	if keyTag.MatchString(prefix) {
		return prefix, nil
	}
	tags, err := r.tags(ctx)
	if err != nil {
		return "", err
	}
	found := ""
	for _, t := range tags {
		switch {
		case prefix == "" || !keyTag.MatchString(t) || !strings.HasPrefix(t, prefix):
		case found != "":
			return "", fmt.Errorf("snapshot %q is ambiguous: %s and %s begin with it", prefix, snapshot.Short(found), snapshot.Short(t))
		default:
			found = t
		}
	}
	if found == "" {
		return "", &NotFoundError{r.String(), prefix}
	}
	return found, nil
}

// find reads the snapshot under a tag, and checks that everything in it belongs together. Without one it takes one
// request.
func (r *Repository) find(ctx context.Context, tag, platform string) (*Found, error) {
	if ok, err := r.has(ctx, tag); err != nil || !ok {
		return nil, err
	}
	d, err := r.puller.Get(ctx, r.repo.Tag(tag))
	if missing(err) {
		return nil, nil //nolint:nilnil // it has been removed meanwhile: there is none
	}
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	if r.require != nil {
		if err := r.verify(ctx, tag, d.Digest, r.require); err != nil {
			return nil, err
		}
	}
	s, entries, err := readIndex(d.Manifest)
	if err != nil {
		return nil, r.invalid(tag, err)
	}
	f := &Found{Snapshot: s, repo: r.repo, digest: d.Digest, parts: map[string]part{}}
	if f.Attestations, err = r.attested(ctx, d.Manifest); err != nil {
		return nil, err
	}
	for _, e := range entries {
		p, err := r.part(ctx, r.repo.Digest(e.digest.String()))
		if missing(err) {
			return nil, r.invalid(tag, fmt.Errorf("its image of %s is gone", e.name))
		}
		if err != nil {
			return nil, r.explain(ctx, err)
		}
		if err := p.check(s, e.name, platform); err != nil {
			if other := (*PlatformError)(nil); errors.As(err, &other) {
				return nil, other
			}
			return nil, r.invalid(tag, err)
		}
		img := s.Images[e.name]
		img.Labels, img.Size = p.config.Config.Labels, p.size()
		s.Images[e.name], f.parts[e.name] = img, p
	}
	return f, nil
}

// Pull has the engine get what it lacks of a snapshot. The caller has the lock of its bootstrap, and looks the snapshot up
// again afterwards. When it fails, nothing of it stays but an image without a name that the engine had in hand when it was
// told to stop: that is removed with what other commands have left, by the next one.
func (r *Repository) Pull(ctx context.Context, e *engine.Engine, f *Found, platform string, tell func(done, total int64)) (Moved, error) {
	m := newMeter(tell)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for name, p := range f.parts {
		g.Go(func() error { return r.pullPart(gctx, e, f, name, p, platform, m) })
	}
	err := g.Wait()
	if err == nil {
		return m.sum(f.parts), nil
	}
	for name := range f.parts {
		err = errors.Join(err, unname(ctx, e, snapshot.Tag(f.Stack, name, f.Key)))
	}
	return Moved{}, r.explain(ctx, err)
}

// pullPart has the engine get an image by the digest that has been checked, and gives it the name that it has on every
// engine.
func (r *Repository) pullPart(ctx context.Context, e *engine.Engine, f *Found, name string, p part, platform string, m *meter) (err error) {
	ref := r.repo.Digest(p.descriptor.Digest.String()).Name()
	// The name by digest goes in any case: the image has it also when there is an error after all of it has come.
	defer func() { err = errors.Join(err, unname(ctx, e, ref)) }()
	err = again(ctx, func() error { return e.PullImage(ctx, ref, platform, r.repo.RegistryStr(), r.credentials, m.note) })
	if err != nil {
		return err
	}
	return call(ctx, e, ref, snapshot.Tag(f.Stack, name, f.Key))
}
