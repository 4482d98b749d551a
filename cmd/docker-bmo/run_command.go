package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// runCommand runs a test command next to the instance and returns its exit code, whatever the teardown says.
func runCommand(ctx context.Context, dockerCli command.Cli, c *bmo.Client, inst *bmo.Instance, words []string) error {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	for _, k := range slices.Sorted(maps.Keys(inst.Env)) {
		cmd.Env = append(cmd.Env, k+"="+inst.Env[k])
	}
	// An interrupt is the command's to handle, for a while; then it is killed.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	if rerr := c.Remove(ctx, []*bmo.Instance{inst}, bmo.StopOptions{}); rerr != nil {
		warn(dockerCli.Err(), rerr)
	}
	return commandResult(ctx, words[0], err)
}

// commandResult turns how a command ended into our own exit code, as a shell and `docker run` do.
func commandResult(ctx context.Context, name string, err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return cli.StatusError{StatusCode: exit.ExitCode()}
	case errors.As(err, &exit):
		return cli.StatusError{StatusCode: signalCode(exit), Status: fmt.Sprintf("%s: %v", name, exit)}
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist):
		return coded{fmt.Errorf("command not found: %s", name), 127}
	default:
		var start *fs.PathError
		if errors.As(err, &start) {
			err = fmt.Errorf("command cannot be run: %s: %w", start.Path, start.Err) // not by which system call
		}
		return coded{err, 126}
	}
}

// signalCode is the exit code of a command that a signal ended, as shells have it.
func signalCode(exit *exec.ExitError) int {
	if st, ok := exit.Sys().(syscall.WaitStatus); ok && st.Signaled() {
		return 128 + int(st.Signal())
	}
	return 1
}
