package main

import (
	"context"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

func newSnapshotInspectCommand(dockerCli command.Cli) *cobra.Command {
	var format, repository string
	cmd := &cobra.Command{
		Use:   "inspect [OPTIONS] SNAPSHOT [SNAPSHOT...]",
		Short: "Display detailed information on one or more snapshots",
		Args:  cli.RequiresMinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSnapshotInspect(cmd.Context(), dockerCli, repository, format, args)
		},
		ValidArgsFunction: completeCheckpoints(dockerCli),
	}
	addInspectFlags(cmd, &format)
	cmd.Flags().StringVar(&repository, "repository", "", "Look in that repository of a registry instead of the engine")
	return cmd
}

func runSnapshotInspect(ctx context.Context, dockerCli command.Cli, repository, format string, keys []string) error {
	c, err := unconnected(dockerCli)
	if err == nil && repository == "" {
		_, err = c.Connect(ctx)
	}
	if err != nil {
		return err
	}
	return inspectAll(dockerCli, format, keys, func(key string) (any, error) {
		if repository != "" {
			s, err := c.RepositorySnapshot(ctx, repository, key)
			if err != nil {
				return nil, err
			}
			return s.Detail(), nil
		}
		s, err := c.Snapshot(ctx, key)
		if err != nil {
			return nil, err
		}
		return s.Detail(), nil
	})
}
