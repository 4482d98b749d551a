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
	// Grace is how long services may take to end before they are killed. 0 kills them at once: what they have printed is
	// recorded all the same, and what they would write at their end goes with them.
	Grace time.Duration
	// All stops every instance on the engine, besides those that are named, but for those that wait in a pool.
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
	defer c.settle(ctx)
	byName := map[string]*Instance{}
	for _, i := range list {
		byName[i.Name] = &i
		if inPool := i.Pool != "" && (i.State == Paused || i.State == Starting); o.All && !inPool { // that goes with its pool
			names = append(names, i.Name)
		}
	}
	return instance.RemoveAll(ctx, names, func(ctx context.Context, name string) error {
		i := byName[name]
		if i == nil {
			return instance.NotFound(name)
		}
		err := instance.Remove(ctx, c.engine, i, o.Grace)
		c.keeper.End(ctx, i.Record, "removed", nil) // if it is one of this process
		return err
	}, o.Stopped)
}

// removeTime is how long removing an instance may take beyond its grace period.
const removeTime = 30 * time.Second

// Remove stops and removes instances that Run has returned, also after ctx has ended: what this process started must go
// even when it was interrupted. Each gets a step of the progress.
func (c *Client) Remove(ctx context.Context, list []*Instance, o StopOptions) error {
	defer c.show(o.Progress)()
	defer c.settle(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.Grace+removeTime)
	defer cancel()
	byName := make(map[string]*Instance, len(list))
	names := make([]string, len(list))
	for n, i := range list {
		names[n], byName[i.Name] = i.Name, i
	}
	return instance.RemoveAll(ctx, names, func(ctx context.Context, name string) error {
		return o.Progress.Step(ctx, "stop "+name, func(ctx context.Context, log *progress.Log) error {
			if o.Grace > 0 {
				log.SetStatus(fmt.Sprintf("waiting for its services to end, for %s at most", o.Grace), "")
			}
			byName[name].Forward.Close()
			err := instance.Remove(ctx, c.engine, byName[name], o.Grace)
			c.keeper.End(ctx, byName[name].Record, "removed", nil)
			return err
		})
	}, o.Stopped)
}
