package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// CommitRequest describes the commit of an instance. Of the Request, Snapshot is what the result will be, Labels and Once
// are those that it has in addition to its own, and Built, KeepFailed, Proxies and Keeper have no meaning.
type CommitRequest struct {
	Request
	// Instance is the instance's name, Flavor its flavor, and Parent the snapshot that it was started from.
	Instance, Flavor string
	Parent           *snapshot.Snapshot
	// Containers are those of the services, Ports what is published of them on the loopback interface.
	Containers map[string]string
	Ports      map[string]map[int]int
	// Volume returns the engine's name of one of the instance's volumes.
	Volume func(name string) string
	// Warn is told of what is not as it was in the instance afterwards.
	Warn func(error)
}

// committing is the commit of an instance in progress.
type committing struct {
	*run
	of       CommitRequest
	services []stack.Service // of the instance, in start order
	stopped  []stack.Service // those that were stopped, to be started again
	paused   []stack.Service
	address  string // of the application on the instance's network
	lockID   string
	on       context.Context // goes on when the caller's is done, until the commit has ended: the instance must work again
}

// CommitInstance makes a snapshot of a running instance: what holds data is stopped as in a bootstrap and started again,
// the others are paused meanwhile. However it ends, the instance is at work again then. If there is both a snapshot and an
// error, the snapshot is good, and the instance did not become ready again.
func CommitInstance(ctx context.Context, r CommitRequest) (s *snapshot.Snapshot, err error) {
	r.Keeper = nil
	b := newRun(r.Request)
	b.volumeOf = r.Volume
	c := &committing{run: b, of: r}
	for _, s := range launch.Lasting(r.Stack) {
		c.services = append(c.services, s.With(r.Flavor))
	}
	if err := c.lock(ctx); err != nil {
		return nil, err
	}
	defer c.clear(ctx)
	on, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	c.on = on
	if err := c.adopt(ctx); err != nil {
		return nil, err
	}
	if err := c.take(ctx); err != nil {
		return nil, c.ended(ctx, err, c.resume(ctx))
	}
	var resumed error
	var wg sync.WaitGroup
	wg.Go(func() { resumed = c.resume(ctx) })
	err = c.seal(ctx)
	wg.Wait()
	if err != nil {
		return nil, c.ended(ctx, err, resumed)
	}
	s, err = r.made(ctx)
	return s, errors.Join(err, resumed)
}

// ended returns why there is no snapshot, and why the instance is not back, if it is not. Who has interrupted is told that
// in place of what was met because of it.
func (c *committing) ended(ctx context.Context, err, resumed error) error {
	if ctx.Err() == nil {
		return errors.Join(err, resumed)
	}
	if resumed != nil {
		c.warn(resumed)
	}
	return context.Cause(ctx)
}

// LockName returns the name of the container that is the lock of an instance's commit. No instance has such a name.
func LockName(instance string) string { return "docker-bmo.commit." + instance }

// lock creates a container, never started, whose name the engine allows only once. Its labels say what is to be put back to
// work if this process is killed.
func (c *committing) lock(ctx context.Context) error {
	labels := c.labels("")
	labels[label.Role], labels[label.Service], labels[label.CommitOf] = label.RoleCommit, "", c.of.Instance
	var stops []string
	for _, s := range c.services {
		if c.endOf(s) == well {
			stops = append(stops, s.Name)
		}
	}
	labels[label.Services] = strings.Join(stops, ",")
	id, err := c.Engine.CreateContainer(ctx, engine.ContainerSpec{
		Name: LockName(c.of.Instance), Image: c.of.Parent.Images[c.of.Parent.Services[0]].ID, Command: []string{"never-started"}, Labels: labels,
	})
	if engine.IsConflict(err) {
		return hint.Wrap(fmt.Errorf("instance %s is being committed already", c.of.Instance), "wait until that is done")
	}
	c.lockID = id
	return err
}

// endOf returns how a service ends for the commit: well if it holds data that are kept; else it need not.
func (c *committing) endOf(s stack.Service) end {
	if endOf(s, s.Snapshot) == well {
		return well
	}
	return atOnce
}

// adopt makes the instance's containers those of a group, and looks up the names of the images that they were created from.
func (c *committing) adopt(ctx context.Context) error {
	c.Built = map[string]string{}
	for _, service := range c.of.Parent.Services {
		img := c.of.Parent.Images[service]
		if i := slices.IndexFunc(img.Tags, snapshot.OwnTag); i >= 0 {
			c.Built[service] = img.Tags[i]
			continue
		}
		c.Built[service] = c.tempTag(service) // a build with --no-cache has taken its name
		if err := c.Engine.TagImage(ctx, img.ID, c.Built[service]); err != nil {
			return err
		}
	}
	c.images = maps.Clone(c.Built)
	c.group = c.newGroup()
	c.group.Attach = false
	c.group.Of = c.of.Instance
	for service, id := range c.of.Containers {
		c.group.Adopt(service, id, c.Engine.Watch(c.on, id))
		for port, public := range c.of.Ports[service] {
			if service == c.Stack.URL.Service && port == c.Stack.URL.Port {
				c.group.Announce(service, launch.Address(public))
			}
		}
	}
	if u := c.Stack.URL; u.Service != "" {
		c.address, _ = c.Engine.Address(ctx, c.of.Containers[u.Service]) // one that has done its work has none
	}
	return nil
}

