package registry

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// author is what the configuration of our signatures has, by which those are told apart from others that were left behind.
const author = "docker bmo"

// maxSignatures is how many signatures of one thing are looked at.
const maxSignatures = 64

// attachedTag returns the tag of what is said of a digest.
func attachedTag(digest v1.Hash, suffix string) string {
	return digest.Algorithm + "-" + digest.Hex + suffix
}

// addition is something to say of a digest, and what reports whether something that is said already is the same.
type addition struct {
	mutate.Addendum
	same func(saying) bool
}

// attach adds to what is said of a digest, but for what is there already.
func (r *Repository) attach(ctx context.Context, digest v1.Hash, suffix string, adds ...addition) error {
	if len(adds) == 0 {
		return nil
	}
	said, err := r.said(ctx, digest, suffix)
	if err != nil {
		return err
	}
	base := said.image
	if base == nil {
		base = mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
		config, err := base.ConfigFile()
		if err != nil {
			return err
		}
		config = config.DeepCopy()
		config.Author, config.Created = author, v1.Time{Time: time.Now().UTC().Truncate(time.Second)}
		if base, err = mutate.ConfigFile(base, config); err != nil {
			return err
		}
	}
	var missing []mutate.Addendum
	for _, a := range adds {
		if !slices.ContainsFunc(said.list, a.same) {
			missing = append(missing, a.Addendum)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	img, err := mutate.Append(base, missing...)
	if err != nil {
		return err
	}
	return r.upload(ctx, r.repo.Tag(attachedTag(digest, suffix)), img)
}

// upload puts something small with its layers into the repository. A pusher remembers what has failed, so each try has one
// of its own.
func (r *Repository) upload(ctx context.Context, ref name.Reference, img v1.Image) error {
	return again(ctx, func() error {
		pusher, err := remote.NewPusher(r.options...)
		if err != nil {
			return err
		}
		return pusher.Push(ctx, ref, img)
	})
}

// saying is one signature or one signed statement.
type saying struct {
	text        []byte
	annotations map[string]string
}

// sayings are those about one digest; without any, image is nil.
type sayings struct {
	image v1.Image
	list  []saying
}

// said reads what is said of a digest. It all is checked against the digests that lead to it.
func (r *Repository) said(ctx context.Context, digest v1.Hash, suffix string) (s sayings, err error) {
	tag := attachedTag(digest, suffix)
	d, err := r.puller.Get(ctx, r.repo.Tag(tag))
	if missing(err) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if s.image, err = d.Image(); err != nil {
		return s, r.invalid(tag, err)
	}
	manifest, err := s.image.Manifest()
	if err != nil {
		return s, r.invalid(tag, err)
	}
	if len(manifest.Layers) > maxSignatures {
		return s, r.invalid(tag, fmt.Errorf("it has %d signatures, and %d are looked at", len(manifest.Layers), maxSignatures))
	}
	for _, l := range manifest.Layers {
		text, err := r.blob(ctx, l)
		if err != nil {
			return s, err
		}
		s.list = append(s.list, saying{text, l.Annotations})
	}
	return s, nil
}

// blob reads something small. What is damaged is no trouble of the registry's that may pass.
func (r *Repository) blob(ctx context.Context, d v1.Descriptor) ([]byte, error) {
	if d.Size > bodyLimit {
		return nil, r.invalid(d.Digest.String(), fmt.Errorf("it is larger than %d bytes", bodyLimit))
	}
	layer, err := r.puller.Layer(ctx, r.repo.Digest(d.Digest.String()))
	if err != nil {
		return nil, err
	}
	body, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, d.Size+1))
	if err != nil {
		return nil, r.invalid(d.Digest.String(), err)
	}
	return text, nil
}
