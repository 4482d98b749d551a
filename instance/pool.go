package instance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Pool says to which pool an instance belongs that is started to wait there, or from which a run may take one.
//
// An instance waits paused, under its own name, with all that it needs. Its lead container's name says so. To take it is to
// make the volume that its claim is, of which the engine has one by that name, and to give the container its usual name. The
// claim has the owner and whether the instance outlives it, since labels of containers cannot be changed. Who is killed on
// the way leaves a claim whose owner is gone and a container that is paused, which package prune removes.
type Pool struct {
	// ID is the pool's identifier. Start makes an instance that waits in that pool if it is not empty.
	ID string
	// Match is the digest of all that an instance is made from: one that has the same is as good as a new one. Start takes
	// such an instance, if there is one, when ID is empty. Empty for none.
	Match string
}

// rest pauses an instance that is ready, and lets others see that it waits in its pool. The lead is the last: as long as it
// is called starting, the instance ends with its owner.
func (s *start) rest(ctx context.Context) error {
	lead := s.lead()
	var group errgroup.Group
	for _, svc := range launch.Lasting(s.Stack) {
		if svc.Name == lead {
			continue
		}
		id, ends := s.group.ID(svc.Name), launch.MayEnd(svc)
		group.Go(func() error {
			err := s.pause(ctx, svc.Name, id)
			if ends && engine.IsConflict(err) {
				return nil // it has done its work
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := s.pause(ctx, lead, s.group.ID(lead)); err != nil {
		return err
	}
	return s.Engine.Rename(ctx, s.group.ID(lead), label.PooledName(containerName(s.Name, lead)))
}

// pause pauses a service's container.
func (s *start) pause(ctx context.Context, service, id string) error {
	err := s.Engine.Pause(ctx, id)
	if engine.IsConflict(err) {
		return hint.Wrap(fmt.Errorf("service %s of instance %s has ended, or was stopped, before it could wait in the pool: %w", service, s.Name, err),
			"`docker bmo events "+s.Name+"` shows what was done to it")
	}
	return err
}

// pooled is an instance that waits, by the containers of its services.
type pooled struct {
	name     string
	services map[string]engine.Container
	lead     engine.Container
	labels   map[string]string
}

// waiting returns the instances that wait in pools and have all of the labels, in no order, so that several who take one at
// the same time mostly take different ones.
func waiting(ctx context.Context, e *engine.Engine, labels ...string) ([]*pooled, error) {
	list, err := e.Containers(ctx, labels...)
	if err != nil {
		return nil, err
	}
	byName := map[string]*pooled{}
	for _, c := range list {
		if !isService(c) {
			continue
		}
		name := c.Labels[label.Instance]
		p := byName[name]
		if p == nil {
			p = &pooled{name: name, services: map[string]engine.Container{}}
			byName[name] = p
		}
		p.services[c.Labels[label.Service]] = c
		if label.IsPooled(c.Name) {
			p.lead, p.labels = c, c.Labels
		}
	}
	var out []*pooled
	for _, p := range byName {
		if p.lead.State == "paused" {
			out = append(out, p)
		}
	}
	mathrand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out, nil
}

// claim makes the instance the owner's, and reports whether it is: somebody else may have been faster.
func (p *pooled) claim(ctx context.Context, e *engine.Engine, o owner.Owner, detach bool) (bool, error) {
	labels := map[string]string{
		label.Role: label.RoleClaim, label.Instance: p.name, label.Owner: o.String(), label.Token: rand.Text(),
		label.Created: e.Now().Format(time.RFC3339Nano),
	}
	for _, k := range []string{label.Pool, label.Key, label.Stack, label.Flavor, label.Record} {
		labels[k] = p.labels[k]
	}
	if detach {
		labels[label.Detached] = "true"
	}
	got, err := e.KeepVolume(ctx, label.ClaimName(p.name), labels)
	if err != nil || got[label.Token] != labels[label.Token] {
		return false, err
	}
	// Should the volume be removed by others, as `docker volume prune --all` does, this lets one of two pass all the same.
	if err := e.Rename(ctx, p.lead.ID, containerName(p.name, p.labels[label.Service])); err != nil {
		return false, errors.Join(context.Cause(ctx), e.RemoveVolume(context.WithoutCancel(ctx), label.ClaimName(p.name)))
	}
	return true, nil
}

// wake lets all containers go on, the lead last: as long as it is paused, the instance ends with its owner.
func (p *pooled) wake(ctx context.Context, e *engine.Engine) error {
	group, grp := errgroup.WithContext(ctx)
	for _, c := range p.services {
		if c.ID != p.lead.ID && c.State == "paused" {
			group.Go(func() error { return e.Unpause(grp, c.ID) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return e.Unpause(ctx, p.lead.ID)
}

// take takes an instance out of a pool, nil if there is none that serves. One that does not answer in time is removed.
func take(ctx context.Context, r Request) (*Instance, error) {
	if r.Pool.Match == "" || r.Pool.ID != "" || r.Name != "" || r.Live {
		return nil, nil
	}
	if r.Engine.Locate(ctx); !r.Detach && !r.Engine.Local() {
		return nil, nil // its address has to be one of this machine from the beginning
	}
	list, err := waiting(ctx, r.Engine, label.Match+"="+r.Pool.Match)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		mine, err := p.claim(ctx, r.Engine, r.Owner, r.Detach)
		if err != nil {
			return nil, err
		}
		if !mine {
			continue
		}
		i, err := r.use(ctx, p)
		if err == nil || ctx.Err() != nil {
			return i, err
		}
		if r.Warn != nil {
			r.Warn(fmt.Errorf("instance %s of the pool is of no use: %w", p.name, err))
		}
	}
	return nil, nil
}

// use wakes an instance that has been claimed, and returns it when it answers. If that fails, nothing is left of it.
func (r Request) use(ctx context.Context, p *pooled) (_ *Instance, err error) {
	s := &start{Request: r, secrets: &stack.Secrets{}, id: p.labels[label.Record]}
	s.Name = p.name
	s.created, _ = time.Parse(time.RFC3339Nano, p.labels[label.Created])
	s.group = s.newGroup()
	for service, c := range p.services {
		s.group.Adopt(service, c.ID, nil)
	}
	if c := p.services[s.Stack.URL.Service]; s.Stack.URL.Service != "" {
		s.port = c.Ports[s.Stack.URL.Port]
		s.group.Announce(s.Stack.URL.Service, launch.Address(s.port))
	}
	err = r.Progress.Step(ctx, "take "+p.name+" out of its pool", func(ctx context.Context, _ *progress.Log) error {
		if err := p.wake(ctx, s.Engine); err != nil {
			return err
		}
		return s.group.Check(ctx, s.services())
	})
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
		defer cancel()
		// Should this not come to its end, nobody takes what is left for an instance that somebody has got.
		_ = s.Engine.Rename(ctx, p.lead.ID, label.PooledName(containerName(s.Name, s.lead())))
		return nil, errors.Join(err, Remove(ctx, s.Engine, &Instance{Name: s.Name}, 0))
	}
	i, err := s.instance(ctx)
	if err == nil {
		i.Pool = p.labels[label.Pool]
	}
	return i, err
}

// services are those of an instance, in its flavor.
func (s *start) services() []stack.Service {
	services := launch.Lasting(s.Stack)
	for i, svc := range services {
		services[i] = svc.With(s.Flavor)
	}
	return services
}

// InPools returns the instances of a pool, or of all pools without an identifier, newest first: those that wait, those
// that are being started, and those that have been taken out.
func InPools(ctx context.Context, e *engine.Engine, id string) ([]Instance, error) {
	of := label.Pool
	if id != "" {
		of += "=" + id
	}
	o, err := look(ctx, e, of)
	if err != nil {
		return nil, err
	}
	return o.instances(), nil
}

// Match is the digest of what the instance was made from; empty unless it was made for a pool.
func (i Instance) Match() string { return i.Labels[label.Match] }

// Discard removes an instance that waits in a pool, unless somebody takes it meanwhile.
func Discard(ctx context.Context, e *engine.Engine, o owner.Owner, name string) error {
	list, err := waiting(ctx, e, label.Instance+"="+name)
	if err != nil || len(list) == 0 {
		return err
	}
	mine, err := list[0].claim(ctx, e, o, false)
	if err != nil || !mine {
		return err
	}
	return Remove(ctx, e, &Instance{Name: name}, 0)
}
