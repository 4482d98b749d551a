package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// archiveOptions are the flags of save and load.
type archiveOptions struct {
	stackOptions
	file string // what is written or read
	base string
}

func newSnapshotSaveCommand(dockerCli command.Cli) *cobra.Command {
	var options archiveOptions
	cmd := &cobra.Command{
		Use:   "save [OPTIONS] SNAPSHOT",
		Short: "Save a snapshot to an archive",
		Long: `Save a snapshot to an archive, for "docker bmo snapshot load" on another engine.

The archive is an OCI image layout in a tar that is compressed by zstd. With
--base it has only the layers that another snapshot lacks, which the engine that
it is loaded on must have.`,
		Example: `  docker bmo snapshot save -o demo.tar.zst 1a2b3c4d5e6f
  docker bmo snapshot save with-orders | ssh ci docker bmo snapshot load`,
		Args: cli.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSnapshotSave(cmd.Context(), dockerCli, &options, args[0])
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return completeSnapshots(dockerCli)(cmd, args, word)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&options.file, "output", "o", "", "Write to a file, instead of STDOUT")
	flags.StringVar(&options.base, "base", "", "Leave out the layers of that snapshot")
	options.addArchiveFlags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("base", completeSnapshots(dockerCli))
	return cmd
}

func (o *archiveOptions) addArchiveFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.progress, "progress", "auto", `Set type of progress output ("auto", "plain", "tty", "quiet", "rawjson")`)
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "Suppress progress, and all output but what is asked for")
	o.complete(cmd)
}

func runSnapshotSave(ctx context.Context, dockerCli command.Cli, options *archiveOptions, key string) (err error) {
	start := time.Now()
	save := bmo.SaveOptions{Key: key, Base: options.base, Output: dockerCli.Out()}
	if options.file == "" && dockerCli.Out().IsTerminal() {
		return errors.New("cowardly refusing to save to a terminal. Use the -o flag or redirect") // docker save's words
	}
	if err := command.ValidateOutputPath(options.file); err != nil {
		return fmt.Errorf("failed to save the snapshot: %w", err)
	}
	options.messages = &messages{w: dockerCli.Err()}
	c, _, err := options.messages.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	finish := func(error) error { return nil }
	if options.file != "" {
		f, done, err := newOutput(options.file)
		if err != nil {
			return fmt.Errorf("failed to save the snapshot: %w", err)
		}
		save.Output, save.TempDir, finish = f, filepath.Dir(options.file), done
	}
	if save.Progress, err = options.printer(dockerCli, "Saving"); err != nil {
		return errors.Join(err, finish(err))
	}
	result, err := c.Save(ctx, save)
	save.Progress.Close()
	if err := errors.Join(err, finish(err)); err != nil {
		return err
	}
	if s := result.Snapshot; !options.quiet {
		fmt.Fprintf(dockerCli.Err(), "snapshot %s of %s saved in %s, %s: %s of %s of layers\n", bmo.ShortKey(s.Key), s.Stack,
			time.Since(start).Round(time.Millisecond), bytesOf(result.Size), bytesOf(result.Sent), bytesOf(result.Total))
	}
	return nil
}

// newOutput opens a file that has its name when finish is called without an error, and is gone when it is called with one.
// What was there by that name stays until then.
func newOutput(path string) (f *os.File, finish func(error) error, err error) {
	f, err = os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return nil, nil, err
	}
	return f, func(failed error) error {
		err := f.Close()
		if failed == nil && err == nil {
			err = os.Rename(f.Name(), path)
		}
		if failed != nil || err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
		return err
	}, nil
}
