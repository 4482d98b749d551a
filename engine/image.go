package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	digest "github.com/opencontainers/go-digest"
)

// Image is one image of the engine's store.
type Image struct {
	ID      string
	Tags    []string
	Labels  map[string]string
	Created time.Time
	// Size is the size of all layers in bytes, including those shared with other images.
	Size int64
	// Health is the test of the image's own health check: CMD and words, CMD-SHELL and a line, or NONE; nil without one.
	// HealthTimeout is how long one run of it may take, 0 when the image does not say.
	Health        []string
	HealthTimeout time.Duration
	// Shell is what runs command lines; nil for the usual /bin/sh -c.
	Shell []string
	// Layers are the digests of the layers, Identity is a digest of all that a container gets from the image: these and
	// the configuration without labels, and Platform is OS/ARCH. A listing has none of them.
	Layers             []string
	Identity, Platform string
}

// Images lists the images that have all of the labels, each "key" or "key=value".
func (e *Engine) Images(ctx context.Context, labels ...string) ([]Image, error) {
	list, err := lookAgain(ctx, func() ([]image.Summary, error) {
		return e.api.ImageList(ctx, image.ListOptions{All: true, Filters: labelFilter(labels)})
	})
	if err != nil {
		return nil, fmt.Errorf("list images: %w", Plain(err))
	}
	images := make([]Image, len(list))
	for i, s := range list {
		images[i] = Image{ID: s.ID, Tags: s.RepoTags, Labels: s.Labels, Created: time.Unix(s.Created, 0).UTC(), Size: s.Size}
	}
	return images, nil
}

// Image returns the image with that name or identifier.
func (e *Engine) Image(ctx context.Context, ref string) (Image, error) {
	s, err := e.api.ImageInspect(ctx, ref)
	if err != nil {
		return Image{}, fmt.Errorf("inspect image %s: %w", ref, Plain(err))
	}
	created, _ := time.Parse(time.RFC3339Nano, s.Created)
	img := Image{ID: s.ID, Tags: s.RepoTags, Created: created.UTC(), Size: s.Size, Layers: s.RootFS.Layers, Platform: s.Os + "/" + s.Architecture}
	if img.Identity, err = identity(s); err != nil {
		return Image{}, fmt.Errorf("inspect image %s: %w", ref, err)
	}
	if s.Config != nil {
		img.Labels, img.Shell = s.Config.Labels, s.Config.Shell
		if h := s.Config.Healthcheck; h != nil {
			img.Health, img.HealthTimeout = h.Test, h.Timeout
		}
	}
	return img, nil
}

// identity returns Image.Identity.
func identity(s image.InspectResponse) (string, error) {
	of := struct {
		Layers []string
		Config *dockerspec.DockerOCIImageConfig
	}{Layers: s.RootFS.Layers}
	if s.Config != nil {
		config := *s.Config
		config.Labels = nil
		of.Config = &config
	}
	b, err := json.Marshal(of)
	return digest.FromBytes(b).String(), err
}

// TagImage gives an image another name.
func (e *Engine) TagImage(ctx context.Context, id, ref string) error {
	if err := e.api.ImageTag(ctx, id, ref); err != nil {
		return fmt.Errorf("tag image %s: %w", ref, Plain(err))
	}
	return nil
}

// RemoveImage untags ref and, if that was its last name, deletes the image. It reports what it did in docker's terms.
func (e *Engine) RemoveImage(ctx context.Context, ref string) (untagged, deleted []string, err error) {
	done, err := e.api.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
	if err != nil {
		return nil, nil, fmt.Errorf("remove image %s: %w", ref, Plain(err))
	}
	for _, d := range done {
		if d.Untagged != "" {
			untagged = append(untagged, d.Untagged)
		}
		if d.Deleted != "" {
			deleted = append(deleted, d.Deleted)
		}
	}
	return untagged, deleted, nil
}

// LayersSize returns the disk space that all images together take on the engine, in bytes, each layer counted once.
func (e *Engine) LayersSize(ctx context.Context) (int64, error) {
	du, err := lookAgain(ctx, func() (types.DiskUsage, error) {
		return e.api.DiskUsage(ctx, types.DiskUsageOptions{Types: []types.DiskUsageObject{types.ImageObject}})
	})
	if err != nil {
		return 0, fmt.Errorf("ask for disk usage: %w", Plain(err))
	}
	return du.LayersSize, nil
}

func labelFilter(labels []string) filters.Args {
	f := filters.NewArgs()
	for _, l := range labels {
		f.Add("label", l)
	}
	return f
}
