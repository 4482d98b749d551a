package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// SaveImages returns the images with those names or identifiers as a tar, as docker save has it. The caller closes it.
func (e *Engine) SaveImages(ctx context.Context, refs ...string) (io.ReadCloser, error) {
	r, err := e.api.ImageSave(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("save images: %w", roomy(Plain(err)))
	}
	return saved{r}, nil
}

// saved is a tar that the engine sends. Its end may come too early.
type saved struct{ io.ReadCloser }

func (s saved) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = cut(err)
	}
	return n, err
}

// LoadImages has the engine take in the images of a tar, as docker load does. When the tar ends by an error, the engine has
// no image of it, or has some of them.
func (e *Engine) LoadImages(ctx context.Context, tar io.Reader) error {
	r, err := e.api.ImageLoad(ctx, tar, client.ImageLoadWithQuiet(true))
	if err == nil {
		err = messages(r.Body, unpacked)
	}
	if err != nil {
		return fmt.Errorf("load images: %w", roomy(Plain(err)))
	}
	return nil
}

// unpacked returns an error for a message that says that an image cannot be started. To engines with the containerd store
// that is no failure of the load.
func unpacked(m jsonmessage.JSONMessage) error {
	if text, ok := strings.CutPrefix(m.Stream, "Error unpacking image "); ok {
		return errors.New("unpack " + strings.TrimSpace(text))
	}
	return nil
}

// ImageLayers returns the digests of an image's layers as they are when uncompressed, the lowest first.
func (e *Engine) ImageLayers(ctx context.Context, ref string) ([]string, error) {
	s, err := e.api.ImageInspect(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("inspect image %s: %w", ref, Plain(err))
	}
	return s.RootFS.Layers, nil
}

// roomy adds to an error what to do when the engine's disk is full.
func roomy(err error) error {
	if IsNoSpace(err) {
		return hint.Wrap(err, SpaceHint)
	}
	return err
}
