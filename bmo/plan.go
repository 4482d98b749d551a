package bmo

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	digest "github.com/opencontainers/go-digest"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// BuildPlan is what Build would do.
type BuildPlan struct {
	// Snapshot is the one of the inputs, when it is there: nothing would be done.
	Snapshot *Snapshot
	// Nearest is the newest snapshot of the same stack, nil when there is none, and Differs what is not the same as when
	// it was made: contexts, services, steps and the like, in words.
	Nearest *Snapshot
	Differs []string
	// Images are the services that have an image to build, and Steps the commands of the bootstrap, in order, without those
	// that Checkpoint has behind it.
	Images, Steps []string
	// Checkpoint is the one that the bootstrap would go on from, nil if there is none. It would so only if the images of the
	// services that it has to do with come out as they were, which is not known before they are built if CheckpointDiffers
	// says that something is not the same as when it was made; Steps are all of them then.
	Checkpoint        *Snapshot
	CheckpointDiffers []string
	// Data is the snapshot on the engine whose data would be taken in place of the steps, and DataPlatform what that is for; nil
	// if there is none.
	Data         *Snapshot
	DataPlatform string
	// From is what FromNearest would have the bootstrap go on from, after the step with the number FromStep, if the images of
	// what holds data come out as they were there; nil when there is no such thing.
	From     *Snapshot
	FromStep int
}

// Plan returns what Build would do with the same options. It changes nothing, and asks BuildKit and registries for
// nothing.
func (c *Client) Plan(ctx context.Context, st *stack.Stack, o BuildOptions) (*BuildPlan, error) {
	info, err := c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	platform, err := c.check(st, info, o)
	if err != nil {
		return nil, err
	}
	p := &pipeline{client: c, engine: c.engine, info: info, other: platform, stack: st, options: o}
	s, err := p.find(ctx)
	if err != nil {
		return nil, err
	}
	plan := &BuildPlan{Snapshot: s}
	if s != nil && !o.NoCache {
		return plan, nil
	}
	for _, svc := range st.Services {
		plan.Images = append(plan.Images, svc.Name)
		if svc.OneShot {
			plan.Steps = append(plan.Steps, svc.Name)
		}
	}
	for _, step := range st.Bootstrap {
		plan.Steps = append(plan.Steps, step.Service+": "+strings.Join(step.Command, " "))
	}
	if err := p.planCheckpoint(ctx, plan); err != nil {
		return nil, err
	}
	if p.mayGraft() {
		if d, err := p.donorHere(ctx); err != nil {
			return nil, err
		} else if d != nil {
			plan.Data, plan.DataPlatform = &d.Snapshot, d.platform
		}
	}
	if o.FromNearest {
		if err := p.planNearest(ctx, plan); err != nil {
			return nil, err
		}
	}
	all, err := snapshot.List(ctx, c.engine, label.Stack+"="+st.Name)
	if err != nil {
		return nil, err
	}
	for _, near := range all {
		if near.Complete() && near.Parent == "" {
			plan.Nearest, plan.Differs = &near, p.differences(near)
			break
		}
	}
	return plan, nil
}

// planCheckpoint adds the checkpoint that the bootstrap would go on from.
func (p *pipeline) planCheckpoint(ctx context.Context, plan *BuildPlan) error {
	marked := slices.ContainsFunc(p.stack.Bootstrap, func(s stack.Step) bool { return s.Checkpoint })
	if p.options.NoCache || !marked {
		return nil
	}
	there, err := snapshot.Checkpoints(ctx, p.engine, label.Stack+"="+p.stack.Name)
	if err != nil {
		return err
	}
	for steps := len(p.stack.Bootstrap); steps > 0 && plan.Checkpoint == nil; steps-- {
		in, err := p.checkpointInputs(steps)
		if err != nil {
			return err
		}
		for _, c := range there {
			if c.AfterStep != steps || c.Inputs != in.Digest() {
				continue
			}
			differs := p.checkpointDifferences(c)
			if plan.Checkpoint == nil || len(differs) == 0 {
				plan.Checkpoint, plan.CheckpointDiffers = &c, differs
			}
			if len(differs) == 0 {
				plan.Steps = plan.Steps[len(plan.Steps)-len(p.stack.Bootstrap)+steps:]
				break
			}
		}
	}
	return nil
}

