package bmo

import (
	"context"
	"fmt"

	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/registry"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// CopyOptions say what Copy copies.
type CopyOptions struct {
	// Key is the snapshot's name or key, or the beginning of that.
	Key string
	// TempDir is where what the engine sends is kept meanwhile; "" for the cache folder.
	TempDir string
	// Progress shows the work; nil shows nothing.
	Progress *progress.Printer
}

// Copy copies a snapshot to another engine, of whose layers only those move that no image there has: from this engine
// through this process to the other. No label that is about this machine or its user goes along. It is checked as Load
// checks an archive. Nothing changes on this engine.
func (c *Client) Copy(ctx context.Context, to *Client, o CopyOptions) (*TransferResult, error) {
	if _, err := c.Connect(ctx); err != nil {
		return nil, err
	}
	s, err := snapshot.Resolve(ctx, c.engine, o.Key)
	if err != nil {
		return nil, err
	}
	info, err := to.connectAndSweep(ctx)
	if err != nil {
		return nil, err
	}
	platform, err := c.platformOf(ctx, s)
	if err != nil {
		return nil, err
	}
	if platform != info.Platform() {
		return nil, fmt.Errorf("snapshot %s is for %s, and the engine at %s for %s", snapshot.Short(s.Key), platform, to.Host(), info.Platform())
	}
	if o.TempDir == "" {
		o.TempDir = c.tempDir()
	}
	step := "copy snapshot " + snapshot.Short(s.Key) + " to " + to.Host()
	return to.takeIn(ctx, *s, o.Progress, step, func(ctx context.Context, log *progress.Log) (Moved, error) {
		return registry.Copy(ctx, registry.CopyRequest{
			Snapshot: *s, From: c.engine, To: to.engine, Platform: info.Platform(), ByContent: info.ContainerdStore, Dir: o.TempDir,
			Tell: func(done, total int64) { log.SetBytes("copying layers", done, total) },
		})
	})
}
