package bmo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Pool is a number of instances of one application that wait, paused, for runs that take them.
type Pool struct {
	// ID is the pool's identifier. It stays the same when the application changes.
	ID, Stack, Flavor string
	// Key is that of the snapshot that the newest of its instances was started from; empty without any.
	Key string
	// Size is how many instances are to wait.
	Size int
	// Ready is how many do, and Starting how many are being started.
	Ready, Starting int
	Created         time.Time
}

// PoolOptions say what a pool holds.
type PoolOptions struct {
	BuildOptions
	// Size is how many instances are to wait; 1 or more.
	Size int
	// Flavor is one of the stack's; empty for the default one.
	Flavor string
	// Env is added to the environment of the application's service, and wins.
	Env map[string]string
}

// run returns the options of the runs that the pool serves.
func (o PoolOptions) run() RunOptions {
	return RunOptions{BuildOptions: o.BuildOptions, Flavor: o.Flavor, Env: o.Env, Detach: true}
}

// poolVolume is the name of the volume that says that there is to be a pool of that size.
func poolVolume(id string, size int) string { return fmt.Sprintf("docker-bmo-pool-%s-%d", id, size) }

// PoolUp makes a pool, or changes the size of the one that is there, and returns when its instances are ready and paused.
// A missing snapshot is built first. Runs with the same stack, flavor, environment and profiles take their instances out of
// the pool from then on; who takes one fills it again with PoolFill.
//
// A pool takes at most three quarters of the engine's memory: ErrPoolMemory says that it holds fewer instances than it was
// to.
func (c *Client) PoolUp(ctx context.Context, st *stack.Stack, o PoolOptions) (*Pool, error) {
	if err := o.check(st); err != nil {
		return nil, err
	}
	f, err := c.newFiller(ctx, st, o, "")
	if err != nil {
		return nil, err
	}
	defer f.p.close(ctx)
	if err := c.markPool(ctx, f, o.Size); err != nil {
		return nil, err
	}
	if err := f.fillAndWait(ctx); err != nil {
		return nil, err
	}
	return findPool(ctx, c, f.id)
}

// check refuses what no pool can hold.
func (o PoolOptions) check(st *stack.Stack) error {
	if o.Size < 1 {
		return fmt.Errorf("invalid size %d of a pool: want 1 or more", o.Size)
	}
	if st.TellsSecrets() {
		return hint.Wrap(errors.New("a pool cannot hold instances that tell their tests a secret"),
			"x-bmo.env of stack "+st.Name+" has {{.Secret}} in it, which only the process that has started an instance knows")
	}
	return nil
}

// markPool says on the engine that there is to be a pool. Labels cannot be changed: the newest mark of a pool counts, and
// it is never without one.
func (c *Client) markPool(ctx context.Context, f *filler, size int) error {
	marks, err := c.poolMarks(ctx, f.id)
	if err != nil {
		return err
	}
	if len(marks) > 0 && marks[0].Size == size {
		return nil
	}
	err = c.engine.CreateVolume(ctx, poolVolume(f.id, size), map[string]string{
		label.Role: label.RolePool, label.Pool: f.id, label.PoolSize: strconv.Itoa(size), label.Stack: f.p.stack.Name,
		label.Flavor: orDefault(f.request.Flavor), label.Created: c.engine.Now().Format(time.RFC3339Nano),
	})
	for _, m := range marks {
		if err == nil && m.Size != size {
			err = c.engine.RemoveVolume(ctx, poolVolume(f.id, m.Size))
		}
	}
	return err
}

// poolMarks returns what the marks say of a pool, or of all pools without an identifier, newest first.
func (c *Client) poolMarks(ctx context.Context, id string) ([]Pool, error) {
	of := []string{label.Role + "=" + label.RolePool}
	if id != "" {
		of = append(of, label.Pool+"="+id)
	}
	volumes, err := c.engine.Volumes(ctx, of...)
	pools := make([]Pool, len(volumes))
	for n, v := range volumes {
		p := Pool{ID: v.Labels[label.Pool], Stack: v.Labels[label.Stack], Flavor: v.Labels[label.Flavor]}
		p.Size, _ = strconv.Atoi(v.Labels[label.PoolSize])
		p.Created, _ = time.Parse(time.RFC3339Nano, v.Labels[label.Created])
		pools[n] = p
	}
	slices.SortFunc(pools, func(a, b Pool) int { return b.Created.Compare(a.Created) })
	return pools, err
}