// parts returns the digests of the parts of the stack's file, by the labels that a snapshot has them under: they say
// which part has changed. No value can be read from them.
func (p *pipeline) parts() map[string]string {
	parts := map[string]string{}
	for _, svc := range p.stack.Services {
		if hash, err := p.stack.Hash(svc); err == nil {
			parts[label.Config+svc.Name] = hash[:snapshot.KeyLength]
		}
	}
	parts[label.Steps] = stepsDigest(p.stack.Bootstrap)
	parts[label.BuildArgs], parts[label.Remote] = partDigest(p.inputs.BuildArgs), partDigest(p.inputs.Remote)
	return parts
}

// stepsDigest returns the digest of steps of the bootstrap, and partDigest that of any other part of the inputs, as labels
// have them.
func stepsDigest(steps []stack.Step) string { return partDigest(steps) }

func partDigest(part any) string {
	b, err := json.Marshal(part)
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	return digest.FromBytes(b).Encoded()[:snapshot.KeyLength]
}

// differences returns what is not the same as when a snapshot was made, in words.
func (p *pipeline) differences(s snapshot.Snapshot) []string {
	return p.differencesIn(s, func(string) bool { return true })
}

// differencesIn returns the same of the labels that count.
func (p *pipeline) differencesIn(s snapshot.Snapshot, counts func(name string) bool) (list []string) {
	var had map[string]string
	for _, img := range s.Images {
		had = img.Labels
		break
	}
	now := p.parts()
	for name, dgst := range p.inputs.Contexts {
		now[label.Context+name] = dgst
	}
	names := slices.Sorted(maps.Keys(now))
	for name := range had {
		_, is := now[name]
		if !is && (strings.HasPrefix(name, label.Context) || strings.HasPrefix(name, label.Config)) {
			names = append(names, name)
		}
	}
	files := p.fileChanges(s)
	for _, name := range names {
		if now[name] == had[name] || !counts(name) {
			continue
		}
		text := words(name, now[name], had[name])
		if f := files(strings.TrimPrefix(name, label.Context)); f != "" && now[name] != "" && had[name] != "" {
			text += ": " + f
		}
		list = append(list, text)
	}
	return list
}

// fileChanges returns what says which files of a context differ from those that a snapshot was made of.
func (p *pipeline) fileChanges(s snapshot.Snapshot) func(context string) string {
	had, depth, err := decodeFiles(s.Once(label.Files))
	if err != nil {
		return func(string) string { return "" } // made before there was a list, or of too many files
	}
	now := p.listing()
	if depth > 0 {
		now = now.folded(depth)
	}
	return func(context string) string { return changes(now[context], had[context]) }
}

// words says what the difference in a label means.
func words(name, now, had string) string {
	what := name
	switch context, isContext := strings.CutPrefix(name, label.Context); {
	case isContext:
		what = contextWords(context)
	case name == label.Steps:
		what = "the steps of the bootstrap"
	case name == label.BuildArgs:
		what = "build arguments of the command line"
	case name == label.Remote:
		what = "addresses of contexts"
	case strings.HasPrefix(name, label.Config):
		what = "service " + strings.TrimPrefix(name, label.Config) + " in the file"
	}
	switch {
	case had == "":
		return what + " (new)"
	case now == "":
		return what + " (gone)"
	}
	return what
}

// contextWords says what a context of the loader is to the user.
func contextWords(name string) string {
	kind, rest, nested := strings.Cut(name, "/")
	switch {
	case !nested:
		return "context " + name
	case kind == "dockerfile":
		return "the Dockerfile of " + rest
	case kind == "mount":
		service, index, _ := strings.Cut(rest, "/")
		return "what is mounted into " + service + " (" + index + ")"
	case kind == "service" && strings.Contains(rest, "/"):
		service, context, _ := strings.Cut(rest, "/")
		return "context " + context + " of " + service
	}
	return "the build context of " + rest
}
