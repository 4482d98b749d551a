package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	bkclient "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/attestations/sbom"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// ImageSpec names an image of the engine to look into.
type ImageSpec struct {
	// Name is one of its names.
	Name, Platform string
	// Comment is what the history says of the layers that BuildKit has not built; see SealSpec.
	Comment string
}

// Files are those of an image. What is not there is an fs.ErrNotExist.
type Files interface {
	ReadFile(ctx context.Context, name string) ([]byte, error)
	// ReadDir returns the names of what is in a folder.
	ReadDir(ctx context.Context, name string) ([]string, error)
}

// Contents are what is in an image.
type Contents struct {
	Files
	// WorkingDir is that of the image's configuration.
	WorkingDir string
}

// solved are the files of what BuildKit has made, which it reads: there is no container.
type solved struct{ gateway.Reference }

// ReadFile is that of Files.
func (s solved) ReadFile(ctx context.Context, name string) ([]byte, error) {
	b, err := s.Reference.ReadFile(ctx, gateway.ReadRequest{Filename: name})
	return b, absent(err)
}

// ReadDir is that of Files.
func (s solved) ReadDir(ctx context.Context, name string) (names []string, err error) {
	list, err := s.Reference.ReadDir(ctx, gateway.ReadDirRequest{Path: name})
	for _, f := range list {
		names = append(names, path.Base(f.Path))
	}
	return names, absent(err)
}

// absent says of an error of BuildKit's that something is not there, if that is what it says.
func absent(err error) error {
	if err == nil {
		return nil
	}
	for _, words := range []string{"no such file or directory", "not a directory", "is a directory"} {
		if strings.Contains(err.Error(), words) {
			return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
	}
	return err
}

// ReadImage has do read the files of an image.
func (e *Engine) ReadImage(ctx context.Context, s ImageSpec, do func(context.Context, Contents) error) error {
	return e.withImage(ctx, s, func(ctx context.Context, im imageState) error {
		files, err := im.solve(ctx, im.State)
		if err != nil {
			return err
		}
		return do(ctx, Contents{files, im.config.Config.WorkingDir})
	})
}

// ScanImage runs a scanner of BuildKit's kind, an image such as docker/buildkit-syft-scanner, on an image, and returns the
// reports that it writes: statements whose subjects are not known to it.
func (e *Engine) ScanImage(ctx context.Context, s ImageSpec, scanner string) (reports [][]byte, err error) {
	err = e.withImage(ctx, s, func(ctx context.Context, im imageState) error {
		scan, err := sbom.CreateSBOMScanner(ctx, im.gw, scanner, im.local(), nil)
		if err != nil {
			return fmt.Errorf("scanner %s: %w", scanner, err)
		}
		found, err := scan(ctx, s.Name, im.State, nil)
		if err != nil {
			return fmt.Errorf("scanner %s: %w", scanner, err)
		}
		out, err := im.solve(ctx, *found.Ref)
		if err != nil {
			return fmt.Errorf("scanner %s: %w", scanner, err)
		}
		reports, err = reportsIn(ctx, out)
		return err
	})
	return reports, err
}

// reportsIn returns the files that a scanner has written.
func reportsIn(ctx context.Context, files Files) (reports [][]byte, err error) {
	names, err := files.ReadDir(ctx, "/")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if path.Ext(name) != ".json" {
			continue
		}
		text, err := files.ReadFile(ctx, "/"+name)
		if err != nil {
			return nil, err
		}
		reports = append(reports, text)
	}
	return reports, nil
}

// imageState is an image within a request to BuildKit.
type imageState struct {
	llb.State
	gw       gateway.Client
	platform ocispec.Platform
	config   ocispec.Image
}

// local is how images are looked up: those that the engine has are not asked for elsewhere.
func (im imageState) local() sourceresolver.Opt {
	return sourceresolver.Opt{
		ImageOpt: &sourceresolver.ResolveImageOpt{Platform: &im.platform, ResolveMode: llb.ResolveModePreferLocal.String()},
	}
}

// solve returns what BuildKit makes of a state.
func (im imageState) solve(ctx context.Context, st llb.State) (s solved, err error) {
	def, err := st.Marshal(ctx, llb.Platform(im.platform))
	if err != nil {
		return s, err
	}
	res, err := im.gw.Solve(ctx, gateway.SolveRequest{Definition: def.ToPB(), Evaluate: true})
	if err != nil {
		return s, err
	}
	s.Reference, err = res.SingleRef()
	return s, err
}

// withImage has do work on an image in BuildKit, and drops what that leaves in its cache.
func (e *Engine) withImage(ctx context.Context, s ImageSpec, do func(context.Context, imageState) error) error {
	p, err := platforms.Parse(s.Platform)
	if err != nil {
		return fmt.Errorf("platform %q: %w", s.Platform, err)
	}
	name, err := reference.ParseNormalizedNamed(s.Name)
	if err != nil {
		return err
	}
	bk, err := e.BuildKit(ctx)
	if err != nil {
		return err
	}
	defer bk.Close()
	known, err := e.recordsOf(ctx, bk)
	if err != nil {
		return err
	}
	built := 0
	err = quietly(ctx, bk, func(ctx context.Context, gw gateway.Client) error {
		im := imageState{llb.Image(name.String(), llb.ResolveModePreferLocal, llb.Platform(p)), gw, p, ocispec.Image{}}
		_, _, raw, err := gw.ResolveImageConfig(ctx, name.String(), im.local())
		if err != nil {
			return err
		}
		built = builtLayers(raw, s.Comment)
		if err := json.Unmarshal(raw, &im.config); err != nil {
			return fmt.Errorf("image configuration of %s: %w", s.Name, err)
		}
		return do(ctx, im)
	})
	if err != nil {
		err = fmt.Errorf("image %s: %w", s.Name, err)
	}
	return e.tidy(ctx, bk, known, built, err)
}

// quietly has BuildKit do something that has no result and is not shown.
func quietly(ctx context.Context, bk *bkclient.Client, do func(context.Context, gateway.Client) error) error {
	status := make(chan *bkclient.SolveStatus)
	eg, ctx := errgroup.WithContext(ctx)
	eg.Go(func() error {
		for range status { // the solve hangs unless the channel is drained
		}
		return nil
	})
	eg.Go(func() error {
		_, err := bk.Build(ctx, bkclient.SolveOpt{Internal: true}, "", func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
			return gateway.NewResult(), do(ctx, gw)
		}, status)
		return err
	})
	return eg.Wait()
}
