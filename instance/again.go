package instance

import (
	"cmp"
	"context"
	"strings"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

// Again returns the request for an instance like i in all that its start was asked for: name, flavor, published ports at the
// numbers that they have, and what the user has added to the environment. r has the rest. The instance may have ended, but
// its containers must be there.
func (r Request) Again(ctx context.Context, i *Instance) (Request, error) {
	r.Name, r.Flavor, r.Detach = i.Name, i.Flavor, i.Detached
	r.Environment, r.Publish = map[string]string{}, nil
	for service, id := range i.Services {
		c, err := r.Engine.Look(ctx, id)
		if err != nil {
			return r, err
		}
		r.Live = r.Live || c.Labels[label.Live] == "true"
		for port, public := range c.Publish {
			r.Publish = append(r.Publish, Publish{Service: service, Port: port, Public: cmp.Or(public, i.Ports[service][port])})
		}
		given := map[string]bool{}
		for name := range strings.SplitSeq(c.Labels[label.Env], ",") {
			given[name] = true
		}
		for _, kv := range c.Environment {
			if name, value, _ := strings.Cut(kv, "="); given[name] {
				r.Environment[name] = value
			}
		}
	}
	return r, nil
}
