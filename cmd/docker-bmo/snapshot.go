package main

import (
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

func newSnapshotCommand(dockerCli command.Cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Manage snapshots",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSnapshotInspectCommand(dockerCli), newSnapshotLsCommand(dockerCli), newSnapshotRmCommand(dockerCli))
	return cmd
}