// Pools returns the pools of the engine, newest first.
func (c *Client) Pools(ctx context.Context) ([]Pool, error) {
	if _, err := c.Connect(ctx); err != nil {
		return nil, err
	}
	marks, err := c.poolMarks(ctx, "")
	if err != nil || len(marks) == 0 {
		return nil, err
	}
	members, err := instance.InPools(ctx, c.engine, "")
	if err != nil {
		return nil, err
	}
	var pools []Pool
	for _, p := range marks {
		if slices.ContainsFunc(pools, func(o Pool) bool { return o.ID == p.ID }) {
			continue // an older mark
		}
		for _, i := range members { // newest first
			if i.Pool == p.ID {
				p.count(i)
			}
		}
		pools = append(pools, p)
	}
	return pools, nil
}

func (p *Pool) count(i Instance) {
	if p.Key == "" {
		p.Key = i.Key
	}
	switch i.State {
	case Paused:
		p.Ready++
	case Starting:
		p.Starting++
	}
}

// poolPlace is where pools are: an engine or a cluster.
type poolPlace interface {
	Pools(ctx context.Context) ([]Pool, error)
	endPool(ctx context.Context, id string) error
}

// findPool returns the pool whose identifier begins with prefix.
func findPool(ctx context.Context, at poolPlace, prefix string) (*Pool, error) {
	pools, err := at.Pools(ctx)
	if err != nil {
		return nil, err
	}
	var found []Pool
	for _, p := range pools {
		if prefix != "" && strings.HasPrefix(p.ID, prefix) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return nil, hint.Wrap(fmt.Errorf("no such pool: %s", prefix), "`docker bmo pool ls` lists them")
	case 1:
		return &found[0], nil
	default:
		return nil, hint.Wrap(fmt.Errorf("%d pools begin with %s", len(found), prefix), "give more digits of the identifier")
	}
}

// PoolDownOptions say which pools end.
type PoolDownOptions struct {
	// All ends every pool that there is, besides those that are named.
	All bool
	// Removed, if not nil, is called with the identifier of each pool that is gone, one at a time.
	Removed func(id string)
}

// PoolDown ends pools, by their identifiers or beginnings of them, and removes the instances that wait in them. Those that
// somebody has taken out stay.
func (c *Client) PoolDown(ctx context.Context, ids []string, o PoolDownOptions) error {
	if _, err := c.connectAndSweep(ctx); err != nil {
		return err
	}
	defer c.settle(ctx)
	return endPools(ctx, c, ids, o)
}

func endPools(ctx context.Context, at poolPlace, ids []string, o PoolDownOptions) error {
	var errs []error
	if o.All {
		pools, err := at.Pools(ctx)
		errs = append(errs, err)
		for _, p := range pools {
			ids = append(ids, p.ID)
		}
	}
	var full []string
	for _, id := range ids {
		p, err := findPool(ctx, at, id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		full = append(full, p.ID)
	}
	errs = append(errs, instance.RemoveAll(ctx, full, at.endPool, o.Removed))
	return errors.Join(errs...)
}

// endPool removes the pool's mark first: whoever is filling it sees that, and removes what it has just started.
func (c *Client) endPool(ctx context.Context, id string) error {
	marks, err := c.poolMarks(ctx, id)
	if err != nil {
		return err
	}
	for _, m := range marks {
		if err := c.engine.RemoveVolume(ctx, poolVolume(id, m.Size)); err != nil {
			return err
		}
	}
	return c.drain(ctx, id, func(Instance) bool { return true })
}

// drain removes instances that wait in a pool. One that somebody takes out meanwhile stays.
func (c *Client) drain(ctx context.Context, id string, which func(Instance) bool) error {
	members, err := instance.InPools(ctx, c.engine, id)
	if err != nil {
		return err
	}
	var names []string
	records := map[string]string{}
	for _, i := range members {
		if i.State == Paused && which(i) {
			names, records[i.Name] = append(names, i.Name), i.Record
		}
	}
	self := c.owner(ctx)
	return instance.RemoveAll(ctx, names, func(ctx context.Context, name string) error {
		err := instance.Discard(ctx, c.engine, self, name)
		c.keeper.End(ctx, records[name], "removed", nil)
		return err
	}, nil)
}
