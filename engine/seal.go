package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	bkclient "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// SealSpec says how Seal makes an image.
type SealSpec struct {
	// Layers names the image whose layers are taken.
	Layers string
	// Config names the image whose configuration is taken; it differs from Layers when those were committed.
	Config string
	// Name is the tag that the sealed image gets.
	Name string
	// Labels are set; labels of Config that begin with DropPrefix are not.
	Labels     map[string]string
	DropPrefix string
	// Comment goes into the image's history, as what made the last layer.
	Comment string
	// Created is the image's creation time.
	Created time.Time
}

// Seal makes images of one image's layers and another's configuration each, without copying anything: BuildKit exports
// the layers that are there already under a configuration of ours. No environment, command or label that a container
// was given gets into the result, and declared volumes are dropped, since the data is in the layers. It returns the
// images' identifiers, also of those that were made before an error.
func (e *Engine) Seal(ctx context.Context, platform string, specs ...SealSpec) (ids []string, err error) {
	p, err := platforms.Parse(platform)
	if err != nil {
		return nil, fmt.Errorf("platform %q: %w", platform, err)
	}
	bk, err := e.BuildKit(ctx)
	if err != nil {
		return nil, err
	}
	defer bk.Close()
	forget, err := localImages(ctx, bk)
	if err != nil {
		return nil, err
	}
	for _, s := range specs {
		id, err := sealOne(ctx, bk, p, s)
		if err != nil {
			return ids, errors.Join(fmt.Errorf("seal %s: %w", s.Name, err), forget())
		}
		ids = append(ids, id)
	}
	return ids, forget()
}

// localImages notes which records of images in the engine's own store BuildKit's cache has. The function that it
// returns drops those that have come since: each pins the layers of an image that was sealed, even when all images
// with them are long gone, and costs nothing to make again.
func localImages(ctx context.Context, bk *bkclient.Client) (forget func() error, err error) {
	// Moby describes the records as "from local REF" (builder-next/adapters/containerimage/pull.go).
	filter := bkclient.WithFilter([]string{`description~="^from local"`})
	old, err := bk.DiskUsage(ctx, filter)
	if err != nil {
		return nil, fmt.Errorf("list BuildKit's cache: %w", err)
	}
	known := map[string]bool{}
	for _, r := range old {
		known[r.ID] = true
	}
	return func() error {
		records, err := bk.DiskUsage(ctx, filter)
		if err != nil {
			return fmt.Errorf("list BuildKit's cache: %w", err)
		}
		var ids []string
		for _, r := range records {
			if !known[r.ID] {
				ids = append(ids, "id=="+r.ID)
			}
		}
		if len(ids) == 0 {
			return nil
		}
		return bk.Prune(ctx, nil, bkclient.PruneAll, bkclient.WithFilter(ids))
	}, nil
}

func sealOne(ctx context.Context, bk *bkclient.Client, p ocispec.Platform, s SealSpec) (imageID string, err error) {
	status := make(chan *bkclient.SolveStatus)
	eg, ctx := errgroup.WithContext(ctx)
	eg.Go(func() error {
		for range status { // the solve hangs unless somebody reads
		}
		return nil
	})
	var resp *bkclient.SolveResponse
	eg.Go(func() error {
		var err error
		resp, err = bk.Build(ctx, bkclient.SolveOpt{
			Exports:  []bkclient.ExportEntry{{Type: "moby", Attrs: map[string]string{"name": s.Name}}},
			Internal: true,
		}, "", func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
			return seal(ctx, gw, p, s)
		}, status)
		return err
	})
	if err := eg.Wait(); err != nil {
		return "", err
	}
	return resp.ExporterResponse[exptypes.ExporterImageConfigDigestKey], nil
}

func seal(ctx context.Context, gw gateway.Client, p ocispec.Platform, s SealSpec) (*gateway.Result, error) {
	name, err := reference.ParseNormalizedNamed(s.Config)
	if err != nil {
		return nil, err
	}
	_, _, raw, err := gw.ResolveImageConfig(ctx, name.String(), sourceresolver.Opt{
		ImageOpt: &sourceresolver.ResolveImageOpt{Platform: &p, ResolveMode: llb.ResolveModePreferLocal.String()},
	})
	if err != nil {
		return nil, err
	}
	config, err := sealedConfig(raw, s)
	if err != nil {
		return nil, err
	}
	def, err := llb.Image(s.Layers, llb.ResolveModePreferLocal, llb.Platform(p)).Marshal(ctx, llb.Platform(p))
	if err != nil {
		return nil, err
	}
	res, err := gw.Solve(ctx, gateway.SolveRequest{Definition: def.ToPB()})
	if err != nil {
		return nil, err
	}
	res.AddMeta(exptypes.ExporterImageConfigKey, config)
	return res, nil
}

// sealedConfig rewrites an image's configuration. It works on the JSON itself, so that what it does not know survives.
func sealedConfig(raw []byte, s SealSpec) ([]byte, error) {
	img := map[string]any{}
	if err := json.Unmarshal(raw, &img); err != nil {
		return nil, fmt.Errorf("image configuration of %s: %w", s.Config, err)
	}
	cfg, _ := img["config"].(map[string]any)
	if cfg == nil {
		cfg = map[string]any{}
		img["config"] = cfg
	}
	delete(cfg, "Volumes")
	labels := map[string]any{}
	if old, ok := cfg["Labels"].(map[string]any); ok {
		for k, v := range old {
			if !strings.HasPrefix(k, s.DropPrefix) {
				labels[k] = v
			}
		}
	}
	for k, v := range s.Labels {
		labels[k] = v
	}
	cfg["Labels"] = labels
	created := s.Created.UTC().Format(time.RFC3339Nano)
	img["created"] = created
	if s.Layers != s.Config {
		history, _ := img["history"].([]any)
		img["history"] = append(history, map[string]any{"created": created, "created_by": s.Comment})
	}
	return json.Marshal(img)
}
