package registry

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// part is one image of a snapshot in a registry.
type part struct {
	descriptor v1.Descriptor
	manifest   *v1.Manifest
	config     *v1.ConfigFile
}

// part reads an image's manifest and configuration. Both are checked against the digests that lead to them.
func (r *Repository) part(ctx context.Context, ref name.Reference) (p part, err error) {
	d, err := r.puller.Get(ctx, ref)
	if err != nil {
		return p, err
	}
	p.descriptor = v1.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}
	if !d.MediaType.IsImage() {
		return p, r.invalid(ref.Identifier(), fmt.Errorf("it is no image, but %s", d.MediaType))
	}
	img, err := d.Image()
	if err != nil {
		return p, err
	}
	if p.manifest, err = img.Manifest(); err != nil {
		return p, err
	}
	if p.config, err = img.ConfigFile(); err != nil {
		return p, err
	}
	return p, nil
}

// size is that of all layers as they are in the registry.
func (p part) size() (n int64) {
	for _, l := range p.manifest.Layers {
		n += l.Size
	}
	return n
}

// check returns an error if the image is not the one of that part of the snapshot, for that platform.
func (p part) check(s snapshot.Snapshot, name, platform string) error {
	want := s.Labels()
	want[label.Service] = name
	for _, l := range []string{label.Role, label.Key, label.Inputs, label.Stack, label.Services, label.Service, label.Created} {
		if got := p.config.Config.Labels[l]; got != want[l] {
			return fmt.Errorf("the image of %s has %s %q, not %q", name, l, got, want[l])
		}
	}
	for _, l := range []string{label.Owner, label.Start, label.URL} {
		if p.config.Config.Labels[l] != "" {
			return fmt.Errorf("the image of %s has the label %s, which never leaves an engine", name, l)
		}
	}
	if !p.config.Created.Time.Equal(s.Created) {
		return fmt.Errorf("the image of %s was made from the snapshot's", name)
	}
	if got := p.config.OS + "/" + p.config.Architecture; platform != "" && got != platform {
		return &PlatformError{Key: s.Key, Platform: got, Wanted: platform}
	}
	return nil
}

func (r *Repository) invalid(what string, why error) error {
	return &InvalidError{Repository: r.String(), What: what, Why: why.Error()}
}

// layer is the layer of the image that an engine calls by that beginning of a digest.
func (p part) layer(id string) (l v1.Descriptor, ok bool) {
	for i, l := range p.manifest.Layers {
		if strings.HasPrefix(l.Digest.Hex, id) || i < len(p.config.RootFS.DiffIDs) && strings.HasPrefix(p.config.RootFS.DiffIDs[i].Hex, id) {
			return l, true
		}
	}
	return l, false
}
