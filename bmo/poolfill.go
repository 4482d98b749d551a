package bmo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/internal/private"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/stack"
)

// filler brings a pool to its size.
type filler struct {
	p       *pipeline
	request instance.Request // of each of its instances
	id      string
	own     bool // the pool is that of this application, and not another checkout's of the same inputs
}

// newFiller looks up the snapshot, or makes it. An empty id stands for the application's own pool. The caller closes p.
func (c *Client) newFiller(ctx context.Context, st *stack.Stack, o PoolOptions, id string) (_ *filler, err error) {
	info, err := c.connectAndSweep(ctx)
	if err != nil {
		return nil, err
	}
	p, err := c.newPipeline(ctx, st, info, o.BuildOptions)
	if err != nil {
		return nil, err
	}
	f := &filler{p: p, id: id}
	defer func() {
		if err != nil {
			p.close(ctx)
		}
	}()
	if f.request, err = o.run().request(ctx, p); err != nil {
		return nil, err
	}
	return f, f.lookUp(ctx)
}

// lookUp looks up the snapshot, or makes it.
func (f *filler) lookUp(ctx context.Context) (err error) {
	if f.request.Snapshot, err = f.p.ensure(ctx); err != nil {
		return err
	}
	own, err := f.p.poolID(f.request)
	if err != nil {
		return err
	}
	if f.id == "" {
		f.id = own
	}
	f.own = f.id == own
	f.request.Pool.ID = f.id
	f.request.Pool.Match, err = f.p.match(f.request)
	return err
}

// PoolFill starts as many instances as the pool with that identifier lacks, and removes what waits there of inputs that
// have changed since. It returns at once when another process of this user does so already, which then looks once more.
// That the pool is gone is no error.
func (c *Client) PoolFill(ctx context.Context, st *stack.Stack, o PoolOptions, id string) error {
	return c.fillAlone(ctx, id, func() error {
		f, err := c.newFiller(ctx, st, o, id)
		if err != nil {
			return err
		}
		defer f.p.close(ctx)
		_, err = f.fill(ctx)
		return err
	})
}

// fillAlone fills a pool unless another process of this user does so, which is left a note to look once more.
func (c *Client) fillAlone(ctx context.Context, id string, fill func() error) error {
	for {
		release, err := c.lockPool(id)
		if err != nil || release == nil {
			return err
		}
		if err = c.awaitCalm(ctx, id); err == nil {
			err = fill()
		}
		release()
		// Who came in between has left a note, and relies on this process.
		if err != nil || !c.takeNote(id) {
			return err
		}
	}
}

// calm is how long nobody has to have asked for the pool to be filled before that is done: when many take instances at the
// same time, starts of others would be in their way. calmTries is how often that is waited for.
const (
	calm      = 300 * time.Millisecond
	calmTries = 30
)

