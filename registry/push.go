package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/attest"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// moveTries is how often an engine is asked to move an image. It goes on with the layers that are missing then.
const moveTries = 4

// atOnce is how many images an engine moves at a time.
const atOnce = 3

// Sealer makes an image with other labels; it is implemented by engine.Engine.
type Sealer interface {
	Seal(ctx context.Context, platform string, specs ...engine.SealSpec) (ids []string, err error)
}

// PushRequest says what to push.
type PushRequest struct {
	Engine   *engine.Engine
	Sealer   Sealer // nil for Engine
	Reader   Reader // nil for Engine
	Platform string
	Snapshot snapshot.Snapshot
	// Sign is the key to sign by; nil for no signature.
	Sign *attest.Signer
	// Attest is what to attest of it.
	Attest attest.Options
	// Tell is told how many bytes of what has to be moved are done; nil for nobody.
	Tell func(done, total int64)
}

// Has reports whether the repository has a snapshot with that key. That is one request where no credentials are needed.
func (r *Repository) Has(ctx context.Context, key string) (bool, error) { return r.has(ctx, key) }

// Push puts a snapshot into the repository: its images by the engine, and when they are all there, what is attested of them and
// signatures, if that is asked for, and the index, under the tag of its inputs and then under its key. One with that key is left as it is: check with Has first.
func (r *Repository) Push(ctx context.Context, q PushRequest) (Moved, error) {
	if q.Sealer == nil {
		q.Sealer = q.Engine
	}
	if q.Reader == nil {
		q.Reader = q.Engine
	}
	var mu sync.Mutex
	parts, m := map[string]part{}, newMeter(q.Tell)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for name, img := range q.Snapshot.Images {
		g.Go(func() error {
			p, err := r.pushPart(gctx, q, name, img, m)
			mu.Lock()
			defer mu.Unlock()
			parts[name] = p
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return Moved{}, r.explain(ctx, err)
	}
	entries, said, err := r.attestAll(ctx, q, parts)
	if err != nil {
		return Moved{}, err
	}
	idx, err := newIndex(q.Snapshot, parts, entries...)
	if err != nil {
		return Moved{}, err
	}
	if err := r.signAll(ctx, q, idx, parts, said); err != nil {
		return Moved{}, r.explain(ctx, err)
	}
	tags := []string{q.Snapshot.Key}
	if q.Snapshot.Inputs != "" { // one that was committed has none
		tags = []string{inputsTag(q.Snapshot.Inputs), q.Snapshot.Key}
	}
	for _, tag := range tags {
		if err := r.pusher.Put(ctx, r.repo.Tag(tag), idx); err != nil {
			return Moved{}, r.explain(ctx, err)
		}
	}
	return m.sum(parts), nil
}

// pushPart has the engine push one image, under a name that it has for that time only.
func (r *Repository) pushPart(ctx context.Context, q PushRequest, name string, img engine.Image, m *meter) (p part, err error) {
	tag := r.repo.Tag(nameOfPart(q.Snapshot, name))
	// An engine may have given a name also when there is an error.
	defer func() { err = errors.Join(err, unname(ctx, q.Engine, tag.Name())) }()
	if err := r.nameFor(ctx, q, name, img, tag.Name()); err != nil {
		return p, err
	}
	err = again(ctx, func() error { return q.Engine.PushImage(ctx, tag.Name(), r.repo.RegistryStr(), r.credentials, m.note) })
	if err != nil {
		return p, err
	}
	if p, err = r.part(ctx, tag); err != nil {
		return p, err
	}
	if err := p.check(q.Snapshot, name, q.Platform); err != nil {
		return p, r.invalid(tag.TagStr(), err)
	}
	return p, nil
}

// nameFor gives the image the name that it is pushed by. One with a label that is only for this machine's user is made
// anew without it.
func (r *Repository) nameFor(ctx context.Context, q PushRequest, name string, img engine.Image, ref string) (err error) {
	if img.Labels[label.Start] == "" {
		return call(ctx, q.Engine, img.ID, ref)
	}
	from := snapshot.Tag(q.Snapshot.Stack, name, q.Snapshot.Key) + "-push-" + fmt.Sprint(time.Now().UnixNano())
	defer func() { err = errors.Join(err, unname(ctx, q.Engine, from)) }()
	if err := call(ctx, q.Engine, img.ID, from); err != nil {
		return err
	}
	labels := maps.Clone(img.Labels)
	delete(labels, label.Start)
	_, err = q.Sealer.Seal(ctx, q.Platform, engine.SealSpec{
		Layers: from, Config: from, Name: ref, Labels: labels, DropPrefix: label.Prefix, Comment: snapshot.SealComment, Created: q.Snapshot.Created,
	})
	return err
}

// call gives an image a name. It is not broken off halfway: the engine might do it after the name was taken away.
func call(ctx context.Context, e *engine.Engine, id, ref string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return e.TagImage(context.WithoutCancel(ctx), id, ref)
}

// unname takes a name away, also when the context is done.
func unname(ctx context.Context, e *engine.Engine, ref string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if _, _, err := e.RemoveImage(ctx, ref); err != nil && !engine.IsNotFound(err) {
		return err
	}
	return nil
}

// again does what an engine does with a registry until it succeeds, or until it fails in a way that does not pass.
func again(ctx context.Context, move func() error) error {
	for try := 1; ; try++ {
		err := move()
		if err == nil || ctx.Err() != nil || try == moveTries || lasting(err) {
			return err
		}
		if err := pause(ctx, 5*backoff(try)); err != nil {
			return err
		}
	}
}
