package bmo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/kube"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// ClusterPoolOptions say what a pool on a cluster holds.
type ClusterPoolOptions struct {
	PoolOptions
	// ServiceType is that of the runs that the pool serves: one of ServiceTypes, empty for the first.
	ServiceType string
}

func (o ClusterPoolOptions) run() ClusterRunOptions {
	return ClusterRunOptions{RunOptions: o.PoolOptions.run(), ServiceType: o.ServiceType}
}

// PoolUp makes a pool, or changes the size of the one that is there, as Client.PoolUp does. No cluster can pause a Pod: what waits is
// idle and holds what it has asked for. So the cluster ends a pool by itself that nobody has used for eight hours.
func (k *Cluster) PoolUp(ctx context.Context, st *stack.Stack, o ClusterPoolOptions) (*Pool, error) {
	if err := o.check(st); err != nil {
		return nil, err
	}
	f, err := k.newFiller(ctx, st, o, "")
	if err != nil {
		return nil, err
	}
	want := kube.Pool{ID: f.id, Stack: st.Name, Flavor: orDefault(o.Flavor), Size: o.Size}
	if err := k.kube.KeepPool(ctx, want, f.request.Images); err != nil {
		return nil, err
	}
	return f.fillAndWait(ctx)
}

// fillAndWait returns when the pool has its size, whoever has started its instances.
func (f *clusterFiller) fillAndWait(ctx context.Context) (*Pool, error) {
	for {
		if err := f.k.client.fillAlone(ctx, f.id, func() error { return f.fill(ctx) }); err != nil {
			return nil, err
		}
		p, err := findPool(ctx, f.k, f.id)
		if err != nil || p.Ready >= p.Size {
			return p, err
		}
		if p, err = f.await(ctx); err != nil || p.Ready >= p.Size {
			return p, err
		}
	}
}

// lookEvery is how many looks at a pool that somebody else fills are made before it is tried whether this process can fill it.
const lookEvery = 5

// await waits a while for others to fill the pool, and returns it. What they have begun and then left, the cluster ends.
func (f *clusterFiller) await(ctx context.Context) (p *Pool, err error) {
	err = f.request.Progress.Step(ctx, awaitFiller, func(ctx context.Context, _ *progress.Log) error {
		for range lookEvery {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(awaitPause):
			}
			if p, err = findPool(ctx, f.k, f.id); err != nil || p.Ready >= p.Size {
				return err
			}
		}
		return nil
	})
	return p, err
}

// Pools returns the pools of the namespace, newest first.
func (k *Cluster) Pools(ctx context.Context) ([]Pool, error) {
	list, err := k.kube.Pools(ctx)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	members, err := k.kube.InPools(ctx, "")
	if err != nil {
		return nil, err
	}
	var pools []Pool
	for _, q := range list {
		p := Pool{ID: q.ID, Stack: q.Stack, Flavor: q.Flavor, Size: q.Size, Created: q.Created}
		for _, i := range members { // newest first
			if i.Pool == p.ID {
				p.count(i)
			}
		}
		pools = append(pools, p)
	}
	return pools, nil
}

// PoolDown ends pools, as Client.PoolDown does.
func (k *Cluster) PoolDown(ctx context.Context, ids []string, o PoolDownOptions) error {
	return endPools(ctx, k, ids, o)
}

func (k *Cluster) endPool(ctx context.Context, id string) error { return k.kube.EndPool(ctx, id) }

// PoolFill brings the pool with that identifier to its size, as Client.PoolFill does, and moves its end on.
func (k *Cluster) PoolFill(ctx context.Context, st *stack.Stack, o ClusterPoolOptions, id string) error {
	return k.client.fillAlone(ctx, id, func() error {
		f, err := k.newFiller(ctx, st, o, id)
		if err != nil {
			return err
		}
		return f.fill(ctx)
	})
}

// poolOf makes a request one that an instance of a pool may serve, if there is any pool, as RunOptions.poolOf does.
func (k *Cluster) poolOf(ctx context.Context, p *pipeline, r *kube.Request) (own string, err error) {
	if r.Name != "" || p == nil || k.client.stateDir == "" || r.Stack.TellsSecrets() {
		return "", nil
	}
	pools, err := k.kube.Pools(ctx)
	if err != nil || len(pools) == 0 {
		return "", err
	}
	id, err := k.identify(p, r)
	if !slices.ContainsFunc(pools, func(o kube.Pool) bool { return o.ID == id }) {
		id = ""
	}
	return id, err
}

// identify says in a request what it is made from, and returns the identifier of the pool that its application has if it has one. Of
// each kind of Service that is another one.
func (k *Cluster) identify(p *pipeline, r *kube.Request) (id string, err error) {
	q := instance.Request{Snapshot: &r.Snapshot, Flavor: r.Flavor, Environment: r.Environment, Publish: r.Publish}
	kind := cmp.Or(r.ServiceType, kube.ServiceTypes[0])
	if r.Match, err = p.match(q, kind); err != nil {
		return "", err
	}
	return p.poolID(q, k.kube.Host(), k.kube.Namespace, kind)
}

// clusterFiller brings a pool on a cluster to its size.
type clusterFiller struct {
	k       *Cluster
	request kube.Request // of each of its instances
	id      string
	own     bool // the pool is that of this application, and not another checkout's of the same inputs
}

// newFiller looks up the snapshot, or makes it. An empty id stands for the application's own pool.
func (k *Cluster) newFiller(ctx context.Context, st *stack.Stack, o ClusterPoolOptions, id string) (*clusterFiller, error) {
	r, p, err := k.prepare(ctx, st, o.run())
	if err != nil {
		return nil, err
	}
	own, err := k.identify(p, &r)
	if id == "" {
		id = own
	}
	return &clusterFiller{k: k, request: r, id: id, own: id == own}, err
}

// look returns the pool, nil if it has ended, and how many of its instances are missing. It removes what cannot serve and what is too
// much.
func (f *clusterFiller) look(ctx context.Context) (pool *kube.Pool, missing int, err error) {
	pools, err := f.k.kube.Pools(ctx)
	i := slices.IndexFunc(pools, func(p kube.Pool) bool { return p.ID == f.id })
	if err != nil || i < 0 {
		return nil, 0, err
	}
	list, err := f.k.kube.InPools(ctx, f.id)
	if err != nil {
		return nil, 0, err
	}
	missing = pools[i].Size
	var useless []string
	for _, m := range list {
		stale := f.own && m.Match() != f.request.Match
		switch {
		case m.State == Broken, m.State == Paused && (stale || missing == 0):
			useless = append(useless, m.Name)
		case missing > 0:
			missing--
		}
	}
	return &pools[i], missing, instance.RemoveAll(ctx, useless, f.k.kube.Discard, nil)
}

// fill brings the pool to its size. That it is gone is no error.
func (f *clusterFiller) fill(ctx context.Context) error {
	for range fillTries {
		pool, missing, err := f.look(ctx)
		if err != nil || pool == nil {
			return err
		}
		if err := f.k.kube.UsePool(ctx, *pool); err != nil || missing == 0 {
			return err
		}
		r := f.request
		r.Pool = pool
		_, err = f.k.kube.StartMany(ctx, r, instance.Many{Number: missing})
		if err == nil {
			continue
		}
		if there, _, lerr := f.look(ctx); lerr == nil && there == nil { // the pool has ended meanwhile
			return nil
		}
		return fmt.Errorf("pool %s: %w", f.id, err)
	}
	return errors.New("pool " + f.id + " does not come to its size")
}
