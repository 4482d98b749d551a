package registry

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// GraftRequest says which images an engine gets that have what the bootstrap of a snapshot for another platform has made.
type GraftRequest struct {
	Engine *engine.Engine
	// Platform is that of the images, and ByContent says that the engine knows layers by the digests that they were sent with.
	Platform  string
	ByContent bool
	Grafts    []snapshot.Graft
	// Created is the time of the images.
	Created time.Time
	// Tell is told how many bytes of the layers are done; nil for nobody.
	Tell func(done, total int64)
}

// grafting are the images to make, as the engine is to have them.
type grafting struct {
	GraftRequest
	parts map[string]part
	blobs map[v1.Hash][]byte
	want  map[v1.Hash]v1.Descriptor // the layers to send
}

// Graft has the engine make the images, with layers of a snapshot that the repository has. Only these move, through this
// process. The caller takes the images' names away, whether there is an error or not.
func (r *Repository) Graft(ctx context.Context, f *Found, q GraftRequest) (Moved, error) {
	g, err := q.onto(ctx, f.parts)
	if err != nil {
		return Moved{}, err
	}
	blobs, err := r.streams()
	if err != nil {
		return Moved{}, err
	}
	err = again(ctx, func() error {
		return load(ctx, q.Engine, func(w io.Writer) error {
			return g.write(w, func(t *tar.Writer) error {
				var done int64
				for _, d := range g.inOrder() {
					l := g.want[d]
					layer, err := blobs.Layer(ctx, r.repo.Digest(d.String()))
					if err != nil {
						return err
					}
					content, err := layer.Compressed()
					if err != nil {
						return err
					}
					from := &source{Reader: content, tell: func(n int64) { g.tell(done + n) }}
					err = writeFile(t, blobName(d), l.Size, q.Created, from)
					_ = content.Close()
					if err = errors.Join(from.err, err); err != nil {
						return err
					}
					done += l.Size
				}
				return nil
			})
		})
	})
	return Moved{Sent: g.total(), Total: newMeter(nil).sum(f.parts).Total}, r.explain(ctx, err)
}

