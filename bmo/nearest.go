package bmo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// fromNearest returns what a bootstrap with those images goes on from, if that has more of the steps behind it than from, the
// checkpoint that it would go on from in any case; else from. p.want and labels become those of what is made then.
func (p *pipeline) fromNearest(ctx context.Context, from *bootstrap.Origin, images, labels map[string]string) (*bootstrap.Origin, error) {
	done := 0
	if from != nil {
		done = from.Steps
	}
	list, err := p.nearest(ctx, done)
	if err != nil {
		return nil, err
	}
	for _, n := range list {
		o, err := p.originOf(ctx, n.Snapshot, n.steps, images)
		if err != nil {
			return nil, err
		}
		if o != nil {
			p.wantNearest(o, labels)
			return o, nil
		}
	}
	return from, nil
}

// behind is a snapshot, or a checkpoint, and how many of the steps it has behind it.
type behind struct {
	snapshot.Snapshot
	steps int
}

// nearest returns the snapshots and checkpoints of the stack that have more of the steps behind them than done, those with the
// most first, and of these the newest.
func (p *pipeline) nearest(ctx context.Context, done int) (list []behind, err error) {
	all, err := snapshot.All(ctx, p.engine, label.Stack+"="+p.stack.Name)
	for steps := len(p.stack.Bootstrap); steps > done; steps-- {
		for _, s := range all {
			if s.Complete() && s.Parent == "" && s.SharedLabels()[label.Steps] == stepsDigest(p.stack.Bootstrap[:steps]) {
				list = append(list, behind{s, steps})
			}
		}
	}
	return list, err
}

// planNearest adds the snapshot, or checkpoint, that the bootstrap would go on from for FromNearest.
func (p *pipeline) planNearest(ctx context.Context, plan *BuildPlan) error {
	done := 0
	if plan.Checkpoint != nil && len(plan.CheckpointDiffers) == 0 {
		done = plan.Checkpoint.AfterStep
	}
	list, err := p.nearest(ctx, done)
	if len(list) > 0 {
		plan.From, plan.FromStep = &list[0].Snapshot, list[0].steps
	}
	return err
}

// originOf returns a snapshot as what to go on from after so many steps, nil if it does not serve: its state is that of other
// images. That counts for what holds data; of others only the files are missing that steps have written.
func (p *pipeline) originOf(ctx context.Context, s snapshot.Snapshot, steps int, images map[string]string) (*bootstrap.Origin, error) {
	services, volumes := bootstrap.Kept(p.stack, steps)
	for _, v := range volumes {
		if !slices.Contains(s.Volumes, v) {
			return nil, nil
		}
	}
	o := &bootstrap.Origin{Snapshot: &s, Steps: steps, Nearest: true, Volumes: volumes}
	for _, name := range services {
		img, ok := s.Images[name]
		if !ok {
			return nil, nil
		}
		grown, err := p.grownFrom(ctx, img.ID, images[name])
		if err != nil {
			return nil, err
		}
		svc, _ := p.stack.Service(name)
		switch {
		case grown:
			o.Services = append(o.Services, name)
		case launch.Keeps(svc):
			return nil, nil
		}
	}
	return o, nil
}

// grownFrom reports whether an image has the layers of another one, and perhaps more.
func (p *pipeline) grownFrom(ctx context.Context, id, from string) (bool, error) {
	img, err := p.engine.Image(ctx, id)
	if err != nil {
		return false, err
	}
	built, err := p.engine.Image(ctx, from)
	return len(img.Layers) >= len(built.Layers) && slices.Equal(img.Layers[:min(len(built.Layers), len(img.Layers))], built.Layers), err
}

// wantNearest makes what is wanted a snapshot of another key, which no build finds that does not ask for it, and whose labels
// say what it comes from.
func (p *pipeline) wantNearest(o *bootstrap.Origin, labels map[string]string) {
	near := *o.Snapshot
	p.want.Key = snapshot.NearestKey(p.want.Key, near.Key)
	p.want.Inputs, p.want.Parent = snapshot.NearestInputs(p.inputs.Digest()), near.Key
	differs := p.differences(near)
	if near.AfterStep > 0 {
		differs = p.checkpointDifferences(near)
	}
	services, _ := bootstrap.Kept(p.stack, o.Steps)
	for _, name := range services {
		if !slices.Contains(o.Services, name) {
			differs = append(differs, fmt.Sprintf("image of %s, which has no files that the steps have written", name))
		}
	}
	if text := snapshot.DriftLabel(differs); text != "" {
		labels[label.Drift] = text
	}
}

// checkpointDifferences returns what of the inputs is not as it was when a checkpoint was made, in words: the contexts of the
// services that it has to do with, those that every build can use, and what builds are given.
func (p *pipeline) checkpointDifferences(s snapshot.Snapshot) []string {
	involved := serviceNames(bootstrap.Involved(p.stack, s.AfterStep))
	return p.differencesIn(s, func(name string) bool {
		if name == label.BuildArgs || name == label.Remote {
			return true
		}
		context, ok := strings.CutPrefix(name, label.Context)
		if !ok {
			return false
		}
		_, service, nested := strings.Cut(context, "/")
		service, _, _ = strings.Cut(service, "/")
		return !nested || slices.Contains(involved, service)
	})
}

// warnNearest says of a snapshot that was made from another one that it is not what a whole bootstrap makes.
func (p *pipeline) warnNearest(s *snapshot.Snapshot) {
	if s == nil || s.Parent == "" {
		return
	}
	text := fmt.Sprintf("snapshot %s is not bootstrapped as a whole: it goes on from %s, whose inputs differ", snapshot.Short(s.Key), snapshot.Short(s.Parent))
	if drift := s.Drift(); len(drift) > 0 {
		text += ": " + strings.Join(drift, "; ")
	}
	p.client.warn(errors.New(text))
}
