package bmo

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/registry"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// LoadOptions say what Load reads.
type LoadOptions struct {
	// Input is an archive that Save has written. It is read to its end, unless the engine has the snapshot already.
	Input io.Reader
	// File is what it is called in errors.
	File string
	// Progress shows the work; nil shows nothing.
	Progress *progress.Printer
}

// Load has the engine take in a snapshot from an archive. What the snapshot consists of is checked before the engine gets
// anything, each layer before the engine has all of them. With a file that is not what it is said to be the error is an
// *InvalidArchiveError, without the snapshot that it was saved on top of a *NoBaseError.
func (c *Client) Load(ctx context.Context, o LoadOptions) (*TransferResult, error) {
	info, err := c.connectAndSweep(ctx)
	if err != nil {
		return nil, err
	}
	a, err := registry.OpenArchive(&abortable{ctx: ctx, r: o.Input}, o.File, info.Platform())
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	defer a.Close()
	q := registry.LoadRequest{Engine: c.engine, ByContent: info.ContainerdStore}
	if q.Base, err = c.baseOf(ctx, a, o.File); err != nil {
		return nil, err
	}
	return c.takeIn(ctx, a.Snapshot, o.Progress, "load snapshot "+snapshot.Short(a.Key), func(ctx context.Context, log *progress.Log) (Moved, error) {
		q.Tell = func(done, total int64) { log.SetBytes("loading layers", done, total) }
		return a.Load(ctx, q)
	})
}

// baseOf returns the snapshot that has the layers which an archive lacks, or nil if nothing more is needed.
func (c *Client) baseOf(ctx context.Context, a *registry.Archive, file string) (*Snapshot, error) {
	if a.Base == "" {
		return nil, nil
	}
	base, err := snapshot.FindKey(ctx, c.engine, a.Base)
	if base != nil || err != nil {
		return base, err
	}
	if is, err := snapshot.FindKey(ctx, c.engine, a.Key); is != nil || err != nil {
		return nil, err
	}
	return nil, &NoBaseError{File: file, Base: a.Base}
}

// mover has an engine get the images of a snapshot.
type mover func(context.Context, *progress.Log) (Moved, error)

// takeIn has the engine get a snapshot by do, a step with that name, unless it has it already. While another process of
// this engine makes the snapshot or gets it, it waits.
func (c *Client) takeIn(ctx context.Context, want snapshot.Snapshot, p *progress.Printer, step string, do mover) (*TransferResult, error) {
	for {
		s, err := snapshot.FindKey(ctx, c.engine, want.Key)
		if err != nil || s != nil {
			return &TransferResult{Snapshot: s, Found: true}, err
		}
		result, err := c.takeInAlone(ctx, want, p, step, do)
		if !errors.Is(err, bootstrap.ErrBusy) {
			return result, err
		}
		waiting := &pipeline{client: c, engine: c.engine, options: BuildOptions{Progress: p}, want: want}
		if err := waiting.await(ctx); err != nil {
			return nil, err
		}
	}
}

// takeInAlone has the engine get a snapshot that it lacks; it returns bootstrap.ErrBusy when another process makes that.
func (c *Client) takeInAlone(ctx context.Context, want snapshot.Snapshot, p *progress.Printer, step string, do mover) (*TransferResult, error) {
	result := &TransferResult{}
	err := c.alone(ctx, want, func() error {
		return p.Step(ctx, step, func(ctx context.Context, log *progress.Log) (err error) {
			if result.Moved, err = do(ctx, log); err != nil {
				return err
			}
			result.Snapshot, err = snapshot.FindKey(ctx, c.engine, want.Key)
			if err == nil && result.Snapshot == nil {
				err = fmt.Errorf("snapshot %s has come, and is not whole on the engine", snapshot.Short(want.Key))
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// abortable is a reader, such as a pipe from another program, whose wait for more ends with a context.
type abortable struct {
	ctx context.Context
	r   io.Reader
	buf []byte
}

func (a *abortable) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	if a.buf == nil {
		a.buf = make([]byte, 1<<20)
	}
	if a.ctx.Err() != nil { // a read that was left behind has the buffer
		return 0, context.Cause(a.ctx)
	}
	done := make(chan result, 1)
	go func() {
		n, err := a.r.Read(a.buf[:min(len(p), len(a.buf))])
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return copy(p, a.buf[:r.n]), r.err
	case <-a.ctx.Done():
		return 0, context.Cause(a.ctx)
	}
}
