package main

import (
	"context"
	"errors"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/inspect"
	"github.com/docker/cli/cli/flags"
	"github.com/spf13/cobra"
)

func newInspectCommand(dockerCli command.Cli) *cobra.Command {
	var format string
	var on onFlag
	cmd := &cobra.Command{
		Use:   "inspect [OPTIONS] INSTANCE [INSTANCE...]",
		Short: "Display detailed information on one or more instances",
		Args:  cli.RequiresMinArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runInspect(cmd.Context(), dockerCli, on, format, args)
		},
		ValidArgsFunction: completeInstances(dockerCli),
	}
	addInspectFlags(cmd, &format)
	on.add(cmd)
	return cmd
}

func runInspect(ctx context.Context, dockerCli command.Cli, on onFlag, format string, names []string) error {
	c, err := on.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	return inspectAll(dockerCli, format, names, func(name string) (any, error) { return c.Inspect(ctx, name) })
}

// addInspectFlags adds the flag that every inspecting command of docker has.
func addInspectFlags(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "format", "f", "", flags.InspectFormatHelp)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveNoFileComp))
}

// inspectAll shows objects as docker's own commands do: those that exist, and an error for each that does not.
func inspectAll(dockerCli command.Cli, format string, names []string, get func(name string) (any, error)) error {
	var missing []error
	var found []any
	for _, name := range names {
		one, err := get(name)
		if err != nil {
			missing = append(missing, err)
			continue
		}
		found = append(found, one)
	}
	// Objects that do not exist are reported here, so that their hints are not lost.
	next := 0
	err := inspect.Inspect(dockerCli.Out(), make([]string, len(found)), format, func(string) (any, []byte, error) {
		next++
		return found[next-1], nil, nil
	})
	if err != nil {
		return err
	}
	return errors.Join(missing...)
}
