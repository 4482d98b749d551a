package prune

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Sweep removes what nobody will ever finish or use again: containers, networks and volumes whose owner is gone, images
// of builds, bootstraps and commits whose owner is gone, and incomplete snapshots that no process is working on. Detached
// instances that are ready are kept, no matter who started them; one whose commit was killed is put back to work.
//
// view is what can be seen of owners from here; Sweep adds the engine's containers to it.
//
// Sweep continues after what it cannot remove and returns those errors joined.
func Sweep(ctx context.Context, e *engine.Engine, view owner.View) (Report, error) {
	s := newSweep(e, view)
	for try := 1; ; try++ {
		s.errs, s.marks, s.stuck = nil, nil, map[string]bool{}
		if err := s.find(ctx); err != nil {
			return s.report, err
		}
		s.remove(ctx)
		if try == sweepTries || !slices.ContainsFunc(s.errs, inUse) || !engine.Sleep(ctx, time.Duration(try)*sweepPause) {
			break
		}
	}
	// Containers that have just been removed no longer keep them.
	s.fail(s.findHalves(ctx))
	for _, h := range s.halves {
		s.fail(s.report.removeSnapshot(ctx, s.e, h))
	}
	return s.report, errors.Join(s.errs...)
}

// sweepTries is how often a sweep looks for what is to be removed, and sweepPause the first pause between, which grows: the
// engine may be about to create what an owner has asked for that has just been killed, and a volume, or a network, is in use
// then by a container that is not listed yet.
const (
	sweepTries = 5
	sweepPause = 100 * time.Millisecond
)

// inUse reports whether something could not be removed because something else uses it.
func inUse(err error) bool {
	return engine.IsConflict(err) || strings.Contains(err.Error(), "has active endpoints") // which has no code of its own
}

type sweep struct {
	e      *engine.Engine
	view   owner.View
	report Report
	errs   []error
	look   bool // change nothing

	// objects whose owner is gone
	containers []engine.Container
	networks   []engine.Network
	volumes    []engine.Volume
	images     []engine.Image
	// lead containers among them whose names say, until they are gone, that nobody has got their instances
	marks []engine.Container
	// instances of which something could not be removed: their networks, which reserve their names, stay with it
	stuck map[string]bool
	// snapshots with missing images
	halves []snapshot.Snapshot
}

// Abandoned reports whether the owner that an object's labels name is gone, as Sweep sees it.
func Abandoned(ctx context.Context, e *engine.Engine, view owner.View, labels map[string]string) bool {
	return newSweep(e, view).view.Orphaned(ctx, labels)
}

// newSweep returns a sweep that asks the engine about each container of an owner once.
func newSweep(e *engine.Engine, view owner.View) *sweep {
	asked := map[string]string{}
	view.Container = func(ctx context.Context, id string) (string, error) {
		if since, ok := asked[id]; ok {
			return since, nil
		}
		since, err := e.RunningSince(ctx, id)
		if err == nil {
			asked[id] = since
		}
		return since, err
	}
	return &sweep{e: e, view: view}
}

func (s *sweep) fail(err error) bool {
	if err != nil {
		s.errs = append(s.errs, err)
	}
	return err != nil
}

// failOf is fail for the removal of something with these labels.
func (s *sweep) failOf(labels map[string]string, err error) bool {
	if name := labels[label.Instance]; err != nil && name != "" {
		s.stuck[name] = true
	}
	return s.fail(err)
}

// find returns the objects whose owner is gone and which are not part of a detached instance that is ready. It asks for
// what is in use before what uses it, since the owner may end between any two requests: the container of a volume or a network
// that was found has been found as well. It asks for the instances that are ready last: once its owner is gone, no instance
// becomes ready any more, but before that it may.
func (s *sweep) find(ctx context.Context) (err error) {
	if s.images, err = orphans(ctx, s.view, s.e.Images, func(i engine.Image) map[string]string { return i.Labels }); err != nil {
		return err
	}
	if s.volumes, err = orphans(ctx, s.view, s.e.Volumes, func(v engine.Volume) map[string]string { return v.Labels }); err != nil {
		return err
	}
	if s.networks, err = orphans(ctx, s.view, s.e.Networks, func(n engine.Network) map[string]string { return n.Labels }); err != nil {
		return err
	}
	if s.containers, err = orphans(ctx, s.view, s.e.Containers, func(c engine.Container) map[string]string { return c.Labels }); err != nil {
		return err
	}
	if len(s.containers)+len(s.networks)+len(s.volumes) == 0 {
		return nil
	}
	leads, err := detached(ctx, s.e)
	if err != nil {
		return err
	}
	if err := s.claimUnwanted(ctx, leads); err != nil {
		return err
	}
	ready := s.ready(leads)
	s.containers = without(s.containers, func(c engine.Container) bool { return ready[c.Labels[label.Instance]] })
	s.networks = without(s.networks, func(n engine.Network) bool { return ready[n.Labels[label.Instance]] })
	s.volumes = without(s.volumes, func(v engine.Volume) bool { return ready[v.Labels[label.Instance]] })
	return s.findLost(ctx)
}

