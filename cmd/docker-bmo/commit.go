package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

func newCommitCommand(dockerCli command.Cli) *cobra.Command {
	var options stackOptions
	cmd := &cobra.Command{
		Use:   "commit [OPTIONS] INSTANCE [NAME]",
		Short: "Create a snapshot from an instance's changes",
		Long: `Create a snapshot from an instance's changes.

What holds data, such as the database, is stopped gracefully and started again;
the other services are paused meanwhile. The instance goes on with the same
address, also when something fails. "docker bmo run --snapshot NAME" starts
instances of the snapshot. A name that another snapshot of the stack has moves
to the new one, as a tag does. Prints the snapshot's key.`,
		Example: `  docker bmo commit shop
  docker bmo commit shop with-orders
  docker bmo run -d --snapshot with-orders`,
		Args: cli.RequiresRangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCommit(cmd.Context(), dockerCli, options, args[0], strings.Join(args[1:], ""))
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return completeInstances(dockerCli)(cmd, args, word)
		},
	}
	flags := cmd.Flags()
	options.addStackFlags(flags)
	options.addEnvFileFlag(flags)
	options.addProgressFlags(flags)
	flags.StringVar(&options.source, "source", "", `Source tree of the application, to note what has changed in it`)
	options.complete(cmd)
	return cmd
}

func runCommit(ctx context.Context, dockerCli command.Cli, options stackOptions, name, as string) error {
	start := time.Now()
	if err := bmo.CheckSnapshotName(as); err != nil {
		return err
	}
	commit := bmo.CommitOptions{Name: as, Source: options.source, Environ: os.Environ()}
	which := options
	which.source = "" // it belongs to the stack that is kept, too
	if which.saysWhich() {
		st, err := options.load(ctx)
		if err != nil {
			return err
		}
		commit.Stack = st
	}
	c, err := options.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	if commit.Progress, err = options.printer(dockerCli, "Committing"); err != nil {
		return err
	}
	s, err := c.Commit(ctx, name, commit)
	commit.Progress.Close()
	if s == nil {
		return err
	}
	if !options.quiet {
		for _, d := range s.Drift() {
			fmt.Fprintf(dockerCli.Err(), "note: changed since snapshot %s was made: %s\n", bmo.ShortKey(s.Parent), d)
		}
		fmt.Fprintf(dockerCli.Err(), "snapshot %s of %s made in %s\n", bmo.ShortKey(s.Key), name, time.Since(start).Round(time.Millisecond))
	}
	fmt.Fprintln(dockerCli.Out(), bmo.ShortKey(s.Key))
	return err
}