func (c *Client) awaitCalm(ctx context.Context, id string) error {
	for try := 0; c.takeNote(id) && try < calmTries; try++ {
		select {
		case <-time.After(calm):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// poolFile is a file of a pool in the user's state folder.
func (c *Client) poolFile(id, suffix string) string {
	return filepath.Join(c.stateDir, "pools", id+suffix)
}

// lockPool takes the lock of those who fill a pool. release is nil when somebody has it, who is left a note.
func (c *Client) lockPool(id string) (release func(), err error) {
	if c.stateDir == "" {
		return nil, errors.New("a pool needs a state folder")
	}
	if err := private.Dir(filepath.Join(c.stateDir, "pools")); err != nil {
		return nil, err
	}
	// The note comes first: whoever has the lock looks for it after it has given that back.
	if err := os.WriteFile(c.poolFile(id, ".note"), nil, 0o600); err != nil {
		return nil, err
	}
	return owner.TryLock(c.poolFile(id, ".lock"))
}

// beingFilled reports whether another process fills the pool, which is left a note to look once more.
func (c *Client) beingFilled(id string) bool {
	release, err := c.lockPool(id)
	if err != nil || release == nil {
		return err == nil
	}
	release()
	return false
}

// takeNote reports whether there is a note, and removes it.
func (c *Client) takeNote(id string) bool { return os.Remove(c.poolFile(id, ".note")) == nil }

// ErrPoolMemory reports that the engine's memory does not suffice for a pool.
var ErrPoolMemory = errors.New("the engine's memory does not suffice")

// members are the instances of a pool that nobody has taken.
type members struct {
	waiting, stale, starting []Instance
	names                    map[string]bool // of all that are there
}

// missing is how many a pool of that size lacks.
func (m members) missing(size int) int { return size - len(m.waiting) - len(m.starting) }

func (f *filler) look(ctx context.Context) (m members, size int, err error) {
	marks, err := f.p.client.poolMarks(ctx, f.id)
	if err != nil {
		return m, 0, err
	}
	if len(marks) > 0 {
		size = marks[0].Size
	}
	list, err := instance.InPools(ctx, f.p.engine, f.id)
	m.names = map[string]bool{}
	for _, i := range list {
		m.names[i.Name] = true
		switch {
		case i.State == Starting:
			m.starting = append(m.starting, i)
		case i.State == Paused && f.own && i.Match() != f.request.Pool.Match:
			m.stale = append(m.stale, i)
		case i.State == Paused:
			m.waiting = append(m.waiting, i)
		}
	}
	return m, size, err
}

// fillTries is how often the pool is looked at before its filling is given up: what others do to it at the same time ends.
const fillTries = 1000

// fill brings the pool to its size, and returns those that others are still starting for it. The members have numbers in
// their names, and the engine keeps those unique: of two processes that fill the same pool, one has each.
func (f *filler) fill(ctx context.Context) (others []Instance, err error) {
	looked := 1
	for range fillTries {
		m, size, err := f.look(ctx)
		if err != nil {
			return nil, err
		}
		if err := f.trim(ctx, m, size); err != nil {
			return nil, err
		}
		missing := m.missing(size)
		if missing <= 0 {
			return m.starting, nil
		}
		if missing, err = f.bear(ctx, m, missing); err != nil {
			return nil, err
		}
		err = f.start(ctx, m, missing)
		if engine.IsNoImage(launch.Cause(err)) && looked < lookTries && ctx.Err() == nil {
			looked++ // somebody has removed the snapshot
			err = f.lookUp(ctx)
		}
		if err != nil {
			return nil, f.unlessGone(ctx, snapshotGone(err))
		}
	}
	return nil, fmt.Errorf("pool %s does not come to its size", f.id)
}

// unlessGone returns err, which a start has failed with. When the pool has ended meanwhile, that is the reason, and what has
// started all the same is removed.
func (f *filler) unlessGone(ctx context.Context, err error) error {
	if m, size, lerr := f.look(ctx); lerr == nil && size == 0 {
		return f.trim(ctx, m, 0)
	}
	return err
}

// trim removes what is stale and what is too much.
func (f *filler) trim(ctx context.Context, m members, size int) error {
	gone := map[string]bool{}
	for _, i := range m.stale {
		gone[i.Name] = true
	}
	for n := size; n < len(m.waiting); n++ {
		gone[m.waiting[n].Name] = true
	}
	if len(gone) == 0 {
		return nil
	}
	return f.p.client.drain(ctx, f.id, func(i Instance) bool { return gone[i.Name] })
}

// bear returns how many of the missing instances the engine's memory bears: three quarters of it are for those that wait,
// of which each takes as much as the first. Without a first, that is started alone.
func (f *filler) bear(ctx context.Context, m members, missing int) (int, error) {
	if len(m.waiting) == 0 {
		return 1, nil
	}
	each, err := f.p.engine.UsedMemory(ctx, label.Instance+"="+m.waiting[0].Name)
	if err != nil || each == 0 {
		return missing, err
	}
	memory, err := f.p.engine.Memory(ctx)
	if err != nil {
		return 0, err
	}
	room := int(memory.Total/4*3/each) - len(m.waiting) - len(m.starting)
	if room <= 0 {
		return 0, hint.Wrap(fmt.Errorf("%w: pool %s holds %d instances, and one more would leave less than a quarter of it", ErrPoolMemory, f.id, len(m.waiting)),
			"make the pool smaller: `docker bmo pool up --size "+fmt.Sprint(len(m.waiting))+"`")
	}
	return min(missing, room), nil
}

// start starts instances under the lowest numbers that are free, as many at a time as the engine has processors.
func (f *filler) start(ctx context.Context, m members, missing int) error {
	group, grp := errgroup.WithContext(ctx)
	group.SetLimit(max(f.p.info.CPUs, 1))
	for n := 1; missing > 0; n++ {
		r := f.request
		r.Name = fmt.Sprintf("%s-%.4s-%d", f.p.stack.Name, f.id, n)
		if m.names[r.Name] {
			continue
		}
		missing--
		r.Title = r.Name
		group.Go(func() error {
			_, err := instance.Start(grp, r)
			if taken := (*instance.TakenError)(nil); errors.As(err, &taken) {
				return nil
			}
			return err
		})
	}
	return group.Wait()
}
