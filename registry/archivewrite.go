package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// SaveRequest says what to write into an archive.
type SaveRequest struct {
	Engine   *engine.Engine
	Platform string
	Snapshot snapshot.Snapshot
	// Base is a snapshot whose layers are left out; nil for none.
	Base *snapshot.Snapshot
	// had are the chains of the layers that are left out in its place; nil if Base says that.
	had map[string]bool
	// Dir is where layers are kept until all is known that is before them in the archive.
	Dir string
	// Tell is told how many bytes the engine has sent of about how many; nil for nobody.
	Tell func(done, total int64)
}

// Save writes an archive of a snapshot: an OCI image layout in a tar that is compressed by zstd, with the index, manifests
// and configurations before the layers. It returns how many bytes it has written, and of the layers, as they are in the
// layout, how many are in it.
func Save(ctx context.Context, q SaveRequest, w io.Writer) (size int64, moved Moved, err error) {
	had := q.had
	if had == nil {
		if had, err = layersOf(ctx, q.Engine, imagesOf(q.Base)); err != nil {
			return 0, moved, err
		}
	}
	s, err := newSpool(q.Dir, q.Snapshot.Created)
	if err != nil {
		return 0, moved, full(err)
	}
	defer s.close()
	if err := q.spool(ctx, s, had); err != nil {
		return 0, moved, full(err)
	}
	parts, blobs, err := s.parts(func(c *v1.ConfigFile) string { return c.Config.Labels[label.Service] })
	if err != nil {
		return 0, moved, err
	}
	for _, name := range q.Snapshot.Parts() {
		p, ok := parts[name]
		if !ok {
			return 0, moved, fmt.Errorf("the engine has not sent the image of %s", name)
		}
		if err := p.check(q.Snapshot, name, q.Platform); err != nil {
			return 0, moved, err
		}
	}
	size, err = q.write(ctx, s, parts, blobs, had, w)
	return size, sumOf(parts, needed(parts, had)), full(err)
}

// sumOf says how much of the layers of images is sent.
func sumOf(parts map[string]part, sent map[v1.Hash]v1.Descriptor) Moved {
	sum := newMeter(nil).sum(parts)
	for _, l := range sent {
		sum.Sent += l.Size
	}
	return sum
}

// full says what to do when a disk of this machine is full.
func full(err error) error {
	if engine.IsNoSpace(err) && len(hint.All(err)) == 0 {
		return hint.Wrap(err, "make room, or write to another disk with -o: as much again as the file takes is needed next to it meanwhile")
	}
	return err
}

// imagesOf returns the identifiers of a snapshot's images; none without one.
func imagesOf(s *snapshot.Snapshot) (ids []string) {
	if s == nil {
		return nil
	}
	for _, name := range s.Parts() {
		ids = append(ids, s.Images[name].ID)
	}
	return ids
}

