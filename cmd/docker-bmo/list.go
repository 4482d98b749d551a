package main

import (
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/formatter"
	"github.com/spf13/cobra"
)

// formatUsage is docker's own text for --format.
const formatUsage = `Format output using a custom template:
'table':            Print output in table format with column headers (default)
'table TEMPLATE':   Print output in table format using the given Go template
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates`

// addListFlags adds the flags that every listing command of docker has.
func addListFlags(cmd *cobra.Command, quiet, noTrunc *bool, format *string, quietUsage string) {
	flags := cmd.Flags()
	flags.BoolVarP(quiet, "quiet", "q", false, quietUsage)
	flags.BoolVar(noTrunc, "no-trunc", false, "Don't truncate output")
	flags.StringVar(format, "format", "", formatUsage)
}

// writeList writes a listing as docker's own commands do.
func writeList(dockerCli command.Cli, format string, quiet bool, quietFormat, tableFormat string,
	header formatter.SubHeaderContext, each func(func(formatter.SubContext) error) error,
) error {
	switch {
	case quiet:
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
