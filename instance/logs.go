package instance

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/journal"
)

// Logs shows the output of services of the instance, or of all if none is named. What has been printed already is shown
// in chronological order; with o.Follow, what is printed later is shown as it comes.
func Logs(ctx context.Context, e *engine.Engine, i *Instance, services []string, o engine.LogOptions, show func(journal.LogLine)) error {
	if len(services) == 0 {
		services = i.ServiceNames()
	}
	o.Timestamps = true
	log := &journal.Merger{Show: show, Hold: !o.Follow}
	defer log.Flush()
	var group errgroup.Group
	for _, service := range services {
		id, err := i.Container(service)
		if err != nil {
			return err
		}
		group.Go(func() error {
			return e.CopyLogs(ctx, id, o, log.Writer(service, false), log.Writer(service, true))
		})
	}
	return group.Wait()
}
