package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

type stopOptions struct {
	on      onFlag
	all     bool
	timeout int
}

func newStopCommand(dockerCli command.Cli) *cobra.Command {
	var options stopOptions
	cmd := &cobra.Command{
		Use:   "stop [OPTIONS] INSTANCE [INSTANCE...]",
		Short: "Stop and remove one or more instances",
		Long: `Stop and remove one or more instances.

What is thrown away is killed: services that are to end in their own way, by
their stop signal, get the time for it with --timeout.`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case options.timeout < 0:
				return fmt.Errorf("invalid --timeout %d: want a number of seconds", options.timeout)
			case !options.all:
				return cli.RequiresMinArgs(1)(cmd, args)
			case len(args) > 0:
				return errors.New("--all cannot be combined with instance names")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runStop(cmd.Context(), dockerCli, options, args)
		},
		ValidArgsFunction: completeInstances(dockerCli),
	}
	options.on.add(cmd)
	flags := cmd.Flags()
	flags.BoolVarP(&options.all, "all", "a", false, "Stop all instances")
	flags.IntVarP(&options.timeout, "timeout", "t", 0, "Seconds to wait before killing the services, which are killed at once without it")
	return cmd
}

func runStop(ctx context.Context, dockerCli command.Cli, options stopOptions, names []string) error {
	c, err := options.on.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	return c.Stop(ctx, names, bmo.StopOptions{
		All: options.all, Grace: time.Duration(options.timeout) * time.Second,
		Stopped: func(name string) { fmt.Fprintln(dockerCli.Out(), name) }, // as `docker stop` does
	})
}
