package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/progress"
)

// stopGrace is how long services may take to end before they are killed; docker's own default.
const stopGrace = 10 * time.Second

// foreground follows the instances' logs until it is interrupted or one of them ends by itself.
func foreground(ctx context.Context, dockerCli command.Cli, e *engine.Engine, list []*instance.Instance, options runOptions) error {
	if options.format != "" {
		if err := printFormatted(dockerCli, list, options.format); err != nil {
			return errors.Join(err, teardownAll(nil, e, list, 0))
		}
	}
	ended := followLogs(ctx, dockerCli.Err(), e, list, func() {
		for _, inst := range list {
			if options.format == "" {
				fmt.Fprintln(dockerCli.Out(), inst.URL)
			}
			fmt.Fprintf(dockerCli.Err(), "%s is ready; Ctrl-C stops and removes it\n", inst.Name)
		}
	})
	if errors.As(ended, new(interrupted)) && dockerCli.Err().IsTerminal() {
		fmt.Fprintln(dockerCli.Err()) // behind the ^C that was typed
	}
	printer, err := progress.New(progressOut(dockerCli), options.mode(), "Stopping")
	if err != nil {
		printer = nil // the mode did at the start; and what has to go must go
	}
	err = teardownAll(printer, e, list, stopGrace)
	printer.Close()
	if err != nil {
		fmt.Fprintf(dockerCli.Err(), "warning: %v\n", err)
	}
	return ended
}

// followLogs shows the output of all services until ctx ends or one of them does, and says which. It calls ready when
// what they printed as they came up is through: behind that the address would be out of sight.
func followLogs(ctx context.Context, w io.Writer, e *engine.Engine, list []*instance.Instance, ready func()) error {
	early := linesSoFar(ctx, e, list)
	ready = sync.OnceFunc(ready)
	defer ready()                                   // whatever the engine has said
	defer time.AfterFunc(time.Second, ready).Stop() // nor may lines that it has dropped since keep the address back
	if early == 0 {
		ready()
	}
	j := journal.New(nil, func(l journal.Line) {
		fmt.Fprintf(w, "%s | %s\n", l.Source, l.Text)
		if early--; early == 0 {
			ready()
		}
	})
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, inst := range list {
		for service, id := range inst.Services {
			name := service
			if len(list) > 1 {
				name = inst.Name + " " + service
			}
			wg.Go(func() {
				err := e.Logs(ctx, id, true, j.Source(name), j.Source(name))
				switch {
				case ctx.Err() != nil:
				case err != nil:
					cancel(fmt.Errorf("follow the output of %s: %w", name, err))
				default:
					cancel(endOf(ctx, e, name, id))
				}
			})
		}
	}
	wg.Wait()
	j.Flush()
	return context.Cause(ctx)
}

// endOf says how a service ended.
func endOf(ctx context.Context, e *engine.Engine, name, id string) error {
	code, err := e.ExitCode(ctx, id)
	switch {
	case engine.IsNotFound(err):
		return fmt.Errorf("service %s was removed", name)
	case err != nil:
		return fmt.Errorf("service %s ended: %w", name, err)
	default:
		return hint.Wrap(fmt.Errorf("service %s ended with exit code %d", name, code),
			"its last lines are above; the instance is no use without it, and has been removed")
	}
}

// linesSoFar counts the lines that services have printed.
func linesSoFar(ctx context.Context, e *engine.Engine, list []*instance.Instance) (n int) {
	count := journal.New(nil, func(journal.Line) { n++ })
	for _, inst := range list {
		for service, id := range inst.Services {
			// An engine that does not keep logs has nothing to show, either.
			_ = e.Logs(ctx, id, false, count.Source(service), count.Source(service))
		}
	}
	return n
}

// teardown removes the instance under a context of its own, since the command's may have ended.
func teardown(p *progress.Printer, e *engine.Engine, inst *instance.Instance, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace+30*time.Second)
	defer cancel()
	return p.Step(ctx, "stop "+inst.Name, func(ctx context.Context, log *progress.Log) error {
		log.SetStatus(fmt.Sprintf("waiting for its services to end, for %s at most", grace), "")
		inst.Forward.Close()
		return instance.Remove(ctx, e, inst.Name, grace)
	})
}

// teardownAll removes several at once.
func teardownAll(p *progress.Printer, e *engine.Engine, list []*instance.Instance, grace time.Duration) error {
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, inst := range list {
		wg.Go(func() { errs[i] = teardown(p, e, inst, grace) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
