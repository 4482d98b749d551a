package main

import (
	"context"
	"fmt"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

func newSnapshotRmCommand(dockerCli command.Cli) *cobra.Command {
	return &cobra.Command{
		Use:     "rm SNAPSHOT [SNAPSHOT...]",
		Short:   "Remove one or more snapshots",
		Aliases: []string{"remove"},
		Args:    cli.RequiresMinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSnapshotRm(cmd.Context(), dockerCli, args)
		},
		ValidArgsFunction: completeCheckpoints(dockerCli),
	}
}

func runSnapshotRm(ctx context.Context, dockerCli command.Cli, keys []string) error {
	c, _, err := connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	return c.RemoveSnapshots(ctx, keys, func(key string) { fmt.Fprintln(dockerCli.Out(), bmo.ShortKey(key)) })
}
