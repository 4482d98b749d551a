package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"syscall"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// runCommand runs a test command with the instance and returns its exit code, whatever the teardown reports. An instance
// that goes while the command runs is said at once and ends it; the exit code is ours then.
func runCommand(ctx context.Context, dockerCli command.Cli, c place, inst *bmo.Instance, options runOptions) error {
	cmd := testCommand(inst, options.command, shardEnvironment(0, 1, os.LookupEnv))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := ctx.Err()
	var lost error
	if err == nil {
		err, lost = withInstance(ctx, c, inst, newCommandGroup(cmd), sayLost(dockerCli.Err()))
	}
	quote := err != nil && ctx.Err() == nil && !options.quiet
	if quote && options.on.target != "" { // a cluster keeps nothing of what is gone
		_ = lastLines(ctx, dockerCli, c, inst, inst.Name)
	}
	if rerr := c.Remove(ctx, []*bmo.Instance{inst}, bmo.StopOptions{}); rerr != nil {
		warn(dockerCli.Err(), rerr)
	}
	if quote && inst.Record != "" && lastLines(ctx, dockerCli, c, inst, inst.Record) == nil {
		fmt.Fprintf(dockerCli.Err(), "whole record: docker bmo logs %s\n", inst.Name)
	}
	if lost != nil && ctx.Err() == nil {
		return cli.StatusError{StatusCode: exitEngine} // it has been said
	}
	return commandResult(ctx, cmd.Args[0], err)
}

// testCommand returns a command that is told how to reach an instance, and more.
func testCommand(inst *bmo.Instance, words, more []string) *exec.Cmd {
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), more...)
	for _, k := range slices.Sorted(maps.Keys(inst.Env)) {
		cmd.Env = append(cmd.Env, k+"="+inst.Env[k])
	}
	return cmd
}

// quoted is how many of the last lines of each service are shown after a command that has failed.
const quoted = "10"

// lastLines shows what the services of an instance have printed last, by the name that their output is found by.
func lastLines(ctx context.Context, dockerCli command.Cli, c place, inst *bmo.Instance, name string) error {
	w := bufio.NewWriter(dockerCli.Err())
	p := logPrinter{out: w, errOut: w, width: widest(inst.ServiceNames())}
	err := c.Logs(ctx, name, nil, bmo.LogOptions{Tail: quoted}, func(l bmo.LogLine) {
		if p.open == (bmo.LogLine{}) {
			fmt.Fprintln(w, "last lines of the services:")
		}
		p.print(l)
	})
	p.flush()
	return err
}

// sayLost reports at once what becomes of an instance under its command.
func sayLost(w io.Writer) func(error) {
	return func(err error) { report(w, coded{err, exitEngine}) }
}

// withInstance waits for the end of a command and says at once what becomes of its instance. It returns how the command
// ended, and what has been lost of the instance.
func withInstance(ctx context.Context, c place, inst *bmo.Instance, g *commandGroup, tell func(error)) (err, lost error) {
	watched, unwatch := context.WithCancel(ctx)
	defer unwatch()
	gone, over := make(chan error, 1), make(chan struct{})
	var said atomic.Bool
	var reason error
	say := func(err error) {
		said.Store(true)
		tell(err)
	}
	go func() {
		defer close(over)
		if err := c.Watch(watched, inst, say); err != nil {
			say(err)
			reason = err
			gone <- err
		}
	}()
	err = g.wait(ctx, arrived(ctx), gone)
	if ctx.Err() != nil {
		return err, nil
	}
	lost = c.CheckRunning(ctx, inst)
	unwatch()
	<-over
	switch {
	case reason != nil:
		lost = reason
	case lost != nil && !said.Load():
		say(lost)
	}
	return err, lost
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

// ending is how one of several commands ended.
type ending struct {
	code int
	text string // in words; empty for exit code 0
}

// endingOf says how a command ended, or what has been lost of its instance.
func endingOf(ctx context.Context, name string, err, lost error) ending {
	if lost != nil {
		return ending{exitEngine, lost.Error()}
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // the command itself has ended with 0
	}
	err = commandResult(ctx, name, err)
	var status cli.StatusError
	switch {
	case err == nil:
		return ending{}
	case errors.As(err, &status) && status.Status == "":
		return ending{status.StatusCode, fmt.Sprintf("exit code %d", status.StatusCode)}
	case errors.As(err, &status):
		return ending{status.StatusCode, status.Status}
	default:
		return ending{exitCode(err), err.Error()}
	}
}

// signalCode returns the exit code for a command that a signal ended, as in shells.
func signalCode(exit *exec.ExitError) int {
	if st, ok := exit.Sys().(syscall.WaitStatus); ok && st.Signaled() {
		return 128 + int(st.Signal())
	}
	return 1
}
