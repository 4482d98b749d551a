package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/opts"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// runExecOnCluster runs a command in a service on a cluster, which knows less of it than an engine.
func runExecOnCluster(ctx context.Context, dockerCli command.Cli, options execOptions, name, service string) error {
	if options.User != "" || options.Privileged || options.Detach || options.DetachKeys != "" {
		return hint.Wrap(errors.New("a cluster runs a command as the container's user, and attached: --user, --privileged, --detach and --detach-keys are for an engine"),
			"`su` or `setpriv` of the image may do")
	}
	c, err := options.on.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	env, err := opts.ReadKVEnvStrings(options.EnvFile.GetSlice(), options.Env.GetSlice())
	if err != nil {
		return err
	}
	spec := bmo.ClusterExecSpec{Command: options.Command, Env: env, WorkingDir: options.Workdir, Stdout: dockerCli.Out(), Stderr: dockerCli.Err(), TTY: options.TTY}
	if options.Interactive {
		spec.Stdin = io.Reader(dockerCli.In())
	}
	if options.TTY {
		restore, err := rawTerminal(dockerCli)
		if err != nil {
			return err
		}
		defer restore()
		spec.Sizes = terminalSizes(ctx, dockerCli)
	}
	code, err := c.(*bmo.Cluster).Exec(ctx, name, service, spec)
	switch {
	case err != nil && code != 0:
		return coded{err, code}
	case err != nil:
		return err
	case code != 0:
		return cli.StatusError{StatusCode: code}
	}
	return nil
}

// rawTerminal passes on what is typed as it is, until restore is called.
func rawTerminal(dockerCli command.Cli) (restore func(), err error) {
	if !dockerCli.In().IsTerminal() {
		return func() {}, nil
	}
	if err := dockerCli.In().SetRawTerminal(); err != nil {
		return nil, err
	}
	if err := dockerCli.Out().SetRawTerminal(); err != nil {
		dockerCli.In().RestoreTerminal()
		return nil, err
	}
	return func() {
		dockerCli.In().RestoreTerminal()
		dockerCli.Out().RestoreTerminal()
	}, nil
}

// sizePause is how often it is looked how large the terminal is: not every system has a signal for that.
const sizePause = 250 * time.Millisecond

// terminalSizes returns what waits for the next size of the terminal, and has the present one at first.
func terminalSizes(ctx context.Context, dockerCli command.Cli) func() *bmo.TerminalSize {
	var last bmo.TerminalSize
	return func() *bmo.TerminalSize {
		for {
			height, width := dockerCli.Out().GetTtySize()
			if size := (bmo.TerminalSize{Width: uint16(width), Height: uint16(height)}); size != last {
				last = size
				return &size
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(sizePause):
			}
		}
	}
}
