package main

import (
	"context"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

func newSnapshotInspectCommand(dockerCli command.Cli) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "inspect [OPTIONS] KEY [KEY...]",
		Short: "Display detailed information on one or more snapshots",
		Args:  cli.RequiresMinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSnapshotInspect(cmd.Context(), dockerCli, format, args)
		},
		ValidArgsFunction: completeSnapshots(dockerCli),
	}
	addInspectFlags(cmd, &format)
	return cmd
}

func runSnapshotInspect(ctx context.Context, dockerCli command.Cli, format string, keys []string) error {
	c, _, err := connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	return inspectAll(dockerCli, format, keys, func(key string) (any, error) {
		s, err := c.Snapshot(ctx, key)
		if err != nil {
			return nil, err
		}
		return s.Detail(), nil
	})
}
