package bmo

import (
	"context"
	"fmt"
	"time"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/progress"
)

// StopOptions say how instances are stopped.
type StopOptions struct {
	// Grace is how long services may take to end before they are killed; 0 kills them at once.
	Grace time.Duration
	// All stops every instance on the engine, besides those that are named.
	All bool
	// Stopped, if not nil, is called with the name of each instance that is gone, one at a time.
	Stopped func(name string)
	// Progress shows the work; nil shows nothing.
	Progress *progress.Printer
}

// Stop stops instances, several at once, and removes them with everything that belongs to them. A name that no
// instance has is an error, which does not keep the others from being stopped. Errors are in the order of the names.
func (c *Client) Stop(ctx context.Context, names []string, o StopOptions) error {
	if _, err := c.connectAndSweep(ctx); err != nil {
		return err
	}
	list, err := instance.List(ctx, c.engine)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, i := range list {
		known[i.Name] = true
		if o.All {
			names = append(names, i.Name)
		}
	}
	return instance.RemoveAll(ctx, names, func(ctx context.Context, name string) error {
		if !known[name] {
			return instance.NotFound(name)
		}
		return instance.Remove(ctx, c.engine, name, o.Grace)
	}, o.Stopped)
}

// removeTime is how long removing an instance may take beyond its grace period.
const removeTime = 30 * time.Second

// Remove stops and removes instances that Run has returned, also after ctx has ended: what this process started must go
// even when it was interrupted. Each gets a step of the progress.
func (c *Client) Remove(ctx context.Context, list []*Instance, o StopOptions) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.Grace+removeTime)
	defer cancel()
	byName := make(map[string]*Instance, len(list))
	names := make([]string, len(list))
	for n, i := range list {
		names[n], byName[i.Name] = i.Name, i
	}
	return instance.RemoveAll(ctx, names, func(ctx context.Context, name string) error {
		return o.Progress.Step(ctx, "stop "+name, func(ctx context.Context, log *progress.Log) error {
			log.SetStatus(fmt.Sprintf("waiting for its services to end, for %s at most", o.Grace), "")
			byName[name].Forward.Close()
			return instance.Remove(ctx, c.engine, name, o.Grace)
		})
	}, o.Stopped)
}
