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
	cmd.AddCommand(newSnapshotCopyCommand(dockerCli), newSnapshotInspectCommand(dockerCli), newSnapshotLoadCommand(dockerCli), newSnapshotLsCommand(dockerCli),
		newSnapshotRmCommand(dockerCli), newSnapshotSaveCommand(dockerCli))
	return cmd
}
