package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/docker/cli/cli"
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
		Args:             unknownCommand,
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
	cmd.AddCommand(
		newBuildCommand(dockerCli),
		newCompletionCommand(dockerCli),
		newConfigCommand(dockerCli),
		newExecCommand(dockerCli),
		newInspectCommand(dockerCli),
		newLogsCommand(dockerCli),
		newPortCommand(dockerCli),
		newPruneCommand(dockerCli),
		newPsCommand(dockerCli),
		newRunCommand(dockerCli),
		newSnapshotCommand(dockerCli),
		newStopCommand(dockerCli),
		newVersionCommand(dockerCli),
	)
	return cmd
}

// unknownCommand fails for a word that is no subcommand. Cobra would print the help and succeed, and a script with a
// misspelt command in it would pass.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return cli.StatusError{
		StatusCode: 1,
		Status:     fmt.Sprintf("unknown command: docker %s %s\n\nRun 'docker %s --help' for more information", cmdPath(cmd), args[0], cmdPath(cmd)),
	}
}

func cmdPath(cmd *cobra.Command) string {
	if cmd.HasParent() && cmd.Parent().HasParent() {
		return cmdPath(cmd.Parent()) + " " + cmd.Name()
	}
	return cmd.Name()
}

// interrupted is why a command's context ends when a signal comes.
type interrupted struct{ sig os.Signal }

func (i interrupted) Error() string { return "interrupted" }

// withSignals ends the command's context at an interrupt, a termination or a hang-up. The docker client ends it, too,
// when it goes.
func withSignals(cmd *cobra.Command) {
	ctx, cancel := context.WithCancelCause(cmd.Context())
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() { cancel(interrupted{<-signals}) }()
	cmd.SetContext(ctx)
}
