package main

import (
	"github.com/docker/cli/cli-plugins/plugin"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"
)

func newRootCommand(dockerCli command.Cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bmo",
		Short: "Bootstrap an application and its database once, run copies in seconds",
		Long: `Bootstrap an application and its database once, run copies in seconds.

"docker bmo build" builds a stack's images, runs the application's slow first
run against its database and keeps the result as a snapshot. "docker bmo run"
starts isolated instances of it. A stack is a Compose file with x-bmo keys;
"bmo" (bugzilla.mozilla.org), "bugzilla" and "demo" are built in.`,
		Example: `  docker bmo build --stack demo
  docker bmo run -d --stack demo
  docker bmo ps
  docker bmo stop --all
  docker bmo prune`,
		// A word that is not a subcommand is an error. Without Args, cobra would print the help and succeed, and a script
		// with a misspelled command would go unnoticed.
		Args:             noSuchCommand,
		RunE:             func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		TraverseChildren: true,
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if err := plugin.PersistentPreRunE(cmd, args); err != nil {
				return err
			}
			return withSignals(cmd, dockerCli)
		},
	}
	cmd.SetFlagErrorFunc(flagError)
	cmd.AddCommand(
		newBuildCommand(dockerCli),
		newCommitCommand(dockerCli),
		newCompletionCommand(dockerCli),
		newConfigCommand(dockerCli),
		newDiffCommand(dockerCli),
		newDoctorCommand(dockerCli),
		newEventsCommand(dockerCli),
		newExecCommand(dockerCli),
		newInitCommand(dockerCli),
		newInspectCommand(dockerCli),
		newLogsCommand(dockerCli),
		newPoolCommand(dockerCli),
		newPortCommand(dockerCli),
		newPruneCommand(dockerCli),
		newPsCommand(dockerCli),
		newPullCommand(dockerCli),
		newPushCommand(dockerCli),
		newReportCommand(dockerCli),
		newResetCommand(dockerCli),
		newRunCommand(dockerCli),
		newSnapshotCommand(dockerCli),
		newStopCommand(dockerCli),
		newTestCommand(dockerCli),
		newVersionCommand(dockerCli),
		newHelpCommand(cmd),
	)
	endWithReader(cmd)
	return cmd
}
