package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

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
"bmo" (bugzilla.mozilla.org) and "demo" are built in.`,
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
			withSignals(cmd)
			return nil
		},
	}
	cmd.SetFlagErrorFunc(flagError)
	cmd.AddCommand(
		newBuildCommand(dockerCli),
		newCompletionCommand(dockerCli),
		newConfigCommand(dockerCli),
		newExecCommand(dockerCli),
		newInitCommand(dockerCli),
		newInspectCommand(dockerCli),
		newLogsCommand(dockerCli),
		newPortCommand(dockerCli),
		newPruneCommand(dockerCli),
		newPsCommand(dockerCli),
		newRunCommand(dockerCli),
		newSnapshotCommand(dockerCli),
		newStopCommand(dockerCli),
		newVersionCommand(dockerCli),
		newHelpCommand(cmd),
	)
	return cmd
}

// interrupted is the reason why a command's context ends on a signal.
type interrupted struct{ sig os.Signal }

func (i interrupted) Error() string { return "interrupted" }

// withSignals cancels the command's context on an interrupt, a termination or a hang-up. It is also cancelled when the
// docker client exits.
func withSignals(cmd *cobra.Command) {
	ctx, cancel := context.WithCancelCause(cmd.Context())
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() { cancel(interrupted{<-signals}) }()
	cmd.SetContext(ctx)
}
