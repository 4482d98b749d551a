package engine

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
)

// Requests that move whole images and folders.

// flow makes a request that moves as much as there is, in one direction or the other, for as long as it takes: what has a
// limit, that of work, is each wait for the engine. What the engine waits for, a disk of ours or who reads, is not counted.
func flow(ctx context.Context, l *limits, what string, request func(ctx context.Context, f *flowing) (io.ReadCloser, error)) (io.ReadCloser, error) {
	k := l.labour()
	limited, cancel := context.WithCancel(ctx)
	f := &flowing{idle: time.AfterFunc(k.limit, cancel), limit: k.limit, cancel: cancel}
	f.explain = func(err error) error { return l.explain(ctx, limited, k, what, err) }
	defer l.saySlow(k.say, what)()
	var err error
	f.ReadCloser, err = request(limited, f)
	f.idle.Stop()
	if err != nil {
		err = f.explain(err)
		cancel()
		return nil, err
	}
	return f, nil
}

// flowing is the answer to a request by flow.
type flowing struct {
	io.ReadCloser
	idle    *time.Timer // runs while the engine is waited for
	limit   time.Duration
	cancel  context.CancelFunc
	explain func(error) error
}

func (f *flowing) Read(p []byte) (int, error) {
	f.idle.Reset(f.limit)
	n, err := f.ReadCloser.Read(p)
	f.idle.Stop()
	var silent *SilentError
	if err != nil && !errors.Is(err, io.EOF) && errors.As(f.explain(err), &silent) {
		err = silent
	}
	return n, err
}

func (f *flowing) Close() error {
	defer f.cancel()
	f.idle.Stop()
	return f.ReadCloser.Close()
}

// sent is a body that goes to the engine.
type sent struct {
	io.Reader
	flow *flowing
}

func (s sent) Read(p []byte) (int, error) {
	s.flow.idle.Stop()
	defer s.flow.idle.Reset(s.flow.limit)
	return s.Reader.Read(p)
}

func (a limited) CopyFromContainer(ctx context.Context, id, path string) (io.ReadCloser, container.PathStat, error) {
	var stat container.PathStat
	r, err := flow(ctx, a.limits, "copy files from a container", func(ctx context.Context, _ *flowing) (r io.ReadCloser, err error) {
		r, stat, err = a.APIClient.CopyFromContainer(ctx, id, path)
		return r, err
	})
	return r, stat, err
}

func (a limited) ImageSave(ctx context.Context, refs []string, o ...client.ImageSaveOption) (io.ReadCloser, error) {
	return flow(ctx, a.limits, "save images", func(ctx context.Context, _ *flowing) (io.ReadCloser, error) {
		return a.APIClient.ImageSave(ctx, refs, o...)
	})
}

func (a limited) ImageImport(ctx context.Context, from image.ImportSource, ref string, o image.ImportOptions) (io.ReadCloser, error) {
	return flow(ctx, a.limits, "import image "+ref, func(ctx context.Context, f *flowing) (io.ReadCloser, error) {
		if from.Source != nil {
			from.Source = sent{from.Source, f}
		}
		return a.APIClient.ImageImport(ctx, from, ref, o)
	})
}

func (a limited) ImageLoad(ctx context.Context, tar io.Reader, o ...client.ImageLoadOption) (image.LoadResponse, error) {
	var said image.LoadResponse
	body, err := flow(ctx, a.limits, "load images", func(ctx context.Context, f *flowing) (io.ReadCloser, error) {
		var err error
		said, err = a.APIClient.ImageLoad(ctx, sent{tar, f}, o...)
		return said.Body, err
	})
	return image.LoadResponse{Body: body, JSON: said.JSON}, err
}

func (a limited) ImagePush(ctx context.Context, ref string, o image.PushOptions) (io.ReadCloser, error) {
	return flow(ctx, a.limits, "push "+ref, func(ctx context.Context, _ *flowing) (io.ReadCloser, error) {
		return a.APIClient.ImagePush(ctx, ref, o)
	})
}

func (a limited) ImagePull(ctx context.Context, ref string, o image.PullOptions) (io.ReadCloser, error) {
	return flow(ctx, a.limits, "pull "+ref, func(ctx context.Context, _ *flowing) (io.ReadCloser, error) {
		return a.APIClient.ImagePull(ctx, ref, o)
	})
}
