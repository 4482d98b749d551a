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

// runCommand runs a test command with the instance and returns its exit code, whatever the teardown reports.
func runCommand(ctx context.Context, dockerCli command.Cli, c *bmo.Client, inst *bmo.Instance, words []string) error {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	for _, k := range slices.Sorted(maps.Keys(inst.Env)) {
		cmd.Env = append(cmd.Env, k+"="+inst.Env[k])
	}
	// An interrupt is left to the command to handle for a while; then the command is killed.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	if rerr := c.Remove(ctx, []*bmo.Instance{inst}, bmo.StopOptions{}); rerr != nil {
		warn(dockerCli.Err(), rerr)
	}
	return commandResult(ctx, words[0], err)
}

// commandResult turns how a command ended into an exit code, as a shell and `docker run` do.
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
			err = fmt.Errorf("command cannot be run: %s: %w", start.Path, start.Err) // without the name of the system call
		}
		return coded{err, 126}
	}
}

// signalCode returns the exit code for a command that a signal ended, as in shells.
func signalCode(exit *exec.ExitError) int {
	if st, ok := exit.Sys().(syscall.WaitStatus); ok && st.Signaled() {
		return 128 + int(st.Signal())
	}
	return 1
}
