package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

func newSnapshotCopyCommand(dockerCli command.Cli) *cobra.Command {
	var options archiveOptions
	cmd := &cobra.Command{
		Use:   "copy [OPTIONS] SNAPSHOT CONTEXT",
		Short: "Copy a snapshot to the engine of another docker context",
		Long: `Copy a snapshot to the engine of another docker context.

Only layers move that no image on the other engine has. What the snapshot
consists of is checked before that engine gets anything, and each layer by its
digest. Prints the snapshot's key.`,
		Example: `  docker bmo snapshot copy 1a2b3c4d5e6f build-server
  docker --context build-server bmo snapshot copy with-orders default`,
		Args: cli.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSnapshotCopy(cmd.Context(), dockerCli, &options, args[0], args[1])
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			switch len(args) {
			case 0:
				return completeSnapshots(dockerCli)(cmd, args, word)
			case 1:
				return contextNames(dockerCli)
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
	}
	options.addArchiveFlags(cmd)
	return cmd
}

// contextNames returns the docker contexts but the current one.
func contextNames(dockerCli command.Cli) ([]string, cobra.ShellCompDirective) {
	list, err := dockerCli.ContextStore().List()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, m := range list {
		if m.Name != dockerCli.CurrentContext() {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return names, cobra.ShellCompDirectiveNoFileComp
}

func runSnapshotCopy(ctx context.Context, dockerCli command.Cli, options *archiveOptions, key, name string) error {
	start := time.Now()
	options.messages = &messages{w: dockerCli.Err()}
	c, _, err := options.messages.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	to, _, err := options.messages.connectTo(ctx, dockerCli, name)
	if err != nil {
		return err
	}
	o := bmo.CopyOptions{Key: key}
	if o.Progress, err = options.printer(dockerCli, "Copying"); err != nil {
		return err
	}
	result, err := c.Copy(ctx, to, o)
	o.Progress.Close()
	if err != nil {
		return err
	}
	if s := result.Snapshot; !options.quiet {
		what := "copied to"
		if result.Found {
			what = "is up to date in"
		}
		fmt.Fprintf(dockerCli.Err(), "snapshot %s of %s %s %s in %s%s\n", bmo.ShortKey(s.Key), s.Stack, what, name,
			time.Since(start).Round(time.Millisecond), movedWords(!result.Found, result.Moved))
	}
	fmt.Fprintln(dockerCli.Out(), bmo.ShortKey(result.Snapshot.Key))
	return nil
}
