package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

func newPoolDownCommand(dockerCli command.Cli) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "down [OPTIONS] POOL [POOL...]",
		Short: "End one or more pools, and remove the instances that wait in them",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case !all:
				return cli.RequiresMinArgs(1)(cmd, args)
			case len(args) > 0:
				return errors.New("--all cannot be combined with pools")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPoolDown(cmd.Context(), dockerCli, all, args)
		},
		ValidArgsFunction: completePools(dockerCli),
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "End all pools")
	return cmd
}

func runPoolDown(ctx context.Context, dockerCli command.Cli, all bool, ids []string) error {
	c, _, err := connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	return c.PoolDown(ctx, ids, bmo.PoolDownOptions{
		All: all, Removed: func(id string) { fmt.Fprintln(dockerCli.Out(), id) },
	})
}
