package main

import (
	"fmt"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/cli/flags"
	"github.com/spf13/cobra"
)

// addListFlags adds the flags that every listing command of docker has.
func addListFlags(cmd *cobra.Command, quiet, noTrunc *bool, format *string, quietUsage string) {
	f := cmd.Flags()
	f.BoolVarP(quiet, "quiet", "q", false, quietUsage)
	f.BoolVar(noTrunc, "no-trunc", false, "Don't truncate output")
	f.StringVar(format, "format", "", flags.FormatHelp)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

// writeList writes a listing as docker's own commands do.
func writeList(dockerCli command.Cli, format string, quiet bool, quietFormat, tableFormat string,
	header formatter.SubHeaderContext, each func(func(formatter.SubContext) error) error,
) error {
	switch {
	case quiet:
		if format != "" {
			fmt.Fprintln(dockerCli.Err(), "WARNING: Ignoring custom format, because both --format and --quiet are set.")
		}
		format = quietFormat
	case format == "" || format == formatter.TableFormatKey:
		format = tableFormat
	case format == formatter.JSONFormatKey:
		format = formatter.JSONFormat
	}
	ctx := formatter.Context{Output: dockerCli.Out(), Format: formatter.Format(format)}
	return ctx.Write(&headerOnly{formatter.HeaderContext{Header: header}}, each)
}

// headerOnly gives a table its header.
type headerOnly struct{ formatter.HeaderContext }
