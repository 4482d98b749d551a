package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

type reportOptions struct {
	last   bool
	output string
}

func newReportCommand(dockerCli command.Cli) *cobra.Command {
	var options reportOptions
	cmd := &cobra.Command{
		Use:   "report [OPTIONS] INSTANCE|SNAPSHOT",
		Short: "Write an HTML page about an instance, or about how a snapshot was made",
		Long: `Write an HTML page about an instance, or about how a snapshot was made: a time
line with a lane for each service, probes, signals and exit codes, and
everything that was printed next to it. The page is one file and refers to
nothing outside of it.`,
		Example: `  docker bmo report shop > report.html
  docker bmo report --last -o report.html`,
		Args: func(cmd *cobra.Command, args []string) error {
			if options.last {
				return cli.NoArgs(cmd, args)
			}
			return cli.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name, _ := splitName(options.last, args)
			return runReport(cmd.Context(), dockerCli, options, name)
		},
		ValidArgsFunction: completeRecorded(dockerCli),
	}
	cmd.Flags().BoolVar(&options.last, "last", false, "Take what was recorded last, in place of a name")
	cmd.Flags().StringVarP(&options.output, "output", "o", "", "Write to a file, instead of STDOUT")
	return cmd
}

func runReport(ctx context.Context, dockerCli command.Cli, options reportOptions, name string) error {
	if options.output == "" && dockerCli.Out().IsTerminal() {
		return errors.New("cowardly refusing to save to a terminal. Use the -o flag or redirect") // docker save's words
	}
	c, err := unconnected(dockerCli)
	if err != nil {
		return err
	}
	if options.output == "" {
		return c.Report(ctx, name, dockerCli.Out())
	}
	return writeReport(ctx, c, name, options.output)
}

// writeReport writes a page to a file.
func writeReport(ctx context.Context, c *bmo.Client, name, path string) error {
	f := &lateFile{path: path}
	return errors.Join(c.Report(ctx, name, f), f.Close())
}

// lateFile is a file that is made when something is written to it: until then, one that is there by that name stays.
type lateFile struct {
	path string
	file *os.File
}

func (f *lateFile) Write(b []byte) (n int, err error) {
	if f.file == nil {
		if f.file, err = os.Create(f.path); err != nil {
			return 0, fmt.Errorf("write the report: %w", err)
		}
	}
	return f.file.Write(b)
}

// Close closes the file, if there is one.
func (f *lateFile) Close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
