package main

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

func newPullCommand(dockerCli command.Cli) *cobra.Command {
	var options stackOptions
	cmd := &cobra.Command{
		Use:   "pull [OPTIONS] REPOSITORY[:KEY]",
		Short: "Download a snapshot from a registry",
		Long: `Download a snapshot from a registry.

Without KEY it is the newest one of the stack's inputs as they are now. What it
consists of is checked before the engine gets the layers that it lacks, each by
its digest. Prints the snapshot's key.

With --verify only a snapshot is taken that was signed by the private key to
KEY, a file of "cosign generate-key-pair": by "docker bmo push --sign", or by
"cosign sign". Nobody but the registry is asked.`,
		Example: `  docker bmo pull --stack demo registry.example/team/demo
  docker bmo pull registry.example/team/demo:1a2b3c4d5e6f
  docker bmo pull --verify cosign.pub registry.example/team/demo:1a2b3c4d5e6f`,
		Args: cli.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPull(cmd.Context(), dockerCli, &options, args[0])
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	options.addMoveFlags(cmd)
	options.addVerifyFlag(cmd.Flags())
	return cmd
}

func runPull(ctx context.Context, dockerCli command.Cli, options *stackOptions, arg string) error {
	start := time.Now()
	var pull bmo.PullOptions
	pull.Repository, pull.Key = bmo.SplitRepository(arg)
	if pull.Key != "" && options.selects() {
		return errStackAndKey
	}
	var err error
	if pull.Verify, err = options.verifyingKey(); err != nil {
		return err
	}
	c, err := options.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	if pull.Key == "" {
		if pull.Inputs, _, err = options.inputs(ctx, dockerCli, c); err != nil {
			return err
		}
	}
	if pull.Progress, err = options.printer(dockerCli, "Pulling"); err != nil {
		return err
	}
	result, err := c.Pull(ctx, pull)
	pull.Progress.Close()
	if err != nil {
		return err
	}
	if s := result.Snapshot; !options.quiet {
		what := "pulled"
		if result.Found {
			what = "is up to date"
		}
		fmt.Fprintf(dockerCli.Err(), "snapshot %s of %s %s in %s%s\n", bmo.ShortKey(s.Key), s.Stack, what,
			time.Since(start).Round(time.Millisecond), movedWords(!result.Found, result.Moved))
	}
	fmt.Fprintln(dockerCli.Out(), bmo.ShortKey(result.Snapshot.Key))
	return nil
}