// take pauses and stops the services, and commits them.
func (c *committing) take(ctx context.Context) error {
	for _, do := range []func(context.Context) error{c.pause, c.stop, c.blank, c.commitAll, c.importAll} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// pause freezes what holds no data: it asks for nothing and writes nothing while what it depends on is away.
func (c *committing) pause(ctx context.Context) error {
	for _, s := range slices.Backward(c.services) {
		if c.endOf(s) == well || c.hasEnded(s) {
			continue
		}
		if err := c.Engine.Pause(ctx, c.group.ID(s.Name)); err != nil {
			return err
		}
		c.paused = append(c.paused, s)
	}
	return nil
}

// hasEnded reports whether a service has done its work.
func (c *committing) hasEnded(s stack.Service) bool {
	running, err := c.Engine.IsRunning(c.on, c.group.ID(s.Name))
	return err == nil && !running
}

func (c *committing) stop(ctx context.Context) error {
	for _, s := range slices.Backward(c.services) {
		if c.endOf(s) != well {
			continue
		}
		c.stopped = append(c.stopped, s)
		if err := c.stopService(ctx, s, well); err != nil {
			return err
		}
	}
	return nil
}

// blank takes secrets and configs out of what is committed, until resume puts them back. They are kept in the lock as well,
// for whoever has to do that if this process is killed.
func (c *committing) blank(ctx context.Context) error {
	var kept []engine.Kept
	for _, s := range c.services {
		of, err := c.group.KeepFiles(ctx, s)
		if err != nil {
			return err
		}
		kept = append(kept, of...)
	}
	if len(kept) > 0 {
		if err := c.Engine.Keep(ctx, c.lockID, kept); err != nil {
			return err
		}
	}
	c.kept = kept
	for _, s := range c.services {
		if err := c.group.BlankFiles(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (c *committing) commitAll(ctx context.Context) error {
	for _, s := range c.services {
		if !s.Snapshot {
			continue
		}
		err := c.step(ctx, s.Name, "commit "+s.Name, func(ctx context.Context, log *progress.Log) error {
			return c.commitRaw(ctx, s.Name, log)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lead makes the instance's address lead to the application again, within the services that were stopped; see the start of
// an instance.
func (c *committing) lead(ctx context.Context) {
	u := c.Stack.URL
	public := c.of.Ports[u.Service][u.Port]
	if u.Service == "" || public == 0 || len(c.stopped) == 0 {
		return
	}
	address, err := c.Engine.Address(ctx, c.group.ID(u.Service))
	if err != nil {
		return // it does not run, which is said elsewhere
	}
	for _, s := range c.services {
		was := slices.ContainsFunc(c.stopped, func(o stack.Service) bool { return o.Name == s.Name })
		if s.Ready.MySQL != nil || s.Name == u.Service && public == u.Port || !was && address == c.address || c.hasEnded(s) {
			continue
		}
		if was {
			c.dropRelays(ctx, s)
		}
		l, err := c.Engine.PrepareLead(ctx, c.group.ID(s.Name), public, address, u.Port)
		if err == nil {
			err = l.Open(ctx)
		}
		if err != nil && ctx.Err() == nil && !(errors.Is(err, engine.ErrPortInUse) && s.Name == u.Service) {
			c.warn(fmt.Errorf("service %s does not reach the application at %s any more: %w", s.Name, launch.Address(public), err))
		}
	}
}

// dropRelays removes what has led the address from next to a service that was stopped: it is in the network that the service
// had before.
func (c *committing) dropRelays(ctx context.Context, s stack.Service) {
	list, err := c.Engine.Containers(ctx, label.Relay+"="+c.group.ID(s.Name))
	c.note(err)
	for _, relay := range list {
		c.note(c.Engine.RemoveContainer(ctx, relay.ID))
	}
}

func (c *committing) warn(err error) {
	if c.of.Warn != nil {
		c.of.Warn(err)
	}
}

// clear removes what was only there for the commit, even if the caller's context is done.
func (c *committing) clear(ctx context.Context) {
	c.Journal.Flush()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), teardownTimeout)
	defer cancel()
	containers := c.readers
	if len(c.kept) == 0 {
		containers = append(containers, c.lockID)
	}
	for _, id := range containers {
		c.note(engine.Retry(ctx, func() error { return c.Engine.RemoveContainer(ctx, id) }))
	}
	for _, ref := range c.temp {
		c.note(engine.Retry(ctx, func() error { return c.removeImage(ctx, ref) }))
	}
}
