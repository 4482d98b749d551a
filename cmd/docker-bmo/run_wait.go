package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/journal"
)

// stopGrace is how long services may take to end before they are killed; docker's own default.
const stopGrace = 10 * time.Second

// followLogs shows the output of all services until ctx ends or one of them does, and says which.
func followLogs(ctx context.Context, w io.Writer, e *engine.Engine, inst *instance.Instance) error {
	j := journal.New(nil, func(l journal.Line) { fmt.Fprintf(w, "%s | %s\n", l.Source, l.Text) })
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for service, id := range inst.Services {
		wg.Go(func() {
			err := e.Logs(ctx, id, true, j.Source(service), j.Source(service))
			switch {
			case ctx.Err() != nil:
			case err != nil:
				cancel(fmt.Errorf("follow the output of %s: %w", service, err))
			default:
				cancel(fmt.Errorf("service %s ended by itself", service))
			}
		})
	}
	wg.Wait()
	j.Flush()
	return context.Cause(ctx)
}

// teardown removes the instance under a context of its own, since the command's may have ended.
func teardown(dockerCli command.Cli, e *engine.Engine, inst *instance.Instance, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace+30*time.Second)
	defer cancel()
	if grace > 0 {
		fmt.Fprintf(dockerCli.Err(), "stopping %s\n", inst.Name)
	}
	inst.Forward.Close()
	return instance.Remove(ctx, e, inst.Name, grace)
}

// signalCode is the exit code of a command that a signal ended, as shells have it.
func signalCode(exit *exec.ExitError) int {
	if st, ok := exit.Sys().(syscall.WaitStatus); ok && st.Signaled() {
		return 128 + int(st.Signal())
	}
	return 1
}
