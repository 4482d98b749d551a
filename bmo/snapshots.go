package bmo

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/prune"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Snapshots returns the snapshots that pass the filter, newest first.
func (c *Client) Snapshots(ctx context.Context, f SnapshotFilter) ([]Snapshot, error) {
	if _, err := c.Connect(ctx); err != nil {
		return nil, err
	}
	find := snapshot.List
	if f.Checkpoints {
		find = snapshot.All
	}
	list, err := find(ctx, c.engine)
	if err != nil {
		return nil, err
	}
	passed := list[:0]
	for _, s := range list {
		if s.Complete() && f.Match(s) {
			passed = append(passed, s)
		}
	}
	return passed, nil
}

// Snapshot returns the snapshot of that name, else the one, or the checkpoint, whose key begins with it.
func (c *Client) Snapshot(ctx context.Context, prefix string) (*Snapshot, error) {
	if _, err := c.Connect(ctx); err != nil {
		return nil, err
	}
	return snapshot.ResolveAny(ctx, c.engine, prefix)
}

// RemoveSnapshots removes the snapshots, or checkpoints, of those names, or whose keys begin with them, and calls removed with the key of each that
// is gone. It goes on after one that cannot be removed, since something runs from it or there is none, and returns those
// errors together.
func (c *Client) RemoveSnapshots(ctx context.Context, prefixes []string, removed func(key string)) error {
	if _, err := c.connectAndSweep(ctx); err != nil {
		return err
	}
	inUse, err := prune.InUse(ctx, c.engine)
	if err != nil {
		return err
	}
	var errs []error
	for _, prefix := range prefixes {
		s, err := snapshot.ResolveAny(ctx, c.engine, prefix)
		if err == nil && inUse.Has(*s) {
			err = hint.Wrap(fmt.Errorf("snapshot %s is in use", snapshot.Short(s.Key)),
				"`docker bmo ps` lists instances, `docker bmo stop` removes them; `docker ps -a` lists all containers")
		}
		if err == nil {
			_, err = prune.Remove(ctx, c.engine, []snapshot.Snapshot{*s})
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		removed(s.Key)
	}
	return errors.Join(errs...)
}
