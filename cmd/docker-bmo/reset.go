package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

type resetOptions struct {
	stackOptions
	waitTimeout int
}

func newResetCommand(dockerCli command.Cli) *cobra.Command {
	var options resetOptions
	cmd := &cobra.Command{
		Use:   "reset [OPTIONS] INSTANCE [INSTANCE...]",
		Short: "Put one or more instances back to their snapshots",
		Long: `Put one or more instances back to their snapshots.

What was written to an instance is gone; it has the same name, address, ports,
flavor and environment, and is ready when the command returns. An instance that
does not start anew is gone, and the command says so.`,
		Example: `  docker bmo reset shop`,
		Args:    cli.RequiresMinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runReset(cmd.Context(), dockerCli, options, args)
		},
		ValidArgsFunction: completeInstances(dockerCli),
	}
	flags := cmd.Flags()
	options.addStackFlags(flags)
	options.addEnvFileFlag(flags)
	options.addProgressFlags(flags)
	flags.IntVar(&options.waitTimeout, "wait-timeout", 0, "Maximum duration in seconds to wait for an instance to be ready")
	options.complete(cmd)
	return cmd
}

func runReset(ctx context.Context, dockerCli command.Cli, options resetOptions, names []string) error {
	if options.waitTimeout < 0 {
		return fmt.Errorf("invalid --wait-timeout %d: want a number of seconds", options.waitTimeout)
	}
	reset := bmo.ResetOptions{Environ: os.Environ(), WaitTimeout: time.Duration(options.waitTimeout) * time.Second}
	if options.saysWhich() {
		st, err := options.load(ctx)
		if err != nil {
			return err
		}
		reset.Stack = st
	}
	c, err := options.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	if reset.Progress, err = options.printer(dockerCli, "Resetting"); err != nil {
		return err
	}
	var errs []error
	var done []string
	for _, name := range names {
		if _, err := c.Reset(ctx, name, reset); err != nil {
			errs = append(errs, err)
			continue
		}
		done = append(done, name)
	}
	reset.Progress.Close()
	for _, name := range done {
		fmt.Fprintln(dockerCli.Out(), name) // as `docker restart` does
	}
	return errors.Join(errs...)
}
