package registry

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// LoadRequest says how an archive gets onto an engine.
type LoadRequest struct {
	Engine *engine.Engine
	// Base is the snapshot on the engine whose layers the archive lacks; nil if it lacks none.
	Base *snapshot.Snapshot
	// images are identifiers of images on the engine that have what the archive lacks, in the place of those of Base.
	images []string
	// ByContent says that the engine knows layers by the digests that they were sent with, as its containerd store does.
	ByContent bool
	// Tell is told how many bytes of the layers are done; nil for nobody.
	Tell func(done, total int64)
}

// Load has the engine take in what the archive has. The caller has the lock of the snapshot's bootstrap, and looks it up
// again afterwards. When it fails, nothing of it stays.
func (a *Archive) Load(ctx context.Context, q LoadRequest) (Moved, error) {
	if q.images == nil {
		q.images = imagesOf(q.Base)
	}
	had, err := layersOf(ctx, q.Engine, q.images)
	if err != nil {
		return Moved{}, err
	}
	want := needed(a.parts, had)
	moved := sumOf(a.parts, want)
	parts, blobs, err := a.adapted(ctx, q, want)
	if err != nil {
		return Moved{}, err
	}
	err = load(ctx, q.Engine, func(w io.Writer) error {
		return a.write(w, parts, blobs, want, func(done int64) {
			if q.Tell != nil {
				q.Tell(done, moved.Sent)
			}
		})
	})
	if err == nil {
		return moved, nil
	}
	for _, name := range a.Parts() {
		err = errors.Join(err, unname(ctx, q.Engine, snapshot.Tag(a.Stack, name, a.Key)))
	}
	return Moved{}, err
}

// load has the engine take in the tar that write writes.
func load(ctx context.Context, e *engine.Engine, write func(io.Writer) error) error {
	r, w := io.Pipe()
	wrote := make(chan error, 1)
	go func() {
		err := write(w)
		_ = w.CloseWithError(err)
		wrote <- err
	}()
	err := e.LoadImages(ctx, r)
	_ = r.CloseWithError(errEngineDone)
	// What is wrong with what is read is the reason for the engine's error, unless that came first.
	own := <-wrote
	closed := errors.Is(own, errEngineDone) || errors.Is(own, io.ErrClosedPipe)
	if own != nil && (err == nil || !closed) {
		err = own
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

// errEngineDone ends the writing of a tar when the engine does not read on.
var errEngineDone = errors.New("the engine does not read the whole archive")

// write writes the tar that the engine gets, all of whose files are checked before it comes to its end.
func (a *Archive) write(w io.Writer, parts map[string]part, blobs map[v1.Hash][]byte, want map[v1.Hash]v1.Descriptor, tell func(int64)) error {
	idx, err := newArchiveIndex(a.Snapshot, parts, "")
	if err != nil {
		return err
	}
	files, err := layout(a.Snapshot, idx, parts)
	if err != nil {
		return err
	}
	t := tar.NewWriter(w)
	for _, f := range append(files, blobFiles(a.Snapshot, parts, blobs)...) {
		if err := writeFile(t, f.name, int64(len(f.content)), a.Created, bytes.NewReader(f.content)); err != nil {
			return err
		}
	}
	if err := a.writeLayers(t, maps.Clone(want), tell); err != nil {
		return err
	}
	return t.Close()
}

// writeLayers writes the wanted layers of the archive, and reads that to its end.
func (a *Archive) writeLayers(t *tar.Writer, want map[v1.Hash]v1.Descriptor, tell func(int64)) error {
	var done int64
	for a.at != nil {
		d, _ := blobHash(a.at.Name)
		if l, ok := want[d]; ok {
			if err := a.writeLayer(t, l, func(n int64) { tell(done + n) }); err != nil {
				return err
			}
			delete(want, d)
			done += l.Size
		}
		if err := a.next(); err != nil {
			return a.invalid(err)
		}
	}
	if left := inOrder(a.Snapshot, a.parts, want); len(left) > 0 {
		return a.invalid(fmt.Errorf("it lacks the layer %s", left[0]))
	}
	if _, err := io.CopyN(io.Discard, a.rest, 1<<20); err != nil && !errors.Is(err, io.EOF) {
		return a.invalid(err)
	}
	return nil
}

// writeLayer writes the layer that the archive is at.
func (a *Archive) writeLayer(t *tar.Writer, l v1.Descriptor, tell func(int64)) error {
	if a.at.Size != l.Size {
		return a.invalid(fmt.Errorf("the layer %s has another size than the manifest says", l.Digest))
	}
	sum := sha256.New()
	from := &source{Reader: a.tar, tell: tell}
	err := writeFile(t, blobName(l.Digest), l.Size, a.Created, io.TeeReader(from, sum))
	if from.err != nil {
		return a.invalid(from.err)
	}
	if err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != l.Digest.Hex {
		return a.invalid(fmt.Errorf("the layer %s has another digest", l.Digest))
	}
	return nil
}

// source keeps the error of a reader apart from that of what is written to.
type source struct {
	io.Reader
	tell func(int64)
	n    int64
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.n += int64(n)
	s.tell(s.n)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// adapted returns the images as this engine can have them. One that knows layers by the digests that they were sent with
// may have those of the base compressed otherwise than the engine that saved the archive.
func (a *Archive) adapted(ctx context.Context, q LoadRequest, want map[v1.Hash]v1.Descriptor) (map[string]part, map[v1.Hash][]byte, error) {
	blobs := map[v1.Hash][]byte{}
	for _, p := range a.parts {
		for _, d := range []v1.Hash{p.descriptor.Digest, p.manifest.Config.Digest} {
			blobs[d] = a.blobs[d.String()]
		}
	}
	if len(q.images) == 0 || !q.ByContent {
		return a.parts, blobs, nil
	}
	known, err := contentOf(ctx, q.Engine, q.images)
	if err != nil {
		return nil, nil, err
	}
	parts := map[string]part{}
	for name, p := range a.parts {
		m := p.manifest.DeepCopy()
		for i, l := range m.Layers {
			if _, sent := want[l.Digest]; sent {
				continue
			}
			if m.Layers[i] = known[p.config.RootFS.DiffIDs[i]]; m.Layers[i].Digest.Hex == "" {
				return nil, nil, fmt.Errorf("the engine has no content of the layer %s", p.config.RootFS.DiffIDs[i])
			}
		}
		own, raw, err := newPart(m, p.config)
		if err != nil {
			return nil, nil, err
		}
		parts[name], blobs[own.descriptor.Digest] = own, raw
	}
	return parts, blobs, nil
}

// contentOf returns the layers of images as the engine has them, by their digests when uncompressed. The engine tells that
// by sending them.
func contentOf(ctx context.Context, e *engine.Engine, images []string) (map[v1.Hash]v1.Descriptor, error) {
	r, err := e.SaveImages(ctx, images...)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	sp := &spool{sections: map[v1.Hash]section{}, small: map[v1.Hash][]byte{}}
	if err := sp.read(ctx, r, func(v1.Hash) bool { return false }, func(int64) {}); err != nil {
		return nil, err
	}
	n := 0
	parts, _, err := sp.parts(func(*v1.ConfigFile) string { n++; return strconv.Itoa(n) })
	if err != nil {
		return nil, err
	}
	known := map[v1.Hash]v1.Descriptor{}
	for _, p := range parts {
		for i, l := range p.manifest.Layers {
			known[p.config.RootFS.DiffIDs[i]] = l
		}
	}
	return known, nil
}
