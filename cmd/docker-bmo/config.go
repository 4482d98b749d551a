package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/stack"
)

type configOptions struct {
	stackOptions
	format, hash, output     string
	services, flavors, quiet bool
}

func newConfigCommand(dockerCli command.Cli) *cobra.Command {
	var options configOptions
	cmd := &cobra.Command{
		Use:   "config [OPTIONS]",
		Short: "Parse, resolve and render a stack in canonical format",
		Long: `Parse, resolve and render a stack in canonical format.

The result is a stack again: variables are replaced, what was left out is said,
folders are absolute. The folders of a built-in stack are within the plugin.`,
		Args:              noStackArgument,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runConfig(cmd.Context(), dockerCli, options) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	options.addStackFlags(flags)
	options.complete(cmd)
	flags.BoolVar(&options.flavors, "flavors", false, "Print the flavor names, one per line")
	flags.StringVar(&options.format, "format", "yaml", "Format the output. Values: [yaml | json]")
	flags.StringVar(&options.hash, "hash", "", `Print the service config hash, one per line ("*" for all services)`)
	flags.StringVarP(&options.output, "output", "o", "", "Save to file (default to stdout)")
	flags.BoolVarP(&options.quiet, "quiet", "q", false, "Only validate the configuration, don't print anything")
	flags.BoolVar(&options.services, "services", false, "Print the service names, one per line")
	_ = cmd.RegisterFlagCompletionFunc("hash", options.completeServiceNames)
	_ = cmd.RegisterFlagCompletionFunc("format", completion.FromList("yaml", "json"))
	return cmd
}

func runConfig(ctx context.Context, dockerCli command.Cli, options configOptions) error {
	st, err := options.load(ctx)
	if err != nil {
		return err
	}
	text, err := options.render(st)
	switch {
	case err != nil || options.quiet:
		return err
	case options.output != "":
		if err := os.WriteFile(options.output, text, 0o666); err != nil {
			return fmt.Errorf("--output: %w", err)
		}
		return nil
	default:
		_, err = dockerCli.Out().Write(text)
		return err
	}
}

// render returns the form of the stack that the options ask for.
func (o configOptions) render(st *stack.Stack) ([]byte, error) {
	switch {
	case o.services:
		return lines(st.ServiceNames()), nil
	case o.flavors:
		return lines(st.Flavors()), nil
	case o.hash != "":
		return hashes(st, o.hash)
	case o.format == "yaml":
		return st.YAML()
	case o.format == "json":
		return st.JSON()
	default:
		return nil, fmt.Errorf("--format %s: want yaml or json", o.format)
	}
}

// hashes returns the hashes of services, separated by commas, or of all services for "*".
func hashes(st *stack.Stack, which string) ([]byte, error) {
	var out []string
	for _, s := range st.Services {
		if which != "*" && !slices.Contains(strings.Split(which, ","), s.Name) {
			continue
		}
		hash, err := st.Hash(s)
		if err != nil {
			return nil, err
		}
		out = append(out, s.Name+" "+hash)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("--hash %s: stack %s has no such service", which, st.Name)
	}
	return lines(slices.Sorted(slices.Values(out))), nil
}

func lines(list []string) []byte { return []byte(strings.Join(list, "\n") + "\n") }