// layersOf returns the chains of the layers of images.
func layersOf(ctx context.Context, e *engine.Engine, images []string) (map[string]bool, error) {
	had := map[string]bool{}
	for _, id := range images {
		ids, err := e.ImageLayers(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, c := range chains(ids) {
			had[c] = true
		}
	}
	return had, nil
}

// spool has the engine send the images, and keeps those of their layers that may be needed.
func (q SaveRequest) spool(ctx context.Context, s *spool, had map[string]bool) error {
	useless, err := q.useless(ctx, had)
	if err != nil {
		return err
	}
	r, err := q.Engine.SaveImages(ctx, imagesOf(&q.Snapshot)...)
	if err != nil {
		return err
	}
	defer r.Close()
	var total int64
	for _, img := range q.Snapshot.Images {
		total += img.Size
	}
	return s.read(ctx, r, func(d v1.Hash) bool { return !useless[d.String()] }, func(done int64) {
		if q.Tell != nil {
			q.Tell(done, max(done, total))
		}
	})
}

// useless returns layers, by their digest when uncompressed, that no image needs because the base has them. An engine that
// has them compressed calls them otherwise, and sends them in vain.
func (q SaveRequest) useless(ctx context.Context, had map[string]bool) (map[string]bool, error) {
	useless, useful := map[string]bool{}, map[string]bool{}
	if len(had) == 0 {
		return useless, nil
	}
	for _, img := range q.Snapshot.Images {
		ids, err := q.Engine.ImageLayers(ctx, img.ID)
		if err != nil {
			return nil, err
		}
		for i, c := range chains(ids) {
			if had[c] {
				useless[ids[i]] = true
			} else {
				useful[ids[i]] = true
			}
		}
	}
	maps.DeleteFunc(useless, func(id string, _ bool) bool { return useful[id] })
	return useless, nil
}

// write writes the archive.
func (q SaveRequest) write(ctx context.Context, s *spool, parts map[string]part, blobs map[v1.Hash][]byte, had map[string]bool, w io.Writer) (int64, error) {
	base := ""
	if q.Base != nil {
		base = q.Base.Key
	}
	idx, err := newArchiveIndex(q.Snapshot, parts, base)
	if err != nil {
		return 0, err
	}
	files, err := layout(q.Snapshot, idx, parts)
	if err != nil {
		return 0, err
	}
	a, err := newArchiveWriter(w, q.Snapshot.Created)
	if err != nil {
		return 0, err
	}
	for _, f := range append(files, blobFiles(q.Snapshot, parts, blobs)...) {
		if err := a.file(f.name, int64(len(f.content)), bytes.NewReader(f.content)); err != nil {
			return a.out.n, err
		}
	}
	for _, d := range inOrder(q.Snapshot, parts, needed(parts, had)) {
		if ctx.Err() != nil {
			return a.out.n, context.Cause(ctx)
		}
		if err := s.copy(a.out, d); err != nil {
			return a.out.n, err
		}
	}
	return a.out.n, a.end()
}

// blobFiles returns the manifests and then the configurations of images as files.
func blobFiles(s snapshot.Snapshot, parts map[string]part, blobs map[v1.Hash][]byte) (files []file) {
	for _, of := range []func(part) v1.Hash{
		func(p part) v1.Hash { return p.descriptor.Digest }, func(p part) v1.Hash { return p.manifest.Config.Digest },
	} {
		for _, name := range s.Parts() {
			d := of(parts[name])
			files = append(files, file{blobName(d), blobs[d]})
		}
	}
	return files
}

// inOrder returns the digests of layers in the order in which the images have them.
func inOrder(s snapshot.Snapshot, parts map[string]part, layers map[v1.Hash]v1.Descriptor) (list []v1.Hash) {
	for _, name := range s.Parts() {
		for _, l := range parts[name].manifest.Layers {
			if _, ok := layers[l.Digest]; ok && !slices.Contains(list, l.Digest) {
				list = append(list, l.Digest)
			}
		}
	}
	return list
}

// withoutLabel returns an image's configuration without a label. All else is as it was, also what is not known of.
func withoutLabel(raw []byte, name string) ([]byte, error) {
	var img, config map[string]json.RawMessage
	var labels map[string]string
	err := json.Unmarshal(raw, &img)
	if err == nil {
		err = json.Unmarshal(img["config"], &config)
	}
	if err == nil {
		err = json.Unmarshal(config["Labels"], &labels)
	}
	if err != nil {
		return nil, err
	}
	delete(labels, name)
	if config["Labels"], err = json.Marshal(labels); err != nil {
		return nil, err
	}
	if img["config"], err = json.Marshal(config); err != nil {
		return nil, err
	}
	return json.Marshal(img)
}

// newPart returns an image, and its manifest as it is written.
func newPart(m *v1.Manifest, config *v1.ConfigFile) (p part, raw []byte, err error) {
	if raw, err = json.Marshal(m); err != nil {
		return p, nil, err
	}
	d, n, err := v1.SHA256(bytes.NewReader(raw))
	return part{v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: d, Size: n}, m, config}, raw, err
}

// decodeImages reads manifest.json.
func decodeImages(raw []byte, list *[]dockerManifest) error {
	if err := json.Unmarshal(raw, list); err != nil {
		return fmt.Errorf("the engine's %s: %w", manifestFile, err)
	}
	return nil
}
