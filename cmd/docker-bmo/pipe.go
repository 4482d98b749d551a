package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

// withoutReader calls gone, once, when the reader of standard output or error has gone, as `head` does when it has had
// enough. By default, Go ends a program at once that writes to such a pipe, and what it has made would stay.
func withoutReader(dockerCli command.Cli, gone func()) error {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // nobody reads it: the write fails then, and that is noticed
	gone = sync.OnceFunc(gone)
	var options []command.CLIOption
	if out := dockerCli.Out(); !out.IsTerminal() { // one that is a terminal has to be seen to be one
		options = append(options, command.WithOutputStream(pipe{out, gone}))
	}
	if out := dockerCli.Err(); !out.IsTerminal() {
		options = append(options, command.WithErrorStream(pipe{out, gone}))
	}
	return dockerCli.Apply(options...)
}

// endWithReader makes a command and its subcommands end as interrupted once the reader has gone, whatever else has failed:
// progress is printed in the background, and the exit code must not depend on whether that or the failure came first.
func endWithReader(cmd *cobra.Command) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			err := run(cmd, args)
			if cause := context.Cause(cmd.Context()); errors.Is(cause, interrupted{syscall.SIGPIPE}) {
				return cause
			}
			return err
		}
	}
	for _, below := range cmd.Commands() {
		endWithReader(below)
	}
}

// pipe is an output whose reader may go.
type pipe struct {
	io.Writer
	gone func()
}

func (p pipe) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		p.gone()
		err = interrupted{syscall.SIGPIPE}
	}
	return n, err
}
