package engine

import (
	"context"
	"encoding/json"
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

// SealSpec describes an image that Seal makes.
type SealSpec struct {
	// Layers names the image whose layers are used.
	Layers string
	// Config names the image whose configuration is used; it differs from Layers when those were committed.
	Config string
	// Name is the tag of the sealed image.
	Name string
	// Labels are set; labels of Config that begin with DropPrefix are removed.
	Labels     map[string]string
	DropPrefix string
	// Comment goes into the image's history, as the command that made the last layer.
	Comment string
	// Created is the image's creation time.
	Created time.Time
}

// Seal makes images, each of the layers of one image and the configuration of another, without copying anything:
// BuildKit exports the existing layers with a configuration that we supply. No environment, command or label that a
// container was given gets into the result, and declared volumes are dropped, since the data is in the layers. It
// returns the identifiers of the images, including those that were made before an error.
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
	defer func() { err = Lost(err) }() // BuildKit's client has words of its own for that
	known, err := e.recordsOf(ctx, bk)
	if err != nil {
		return nil, err
	}
	for _, s := range specs {
		made, err := ask(ctx, e.limits, e.limits.labour(), "seal an image", func(ctx context.Context) (sealed, error) {
			return sealOne(ctx, bk, p, s)
		})
		if err != nil {
			if err = fmt.Errorf("seal %s: %w", s.Name, err); IsNoImage(err) {
				err = &RemovedError{err}
			}
		} else {
			ids = append(ids, made.id)
		}
		if err := e.tidy(ctx, bk, known, made.built, err); err != nil {
			return ids, err
		}
	}
	return ids, nil
}

// sealed is an image that was sealed, and how many of its layers BuildKit has built, which is known also of one that has failed.
type sealed struct {
	id    string
	built int
}

func sealOne(ctx context.Context, bk *bkclient.Client, p ocispec.Platform, s SealSpec) (made sealed, err error) {
	status := make(chan *bkclient.SolveStatus)
	eg, ctx := errgroup.WithContext(ctx)
	eg.Go(func() error {
		for range status { // the solve hangs unless the channel is drained
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
			var res *gateway.Result
			res, made.built, err = seal(ctx, gw, p, s)
			return res, err
		}, status)
		return err
	})
	if err := eg.Wait(); err != nil {
		return made, err
	}
	made.id = resp.ExporterResponse[exptypes.ExporterImageConfigDigestKey]
	return made, nil
}

func seal(ctx context.Context, gw gateway.Client, p ocispec.Platform, s SealSpec) (res *gateway.Result, built int, err error) {
	name, err := reference.ParseNormalizedNamed(s.Config)
	if err != nil {
		return nil, 0, err
	}
	_, _, raw, err := gw.ResolveImageConfig(ctx, name.String(), sourceresolver.Opt{
		ImageOpt: &sourceresolver.ResolveImageOpt{Platform: &p, ResolveMode: llb.ResolveModePreferLocal.String()},
	})
	if err != nil {
		return nil, 0, err
	}
	config, err := sealedConfig(raw, s)
	if err != nil {
		return nil, 0, err
	}
	def, err := llb.Image(s.Layers, llb.ResolveModePreferLocal, llb.Platform(p)).Marshal(ctx, llb.Platform(p))
	if err != nil {
		return nil, 0, err
	}
	res, err = gw.Solve(ctx, gateway.SolveRequest{Definition: def.ToPB()})
	if err != nil {
		return nil, 0, err
	}
	res.AddMeta(exptypes.ExporterImageConfigKey, config)
	return res, builtLayers(raw, s.Comment), nil
}

// sealedConfig rewrites an image's configuration. It works on the JSON itself, so that fields it does not know survive.
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
