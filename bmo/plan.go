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
	// Images are the services that have an image to build, and Steps the commands of the bootstrap, in order.
	Images, Steps []string
}

// Plan returns what Build would do with the same options. It changes nothing, and asks BuildKit and registries for
// nothing.
func (c *Client) Plan(ctx context.Context, st *stack.Stack, o BuildOptions) (*BuildPlan, error) {
	info, err := c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.check(st, info, o); err != nil {
		return nil, err
	}
	p := &pipeline{client: c, engine: c.engine, info: info, stack: st, options: o}
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
	all, err := snapshot.List(ctx, c.engine, label.Stack+"="+st.Name)
	if err != nil {
		return nil, err
	}
	for _, near := range all {
		if near.Complete() {
			plan.Nearest, plan.Differs = &near, p.differences(near)
			break
		}
	}
	return plan, nil
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
	for name, v := range map[string]any{
		label.Steps: p.stack.Bootstrap, label.BuildArgs: p.inputs.BuildArgs, label.Remote: p.inputs.Remote,
	} {
		b, err := json.Marshal(v)
		if err == nil {
			parts[name] = digest.FromBytes(b).Encoded()[:snapshot.KeyLength]
		}
	}
	return parts
}

// differences returns what is not the same as when a snapshot was made, in words.
func (p *pipeline) differences(s snapshot.Snapshot) (list []string) {
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
	for _, name := range names {
		if now[name] != had[name] {
			list = append(list, words(name, now[name], had[name]))
		}
	}
	return list
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
