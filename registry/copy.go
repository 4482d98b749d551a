package registry

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// CopyRequest says what goes from one engine to another.
type CopyRequest struct {
	Snapshot snapshot.Snapshot
	From, To *engine.Engine
	// Platform and ByContent are about the engine that it goes to, as in a LoadRequest.
	Platform  string
	ByContent bool
	// Dir is where layers are kept meanwhile.
	Dir string
	// Tell is told how many bytes of the layers are done; nil for nobody.
	Tell func(done, total int64)
}

// Copy has an engine take in a snapshot of another engine, of whose layers only those move that no image there has. It is
// checked as an archive is. The caller has the lock of the snapshot's bootstrap on the engine that it goes to. When it fails,
// nothing of it stays there.
func Copy(ctx context.Context, q CopyRequest) (Moved, error) {
	for try := 1; ; try++ {
		images, had, err := q.shared(ctx, try)
		if err != nil {
			return Moved{}, err
		}
		moved, err := q.once(ctx, images, had)
		if err == nil || ctx.Err() != nil || !q.gone(ctx, images) {
			return moved, err
		}
	}
}

// gone reports whether one of the images has been removed meanwhile by somebody else, with layers that were not sent.
func (q CopyRequest) gone(ctx context.Context, images []string) bool {
	for _, id := range images {
		if _, err := q.To.ImageLayers(ctx, id); engine.IsNotFound(err) {
			return true
		}
	}
	return false
}

// once copies without the layers with the chains in had, which the images have on the other engine.
func (q CopyRequest) once(ctx context.Context, images []string, had map[string]bool) (Moved, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r, w := io.Pipe()
	var over atomic.Bool // the other side has ended
	saved := make(chan error, 1)
	go func() {
		save := SaveRequest{Engine: q.From, Platform: q.Platform, Snapshot: q.Snapshot, Dir: q.Dir, had: had}
		_, _, err := Save(ctx, save, w)
		if over.Load() {
			err = nil // it is a consequence
		}
		_ = w.CloseWithError(err)
		saved <- err
	}()
	moved, err := q.load(ctx, r, images)
	over.Store(true)
	_ = r.CloseWithError(errEngineDone)
	cancel(errEngineDone)
	if own := <-saved; own != nil {
		err = own // it is why there was nothing more to load
	}
	return moved, err
}

func (q CopyRequest) load(ctx context.Context, r io.Reader, images []string) (Moved, error) {
	a, err := OpenArchive(r, "what the engine at "+q.From.Host()+" sends", q.Platform)
	if err != nil {
		return Moved{}, err
	}
	defer a.Close()
	return a.Load(ctx, LoadRequest{Engine: q.To, images: images, ByContent: q.ByContent, Tell: q.Tell})
}

// sharedTries is how often images that others may remove are relied on.
const sharedTries = 2

// shared returns images of the engine that the snapshot goes to which have layers of it, and the chains of their layers. Any
// image will do, not only a snapshot's: they are only looked at. When images have gone too often, there are none.
func (q CopyRequest) shared(ctx context.Context, try int) (images []string, had map[string]bool, err error) {
	images, had = []string{}, map[string]bool{}
	if try > sharedTries {
		return images, had, nil
	}
	want, err := layersOf(ctx, q.From, imagesOf(&q.Snapshot))
	if err != nil {
		return nil, nil, err
	}
	list, err := q.To.Images(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, img := range list {
		chains, err := layersOf(ctx, q.To, []string{img.ID})
		if engine.IsNotFound(err) {
			continue // it has gone meanwhile
		}
		if err != nil {
			return nil, nil, err
		}
		news := false
		for c := range chains {
			if want[c] && !had[c] {
				news, had[c] = true, true
			}
		}
		if news {
			images = append(images, img.ID)
		}
	}
	return images, had, nil
}