// claimUnwanted takes instances out of pools that are not to be there any more, so that nobody else does, and adds the
// claims to what is to be removed. Who has filled the pool was killed before it saw the pool's end.
func (s *sweep) claimUnwanted(ctx context.Context, leads []engine.Container) error {
	leads = without(leads, func(c engine.Container) bool { return !label.IsPooled(c.Name) || !s.view.Orphaned(ctx, c.Labels) })
	if len(leads) == 0 {
		return nil
	}
	marks, err := s.e.Volumes(ctx, label.Role+"="+label.RolePool)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, m := range marks {
		wanted[m.Labels[label.Pool]] = true
	}
	for _, c := range leads {
		if wanted[c.Labels[label.Pool]] {
			continue
		}
		name := label.ClaimName(c.Labels[label.Instance])
		claim := map[string]string{label.Role: label.RoleClaim, label.Token: rand.Text()}
		for _, k := range []string{label.Instance, label.Pool, label.Owner, label.Created} {
			claim[k] = c.Labels[k]
		}
		got := claim
		if !s.look {
			if got, err = s.e.KeepVolume(ctx, name, claim); err != nil {
				return err
			}
		}
		if got[label.Token] == claim[label.Token] {
			s.volumes = append(s.volumes, engine.Volume{Name: name, Labels: claim})
		}
	}
	return nil
}

// findLost adds what belongs to instances that were taken out of a pool by somebody who is gone. Whoever filled the pool
// may be there still.
func (s *sweep) findLost(ctx context.Context) error {
	for _, claim := range s.volumes {
		name := claim.Labels[label.Instance]
		if claim.Labels[label.Role] != label.RoleClaim || name == "" {
			continue
		}
		if err := s.addAll(ctx, label.Instance+"="+name); err != nil {
			return err
		}
	}
	return nil
}

// addAll adds all that has a label and is not among what is to be removed yet.
func (s *sweep) addAll(ctx context.Context, of string) error {
	containers, err := s.e.Containers(ctx, of)
	if err != nil {
		return err
	}
	networks, err := s.e.Networks(ctx, of)
	if err != nil {
		return err
	}
	volumes, err := s.e.Volumes(ctx, of)
	s.containers = union(s.containers, containers, func(c engine.Container) string { return c.ID })
	s.networks = union(s.networks, networks, func(n engine.Network) string { return n.ID })
	s.volumes = union(s.volumes, volumes, func(v engine.Volume) string { return v.Name })
	return err
}

// union returns a list with those of another one that it lacks.
func union[T any](list, more []T, id func(T) string) []T {
	there := map[string]bool{}
	for _, o := range list {
		there[id(o)] = true
	}
	return append(list, without(more, func(o T) bool { return there[id(o)] })...)
}

// orphans returns the objects whose owner is gone.
func orphans[T any](
	ctx context.Context, view owner.View, list func(context.Context, ...string) ([]T, error), labels func(T) map[string]string,
) ([]T, error) {
	all, err := list(ctx, label.Owner)
	return without(all, func(o T) bool { return !view.Orphaned(ctx, labels(o)) }), err
}

func without[T any](list []T, drop func(T) bool) []T {
	var out []T
	for _, o := range list {
		if !drop(o) {
			out = append(out, o)
		}
	}
	return out
}

// detached returns the lead containers of the instances that were started to outlive their owners and are ready.
func detached(ctx context.Context, e *engine.Engine) ([]engine.Container, error) {
	leads, err := e.Containers(ctx, label.Lead+"=true", label.Detached+"=true")
	return without(leads, func(c engine.Container) bool { return label.IsStarting(c.Name) }), err
}

// ready returns the names of the instances that stay although their owners are gone: those that are detached and ready, but
// not those that somebody has taken out of a pool who is gone as well, and who either was to live as long as they, or has
// not got so far that they run.
func (s *sweep) ready(leads []engine.Container) map[string]bool {
	stays := map[string]bool{}
	for _, v := range s.volumes {
		if v.Labels[label.Role] == label.RoleClaim {
			stays[v.Labels[label.Instance]] = v.Labels[label.Detached] == "true"
		}
	}
	ready := map[string]bool{}
	for _, c := range leads {
		name := c.Labels[label.Instance]
		outlives, claimed := stays[name]
		taken := outlives && c.State != "paused" && !label.IsPooled(c.Name)
		ready[name] = !claimed || taken
		if outlives && !taken && !label.IsPooled(c.Name) {
			s.marks = append(s.marks, c)
		}
	}
	return ready
}
