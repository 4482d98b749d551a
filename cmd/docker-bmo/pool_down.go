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
	var (
		all bool
		on  onFlag
	)
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
			return runPoolDown(cmd.Context(), dockerCli, on, all, args)
		},
		ValidArgsFunction: completePools(dockerCli),
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "End all pools")
	on.add(cmd)
	return cmd
}

func runPoolDown(ctx context.Context, dockerCli command.Cli, on onFlag, all bool, ids []string) error {
	at, err := on.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	return at.PoolDown(ctx, ids, bmo.PoolDownOptions{
		All: all, Removed: func(id string) { fmt.Fprintln(dockerCli.Out(), id) },
	})
}
