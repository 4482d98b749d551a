package bmo

import (
	"context"
	"errors"
	"time"

	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/prune"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// PlanPrune returns the snapshots and checkpoints that the policy gives up and nothing runs from, newest first, and removes nothing. The
// policy's ages count back from now.
func (c *Client) PlanPrune(ctx context.Context, p Policy, now time.Time) ([]Snapshot, error) {
	if _, err := c.Connect(ctx); err != nil {
		return nil, err
	}
	list, err := snapshot.All(ctx, c.engine)
	if err != nil {
		return nil, err
	}
	inUse, err := prune.InUse(ctx, c.engine)
	if err != nil {
		return nil, err
	}
	return prune.Plan(list, inUse, p, c.engine.Then(now)), nil
}

// Leftovers returns what Sweep would remove, by name, and removes nothing.
func (c *Client) Leftovers(ctx context.Context) (Report, error) {
	if _, err := c.Connect(ctx); err != nil {
		return Report{}, err
	}
	return prune.LeftOvers(ctx, c.engine, c.view())
}

// PruneReport is what Prune removed.
type PruneReport struct {
	Report
	// Reclaimed is the space that came free, in bytes; -1 when the engine did not say.
	Reclaimed int64
	// Records are the names of instances and snapshots of which PruneRecords has removed records.
	Records []string
}

// RecordPolicy says which records PruneRecords removes. Those of instances that are there stay in any case.
type RecordPolicy struct {
	// OlderThan removes records of which the last entry is as old; 0 for a month.
	OlderThan time.Duration
	// All removes every record, Stack only those of that stack, if it is not empty. DryRun removes nothing.
	All, DryRun bool
	Stack       string
}

// PruneRecords removes records of what is gone, and returns the names of the instances and snapshots that they are about.
func (c *Client) PruneRecords(ctx context.Context, p RecordPolicy) ([]string, error) {
	if _, err := c.Connect(ctx); err != nil {
		return nil, err
	}
	l := journal.Usual
	l.All, l.DryRun, l.Stack = p.All, p.DryRun, p.Stack
	if p.OlderThan > 0 {
		l.Age = p.OlderThan
	}
	removed, err := c.keeper.Prune(ctx, l)
	names := make([]string, len(removed))
	for n, i := range removed {
		names[n] = recordName(i)
	}
	return names, err
}

// Prune removes snapshots, as PlanPrune returns them, and what commands that have ended left behind. It goes on after
// what it cannot remove, so the report is of use also with an error.
func (c *Client) Prune(ctx context.Context, plan []Snapshot) (PruneReport, error) {
	r := PruneReport{Reclaimed: -1}
	if _, err := c.Connect(ctx); err != nil {
		return r, err
	}
	before, err := c.engine.LayersSize(ctx)
	if err != nil {
		return r, err
	}
	swept, sweepErr := c.Sweep(ctx)
	removed, removeErr := prune.Remove(ctx, c.engine, plan)
	r.Merge(swept)
	r.Merge(removed)
	after, err := c.engine.LayersSize(ctx)
	if err == nil {
		r.Reclaimed = max(before-after, 0)
	}
	return r, errors.Join(sweepErr, removeErr, err)
}
