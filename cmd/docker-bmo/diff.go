package main

import (
	"context"
	"os"
	"strconv"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/cli/flags"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
)

type diffOptions struct {
	stackOptions
	all    bool
	format string
}

func newDiffCommand(dockerCli command.Cli) *cobra.Command {
	var options diffOptions
	cmd := &cobra.Command{
		Use:   "diff [OPTIONS] INSTANCE",
		Short: "Inspect changes to files and tables of an instance since its snapshot",
		Long: `Inspect changes to files and tables of an instance since its snapshot.

A is for what was added, C for what was changed, D for what was deleted. For the
tables of MySQL and MariaDB, the snapshot's database is started next to the
instance's, and both are asked for checksums of all tables.`,
		Args: cli.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDiff(cmd.Context(), dockerCli, options, args[0])
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return completeInstances(dockerCli)(cmd, args, word)
		},
	}
	f := cmd.Flags()
	options.addStackFlags(f)
	options.addEnvFileFlag(f)
	f.BoolVarP(&options.all, "all", "a", false, "Show the files of databases, too, whose tables are compared")
	f.StringVar(&options.format, "format", "", flags.FormatHelp)
	options.complete(cmd)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func runDiff(ctx context.Context, dockerCli command.Cli, options diffOptions, name string) error {
	diff := bmo.DiffOptions{All: options.all, Environ: os.Environ()}
	if options.saysWhich() {
		st, err := options.load(ctx)
		if err != nil {
			return err
		}
		diff.Stack = st
	}
	c, err := options.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	list, err := c.Diff(ctx, name, diff)
	if err != nil {
		return err
	}
	return writeList(dockerCli, options.format, false, "",
		"table {{.Service}}\t{{.Change}}\t{{.Type}}\t{{.Name}}\t{{.Rows}}\t{{.RowsBefore}}",
		formatter.SubHeaderContext{
			"Service": "SERVICE", "Change": "CHANGE", "Type": "TYPE", "Name": "NAME", "Rows": "ROWS", "RowsBefore": "BEFORE",
		}, func(write func(formatter.SubContext) error) error {
			for _, d := range list {
				if err := write(&diffContext{d: d}); err != nil {
					return err
				}
			}
			return nil
		})
}

// diffContext is what a template can use of a difference.
type diffContext struct {
	formatter.HeaderContext
	d bmo.Difference
}

func (c *diffContext) MarshalJSON() ([]byte, error) { return formatter.MarshalJSON(c) }

// Service returns the service's name.
func (c *diffContext) Service() string { return c.d.Service }

// Change returns A, C or D.
func (c *diffContext) Change() string { return c.d.Change }

// Type returns what it is: a file or a table.
func (c *diffContext) Type() string { return c.d.Type }

// Name returns the path or SCHEMA.TABLE.
func (c *diffContext) Name() string { return c.d.Name }

// Rows returns how many rows a table has.
func (c *diffContext) Rows() string { return c.rows(c.d.Rows) }

// RowsBefore returns how many it has in the snapshot.
func (c *diffContext) RowsBefore() string { return c.rows(c.d.RowsBefore) }

func (c *diffContext) rows(n int64) string {
	if c.d.Type != bmo.TableDiffers {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
