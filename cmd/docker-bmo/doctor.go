package main

import (
	"context"
	"fmt"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/formatter"
	"github.com/docker/cli/cli/flags"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/printable"
)

func newDoctorCommand(dockerCli command.Cli) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "doctor [OPTIONS]",
		Short: "Show what of the engine and of this machine works, and what to do about the rest",
		Long: `Show what of the engine and of this machine works, and what to do about the rest.

The exit code is 1 when something does not work. Nothing on the engine is changed.`,
		Args:              cli.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd.Context(), dockerCli, format) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&format, "format", "", flags.FormatHelp)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func runDoctor(ctx context.Context, dockerCli command.Cli, format string) error {
	list, err := diagnose(ctx, dockerCli)
	if err != nil {
		return err
	}
	err = writeList(dockerCli, format, false, "", "table {{.Check}}\t{{.Status}}\t{{.Detail}}",
		formatter.SubHeaderContext{"Check": "CHECK", "Status": "STATUS", "Detail": "DETAIL", "Advice": "ADVICE"},
		func(write func(formatter.SubContext) error) error {
			for _, f := range list {
				if err := write(&findingContext{f: f}); err != nil {
					return err
				}
			}
			return nil
		})
	if err != nil {
		return err
	}
	code := 0
	for _, f := range list {
		if f.Status == bmo.CheckFailed {
			code = 1
		}
		if f.Advice != "" && (format == "" || format == formatter.TableFormatKey) {
			fmt.Fprintf(dockerCli.Err(), "hint: %s: %s\n", f.Check, printable.Text(f.Advice))
		}
	}
	if code != 0 {
		return cli.StatusError{StatusCode: code}
	}
	return nil
}

// diagnose returns the findings. A docker configuration that names no engine is one of them.
func diagnose(ctx context.Context, dockerCli command.Cli) ([]bmo.Finding, error) {
	if err := checkEndpoint(dockerCli); err != nil {
		advice := ""
		if hints := bmo.Hints(err); len(hints) > 0 {
			advice = hints[0]
		}
		return []bmo.Finding{{Check: "engine", Status: bmo.CheckFailed, Detail: err.Error(), Advice: advice}}, nil
	}
	list := newClient(dockerCli).Doctor(ctx)
	return list, context.Cause(ctx)
}

// findingContext is what a template can use of a finding.
type findingContext struct {
	formatter.HeaderContext
	f bmo.Finding
}

func (c *findingContext) MarshalJSON() ([]byte, error) { return formatter.MarshalJSON(c) }

// Check returns what was looked at.
func (c *findingContext) Check() string { return c.f.Check }

// Status returns ok, warning, error or unknown.
func (c *findingContext) Status() string { return c.f.Status }

// Detail returns what was found.
func (c *findingContext) Detail() string { return printable.Text(c.f.Detail) }

// Advice returns what to do about it.
func (c *findingContext) Advice() string { return printable.Text(c.f.Advice) }