// GraftOwn is Graft with layers of a snapshot that the engine has itself. dir is where layers are kept meanwhile.
func GraftOwn(ctx context.Context, s snapshot.Snapshot, platform, dir string, q GraftRequest) error {
	had := map[string]bool{}
	for _, name := range s.Parts() {
		img := s.Images[name]
		ids, err := q.Engine.ImageLayers(ctx, img.ID)
		if err != nil {
			return err
		}
		built, err := snapshot.BuiltLayers(img.Labels, len(ids))
		if err != nil {
			return err
		}
		for _, c := range chains(ids[:built]) {
			had[c] = true
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r, w := io.Pipe()
	saved := make(chan error, 1)
	go func() {
		_, _, err := Save(ctx, SaveRequest{Engine: q.Engine, Platform: platform, Snapshot: s, Dir: dir, had: had}, w)
		_ = w.CloseWithError(err)
		saved <- err
	}()
	err := graftFrom(ctx, r, q)
	_ = r.CloseWithError(errEngineDone)
	cancel(errEngineDone)
	if own := <-saved; own != nil && !errors.Is(own, errEngineDone) {
		err = own // it is why there was nothing more to load
	}
	return err
}

// graftFrom has the engine make the images, with the layers of an archive.
func graftFrom(ctx context.Context, r io.Reader, q GraftRequest) error {
	a, err := OpenArchive(r, "what the engine at "+q.Engine.Host()+" sends", "")
	if err != nil {
		return err
	}
	defer a.Close()
	g, err := q.onto(ctx, a.parts)
	if err != nil {
		return err
	}
	return load(ctx, q.Engine, func(w io.Writer) error {
		return g.write(w, func(t *tar.Writer) error { return a.writeLayers(t, maps.Clone(g.want), g.tell) })
	})
}

// onto returns the images with the layers that their bases have on the engine, and on top of them those that the bootstrap
// of what is in from has made.
func (q GraftRequest) onto(ctx context.Context, from map[string]part) (*grafting, error) {
	g := &grafting{GraftRequest: q, parts: map[string]part{}, blobs: map[v1.Hash][]byte{}, want: map[v1.Hash]v1.Descriptor{}}
	below, err := q.bases(ctx)
	if err != nil {
		return nil, err
	}
	for _, graft := range q.Grafts {
		p := from[graft.Part]
		built, err := snapshot.BuiltLayers(p.config.Config.Labels, min(len(p.manifest.Layers), len(p.config.RootFS.DiffIDs)))
		if err != nil {
			return nil, err
		}
		layers := below[graft.Base]
		for i := built; i < len(p.manifest.Layers); i++ {
			l := p.manifest.Layers[i]
			if l.MediaType == types.DockerLayer {
				l.MediaType = types.OCILayer
			}
			g.want[l.Digest] = l
			layers = append(slices.Clip(layers), ownLayer{l, p.config.RootFS.DiffIDs[i]})
		}
		if err := g.add(graft, layers); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// ownLayer is a layer, and its digest when uncompressed.
type ownLayer struct {
	v1.Descriptor
	diffID v1.Hash
}

// bases returns the layers of the bases, as the engine can be told of them.
func (q GraftRequest) bases(ctx context.Context) (map[string][]ownLayer, error) {
	list := map[string][]ownLayer{"": nil}
	for _, g := range q.Grafts {
		if g.Base == "" {
			continue
		}
		known := map[v1.Hash]v1.Descriptor{}
		if q.ByContent {
			var err error
			if known, err = contentOf(ctx, q.Engine, []string{g.Base}); err != nil {
				return nil, err
			}
		}
		ids, err := q.Engine.ImageLayers(ctx, g.Base)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			d, err := v1.NewHash(id)
			if err != nil {
				return nil, err
			}
			l, ok := known[d]
			if !ok {
				l = v1.Descriptor{MediaType: types.OCIUncompressedLayer, Digest: d}
			}
			list[g.Base] = append(list[g.Base], ownLayer{l, d})
		}
	}
	return list, nil
}

// add adds an image of those layers.
func (g *grafting) add(graft snapshot.Graft, layers []ownLayer) error {
	os, arch, _ := strings.Cut(g.Platform, "/")
	arch, variant, _ := strings.Cut(arch, "/")
	at := v1.Time{Time: g.Created.UTC()}
	config := &v1.ConfigFile{
		OS: os, Architecture: arch, Variant: variant, Created: at,
		RootFS: v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{}}, Config: v1.Config{Labels: graft.Labels},
	}
	m := &v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Layers: []v1.Descriptor{}}
	for _, l := range layers {
		m.Layers = append(m.Layers, l.Descriptor)
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, l.diffID)
		config.History = append(config.History, v1.History{Created: at, CreatedBy: snapshot.SealComment})
	}
	raw, err := json.Marshal(config)
	if err != nil {
		return err
	}
	d, n, err := v1.SHA256(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	m.Config = v1.Descriptor{MediaType: types.OCIConfigJSON, Digest: d, Size: n}
	p, manifest, err := newPart(m, config)
	g.parts[graft.Part], g.blobs[d], g.blobs[p.descriptor.Digest] = p, raw, manifest
	return err
}

// write writes the tar that the engine gets; layers writes those that it lacks.
func (g *grafting) write(w io.Writer, layers func(*tar.Writer) error) error {
	idx := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	var list []dockerManifest
	for _, graft := range g.Grafts {
		p := g.parts[graft.Part]
		d := p.descriptor
		d.Platform = &v1.Platform{OS: p.config.OS, Architecture: p.config.Architecture, Variant: p.config.Variant}
		d.Annotations = map[string]string{"io.containerd.image.name": "docker.io/" + graft.Name}
		idx.Manifests = append(idx.Manifests, d)
		m := dockerManifest{Config: blobName(p.manifest.Config.Digest), RepoTags: []string{graft.Name}}
		for _, l := range p.manifest.Layers {
			m.Layers = append(m.Layers, blobName(l.Digest))
		}
		list = append(list, m)
	}
	index, err := json.Marshal(idx)
	if err != nil {
		return err
	}
	manifests, err := json.Marshal(list)
	if err != nil {
		return err
	}
	files := []file{{layoutFile, []byte(layoutVersion)}, {indexFile, index}, {manifestFile, manifests}}
	for d, content := range g.blobs {
		files = append(files, file{blobName(d), content})
	}
	t := tar.NewWriter(w)
	for _, f := range files {
		if err := writeFile(t, f.name, int64(len(f.content)), g.Created, bytes.NewReader(f.content)); err != nil {
			return err
		}
	}
	if err := layers(t); err != nil {
		return err
	}
	return t.Close()
}

// inOrder returns the digests of the layers to send in the order in which the images have them.
func (g *grafting) inOrder() (list []v1.Hash) {
	for _, graft := range g.Grafts {
		for _, l := range g.parts[graft.Part].manifest.Layers {
			if _, ok := g.want[l.Digest]; ok && !slices.Contains(list, l.Digest) {
				list = append(list, l.Digest)
			}
		}
	}
	return list
}

func (g *grafting) total() (n int64) {
	for _, l := range g.want {
		n += l.Size
	}
	return n
}

func (g *grafting) tell(done int64) {
	if g.Tell != nil {
		g.Tell(done, g.total())
	}
}
