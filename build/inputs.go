package build

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/frontend/dockerfile/builder"
	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/stack"
)

// input begins a named context that is the image of another service, in the frontend's words.
const input = "input:"

// used returns the services whose images a build with those attributes begins from or copies from.
func used(attrs map[string]string) []string {
	var names []string
	for k, v := range attrs {
		if name, ok := strings.CutPrefix(v, input); ok && strings.HasPrefix(k, "context:") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// builds returns how a service is built, and the services whose images it uses.
func (r Request) builds(s stack.Service) []*stack.Build {
	b := r.Stack.BuildOf(s)
	if b == nil {
		return nil
	}
	list := []*stack.Build{b}
	for _, value := range b.AdditionalContexts {
		if name, ok := strings.CutPrefix(value, contexts.ServicePrefix); ok {
			other, _ := r.Stack.Service(name)
			list = append(list, r.builds(other)...)
		}
	}
	return list
}

// frontend describes a build, after those that it uses. Nothing is executed unless the result is asked for. seen may be
// nil.
func (r Request) frontend(ctx context.Context, gw gateway.Client, attrs map[string]string, seen *record) (*gateway.Result, error) {
	c := &client{Client: gw, attrs: maps.Clone(attrs), record: seen, inputs: map[string]llb.State{}}
	for _, name := range used(attrs) {
		other, _ := r.Stack.Service(name)
		of := r.attrs(other)
		of["contextkey"], of["dockerfilekey"] = "service/"+name, "dockerfile/"+name
		res, err := r.frontend(ctx, gw, of, seen)
		if err != nil {
			return nil, err
		}
		ref, err := res.SingleRef()
		if err != nil {
			return nil, err
		}
		c.inputs[name] = llb.Scratch()
		if ref != nil {
			if c.inputs[name], err = ref.ToState(); err != nil {
				return nil, err
			}
		}
		config := map[string][]byte{exptypes.ExporterImageConfigKey: res.Metadata[exptypes.ExporterImageConfigKey]}
		metadata, err := json.Marshal(config)
		if err != nil {
			return nil, err
		}
		c.attrs["input-metadata:"+name] = string(metadata)
	}
	return builder.Build(ctx, c)
}

// Inputs returns the images of other services that the build uses.
func (c *client) Inputs(context.Context) (map[string]llb.State, error) { return c.inputs, nil }
