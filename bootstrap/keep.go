package bootstrap

import (
	"context"
	"fmt"

	"github.com/docker-bmo/docker-bmo/progress"
)

// keep says how to look into the containers of a bootstrap that has failed, and waits until the caller's context is
// done. They belong to this process as long as it waits, so that nothing is left over afterwards, however it ends.
func (b *run) keep(ctx context.Context, failure error) {
	_ = b.Progress.Step(ctx, "keep what has failed", func(ctx context.Context, log *progress.Log) error {
		fmt.Fprintln(log, failure)
		for _, s := range b.Stack.Services {
			b.sayHowToEnter(s.Name, log)
		}
		log.SetStatus("waiting until you interrupt this command, which removes the containers", "")
		<-ctx.Done()
		return nil
	})
}

// sayHowToEnter prints the commands that lead into a service's container: a shell where it runs, and one in another
// container of the same image and network where it has ended.
func (b *run) sayHowToEnter(service string, log *progress.Log) {
	id := b.group.ID(service)
	if id == "" {
		return
	}
	name := b.group.Name(service)
	if p := b.group.Process(service); p != nil {
		select {
		case <-p.Done():
		default:
			fmt.Fprintf(log, "%s runs: docker exec -it %s sh\n", service, name)
			return
		}
	}
	fmt.Fprintf(log, "%s has ended: docker logs %s; docker cp %s:PATH .\n", service, name, name)
	fmt.Fprintf(log, "  a shell in what it began with: docker run --rm -it --network %s --entrypoint sh %s\n", Name(b.Snapshot.Key), b.images[service])
}
