package bmo

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/version"
	"github.com/docker-bmo/docker-bmo/prune"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// serviceNames returns the names of services.
func serviceNames(services []stack.Service) []string {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = s.Name
	}
	return names
}

// checkpointInputs returns what a checkpoint after so many steps is made of, but for the images.
func (p *pipeline) checkpointInputs(steps int) (snapshot.CheckpointInputs, error) {
	part, err := p.stack.CanonicalPart(serviceNames(bootstrap.Involved(p.stack, steps)), steps)
	return snapshot.CheckpointInputs{Platform: p.platform(), Stack: part}, err
}

// checkpoints describes the checkpoints of a bootstrap with those images, in the order of their steps.
func (p *pipeline) checkpoints(ctx context.Context, images, labels map[string]string) (list []bootstrap.Checkpoint, err error) {
	identities := map[string]string{}
	for i, step := range p.stack.Bootstrap {
		services, volumes := bootstrap.Kept(p.stack, i+1)
		if !step.Checkpoint || len(services) == 0 {
			continue
		}
		involved := map[string]string{}
		for _, s := range bootstrap.Involved(p.stack, i+1) {
			if identities[s.Name] == "" {
				img, err := p.engine.Image(ctx, images[s.Name])
				if err != nil {
					return nil, err
				}
				identities[s.Name] = img.Identity
			}
			involved[s.Name] = identities[s.Name]
		}
		in, err := p.checkpointInputs(i + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, bootstrap.Checkpoint{
			Snapshot: snapshot.Snapshot{
				Key: in.Key(involved), Inputs: in.Digest(), Stack: p.stack.Name, Version: version.Version,
				Created: p.engine.Now(), AfterStep: i + 1, Services: services, Volumes: volumes,
			},
			Labels: p.checkpointLabels(labels, i+1),
		})
	}
	return list, nil
}

// checkpointLabels returns, of the labels of a snapshot's images, those that are true of a checkpoint.
func (p *pipeline) checkpointLabels(labels map[string]string, steps int) map[string]string {
	labels = maps.Clone(labels)
	involved := serviceNames(bootstrap.Involved(p.stack, steps))
	for _, s := range p.stack.Services {
		if !slices.Contains(involved, s.Name) {
			delete(labels, label.Config+s.Name)
		}
	}
	labels[label.Steps], labels[label.StepDigests] = stepsDigest(p.stack.Bootstrap[:steps]), stepDigests(p.stack.Bootstrap[:steps])
	return labels
}

// origin splits checkpoints into the last one that is there already, nil if none is, and those that come after it.
func (p *pipeline) origin(ctx context.Context, list []bootstrap.Checkpoint) (*bootstrap.Origin, []bootstrap.Checkpoint, error) {
	if len(list) == 0 || p.options.NoCache {
		return nil, list, nil
	}
	there, err := snapshot.Checkpoints(ctx, p.engine, label.Stack+"="+p.stack.Name)
	if err != nil {
		return nil, nil, err
	}
	for i, c := range slices.Backward(list) {
		for _, s := range there {
			if s.Key == c.Snapshot.Key {
				return bootstrap.OriginOf(s), list[i+1:], nil
			}
		}
	}
	return nil, list, nil
}

// supersede removes older snapshots, or checkpoints, with the same key, which a build with --no-cache leaves without names.
// One that something still runs from stays until it is pruned.
func (p *pipeline) supersede(ctx context.Context, made ...snapshot.Snapshot) error {
	var errs []error
	for _, s := range made {
		same, err := snapshot.All(ctx, p.engine, label.Key+"="+s.Key)
		if err != nil {
			return err
		}
		old := slices.DeleteFunc(same, func(o snapshot.Snapshot) bool { return o.Created.Equal(s.Created) })
		if _, err := prune.Remove(ctx, p.engine, old); err != nil && !engine.IsConflict(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
