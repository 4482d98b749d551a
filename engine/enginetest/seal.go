package enginetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/docker-bmo/docker-bmo/engine"
)

// Seal does to the fake's images what engine.Seal has BuildKit do. Requests for it are noted and can be made to fail
// as POST /seal.
func (f *Fake) Seal(ctx context.Context, _ string, specs ...engine.SealSpec) (ids []string, err error) {
	for _, s := range specs {
		if err := f.sealing(ctx); err != nil {
			return ids, fmt.Errorf("seal %s: %w", s.Name, err)
		}
		id, err := f.sealOne(s)
		if err != nil {
			return ids, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// sealing runs the hooks of a request that never goes over the wire.
func (f *Fake) sealing(ctx context.Context) error {
	r := sealRequest.WithContext(ctx)
	before, _, fail := f.note(r)
	for _, fn := range before {
		fn(r)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if fail != nil {
		return fail
	}
	return nil
}

func (f *Fake) sealOne(s engine.SealSpec) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	layers, config := f.findImage(s.Layers), f.findImage(s.Config)
	if layers == nil || config == nil {
		return "", notFound("image", s.Layers+" or "+s.Config)
	}
	labels := maps.Clone(config.Labels)
	maps.DeleteFunc(labels, func(k, _ string) bool { return strings.HasPrefix(k, s.DropPrefix) })
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, s.Labels)
	return f.addImage(Image{
		Tags: []string{s.Name}, Labels: labels, Env: config.Env, Command: config.Command,
		Layers: slices.Clone(layers.Layers), Created: s.Created, Files: layers.Files, Arch: config.Arch,
	}, ""), nil
}

// imageConfig is an image's configuration in the words of OCI.
func imageConfig(i Image) ocispec.ImageConfig {
	c := ocispec.ImageConfig{Labels: i.Labels, Env: i.Env, Cmd: i.Command}
	for _, v := range i.Volumes {
		if c.Volumes == nil {
			c.Volumes = map[string]struct{}{}
		}
		c.Volumes[v] = struct{}{}
	}
	return c
}
