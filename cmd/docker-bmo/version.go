package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"

	"github.com/docker/cli/cli"
	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/version"
)

func newVersionCommand(dockerCli command.Cli) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:               "version [OPTIONS]",
		Short:             "Show the version of docker bmo and of the engine it talks to",
		Args:              cli.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runVersion(cmd.Context(), dockerCli, format) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&format, "format", "", `Format the output ("json")`)
	return cmd
}

// versions is what `docker bmo version` tells.
type versions struct {
	Version, GoVersion, Platform string
	Engine                       *engine.Info `json:",omitempty"`
}

func runVersion(ctx context.Context, dockerCli command.Cli, format string) error {
	v := versions{Version: version.Version, GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, err := newEngine(dockerCli).Connect(ctx)
	if err == nil {
		v.Engine = &info
	}
	switch format {
	case "json":
		b, merr := json.Marshal(v)
		if merr != nil {
			return merr
		}
		fmt.Fprintln(dockerCli.Out(), string(b))
	case "":
		fmt.Fprintf(dockerCli.Out(), "docker bmo %s (%s, %s)\n", v.Version, v.GoVersion, v.Platform)
		if v.Engine != nil {
			fmt.Fprintf(dockerCli.Out(), "engine %s (API %s, %s/%s, %s)\n", info.Version, info.APIVersion, info.OS, info.Arch, info.Driver)
		}
	default:
		return fmt.Errorf("--format %s: only json is supported", format)
	}
	return err
}
