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
	all     bool
	timeout int
}

func newStopCommand(dockerCli command.Cli) *cobra.Command {
	var options stopOptions
	cmd := &cobra.Command{
		Use:   "stop [OPTIONS] INSTANCE [INSTANCE...]",
		Short: "Stop and remove one or more instances",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
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
	flags := cmd.Flags()
	flags.BoolVarP(&options.all, "all", "a", false, "Stop all instances")
	flags.IntVarP(&options.timeout, "timeout", "t", int(stopGrace/time.Second), "Seconds to wait before killing the services")
	return cmd
}

func runStop(ctx context.Context, dockerCli command.Cli, options stopOptions, names []string) error {
	c, _, err := connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	return c.Stop(ctx, names, bmo.StopOptions{
		All: options.all, Grace: time.Duration(options.timeout) * time.Second,
		Stopped: func(name string) { fmt.Fprintln(dockerCli.Out(), name) }, // as `docker stop` does
	})
}
