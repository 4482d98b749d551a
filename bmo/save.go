package bmo

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/private"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/registry"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

type (
	// InvalidArchiveError says that a file is not the archive of a snapshot, or not a whole one.
	InvalidArchiveError = registry.ArchiveError
	// NoBaseError says that the engine lacks the snapshot that an archive was saved on top of.
	NoBaseError = registry.BaseError
)

// SaveOptions say what Save writes where.
type SaveOptions struct {
	// Key is the snapshot's name or key, or the beginning of that.
	Key string
	// Base is the same of a snapshot whose layers are left out, as the engine that the archive is for has it; "" for none.
	Base string
	// Output gets the archive.
	Output io.Writer
	// TempDir is where what the engine sends is kept meanwhile; "" for the cache folder.
	TempDir string
	// Progress shows the work; nil shows nothing.
	Progress *progress.Printer
}

// SaveResult is what Save returns.
type SaveResult struct {
	Snapshot *Snapshot
	// Size is the archive's, in bytes.
	Size int64
	// Moved says how much of the snapshot's layers is in it.
	Moved
}

// Save writes an archive of a snapshot: an OCI image layout in a tar that is compressed by zstd. No label that is about this
// machine or its user is in it. What has been written when it fails is of no use. Nothing changes on
// the engine.
func (c *Client) Save(ctx context.Context, o SaveOptions) (*SaveResult, error) {
	if _, err := c.Connect(ctx); err != nil {
		return nil, err
	}
	s, err := snapshot.Resolve(ctx, c.engine, o.Key)
	if err != nil {
		return nil, err
	}
	var base *Snapshot
	if o.Base != "" {
		if base, err = snapshot.Resolve(ctx, c.engine, o.Base); err != nil {
			return nil, err
		}
		if base.Key == s.Key {
			return nil, hint.Wrap(fmt.Errorf("snapshot %s is its own base", snapshot.Short(s.Key)), "name the snapshot that the other engine has with --base")
		}
	}
	if o.TempDir == "" {
		o.TempDir = c.tempDir()
	}
	platform, err := c.platformOf(ctx, s)
	if err != nil {
		return nil, err
	}
	result := &SaveResult{Snapshot: s}
	err = o.Progress.Step(ctx, "save snapshot "+snapshot.Short(s.Key), func(ctx context.Context, log *progress.Log) (err error) {
		result.Size, result.Moved, err = registry.Save(ctx, registry.SaveRequest{
			Engine: c.engine, Platform: platform, Snapshot: *s, Base: base, Dir: o.TempDir,
			Tell: func(done, total int64) { log.SetBytes("reading layers", done, total) },
		}, o.Output)
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// tempDir is where large files may be for a while.
func (c *Client) tempDir() string {
	if c.cacheDir == "" || private.Dir(c.cacheDir) != nil {
		return os.TempDir()
	}
	return c.cacheDir
}
