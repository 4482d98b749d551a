package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

func newSnapshotLoadCommand(dockerCli command.Cli) *cobra.Command {
	var options archiveOptions
	cmd := &cobra.Command{
		Use:   "load [OPTIONS]",
		Short: "Load a snapshot from an archive",
		Long: `Load a snapshot from an archive that "docker bmo snapshot save" has written.

What it consists of is checked before the engine gets anything, and each layer
by its digest. One that was saved with --base needs that snapshot on the engine.
Prints the snapshot's key.`,
		Example: `  docker bmo snapshot load -i demo.tar.zst
  docker bmo snapshot load < demo.tar.zst`,
		Args:              cli.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runSnapshotLoad(cmd.Context(), dockerCli, &options) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVarP(&options.file, "input", "i", "", "Read from an archive file, instead of STDIN")
	options.addArchiveFlags(cmd)
	return cmd
}

func runSnapshotLoad(ctx context.Context, dockerCli command.Cli, options *archiveOptions) error {
	start := time.Now()
	load := bmo.LoadOptions{Input: dockerCli.In(), File: "standard input"}
	switch {
	case options.file != "":
		f, err := os.Open(options.file)
		if err != nil {
			return err
		}
		defer f.Close()
		load.Input, load.File = f, options.file
	case dockerCli.In().IsTerminal():
		return errors.New("requested load from stdin, but stdin is empty") // docker load's words
	}
	c, err := options.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	if load.Progress, err = options.printer(dockerCli, "Loading"); err != nil {
		return err
	}
	result, err := c.Load(ctx, load)
	load.Progress.Close()
	if err != nil {
		return err
	}
	key := bmo.ShortKey(result.Snapshot.Key)
	if options.quiet {
		fmt.Fprintln(dockerCli.Out(), key)
		return nil
	}
	what := "loaded"
	if result.Found {
		what = "is up to date"
	}
	fmt.Fprintf(dockerCli.Err(), "snapshot %s of %s %s in %s%s\n", key, result.Snapshot.Stack, what,
		time.Since(start).Round(time.Millisecond), movedWords(!result.Found, result.Moved))
	fmt.Fprintf(dockerCli.Out(), "Loaded snapshot: %s\n", key)
	return nil
}
